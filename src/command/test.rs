//! `fbsim test`: run every test of a specification once.

use super::{Calibration, calibrate, exit_of, frame, record_case, rerun_line, select, setup_for_spec};
use crate::cli;
use crate::exit::{Exit, Problem};
use crate::pool::Pool;
use crate::pool::wire::What;
use crate::{kept, spec, ui};
use explorer::{How, Job, StrategySpec};
use model::{Seed, Verdict};

pub(crate) fn test(args: cli::Test) -> Result<Exit, Problem> {
    let (seed, origin) = ui::seed(args.seed, Seed(0), "none given: the ordinary run");
    eprintln!("seed {seed} ({origin})");
    let ordinary = args.seed.is_none() && args.selection.strategy.is_none();
    let strategy = if ordinary { StrategySpec::Ordinary } else { args.selection.strategy.unwrap_or_default() };
    let (mut passed, mut failed, mut open) = (0, 0, 0);
    let mut exit = Exit::Held;
    for path in spec::find(std::slice::from_ref(&args.spec))? {
        let mut pool = Pool::start(setup_for_spec(&path, &args.selection)?, vec![None])?;
        let tests = select(pool.tests(), args.selection.test.as_deref());
        let mut cells = Vec::new();
        for test in &tests {
            let calibration = Job::ordinary(0, explorer::Session::CALIBRATION);
            let ordinary = Job { test: 0, seed, how: How::Strategy { spec: strategy, steps: 0 } } == calibration;
            let Calibration { steps, loops } =
                if ordinary { Calibration::default() } else { calibrate(&mut pool, test, strategy)? };
            let job = Job { test: 0, seed, how: How::Strategy { spec: strategy, steps } };
            let answer = pool.ask(frame(1, test, &job, &loops, What::Outcome)?, |_, _| {})?;
            let Some(outcome) = answer.outcome else { continue };
            let virtual_time = outcome.ended.elapsed();
            let result = match &outcome.verdict {
                Verdict::Held => "PASS",
                Verdict::Inconclusive(_) => "OPEN",
                Verdict::Failed(_) => "FAIL",
            };
            cells.extend(pool.cell(test).map(|cell| (cell.clone(), result)));
            let memory = answer.extras.memory.map(|(hash, _)| format!(", memory hash {hash:016x}")).unwrap_or_default();
            let (events, hash) = (outcome.events, outcome.hash);
            let head = format!("{test}  ({virtual_time} simulated, {events} events, hash {hash}{memory})");
            match &outcome.verdict {
                Verdict::Held => {
                    passed += 1;
                    println!("{result} {head}");
                }
                Verdict::Inconclusive(why) => {
                    open += 1;
                    println!("{result} {head}\n  {why}");
                    if exit == Exit::Held {
                        exit = Exit::Inconclusive;
                    }
                }
                Verdict::Failed(failure) => {
                    failed += 1;
                    println!("{result} {head}\n  {}: {failure}", failure.kind);
                    let code = exit_of(&outcome.verdict);
                    exit = if exit == Exit::Internal { exit } else { code };
                    let file = kept::name(&args.selection.output, &path, test, seed);
                    let rerun = rerun_line(&path, test, &job, &args.selection);
                    let kept = record_case(&mut pool, test, &job, &answer.extras.loops, &rerun, &file)?;
                    kept.admit();
                    ui::tell_story(&kept.trace)?;
                    println!("  rerun:   {}", rerun.join(" "));
                    if kept.unsaved.is_none() {
                        println!("  replay:  {} replay {}", ui::program(), file.display());
                        println!("  shrink:  {} shrink {}", ui::program(), file.display());
                    }
                }
            }
            answer.extras.said.iter().for_each(|line| eprintln!("{line}"));
            ui::complaints(&answer.extras.complaints);
        }
        print!("{}", ui::matrix::table(&cells));
    }
    if passed + failed + open == 0 {
        eprintln!("fbsim: nothing matches {:?}", args.selection.test.as_deref().unwrap_or("*"));
        return Ok(Exit::NothingSelected);
    }
    println!("{passed} passed, {failed} failed, {open} inconclusive");
    Ok(exit)
}
