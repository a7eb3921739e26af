//! Choices and outcomes as bytes: the content of those blocks in a trace, and the form in which they travel between the
//! processes of one fbsim. There is no version in them; a trace has its own, and both ends of a pipe are one program.

use crate::codec;
use crate::error::Malformed;
use model::{Choice, EventHash, EventIndex, Failure, Kind, Outcome, Stream, Verdict, VirtualTime};
use serde::{Deserialize, Serialize};

const HELD: u8 = 0;
const FAILED: u8 = 1;
const INCONCLUSIVE: u8 = 2;

#[derive(Serialize, Deserialize)]
struct WireChoice {
    /// [`Kind::number`].
    kind: u8,
    stream: u64,
    index: u32,
    alternatives: u32,
    picked: u32,
    target: u64,
}

#[derive(Serialize, Deserialize)]
struct WireOutcome {
    verdict: u8,
    /// Only if it failed.
    failure: Option<WireFailure>,
    /// Only if it is inconclusive.
    reason: Option<String>,
    hash: u64,
    events: u64,
    calls: u64,
    asked: u64,
    ended: u64,
}

#[derive(Serialize, Deserialize)]
struct WireFailure {
    kind: String,
    property: String,
    message: String,
    at: Option<u64>,
    location: Option<String>,
}

impl From<&Choice> for WireChoice {
    fn from(choice: &Choice) -> Self {
        WireChoice {
            kind: choice.kind.number(),
            stream: choice.stream.0,
            index: choice.index,
            alternatives: choice.alternatives,
            picked: choice.picked,
            target: choice.target.0,
        }
    }
}

impl TryFrom<WireChoice> for Choice {
    type Error = Malformed;
    fn try_from(wire: WireChoice) -> Result<Choice, Malformed> {
        let unknown = Malformed::UnknownTag { what: "kind of choice", tag: u64::from(wire.kind) };
        let kind = Kind::from_number(wire.kind).ok_or(unknown)?;
        if wire.picked == 0 || wire.picked >= wire.alternatives {
            return Err(Malformed::UnknownTag { what: "alternative of its choice", tag: u64::from(wire.picked) });
        }
        Ok(Choice {
            kind,
            stream: Stream(wire.stream),
            index: wire.index,
            alternatives: wire.alternatives,
            picked: wire.picked,
            target: Stream(wire.target),
        })
    }
}

impl From<&Outcome> for WireOutcome {
    fn from(outcome: &Outcome) -> Self {
        let (verdict, failure, reason) = match &outcome.verdict {
            Verdict::Held => (HELD, None, None),
            Verdict::Failed(failure) => (FAILED, Some(failure.clone().into()), None),
            Verdict::Inconclusive(reason) => (INCONCLUSIVE, None, Some(reason.clone())),
        };
        WireOutcome {
            verdict,
            failure,
            reason,
            hash: outcome.hash.0,
            events: outcome.events,
            calls: outcome.calls,
            asked: outcome.asked,
            ended: outcome.ended.0,
        }
    }
}

impl WireOutcome {
    fn with_choices(self, choices: Vec<Choice>) -> Result<Outcome, Malformed> {
        let verdict = match (self.verdict, self.failure, self.reason) {
            (HELD, None, None) => Verdict::Held,
            (FAILED, Some(failure), None) => Verdict::Failed(failure.into()),
            (INCONCLUSIVE, None, Some(reason)) => Verdict::Inconclusive(reason),
            (tag, ..) => {
                return Err(Malformed::UnknownTag { what: "verdict", tag: u64::from(tag) });
            }
        };
        Ok(Outcome {
            verdict,
            hash: EventHash(self.hash),
            events: self.events,
            calls: self.calls,
            choices,
            asked: self.asked,
            ended: VirtualTime(self.ended),
        })
    }
}

impl From<Failure> for WireFailure {
    fn from(failure: Failure) -> Self {
        let Failure { kind, property, message, at, location } = failure;
        WireFailure { kind, property, message, at: at.map(|index| index.0), location }
    }
}

impl From<WireFailure> for Failure {
    fn from(wire: WireFailure) -> Self {
        let WireFailure { kind, property, message, at, location } = wire;
        Failure { kind, property, message, at: at.map(EventIndex), location }
    }
}

/// The bytes of a list of choices.
///
/// # Errors
/// The list is too long (hundreds of thousands).
pub fn encode_choices(choices: &[Choice]) -> Result<Vec<u8>, Malformed> {
    codec::encode(&choices.iter().map(WireChoice::from).collect::<Vec<_>>(), "the choices")
}

/// The list of choices that all of these bytes encode.
///
/// # Errors
/// Says what is wrong with the bytes.
pub fn decode_choices(bytes: &[u8]) -> Result<Vec<Choice>, Malformed> {
    codec::decode::<Vec<WireChoice>>(bytes, "the choices")?.into_iter().map(Choice::try_from).collect()
}

/// The bytes of an outcome with its choices.
///
/// # Errors
/// It is too long.
pub fn encode_outcome(outcome: &Outcome) -> Result<Vec<u8>, Malformed> {
    let choices: Vec<_> = outcome.choices.iter().map(WireChoice::from).collect();
    codec::encode(&(WireOutcome::from(outcome), choices), "the outcome")
}

/// The outcome that all of these bytes encode.
///
/// # Errors
/// Says what is wrong with the bytes.
pub fn decode_outcome(bytes: &[u8]) -> Result<Outcome, Malformed> {
    let (wire, choices) = codec::decode::<(WireOutcome, Vec<WireChoice>)>(bytes, "the outcome")?;
    wire.with_choices(choices.into_iter().map(Choice::try_from).collect::<Result<_, _>>()?)
}

/// The bytes of an outcome without its choices, which a trace keeps in blocks of their own.
pub(crate) fn encode_ending(outcome: &Outcome) -> Result<Vec<u8>, Malformed> {
    codec::encode(&WireOutcome::from(outcome), "the outcome")
}

/// The inverse of [`encode_ending`].
pub(crate) fn decode_ending(bytes: &[u8], choices: Vec<Choice>) -> Result<Outcome, Malformed> {
    codec::decode::<WireOutcome>(bytes, "the outcome")?.with_choices(choices)
}
