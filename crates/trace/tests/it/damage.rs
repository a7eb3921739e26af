//! No damage goes unnoticed, none panics, and every error says how much can be saved.

use crate::sample::{arbitrary_trace, call, header, number, outcome, thread, trace_of, write};
use model::{Body, Choice, Event, Kind, Note, Stream};
use proptest::prelude::*;
use std::error::Error;
use trace::{ReadError, Recovered, Trace, TraceReader, TraceWriter, same_event};

fn small() -> Vec<Event> {
    let note = Body::Note(Note::new("service_ready", [("service", "api".into()), ("port", 80.into())]));
    let calls = (0..9).map(|i| (1_000, thread(1, 1 + (i % 2) as u32), call(1, [3, i, 4, 0, 0, 0], 4, Some("/log"))));
    number(calls.chain([(10, thread(0, 1), note)]))
}

fn small_file() -> (Trace, Vec<u8>) {
    let choice =
        Choice { kind: Kind::Fault, stream: Stream(1), index: 4, alternatives: 2, picked: 1, target: Stream::NONE };
    let bytes = write(&trace_of(small(), vec![choice]));
    (Trace::read(&bytes).unwrap(), bytes)
}

#[test]
fn every_flipped_bit_is_detected_or_harmless() {
    let (original, bytes) = small_file();
    let (mut detected, mut harmless) = (0, 0);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << bit;
            match Trace::read(&bytes) {
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    detected += 1;
                }
                Ok(read) => {
                    assert_eq!(read, original, "bit {bit} of byte {at}");
                    harmless += 1;
                }
            }
            let _ = Recovered::read(&bytes);
        }
    }
    assert!(detected > 50 * harmless, "{detected} detected, {harmless} harmless");
}

#[test]
fn every_truncation_says_what_can_be_recovered() {
    let events = small();
    let mut writer = TraceWriter::new(Vec::new(), &header()).unwrap();
    let mut written = Vec::new();
    for (count, event) in events.iter().enumerate() {
        writer.event(event).unwrap();
        if count % 3 == 0 {
            writer.flush().unwrap();
        }
        written.push(event.clone());
    }
    let bytes = writer.finish(&outcome(&events, Vec::new())).unwrap();
    let mut seen = 0;
    for length in 0..bytes.len() {
        let cut = &bytes[..length];
        let error = Trace::read(cut).unwrap_err();
        let ReadError::Incomplete { length: told, recoverable } = error else { panic!("{length}: {error:?}") };
        assert_eq!(told, length as u64);
        assert!(recoverable >= seen, "longer files cannot hold less");
        seen = recoverable;
        assert!(error.to_string().contains(&format!("{recoverable} events can be recovered")), "{error}");
        match Recovered::read(cut) {
            Ok(recovered) => {
                assert_eq!(recovered.header, header());
                assert_eq!(recovered.events.len() as u64, recoverable);
                assert!(recovered.events.iter().zip(&events).all(|(read, written)| same_event(read, written)));
            }
            Err(_) => assert_eq!(recoverable, 0),
        }
    }
    assert_eq!(seen, events.len() as u64);
}

#[test]
fn a_trace_that_was_dropped_is_incomplete() {
    let mut bytes = Vec::new();
    let mut writer = TraceWriter::new(&mut bytes, &header()).unwrap();
    let events = small();
    events.iter().for_each(|event| writer.event(event).unwrap());
    writer.flush().unwrap();
    drop(writer);
    assert!(matches!(Trace::read(&bytes), Err(ReadError::Incomplete { recoverable: 10, .. })));
    assert_eq!(Recovered::read(&bytes).unwrap().events.len(), 10);
}

#[track_caller]
fn check(bytes: &[u8], what: &str, source: Option<&str>) {
    let error = Trace::read(bytes).unwrap_err();
    assert_eq!(error.to_string(), what);
    assert_eq!(error.source().map(ToString::to_string).as_deref(), source);
}

#[test]
fn errors_say_what_where_and_what_to_do() {
    let (_, good) = small_file();
    let edited = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let rest = "events can be recovered, or copy the file again, or record the run again from its seed";
    check(b"ELF", "not a trace: the file does not start with `FBSIMTRC`; give a .fbt file written by fbsim", None);
    check(
        &good[..good.len() - 1],
        &format!(
            "the trace is incomplete: it stops at byte {} without its end mark, because the recording or a copy was \
             interrupted; 10 events can be recovered, or record the run again from its seed",
            good.len() - 1
        ),
        None,
    );
    let unknown = Some("9 is not a known kind of block");
    check(&edited(16, 9), &format!("the trace is damaged: header at byte 16; 0 {rest}"), unknown);
    let long = Some("an expanded block is said to be 4278190240 long; the limit is 16777216");
    let mut bytes = good.clone();
    bytes[17..21].copy_from_slice(&0xff00_00a0u32.to_le_bytes());
    check(&bytes, &format!("the trace is damaged: header at byte 16; 0 {rest}"), long);
    let trailer = good.len() - 32;
    let error = Trace::read(&edited(trailer, good[trailer] ^ 1)).unwrap_err();
    assert_eq!(error.to_string(), format!("the trace is damaged: the frame at byte {trailer}; 10 {rest}"));
    assert!(error.source().unwrap().to_string().starts_with("the checksum is "));
}

#[test]
fn a_newer_format_is_named() {
    let (_, mut bytes) = small_file();
    bytes[8] = 3;
    let checksum = xxh3_of(&bytes[..12]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes()[..4]);
    check(
        &bytes,
        "the trace is in format 3.2 and this fbsim reads up to 2.2: read it with the fbsim that wrote it",
        None,
    );
}

fn xxh3_of(bytes: &[u8]) -> u64 {
    trace::Fingerprint::of(bytes).0
}

proptest! {
    #[test]
    fn no_overwritten_stretch_goes_unnoticed(original in arbitrary_trace(), at: prop::sample::Index, noise: Vec<u8>) {
        let good = write(&original);
        let read = Trace::read(&good).unwrap();
        let mut bytes = good.clone();
        let at = at.index(bytes.len());
        for (byte, noise) in bytes[at..].iter_mut().zip(noise) {
            *byte = noise;
        }
        if let Ok(other) = Trace::read(&bytes) {
            prop_assert_eq!(other, read);
        }
        let _ = Recovered::read(&bytes);
        if let Ok(reader) = TraceReader::open(&bytes) {
            let _ = reader.events_from(model::EventIndex(7)).count();
        }
    }

    #[test]
    fn any_bytes_are_refused_without_panic(mut bytes: Vec<u8>, prefix in 0usize..64) {
        let (_, good) = small_file();
        bytes.splice(..0, good[..prefix].iter().copied());
        prop_assert!(Trace::read(&bytes).is_err());
    }
}
