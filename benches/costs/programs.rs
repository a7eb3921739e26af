//! Building, finding and running programs.

use crate::measure::{Measured, Skip};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Nothing that is measured takes longer, unless it hangs.
const LIMIT: Duration = Duration::from_secs(300);

/// The programs that are measured.
#[derive(Debug)]
pub(crate) struct Programs {
    /// Where the guests of `benches/guests` were built.
    pub(crate) guests: PathBuf,
    cpus: CpuSet,
}

/// On how many CPUs something runs, with all its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cpus {
    /// One, so that nothing is gained or lost by waking up another.
    One,
    /// All there are.
    All,
}

/// The checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where fbsim and the services of the demo are.
pub(crate) fn built() -> &'static Path {
    fbsim_path().parent().expect("a program lies in a directory")
}

fn fbsim_path() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_fbsim"))
}

impl Programs {
    pub(crate) fn build() -> Programs {
        let guests = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
        std::fs::create_dir_all(&guests).expect("a directory for programs");
        for name in ["bare_sigsys", "calls", "families", "handoff", "relay"] {
            let source = root().join(format!("benches/guests/{name}.c"));
            let mut compile = Command::new("cc");
            compile.args(["-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"]).arg(guests.join(name)).arg(source);
            assert!(compile.status().is_ok_and(|s| s.success()), "cc builds {name}");
        }
        Programs { guests, cpus: sched_getaffinity(Pid::from_raw(0)).expect("the CPUs of this process") }
    }

    /// Where to run what is started next.
    pub(crate) fn on(&self, cpus: Cpus) {
        let last = (0..CpuSet::count()).rev().find(|cpu| self.cpus.is_set(*cpu).unwrap_or(false)).expect("a CPU");
        let mut one = CpuSet::new();
        one.set(last).expect("a number of a CPU");
        let set = if cpus == Cpus::One { one } else { self.cpus };
        sched_setaffinity(Pid::from_raw(0), &set).expect("a CPU of this process may be chosen");
    }

    /// A program of `benches/guests`.
    pub(crate) fn guest(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.guests.join(name));
        command.args(arguments);
        command
    }

    /// fbsim; finds the guests, and the services of the demo.
    pub(crate) fn fbsim(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(fbsim_path());
        let path = std::env::var("PATH").unwrap_or_default();
        command.args(arguments).current_dir(root()).env("PATH", format!("{}:{path}", self.guests.display()));
        command
    }

    /// A specification of `benches/specs`, run once in the ordinary way, with variables for its services.
    pub(crate) fn test(&self, spec: &str, variables: &[(&str, String)]) -> Command {
        let mut command = self.fbsim(&["test", spec, "--max-calls", "1000000000", "--output"]);
        command.arg(self.guests.join("failures"));
        for (name, value) in variables {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        command
    }
}

/// The same command under `fbsim run`.
pub(crate) fn inside(programs: &Programs, command: &Command) -> Command {
    let mut hosted = programs.fbsim(&["run", "--"]);
    hosted.arg(command.get_program()).args(command.get_args());
    hosted
}

/// Where a program is, if it is installed.
pub(crate) fn find(name: &str) -> Measured<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = path.split(':').map(|directory| Path::new(directory).join(name)).find(|p| p.is_file());
    found.ok_or_else(|| Skip(format!("{name} is not installed")))
}

/// The system's Python, rather than a version manager's script.
pub(crate) fn python() -> Measured<PathBuf> {
    let system = PathBuf::from("/usr/bin/python3");
    if system.is_file() { Ok(system) } else { find("python3") }
}

/// How long a command takes that must succeed, in seconds.
pub(crate) fn seconds(command: Command) -> Measured {
    Ok(run(command)?.0)
}

/// The only number that a command prints.
pub(crate) fn number_of(command: Command) -> Measured {
    let (_, output) = run(command)?;
    output.trim().parse().map_err(|_| Skip(format!("no number: {output:?}")))
}

/// How long a command takes, and what it prints. It must succeed.
pub(crate) fn run(mut command: Command) -> Measured<(f64, String)> {
    let name = command.get_program().to_string_lossy().rsplit('/').next().unwrap_or_default().to_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Instant::now();
    let mut child = command.spawn().map_err(|e| Skip(format!("{name}: {e}")))?;
    let watch = kill_after(&child, LIMIT);
    let errors = read_aside(child.stderr.take());
    let mut output = String::new();
    let _ = child.stdout.take().expect("a pipe").read_to_string(&mut output);
    let status = child.wait().map_err(|e| Skip(format!("{name}: {e}")))?;
    let took = started.elapsed().as_secs_f64();
    drop(watch);
    if status.success() {
        return Ok((took, output));
    }
    let errors = errors.recv().unwrap_or_default();
    let all: Vec<&str> = output.lines().chain(errors.lines()).map(str::trim).collect();
    let telling = all.iter().find(|l| ["boot:", "deadlock:", "assertion:", "fbsim:"].iter().any(|m| l.starts_with(m)));
    let said = telling.or(all.iter().rfind(|l| !l.is_empty())).copied().unwrap_or("says nothing");
    Err(Skip(format!("{name}: {status}: {said}")))
}

fn read_aside(from: Option<impl std::io::Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (to, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut from) = from {
            let _ = from.read_to_string(&mut text);
        }
        let _ = to.send(text);
    });
    receiver
}

/// Kills the child when the time is over, unless the answer is dropped before.
fn kill_after(child: &Child, limit: Duration) -> mpsc::Sender<()> {
    let (ended, end) = mpsc::channel::<()>();
    let pid = Pid::from_raw(child.id() as i32);
    std::thread::spawn(move || {
        if end.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        }
    });
    ended
}
