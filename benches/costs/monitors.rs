//! What monitors cost: for each event that one looks at, and for each that it does not.

use crate::Extent;
use crate::measure::{Measured, rounds};
use crate::programs::{Cpus, Programs};
use crate::row::{Figure, Row, Unit, Wanted};
use crate::seeds::told_rate;

/// Events of each kind in a run of `benches/specs/monitors.star`.
const EVENTS: f64 = 20_000.0;
const ROUNDS: usize = 5;

pub(crate) fn measure(programs: &Programs, _: Extent) -> Vec<Row> {
    programs.on(Cpus::One);
    let row = |name: &str, test: &'static str, wanted| {
        let each = || {
            let [with, without] = [nanos_of_run(programs, test)?, nanos_of_run(programs, "without")?];
            Ok(((with - without) / EVENTS).max(0.0))
        };
        let measured = rounds(ROUNDS, [&each]).map(|[sample]| sample);
        Figure::new(name, Unit::Nanos, "", wanted).alone(measured)
    };
    vec![
        row("a monitor looks at a call of a service", "calls", Wanted::AtMost(10_000.0, 5_000.0)),
        row("a monitor looks at one of many lines written at once", "lines", Wanted::AtMost(10_000.0, 5_000.0)),
        row("a call that no monitor looks at, beside a monitor of other calls", "others", Wanted::AtMost(50.0, 10.0)),
    ]
}

fn nanos_of_run(programs: &Programs, test: &str) -> Measured {
    let spec = "benches/specs/monitors.star";
    let mut command = programs.fbsim(&["explore", spec, "--test", test, "--strategy", "ordinary", "--seeds", "10"]);
    command.arg("--output").arg(programs.guests.join("failures"));
    Ok(1e9 / told_rate(command)?)
}
