//! What people see: the seed's origin, progress, stories. Results go to standard output, everything else to standard
//! error.

pub(crate) mod matrix;

use crate::exit::Problem;
use model::Seed;
use std::io::{IsTerminal as _, Write as _};
use trace::{Header, Trace};

/// The seed, and where it came from.
pub(crate) fn seed(given: Option<Seed>, default: Seed, default_is: &str) -> (Seed, String) {
    #[allow(clippy::disallowed_methods, reason = "says where the seed came from")]
    let from_env = std::env::var("FBSIM_SEED").is_ok();
    match given {
        Some(seed) if from_env => (seed, "from FBSIM_SEED or --seed".to_owned()),
        Some(seed) => (seed, "from --seed".to_owned()),
        None => (default, default_is.to_owned()),
    }
}

/// This program as it was called, for lines that are pasted back into the same shell.
pub(crate) fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "fbsim".to_owned())
}

/// A progress line: rewritten in place on a terminal, printed now and then elsewhere.
#[derive(Debug)]
pub(crate) struct Line {
    terminal: bool,
    shown: bool,
    calls: u32,
}

impl Line {
    /// How many updates pass unseen between two lines of a log.
    const EVERY: u32 = 25;

    pub(crate) fn new() -> Line {
        Line { terminal: std::io::stderr().is_terminal(), shown: false, calls: 0 }
    }
    pub(crate) fn show(&mut self, text: &str) {
        self.calls += 1;
        if self.terminal {
            eprint!("\r\x1b[K{text}");
            let _ = std::io::stderr().flush();
            self.shown = true;
        } else if self.calls % Self::EVERY == 1 {
            eprintln!("{text}");
        }
    }
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            eprint!("\r\x1b[K");
        }
    }
}

/// Names of a trace's services by id.
pub(crate) fn names(trace: &Trace) -> Vec<String> {
    names_of(&trace.header)
}

/// Names of the services of a recorded run by id.
pub(crate) fn names_of(header: &Header) -> Vec<String> {
    std::iter::once("test".to_owned()).chain(header.services.iter().map(|s| s.name.clone())).collect()
}

/// Prints how a recorded run departed from the ordinary one.
pub(crate) fn tell_story(bytes: &[u8]) -> Result<(), Problem> {
    const LINES_MAX: usize = 12;
    let trace = Trace::read(bytes).map_err(|e| Problem::internal(e.to_string()))?;
    let story = report::story(&names(&trace), &trace.events);
    match story.len() {
        0 if trace.outcome.verdict.is_failure() => println!("  the ordinary run fails: no choice departs from it"),
        0 => println!("  the ordinary run: no choice departs from it"),
        1 => println!("  the ordinary run, except for one choice:"),
        n => println!("  the ordinary run, except for {n} choices:"),
    }
    for (number, line) in story.iter().take(LINES_MAX).enumerate() {
        println!("   {}. {line}", number + 1);
    }
    if story.len() > LINES_MAX {
        println!("   … and {} more", story.len() - LINES_MAX);
    }
    Ok(())
}

/// Prints what guests asked for and did not get.
pub(crate) fn complaints(complaints: &[(String, String, String, u64)]) {
    // Refusals that every program expects (rseq, io_uring, …) say why in the table; they are no news.
    let news = |what: &str| what.starts_with("FB") || what.starts_with("not simulated");
    for (service, call, what, count) in complaints.iter().filter(|(_, _, what, _)| news(what)) {
        let times = if *count == 1 { String::new() } else { format!(" ({count} times)") };
        eprintln!("note: {service}: {call}: {what}{times}");
    }
}
