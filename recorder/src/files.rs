//! The host's files that a recorded run depends on: scripts, libraries, data. Their fingerprints are facts of a trace's
//! header, so that a replay can say which of them is another by now instead of diverging somewhere.

use kernel::abi::text::to_bytes;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use trace::{Fingerprint, Header};

/// The fact of a trace's header that names a file of the host which the run has opened, mapped or executed: its
/// fingerprint in hexadecimal, a space, its path.
pub const FILE: &str = "file";

/// What stands for the fingerprint of a file that cannot be read.
const UNREADABLE: &str = "-";

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

fn fingerprint(path: &str) -> String {
    let read = File::open(OsStr::from_bytes(&to_bytes(path))).and_then(Fingerprint::of_reader);
    read.map_or_else(|_| UNREADABLE.to_owned(), |print| print.to_string())
}

/// Facts about these files as they are now.
pub(crate) fn facts(paths: Vec<String>) -> impl Iterator<Item = (String, String)> {
    paths.into_iter().map(|path| (FILE.to_owned(), format!("{} {path}", fingerprint(&path))))
}

/// The first file that is not what a header says, if there is one.
pub fn changed_file(header: &Header) -> Option<ChangedFile> {
    let files = header.facts.iter().filter(|(name, _)| name == FILE).filter_map(|(_, value)| value.split_once(' '));
    files
        .map(|(recorded, path)| (recorded, path, fingerprint(path)))
        .find(|(recorded, _, here)| recorded != here)
        .map(|(recorded, path, here)| ChangedFile { path: path.to_owned(), here, recorded: recorded.to_owned() })
}
