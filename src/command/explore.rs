//! `fbsim explore`: search seeds for runs in which a property fails.

use super::{beside, frame, record_case, rerun_line, select, setup_for_spec, shrink_case};
use crate::cli;
use crate::exit::{Exit, Problem};
use crate::kept;
use crate::pool::wire::{Frame, JobFrame, What};
use crate::pool::{self, News, Pool};
use crate::spec;
use crate::ui::{self, Line};
use explorer::{Config, Finding, How, Job, Next, Reaction, Session};
use model::{Outcome, Seed};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SHRINK_BUDGET: u32 = 2000;

pub(crate) fn explore(args: cli::Explore) -> Result<Exit, Problem> {
    let (seed, origin) = ui::seed(args.seed, Seed(1), "default");
    eprintln!("seed {seed} ({origin}), {} seeds per test", args.seeds);
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The second one ends the command at once.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&interrupted));
        let _ = signal_hook::flag::register(signal, Arc::clone(&interrupted));
    }
    let mut worst = Exit::NothingSelected;
    for path in spec::find(&args.specs)? {
        let exit = explore_spec(&args, &path, seed, &interrupted)?;
        worst = graver(worst, exit);
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
    }
    if worst == Exit::NothingSelected {
        eprintln!("fbsim: nothing matches {:?}", args.selection.test.as_deref().unwrap_or("*"));
    }
    Ok(worst)
}

fn graver(a: Exit, b: Exit) -> Exit {
    let rank = |e: Exit| match e {
        Exit::NothingSelected => 0,
        Exit::Held => 1,
        Exit::Inconclusive => 2,
        Exit::Failed => 3,
        Exit::Diverged => 4,
        _ => 5,
    };
    if rank(b) > rank(a) { b } else { a }
}

/// One job in flight: what it is, and what its first execution left when every seed is run twice.
struct Flight {
    job: Job,
    first: Option<(Outcome, Option<(u64, u64)>)>,
}

fn explore_spec(args: &cli::Explore, path: &Path, seed: Seed, interrupted: &AtomicBool) -> Result<Exit, Problem> {
    let all = pool::cpus();
    let count = args.jobs.map_or(all.len(), std::num::NonZeroUsize::get).max(1);
    let cpus = (0..count).map(|i| Some(all[i % all.len()])).collect();
    let mut setup = setup_for_spec(path, &args.selection)?;
    if args.twice {
        setup.engine = setup.engine.with_memory();
    }
    let mut pool = Pool::start(setup, cpus)?;
    let tests = select(pool.tests(), args.selection.test.as_deref());
    if tests.is_empty() {
        return Ok(Exit::NothingSelected);
    }
    eprintln!("{}: {} tests, {} workers", path.display(), tests.len(), pool.size());
    let mut session = Session::new(Config {
        tests: tests.clone(),
        first_seed: seed,
        stride: 1,
        seeds: args.seeds,
        strategy: args.selection.strategy.unwrap_or_default(),
        keep_going: args.keep_going,
    });
    let searched = search(args, &mut pool, &mut session, &tests, interrupted)?;
    let findings: Vec<Finding> = session.findings().into_iter().cloned().collect();
    let total = session.total();
    let rate = total.runs as f64 / searched.elapsed.as_secs_f64().max(1e-9);
    println!(
        "{}: {} runs of {} tests, {} held, {} failed, {} inconclusive, {} lost; {} distinct; {rate:.0} seeds/s",
        path.display(),
        total.runs,
        tests.len(),
        total.held,
        total.failed,
        total.inconclusive,
        total.lost,
        total.distinct
    );
    if args.twice {
        println!("every seed run twice: {} pairs compared, {} differ", searched.pairs, searched.differing.len());
        for line in &searched.differing {
            println!("  {line}");
        }
    }
    if interrupted.load(Ordering::Relaxed) {
        println!("interrupted: what was found so far follows");
    }
    for finding in &findings {
        let loops = searched.loops.get(&finding.job.test).map_or(&[][..], Vec::as_slice);
        show_finding(args, path, &mut pool, &tests[finding.job.test as usize], loops, finding)?;
    }
    Ok(if !searched.differing.is_empty() {
        Exit::Diverged
    } else if total.lost > 0 || findings.iter().any(|f| f.failure.kind == "internal") {
        Exit::Internal
    } else if !findings.is_empty() {
        Exit::Failed
    } else if total.held == 0 || interrupted.load(Ordering::Relaxed) {
        Exit::Inconclusive
    } else {
        Exit::Held
    })
}

#[derive(Default)]
struct Searched {
    /// The loops that are counted in every run of a test: those of its calibration.
    loops: BTreeMap<u32, Vec<String>>,
    elapsed: Duration,
    pairs: u64,
    differing: Vec<String>,
}

