//! Files of every version of the current major stay readable; older ones are refused by name.

use crate::sample::{call, number, thread, trace_of, without_unstored_hashes, write};
use model::{Body, Choice, Event, EventHash, Kind, Line, LineSource, Note, Stream};
use trace::Trace;

const FORMAT_1_0: &[u8] = include_bytes!("../fixtures/format-1.0.fbt");
const FORMAT_2_0: &[u8] = include_bytes!("../fixtures/format-2.0.fbt");
const FORMAT_2_1: &[u8] = include_bytes!("../fixtures/format-2.1.fbt");
const FORMAT_2_2: &[u8] = include_bytes!("../fixtures/format-2.2.fbt");

/// The same run in every version, with what the version added: in 2.1 a line of a topic.
fn expected(minor: u16) -> Trace {
    let note = Body::Note(Note::new("step", [("name", "put".into()), ("ok", true.into()), ("status", 200.into())]));
    let line = Line { source: LineSource::Stderr, path: None, text: "ready".into() };
    let calls =
        (0..70).map(|i| (1_000, thread(1, 1 + (i % 3) as u32), call(1, [3, 64 * i, 64, 0, 0, 0], 64, Some("/log"))));
    let topic = Line { source: LineSource::Topic, path: Some("/topics/orders".into()), text: "placed".into() };
    let lines = [line].into_iter().chain((minor >= 1).then_some(topic)).map(|line| (0, thread(1, 1), Body::Line(line)));
    let mut events: Vec<Event> = number(calls.chain([(10, thread(0, 1), note)]).chain(lines));
    // Not the chain of `model`: what is hashed may change without a change of the format.
    events.iter_mut().for_each(|event| event.hash = EventHash(0x1000 + event.index.0));
    let stream = Stream::thread(thread(1, 2));
    let preempt = Choice { kind: Kind::Preempt, stream, index: 9, alternatives: 3, picked: 2, target: stream };
    trace_of(events, vec![preempt])
}

#[test]
fn every_minor_version_of_format_2_is_read() {
    for (minor, file) in [(0, FORMAT_2_0), (1, FORMAT_2_1), (2, FORMAT_2_2)] {
        let expected = expected(minor);
        let read = Trace::read(file).unwrap();
        assert_eq!(read.header, expected.header, "2.{minor}");
        assert_eq!(read.outcome, expected.outcome, "2.{minor}");
        assert_eq!(read.events, without_unstored_hashes(&expected.events), "2.{minor}");
    }
}

/// A version is one thing: whoever adds to it raises it, with a file.
#[test]
fn the_current_version_has_a_file() {
    let version = trace::FormatVersion::CURRENT;
    let newest = &FORMAT_2_2[8..12];
    assert_eq!(newest, [version.major.0.to_le_bytes(), version.minor.0.to_le_bytes()].concat());
}

#[test]
fn format_1_0_is_refused() {
    let error = Trace::read(FORMAT_1_0).unwrap_err().to_string();
    assert!(error.contains("the trace is in format 1.0 and this fbsim reads only 2.x"), "{error}");
}

/// Run by hand, once, when a version is released.
#[test]
#[ignore = "writes a fixture"]
fn write_the_fixture_of_the_current_version() {
    let path = format!("{}/tests/fixtures/format-{}.fbt", env!("CARGO_MANIFEST_DIR"), trace::FormatVersion::CURRENT);
    std::fs::write(path, write(&expected(trace::FormatVersion::CURRENT.minor.0))).unwrap();
}
