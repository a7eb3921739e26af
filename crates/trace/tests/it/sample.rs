//! Runs to write: arbitrary ones for laws, realistic ones for sizes.

use model::rng::Random;
use model::{
    Body, Call, Choice, Decision, Errno, Event, EventHash, EventIndex, Failure, Kind, Line, LineSource, Note, Outcome,
    Seed, ServiceId, Stream, ThreadId, Value, Verdict, VirtualDuration, VirtualTime,
};
use proptest::prelude::*;
use trace::{Fingerprint, HASH_EVERY, HASH_UNKNOWN, Header, ServiceFacts, SourceText, Trace, TraceWriter};

/// Writes a trace to memory.
pub(crate) fn write(trace: &Trace) -> Vec<u8> {
    let mut writer = TraceWriter::new(Vec::new(), &trace.header).unwrap();
    for event in &trace.events {
        writer.event(event).unwrap();
    }
    writer.finish(&trace.outcome).unwrap()
}

/// The events as they come back from a trace with a single block: most without their hash.
pub(crate) fn without_unstored_hashes(events: &[Event]) -> Vec<Event> {
    let mut events = events.to_vec();
    let last = events.len().saturating_sub(1) as u64;
    for event in events.iter_mut().filter(|e| !e.index.0.is_multiple_of(HASH_EVERY) && e.index.0 != last) {
        event.hash = HASH_UNKNOWN;
    }
    events
}

pub(crate) fn header() -> Header {
    Header {
        fbsim: "0.1.0".into(),
        seed: Seed(0xfeed),
        test: "test_transfer".into(),
        spec: "bank.star".into(),
        sources: vec![SourceText { path: "bank.star".into(), text: "def test_transfer():\n    pass\n".into() }],
        rerun: ["fbsim", "run", "bank.star", "--seed", "0xfeed"].map(String::from).to_vec(),
        services: vec![ServiceFacts {
            name: "api".into(),
            binary: "/srv/api".into(),
            fingerprint: Fingerprint::of(b"elf"),
            args: vec!["--port".into(), "80".into()],
            env: vec![("LANG".into(), "C".into())],
        }],
        strategy: "pct:3".into(),
        steps: 1200,
        facts: vec![("cpu".into(), "x86-64-v3".into())],
    }
}

pub(crate) fn outcome(events: &[Event], choices: Vec<Choice>) -> Outcome {
    let failure = Failure {
        kind: "assertion".into(),
        property: "balance".into(),
        message: "expected 100, saw 90".into(),
        at: events.last().map(|event| event.index),
        location: Some("bank.star:12:5".into()),
    };
    Outcome {
        verdict: Verdict::Failed(failure),
        hash: events.last().map_or(EventHash::default(), |event| event.hash),
        events: events.len() as u64,
        calls: events.iter().filter(|event| matches!(event.body, Body::Call(_))).count() as u64,
        choices,
        asked: 77,
        ended: events.last().map_or(VirtualTime::EPOCH, |event| event.at),
    }
}

pub(crate) fn trace_of(events: Vec<Event>, choices: Vec<Choice>) -> Trace {
    let outcome = outcome(&events, choices);
    Trace { header: header(), events, outcome }
}

/// Numbers and hashes events as the kernel does.
pub(crate) fn number(bodies: impl IntoIterator<Item = (u64, ThreadId, Body)>) -> Vec<Event> {
    let (mut at, mut hash) = (VirtualTime::EPOCH, EventHash::default());
    let numbered = bodies.into_iter().enumerate().map(|(index, (step, thread, body))| {
        at = at.after(VirtualDuration(step));
        body.add_to(&mut hash, &[]);
        hash.words([at.0, u64::from(thread.tid)]);
        Event { index: EventIndex(index as u64), at, thread, hash, body }
    });
    numbered.collect()
}

pub(crate) fn thread(service: u16, tid: u32) -> ThreadId {
    ThreadId { service: ServiceId(service), tid }
}

pub(crate) fn call(number: u16, args: [u64; 6], result: i64, path: Option<&str>) -> Body {
    let path = path.map(Into::into);
    Body::Call(Call { number, args, result, decision: Decision::Allow, path, op: None })
}

/// A server of one thread that serves requests of random sizes on sixteen connections in random order.
pub(crate) fn event_loop(requests: u64) -> Vec<Event> {
    let mut random = Random::of_purpose(Seed(1), "event loop");
    let mut bodies = Vec::new();
    for _ in 0..requests {
        let fd = 8 + random.below(16);
        let peer = format!("10.0.0.{fd}:6379");
        let (asked, answered) = (20 + random.below(40) as i64, 5 + random.below(4) as i64);
        let server = thread(1, 1);
        bodies.push((1_000 + random.below(3) * 10, server, call(232, [5, 0x7f00_1000, 128, 100, 0, 0], 1, None)));
        bodies.push((1_000, server, call(0, [fd, 0x55_7000 + fd * 0x4000, 16384, 0, 0, 0], asked, Some(&peer))));
        bodies.push((1_020, server, call(1, [fd, 0x56_0000, answered as u64, 0, 0, 0], answered, Some(&peer))));
    }
    number(bodies)
}

