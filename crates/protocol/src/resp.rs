//! What redis speaks, RESP2: commands as arrays of strings, replies of five kinds.
//!
//! ```text
//!   reply := "+" text CRLF | "-" text CRLF | ":" number CRLF
//!          | "$" length CRLF bytes CRLF | "$-1" CRLF
//!          | "*" count CRLF reply × count | "*-1" CRLF
//! ```

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
    /// Several replies.
    Array(Vec<Reply>),
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
        self.bytes.extend_from_slice(bytes);
        match (Parser { rest: &self.bytes }).reply(0)? {
            None if self.bytes.len() > REPLY_BYTES_MAX => Err(ReplyError::Long),
            reply => Ok(reply),
        }
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
        if !b"+-:$*".contains(kind) {
            return Err(ReplyError::Kind(char::from(*kind)));
        }
        let Some(line) = self.line() else { return Ok(None) };
        let text = String::from_utf8_lossy(&line[1..]).into_owned();
        Ok(match kind {
            b'+' => Some(Reply::Simple(text)),
            b'-' => Some(Reply::Error(text)),
            b':' => Some(Reply::Integer(number(&text)?)),
            b'$' => match length(&text)? {
                None => Some(Reply::Nil),
                Some(length) => self.string(length)?.map(Reply::Bulk),
            },
            _ => match length(&text)? {
                None => Some(Reply::Nil),
                Some(count) => self.array(count, depth)?.map(Reply::Array),
            },
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
        match reply {
            Reply::Simple(text) => format!("+{text}\r\n").into_bytes(),
            Reply::Error(text) => format!("-{text}\r\n").into_bytes(),
            Reply::Integer(number) => format!(":{number}\r\n").into_bytes(),
            Reply::Bulk(bytes) => [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat(),
            Reply::Array(replies) => {
                [vec![format!("*{}\r\n", replies.len()).into_bytes()], replies.iter().map(encode).collect()]
                    .concat()
                    .concat()
            }
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
        let cases: [(&str, Result<Option<Reply>, ReplyError>); 20] = [
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
        leaf.prop_recursive(4, 24, 6, |inner| prop::collection::vec(inner, 0..6).prop_map(Reply::Array))
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
        fn any_bytes_are_a_reply_or_an_error(bytes in "[+:$*0-9a\r\n-]{0,60}") {
            let whole = read([bytes.as_bytes()]);
            prop_assert_eq!(read(bytes.as_bytes().chunks(1)).is_ok(), whole.is_ok());
        }
    }
}
