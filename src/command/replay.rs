//! `fbsim replay`: run a saved case again and compare every event.

use super::{frame, setup_for_trace};
use crate::cli;
use crate::exit::{Exit, Problem};
use crate::pool::Pool;
use crate::pool::wire::What;
use crate::{kept, ui};
use explorer::Job;
use model::EventIndex;

pub(crate) fn replay(args: cli::Replay) -> Result<Exit, Problem> {
    let (trace, bytes) = kept::load_until(&args.file, args.until.map(EventIndex))?;
    if let Some(until) = args.until
        && until >= trace.outcome.events
    {
        let events = trace.outcome.events;
        return Err(Problem::usage(format!("--until {until}: the case has {events} events, from 0 on")));
    }
    let header = &trace.header;
    eprintln!("seed {} (from {}), test {}", header.seed, args.file.display(), header.test);
    if let Some(cpu) = args.cpu
        && !crate::pool::cpus().contains(&cpu)
    {
        let there = crate::pool::cpus();
        return Err(Problem::usage(format!("--cpu {cpu}: this process may use only the CPUs {there:?}")));
    }
    let mut pool = Pool::start(setup_for_trace(&trace, args.engine)?, vec![args.cpu])?;
    let mut same = 0;
    for id in 1..=args.times.max(1) {
        let job = Job::ordinary(0, header.seed);
        let what = What::Compare { trace: bytes.clone(), until: args.until };
        let answer = pool.ask(frame(id, &header.test, &job, &[], what)?, |_, _| {})?;
        let Some(comparison) = answer.comparison else {
            return Err(Problem::internal("the worker compared nothing"));
        };
        if let Some(divergence) = comparison.divergence {
            println!("DIVERGED after {} events, in replay {id} of {}", comparison.compared, args.times);
            println!("  {divergence}");
            return Ok(Exit::Diverged);
        }
        same += 1;
        if same == 1 {
            match args.until {
                None => println!(
                    "the replay is the same: {} events compared, hash {:016x}",
                    comparison.compared, comparison.hash
                ),
                Some(until) => {
                    println!("the replay is the same until event {until}: {} events compared", comparison.compared);
                    if let Some(event) = trace.events.last() {
                        println!("  {}", report::event_line(&ui::names(&trace), event));
                    }
                }
            }
        }
    }
    if args.times > 1 {
        println!("{same} of {} replays are the same", args.times);
    }
    if args.until.is_some() {
        return Ok(Exit::Held);
    }
    match &trace.outcome.verdict {
        model::Verdict::Failed(failure) => println!("  {}: {failure}", failure.kind),
        other => println!("  {other:?}"),
    }
    ui::tell_story(&bytes)?;
    Ok(Exit::Held)
}
