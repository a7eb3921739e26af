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
//! A run that is to be kept is run again with recording: a seed that holds never pays for it. A run in which a loop keeps
//! others from going on begins again with its turns counted ([`again`]).

mod again;
mod branch;
mod files;

pub use branch::{Branched, Tails, branched};
pub use files::{ChangedFile, FILE, Fingerprints, changed_file};

use again::{Shared, begins_again};
use guest::world::Remains;
use guest::{Boots, Console, World, WorldOptions};
use kernel::Ending;
use model::{Failure, LoopSite, Outcome, Source, Verdict};
use trace::{Header, TraceWriter};

/// A run that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Judgement, hash, choices.
    pub outcome: Outcome,
    /// What else the world left behind.
    pub remains: Remains,
    /// The loops whose turns were counted: those of the options, and what had to be added.
    pub loops: Vec<LoopSite>,
}

/// Why a trace could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the trace could not be written")]
pub struct RecordError(#[source] trace::WriteError);

/// Runs a world and judges it. `source` is called in the arena; `driver` drives the world to its verdict.
pub fn run(
    mut options: WorldOptions,
    console: Option<Console>,
    source: impl Fn() -> Box<dyn Source>,
    driver: impl Fn(&World) -> Verdict,
) -> Finished {
    let console = console.map(Shared::new);
    loop {
        let world = World::new(options.clone(), console.as_ref().map(Shared::attempt), &source);
        let verdict = driver(&world);
        let remains = world.finish();
        if !begins_again(&mut options, &remains) {
            return judged(remains, verdict, options.loops);
        }
    }
}

/// Runs worlds one after the other, from the end of one boot where they have it in common.
#[derive(Debug, Default)]
pub struct Booted {
    world: Option<World>,
    /// The loops that are counted in it.
    loops: Vec<LoopSite>,
}

impl Booted {
    /// Runs a world and judges it, as [`run`] does. All calls are about the same plan.
    pub fn run(
        &mut self,
        mut options: WorldOptions,
        source: impl Fn() -> Box<dyn Source>,
        driver: impl Fn(&World) -> Verdict,
    ) -> Finished {
        if options.loops != self.loops {
            self.forget();
        }
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
                self.loops.clone_from(&options.loops);
                World::new(WorldOptions { boots: Boots::Shared, ..options.clone() }, None, &source)
            }
        };
        let verdict = driver(&world);
        let remains = world.remains();
        if begins_again(&mut options, &remains) {
            // Other seeds may do without it: they begin from a boot of their own.
            world.finish();
            return run(options, None, source, driver);
        }
        let finished = judged(remains, verdict, options.loops);
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

/// Runs a world, judges it and records it. The loops that are counted are facts of its header, and so
/// are the host's files that it has used. What goes to the console is passed on as [`run`] does.
///
/// # Errors
/// If the trace cannot be written; the run itself cannot fail.
pub fn record(
    mut options: WorldOptions,
    console: Option<Console>,
    source: impl Fn() -> Box<dyn Source>,
    driver: impl Fn(&World) -> Verdict,
    header: &Header,
) -> Result<(Finished, Vec<u8>), RecordError> {
    let console = console.map(Shared::new);
    loop {
        let world = World::new(options.clone(), console.as_ref().map(Shared::attempt), &source);
        let verdict = driver(&world);
        let remains = world.remains();
        if begins_again(&mut options, &remains) {
            world.finish();
            continue;
        }
        let mut header = header.clone();
        header.facts.extend(options.loops.iter().map(|site| (LOOP.to_owned(), site.to_string())));
        header.facts.extend(files::facts(world.files()));
        let mut writer = TraceWriter::new(Vec::new(), &header).map_err(RecordError)?;
        let mut problem = None;
        world.each(|event| {
            if problem.is_none() {
                problem = writer.event(event).err();
            }
        });
        if let Some(problem) = problem {
            return Err(RecordError(problem));
        }
        let finished = judged(world.finish(), verdict, options.loops);
        let bytes = writer.finish(&finished.outcome).map_err(RecordError)?;
        return Ok((finished, bytes));
    }
}

/// The fact of a trace's header that names a counted loop.
pub const LOOP: &str = "loop";

fn judged(remains: Remains, verdict: Verdict, loops: Vec<LoopSite>) -> Finished {
    let outcome = Outcome {
        verdict: judge(verdict, &remains),
        hash: remains.hash,
        events: remains.events,
        calls: remains.calls,
        choices: remains.choices.clone(),
        asked: remains.asked,
        ended: remains.ended,
    };
    Finished { outcome, remains, loops }
}

/// A bound that was reached leaves the question open, whatever the driver made of it.
fn judge(verdict: Verdict, remains: &Remains) -> Verdict {
    match (&remains.ending, verdict) {
        (Some(Ending::Limit(what)), verdict) => {
            let at = if let Verdict::Failed(failure) = verdict { failure.location } else { None };
            let at = at.map(|at| format!(", while the test was at {at}")).unwrap_or_default();
            Verdict::Inconclusive(format!("the limit of {what}{at}"))
        }
        (Some(Ending::Internal(what)), Verdict::Failed(failure)) if failure.kind != "internal" => {
            Verdict::Failed(Failure { kind: "internal".to_owned(), message: what.clone(), ..failure })
        }
        (_, verdict) => verdict,
    }
}
