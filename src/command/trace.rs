//! `fbsim trace`: print the events of a saved case.

use crate::cli;
use crate::exit::{Exit, Problem};
use crate::{kept, ui};
use std::io::Write as _;

pub(crate) fn trace(args: cli::Trace) -> Result<Exit, Problem> {
    let (trace, bytes) = kept::load(&args.file)?;
    let header = &trace.header;
    eprintln!(
        "seed {} (from {}), test {}, strategy {}",
        header.seed,
        args.file.display(),
        header.test,
        header.strategy
    );
    if args.story {
        ui::tell_story(&bytes)?;
        return Ok(Exit::Held);
    }
    let names = ui::names(&trace);
    let only = match &args.service {
        None => None,
        Some(name) => {
            let position = names.iter().position(|n| n == name);
            let known = names.join(", ");
            Some(position.ok_or_else(|| Problem::usage(format!("no service {name:?}; there are {known}")))?)
        }
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for event in &trace.events {
        if only.is_some_and(|o| o != event.thread.service.index()) {
            continue;
        }
        if writeln!(out, "{}", report::event_line(&names, event)).is_err() {
            // The reader has seen enough.
            return Ok(Exit::Held);
        }
    }
    let _ = writeln!(out, "{} events, hash {}, {:?}", trace.outcome.events, trace.outcome.hash, trace.outcome.verdict);
    Ok(Exit::Held)
}