#[allow(clippy::disallowed_methods, reason = "the rate shown to people is measured in wall-clock time")]
fn search(
    args: &cli::Explore,
    pool: &mut Pool,
    session: &mut Session,
    tests: &[String],
    interrupted: &AtomicBool,
) -> Result<Searched, Problem> {
    let started = Instant::now();
    let mut shown = Instant::now();
    let mut line = Line::new();
    let mut flights: BTreeMap<u64, Flight> = BTreeMap::new();
    let mut again: Vec<(usize, JobFrame)> = Vec::new();
    let mut next_id = 1;
    let mut searched = Searched::default();
    let mut found = false;
    loop {
        // After a failure what is in flight is still awaited: the first finding does not depend on who is faster.
        let stop = interrupted.load(Ordering::Relaxed) || (found && !args.keep_going);
        let mut handed_out_all = stop;
        while !stop && let Some(worker) = pool.idle() {
            if let Some((worker, frame)) = again.pop() {
                pool.give(worker, frame)?;
                continue;
            }
            match session.next_job() {
                Next::Job(job) => {
                    let loops = searched.loops.entry(job.test).or_default();
                    let frame = frame(next_id, &tests[job.test as usize], &job, loops, What::Outcome)?;
                    flights.insert(next_id, Flight { job, first: None });
                    next_id += 1;
                    pool.give(worker, frame)?;
                }
                Next::Wait => break,
                Next::Done => {
                    handed_out_all = true;
                    break;
                }
            }
        }
        if stop {
            again.retain(|(_, frame)| flights.remove(&frame.id).is_none());
        }
        if flights.is_empty() && again.is_empty() && handed_out_all {
            break;
        }
        match pool.news()? {
            News::Frame(worker, Frame::Outcome(id, extras, bytes)) => {
                let outcome = trace::wire::decode_outcome(&bytes)
                    .map_err(|e| Problem::internal(format!("a worker's answer is damaged: {e}")))?;
                let Some(mut flight) = flights.remove(&id) else { continue };
                if args.twice && flight.first.is_none() {
                    // The second execution runs on another CPU where there is one.
                    let other = (worker + 1) % pool.size();
                    let loops = searched.loops.entry(flight.job.test).or_default();
                    let frame = frame(id, &tests[flight.job.test as usize], &flight.job, loops, What::Outcome)?;
                    flight.first = Some((outcome, extras.memory));
                    flights.insert(id, flight);
                    again.push((other, frame));
                    continue;
                }
                if let Some((first, memory)) = &flight.first {
                    searched.pairs += 1;
                    let (test, seed) = (&tests[flight.job.test as usize], flight.job.seed);
                    if first != &outcome {
                        searched.differing.push(format!("{test} seed {seed}: {} then {}", first.hash, outcome.hash));
                    } else if memory != &extras.memory {
                        searched.differing.push(format!("{test} seed {seed}: the same events, another memory"));
                    }
                }
                if flight.job == Session::calibration_job(flight.job.test) {
                    searched.loops.insert(flight.job.test, extras.loops);
                }
                found |= matches!(session.report(&flight.job, &outcome), Reaction::Found { .. });
            }
            News::Frame(_, Frame::Refused(id, why)) => {
                if let Some(flight) = flights.remove(&id) {
                    line.clear();
                    eprintln!("fbsim: seed {} was refused: {why}", flight.job.seed);
                    session.lost(&flight.job);
                }
            }
            News::Nothing | News::Frame(..) => {}
            News::Died(worker, jobs, how) => {
                line.clear();
                let mut jobs = jobs.into_iter();
                if let Some(at) = jobs.next()
                    && let Some(flight) = flights.remove(&at.id)
                {
                    eprintln!(
                        "fbsim: a worker died ({how}) at test {} seed {}; it was replaced",
                        tests[flight.job.test as usize], flight.job.seed
                    );
                    session.lost(&flight.job);
                }
                again.extend(jobs.map(|job| (worker, job)));
            }
        }
        if shown.elapsed() > Duration::from_millis(200) {
            shown = Instant::now();
            let total = session.total();
            let rate = total.runs as f64 / started.elapsed().as_secs_f64().max(1e-9);
            let all = args.seeds * tests.len() as u64;
            line.show(&format!("{} of {all} runs, {} failed, {rate:.0} seeds/s", total.runs, total.failed));
        }
    }
    line.clear();
    searched.elapsed = started.elapsed();
    Ok(searched)
}

fn show_finding(
    args: &cli::Explore,
    path: &Path,
    pool: &mut Pool,
    test: &str,
    loops: &[String],
    finding: &Finding,
) -> Result<(), Problem> {
    let seed = finding.job.seed;
    println!("\nFAIL {test}  seed {seed}");
    println!("  {}: {}", finding.failure.kind, finding.failure);
    if finding.count > 1 {
        println!("  seen in {} runs", finding.count);
    }
    let rerun = rerun_line(path, test, &finding.job, &args.selection);
    let file = kept::name(&args.selection.output, path, test, seed);
    let kept = record_case(pool, test, &finding.job, loops, &rerun, &file)?;
    kept.admit();
    let mut saved = kept.unsaved.is_none();
    let (outcome, loops, bytes) = (kept.outcome, kept.loops, kept.trace);
    if outcome.hash != finding.outcome.hash {
        println!("  WARNING: recording it gave another run ({} instead of {})", outcome.hash, finding.outcome.hash);
        return Ok(());
    }
    let (mut shown_file, mut shown) = (file.clone(), bytes);
    if !args.no_shrink {
        match shrink_case(pool, test, seed, &loops, &outcome, SHRINK_BUDGET) {
            Ok(shrunk) => {
                println!(
                    "  shrunk from {} to {} choices in {} runs",
                    outcome.choices.len(),
                    shrunk.choices.len(),
                    shrunk.runs
                );
                let job = Job { test: 0, seed, how: How::Replay(shrunk.choices) };
                shown_file = beside(&file, "-shrunk");
                let kept = record_case(pool, test, &job, &loops, &rerun, &shown_file)?;
                kept.admit();
                saved &= kept.unsaved.is_none();
                shown = kept.trace;
            }
            Err(e) => println!("  not shrunk: {e}"),
        }
    }
    ui::tell_story(&shown)?;
    if saved {
        println!("  replay:  {} replay {}", ui::program(), shown_file.display());
    }
    println!("  rerun:   {}", rerun.join(" "));
    if saved {
        println!("  shrink:  {} shrink {}", ui::program(), file.display());
        println!("  trace:   {} trace {}", ui::program(), shown_file.display());
    }
    Ok(())
}
