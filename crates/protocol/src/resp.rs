//! What redis speaks: commands as arrays of strings, replies in RESP2 or, to a client that has asked for it, RESP3.
//!
//! ```text
//!   reply := "+" text CRLF | "-" text CRLF | ":" number CRLF
//!          | "$" length CRLF bytes CRLF | "$-1" CRLF
//!          | "*" count CRLF reply × count | "*-1" CRLF
//!   RESP3:   "_" CRLF | "#" t|f CRLF | "," number CRLF | "(" number CRLF
//!          | "!" length CRLF error CRLF | "=" length CRLF kind ":" bytes CRLF
//!          | "%" count CRLF reply × 2 count | "~" or ">" count CRLF reply × count
//! ```
//!
//! The crates that read it go as deep as the peer likes, which the stack of whoever reads what a program under test sends
//! does not.

use thiserror::Error;

/// The longest reply that is read, in bytes.
pub const REPLY_BYTES_MAX: usize = 16 << 20;
/// How deep arrays may lie in one another.
pub const DEPTH_MAX: usize = 32;

/// What a server answers to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A short text, such as `OK`.
    Simple(String),
    /// Why the command failed, beginning with a word such as `ERR`.
    Error(String),
    /// A whole number.
    Integer(i64),
    /// A string of any bytes.
    Bulk(Vec<u8>),
    /// Several replies; keys and values of a map in turn.
    Array(Vec<Reply>),
    /// Something that nobody asked for: a message to a subscriber.
    Push(Vec<Reply>),
    /// There is nothing: no such key.
    Nil,
}

/// Why bytes are no reply.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReplyError {
    /// A reply begins with a byte that none begins with.
    #[error("a reply begins with {0:?}")]
    Kind(char),
    /// A number or a length is none.
    #[error("{0:?} is not a number")]
    Number(String),
    /// A string is not followed by a line's end.
    #[error("a string has no end where its length says")]
    End,
    /// A command is not made of strings.
    #[error("a command that is not made of strings")]
    Command,
    /// It is longer than [`REPLY_BYTES_MAX`].
    #[error("the reply is longer than {REPLY_BYTES_MAX} bytes")]
    Long,
    /// Arrays lie deeper in one another than [`DEPTH_MAX`].
    #[error("the reply has arrays in one another, more than {DEPTH_MAX} deep")]
    Deep,
}

/// The bytes of a command: its name and its arguments.
pub fn command<S: AsRef<[u8]>>(words: &[S]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Collects the bytes of one reply as they arrive.
#[derive(Debug, Default)]
pub struct ReplyReader {
    bytes: Vec<u8>,
}

impl ReplyReader {
    /// Nothing read yet.
    pub fn new() -> ReplyReader {
        ReplyReader::default()
    }
    /// Reads on. The reply, once all of it is there; bytes after it are dropped.
    ///
    /// # Errors
    /// What arrived cannot become a reply.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<Reply>, ReplyError> {
        self.feed(bytes);
        self.next_reply()
    }
    /// Takes more bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
    /// The next reply, once all of it is there.
    ///
    /// # Errors
    /// What arrived cannot become a reply.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ReplyError> {
        let mut parser = Parser { rest: &self.bytes };
        match parser.reply(0)? {
            None if self.bytes.len() > REPLY_BYTES_MAX => Err(ReplyError::Long),
            None => Ok(None),
            Some(reply) => {
                let left = parser.rest.len();
                self.bytes.drain(..self.bytes.len() - left);
                Ok(Some(reply))
            }
        }
    }
    /// The next command that a client gives, once all of it is there: its words. It is an array of strings, or a line of
    /// words.
    ///
    /// # Errors
    /// What arrived cannot become a command.
    pub fn next_command(&mut self) -> Result<Option<Vec<Vec<u8>>>, ReplyError> {
        if self.bytes.first().is_none_or(|kind| *kind == b'*') {
            let Some(Reply::Array(words)) = self.next_reply()? else { return Ok(None) };
            let word = |word| if let Reply::Bulk(bytes) = word { Ok(bytes) } else { Err(ReplyError::Command) };
            return words.into_iter().map(word).collect::<Result<_, _>>().map(Some);
        }
        let Some(end) = self.bytes.iter().position(|b| *b == b'\n') else {
            return if self.bytes.len() > REPLY_BYTES_MAX { Err(ReplyError::Long) } else { Ok(None) };
        };
        let line: Vec<u8> = self.bytes.drain(..=end).collect();
        Ok(Some(line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()))
    }
}

