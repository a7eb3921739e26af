//! The command line, as clap reads it. The help texts here are the documentation; nothing else describes the options.

mod engine;
mod machine;

pub(crate) use engine::{Boot, Engine, Entry};
pub(crate) use machine::Machine;

use clap::{Args, FromArgMatches as _, Parser, Subcommand};
use std::path::PathBuf;

/// Run unmodified Linux services in a simulated machine; search interleavings and faults; replay bit for bit.
#[derive(Debug, Parser)]
#[command(name = "fbsim", version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 held, 1 a property failed, 2 usage or spec error, 3 inconclusive, \
4 nothing selected, 5 replay diverged, 6 this host cannot run it, 70 internal error.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads the command line. A mistake in it, or a question about it, ends the process.
    ///
    /// `run` is read alone: putting together what all commands understand makes its start of a short program a fiftieth
    /// longer, by the memory that it touches. What is not understood then goes the whole way.
    pub(crate) fn read() -> Cli {
        let alone = || {
            let mut words = std::env::args_os().skip(1).peekable();
            if *words.peek()? != *"run" {
                return None;
            }
            let words = Run::augment_args(clap::Command::new("run")).try_get_matches_from(words).ok()?;
            Some(Cli { command: Command::Run(Run::from_arg_matches(&words).ok()?) })
        };
        alone().unwrap_or_else(Cli::parse)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one program in a world of its own and pass its output through
    Run(Run),
    /// Run every test of a specification once
    Test(Test),
    /// Load specifications and say, as JSON, what is wrong with them
    Check(Check),
    /// Say what a specification would run, and where its faults are
    Plan(Plan),
    /// Write a specification to start from, and stubs for editors
    Init(Init),
    /// Search seeds for runs in which a property fails
    Explore(Explore),
    /// Run a saved case again and compare every event
    Replay(Replay),
    /// Shrink a saved case to the fewest choices that still fail
    Shrink(Shrink),
    /// Print the events of a saved case, readable like strace
    Trace(Trace),
    /// Say from which event of a saved case on its failure is likely: where it was decided
    Odds(Odds),
    /// Say what this host offers
    Doctor,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// A specification, or a directory with some
    pub(crate) spec: PathBuf,
    /// Environment variable for every service; wins over the specification
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// A specification, or a directory with some
    pub(crate) spec: PathBuf,
    /// Environment variable for every service; wins over the specification
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The program to test
    pub(crate) program: String,
    /// The name of its service, and of the file
    #[arg(long, default_value = "service")]
    pub(crate) name: String,
    /// The port it listens on
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
    /// What is spoken there: http or tcp
    #[arg(long, default_value = "http", value_parser = ["http", "tcp"])]
    pub(crate) protocol: String,
    /// Where to write
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Seed of the run: decimal or 0x…
    #[arg(long, env = "FBSIM_SEED")]
    pub(crate) seed: Option<model::Seed>,
    /// Environment variable for the program (it sees nothing of yours)
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// Let chance decide who runs when, instead of the ordinary schedule
    #[arg(long, default_value = "ordinary")]
    pub(crate) strategy: explorer::StrategySpec,
    /// Save the run as a trace
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    /// Seconds of processor time without a system call that count as spinning; loops that others wait for are counted
    /// and may take ten times as long, simulated
    #[arg(long, default_value_t = 60)]
    pub(crate) spin_limit: u64,
    /// System calls after which the run is given up as inconclusive; 0 is never
    #[arg(long, default_value_t = 50_000_000)]
    pub(crate) max_calls: u64,
    /// Print the event hash and counts to standard error at the end
    #[arg(long)]
    pub(crate) summary: bool,
    #[command(flatten)]
    pub(crate) machine: Machine,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) program: Vec<String>,
    #[command(flatten)]
    pub(crate) engine: Engine,
}

