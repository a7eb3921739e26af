//! Runs a world from a recorded trace and compares every event; stops at the first difference and shows both sides.
//!
//! The world is given the recorded choices and the recorded chain of hashes. It ends by itself soon after the chains
//! part; then the events themselves are compared from the start, so the difference that is shown is the first one.

use guest::{World, WorldOptions};
use model::choice::Recorded;
use model::{Event, EventIndex, Outcome, Verdict};
use trace::Trace;

/// What a replay came to.
#[derive(Debug)]
pub struct Replayed {
    /// How the replayed run ended.
    pub outcome: Outcome,
    /// How many events were compared. Never 0 for a replay that counts.
    pub compared: u64,
    /// Where it departed from the recording, if it did.
    pub divergence: Option<Divergence>,
}

/// The first difference between a recording and its replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// At which event.
    pub at: EventIndex,
    /// The recorded side; `None` if the recording had ended.
    pub recorded: Option<Event>,
    /// The replayed side; `None` if the replay ended before.
    pub replayed: Option<Event>,
    /// What differs, in words.
    pub what: String,
}

/// Why a recording cannot be replayed at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// Comparing nothing proves nothing.
    #[error("the recording holds no events, so a replay would compare nothing")]
    Empty,
}

/// Replays a recording, or as much of it as was read. `options` describe the same world; `driver` drives it as the recorded run was driven.
///
/// # Errors
/// If there is nothing to compare.
pub fn replay(
    trace: &Trace,
    mut options: WorldOptions,
    driver: impl FnOnce(&World) -> Verdict,
) -> Result<Replayed, ReplayError> {
    if trace.events.is_empty() {
        return Err(ReplayError::Empty);
    }
    options.seed = trace.header.seed;
    options.expected = Some(trace.events.iter().map(|e| e.hash).collect());
    let choices = trace.choices().to_vec();
    let world = World::new(options, None, || Box::new(Recorded::new(&choices)));
    let verdict = driver(&world);
    let mut divergence = None;
    let mut compared = 0;
    let mut recorded = trace.events.iter();
    // Of a recording that was not read to its end nothing is known about what follows.
    let part = (trace.events.len() as u64) < trace.outcome.events;
    world.each(|event| {
        if divergence.is_some() || part && recorded.len() == 0 {
            return;
        }
        compared += 1;
        match recorded.next() {
            Some(expected) if trace::same_event(expected, event) => {}
            expected => divergence = Some(difference(expected, Some(event))),
        }
    });
    if divergence.is_none()
        && let Some(expected) = recorded.next()
    {
        divergence = Some(difference(Some(expected), None));
    }
    let remains = world.finish();
    if divergence.is_none() && !part && remains.hash != trace.outcome.hash {
        divergence = Some(Divergence {
            at: EventIndex(compared),
            recorded: None,
            replayed: None,
            what: format!(
                "every event is the same, but the final hash is {} instead of {}",
                remains.hash, trace.outcome.hash
            ),
        });
    }
    let outcome = Outcome {
        verdict,
        hash: remains.hash,
        events: remains.events,
        calls: remains.calls,
        choices: remains.choices,
        asked: remains.asked,
        ended: remains.ended,
    };
    Ok(Replayed { outcome, compared, divergence })
}

fn difference(recorded: Option<&Event>, replayed: Option<&Event>) -> Divergence {
    let at = recorded.or(replayed).map_or(EventIndex(0), |e| e.index);
    let what = match (recorded, replayed) {
        (Some(_), None) => "the replay ended before the recording".to_owned(),
        (None, _) => "the replay went on after the recording had ended".to_owned(),
        (Some(a), Some(b)) if a.thread != b.thread => "another thread acted".to_owned(),
        (Some(a), Some(b)) if a.at != b.at => "the virtual time differs".to_owned(),
        (Some(a), Some(b)) if a.body != b.body => "the event differs".to_owned(),
        _ => "the registers or the bytes behind the event differ".to_owned(),
    };
    Divergence { at, recorded: recorded.cloned(), replayed: replayed.cloned(), what }
}
