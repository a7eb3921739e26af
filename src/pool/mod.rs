//! Workers: forks of the command, one per CPU, that run worlds one after the other.
//!
//! ```text
//!   command ── Job, Job, … ──> worker (pinned, single thread, seccomp net)
//!           <── Ready, Outcome, … ──     └─ world ─ guests
//! ```
//!
//! A worker that dies is reported with the run it was at, and replaced. The command has a single thread: it waits for
//! all workers at once, and so a fork of it is whole at any time.

pub(crate) mod wire;
pub(crate) mod worker;

use crate::exit::{Exit, Problem};
use crate::ui::matrix::Cell;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufReader, PipeReader, PipeWriter, Write as _};
use std::os::fd::AsFd as _;
use wire::{Frame, JobFrame, Ready, Setup, System};

/// Jobs that a worker has beside the one it runs, so that it never waits for the command.
const QUEUED: usize = 4;
/// How long the command waits for news before it looks after other things.
const PATIENCE_MILLIS: u16 = 200;

/// What happened.
#[derive(Debug)]
pub(crate) enum News {
    /// Nothing for a while, or nothing that concerns a job.
    Nothing,
    /// A worker said something.
    Frame(usize, Frame),
    /// A worker is gone, with these jobs: the first one is what it was at.
    Died(usize, Vec<JobFrame>, String),
}

#[derive(Debug)]
struct Member {
    process: Pid,
    /// Where its jobs go; a worker without ends when it has done what it has. Never waits.
    to: Option<PipeWriter>,
    from: BufReader<PipeReader>,
    /// Whether it has said anything yet; one that runs a single program begins with what comes of that.
    ready: bool,
    /// Whether it has said everything that it ever will.
    silent: bool,
    jobs: VecDeque<JobFrame>,
}

/// The workers of a command.
#[derive(Debug)]
pub(crate) struct Pool {
    setup: Setup,
    cpus: Vec<Option<usize>>,
    members: Vec<Member>,
    tests: Vec<String>,
    cells: BTreeMap<String, Cell>,
    /// What workers have said, in the order in which they were heard; nothing is the end of a worker.
    heard: VecDeque<(usize, Option<Frame>)>,
}

