//! What is written is read back, whatever it is.

use crate::sample::{arbitrary_outcome, arbitrary_trace, call, header, number, outcome, thread, trace_of};
use crate::sample::{without_unstored_hashes, write};
use model::{Body, EventIndex, Line, LineSource};
use proptest::prelude::*;
use trace::{Malformed, Trace, TraceWriter, WriteError, same_event, wire};

proptest! {
    #[test]
    fn any_trace_comes_back(original in arbitrary_trace()) {
        let bytes = write(&original);
        let read = Trace::read(&bytes).unwrap();
        prop_assert_eq!(&read.header, &original.header);
        prop_assert_eq!(&read.outcome, &original.outcome);
        prop_assert_eq!(&read.events, &without_unstored_hashes(&original.events));
        for (recorded, replayed) in read.events.iter().zip(&original.events) {
            prop_assert!(same_event(recorded, replayed));
        }
    }

    #[test]
    fn any_outcome_comes_over_the_wire(outcome in arbitrary_outcome()) {
        let bytes = wire::encode_outcome(&outcome).unwrap();
        prop_assert_eq!(wire::decode_outcome(&bytes).unwrap(), outcome.clone());
        let choices = wire::encode_choices(&outcome.choices).unwrap();
        prop_assert_eq!(wire::decode_choices(&choices).unwrap(), outcome.choices);
    }

    #[test]
    fn any_bytes_on_the_wire_are_an_answer_or_an_error(bytes: Vec<u8>) {
        let _ = wire::decode_outcome(&bytes);
        let _ = wire::decode_choices(&bytes);
    }
}

#[test]
fn an_event_larger_than_a_block_has_one_of_its_own() {
    let line = |length| Body::Line(Line { source: LineSource::Stdout, path: None, text: "x".repeat(length).into() });
    let lengths = [10, 200_000, 10, 65_000, 65_000, 10];
    let events = number(lengths.map(|length| (1, thread(1, 1), line(length))));
    let read = Trace::read(&write(&trace_of(events.clone(), Vec::new()))).unwrap();
    assert!(read.events.iter().zip(&events).all(|(read, written)| same_event(read, written)));
    assert_eq!(read.events.len(), events.len());

    let mut writer = TraceWriter::new(Vec::new(), &header()).unwrap();
    let [event] = &number([(1, thread(1, 1), line(17 << 20))])[..] else { unreachable!() };
    let error = writer.event(event).unwrap_err();
    assert!(matches!(error, WriteError::Unfit { source: Malformed::TooLong { .. }, .. }), "{error:?}");
}

#[test]
fn events_out_of_order_and_miscounted_outcomes_are_refused() {
    let events = number((0..3).map(|i| (1, thread(1, 1), call(1, [i; 6], 0, None))));
    let mut writer = TraceWriter::new(Vec::new(), &header()).unwrap();
    writer.event(&events[0]).unwrap();
    let error = writer.event(&events[2]).unwrap_err();
    assert_eq!(error.to_string(), "event #2 was given to the trace where #1 was due");
    let error = writer.finish(&outcome(&events, Vec::new())).unwrap_err();
    assert_eq!(error.to_string(), "the outcome counts 3 events but 1 were given to the trace");
}

#[test]
fn a_difference_in_any_part_is_a_difference() {
    let [event] = &number([(1, thread(1, 1), call(1, [0; 6], 0, None))])[..] else { unreachable!() };
    let mut others = vec![event.clone(); 4];
    others[0].index = EventIndex(1);
    others[1].at.0 += 1;
    others[2].thread.tid += 1;
    others[3].hash.0 += 1;
    assert!(same_event(event, event));
    assert!(others.iter().all(|other| !same_event(event, other)));
}
