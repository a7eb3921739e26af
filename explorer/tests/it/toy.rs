//! Toy systems: everything a world is to the explorer, and nothing else.

use explorer::{Job, Runner, RunnerError};
use model::{
    Choices, EventHash, Failure, Hint, Kind, Outcome, Phase, ServiceId, Stream, ThreadId, Verdict, VirtualTime,
};

pub(crate) fn thread(tid: u32) -> Stream {
    Stream::thread(ThreadId { service: ServiceId(1), tid })
}

/// What a toy did, as a kernel would account for it.
#[derive(Debug)]
pub(crate) struct World {
    choices: Choices,
    hash: EventHash,
    events: u64,
}

impl World {
    pub(crate) fn new(job: &Job) -> World {
        let mut choices = Choices::new(job.source());
        choices.enter(Phase::Run);
        World { choices, hash: EventHash::default(), events: 0 }
    }
    pub(crate) fn event(&mut self, words: [u64; 2]) {
        self.hash.words(words);
        self.events += 1;
    }
    pub(crate) fn choose(&mut self, kind: Kind, stream: Stream, alternatives: u32, hint: Hint) -> u32 {
        let picked = self.choices.choose(kind, stream, alternatives, &[], hint);
        self.event([stream.0, u64::from(picked)]);
        picked
    }
    pub(crate) fn schedule(&mut self, kind: Kind, stream: Stream, candidates: &[Stream], hint: Hint) -> Stream {
        let picked = self.choices.choose(kind, stream, candidates.len() as u32, candidates, hint);
        candidates[picked as usize]
    }
    pub(crate) fn end(self, failed: bool) -> Outcome {
        let failure = Failure {
            kind: "assertion".into(),
            property: "planted".into(),
            message: "the planted bug showed".into(),
            at: None,
            location: None,
        };
        Outcome {
            verdict: if failed { Verdict::Failed(failure) } else { Verdict::Held },
            hash: self.hash,
            events: self.events,
            calls: self.events,
            choices: self.choices.taken().to_vec(),
            asked: self.choices.asked(),
            ended: VirtualTime::EPOCH,
        }
    }
}

/// Runs threads of so many steps each, in the ordinary run one after the other, until all are done or `fails` says that
/// the run has failed, given how many steps each thread has done and which thread did the last one.
fn interleave(job: &Job, threads: u32, steps: u32, mut fails: impl FnMut(&[u32], u32) -> bool) -> Outcome {
    let mut world = World::new(job);
    let mut done = vec![0; threads as usize];
    let mut current = 0;
    loop {
        done[current as usize] += 1;
        world.event([u64::from(current), u64::from(done[current as usize])]);
        if fails(&done, current) {
            return world.end(true);
        }
        let in_turn = (0..threads).map(|n| (current + n) % threads);
        let candidates: Vec<Stream> = in_turn.filter(|t| done[*t as usize] < steps).map(thread).collect();
        if candidates.is_empty() {
            return world.end(false);
        }
        let kind = if candidates[0] == thread(current) { Kind::Preempt } else { Kind::Next };
        current = world.schedule(kind, thread(current), &candidates, Hint::None).as_thread().tid;
    }
}

/// It fails if two steps of the first thread and two of the last are executed in the order a, b, a + 1, b + 1 (counted
/// from 0). This takes a preemption after a, to the last thread, and one after b, back to the first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threads {
    pub(crate) threads: u32,
    pub(crate) steps: u32,
    pub(crate) a: u32,
    pub(crate) b: u32,
}

impl Runner for Threads {
    fn run(&mut self, job: &Job) -> Result<Outcome, RunnerError> {
        let (a, b, last) = (self.a + 1, self.b + 1, self.threads - 1);
        let expected = [(0, a), (last, b), (0, a + 1), (last, b + 1)];
        let mut stage = 0;
        let outcome = interleave(job, self.threads, self.steps, |done, current| {
            // A step of the four that comes before its turn spoils it.
            match expected.iter().position(|at| *at == (current, done[current as usize])) {
                Some(position) if position == stage => stage += 1,
                Some(_) => stage = expected.len() + 1,
                None => {}
            }
            stage == expected.len()
        });
        Ok(outcome)
    }
}

/// It fails if the last thread does all its steps while the first thread has done exactly so many: a matter of leaving
/// threads alone for long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Late {
    pub(crate) threads: u32,
    pub(crate) steps: u32,
    pub(crate) at: u32,
}

