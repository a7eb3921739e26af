//! Whole runs, from the command to its exit.

use crate::Extent;
use crate::measure::{Measured, Sample, rounds};
use crate::programs::{Cpus, Programs, inside, python, seconds};
use crate::row::{Figure, Row, Unit, Wanted};
use std::process::Command;

const ROUNDS: usize = 9;

pub(crate) fn measure(programs: &Programs, _: Extent) -> Vec<Row> {
    programs.on(Cpus::One);
    let trivial = || Ok(programs.guest("calls", &["getppid", "0"]));
    let print = || {
        let mut command = Command::new(python()?);
        command.args(["-c", "print(1)"]);
        Ok(command)
    };
    vec![
        Figure::new("`fbsim run` of a program that does nothing", Unit::Seconds, "native", Wanted::Nothing)
            .row(whole(programs, &trivial)),
        Figure::new("`fbsim run -- python3 -c 'print(1)'`", Unit::Seconds, "native", Wanted::Ratio(1.5, 1.0))
            .row(whole(programs, &print)),
    ]
}

fn whole(programs: &Programs, command: &dyn Fn() -> Measured<Command>) -> Measured<[Sample; 2]> {
    rounds(ROUNDS, [&|| seconds(inside(programs, &command()?)), &|| seconds(command()?)])
}