/// What is selected and how it is run; shared by `test` and `explore`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Selection {
    /// Only tests that match: a name, with or without `test_`, or a glob
    #[arg(long, value_name = "PATTERN")]
    pub(crate) test: Option<String>,
    /// Environment variable for every service; wins over the specification
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// Who decides: portfolio, random, random:preempt=1/16, pct:3, faults, ordinary
    #[arg(long)]
    pub(crate) strategy: Option<explorer::StrategySpec>,
    /// Where failing cases are saved
    #[arg(long, value_name = "DIR", default_value = "fbsim-failures")]
    pub(crate) output: PathBuf,
    /// System calls after which a run is given up as inconclusive
    #[arg(long, default_value_t = 2_000_000)]
    pub(crate) max_calls: u64,
    /// Seconds of processor time without a system call that count as spinning; loops that others wait for are counted
    /// and may take ten times as long, simulated
    #[arg(long, default_value_t = 5)]
    pub(crate) spin_limit: u64,
    #[command(flatten)]
    pub(crate) engine: Engine,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The specification, or a directory with one
    pub(crate) spec: PathBuf,
    /// Seed of the run; without one each test is run once in the ordinary way
    #[arg(long, env = "FBSIM_SEED")]
    pub(crate) seed: Option<model::Seed>,
    #[command(flatten)]
    pub(crate) selection: Selection,
}

#[derive(Debug, Args)]
pub(crate) struct Explore {
    /// Specifications or directories; without any, every *.star below specs/
    pub(crate) specs: Vec<PathBuf>,
    /// How many seeds each test gets
    #[arg(long, default_value_t = 1000)]
    pub(crate) seeds: u64,
    /// The first seed
    #[arg(long, env = "FBSIM_SEED")]
    pub(crate) seed: Option<model::Seed>,
    /// How many workers; each has a CPU of its own
    #[arg(long)]
    pub(crate) jobs: Option<std::num::NonZeroUsize>,
    /// Search all seeds, whatever fails; without it the search ends with the first failure
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Run every seed twice, on different CPUs where there are two, and compare events and memory
    #[arg(long)]
    pub(crate) twice: bool,
    /// Save failing cases as they are found, without shrinking
    #[arg(long)]
    pub(crate) no_shrink: bool,
    #[command(flatten)]
    pub(crate) selection: Selection,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// A saved case
    pub(crate) file: PathBuf,
    /// Replay so many times
    #[arg(long, default_value_t = 1)]
    pub(crate) times: u64,
    /// Use this CPU
    #[arg(long)]
    pub(crate) cpu: Option<usize>,
    /// Stop after this event, and read the case no further
    #[arg(long, value_name = "EVENT")]
    pub(crate) until: Option<u64>,
    #[command(flatten)]
    pub(crate) engine: Engine,
}

#[derive(Debug, Args)]
pub(crate) struct Shrink {
    /// A saved case
    pub(crate) file: PathBuf,
    /// Most runs to spend
    #[arg(long, default_value_t = 2000)]
    pub(crate) budget: u64,
    /// Where the shrunk case is saved; without it, beside the file
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) engine: Engine,
}

#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// A saved case
    pub(crate) file: PathBuf,
    /// Only events of this service
    #[arg(long)]
    pub(crate) service: Option<String>,
    /// Only events from this one on; what is before is not read
    #[arg(long, value_name = "EVENT")]
    pub(crate) from: Option<u64>,
    /// Only events up to this one; what is after is not read
    #[arg(long, value_name = "EVENT")]
    pub(crate) to: Option<u64>,
    /// Only the choices that were not ordinary
    #[arg(long, conflicts_with_all = ["from", "to", "recover"])]
    pub(crate) story: bool,
    /// Print what is whole of a file that is damaged or has no end
    #[arg(long)]
    pub(crate) recover: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Odds {
    /// A saved case
    pub(crate) file: PathBuf,
    /// Events to go on from in each round; the next round looks between the two where the odds rise most
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub(crate) points: u32,
    /// Continuations from each event
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) tails: u32,
    /// Most rounds
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) rounds: u32,
    /// Who decides in the continuations: portfolio, random, random:preempt=1/16, pct:3, faults, ordinary
    #[arg(long, default_value = "portfolio")]
    pub(crate) strategy: explorer::StrategySpec,
    /// Run every continuation again from the start by its choices, and compare the event hashes
    #[arg(long)]
    pub(crate) twice: bool,
    #[command(flatten)]
    pub(crate) engine: Engine,
}
