//! The chunked transfer coding, one byte range at a time.
//!
//! ```text
//!   Size ──"5\r\n"──> Data ──5 bytes──> Gap ──"\r\n"──> Size
//!     └──"0\r\n"──> Trailer ──"\r\n"──> finished
//! ```

use super::ResponseError;

/// Longest chunk-size or trailer line.
const LINE_BYTES_MAX: usize = 8 * 1024;

/// Where in the coding we are.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    line: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Size,
    Data(u64),
    Gap,
    Trailer,
}

impl Chunked {
    pub(super) fn new() -> Chunked {
        Chunked { state: State::Size, line: Vec::new() }
    }

    /// Consumes bytes, handing the decoded ones to `body`. True when the last chunk and the trailers are over.
    pub(super) fn push(&mut self, mut bytes: &[u8], mut body: impl FnMut(&[u8])) -> Result<bool, ResponseError> {
        while !bytes.is_empty() {
            if let State::Data(left) = self.state {
                let take = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                body(&bytes[..take]);
                bytes = &bytes[take..];
                let left = left - take as u64;
                self.state = if left == 0 { State::Gap } else { State::Data(left) };
                continue;
            }
            let end = bytes.iter().position(|&b| b == b'\n');
            let take = end.map_or(bytes.len(), |i| i + 1);
            self.line.extend_from_slice(&bytes[..take]);
            bytes = &bytes[take..];
            if self.line.len() > LINE_BYTES_MAX {
                return Err(ResponseError::Chunk("a line is too long".to_owned()));
            }
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                if self.line_ended(line.trim_ascii())? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn line_ended(&mut self, line: &[u8]) -> Result<bool, ResponseError> {
        match self.state {
            State::Size => {
                let size = chunk_size(line)?;
                self.state = if size == 0 { State::Trailer } else { State::Data(size) };
            }
            State::Gap if line.is_empty() => self.state = State::Size,
            State::Gap => return Err(ResponseError::Chunk("a chunk is longer than it said".to_owned())),
            State::Trailer => return Ok(line.is_empty()),
            State::Data(_) => unreachable!("chunk data has no lines"),
        }
        Ok(false)
    }
}

/// Reads `1a` or `1a;extension`.
fn chunk_size(line: &[u8]) -> Result<u64, ResponseError> {
    let digits = line.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
    let bad = || ResponseError::Chunk(format!("{:?} is not a chunk size", String::from_utf8_lossy(line)));
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(bad());
    }
    let digits = std::str::from_utf8(digits).map_err(|_| bad())?;
    u64::from_str_radix(digits, 16).map_err(|_| bad())
}
