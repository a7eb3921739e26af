//! The line protocol of the inventory and the database: one request line, one reply line.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The longest line that is read, in bytes, without its end.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// How long a client waits for a connection, for the request to leave, and for each piece of the reply.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Reads one line and drops its end (`\n` or `\r\n`); `None` when the peer closed between two lines.
///
/// # Errors
/// `UnexpectedEof` when the peer closed inside a line, `InvalidData` for a line that is too long or not UTF-8, and
/// whatever the input answers.
pub fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let limit = LINE_BYTES_MAX as u64 + 2;
    input.by_ref().take(limit).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.pop_if(|last| *last == b'\n').is_some() {
        bytes.pop_if(|last| *last == b'\r');
    } else if bytes.len() <= LINE_BYTES_MAX {
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "connection closed in the middle of a line"));
    }
    if bytes.len() > LINE_BYTES_MAX {
        return Err(io::Error::new(ErrorKind::InvalidData, "line too long"));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| io::Error::new(ErrorKind::InvalidData, "line is not UTF-8"))
}

/// Writes one line with one write call.
fn write_line(mut output: impl Write, line: &str) -> io::Result<()> {
    output.write_all(format!("{line}\n").as_bytes())
}

/// Answers each line of a connection with the line that `answer` makes of it, until the peer closes.
///
/// # Errors
/// When the connection fails; a line that cannot be read as text is answered with `ERR` first.
pub fn answer_lines(stream: &TcpStream, answer: impl Fn(&str) -> String) -> io::Result<()> {
    let mut input = BufReader::new(stream);
    loop {
        match read_line(&mut input) {
            Ok(Some(line)) => write_line(stream, &answer(&line))?,
            Ok(None) => return Ok(()),
            Err(error) => {
                if error.kind() == ErrorKind::InvalidData {
                    write_line(stream, &format!("ERR {error}"))?;
                }
                return Err(error);
            }
        }
    }
}

/// Sends one request line to `peer` over a connection of its own and returns the reply line.
///
/// # Errors
/// [`Lost`] says at which moment the connection failed, because that decides what the peer may have done.
pub fn ask(peer: SocketAddr, request: &str) -> Result<String, Lost> {
    let stream = connect(peer).map_err(|error| Lost::at(Moment::Connect, error))?;
    write_line(&stream, request).map_err(|error| Lost::at(Moment::Send, error))?;
    match read_line(&mut BufReader::new(&stream)) {
        Ok(Some(reply)) => Ok(reply),
        Ok(None) => Err(Lost::at(
            Moment::Receive,
            io::Error::new(ErrorKind::UnexpectedEof, "connection closed before the reply"),
        )),
        Err(error) => Err(Lost::at(Moment::Receive, error)),
    }
}

fn connect(peer: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&peer, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

/// The step of a request at which its connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before anything was sent: the peer has not seen the request.
    Connect,
    /// While sending: the peer has not seen the whole request.
    Send,
    /// After sending: the peer may or may not have acted on the request.
    Receive,
}

/// A request that got no reply.
#[derive(Debug)]
pub struct Lost {
    /// When the connection failed.
    pub moment: Moment,
    error: io::Error,
}

impl Lost {
    /// A connection that failed at `moment` with `error`.
    pub fn at(moment: Moment, error: io::Error) -> Self {
        Lost { moment, error }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = match self.moment {
            Moment::Connect => "connect",
            Moment::Send => "send",
            Moment::Receive => "receive",
        };
        match self.error.kind() {
            // What a socket answers when its timeout passes.
            ErrorKind::WouldBlock => write!(f, "{moment}: timed out"),
            _ => write!(f, "{moment}: {}", self.error),
        }
    }
}

impl std::error::Error for Lost {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], expected: &[Result<Option<&str>, ErrorKind>]) {
        let mut input = input;
        for expected in expected {
            let line = read_line(&mut input).map_err(|error| error.kind());
            assert_eq!(line, expected.map(|line| line.map(str::to_owned)));
        }
    }

    #[test]
    fn lines_end_with_or_without_a_carriage_return() {
        check(b"PING\nCHECK widget\r\n\n", &[Ok(Some("PING")), Ok(Some("CHECK widget")), Ok(Some("")), Ok(None)]);
    }

    #[test]
    fn a_line_cut_short_is_an_error() {
        check(b"PING\nPI", &[Ok(Some("PING")), Err(ErrorKind::UnexpectedEof)]);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        check(b"\xff\n", &[Err(ErrorKind::InvalidData)]);
    }

    #[test]
    fn the_longest_line_is_read_and_a_longer_one_refused() {
        let longest = "x".repeat(LINE_BYTES_MAX);
        check(format!("{longest}\r\n").as_bytes(), &[Ok(Some(&longest))]);
        check(format!("{longest}x\n").as_bytes(), &[Err(ErrorKind::InvalidData)]);
        check("x".repeat(10 * LINE_BYTES_MAX).as_bytes(), &[Err(ErrorKind::InvalidData)]);
    }

    #[test]
    fn the_moment_of_a_failed_connect_is_known() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = listener.local_addr().unwrap();
        drop(listener);
        assert_eq!(ask(nobody, "PING").unwrap_err().moment, Moment::Connect);
    }

    #[test]
    fn a_peer_that_closes_without_a_reply_is_lost_while_receiving() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            read_line(&mut BufReader::new(stream)).unwrap()
        });
        assert_eq!(ask(peer, "PING").unwrap_err().moment, Moment::Receive);
        assert_eq!(server.join().unwrap().as_deref(), Some("PING"));
    }
}
