//! `fbsim shrink`: shrink a saved case to the fewest choices that still fail.

use super::{beside, record_case, setup_for_trace, shrink_case};
use crate::cli;
use crate::exit::{Exit, Problem};
use crate::pool::Pool;
use crate::{kept, ui};
use explorer::{End, How, Job};

pub(crate) fn shrink(args: cli::Shrink) -> Result<Exit, Problem> {
    let (trace, _) = kept::load(&args.file)?;
    let header = &trace.header;
    eprintln!("seed {} (from {}), test {}", header.seed, args.file.display(), header.test);
    let mut pool = Pool::start(setup_for_trace(&trace, args.engine)?, vec![None])?;
    let budget = u32::try_from(args.budget).unwrap_or(u32::MAX);
    let loops = kept::facts(&trace, recorder::LOOP);
    let shrunk = shrink_case(&mut pool, &header.test, header.seed, &loops, &trace.outcome, budget)
        .map_err(|e| Problem::usage(format!("{}: {e}", args.file.display())))?;
    println!("from {} to {} choices in {} runs", trace.outcome.choices.len(), shrunk.choices.len(), shrunk.runs);
    match shrunk.end {
        End::Minimal => println!("no single choice can be taken away"),
        End::Budget => println!("the budget of {budget} runs ended it; --budget raises it"),
        End::Broken(why) => println!("stopped: {why}"),
    }
    let output = args.output.unwrap_or_else(|| beside(&args.file, "-shrunk"));
    let job = Job { test: 0, seed: header.seed, how: How::Replay(shrunk.choices) };
    let kept = record_case(&mut pool, &header.test, &job, &loops, &header.rerun, &output)?;
    ui::tell_story(&kept.trace)?;
    if let Some(problem) = kept.unsaved {
        return Err(problem);
    }
    println!("  replay:  {} replay {}", ui::program(), output.display());
    Ok(Exit::Held)
}
