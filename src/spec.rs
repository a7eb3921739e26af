//! Specifications on disk: finding them, finding the programs they name, loading them.

use crate::exit::{Exit, Problem};
use language::{Build, Finding, LoadOptions, Spec, SpecSource, TestKind};
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
    /// Its tests by name, and which cells of a matrix they are, as (scenario, fault assumption).
    pub(crate) fn tests(&self) -> Vec<(String, Option<(String, String)>)> {
        let cell = |kind: &TestKind| match kind {
            TestKind::MatrixCell { scenario, fault } => Some((scenario.clone(), fault.clone())),
            _ => None,
        };
        self.0.tests().iter().map(|t| (t.name.clone(), cell(&t.kind))).collect()
    }
    /// What may be wrong with it although it loads.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        self.0.findings().to_vec()
    }
    /// Its tests in outline.
    pub(crate) fn outlines(&self) -> &[language::Outline] {
        self.0.outlines()
    }
    /// Who depends on whom, and which tests have faults there.
    pub(crate) fn edges(&self) -> Vec<language::Edge> {
        self.0.edges()
    }
    /// Every file of it, as path and text.
    pub(crate) fn sources(&self) -> Vec<(String, String)> {
        self.0.sources().to_vec()
    }
    /// Runs a test on a machine; what it printed and warnings about it are handed over when it has ended.
    pub(crate) fn run(&self, test: &str, machine: &dyn Machine, said: &mut Vec<String>) -> Verdict {
        let (mut printed, mut warnings) = (Vec::new(), Vec::new());
        let on_print = &mut |line: &str| printed.push(line.to_owned());
        let on_warning = &mut |line: &str| warnings.push(format!("warning: {test}: {line}"));
        let verdict = self.0.run_telling(test, machine, on_print, on_warning);
        said.append(&mut printed);
        said.append(&mut warnings);
        verdict
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
    let loader = |wanted: &str| match sources.iter().find(|(p, _)| p == wanted) {
        Some((_, text)) => Ok(text.clone()),
        None => read(&directory.join(wanted).to_string_lossy()),
    };
    let options = LoadOptions {
        env_overrides: env.to_vec(),
        resolve_binary: &|name: &str, _: Option<&Build>| resolve_program(name, &directory, search),
        resolve_path: &|name: &str| resolve_path(name, &directory),
        build: &|_: &Build| Ok(()),
    };
    let source = SpecSource { path: path.to_owned(), text };
    language::load(source, &loader, options).map(Loaded).map_err(|e| e.to_string())
}

/// What is wrong with a specification that cannot be loaded.
#[derive(Debug)]
pub(crate) struct Mistake {
    /// As people read it.
    pub(crate) text: String,
    code: String,
    message: String,
    location: Option<String>,
}

impl Mistake {
    /// Whether a program could not be built.
    pub(crate) fn is_about_building(&self) -> bool {
        self.code == language::Code::Build.to_string()
    }
    /// The same as a finding.
    pub(crate) fn finding(&self) -> Finding {
        let mut parts = self.location.as_deref().unwrap_or_default().rsplitn(3, ':');
        let (_, line, file) = (parts.next(), parts.next(), parts.next());
        Finding {
            code: self.code.clone(),
            level: "error",
            message: self.message.clone(),
            file: file.unwrap_or_default().to_owned(),
            line: line.and_then(|l| l.parse().ok()).unwrap_or_default(),
        }
    }
}

/// Whether what a specification says about building is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Building {
    /// Programs may be missing that would be built.
    Not,
    /// Programs are built before they are looked for.
    First,
}

/// Runs a service's `build`, whose output is that of the command.
fn run_build(build: &Build, directory: &Path) -> Result<(), String> {
    let [program, arguments @ ..] = build.command.as_slice() else { return Ok(()) };
    let shown = if program == "/bin/sh" { &arguments[1..] } else { &build.command[..] };
    eprintln!("building {}: {}", build.service, shown.join(" "));
    let mut command = std::process::Command::new(program);
    command.args(arguments).stdin(std::process::Stdio::null());
    if !directory.as_os_str().is_empty() {
        command.current_dir(directory);
    }
    // What the build says goes to standard error: standard output is for answers.
    command.stdout(std::io::stderr());
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{} ended with {status}", shown.join(" "))),
        Err(e) => Err(format!("{program}: {e}")),
    }
}

/// The host's path of a file or directory that is named relative to the specification.
fn resolve_path(name: &str, directory: &Path) -> Result<String, String> {
    let path = directory.join(name);
    let real = path.canonicalize().map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(real.to_string_lossy().into_owned())
}

/// Loads a specification from the disk, keeping apart what an error consists of.
pub(crate) fn load_checked(
    path: &str,
    env: &[(String, String)],
    search: &[String],
    building: Building,
) -> Result<Loaded, Mistake> {
    let directory = Path::new(path).parent().unwrap_or(Path::new("")).to_path_buf();
    let read = |wanted: &str| std::fs::read_to_string(wanted).map_err(|e| format!("{wanted}: {e}"));
    let unread = |text: String| Mistake { code: "FB0109".into(), message: text.clone(), text, location: None };
    let text = read(path).map_err(unread)?;
    let loader = |wanted: &str| read(&directory.join(wanted).to_string_lossy());
    let resolve_binary = |name: &str, build: Option<&Build>| {
        let found = resolve_program(name, &directory, search);
        // What is yet to be built need not be there.
        if building == Building::Not && build.is_some() { found.or(Ok(name.to_owned())) } else { found }
    };
    let build = |build: &Build| match building {
        Building::Not => Ok(()),
        Building::First => run_build(build, &directory),
    };
    let options = LoadOptions {
        env_overrides: env.to_vec(),
        resolve_binary: &resolve_binary,
        resolve_path: &|name: &str| resolve_path(name, &directory),
        build: &build,
    };
    language::load(SpecSource { path: path.to_owned(), text }, &loader, options).map(Loaded).map_err(|e| Mistake {
        text: e.to_string(),
        code: e.code().to_string(),
        message: e.message().to_owned(),
        location: e.location(),
    })
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
        let beside = candidates[0].display();
        let elsewhere = if candidates.len() > 1 { ", beside fbsim and along PATH" } else { "" };
        return Err(format!("the program {name:?} was not found; looked for {beside}{elsewhere}"));
    };
    let found = real_name(found).map_err(|e| format!("{}: {e}", found.display()))?;
    check_program(&found)?;
    Ok(found.to_string_lossy().into_owned())
}

/// A program's path without links, but for a link within its own directory: such a program looks at the name that it was
/// called by (redis-server, busybox).
fn real_name(path: &Path) -> std::io::Result<PathBuf> {
    let real = path.canonicalize()?;
    let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = directory.canonicalize()?.join(path.file_name().unwrap_or_default());
    Ok(if named.parent() == real.parent() { named } else { real })
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
