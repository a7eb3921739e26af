//! What things cost, each figure beside its yardstick measured in the same run: `make bench`.
//!
//! ```text
//!   main.rs       which families run; the table; the document
//!    ├ calls.rs handoffs.rs servers.rs compute.rs starts.rs seeds.rs memory.rs monitors.rs recording.rs growth.rs     a family of figures each
//!    ├ measure.rs    rounds that take turns, samples, counts that last long enough
//!    ├ programs.rs   building, finding and running programs
//!    ├ native.rs     servers outside fbsim, for yardsticks
//!    └ row.rs document.rs plot.rs    the table, docs/performance.md, the curves
//! ```
//!
//! Nothing here is a test. Sides take turns (A B, B A, …), so that a machine whose speed drifts does not favour one of
//! them; ratios are medians of the ratios of rounds. What cannot run here is a row that says why.
//!
//! Options: `--only calls,seeds` runs some families, `--long` also what takes long.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures wall-clock time")]

mod calls;
mod compute;
mod document;
mod growth;
mod handoffs;
mod measure;
mod memory;
mod monitors;
mod native;
mod plot;
mod programs;
mod recording;
mod row;
mod seeds;
mod servers;
mod starts;

use programs::Programs;
use row::Row;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// A few minutes in all.
    Usual,
    /// Also what takes long.
    Long,
}

/// Figures that belong together; a section of the document.
struct Family {
    name: &'static str,
    title: &'static str,
    measure: fn(&Programs, Extent) -> Vec<Row>,
}

const FAMILIES: &[Family] = &[
    Family { name: "seeds", title: "Seeds", measure: seeds::measure },
    Family { name: "calls", title: "System calls", measure: calls::measure },
    Family { name: "handoffs", title: "Hand-offs", measure: handoffs::measure },
    Family { name: "servers", title: "A server under load, in one world", measure: servers::measure },
    Family { name: "compute", title: "Computation", measure: compute::measure },
    Family { name: "starts", title: "Whole runs", measure: starts::measure },
    Family { name: "memory", title: "Memory", measure: memory::measure },
    Family { name: "monitors", title: "Monitors", measure: monitors::measure },
    Family { name: "recording", title: "Recording", measure: recording::measure },
    Family { name: "growth", title: "Growth", measure: growth::measure },
];

fn main() {
    let (mut only, mut extent) = (Vec::new(), Extent::Usual);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--only" => only.extend(arguments.next().unwrap_or_default().split(',').map(str::to_owned)),
            "--long" => extent = Extent::Long,
            // What `cargo bench` adds.
            "--bench" => {}
            other => fail(&format!("{other}: only --only FAMILY,… and --long are known")),
        }
    }
    only.retain(|name| !name.is_empty());
    let names: Vec<_> = FAMILIES.iter().map(|family| family.name).collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(&name.as_str())) {
        fail(&format!("{unknown}: the families are {}", names.join(", ")));
    }
    let programs = Programs::build();
    let mut all = Vec::new();
    for family in FAMILIES.iter().filter(|f| only.is_empty() || only.iter().any(|name| name == f.name)) {
        eprintln!("{} …", family.title);
        let rows = (family.measure)(&programs, extent);
        document::replace(family.name, family.title, &rows);
        all.extend(rows);
    }
    document::replace_machine();
    println!("{}", row::table(&all));
}

fn fail(why: &str) -> ! {
    eprintln!("bench: {why}");
    std::process::exit(2)
}
