//! Cases that are kept: saved whole or not at all.

use crate::exit::Problem;
use model::EventIndex;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use trace::{ReadError, Trace};

/// Saves a trace atomically: a new file beside the target, synced, then renamed.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    if path.symlink_metadata().is_ok_and(|m| !m.is_file()) {
        return Err(Problem::usage(format!("{} is there and is not a regular file; it is left alone", path.display())));
    }
    let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = path.with_extension("fbt.part");
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(directory)?;
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().map_err(|e| {
        let _ = std::fs::remove_file(&temporary);
        Problem::usage(format!(
            "{} could not be saved: {e}\nnothing is lost: the rerun line makes the same run again; \
             free some space or name another place",
            path.display()
        ))
    })
}

/// Reads a trace; the second value is its bytes.
pub(crate) fn load(path: &Path) -> Result<(Trace, Vec<u8>), Problem> {
    load_until(path, None)
}

/// Reads a trace up to an event; the second value is its bytes, which are whole.
pub(crate) fn load_until(path: &Path, last: Option<EventIndex>) -> Result<(Trace, Vec<u8>), Problem> {
    let bytes = bytes(path)?;
    let read = last.map_or_else(|| Trace::read(&bytes), |last| Trace::read_until(&bytes, last));
    Ok((read.map_err(|e| unreadable(path, &e))?, bytes))
}

/// The bytes of a file.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|e| Problem::usage(format!("{}: {e}", path.display())))
}

/// Why a trace cannot be read, with all causes.
pub(crate) fn unreadable(path: &Path, error: &ReadError) -> Problem {
    let mut text = format!("{}: {error}", path.display());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    Problem::usage(text)
}

/// A file name for a failing case: specification, test and seed.
pub(crate) fn name(directory: &Path, spec: &Path, test: &str, seed: model::Seed) -> PathBuf {
    let spec = spec.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let test: String = test.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    directory.join(format!("{spec}-{test}-{:x}.fbt", seed.0))
}

/// The value of a fact in a trace's header.
pub(crate) fn fact<'a>(trace: &'a Trace, name: &str) -> Option<&'a str> {
    trace.header.facts.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

/// All values of a fact.
pub(crate) fn facts(trace: &Trace, name: &str) -> Vec<String> {
    trace.header.facts.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect()
}
