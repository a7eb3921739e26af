//! The host's files that a recorded run depends on: programs, scripts, libraries, data. Their fingerprints are in a
//! trace's header, so that a replay can say which of them is another by now instead of diverging somewhere.
//!
//! Programs and libraries are most of the bytes and were hashed before: their linker has put a build ID into them, which
//! is over all of their content. It stands for them, with their length, their first and their last page. Of all other
//! files every byte is read.

use kernel::abi::text::to_bytes;
use object::elf::{FileHeader64, NT_GNU_BUILD_ID};
use object::endian::LittleEndian;
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use trace::{Fingerprint, Header};

/// The fact of a trace's header that names a file of the host which the run has opened, mapped or executed: its
/// fingerprint in hexadecimal, a space, its path.
pub const FILE: &str = "file";

/// What stands for the fingerprint of a file that cannot be read.
const UNREADABLE: &str = "-";
/// The first page, in which linkers put the build ID, and the last one.
const PAGE: usize = 4096;

/// A file that is not what it was when the run was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// Where it is.
    pub path: String,
    /// Its fingerprint now; `-` if it cannot be read.
    pub here: String,
    /// Its fingerprint then.
    pub recorded: String,
}

/// Finds out what tells the content of files from any other. Has room for a piece of one.
#[derive(Debug)]
pub struct Fingerprints {
    piece: Vec<u8>,
}

impl Default for Fingerprints {
    fn default() -> Fingerprints {
        Fingerprints { piece: vec![0; 1 << 16] }
    }
}

impl Fingerprints {
    /// The fingerprint of a file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of(&mut self, path: &str) -> io::Result<Fingerprint> {
        let mut file = open(path)?;
        let filled = file.read(&mut self.piece)?;
        let head = &self.piece[..filled.min(PAGE)];
        if has_build_id(head) {
            let mut marks = head.to_vec();
            let length = file.metadata()?.len();
            marks.extend_from_slice(&length.to_le_bytes());
            file.seek(SeekFrom::Start(length.saturating_sub(PAGE as u64)))?;
            file.take(PAGE as u64).read_to_end(&mut marks)?;
            return Ok(Fingerprint::of(&marks));
        }
        Fingerprint::of_reader(file, &mut self.piece, filled)
    }
    /// Whether a file has the content that a trace tells of. Before format 2.2 every byte of every file was read.
    pub fn is_unchanged(&mut self, path: &str, recorded: Fingerprint) -> bool {
        self.of(path).is_ok_and(|here| here == recorded)
            || open(path)
                .and_then(|file| Fingerprint::of_reader(file, &mut self.piece, 0))
                .is_ok_and(|here| here == recorded)
    }
    fn printed(&mut self, path: &str) -> String {
        self.of(path).map_or_else(|_| UNREADABLE.to_owned(), |print| print.to_string())
    }
}

fn open(path: &str) -> io::Result<File> {
    File::open(OsStr::from_bytes(&to_bytes(path)))
}

/// Whether these first bytes of a file are those of a program or a library and say what its linker made of all of it.
fn has_build_id(head: &[u8]) -> bool {
    let notes = || -> object::read::Result<bool> {
        let header = FileHeader64::<LittleEndian>::parse(head)?;
        for segment in header.program_headers(LittleEndian, head)? {
            let Some(mut notes) = segment.notes(LittleEndian, head)? else { continue };
            while let Some(note) = notes.next()? {
                if note.name() == b"GNU" && note.n_type(LittleEndian) == NT_GNU_BUILD_ID && !note.desc().is_empty() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    };
    notes().unwrap_or(false)
}

/// Facts about these files as they are now.
pub(crate) fn facts(paths: Vec<String>) -> impl Iterator<Item = (String, String)> {
    let mut fingerprints = Fingerprints::default();
    paths.into_iter().map(move |path| (FILE.to_owned(), format!("{} {path}", fingerprints.printed(&path))))
}

/// The first file that is not what a header says, if there is one.
pub fn changed_file(header: &Header) -> Option<ChangedFile> {
    let mut fingerprints = Fingerprints::default();
    let mut files = header.facts.iter().filter(|(name, _)| name == FILE).filter_map(|(_, value)| value.split_once(' '));
    let mut unchanged = |recorded: &str, path: &str| match Fingerprint::parse(recorded) {
        Some(print) => fingerprints.is_unchanged(path, print),
        None => fingerprints.printed(path) == recorded,
    };
    files.find(|(recorded, path)| !unchanged(recorded, path)).map(|(recorded, path)| ChangedFile {
        path: path.to_owned(),
        here: Fingerprints::default().printed(path),
        recorded: recorded.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Fingerprints, has_build_id};
    use std::fs;
    use trace::Fingerprint;

    /// A 64-bit program of one segment, which holds this note.
    fn program(name: &[u8; 4], kind: u32, id: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        bytes[16..20].copy_from_slice(&[2, 0, 62, 0]);
        bytes[20] = 1;
        bytes[32] = 64;
        bytes[52..58].copy_from_slice(&[64, 0, 56, 0, 1, 0]);
        let note_len = 12 + 4 + id.len() as u64;
        bytes[64] = 4;
        bytes[64 + 8..][..8].copy_from_slice(&120_u64.to_le_bytes());
        bytes[64 + 32..][..8].copy_from_slice(&note_len.to_le_bytes());
        bytes[64 + 48] = 4;
        for word in [4, id.len() as u32, kind] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(id);
        bytes
    }

    #[test]
    fn build_ids_are_found() {
        assert!(has_build_id(&program(b"GNU\0", 3, &[7; 20])));
        assert!(!has_build_id(&program(b"GNU\0", 1, &[7; 20])), "another note of GNU");
        assert!(!has_build_id(&program(b"Go\0\0", 3, &[7; 20])), "another name");
        assert!(!has_build_id(&program(b"GNU\0", 3, &[])), "empty");
        assert!(!has_build_id(&program(b"GNU\0", 3, &[7; 20])[..130]), "cut short");
        assert!(!has_build_id(b"#!/bin/sh\n"));
        assert!(!has_build_id(b""));
    }

    #[test]
    fn what_changes_has_another_fingerprint() {
        let path = std::env::temp_dir().join(format!("fbsim-fingerprint-{}", std::process::id()));
        let (mut seen, mut prints) = (Vec::new(), Fingerprints::default());
        let long = |last: u8| [vec![b'x'; 1 << 17], vec![last]].concat();
        let linked = |id: u8, rest: usize| [program(b"GNU\0", 3, &[id; 20]), vec![0; rest]].concat();
        for bytes in [
            Vec::new(),
            b"a".to_vec(),
            long(1),
            long(2),
            linked(1, 9000),
            linked(2, 9000),
            linked(1, 9001),
            [linked(1, 8999), vec![1]].concat(),
        ] {
            fs::write(&path, &bytes).expect("a scratch file");
            let path = path.to_str().expect("a path");
            seen.push(prints.of(path).expect("it can be read"));
            assert!(prints.is_unchanged(path, seen[seen.len() - 1]));
            assert!(prints.is_unchanged(path, Fingerprint::of(&bytes)), "as it was before format 2.2");
            assert!(seen.len() < 2 || !prints.is_unchanged(path, seen[seen.len() - 2]));
        }
        fs::remove_file(&path).expect("it is there");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 8);
    }
}