/// Two services of six threads each that a random scheduler interleaves: locks, sleeps, sockets, a log file.
pub(crate) fn thread_pools(calls: u64) -> Vec<Event> {
    let mut random = Random::of_purpose(Seed(2), "thread pools");
    let mut offsets = [0u64; 12];
    let mut positions = [0u64; 12];
    let bodies = (0..calls).map(|_| {
        let who = random.below(12);
        let position = &mut positions[who as usize];
        *position += 1;
        let id = thread(1 + (who / 6) as u16, 1 + (who % 6) as u32);
        let body = match *position % 6 {
            0 => call(202, [0xc000_0480 + who * 0x400, 128, 0, 0, 0, 0], 0, None),
            1 => call(0, [9 + who, 0xc000_9000, 4096, 0, 0, 0], 120 + random.below(8) as i64, Some("10.0.0.2:80")),
            2 => call(202, [0xc00f_0480, 129, 1, 0, 0, 0], random.below(2) as i64, None),
            3 => {
                offsets[who as usize] += 512;
                call(18, [4, 0xc002_0000, 512, offsets[who as usize], 0, 0], 512, Some("/var/lib/db/wal"))
            }
            4 => call(1, [9 + who, 0xc000_b000, 64, 0, 0, 0], 64, Some("10.0.0.2:80")),
            _ => call(35, [0xc000_0100, 0, 0, 0, 0, 0], 0, None),
        };
        let step = if *position % 6 == 5 { 20_000 + random.below(16) * 1_000 } else { 1_000 };
        (step, id, body)
    });
    number(bodies.collect::<Vec<_>>())
}

fn text() -> impl Strategy<Value = Box<str>> {
    prop_oneof![Just("".into()), Just("/data/wal".into()), "[a-zé]{0,12}".prop_map(Box::from)]
}

fn arbitrary_call() -> impl Strategy<Value = Body> {
    let small = || prop_oneof![0..4u64, any::<u64>()];
    let decision = prop_oneof![
        Just(Decision::Allow),
        any::<i32>().prop_map(|n| Decision::Deny(Errno(n))),
        any::<u64>().prop_map(|n| Decision::Delay(VirtualDuration(n))),
    ];
    let args = proptest::array::uniform6(small());
    let texts = (proptest::option::of(text()), proptest::option::of(text()));
    (prop_oneof![0..3u16, any::<u16>()], args, any::<i64>(), decision, texts).prop_map(
        |(number, args, result, decision, (path, op))| {
            Body::Call(Call { number, args, result, decision, path: path.map(Into::into), op })
        },
    )
}

fn arbitrary_body() -> impl Strategy<Value = Body> {
    let source = prop_oneof![Just(LineSource::Stdout), Just(LineSource::Stderr), Just(LineSource::Wal)];
    let line = (source, proptest::option::of(text()), text())
        .prop_map(|(source, path, text)| Body::Line(Line { source, path, text }));
    let value = prop_oneof![
        text().prop_map(Value::Text),
        any::<i64>().prop_map(Value::Int),
        any::<bool>().prop_map(Value::Bool),
    ];
    let note = (text(), proptest::collection::vec((text(), value), 0..4))
        .prop_map(|(kind, fields)| Body::Note(Note { kind, fields }));
    prop_oneof![3 => arbitrary_call(), 1 => line, 1 => note]
}

fn arbitrary_choice() -> impl Strategy<Value = Choice> {
    (0..Kind::ALL.len(), any::<u64>(), any::<u32>(), 2..u32::MAX, any::<u32>(), any::<u64>()).prop_map(
        |(kind, stream, index, alternatives, picked, target)| {
            let picked = 1 + picked % (alternatives - 1);
            let (stream, target) = (Stream(stream), Stream(target));
            Choice { kind: Kind::ALL[kind], stream, index, alternatives, picked, target }
        },
    )
}

fn arbitrary_verdict() -> impl Strategy<Value = Verdict> {
    let failure = (".*", ".*", ".*", proptest::option::of(any::<u64>()), proptest::option::of(".*")).prop_map(
        |(kind, property, message, at, location)| {
            Verdict::Failed(Failure { kind, property, message, at: at.map(EventIndex), location })
        },
    );
    prop_oneof![Just(Verdict::Held), failure, ".*".prop_map(Verdict::Inconclusive)]
}

pub(crate) fn arbitrary_outcome() -> impl Strategy<Value = Outcome> {
    let choices = proptest::collection::vec(arbitrary_choice(), 0..20);
    (arbitrary_verdict(), any::<[u64; 5]>(), choices).prop_map(
        |(verdict, [hash, events, calls, asked, ended], choices)| Outcome {
            verdict,
            hash: EventHash(hash),
            events,
            calls,
            choices,
            asked,
            ended: VirtualTime(ended),
        },
    )
}

/// Any trace that the model allows, with times that go anywhere.
pub(crate) fn arbitrary_trace() -> impl Strategy<Value = Trace> {
    let who = (0..3u16, prop_oneof![0..4u32, any::<u32>()]).prop_map(|(service, tid)| thread(service, tid));
    let event = (any::<[u64; 2]>(), who, arbitrary_body());
    let pairs = || proptest::collection::vec((".*", ".*"), 0..3);
    let facts = (any::<u64>(), ".*", pairs(), proptest::collection::vec(".*", 0..3));
    (proptest::collection::vec(event, 0..200), arbitrary_outcome(), facts).prop_map(|(rows, mut outcome, facts)| {
        let numbered = rows.into_iter().enumerate().map(|(index, ([at, hash], thread, body))| {
            let (index, at, hash) = (EventIndex(index as u64), VirtualTime(at), EventHash(hash | 1));
            Event { index, at, thread, hash, body }
        });
        let events: Vec<Event> = numbered.collect();
        outcome.events = events.len() as u64;
        let (seed, text, facts, rerun) = facts;
        let header = Header { seed: Seed(seed), test: text.clone(), strategy: text, facts, rerun, ..header() };
        Trace { header, events, outcome }
    })
}