impl Pool {
    /// Starts workers, and waits until they have read the specification, if there is one.
    pub(crate) fn start(setup: Setup, cpus: Vec<Option<usize>>) -> Result<Pool, Problem> {
        let mut pool = Pool {
            setup,
            cpus,
            members: Vec::new(),
            tests: Vec::new(),
            cells: BTreeMap::new(),
            heard: VecDeque::new(),
        };
        for index in 0..pool.cpus.len() {
            let member = pool.spawn(index)?;
            pool.members.push(member);
        }
        if matches!(pool.setup.system, System::Spec { .. }) {
            while pool.members.iter().any(|member| !member.ready) {
                pool.news()?;
            }
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
    fn spawn(&self, index: usize) -> Result<Member, Problem> {
        let failed = |e: io::Error| Problem::internal(format!("a worker could not be started: {e}"));
        let (jobs, to) = io::pipe().map_err(failed)?;
        let (from, answers) = io::pipe().map_err(failed)?;
        fcntl(&to, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(|e| failed(e.into()))?;
        let serve = || worker::serve(&self.setup, self.cpus[index]);
        let process = guest::worker::fork(jobs.as_fd(), answers.as_fd(), serve).map_err(failed)?;
        Ok(Member {
            process: Pid::from_raw(process),
            to: Some(to),
            from: BufReader::with_capacity(1 << 16, from),
            ready: matches!(self.setup.system, System::Program { .. }),
            silent: false,
            jobs: VecDeque::new(),
        })
    }
    /// Hears what workers say, waiting for it if there is nothing yet; or until `writable` takes more.
    fn listen(&mut self, patience: PollTimeout, writable: Option<usize>) -> Result<(), Problem> {
        let said = |member: &Member| !member.silent && !member.from.buffer().is_empty();
        let mut speaking: Vec<usize> = (0..self.members.len()).filter(|i| said(&self.members[*i])).collect();
        if speaking.is_empty() {
            let listened: Vec<usize> = (0..self.members.len()).filter(|i| !self.members[*i].silent).collect();
            let of = |i: &usize| PollFd::new(self.members[*i].from.get_ref().as_fd(), PollFlags::POLLIN);
            let mut polled: Vec<PollFd<'_>> = listened.iter().map(of).collect();
            let to = writable.and_then(|i| self.members[i].to.as_ref());
            polled.extend(to.map(|to| PollFd::new(to.as_fd(), PollFlags::POLLOUT)));
            match poll(&mut polled, patience) {
                // A signal: who waits looks what it was.
                Ok(_) | Err(nix::Error::EINTR) => {}
                Err(e) => return Err(Problem::internal(format!("the workers cannot be waited for: {e}"))),
            }
            let spoke = |fd: &PollFd<'_>| fd.any().unwrap_or(false);
            speaking = listened.into_iter().zip(&polled).filter(|(_, fd)| spoke(fd)).map(|(i, _)| i).collect();
        }
        for index in speaking {
            let member = &mut self.members[index];
            // What breaks off is as good as nothing.
            let frame = Frame::read(&mut member.from).ok().flatten();
            member.silent = frame.is_none();
            self.heard.push_back((index, frame));
        }
        Ok(())
    }
    /// Waits for the end of a worker and tells how it was.
    fn how_it_ended(&mut self, index: usize) -> String {
        self.members[index].to = None;
        match waitpid(self.members[index].process, None) {
            Ok(WaitStatus::Exited(_, code)) => format!("exit status: {code}"),
            Ok(WaitStatus::Signaled(_, signal, _)) => format!("signal: {} ({signal})", signal as i32),
            Ok(other) => format!("{other:?}"),
            Err(e) => e.to_string(),
        }
    }
    /// The worker with the shortest queue, if any has room.
    pub(crate) fn idle(&self) -> Option<usize> {
        let (index, member) = self.members.iter().enumerate().min_by_key(|(_, m)| m.jobs.len())?;
        (member.jobs.len() <= QUEUED).then_some(index)
    }
    /// Gives a worker a job.
    pub(crate) fn give(&mut self, index: usize, job: JobFrame) -> Result<(), Problem> {
        let mut bytes = Vec::new();
        let encoded = Frame::Job(job.clone()).write(&mut bytes);
        encoded.map_err(|e| Problem::internal(format!("a job could not be written: {e}")))?;
        self.members[index].jobs.push_back(job);
        let mut rest = &bytes[..];
        while !rest.is_empty()
            && let Some(to) = &mut self.members[index].to
        {
            match to.write(rest) {
                Ok(n) => rest = &rest[n..],
                // It may itself be waiting until somebody takes what it says.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.listen(PollTimeout::NONE, Some(index))?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // A worker that is gone says nothing more, which is heard.
                Err(_) => break,
            }
        }
        Ok(())
    }
    /// Waits for news.
    pub(crate) fn news(&mut self) -> Result<News, Problem> {
        if self.heard.is_empty() {
            self.listen(PollTimeout::from(PATIENCE_MILLIS), None)?;
        }
        let Some((index, frame)) = self.heard.pop_front() else { return Ok(News::Nothing) };
        let Some(frame) = frame else {
            let how = self.how_it_ended(index);
            if !self.members[index].ready {
                return Err(Problem::internal(format!("a worker ended before it was ready ({how})")));
            }
            let jobs = std::mem::take(&mut self.members[index].jobs);
            self.members[index] = self.spawn(index)?;
            return Ok(News::Died(index, jobs.into(), how));
        };
        // Who cannot run worlds says nothing but that.
        self.members[index].ready = true;
        let done = match &frame {
            Frame::Outcome(id, ..) | Frame::Comparison(id, _) | Frame::Tails(id, _) | Frame::Refused(id, _) => *id,
            Frame::Ready(ready) => return self.is_ready(ready.clone()).map(|()| News::Nothing),
            _ => return Ok(News::Frame(index, frame)),
        };
        self.members[index].jobs.retain(|job| job.id != done);
        Ok(News::Frame(index, frame))
    }
    fn is_ready(&mut self, ready: Ready) -> Result<(), Problem> {
        match ready {
            Ready::Spec(text) => Err(Problem::usage(text)),
            Ready::Host(message) => Err(Problem { message, exit: Exit::Host }),
            Ready::Tests(tests) => {
                self.tests = tests.iter().map(|(name, _)| name.clone()).collect();
                self.cells = tests.into_iter().filter_map(|(name, cell)| Some((name, cell?))).collect();
                Ok(())
            }
        }
    }
    /// Gives one job to the first worker and waits for its answer; console frames go to `console`.
    pub(crate) fn ask(&mut self, job: JobFrame, console: impl FnMut(bool, &[u8])) -> Result<Answer, Problem> {
        let (id, wants_trace) = (job.id, job.what.wants_trace());
        self.give(0, job)?;
        self.answer(id, wants_trace, console)
    }
    /// As [`Pool::ask`]; the worker ends when it has answered.
    pub(crate) fn ask_last(&mut self, job: JobFrame, console: impl FnMut(bool, &[u8])) -> Result<Answer, Problem> {
        let (id, wants_trace) = (job.id, job.what.wants_trace());
        self.give(0, job)?;
        self.members[0].to = None;
        self.answer(id, wants_trace, console)
    }
    fn answer(&mut self, id: u64, wants_trace: bool, mut console: impl FnMut(bool, &[u8])) -> Result<Answer, Problem> {
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
                News::Nothing | News::Frame(..) => {}
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for member in &mut self.members {
            member.to = None;
            if !member.jobs.is_empty() {
                // It may have ended already.
                let _ = kill(member.process, Signal::SIGKILL);
            }
        }
        for member in &self.members {
            let _ = waitpid(member.process, None);
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
