//! Workers: processes of this same program, one per CPU, that run worlds one after the other.
//!
//! ```text
//!   command ── Setup, Job, Job, … ──> worker (pinned, single thread, seccomp net)
//!           <── Ready, Outcome, … ──     └─ world ─ guests
//! ```
//!
//! A worker that dies is reported with the run it was at, and replaced.

pub(crate) mod wire;
pub(crate) mod worker;

use crate::exit::{Exit, Problem};
use crate::ui::matrix::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::io::BufReader;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use wire::{Frame, JobFrame, Ready, Setup};

/// Jobs that a worker has beside the one it runs, so that it never waits for the command.
const QUEUED: usize = 4;

/// What happened.
#[derive(Debug)]
pub(crate) enum News {
    /// A worker said something.
    Frame(usize, Frame),
    /// A worker is gone, with these jobs: the first one is what it was at.
    Died(usize, Vec<JobFrame>, String),
}

#[derive(Debug)]
struct Member {
    child: Child,
    stdin: Option<ChildStdin>,
    generation: u64,
    jobs: VecDeque<JobFrame>,
}

/// The workers of a command.
#[derive(Debug)]
pub(crate) struct Pool {
    setup: Setup,
    cpus: Vec<Option<usize>>,
    members: Vec<Member>,
    sender: Sender<(usize, u64, Option<Frame>)>,
    receiver: Receiver<(usize, u64, Option<Frame>)>,
    tests: Vec<String>,
    cells: BTreeMap<String, Cell>,
    next_generation: u64,
    /// What other workers said while one was awaited.
    heard: VecDeque<(usize, u64, Option<Frame>)>,
}

