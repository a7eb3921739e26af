//! `fbsim run`: one program in a world of its own, its output passed through.

use super::{Calibration, calibrate, exit_of, frame, pairs};
use crate::cli;
use crate::exit::{Exit, Problem};
use crate::pool::Pool;
use crate::pool::wire::{Setup, System, What};
use crate::{kept, spec, ui};
use explorer::{How, Job};
use model::{Seed, Verdict};
use std::io::Write as _;
use std::path::Path;

pub(crate) fn run(args: cli::Run) -> Result<Exit, Problem> {
    let (seed, origin) = ui::seed(args.seed, Seed(1), "default");
    if args.summary {
        eprintln!("seed {seed} ({origin})");
    }
    let program = find(&args.program[0])?;
    let setup = Setup {
        system: System::Program { path: program, args: args.program[1..].to_vec(), machine: args.machine },
        env: pairs(&args.env)?,
        search: Vec::new(),
        max_calls: args.max_calls,
        spin_limit_nanos: args.spin_limit.saturating_mul(1_000_000_000),
        directory: current_directory(),
        engine: args.engine,
    };
    let mut pool = Pool::start(setup, vec![None])?;
    let Calibration { steps, loops } =
        if args.strategy.needs_steps() { calibrate(&mut pool, "run", args.strategy)? } else { Calibration::default() };
    let job = Job { test: 0, seed, how: How::Strategy { spec: args.strategy, steps } };
    let kept = args.save.as_ref().map(|_| std::env::args().collect());
    let answer = pool.ask_last(frame(1, "run", &job, &loops, What::Console { kept })?, |stderr, bytes| {
        let _ = if stderr { std::io::stderr().write_all(bytes) } else { std::io::stdout().write_all(bytes) };
        let _ = std::io::stdout().flush();
    })?;
    let unsaved = match (&args.save, &answer.trace) {
        (Some(path), Some(bytes)) => kept::save(path, bytes).err(),
        (Some(_), None) => return Err(Problem::internal("the worker recorded nothing")),
        (None, _) => None,
    };
    let Some(outcome) = answer.outcome else { return Err(Problem::internal("no outcome")) };
    if args.summary {
        eprintln!(
            "hash {} events {} calls {} choices {} time {}",
            outcome.hash,
            outcome.events,
            outcome.calls,
            outcome.choices.len(),
            outcome.ended.elapsed()
        );
        if let Some((hash, moments)) = answer.extras.memory {
            eprintln!("memory hash {hash:016x} of {moments} moments");
        }
    }
    for crash in &answer.extras.crashes {
        eprintln!("fbsim: {crash}");
    }
    ui::complaints(&answer.extras.complaints);
    if let Some(problem) = unsaved {
        return Err(problem);
    }
    match &outcome.verdict {
        Verdict::Failed(failure) => {
            eprintln!("fbsim: {}: {failure}", failure.kind);
            Ok(if failure.kind == "boot" { Exit::Usage } else { exit_of(&outcome.verdict) })
        }
        Verdict::Inconclusive(why) => {
            eprintln!("fbsim: {why}");
            Ok(Exit::Inconclusive)
        }
        Verdict::Held => Ok(Exit::Program(status_code(answer.extras.statuses.first().copied().flatten()))),
    }
}

/// A shell's reading of a `wait(2)` status: the exit code, or 128 + the signal.
fn status_code(status: Option<u32>) -> u8 {
    match status {
        None => 0,
        Some(status) if status & 0x7f == 0 => (status >> 8) as u8,
        Some(status) => 128 + (status & 0x7f) as u8,
    }
}

fn current_directory() -> String {
    std::env::current_dir().map(|d| d.to_string_lossy().into_owned()).unwrap_or_else(|_| "/".to_owned())
}

/// Finds the program as a shell would, and checks that it can be run.
fn find(name: &str) -> Result<String, Problem> {
    let found = if name.contains('/') {
        Path::new(name).to_path_buf()
    } else {
        let on_path = spec::search_path().iter().skip(1).map(|d| Path::new(d).join(name)).find(|p| p.is_file());
        on_path.ok_or_else(|| Problem::usage(format!("{name}: not found on PATH")))?
    };
    let found = std::path::absolute(&found).map_err(|e| Problem::usage(format!("{}: {e}", found.display())))?;
    spec::check_program(&found).map_err(Problem::usage)?;
    Ok(found.to_string_lossy().into_owned())
}
