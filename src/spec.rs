//! Specifications on disk: finding them, finding the programs they name, loading them.

use crate::exit::{Exit, Problem};
use language::{LoadOptions, Spec, SpecSource};
use model::plan::Plan;
use model::{Machine, Verdict};
use std::path::{Path, PathBuf};

/// A loaded specification.
pub(crate) struct Loaded(Spec);

impl Loaded {
    /// The system it describes.
    pub(crate) fn plan(&self) -> &Plan {
        self.0.plan()
    }
    /// The names of its tests.
    pub(crate) fn tests(&self) -> Vec<String> {
        self.0.tests().iter().map(|t| t.name.clone()).collect()
    }
    /// Every file of it, as path and text.
    pub(crate) fn sources(&self) -> Vec<(String, String)> {
        self.0.sources().to_vec()
    }
    /// Runs a test on a machine.
    pub(crate) fn run(&self, test: &str, machine: &dyn Machine) -> Verdict {
        self.0.run(test, machine)
    }
}

/// Loads a specification. `sources` win over the disk, so that a saved case is replayed as it was.
pub(crate) fn load(
    path: &str,
    sources: &[(String, String)],
    env: &[(String, String)],
    search: &[String],
) -> Result<Loaded, String> {
    let directory = Path::new(path).parent().unwrap_or(Path::new("")).to_path_buf();
    let read = |wanted: &str| -> Result<String, String> {
        if let Some((_, text)) = sources.iter().find(|(p, _)| p == wanted) {
            return Ok(text.clone());
        }
        std::fs::read_to_string(wanted).map_err(|e| format!("{wanted}: {e}"))
    };
    let text = read(path)?;
    let loader = |wanted: &str| {
        let at = directory.join(wanted);
        read(&at.to_string_lossy())
    };
    let resolve = |name: &str| resolve_program(name, &directory, search);
    let options = LoadOptions { env_overrides: env.to_vec(), resolve_binary: &resolve };
    let source = SpecSource { path: path.to_owned(), text };
    language::load(source, &loader, options).map(Loaded).map_err(|e| e.to_string())
}

/// Finds a program: with a slash relative to the specification, without one beside the specification, beside fbsim,
/// and on the search path. Checks what can be checked before a world exists.
fn resolve_program(name: &str, directory: &Path, search: &[String]) -> Result<String, String> {
    let mut candidates = vec![directory.join(name)];
    if !name.contains('/') {
        candidates.extend(search.iter().map(|dir| Path::new(dir).join(name)));
    }
    let found = candidates.iter().find(|c| c.is_file());
    let Some(found) = found else {
        let looked: Vec<String> = candidates.iter().map(|c| c.display().to_string()).collect();
        return Err(format!("the program {name:?} was not found; looked for {}", looked.join(", ")));
    };
    // A link stays what it is: programs look at the name they are started by.
    let directory = found.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new(".")).canonicalize();
    let directory = directory.map_err(|e| format!("{}: {e}", found.display()))?;
    let found = directory.join(found.file_name().unwrap_or_default());
    check_program(&found)?;
    Ok(found.to_string_lossy().into_owned())
}

/// Says why a file cannot be a guest, before a world is built for it.
pub(crate) fn check_program(path: &Path) -> Result<(), String> {
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;
    let say = |what: &str| Err(format!("{} {what}", path.display()));
    let meta = std::fs::metadata(path).map_err(|e| format!("{}: {e}", path.display()))?;
    if !meta.is_file() {
        return say("is not a file");
    }
    if meta.permissions().mode() & 0o111 == 0 {
        return say("is not executable (no x bit)");
    }
    let mut head = Vec::new();
    std::fs::File::open(path)
        .and_then(|f| f.take(20).read_to_end(&mut head))
        .map_err(|e| format!("{}: {e}", path.display()))?;
    if head.starts_with(b"#!") {
        return Ok(());
    }
    if !head.starts_with(b"\x7fELF") {
        return say("is neither an ELF program nor a script with #!");
    }
    match (head.get(4), head.get(18)) {
        (Some(1), _) => say("is a 32-bit program; fbsim runs 64-bit x86-64 programs"),
        (Some(2), Some(62)) => Ok(()),
        (_, machine) => say(&format!("is for another processor (ELF machine {machine:?}); fbsim runs x86-64")),
    }
}

/// Specifications behind an argument: a file, the `*.star` files of a directory, or everything below `specs/`.
pub(crate) fn find(arguments: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    let mut found = Vec::new();
    let nothing = arguments.is_empty();
    let default = [PathBuf::from("specs")];
    for argument in if nothing { &default[..] } else { arguments } {
        if argument.is_dir() {
            let before = found.len();
            collect(argument, &mut found);
            if found.len() == before {
                let message = format!("{}: no *.star below it", argument.display());
                return Err(Problem { message, exit: Exit::NothingSelected });
            }
        } else if argument.is_file() {
            found.push(argument.clone());
        } else {
            return Err(Problem::usage(format!("{}: no such file or directory", argument.display())));
        }
    }
    Ok(found)
}

fn collect(directory: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "star") {
            into.push(path);
        }
    }
}

/// Directories in which programs without a slash are looked up: beside fbsim, then `PATH`.
pub(crate) fn search_path() -> Vec<String> {
    let mut dirs = Vec::new();
    if let Ok(exe) = std::env::current_exe()
        && let Some(dir) = exe.parent()
    {
        dirs.push(dir.to_string_lossy().into_owned());
    }
    #[allow(clippy::disallowed_methods, reason = "the command reads the environment; nothing below it does")]
    let path = std::env::var("PATH").unwrap_or_default();
    dirs.extend(path.split(':').filter(|d| !d.is_empty()).map(str::to_owned));
    dirs
}
