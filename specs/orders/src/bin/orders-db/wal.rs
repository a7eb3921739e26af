//! The write-ahead file: lines, appended one at a time, each on disk before the next.
//!
//! A record counts when its line is complete. A line without its end can only be the last one, left by a write that a
//! crash cut short; it was never acknowledged and is cut off when the file is opened.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// The write-ahead file, open for appending.
#[derive(Debug)]
pub(crate) struct Wal {
    file: File,
    /// The length of the file up to the last record that counts.
    len: u64,
    /// Set when a failed record could not be cut off; from then on nothing is appended behind it.
    damaged: bool,
}

impl Wal {
    /// Opens the file at `path`, creating it and its directory if needed, and reads its records.
    ///
    /// # Errors
    /// When the file cannot be created, read or repaired, or is not UTF-8.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<String>)> {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(directory)?;
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        // A new file survives a crash only when its directory entry is on disk too.
        File::open(directory)?.sync_all()?;

        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let complete = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        let wal = Wal { file, len: complete as u64, damaged: false };
        if complete < bytes.len() {
            wal.cut_off()?;
        }
        bytes.truncate(complete);
        let text = String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        // The previous process may have died between a write and its sync: what is read counts only when it is on disk.
        wal.file.sync_data()?;
        Ok((wal, text.lines().map(str::to_owned).collect()))
    }

    /// Appends one record and returns when it is on disk.
    ///
    /// # Errors
    /// When the write fails or is short, or the sync fails. The record does not count then.
    pub(crate) fn append(&mut self, record: &str) -> io::Result<()> {
        if self.damaged {
            return Err(io::Error::other("an earlier failure left the file damaged"));
        }
        let line = format!("{record}\n");
        if let Err(error) = self.write(line.as_bytes()) {
            self.damaged = self.cut_off().is_err();
            return Err(error);
        }
        self.len += line.len() as u64;
        Ok(())
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        // One call: a record is written whole or it is a failure.
        let written = self.file.write(line)?;
        if written < line.len() {
            let problem = format!("short write: {written} of {} bytes", line.len());
            return Err(io::Error::new(io::ErrorKind::WriteZero, problem));
        }
        self.file.sync_data()
    }

    /// Cuts off whatever lies behind the last record that counts.
    fn cut_off(&self) -> io::Result<()> {
        self.file.set_len(self.len)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A directory of one test, removed at its end.
    pub(crate) struct TempDir(PathBuf);

    impl TempDir {
        pub(crate) fn new(test: &str) -> Self {
            let name = format!("orders-db-{}-{test}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            TempDir(path)
        }

        pub(crate) fn file(&self) -> PathBuf {
            self.0.join("orders.wal")
        }
    }

    impl Drop for TempDir {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn records_are_read_back_in_order() {
        let dir = TempDir::new("order");
        let path = dir.0.join("created/when/missing/orders.wal");
        let (mut wal, records) = Wal::open(&path).unwrap();
        assert!(records.is_empty());
        wal.append("one").unwrap();
        wal.append("two").unwrap();
        let (_, records) = Wal::open(&path).unwrap();
        assert_eq!(records, ["one", "two"]);
    }

    #[test]
    fn a_line_cut_short_by_a_crash_is_dropped() {
        let dir = TempDir::new("torn");
        fs::write(dir.file(), b"one\ntw\xc3").unwrap();
        let (mut wal, records) = Wal::open(&dir.file()).unwrap();
        assert_eq!(records, ["one"]);
        wal.append("three").unwrap();
        assert_eq!(fs::read_to_string(dir.file()).unwrap(), "one\nthree\n");
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind_and_a_failed_repair_stops_the_file() {
        let dir = TempDir::new("failed");
        fs::write(dir.file(), "one\n").unwrap();
        // A file open for reading only refuses both the write and the repair.
        let mut wal = Wal { file: File::open(dir.file()).unwrap(), len: 4, damaged: false };
        wal.append("two").unwrap_err();
        let error = wal.append("three").unwrap_err();
        assert_eq!(error.to_string(), "an earlier failure left the file damaged");
        assert_eq!(fs::read_to_string(dir.file()).unwrap(), "one\n");
    }
}
