//! Children that cannot hang and cannot be forgotten.
//!
//! ```text
//!   command ──> start ──> Started ──┬─ wait for a line, send a signal
//!                                   └─ finish ──> Ran: how it exited, what it printed
//! ```
//!
//! Every child carries a mark in its environment, which all that it starts inherit. When it is over nothing with that
//! mark may be alive; when its time is up everything with it is killed.

use super::{fbsim_path, root};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// The longest that a child may take, unless a test says otherwise.
const LIMIT: Duration = Duration::from_secs(120);
const MARK: &str = "FBSIM_IT_MARK";
static NEXT: AtomicU32 = AtomicU32::new(0);

/// How a command ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The command line.
    pub(crate) line: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Ran {
    /// The exit code, or 128 + the signal.
    pub(crate) fn code(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt as _;
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }
    /// Fails unless it exited with this code; in no case with a panic of fbsim itself.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Ran {
        assert!(!self.stderr.contains("panicked at"), "a panic\n{self}");
        assert!(self.code() == code, "expected exit code {code}\n{self}");
        self
    }
    /// Fails unless each of these texts was printed, to either stream.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Ran {
        for part in parts {
            assert!(self.stdout.contains(part) || self.stderr.contains(part), "expected {part:?}\n{self}");
        }
        self
    }
    /// Fails if this text was printed, to either stream.
    #[track_caller]
    pub(crate) fn omits(self, part: &str) -> Ran {
        assert!(!self.stdout.contains(part) && !self.stderr.contains(part), "did not expect {part:?}\n{self}");
        self
    }
    /// The rest of the first line of standard output that begins so, after spaces.
    #[track_caller]
    pub(crate) fn rest_of(&self, prefix: &str) -> &str {
        let found = self.stdout.lines().find_map(|l| l.trim_start().strip_prefix(prefix));
        found.unwrap_or_else(|| panic!("expected a line that begins with {prefix:?}\n{self}")).trim()
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Ran { line, status, stdout, stderr, took } = self;
        write!(f, "$ {line}\n{status} after {took:.1?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// fbsim with these arguments, in the root of the checkout.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(fbsim_path());
    command.args(args).current_dir(root()).env_remove("FBSIM_SEED");
    command
}

/// Runs fbsim in the root of the checkout.
#[track_caller]
pub(crate) fn fbsim(args: &[&str]) -> Ran {
    finish(command(args))
}

/// Runs fbsim in a directory.
#[track_caller]
pub(crate) fn fbsim_in(directory: &std::path::Path, args: &[&str]) -> Ran {
    let mut command = command(args);
    command.current_dir(directory);
    finish(command)
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn finish(command: Command) -> Ran {
    Started::new(command).finish(LIMIT)
}

/// Runs a command to its end, within a time.
#[track_caller]
pub(crate) fn finish_within(command: Command, limit: Duration) -> Ran {
    Started::new(command).finish(limit)
}

/// The same for a program that may leave orphans behind, which end by themselves: its own end and theirs are awaited.
#[track_caller]
pub(crate) fn finish_all_within(command: Command, limit: Duration) -> Ran {
    Started::new(command).finish_all(limit)
}

/// What is heard of a child.
enum Heard {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    /// One of its streams was closed by everyone who had it.
    Closed,
    Ended(std::io::Result<ExitStatus>),
}

/// Passes on what comes from a stream until everyone who has it has closed it.
fn listen(mut stream: impl std::io::Read + Send + 'static, which: fn(Vec<u8>) -> Heard, to: Sender<Heard>) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(n @ 1..) = stream.read(&mut buffer) {
            let _ = to.send(which(buffer[..n].to_vec()));
        }
        let _ = to.send(Heard::Closed);
    });
}

/// A child that runs.
pub(crate) struct Started {
    line: String,
    mark: String,
    pid: Pid,
    since: Instant,
    heard: Receiver<Heard>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    closed: u32,
    status: Option<ExitStatus>,
}

