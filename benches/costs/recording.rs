//! What it costs to keep a run: time for an event, and bytes.

use crate::Extent;
use crate::measure::{Measured, Sample, Skip, rounds};
use crate::programs::{Cpus, Programs, find};
use crate::row::{Figure, Row, Unit, Wanted};
use kernel::log::{Log, Retention};
use model::{Body, EventIndex, ThreadId, VirtualTime};
use std::process::Stdio;
use std::time::Instant;
use trace::{Trace, TraceReader, TraceWriter};

const ROUNDS: usize = 7;
/// Words of state that the kernel hashes with a call.
const STATE: [u64; 18] = [7; 18];

pub(crate) fn measure(programs: &Programs, _: Extent) -> Vec<Row> {
    programs.on(Cpus::One);
    let python = saved(programs, "saved-python");
    let per_event = |name: &str, yardstick: &str| Figure::new(name, Unit::Nanos, yardstick, Wanted::Nothing);
    let well_below = Wanted::AtMost(500.0, 100.0);
    let mut rows = vec![
        Figure::new("an event of a Python server in the kernel's log, hashed and kept", Unit::Nanos, "", well_below)
            .alone(python.clone().and_then(|bytes| each_appended(&bytes, Retention::All))),
        per_event("the same, hashed and dropped", "")
            .alone(python.clone().and_then(|bytes| each_appended(&bytes, Retention::Hash))),
        Figure::new("the same event written to a trace", Unit::Nanos, "", Wanted::AtMost(1000.0, 500.0))
            .alone(python.clone().and_then(|bytes| each_written(&bytes))),
        per_event("the same event read from a trace", "").alone(python.clone().and_then(|bytes| each_read(&bytes))),
        Figure::new("the last event found in that trace", Unit::Nanos, "reading all of it", Wanted::Nothing)
            .row(python.clone().and_then(|bytes| last_found(&bytes))),
    ];
    let sizes = [
        ("a Python server, start and 30 requests", python),
        ("a Go server, start and 300 requests", find("go").and_then(|_| saved(programs, "saved-go"))),
        ("the demo, 600 events of four machines", saved(programs, "saved-demo")),
    ];
    for (name, bytes) in sizes {
        let figure = Figure::new(
            &format!("trace of {name}: bytes per event"),
            Unit::Bytes,
            "header and outcome not counted",
            Wanted::AtMost(2.0, 1.0),
        );
        rows.push(figure.alone(bytes.and_then(|bytes| per_event_bytes(&bytes))));
    }
    rows
}

/// The trace of a specification of `benches/specs` that fails on purpose.
fn saved(programs: &Programs, spec: &str) -> Measured<Vec<u8>> {
    let output = programs.guests.join("saved");
    let mut command = programs.fbsim(&["test", "--test", "saved", "--env", "ORDERS_BUGS=", "--output"]);
    command.arg(&output).arg(format!("benches/specs/{spec}.star")).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().map_err(|e| Skip(e.to_string()))?;
    let bytes = std::fs::read(output.join(format!("{spec}-test_saved-0.fbt"))).map_err(|e| Skip(e.to_string()))?;
    let reader = TraceReader::open(&bytes).map_err(|e| Skip(e.to_string()))?;
    match &reader.outcome().verdict {
        model::Verdict::Failed(failure) if failure.message == "saved" => Ok(bytes),
        other => Err(Skip(format!("{spec}: {other:?}"))),
    }
}

fn read(bytes: &[u8]) -> Measured<Trace> {
    Trace::read(bytes).map_err(|e| Skip(e.to_string()))
}

fn nanos_each(count: usize, work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64() * 1e9 / count as f64
}

fn each_appended(bytes: &[u8], retention: Retention) -> Measured<Sample> {
    let events = read(bytes)?.events;
    let once = || {
        // The bodies are made beforehand: the kernel has them anyway.
        let bodies: Vec<(VirtualTime, ThreadId, Body)> =
            events.iter().map(|event| (event.at, event.thread, event.body.clone())).collect();
        let mut log = Log::default();
        log.retain(retention);
        Ok(nanos_each(events.len(), || {
            for (at, thread, body) in bodies {
                match body {
                    Body::Call(call) => log.call(at, thread, call, &STATE, 7),
                    body => drop(log.append(at, thread, body)),
                }
            }
        }))
    };
    rounds(ROUNDS, [&once]).map(|[sample]| sample)
}

fn each_written(bytes: &[u8]) -> Measured<Sample> {
    let trace = read(bytes)?;
    let once = || {
        let mut failed = None;
        let took = nanos_each(trace.events.len(), || {
            let written = TraceWriter::new(Vec::new(), &trace.header).and_then(|mut writer| {
                trace.events.iter().try_for_each(|event| writer.event(event))?;
                writer.finish(&trace.outcome)
            });
            failed = written.err();
        });
        failed.map_or(Ok(took), |e| Err(Skip(e.to_string())))
    };
    rounds(ROUNDS, [&once]).map(|[sample]| sample)
}

fn each_read(bytes: &[u8]) -> Measured<Sample> {
    let count = read(bytes)?.events.len();
    rounds(ROUNDS, [&|| Ok(nanos_each(count, || drop(Trace::read(bytes))))]).map(|[sample]| sample)
}

fn last_found(bytes: &[u8]) -> Measured<[Sample; 2]> {
    let last = EventIndex(read(bytes)?.events.len() as u64 - 1);
    let find = || {
        Ok(nanos_each(1, || {
            let found = TraceReader::open(bytes).map(|reader| reader.events_from(last).count());
            assert!(found.is_ok_and(|count| count == 1), "there is a last event");
        }))
    };
    rounds(ROUNDS, [&find, &|| Ok(nanos_each(1, || drop(Trace::read(bytes))))])
}

/// What blocks of events take, with all that belongs to them.
fn per_event_bytes(bytes: &[u8]) -> Measured<Sample> {
    let trace = read(bytes)?;
    let empty = model::Outcome { events: 0, ..trace.outcome.clone() };
    let without = TraceWriter::new(Vec::new(), &trace.header).and_then(|writer| writer.finish(&empty));
    let without = without.map_err(|e| Skip(e.to_string()))?;
    Ok(Sample::once((bytes.len() - without.len()) as f64 / trace.events.len() as f64))
}