impl Pool {
    /// Starts workers and waits until they are ready.
    pub(crate) fn start(setup: Setup, cpus: Vec<Option<usize>>) -> Result<Pool, Problem> {
        let (sender, receiver) = channel();
        let mut pool = Pool {
            setup,
            cpus,
            members: Vec::new(),
            sender,
            receiver,
            tests: Vec::new(),
            cells: BTreeMap::new(),
            next_generation: 0,
            heard: VecDeque::new(),
        };
        for index in 0..pool.cpus.len() {
            let member = pool.spawn(index)?;
            pool.members.push(member);
        }
        for index in 0..pool.members.len() {
            let tests = pool.wait_ready(index)?;
            pool.tests = tests.iter().map(|(name, _)| name.clone()).collect();
            pool.cells = tests.into_iter().filter_map(|(name, cell)| Some((name, cell?))).collect();
        }
        Ok(pool)
    }
    /// The tests of the specification.
    pub(crate) fn tests(&self) -> &[String] {
        &self.tests
    }
    /// The cell of a matrix that a test is.
    pub(crate) fn cell(&self, test: &str) -> Option<&Cell> {
        self.cells.get(test)
    }
    /// How many workers there are.
    pub(crate) fn size(&self) -> usize {
        self.members.len()
    }
    fn spawn(&mut self, index: usize) -> Result<Member, Problem> {
        let program = std::env::current_exe().map_err(|e| Problem::internal(format!("where am I? {e}")))?;
        let mut command = Command::new(program);
        command
            .arg("worker")
            .args(["--parent", &std::process::id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        // The simulated kernel runs between two instructions of a guest: what it does not touch of the processor's wide
        // registers need not be saved. Restartable sequences would cost at every hand-off and nobody uses them.
        let narrow = "glibc.cpu.hwcaps=-AVX_Fast_Unaligned_Load,-AVX2,-AVX512F,-AVX512VL";
        command.env("GLIBC_TUNABLES", format!("{narrow}:glibc.pthread.rseq=0"));
        // The allocator of a worker's own heap neither looks at the clock, which traps in a guest's process, nor gives
        // memory back that the next run takes again.
        command.env("_RJEM_MALLOC_CONF", "dirty_decay_ms:-1,muzzy_decay_ms:-1,narenas:1");
        if let Some(cpu) = self.cpus[index] {
            command.args(["--cpu", &cpu.to_string()]);
        }
        let mut child =
            command.spawn().map_err(|e| Problem::internal(format!("a worker could not be started: {e}")))?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Problem::internal("a worker has no pipes"));
        };
        let generation = self.next_generation;
        self.next_generation += 1;
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            let mut from = BufReader::with_capacity(1 << 16, stdout);
            loop {
                let frame = Frame::read(&mut from).ok().flatten();
                let last = frame.is_none();
                if sender.send((index, generation, frame)).is_err() || last {
                    return;
                }
            }
        });
        // A worker that is gone already is noticed by its reader.
        let _ = Frame::Setup(self.setup.clone()).write(&mut stdin);
        Ok(Member { child, stdin: Some(stdin), generation, jobs: VecDeque::new() })
    }
    /// Waits until a worker is ready. What others say meanwhile is kept for [`Pool::news`].
    fn wait_ready(&mut self, index: usize) -> Result<Vec<(String, Option<Cell>)>, Problem> {
        let generation = self.members[index].generation;
        let mut kept = std::mem::take(&mut self.heard);
        let result = loop {
            let said = match kept.iter().position(|(i, g, f)| (*i, *g) == (index, generation) && is_first(f.as_ref())) {
                Some(at) => kept.remove(at).expect("found above"),
                None => match self.receiver.recv() {
                    Ok(said) => said,
                    Err(e) => break Err(Problem::internal(format!("the workers are gone: {e}"))),
                },
            };
            if (said.0, said.1) != (index, generation) {
                kept.push_back(said);
                continue;
            }
            match said.2 {
                Some(Frame::Ready(Ready::Tests(tests))) => break Ok(tests),
                Some(Frame::Ready(Ready::Spec(text))) => break Err(Problem::usage(text)),
                Some(Frame::Ready(Ready::Host(text))) => break Err(Problem { message: text, exit: Exit::Host }),
                Some(_) => {}
                None => {
                    let how = self.how_it_ended(index);
                    break Err(Problem::internal(format!("a worker ended before it was ready ({how})")));
                }
            }
        };
        self.heard = kept;
        result
    }
    fn how_it_ended(&mut self, index: usize) -> String {
        self.members[index].stdin = None;
        self.members[index].child.wait().map_or_else(|e| e.to_string(), |status| status.to_string())
    }
    /// The worker with the shortest queue, if any has room.
    pub(crate) fn idle(&self) -> Option<usize> {
        let (index, member) = self.members.iter().enumerate().min_by_key(|(_, m)| m.jobs.len())?;
        (member.jobs.len() <= QUEUED).then_some(index)
    }
    /// Gives a worker a job.
    pub(crate) fn give(&mut self, index: usize, job: JobFrame) {
        let member = &mut self.members[index];
        if let Some(stdin) = &mut member.stdin {
            let _ = Frame::Job(job.clone()).write(stdin);
        }
        member.jobs.push_back(job);
    }
    /// Waits for news.
    pub(crate) fn news(&mut self) -> Result<News, Problem> {
        loop {
            let next = match self.heard.pop_front() {
                Some(said) => Ok(said),
                None => self.receiver.recv_timeout(std::time::Duration::from_millis(200)),
            };
            let (index, generation, frame) = match next {
                Ok(news) => news,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    return Ok(News::Frame(0, Frame::Console(false, Vec::new())));
                }
                Err(e) => return Err(Problem::internal(format!("the workers are gone: {e}"))),
            };
            if self.members[index].generation != generation {
                continue;
            }
            let Some(frame) = frame else {
                let how = self.how_it_ended(index);
                let jobs = std::mem::take(&mut self.members[index].jobs);
                self.members[index] = self.spawn(index)?;
                self.wait_ready(index)?;
                return Ok(News::Died(index, jobs.into(), how));
            };
            let done = match &frame {
                Frame::Outcome(id, ..) | Frame::Comparison(id, _) | Frame::Tails(id, _) | Frame::Refused(id, _) => {
                    Some(*id)
                }
                _ => None,
            };
            if let Some(id) = done {
                self.members[index].jobs.retain(|job| job.id != id);
            }
            return Ok(News::Frame(index, frame));
        }
    }
    /// Gives one job to one worker and waits for its answer; console frames go to `console`.
    pub(crate) fn ask(&mut self, job: JobFrame, mut console: impl FnMut(bool, &[u8])) -> Result<Answer, Problem> {
        let id = job.id;
        let wants_trace = matches!(job.what, wire::What::Record { .. } | wire::What::Console { kept: Some(_) });
        self.give(0, job);
        let mut answer = None;
        loop {
            match self.news()? {
                News::Frame(_, Frame::Console(stderr, bytes)) => console(stderr, &bytes),
                News::Frame(_, Frame::Outcome(of, extras, bytes)) if of == id => {
                    let outcome = trace::wire::decode_outcome(&bytes)
                        .map_err(|e| Problem::internal(format!("a worker's answer is damaged: {e}")))?;
                    let found = Answer { outcome: Some(outcome), extras, ..Answer::default() };
                    if !wants_trace {
                        return Ok(found);
                    }
                    answer = Some(found);
                }
                News::Frame(_, Frame::Trace(of, bytes)) if of == id => {
                    let mut found = answer.unwrap_or_default();
                    found.trace = Some(bytes);
                    return Ok(found);
                }
                News::Frame(_, Frame::Comparison(of, comparison)) if of == id => {
                    return Ok(Answer { comparison: Some(comparison), ..Answer::default() });
                }
                News::Frame(_, Frame::Tails(of, tails)) if of == id => {
                    return Ok(Answer { tails: Some(tails), ..Answer::default() });
                }
                News::Frame(_, Frame::Refused(of, why)) if of == id => return Err(Problem::usage(why)),
                News::Died(_, _, how) => {
                    return Err(Problem::internal(format!("the worker died during the run ({how})")));
                }
                News::Frame(..) => {}
            }
        }
    }
}

/// Whether a frame is the first a worker says, or its end.
fn is_first(frame: Option<&Frame>) -> bool {
    frame.is_none_or(|f| matches!(f, Frame::Ready(_)))
}

impl Drop for Pool {
    fn drop(&mut self) {
        for member in &mut self.members {
            member.stdin = None;
            if !member.jobs.is_empty() {
                let _ = member.child.kill();
            }
            let _ = member.child.wait();
        }
    }
}

/// What came of one job.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) outcome: Option<model::Outcome>,
    pub(crate) extras: wire::Extras,
    pub(crate) trace: Option<Vec<u8>>,
    pub(crate) comparison: Option<wire::Comparison>,
    pub(crate) tails: Option<wire::Tails>,
}

/// CPUs this process may use.
pub(crate) fn cpus() -> Vec<usize> {
    let Ok(set) = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0)) else { return vec![0] };
    (0..nix::sched::CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).collect()
}
