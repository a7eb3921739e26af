//! Choices: the only place where a run can go one way or another.
//!
//! `choose(kind, stream, n) -> 0..n`, and **0 is always the least surprising alternative**: keep running the current
//! thread, first in, first out, least delay, no fault. A run is fully described by its seed (for guest entropy) and
//! its non-zero choices, so a counterexample shrinks towards "the ordinary run, except for these few things".
//!
//! A choice is addressed by (kind, stream, index within the stream). Each stream counts its own questions, so
//! removing one choice does not shift the addresses of the others.
//!
//! ```text
//!   kernel ── Choices::choose ──> Source (a strategy | a recorded list | the ordinary run)
//!                 │ counts the index, remembers what was not 0
//! ```

use crate::ids::{ServiceId, ThreadId};
use crate::seed::Phase;
use std::collections::BTreeMap;
use std::fmt;

/// What a choice decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// After a call of a thread that could go on: 0 keeps it running, k runs the k-th other candidate.
    /// Stream: the thread; the index counts its calls.
    Preempt,
    /// The running thread cannot go on: 0 runs the candidate that has waited longest. Stream: that thread.
    Next,
    /// How long a segment travels: 0 is the link's least latency, k is `4^k` times that. Stream: the link.
    Latency,
    /// Whether a fault rule fires at a matching call: 0 no, 1 yes. Stream: the rule.
    Fault,
    /// How much of a stream read or write is transferred: 0 all that is possible, k a smaller part. Stream: the thread.
    Transfer,
    /// An alternative that the specification asked for. Stream: the question's number.
    Spec,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Kind; 6] = [Kind::Preempt, Kind::Next, Kind::Latency, Kind::Fault, Kind::Transfer, Kind::Spec];
    /// The number that stands for this kind on disk and in random streams. Never reused.
    pub fn number(self) -> u8 {
        match self {
            Kind::Preempt => 0,
            Kind::Next => 1,
            Kind::Latency => 2,
            Kind::Fault => 3,
            Kind::Transfer => 4,
            Kind::Spec => 5,
        }
    }
    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Kind> {
        Kind::ALL.get(usize::from(number)).copied()
    }
    /// True if the alternatives are threads (and [`Point::candidates`] names them).
    pub fn is_schedule(self) -> bool {
        matches!(self, Kind::Preempt | Kind::Next)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Preempt => "preempt",
            Kind::Next => "next",
            Kind::Latency => "latency",
            Kind::Fault => "fault",
            Kind::Transfer => "transfer",
            Kind::Spec => "spec",
        })
    }
}

/// Who is asking: a thread, a link or a fault rule, packed into 64 bits so that it can name a random stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream(pub u64);

impl Stream {
    /// No one in particular.
    pub const NONE: Stream = Stream(0);
    /// A thread.
    pub fn thread(id: ThreadId) -> Stream {
        Stream(u64::from(id.service.0) << 32 | u64::from(id.tid))
    }
    /// The thread this stream names, for [`Kind::Preempt`], [`Kind::Next`] and [`Kind::Transfer`].
    pub fn as_thread(self) -> ThreadId {
        ThreadId { service: ServiceId((self.0 >> 32) as u16), tid: self.0 as u32 }
    }
    /// One direction between two services.
    pub fn link(from: ServiceId, to: ServiceId) -> Stream {
        Stream(u64::from(from.0) << 32 | u64::from(to.0))
    }
    /// The two ends of a link, for [`Kind::Latency`].
    pub fn as_link(self) -> (ServiceId, ServiceId) {
        (ServiceId((self.0 >> 32) as u16), ServiceId(self.0 as u16))
    }
    /// A fault rule or a question of the specification, by number.
    pub fn numbered(number: u32) -> Stream {
        Stream(u64::from(number))
    }
}

/// What a source may want to know besides the number of alternatives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hint {
    /// Nothing.
    #[default]
    None,
    /// The running thread gave way by itself (`sched_yield`, a sleep): a fair strategy lets others run.
    Yield,
    /// The specification asks for this probability, in millionths, of an alternative other than 0.
    Probability(u32),
}

/// A question put to a [`Source`].
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// What is decided.
    pub kind: Kind,
    /// Who asks.
    pub stream: Stream,
    /// The how-manieth question of this kind in this stream, from 0.
    pub index: u32,
    /// How many alternatives there are; at least 1.
    pub alternatives: u32,
    /// For schedule kinds the thread behind each alternative, else empty.
    pub candidates: &'a [Stream],
    /// Advice.
    pub hint: Hint,
}

/// Answers choices. Implementations live in the arena of a world and are asked by whichever process runs the kernel,
/// so they hold plain data and do no I/O.
pub trait Source: fmt::Debug {
    /// An alternative in `0..point.alternatives`. Called only when there are at least two.
    fn choose(&mut self, point: &Point<'_>) -> u32;
}

/// The ordinary run: always alternative 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ordinary;

impl Source for Ordinary {
    fn choose(&mut self, _: &Point<'_>) -> u32 {
        0
    }
}

/// One answer that was not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Choice {
    /// What was decided.
    pub kind: Kind,
    /// Who asked.
    pub stream: Stream,
    /// The how-manieth question of its stream.
    pub index: u32,
    /// How many alternatives there were.
    pub alternatives: u32,
    /// The alternative taken; never 0.
    pub picked: u32,
    /// For schedule kinds the thread that was run, else [`Stream::NONE`].
    pub target: Stream,
}

