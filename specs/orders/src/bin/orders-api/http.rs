//! As much of HTTP/1.1 as the api needs: requests with a `Content-Length`, answers in JSON, kept-alive connections.
//!
//! Chunked bodies are answered 501, expectations (`100-continue`) 417, anything malformed 400; each of these
//! closes the connection.

use std::io::{self, BufRead, ErrorKind, Write};

use orders::json::{self, Value};
use orders::line::read_line;

/// How many header lines a request may have.
const HEADERS_MAX: usize = 100;

/// The largest body, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The method, as sent.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The body; empty when there is none.
    pub body: Vec<u8>,
    /// Whether the client wants to go on using the connection.
    pub keep_alive: bool,
}

/// Why there is no request.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The connection failed.
    Io(io::Error),
    /// What was sent is not a request that is served here; this is the answer to it.
    Bad(Response),
}

impl ReadError {
    fn bad(status: u16, problem: &str) -> Self {
        ReadError::Bad(Response::error(status, problem))
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidData => ReadError::bad(400, &error.to_string()),
            _ => ReadError::Io(error),
        }
    }
}

/// Reads one request; `None` when the client closed the connection between two requests.
pub(crate) fn read_request(input: &mut impl BufRead) -> Result<Option<Request>, ReadError> {
    let Some(start) = read_line(input)? else {
        return Ok(None);
    };
    let (method, path, version) = parse_start(&start)?;
    let mut headers = Headers::new(version);
    for _ in 0..HEADERS_MAX {
        let line = read_line(input)?.ok_or(io::Error::from(ErrorKind::UnexpectedEof))?;
        if line.is_empty() {
            let mut body = vec![0; headers.content_length.unwrap_or(0)];
            input.read_exact(&mut body)?;
            return Ok(Some(Request { method, path, body, keep_alive: headers.keep_alive }));
        }
        headers.add(&line)?;
    }
    Err(ReadError::bad(431, "too many headers"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

/// Parses `GET /health HTTP/1.1`.
fn parse_start(line: &str) -> Result<(String, String, Version), ReadError> {
    let words: Vec<&str> = line.split(' ').collect();
    let [method, target, version] = words[..] else {
        return Err(ReadError::bad(400, "malformed request line"));
    };
    let version = match version {
        "HTTP/1.1" => Version::Http11,
        "HTTP/1.0" => Version::Http10,
        _ => return Err(ReadError::bad(505, "HTTP/1.1 is spoken here")),
    };
    if method.is_empty() || !target.starts_with('/') {
        return Err(ReadError::bad(400, "malformed request line"));
    }
    let path = target.split('?').next().unwrap_or(target);
    Ok((method.to_owned(), path.to_owned(), version))
}

/// What the header lines say that matters here.
struct Headers {
    content_length: Option<usize>,
    keep_alive: bool,
}

impl Headers {
    fn new(version: Version) -> Self {
        Headers { content_length: None, keep_alive: version == Version::Http11 }
    }

    fn add(&mut self, line: &str) -> Result<(), ReadError> {
        let (name, value) = line
            .split_once(':')
            .filter(|(name, _)| !name.is_empty() && !name.contains([' ', '\t']))
            .ok_or_else(|| ReadError::bad(400, "malformed header"))?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => self.set_content_length(value),
            "connection" => {
                self.set_connection(value);
                Ok(())
            }
            "transfer-encoding" => Err(ReadError::bad(501, "send a Content-Length")),
            "expect" => Err(ReadError::bad(417, "no expectations")),
            _ => Ok(()),
        }
    }

    fn set_content_length(&mut self, value: &str) -> Result<(), ReadError> {
        let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        if !digits {
            return Err(ReadError::bad(400, "malformed Content-Length"));
        }
        // Digits that do not fit are a number that is too large.
        let length = value.parse().unwrap_or(usize::MAX);
        if length > BODY_BYTES_MAX {
            return Err(ReadError::bad(413, "body too large"));
        }
        if self.content_length.is_some_and(|earlier| earlier != length) {
            return Err(ReadError::bad(400, "two different Content-Lengths"));
        }
        self.content_length = Some(length);
        Ok(())
    }

    fn set_connection(&mut self, value: &str) {
        for option in value.split(',').map(str::trim) {
            if option.eq_ignore_ascii_case("close") {
                self.keep_alive = false;
            } else if option.eq_ignore_ascii_case("keep-alive") {
                self.keep_alive = true;
            }
        }
    }
}

/// An answer: a status and a JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    /// The status code.
    pub status: u16,
    /// The text of the body.
    pub body: String,
}

impl Response {
    /// An answer with `body`.
    pub(crate) fn new(status: u16, body: &Value) -> Self {
        Response { status, body: body.to_string() }
    }

    /// An answer that says what is wrong.
    pub(crate) fn error(status: u16, problem: &str) -> Self {
        Response::new(status, &json::object([("error", problem.into())]))
    }

    /// Writes the answer with one write call.
    ///
    /// # Errors
    /// When the connection fails.
    pub(crate) fn write(&self, mut output: impl Write, keep_alive: bool) -> io::Result<()> {
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let text = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: {connection}\r\n\r\n{}",
            self.status,
            reason(self.status),
            self.body.len(),
            self.body,
        );
        output.write_all(text.as_bytes())
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn request(text: &str) -> Request {
        read_request(&mut text.as_bytes()).unwrap().unwrap()
    }

    #[track_caller]
    fn check_bad(text: &str, status: u16) {
        match read_request(&mut text.as_bytes()) {
            Err(ReadError::Bad(response)) => assert_eq!(response.status, status),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn requests_follow_each_other_on_one_connection() {
        let text = "POST /orders?x=1 HTTP/1.1\r\nHost: api\r\ncontent-length: 2\r\n\r\n{}\
                    GET /health HTTP/1.1\r\nConnection: Close\r\n\r\n";
        let mut input = text.as_bytes();
        let first = read_request(&mut input).unwrap().unwrap();
        assert_eq!(first.method, "POST");
        assert_eq!(first.path, "/orders");
        assert_eq!(first.body, b"{}");
        assert!(first.keep_alive);
        let second = read_request(&mut input).unwrap().unwrap();
        assert_eq!(second.path, "/health");
        assert_eq!(second.body, b"");
        assert!(!second.keep_alive);
        assert!(read_request(&mut input).unwrap().is_none());
    }

    #[test]
    fn an_old_client_keeps_the_connection_only_when_it_says_so() {
        assert!(!request("GET / HTTP/1.0\r\n\r\n").keep_alive);
        assert!(request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
    }

    #[test]
    fn what_is_no_request_is_answered_with_its_status() {
        check_bad("\r\n", 400);
        check_bad("GET /\r\n\r\n", 400);
        check_bad("GET health HTTP/1.1\r\n\r\n", 400);
        check_bad("GET / HTTP/2\r\n\r\n", 505);
        check_bad("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400);
        check_bad("GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400);
        check_bad("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400);
        check_bad("GET / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413);
        check_bad("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 413);
        check_bad("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501);
        check_bad("GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n", 417);
        check_bad(&format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(101)), 431);
    }

    #[test]
    fn a_request_cut_short_is_a_failed_connection() {
        for text in ["GET", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{"] {
            match read_request(&mut text.as_bytes()) {
                Err(ReadError::Io(error)) => assert_eq!(error.kind(), ErrorKind::UnexpectedEof),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn an_answer_has_a_length_and_says_whether_the_connection_stays() {
        let mut bytes = Vec::new();
        Response::error(404, "no such path").write(&mut bytes, true).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\
             Connection: keep-alive\r\n\r\n{\"error\":\"no such path\"}"
        );
    }
}