struct Parser<'a> {
    rest: &'a [u8],
}

impl<'a> Parser<'a> {
    /// A line without its end, if it is all there.
    fn line(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.windows(2).position(|pair| pair == b"\r\n")?;
        let (line, rest) = self.rest.split_at(end);
        self.rest = &rest[2..];
        Some(line)
    }
    fn reply(&mut self, depth: usize) -> Result<Option<Reply>, ReplyError> {
        if depth > DEPTH_MAX {
            return Err(ReplyError::Deep);
        }
        let Some(kind) = self.rest.first() else { return Ok(None) };
        if !b"+-:$*_#,(!=%~>".contains(kind) {
            return Err(ReplyError::Kind(char::from(*kind)));
        }
        let Some(line) = self.line() else { return Ok(None) };
        let text = String::from_utf8_lossy(&line[1..]).into_owned();
        match kind {
            b'+' | b',' | b'(' => return Ok(Some(Reply::Simple(text))),
            b'-' => return Ok(Some(Reply::Error(text))),
            b':' => return Ok(Some(Reply::Integer(number(&text)?))),
            b'#' => return Ok(Some(Reply::Integer(i64::from(text == "t")))),
            b'_' => return Ok(Some(Reply::Nil)),
            _ => {}
        }
        let Some(length) = length(&text)? else { return Ok(Some(Reply::Nil)) };
        let text_of = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(match kind {
            b'$' => self.string(length)?.map(Reply::Bulk),
            b'!' => self.string(length)?.map(|bytes| Reply::Error(text_of(bytes))),
            // Before the text stands its kind, as in `txt:`.
            b'=' => self.string(length)?.map(|bytes| Reply::Bulk(bytes.get(4..).unwrap_or_default().to_vec())),
            b'%' => self.array(length.saturating_mul(2), depth)?.map(Reply::Array),
            b'>' => self.array(length, depth)?.map(Reply::Push),
            _ => self.array(length, depth)?.map(Reply::Array),
        })
    }
    fn string(&mut self, length: usize) -> Result<Option<Vec<u8>>, ReplyError> {
        let Some(end) = self.rest.get(length..length + 2) else { return Ok(None) };
        if end != b"\r\n" {
            return Err(ReplyError::End);
        }
        let (string, rest) = self.rest.split_at(length);
        self.rest = &rest[2..];
        Ok(Some(string.to_vec()))
    }
    fn array(&mut self, count: usize, depth: usize) -> Result<Option<Vec<Reply>>, ReplyError> {
        let mut replies = Vec::new();
        for _ in 0..count {
            match self.reply(depth + 1)? {
                Some(reply) => replies.push(reply),
                None => return Ok(None),
            }
        }
        Ok(Some(replies))
    }
}

fn number(text: &str) -> Result<i64, ReplyError> {
    text.parse().map_err(|_| ReplyError::Number(text.to_owned()))
}

