//! `fbsim trace`: print the events of a saved case.

use crate::cli;
use crate::exit::{Exit, Problem};
use crate::{kept, ui};
use model::{Event, EventIndex};
use std::io::Write as _;
use std::path::Path;
use trace::{Header, Recovered, TraceReader};

pub(crate) fn trace(args: cli::Trace) -> Result<Exit, Problem> {
    let bytes = kept::bytes(&args.file)?;
    if args.recover {
        let recovered = Recovered::read(&bytes).map_err(|e| kept::unreadable(&args.file, &e))?;
        introduce(&args.file, &recovered.header);
        let shown = Shown::new(&args, &recovered.header)?;
        shown.print(&recovered.events);
        println!("{} events are whole; what follows them is missing or damaged", recovered.events.len());
        return Ok(Exit::Held);
    }
    let reader = TraceReader::open(&bytes).map_err(|e| kept::unreadable(&args.file, &e))?;
    introduce(&args.file, reader.header());
    if args.story {
        ui::tell_story(&bytes)?;
        return Ok(Exit::Held);
    }
    let shown = Shown::new(&args, reader.header())?;
    // Nothing is printed of a part that is damaged.
    let count = usize::try_from(shown.to - shown.from).unwrap_or(usize::MAX).saturating_add(1);
    let events: Result<Vec<Event>, _> = reader.events_from(EventIndex(shown.from)).take(count).collect();
    if shown.print(&events.map_err(|e| kept::unreadable(&args.file, &e))?) {
        let outcome = reader.outcome();
        println!("{} events, hash {}, {:?}", outcome.events, outcome.hash, outcome.verdict);
    }
    Ok(Exit::Held)
}

fn introduce(file: &Path, header: &Header) {
    let (seed, test, strategy) = (header.seed, &header.test, &header.strategy);
    eprintln!("seed {seed} (from {}), test {test}, strategy {strategy}", file.display());
}

/// Which events are shown, and how.
struct Shown {
    names: Vec<String>,
    service: Option<usize>,
    from: u64,
    to: u64,
}

impl Shown {
    fn new(args: &cli::Trace, header: &Header) -> Result<Shown, Problem> {
        let names = ui::names_of(header);
        let position = |name: &String| {
            let known = names.join(", ");
            let position = names.iter().position(|n| n == name);
            position.ok_or_else(|| Problem::usage(format!("no service {name:?}; there are {known}")))
        };
        let service = args.service.as_ref().map(position).transpose()?;
        let (from, to) = (args.from.unwrap_or(0), args.to.unwrap_or(u64::MAX));
        if from > to {
            return Err(Problem::usage(format!("--from {from} comes after --to {to}")));
        }
        Ok(Shown { names, service, from, to })
    }
    /// False if the reader has seen enough.
    fn print(&self, events: &[Event]) -> bool {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let of_service = |event: &Event| self.service.is_none_or(|s| s == event.thread.service.index());
        let chosen = events.iter().filter(|event| (self.from..=self.to).contains(&event.index.0) && of_service(event));
        let printed = chosen.map(|event| writeln!(out, "{}", report::event_line(&self.names, event)));
        let printed: std::io::Result<()> = printed.collect();
        printed.and_then(|()| out.flush()).is_ok()
    }
}
