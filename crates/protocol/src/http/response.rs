//! Reading an HTTP/1.1 response as its bytes arrive.
//!
//! ```text
//!   Head ──┬─ Content-Length ─> Sized ──────┐
//!          ├─ chunked ────────> Chunked ────┼─> Over
//!          ├─ neither ────────> UntilEof ───┘ (the connection's end)
//!          └─ 1xx: read another head; 204, 304: Over
//! ```

use super::chunked::Chunked;

/// Bytes of a body that are kept; a longer one is read to its end and [`Response::is_truncated`] says so.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Longest status line and headers that are accepted.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 128;

/// Whether a response is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Feed more bytes, or call [`Response::finish_at_eof`].
    More,
    /// The response is complete; further bytes are ignored.
    Done,
}

/// An answer that is not HTTP/1.1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// The status line or the headers cannot be read.
    #[error("malformed HTTP response: {0}")]
    Head(String),
    /// The head does not end within [`HEAD_BYTES_MAX`].
    #[error("malformed HTTP response: the headers are longer than {HEAD_BYTES_MAX} bytes")]
    HeadTooLong,
    /// The length of the body is not said in a way that can be trusted.
    #[error("malformed HTTP response: {0}")]
    Framing(String),
    /// The chunked coding is broken.
    #[error("malformed chunked body: {0}")]
    Chunk(String),
    /// The connection ended before the first byte.
    #[error("connection closed without a response")]
    Empty,
    /// The connection ended within the headers.
    #[error("connection closed within the response headers")]
    EofInHead,
    /// The connection ended within the body.
    #[error("connection closed within the response body after {got} bytes")]
    EofInBody {
        /// How many body bytes there were.
        got: u64,
    },
}

/// A response and how far it has been read.
#[derive(Debug)]
pub struct Response {
    state: State,
    head: Vec<u8>,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    body_bytes: u64,
}

#[derive(Debug)]
enum State {
    Head,
    Sized(u64),
    Chunked(Chunked),
    UntilEof,
    Over,
}

impl Default for Response {
    fn default() -> Self {
        Self::new()
    }
}

impl Response {
    /// Nothing read yet.
    pub fn new() -> Response {
        let (head, headers, body) = (Vec::new(), Vec::new(), Vec::new());
        Response { state: State::Head, head, status: 0, headers, body, body_bytes: 0 }
    }
    /// The status code; 0 until the head has been read.
    pub fn status(&self) -> u16 {
        self.status
    }
    /// True once the status and the headers are known.
    pub fn has_head(&self) -> bool {
        !matches!(self.state, State::Head)
    }
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
    /// The body as far as it was read and kept.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
    /// True if the body was longer than [`BODY_BYTES_MAX`].
    pub fn is_truncated(&self) -> bool {
        self.body_bytes > self.body.len() as u64
    }

    /// Reads on.
    ///
    /// # Errors
    /// If the bytes are not an HTTP/1.1 response. The response is of no further use then.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Progress, ResponseError> {
        match &mut self.state {
            State::Over => Ok(Progress::Done),
            State::Head => self.push_head(bytes),
            State::UntilEof => {
                self.keep(bytes);
                Ok(Progress::More)
            }
            State::Sized(left) => {
                let take = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= take as u64;
                let over = *left == 0;
                self.keep(&bytes[..take]);
                Ok(self.over_if(over))
            }
            State::Chunked(chunked) => {
                let (body, total) = (&mut self.body, &mut self.body_bytes);
                let over = chunked.push(bytes, |data| keep(body, total, data))?;
                Ok(self.over_if(over))
            }
        }
    }

    /// The connection has ended: completes a body that lasts until then.
    ///
    /// # Errors
    /// If the response says that more should have come.
    pub fn finish_at_eof(&mut self) -> Result<(), ResponseError> {
        match self.state {
            State::Over | State::UntilEof => {
                self.state = State::Over;
                Ok(())
            }
            State::Head if self.head.is_empty() => Err(ResponseError::Empty),
            State::Head => Err(ResponseError::EofInHead),
            State::Sized(_) | State::Chunked(_) => Err(ResponseError::EofInBody { got: self.body_bytes }),
        }
    }

    fn push_head(&mut self, bytes: &[u8]) -> Result<Progress, ResponseError> {
        self.head.extend_from_slice(bytes);
        let mut storage = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut parsed = httparse::Response::new(&mut storage);
        let length = match parsed.parse(&self.head) {
            Err(e) => return Err(ResponseError::Head(e.to_string())),
            Ok(httparse::Status::Partial) if self.head.len() > HEAD_BYTES_MAX => {
                return Err(ResponseError::HeadTooLong);
            }
            Ok(httparse::Status::Partial) => return Ok(Progress::More),
            Ok(httparse::Status::Complete(length)) => length,
        };
        self.status = parsed.code.unwrap_or(0);
        self.headers = parsed
            .headers
            .iter()
            .map(|h| (h.name.to_owned(), String::from_utf8_lossy(h.value).trim().to_owned()))
            .collect();
        let rest = self.head.split_off(length);
        self.head.clear();
        self.state = match self.status {
            100..=199 => State::Head,
            204 | 304 => State::Over,
            _ => self.framing()?,
        };
        match self.state {
            State::Head if rest.is_empty() => Ok(Progress::More),
            State::Over | State::Sized(0) => Ok(self.over_if(true)),
            _ => self.push(&rest),
        }
    }

    /// How the end of the body will be known.
    fn framing(&self) -> Result<State, ResponseError> {
        if let Some(coding) = self.header("transfer-encoding") {
            if coding.eq_ignore_ascii_case("chunked") {
                return Ok(State::Chunked(Chunked::new()));
            }
            return Err(ResponseError::Framing(format!("transfer coding {coding:?} is not understood")));
        }
        let mut length = None;
        for (_, value) in self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case("content-length")) {
            let bad = || ResponseError::Framing(format!("bad Content-Length {value:?}"));
            if !value.bytes().all(|b| b.is_ascii_digit()) {
                return Err(bad());
            }
            let parsed: u64 = value.parse().map_err(|_| bad())?;
            if length.is_some_and(|l| l != parsed) {
                return Err(ResponseError::Framing("two different Content-Lengths".to_owned()));
            }
            length = Some(parsed);
        }
        Ok(length.map_or(State::UntilEof, State::Sized))
    }

    fn keep(&mut self, bytes: &[u8]) {
        keep(&mut self.body, &mut self.body_bytes, bytes);
    }

    fn over_if(&mut self, over: bool) -> Progress {
        if over {
            self.state = State::Over;
            return Progress::Done;
        }
        Progress::More
    }
}

