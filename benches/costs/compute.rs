//! Pure computation, which fbsim has no part in.

use crate::Extent;
use crate::measure::{Measured, Sample, rounds};
use crate::programs::{Cpus, Programs, inside, python, root, seconds};
use crate::row::{Figure, Row, Unit, Wanted};
use std::process::Command;

const ROUNDS: usize = 5;
const SHA256: &str = "import hashlib\nh, b = hashlib.sha256(), bytes(1 << 20)\nfor _ in range(1024): h.update(b)\n";

pub(crate) fn measure(programs: &Programs, _: Extent) -> Vec<Row> {
    programs.on(Cpus::One);
    let wanted = Wanted::Ratio(1.03, 1.0);
    let fannkuch = root().join("benches/guests/fannkuch.py").to_string_lossy().into_owned();
    vec![
        Figure::new("sha256 of 1 GB", Unit::Seconds, "native", wanted).row(beyond_start(programs, &["-c", SHA256])),
        Figure::new("CPython, fannkuch 9", Unit::Seconds, "native", wanted)
            .row(beyond_start(programs, &[&fannkuch, "9"])),
    ]
}

/// How long Python takes for something, beyond starting.
fn beyond_start(programs: &Programs, arguments: &[&str]) -> Measured<[Sample; 2]> {
    let python = python()?;
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&python);
        command.args(arguments);
        command
    };
    let idle = ["-c", "import hashlib"];
    let within = || {
        let idle = seconds(inside(programs, &command(&idle)))?;
        Ok(seconds(inside(programs, &command(arguments)))? - idle)
    };
    let native = || {
        let idle = seconds(command(&idle))?;
        Ok(seconds(command(arguments))? - idle)
    };
    rounds(ROUNDS, [&within, &native])
}
