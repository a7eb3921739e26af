//! Runs one world live under control: builds it, lets its driver drive it, judges how it ended and, when asked to,
//! records it as a trace.
//!
//! ```text
//!   run     World::new ─> driver(&world) ─> Verdict ─> Outcome            the path of a seed that holds
//!   Booted  World::rewind ─> driver(&world) ─> …                          the same without a boot of its own
//!   record  the same, then header, events and outcome ─> trace bytes      for runs that are kept
//!   branched (branch.rs)  the same, and at chosen events World::branch    for what might have come of them
//! ```
//!
//! A run that is to be kept is run again with recording: a seed that holds never pays for it.

mod branch;

pub use branch::{Branched, Tails, branched};

use guest::world::Remains;
use guest::{Boots, Console, World, WorldOptions};
use kernel::Ending;
use model::{Failure, Outcome, Source, Verdict};
use trace::{Header, TraceWriter};

/// A run that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Judgement, hash, choices.
    pub outcome: Outcome,
    /// What else the world left behind.
    pub remains: Remains,
}

/// Why a trace could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the trace could not be written")]
pub struct RecordError(#[source] trace::WriteError);

/// Runs a world and judges it. `source` is called in the arena; `driver` drives the world to its verdict.
pub fn run(
    options: WorldOptions,
    console: Option<Console>,
    source: impl FnOnce() -> Box<dyn Source>,
    driver: impl FnOnce(&World) -> Verdict,
) -> Finished {
    let world = World::new(options, console, source);
    let verdict = driver(&world);
    finish(world, verdict)
}

/// Runs worlds one after the other, from the end of one boot where they have it in common.
#[derive(Debug, Default)]
pub struct Booted {
    world: Option<World>,
}

impl Booted {
    /// Runs a world and judges it, as [`run`] does. All calls are about the same plan.
    pub fn run(
        &mut self,
        options: WorldOptions,
        source: impl Fn() -> Box<dyn Source>,
        driver: impl FnOnce(&World) -> Verdict,
    ) -> Finished {
        let kept = self.world.take().map(|mut world| {
            let rewound = world.rewind(options.seed, &source);
            (world, rewound)
        });
        let world = match kept {
            Some((world, true)) => world,
            other => {
                if let Some((lost, _)) = other {
                    lost.finish();
                }
                World::new(WorldOptions { boots: Boots::Shared, ..options }, None, source)
            }
        };
        let verdict = driver(&world);
        let finished = judged(world.remains(), verdict);
        if world.can_rewind() && !matches!(finished.remains.ending, Some(Ending::Internal(_))) {
            self.world = Some(world);
        } else {
            world.finish();
        }
        finished
    }
    /// Takes down what is kept.
    pub fn forget(&mut self) {
        if let Some(world) = self.world.take() {
            world.finish();
        }
    }
}

/// Runs a world, judges it and records it.
///
/// # Errors
/// If the trace cannot be written; the run itself cannot fail.
pub fn record(
    options: WorldOptions,
    source: impl FnOnce() -> Box<dyn Source>,
    driver: impl FnOnce(&World) -> Verdict,
    header: &Header,
) -> Result<(Finished, Vec<u8>), RecordError> {
    let world = World::new(options, None, source);
    let verdict = driver(&world);
    let mut writer = TraceWriter::new(Vec::new(), header).map_err(RecordError)?;
    let mut problem = None;
    world.each(|event| {
        if problem.is_none() {
            problem = writer.event(event).err();
        }
    });
    if let Some(problem) = problem {
        return Err(RecordError(problem));
    }
    let finished = finish(world, verdict);
    let bytes = writer.finish(&finished.outcome).map_err(RecordError)?;
    Ok((finished, bytes))
}

fn finish(world: World, verdict: Verdict) -> Finished {
    judged(world.finish(), verdict)
}

fn judged(remains: Remains, verdict: Verdict) -> Finished {
    let outcome = Outcome {
        verdict: judge(verdict, &remains),
        hash: remains.hash,
        events: remains.events,
        calls: remains.calls,
        choices: remains.choices.clone(),
        asked: remains.asked,
        ended: remains.ended,
    };
    Finished { outcome, remains }
}

/// A bound that was reached leaves the question open, whatever the driver made of it.
fn judge(verdict: Verdict, remains: &Remains) -> Verdict {
    match (&remains.ending, verdict) {
        (Some(Ending::Limit(what)), _) => Verdict::Inconclusive(format!("the limit of {what} was reached")),
        (Some(Ending::Internal(what)), Verdict::Failed(failure)) if failure.kind != "internal" => {
            Verdict::Failed(Failure { kind: "internal".to_owned(), message: what.clone(), ..failure })
        }
        (_, verdict) => verdict,
    }
}