fn keep(body: &mut Vec<u8>, total: &mut u64, bytes: &[u8]) {
    let room = BODY_BYTES_MAX - body.len();
    body.extend_from_slice(&bytes[..bytes.len().min(room)]);
    *total += bytes.len() as u64;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a response says when its bytes arrive in the given pieces and the connection then ends.
    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<(u16, String), ResponseError> {
        let mut response = Response::new();
        for piece in pieces {
            if response.push(piece)? == Progress::Done {
                break;
            }
        }
        response.finish_at_eof()?;
        Ok((response.status(), String::from_utf8_lossy(response.body()).into_owned()))
    }

    #[track_caller]
    fn check(bytes: &str, status: u16, body: &str) {
        assert_eq!(read([bytes.as_bytes()]), Ok((status, body.to_owned())), "{bytes:?} at once");
        assert_eq!(read(bytes.as_bytes().chunks(1)), Ok((status, body.to_owned())), "{bytes:?} by the byte");
    }

    #[test]
    fn the_ways_a_body_can_end() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi");
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more", 200, "hi");
        check("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, "");
        check("HTTP/1.0 503 Service Unavailable\r\n\r\nuntil the end", 503, "until the end");
        check("HTTP/1.1 204 No Content\r\n\r\n", 204, "");
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 200, "hi");
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;x=y\r\nhi\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
            200,
            "hi0123456789",
        );
        check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\n!", 201, "!");
    }

    #[test]
    fn what_is_not_a_response() {
        for (bytes, expected) in [
            ("", ResponseError::Empty),
            ("HTTP/1.1 200 OK\r\nA: b\r\n", ResponseError::EofInHead),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", ResponseError::EofInBody { got: 2 }),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", ResponseError::EofInBody { got: 2 }),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
                ResponseError::Chunk("\"x\" is not a chunk size".to_owned()),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nhi\r\n",
                ResponseError::Chunk("a chunk is longer than it said".to_owned()),
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi",
                ResponseError::Framing("two different Content-Lengths".to_owned()),
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                ResponseError::Framing("bad Content-Length \"-1\"".to_owned()),
            ),
        ] {
            assert_eq!(read([bytes.as_bytes()]), Err(expected), "{bytes:?}");
        }
        assert!(matches!(read([&b"SSH-2.0-x\r\n"[..]]), Err(ResponseError::Head(_))));
        let endless = [b"HTTP/1.1 200 OK\r\n".as_slice(), &vec![b'a'; HEAD_BYTES_MAX + 1]];
        assert_eq!(read(endless), Err(ResponseError::HeadTooLong));
    }

    #[test]
    fn a_long_body_is_read_and_cut() {
        let length = BODY_BYTES_MAX + 10;
        let mut response = Response::new();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        assert_eq!(response.push(head.as_bytes()), Ok(Progress::More));
        assert_eq!(response.push(&vec![b'x'; length - 1]), Ok(Progress::More));
        assert_eq!(response.push(b"x"), Ok(Progress::Done));
        assert_eq!(response.body().len(), BODY_BYTES_MAX);
        assert!(response.is_truncated());
    }

    fn a_response() -> impl Strategy<Value = Vec<u8>> {
        let body = proptest::collection::vec(any::<u8>(), 0..200);
        (body, 0..3u8, 1..40usize).prop_map(|(body, framing, chunk)| {
            let mut bytes = b"HTTP/1.1 200 OK\r\n".to_vec();
            match framing {
                0 => bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes()),
                1 => bytes.extend(b"Server: x\r\n\r\n"),
                _ => {
                    bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                    for piece in body.chunks(chunk) {
                        bytes.extend(format!("{:x}\r\n", piece.len()).bytes());
                        bytes.extend(piece);
                        bytes.extend(b"\r\n");
                    }
                    bytes.extend(b"0\r\n\r\n");
                    return bytes;
                }
            }
            bytes.extend(body);
            bytes
        })
    }

    proptest! {
        #[test]
        fn the_pieces_do_not_matter(bytes in a_response(), sizes in proptest::collection::vec(1..50usize, 1..40)) {
            let mut pieces = Vec::new();
            let mut rest = bytes.as_slice();
            let mut sizes = sizes.iter().cycle();
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at((*sizes.next().expect("a cycle")).min(rest.len()));
                pieces.push(piece);
                rest = tail;
            }
            prop_assert_eq!(read(pieces), read([bytes.as_slice()]));
        }

        #[test]
        fn no_bytes_make_it_panic(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6)) {
            let _ = read(pieces.iter().map(Vec::as_slice));
        }
    }
}
