//! `fbsim odds`: how likely a saved case's failure is from each moment on.

use super::{calibrate, encode, frame, setup_for_trace};
use crate::cli;
use crate::exit::{Exit, Problem};
use crate::pool::Pool;
use crate::pool::wire::What;
use crate::{kept, ui};
use explorer::{Curve, How, Job, Tally};
use model::{Event, EventIndex, Outcome};
use trace::Trace;

pub(crate) fn odds(args: &cli::Odds) -> Result<Exit, Problem> {
    let (trace, _) = kept::load(&args.file)?;
    let header = &trace.header;
    eprintln!("seed {} (from {}), test {}", header.seed, args.file.display(), header.test);
    let Some(last) = trace.events.last() else {
        return Err(Problem::usage(format!("{}: the case has no events to go on from", args.file.display())));
    };
    let mut curve = Curve::new(run_begins(&trace), last.index);
    let mut pool = Pool::start(setup_for_trace(&trace, args.engine)?, vec![None])?;
    let steps = calibrate(&mut pool, &header.test, args.strategy)?.steps;
    let mut compared = 0;
    let mut line = ui::Line::new();
    for round in 1..=args.rounds {
        let after = curve.next_round(args.points as usize);
        if after.is_empty() {
            break;
        }
        line.show(&format!("round {round}: {} continuations from each of {} events", args.tails, after.len()));
        for (event, outcomes) in tails(&mut pool, &trace, args, &after, steps)? {
            if args.twice {
                compared += run_again(&mut pool, &trace, event, &outcomes)?;
            }
            curve.add(event, Tally::of(&outcomes));
        }
        // At the rest the run was over: what is written after its end is about its end.
        let reached = curve.points().map(|(event, _)| event).max().unwrap_or_default();
        for event in after.into_iter().filter(|event| *event > reached) {
            let failed = if trace.outcome.verdict.is_failure() { args.tails } else { 0 };
            curve.add(event, Tally { failed, of: args.tails });
        }
    }
    line.clear();
    print(&trace, &curve);
    if args.twice {
        println!("{compared} continuations were run again from the start, with the same hashes");
    }
    if let Some(rise) = curve.steepest() {
        let (program, file) = (ui::program(), args.file.display());
        println!("  events:  {program} trace {file} --from {} --to {}", rise.from.0.0, rise.to.0.0);
    }
    Ok(Exit::Held)
}

/// The event with which the last service became ready, before anything was asked of one or chosen: what is before is
/// the boot, which takes no choices.
fn run_begins(trace: &Trace) -> EventIndex {
    let begun = |event: &&Event| !matches!(event.kind(), "step_send" | "choice");
    let boot = trace.events.iter().take_while(begun);
    boot.filter(|event| event.kind() == "service_ready").last().map_or(EventIndex(0), |event| event.index)
}

/// Goes on from each of these events.
fn tails(
    pool: &mut Pool,
    trace: &Trace,
    args: &cli::Odds,
    after: &[EventIndex],
    steps: u64,
) -> Result<Vec<(EventIndex, Vec<Outcome>)>, Problem> {
    let job = Job { test: 0, seed: trace.header.seed, how: How::Replay(trace.choices().to_vec()) };
    let what = What::Tails {
        after: after.iter().map(|event| event.0).collect(),
        tails: args.tails,
        strategy: args.strategy.to_string(),
        steps,
    };
    let loops = kept::facts(trace, recorder::LOOP);
    let answer = pool.ask(frame(0, &trace.header.test, &job, &loops, what)?, |_, _| {})?;
    let found = answer.tails.ok_or_else(|| Problem::internal("the worker branched nothing"))?;
    if found.hash != trace.outcome.hash.0 {
        let message = format!(
            "the run is not the recorded one any more (hash {:016x}, recorded {}); `replay` says where it departs",
            found.hash, trace.outcome.hash
        );
        return Err(Problem { message, exit: Exit::Diverged });
    }
    let decode = |bytes: &Vec<u8>| {
        trace::wire::decode_outcome(bytes).map_err(|e| Problem::internal(format!("a worker's answer is damaged: {e}")))
    };
    let mut all = Vec::new();
    for (event, outcomes) in &found.after {
        let outcomes: Vec<Outcome> = outcomes.iter().map(decode).collect::<Result<_, _>>()?;
        if outcomes.len() < args.tails as usize {
            let lost = args.tails as usize - outcomes.len();
            return Err(Problem::internal(format!("{lost} continuations from event {event} were lost")));
        }
        all.push((EventIndex(*event), outcomes));
    }
    Ok(all)
}

/// Runs continuations again from the start. Each must be the same run.
fn run_again(pool: &mut Pool, trace: &Trace, after: EventIndex, outcomes: &[Outcome]) -> Result<u64, Problem> {
    let loops = kept::facts(trace, recorder::LOOP);
    for (number, branch) in outcomes.iter().enumerate() {
        let job = Job { test: 0, seed: trace.header.seed, how: How::Replay(branch.choices.clone()) };
        let again = pool.ask(frame(1, &trace.header.test, &job, &loops, What::Outcome)?, |_, _| {})?.outcome;
        let same = again.as_ref().is_some_and(|o| (o.hash, o.events) == (branch.hash, branch.events));
        if !same {
            let (hash, choices) = (branch.hash, encode(&branch.choices)?.len());
            let other = again.map_or_else(|| "nothing".to_owned(), |o| format!("{} after {} events", o.hash, o.events));
            let message = format!(
                "continuation {number} from event {} ended with {hash} after {} events; run again from the start by its \
                 choices ({choices} bytes) it ended with {other}",
                after.0, branch.events
            );
            return Err(Problem { message, exit: Exit::Diverged });
        }
    }
    Ok(outcomes.len() as u64)
}

fn print(trace: &Trace, curve: &Curve) {
    const BAR: u32 = 24;
    println!("{:>12} {:>12}  of the runs that go on from there fail", "after event", "at");
    for (after, tally) in curve.points() {
        let at = event(trace, after).map(|e| e.at.elapsed().to_string()).unwrap_or_default();
        let filled = (tally.failed * BAR).div_ceil(tally.of.max(1)) as usize;
        println!("{:>12} {at:>12}  {:>5} of {:<5} {}", after.0, tally.failed, tally.of, "#".repeat(filled));
    }
    let Some(rise) = curve.steepest() else {
        println!("the odds are the same everywhere: nothing in this run decided it");
        return;
    };
    let (from, to) = (rise.from, rise.to);
    println!("from {} of {} to {} of {} with", from.1.failed, from.1.of, to.1.failed, to.1.of);
    const EVENTS_MAX: u64 = 8;
    let names = ui::names(trace);
    for index in (from.0.0 + 1..=to.0.0).take(EVENTS_MAX as usize) {
        if let Some(event) = event(trace, EventIndex(index)) {
            println!("  {}", report::event_line(&names, event));
        }
    }
    let more = (to.0.0 - from.0.0).saturating_sub(EVENTS_MAX);
    if more > 0 {
        println!("  … and {more} more");
    }
}

fn event(trace: &Trace, index: EventIndex) -> Option<&Event> {
    trace.events.get(usize::try_from(index.0).ok()?)
}
