//! A directory for one test, gone when the test is over.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A fresh directory that is removed with everything in it.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Below the target directory.
    pub(crate) fn new(name: &str) -> Scratch {
        Scratch::below(Path::new(env!("CARGO_TARGET_TMPDIR")), name)
    }
    /// Where every user can reach it.
    pub(crate) fn for_everybody(name: &str) -> Scratch {
        Scratch::below(&std::env::temp_dir(), &format!("fbsim-it-{name}"))
    }
    fn below(parent: &Path, name: &str) -> Scratch {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Scratch(path)
    }
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
    /// The path of something in it, as text.
    pub(crate) fn at(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("scratch paths are text").to_owned()
    }
    /// Writes a file into it and returns its path.
    #[track_caller]
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.at(name);
        std::fs::write(&path, content).unwrap_or_else(|e| panic!("{path}: {e}"));
        path
    }
    /// Writes an executable file into it and returns its path.
    #[track_caller]
    pub(crate) fn executable(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.file(name, content);
        set_mode(&path, 0o755);
        path
    }
    /// Copies a program into it and returns the copy's path. Another process does it: a child that a test beside this
    /// one starts meanwhile would inherit the file open for writing, and a program that somebody writes cannot be run.
    #[track_caller]
    pub(crate) fn copy(&self, from: &Path) -> String {
        let name = from.file_name().and_then(|n| n.to_str()).expect("a file with a name");
        let path = self.at(name);
        let copied = Command::new("cp").arg(from).arg(&path).status();
        assert!(copied.is_ok_and(|s| s.success()), "{} could not be copied to {path}", from.display());
        path
    }
    /// What lies in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        names_in(&self.0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The names in a directory, sorted; none if it is not there.
pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Sets a file's permissions.
#[track_caller]
pub(crate) fn set_mode(path: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, permissions).unwrap_or_else(|e| panic!("{path}: {e}"));
}
