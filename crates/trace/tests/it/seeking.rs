//! Reading from the middle gives the same events as reading all.

use crate::sample::{thread_pools, trace_of, write};
use model::EventIndex;
use trace::{ReadError, Trace, TraceReader};

#[test]
fn events_from_anywhere_are_the_rest_of_all() {
    let bytes = write(&trace_of(thread_pools(200_000), Vec::new()));
    let whole = Trace::read(&bytes).unwrap().events;
    let reader = TraceReader::open(&bytes).unwrap();
    assert_eq!(reader.outcome().events, 200_000);
    for from in [0, 1, 63, 64, 9_999, 120_000, 199_999, 200_000, u64::MAX] {
        let rest: Vec<_> = reader.events_from(EventIndex(from)).collect::<Result<_, _>>().unwrap();
        assert_eq!(rest, whole[whole.len().min(from as usize)..], "from {from}");
    }
}

#[test]
fn damage_elsewhere_does_not_matter_and_damage_here_is_told_once() {
    let mut bytes = write(&trace_of(thread_pools(200_000), Vec::new()));
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    let reader = TraceReader::open(&bytes).unwrap();
    assert!(reader.events_from(EventIndex(199_999)).all(|event| event.is_ok()));
    let from_start: Vec<_> = reader.events_from(EventIndex(0)).collect();
    let (last, before) = from_start.split_last().unwrap();
    assert!(before.iter().all(Result::is_ok));
    let Err(ReadError::Damaged { recoverable, .. }) = last else { panic!("{last:?}") };
    assert_eq!(*recoverable, before.len() as u64);
}

#[test]
fn a_beginning_is_read_without_what_follows() {
    let mut bytes = write(&trace_of(thread_pools(200_000), Vec::new()));
    let whole = Trace::read(&bytes).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    assert!(Trace::read(&bytes).is_err());
    for last in [0, 1, 20_000] {
        let part = Trace::read_until(&bytes, EventIndex(last)).unwrap();
        assert_eq!(part.events, whole.events[..=last as usize], "until {last}");
        assert_eq!((&part.header, &part.outcome), (&whole.header, &whole.outcome));
    }
    assert!(Trace::read_until(&bytes, EventIndex(199_999)).is_err());
}
