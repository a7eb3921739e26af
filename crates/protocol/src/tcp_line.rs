//! The line protocol: send one line, read one line.

/// Longest line that is read; what comes after it is the next line's.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// The bytes of a line: the text and a newline, if it does not end in one.
pub fn line(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if !text.ends_with('\n') {
        bytes.push(b'\n');
    }
    bytes
}

/// Collects the bytes of one line as they arrive.
#[derive(Debug, Default)]
pub struct LineReader {
    bytes: Vec<u8>,
}

impl LineReader {
    /// Nothing read yet.
    pub fn new() -> LineReader {
        LineReader::default()
    }
    /// Reads on. The line without its end, once there is one; bytes after it are dropped.
    pub fn push(&mut self, bytes: &[u8]) -> Option<String> {
        let end = bytes.iter().position(|&b| b == b'\n');
        self.bytes.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
        if end.is_none() && self.bytes.len() < LINE_BYTES_MAX {
            return None;
        }
        self.bytes.truncate(LINE_BYTES_MAX);
        Some(self.take())
    }
    /// The connection has ended: what there is of a line, if there is anything.
    pub fn finish_at_eof(&mut self) -> Option<String> {
        (!self.bytes.is_empty()).then(|| self.take())
    }
    fn take(&mut self) -> String {
        let bytes = std::mem::take(&mut self.bytes);
        let text = bytes.strip_suffix(b"\r").unwrap_or(&bytes);
        String::from_utf8_lossy(text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
        let mut reader = LineReader::new();
        pieces.into_iter().find_map(|p| reader.push(p)).or_else(|| reader.finish_at_eof())
    }

    #[test]
    fn lines() {
        assert_eq!(line("PING"), b"PING\n");
        assert_eq!(line("PING\n"), b"PING\n");
        for (bytes, expected) in [
            ("PONG\n", Some("PONG")),
            ("PONG\r\nrest", Some("PONG")),
            ("cut", Some("cut")),
            ("\n", Some("")),
            ("", None),
        ] {
            assert_eq!(read([bytes.as_bytes()]).as_deref(), expected, "{bytes:?}");
        }
        assert_eq!(read([&vec![b'x'; LINE_BYTES_MAX + 5][..]]).map(|l| l.len()), Some(LINE_BYTES_MAX));
    }

    proptest! {
        #[test]
        fn the_pieces_do_not_matter(text in "[a-z\r\n]{0,40}", size in 1..10usize) {
            prop_assert_eq!(read(text.as_bytes().chunks(size)), read([text.as_bytes()]));
        }
    }
}