impl Choice {
    /// Where in a run this choice stands.
    pub fn address(&self) -> (Kind, Stream, u32) {
        (self.kind, self.stream, self.index)
    }
}

/// Answers from a list; a question that is not on it gets 0. For schedule kinds the recorded *thread* is what counts,
/// so that an edited list still means what it says when the set of candidates differs a little.
#[derive(Debug, Default)]
pub struct Recorded {
    answers: BTreeMap<(Kind, Stream, u32), Choice>,
}

impl Recorded {
    /// A source that answers with these choices.
    pub fn new(choices: &[Choice]) -> Recorded {
        Recorded { answers: choices.iter().map(|c| (c.address(), *c)).collect() }
    }
}

impl Source for Recorded {
    fn choose(&mut self, point: &Point<'_>) -> u32 {
        let Some(choice) = self.answers.get(&(point.kind, point.stream, point.index)) else { return 0 };
        if point.kind.is_schedule() {
            return point.candidates.iter().position(|c| *c == choice.target).unwrap_or(0) as u32;
        }
        if choice.picked < point.alternatives { choice.picked } else { 0 }
    }
}

/// Asks the source, counts each stream's questions and remembers every answer that was not 0.
#[derive(Debug)]
pub struct Choices {
    source: Box<dyn Source>,
    phase: Phase,
    counters: BTreeMap<(Kind, Stream), u32>,
    taken: Vec<Choice>,
    asked: u64,
}

impl Choices {
    /// Starts in [`Phase::Boot`], where every answer is 0.
    pub fn new(source: Box<dyn Source>) -> Choices {
        Choices { source, phase: Phase::Boot, counters: BTreeMap::new(), taken: Vec::new(), asked: 0 }
    }
    /// Replaces who answers.
    pub fn set_source(&mut self, source: Box<dyn Source>) {
        self.source = source;
    }
    /// Enters a phase; the streams' counters start again, so that the length of the boot does not matter.
    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.counters.clear();
    }
    /// The phase of the run.
    pub fn phase(&self) -> Phase {
        self.phase
    }
    /// Decides. See [`Point`] for the arguments. With a single alternative the question is counted but not asked.
    ///
    /// # Panics
    /// If there is no alternative, or the source answers beyond them.
    pub fn choose(&mut self, kind: Kind, stream: Stream, alternatives: u32, candidates: &[Stream], hint: Hint) -> u32 {
        assert!(alternatives > 0, "{kind}: no alternatives");
        assert!(!kind.is_schedule() || candidates.len() == alternatives as usize, "{kind}: candidates must be named");
        if self.phase == Phase::Boot {
            return 0;
        }
        let counter = self.counters.entry((kind, stream)).or_insert(0);
        let index = *counter;
        *counter += 1;
        if alternatives == 1 {
            return 0;
        }
        self.asked += 1;
        let picked = self.source.choose(&Point { kind, stream, index, alternatives, candidates, hint });
        assert!(picked < alternatives, "{kind}: the source answered {picked} of {alternatives}");
        if picked != 0 {
            let target = candidates.get(picked as usize).copied().unwrap_or(Stream::NONE);
            self.taken.push(Choice { kind, stream, index, alternatives, picked, target });
        }
        picked
    }
    /// Every answer so far that was not 0, in the order of the run.
    pub fn taken(&self) -> &[Choice] {
        &self.taken
    }
    /// How many questions had more than one alternative.
    pub fn asked(&self) -> u64 {
        self.asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threads(n: u32) -> Vec<Stream> {
        (0..n).map(|tid| Stream::thread(ThreadId { service: ServiceId(1), tid })).collect()
    }

    #[derive(Debug)]
    struct Last;
    impl Source for Last {
        fn choose(&mut self, p: &Point<'_>) -> u32 {
            p.alternatives - 1
        }
    }

    #[test]
    fn boot_is_ordinary_and_a_run_replays_from_its_choices() {
        let c = threads(3);
        let run = |source: Box<dyn Source>| {
            let mut choices = Choices::new(source);
            assert_eq!(choices.choose(Kind::Preempt, c[0], 3, &c, Hint::None), 0);
            choices.enter(Phase::Run);
            let picks: Vec<u32> = (0..4).map(|i| choices.choose(Kind::Preempt, c[i % 3], 3, &c, Hint::None)).collect();
            (picks, choices.taken().to_vec())
        };
        let (picks, taken) = run(Box::new(Last));
        assert_eq!(picks, [2, 2, 2, 2]);
        assert_eq!(taken[3].index, 1, "the fourth question is the second of its stream");
        assert_eq!(run(Box::new(Recorded::new(&taken))).0, picks);
    }

    #[test]
    fn a_recorded_thread_is_found_among_other_candidates() {
        let c = threads(3);
        let choice = Choice { kind: Kind::Next, stream: c[0], index: 0, alternatives: 3, picked: 2, target: c[2] };
        let mut source = Recorded::new(&[choice]);
        let candidates = [c[2], c[1]];
        let mut ask = |candidates: &[Stream]| {
            let alternatives = candidates.len() as u32;
            source.choose(&Point {
                kind: Kind::Next,
                stream: c[0],
                index: 0,
                alternatives,
                candidates,
                hint: Hint::None,
            })
        };
        assert_eq!(ask(&candidates), 0);
        assert_eq!(ask(&[c[1], c[2]]), 1);
        assert_eq!(ask(&[c[1], c[0]]), 0, "a thread that cannot run is not run");
    }
}