impl Runner for Late {
    fn run(&mut self, job: &Job) -> Result<Outcome, RunnerError> {
        let mut before = 0;
        let outcome = interleave(job, self.threads, self.steps, |done, current| {
            if current == self.threads - 1 && done[current as usize] == 1 {
                before = done[0];
            }
            before == self.at && done[0] == self.at && done[self.threads as usize - 1] == self.steps
        });
        Ok(outcome)
    }
}

/// A buffer of one place between producers and consumers that wait with `if` where it should be `while`: one that was
/// woken does not look again whether another was faster. It fails if an item is taken from the empty buffer. A thread that
/// waits cannot run, so there are choices of who is next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    pub(crate) pairs: u32,
    pub(crate) items: u32,
}

/// Where a thread of [`Buffer`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Looks,
    Waits,
    Acts,
    Rests,
}

impl Runner for Buffer {
    fn run(&mut self, job: &Job) -> Result<Outcome, RunnerError> {
        let mut world = World::new(job);
        let threads = 2 * self.pairs;
        let produces = |t: u32| t < self.pairs;
        let mut state = vec![(At::Looks, self.items); threads as usize];
        let (mut full, mut current) = (false, 0);
        loop {
            let (at, left) = state[current as usize];
            world.event([u64::from(current), at as u64]);
            state[current as usize] = match at {
                At::Looks if full == produces(current) => (At::Waits, left),
                At::Looks => (At::Acts, left),
                At::Acts => {
                    if !full && !produces(current) {
                        return Ok(world.end(true));
                    }
                    full = produces(current);
                    let waits = |t: &u32| produces(*t) != produces(current) && state[*t as usize].0 == At::Waits;
                    if let Some(woken) = (0..threads).find(waits) {
                        state[woken as usize].0 = At::Acts;
                    }
                    (At::Rests, left - 1)
                }
                At::Rests => (At::Looks, left),
                At::Waits => unreachable!("a thread that waits is not run"),
            };
            let runs = |t: &u32| state[*t as usize].0 != At::Waits && state[*t as usize].1 > 0;
            let candidates: Vec<Stream> =
                (0..threads).map(|n| (current + n) % threads).filter(runs).map(thread).collect();
            if candidates.is_empty() {
                return Ok(world.end(false));
            }
            let kind = if candidates[0] == thread(current) { Kind::Preempt } else { Kind::Next };
            current = world.schedule(kind, thread(current), &candidates, Hint::None).as_thread().tid;
        }
    }
}

/// Five hundred questions about links, faults and transfers. It fails if one certain message is at least eight times as
/// slow as usual and one certain fault fires.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Messages;

impl Messages {
    pub(crate) const SLOW: (Kind, Stream, u32) = (Kind::Latency, Stream(4), 5);
    pub(crate) const FAULT: (Kind, Stream, u32) = (Kind::Fault, Stream(7), 3);
}

impl Runner for Messages {
    fn run(&mut self, job: &Job) -> Result<Outcome, RunnerError> {
        let mut world = World::new(job);
        let (mut slow, mut fault) = (false, false);
        for index in 0..10 {
            for stream in (0..30).map(Stream) {
                let picked = world.choose(Kind::Latency, stream, 8, Hint::None);
                slow |= (Kind::Latency, stream, index) == Self::SLOW && picked >= 3;
            }
            for stream in (0..10).map(Stream) {
                let picked = world.choose(Kind::Fault, stream, 2, Hint::Probability(100_000));
                fault |= (Kind::Fault, stream, index) == Self::FAULT && picked == 1;
            }
            for tid in 0..10 {
                world.choose(Kind::Transfer, thread(tid), 4, Hint::None);
            }
        }
        Ok(world.end(slow && fault))
    }
}

/// Two threads: one spins, giving way at each turn, until the other has taken ten steps. It never fails, but ends only
/// if the other thread gets to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spinner {
    /// Whether the kernel can tell that the thread gives way.
    pub(crate) hint: Hint,
}

impl Runner for Spinner {
    fn run(&mut self, job: &Job) -> Result<Outcome, RunnerError> {
        let mut world = World::new(job);
        let (mut current, mut steps) = (0, 0);
        for _ in 0..100_000 {
            if steps == 10 {
                return Ok(world.end(false));
            }
            steps += current;
            world.event([u64::from(current), u64::from(steps)]);
            let hint = if current == 0 { self.hint } else { Hint::None };
            let candidates = [thread(current), thread(1 - current)];
            current = world.schedule(Kind::Preempt, thread(current), &candidates, hint).as_thread().tid;
        }
        Err(RunnerError::Lost("the spinner starved the other thread".into()))
    }
}