/// A length; `None` for the one that stands for nothing at all.
fn length(text: &str) -> Result<Option<usize>, ReplyError> {
    match number(text)? {
        -1 => Ok(None),
        length => match usize::try_from(length) {
            Ok(length) if length <= REPLY_BYTES_MAX => Ok(Some(length)),
            Ok(_) => Err(ReplyError::Long),
            Err(_) => Err(ReplyError::Number(text.to_owned())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<Reply>, ReplyError> {
        let mut reader = ReplyReader::new();
        for piece in pieces {
            if let Some(reply) = reader.push(piece)? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    fn encode(reply: &Reply) -> Vec<u8> {
        let several = |kind: char, replies: &[Reply]| {
            let all: Vec<u8> = replies.iter().flat_map(encode).collect();
            [format!("{kind}{}\r\n", replies.len()).into_bytes(), all].concat()
        };
        match reply {
            Reply::Simple(text) => format!("+{text}\r\n").into_bytes(),
            Reply::Error(text) => format!("-{text}\r\n").into_bytes(),
            Reply::Integer(number) => format!(":{number}\r\n").into_bytes(),
            Reply::Bulk(bytes) => [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat(),
            Reply::Array(replies) => several('*', replies),
            Reply::Push(replies) => several('>', replies),
            Reply::Nil => b"$-1\r\n".to_vec(),
        }
    }

    #[test]
    fn commands() {
        assert_eq!(command(&["PING"]), b"*1\r\n$4\r\nPING\r\n");
        assert_eq!(command(&["SET", "k", ""]), b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n");
    }

    #[test]
    fn replies() {
        let bulk = |text: &str| Reply::Bulk(text.as_bytes().to_vec());
        let deep = "*1\r\n".repeat(DEPTH_MAX + 2);
        let cases: [(&str, Result<Option<Reply>, ReplyError>); 27] = [
            ("+OK\r\n", Ok(Some(Reply::Simple("OK".into())))),
            ("+\r\n", Ok(Some(Reply::Simple(String::new())))),
            ("-ERR no\r\n", Ok(Some(Reply::Error("ERR no".into())))),
            (":-7\r\n", Ok(Some(Reply::Integer(-7)))),
            ("$2\r\n\r\n\r\n", Ok(Some(bulk("\r\n")))),
            ("$0\r\n\r\n", Ok(Some(bulk("")))),
            ("$-1\r\n", Ok(Some(Reply::Nil))),
            ("*-1\r\n", Ok(Some(Reply::Nil))),
            ("*0\r\n", Ok(Some(Reply::Array(vec![])))),
            ("*2\r\n:1\r\n$1\r\na\r\n+rest", Ok(Some(Reply::Array(vec![Reply::Integer(1), bulk("a")])))),
            ("_\r\n", Ok(Some(Reply::Nil))),
            ("#t\r\n", Ok(Some(Reply::Integer(1)))),
            (",1.5\r\n", Ok(Some(Reply::Simple("1.5".into())))),
            ("!6\r\nERR no\r\n", Ok(Some(Reply::Error("ERR no".into())))),
            ("=6\r\ntxt:hi\r\n", Ok(Some(bulk("hi")))),
            ("%1\r\n+a\r\n:1\r\n", Ok(Some(Reply::Array(vec![Reply::Simple("a".into()), Reply::Integer(1)])))),
            (">1\r\n:1\r\n", Ok(Some(Reply::Push(vec![Reply::Integer(1)])))),
            ("", Ok(None)),
            ("+OK\r", Ok(None)),
            ("$2\r\nab\r", Ok(None)),
            ("*2\r\n:1\r\n", Ok(None)),
            ("$1\r\nabc\r\n", Err(ReplyError::End)),
            ("HTTP/1.1\r\n", Err(ReplyError::Kind('H'))),
            (":x\r\n", Err(ReplyError::Number("x".into()))),
            ("$-2\r\n", Err(ReplyError::Number("-2".into()))),
            ("$99999999999\r\n", Err(ReplyError::Long)),
            (&deep, Err(ReplyError::Deep)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read([bytes.as_bytes()]), expected, "{bytes:?}");
        }
        let endless = [&b"+"[..], &vec![b'x'; REPLY_BYTES_MAX]].concat();
        assert_eq!(read([&endless[..]]), Err(ReplyError::Long));
    }

    fn reply() -> impl Strategy<Value = Reply> {
        let leaf = prop_oneof![
            "[a-z ]{0,8}".prop_map(Reply::Simple),
            "[A-Z ]{0,8}".prop_map(Reply::Error),
            any::<i64>().prop_map(Reply::Integer),
            prop::collection::vec(any::<u8>(), 0..12).prop_map(Reply::Bulk),
            Just(Reply::Nil),
        ];
        leaf.prop_recursive(4, 24, 6, |inner| {
            let several = || prop::collection::vec(inner.clone(), 0..6);
            prop_oneof![several().prop_map(Reply::Array), several().prop_map(Reply::Push)]
        })
    }

    proptest! {
        #[test]
        fn a_reply_is_read_back_from_any_pieces(reply in reply(), size in 1..10usize) {
            let bytes = encode(&reply);
            prop_assert_eq!(read(bytes.chunks(size)), Ok(Some(reply)));
            for end in 0..bytes.len() {
                prop_assert_eq!(read([&bytes[..end]]), Ok(None), "of {} bytes", end);
            }
        }
        #[test]
        fn any_bytes_are_a_reply_or_an_error(bytes in "[+:$*_#,(!=%~>0-9a\r\n-]{0,60}") {
            let whole = read([bytes.as_bytes()]);
            prop_assert_eq!(read(bytes.as_bytes().chunks(1)).is_ok(), whole.is_ok());
        }
    }
}