impl Started {
    /// Starts a command.
    #[track_caller]
    pub(crate) fn new(mut command: Command) -> Started {
        let mark = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let line = format!("{command:?}");
        command.env(MARK, &mark).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{line}: {e}"));
        let pid = Pid::from_raw(child.id().cast_signed());
        let (sender, heard) = channel();
        listen(child.stdout.take().expect("a pipe"), Heard::Stdout, sender.clone());
        listen(child.stderr.take().expect("a pipe"), Heard::Stderr, sender.clone());
        std::thread::spawn(move || sender.send(Heard::Ended(child.wait())));
        #[allow(clippy::disallowed_methods, reason = "how long a child takes is wall-clock time")]
        let since = Instant::now();
        Started { line, mark, pid, since, heard, stdout: Vec::new(), stderr: Vec::new(), closed: 0, status: None }
    }
    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid, signal).unwrap_or_else(|e| panic!("{}: {e}", self.line));
    }
    /// All living processes that it started, and itself.
    pub(crate) fn processes(&self) -> Vec<Pid> {
        marked(&self.mark)
    }
    /// How long ago it was started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }
    /// One of its children.
    #[track_caller]
    pub(crate) fn worker(&self) -> Pid {
        let path = format!("/proc/{0}/task/{0}/children", self.pid);
        let children = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let first = children.split_whitespace().next().and_then(|pid| pid.parse().ok());
        Pid::from_raw(first.unwrap_or_else(|| panic!("{} has no children\n{}", self.line, self.so_far())))
    }
    /// Sends it a signal, again and again, until it has ended; what it started may go on.
    #[track_caller]
    pub(crate) fn signal_until_the_end(&mut self, signal: Signal) -> Ran {
        while self.status.is_none() {
            let _ = kill(self.pid, signal);
            assert!(self.elapsed() < LIMIT, "it does not end\n{}", self.so_far());
            match self.heard.recv_timeout(Duration::from_millis(50)) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(heard) => self.take(heard),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.so_far()
    }
    /// Fails if anything that it started lives on; what is just ending may take a moment for it.
    #[track_caller]
    pub(crate) fn nothing_is_left(&mut self) {
        let limit = self.elapsed() + Duration::from_secs(3);
        while self.closed < 2 {
            match self.heard.recv_timeout(limit.saturating_sub(self.since.elapsed())) {
                Ok(heard) => self.take(heard),
                Err(_) => panic!("it left processes behind: {:?}", describe(&self.processes())),
            }
        }
    }
    /// Waits until it has printed something, to either stream.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, wanted: &str) {
        while !self.printed(wanted) {
            assert!(self.status.is_none(), "it ended before it printed {wanted:?}\n{}", self.so_far());
            self.hear(LIMIT);
        }
    }
    fn printed(&self, wanted: &str) -> bool {
        [&self.stdout, &self.stderr].iter().any(|text| String::from_utf8_lossy(text).contains(wanted))
    }
    /// Waits for its end, and checks that nothing of it is left.
    #[track_caller]
    pub(crate) fn finish(mut self, limit: Duration) -> Ran {
        while self.status.is_none() {
            self.hear(limit);
        }
        let left = describe(&self.processes());
        // A stream stays open as long as anything that it started has it.
        while self.closed < 2 {
            self.hear(limit);
        }
        let ran = self.so_far();
        assert!(left.is_empty(), "it left processes behind: {left:?}\n{ran}");
        ran
    }
    /// Waits for the end of all that it started, whether it waits for them itself or not.
    #[track_caller]
    pub(crate) fn finish_all(mut self, limit: Duration) -> Ran {
        while self.status.is_none() || self.closed < 2 {
            self.hear(limit);
        }
        self.so_far()
    }
    #[track_caller]
    fn hear(&mut self, limit: Duration) {
        match self.heard.recv_timeout(limit.saturating_sub(self.since.elapsed())) {
            Ok(heard) => self.take(heard),
            Err(e @ (RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected)) => {
                let alive = describe(&self.processes());
                self.kill_all();
                panic!("not over after {limit:?} ({e}); alive: {alive:?}\n{}", self.so_far());
            }
        }
    }
    fn take(&mut self, heard: Heard) {
        match heard {
            Heard::Stdout(bytes) => self.stdout.extend(bytes),
            Heard::Stderr(bytes) => self.stderr.extend(bytes),
            Heard::Closed => self.closed += 1,
            Heard::Ended(status) => self.status = Some(status.expect("a child that was started can be waited for")),
        }
    }
    /// Kills whatever of it is alive.
    pub(crate) fn kill_all(&self) {
        // Twice, for what was being started the first time.
        for _ in 0..2 {
            for pid in self.processes() {
                let _ = kill(pid, Signal::SIGKILL);
            }
        }
    }
    fn so_far(&self) -> Ran {
        Ran {
            line: self.line.clone(),
            status: self.status.unwrap_or_default(),
            stdout: String::from_utf8_lossy(&self.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&self.stderr).into_owned(),
            took: self.since.elapsed(),
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.status.is_none() || std::thread::panicking() {
            self.kill_all();
        }
    }
}

/// The living processes with a mark.
fn marked(mark: &str) -> Vec<Pid> {
    let wanted = format!("{MARK}={mark}");
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else { continue };
        // Neither what ended meanwhile nor what belongs to others can be read; a zombie has no environment.
        let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
        if environment.split(|b| *b == 0).any(|variable| variable == wanted.as_bytes()) {
            found.push(Pid::from_raw(pid));
        }
    }
    found
}

fn describe(pids: &[Pid]) -> Vec<String> {
    let line = |pid: &Pid| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        format!("{pid} {}", String::from_utf8_lossy(&words).replace('\0', " "))
    };
    pids.iter().map(line).collect()
}
