//! The commands, one file each.

mod check;
mod doctor;
mod explore;
mod odds;
mod replay;
mod run;
mod shrink;
mod test;
mod trace;

use crate::cli::{Cli, Command, Engine};
use crate::exit::{Exit, Problem};
use crate::pool::Pool;
use crate::pool::wire::{JobFrame, Setup, System, What};
use crate::{kept, spec};
use explorer::{How, Job, RunnerError, Shrunk, StrategySpec};
use model::{Choice, Outcome, Seed, Verdict};
use std::path::{Path, PathBuf};

/// Carries out what the command line asks for.
pub(crate) fn dispatch(cli: Cli) -> Result<Exit, Problem> {
    match cli.command {
        Command::Run(args) => run::run(args),
        Command::Test(args) => test::test(args),
        Command::Check(args) => check::check(&args),
        Command::Plan(args) => check::plan(&args),
        Command::Init(args) => check::init(&args),
        Command::Explore(args) => explore::explore(args),
        Command::Replay(args) => replay::replay(args),
        Command::Shrink(args) => shrink::shrink(args),
        Command::Trace(args) => trace::trace(args),
        Command::Odds(args) => odds::odds(&args),
        Command::Doctor => doctor::doctor(),
    }
}

/// `NAME=VALUE` arguments as pairs.
fn pairs(arguments: &[String]) -> Result<Vec<(String, String)>, Problem> {
    let pair = |a: &String| match a.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Problem::usage(format!("--env {a}: expected NAME=VALUE"))),
    };
    arguments.iter().map(pair).collect()
}

/// What workers need to run a specification.
fn setup_for_spec(path: &Path, selection: &crate::cli::Selection) -> Result<Setup, Problem> {
    let at = |e: std::io::Error| Problem::usage(format!("{}: {e}", path.display()));
    let directory = path.canonicalize().map_err(at)?.parent().map(Path::to_path_buf).unwrap_or_default();
    let env = pairs(&selection.env)?;
    // Programs are built once, by this process; workers then find them. Any other mistake is theirs to tell.
    let built = spec::load_checked(&path.to_string_lossy(), &env, &spec::search_path(), spec::Building::First);
    if let Err(mistake) = built
        && mistake.is_about_building()
    {
        return Err(Problem::usage(mistake.text));
    }
    Ok(Setup {
        system: System::Spec { path: path.to_string_lossy().into_owned(), sources: Vec::new() },
        env,
        search: spec::search_path(),
        max_calls: selection.max_calls,
        spin_limit_nanos: selection.spin_limit.saturating_mul(1_000_000_000),
        directory: directory.to_string_lossy().into_owned(),
        engine: selection.engine,
    })
}

/// What workers need to run a saved case as it was.
fn setup_for_trace(trace: &trace_format::Trace, engine: Engine) -> Result<Setup, Problem> {
    let number = |name: &str| kept::fact(trace, name).and_then(|v| v.parse().ok()).unwrap_or_default();
    let header = &trace.header;
    let system = if header.spec.is_empty() {
        let Some(program) = header.services.first() else {
            return Err(Problem::usage("the trace names neither a specification nor a program"));
        };
        let machine = crate::cli::Machine::of(|name| kept::fact(trace, name).map(str::to_owned));
        System::Program { path: program.binary.clone(), args: program.args.clone(), machine }
    } else {
        let sources = header.sources.iter().map(|s| (s.path.clone(), s.text.clone())).collect();
        System::Spec { path: header.spec.clone(), sources }
    };
    let mut search = kept::facts(trace, "search");
    search.extend(spec::search_path());
    Ok(Setup {
        system,
        env: pairs(&kept::facts(trace, "env"))?,
        search,
        max_calls: number("max_calls"),
        spin_limit_nanos: number("spin_limit_nanos"),
        directory: kept::fact(trace, "directory").unwrap_or("/").to_owned(),
        engine,
    })
}

/// A job for a worker, with the loops that are counted from its start.
fn frame(id: u64, test: &str, job: &Job, loops: &[String], what: What) -> Result<JobFrame, Problem> {
    let (strategy, steps, choices) = match &job.how {
        How::Strategy { spec, steps } => (spec.to_string(), *steps, None),
        How::Replay(choices) => ("recorded".to_owned(), 0, Some(encode(choices)?)),
    };
    Ok(JobFrame { id, test: test.to_owned(), seed: job.seed.0, strategy, steps, choices, loops: loops.to_vec(), what })
}

fn encode(choices: &[Choice]) -> Result<Vec<u8>, Problem> {
    trace_format::wire::encode_choices(choices).map_err(|e| Problem::internal(e.to_string()))
}

/// What the ordinary run of a test tells about its other runs.
#[derive(Debug, Default)]
struct Calibration {
    /// How long it is, for strategies that place their interventions by it.
    steps: u64,
    /// The loops that are counted in it, and so in all of them.
    loops: Vec<String>,
}

/// Runs the ordinary run of a test.
fn calibrate(pool: &mut Pool, test: &str, strategy: StrategySpec) -> Result<Calibration, Problem> {
    let job = explorer::Session::calibration_job(0);
    let answer = pool.ask(frame(0, test, &job, &[], What::Outcome)?, |_, _| {})?;
    let asked = answer.outcome.map_or(0, |o| o.asked);
    Ok(Calibration { steps: if strategy.needs_steps() { asked } else { 0 }, loops: answer.extras.loops })
}

/// Shrinks a failing run; every candidate is a run.
fn shrink_case(
    pool: &mut Pool,
    test: &str,
    seed: Seed,
    loops: &[String],
    failing: &Outcome,
    budget: u32,
) -> Result<Shrunk, explorer::ShrinkError> {
    let mut id = 1;
    let mut run = |choices: &[Choice]| -> Result<Outcome, RunnerError> {
        id += 1;
        let job = Job { test: 0, seed, how: How::Replay(choices.to_vec()) };
        let lost = |p: Problem| RunnerError::Lost(p.message);
        let answer = pool.ask(frame(id, test, &job, loops, What::Outcome).map_err(lost)?, |_, _| {}).map_err(lost)?;
        answer.outcome.ok_or_else(|| RunnerError::Lost("no outcome".to_owned()))
    };
    let mut line = crate::ui::Line::new();
    let shrunk = explorer::shrink(failing, &mut run, budget, &mut |p| {
        line.show(&format!("shrinking: {} choices left after {} runs ({})", p.choices, p.runs, p.pass));
    });
    line.clear();
    shrunk
}

/// A run that was made again to be kept.
struct Kept {
    outcome: Outcome,
    trace: Vec<u8>,
    /// The loops that were counted.
    loops: Vec<String>,
    /// Why it could not be saved, if so. The run itself is there all the same.
    unsaved: Option<Problem>,
}

impl Kept {
    /// Says that it was not saved; what was found is told all the same.
    fn admit(&self) {
        if let Some(problem) = &self.unsaved {
            eprintln!("fbsim: {}", problem.message);
        }
    }
}

/// Runs a job again and keeps it as a trace.
fn record_case(
    pool: &mut Pool,
    test: &str,
    job: &Job,
    loops: &[String],
    rerun: &[String],
    path: &Path,
) -> Result<Kept, Problem> {
    let what = What::Record { rerun: rerun.to_vec() };
    let answer = pool.ask(frame(u64::MAX, test, job, loops, what)?, |_, _| {})?;
    let (Some(outcome), Some(bytes)) = (answer.outcome, answer.trace) else {
        return Err(Problem::internal("the worker recorded nothing"));
    };
    let unsaved = kept::save(path, &bytes).err();
    Ok(Kept { outcome, trace: bytes, loops: answer.extras.loops, unsaved })
}

/// The command line that runs one seed again.
fn rerun_line(spec: &Path, test: &str, job: &Job, selection: &crate::cli::Selection) -> Vec<String> {
    let seed = job.seed;
    let mut line = vec![crate::ui::program(), "test".to_owned(), spec.to_string_lossy().into_owned()];
    line.extend(["--test".to_owned(), test.to_owned(), "--seed".to_owned(), seed.to_string()]);
    // The ordinary run of a search is that of its calibration, whatever the strategy.
    let ordinary = matches!(job.how, How::Strategy { spec: StrategySpec::Ordinary, .. });
    if let Some(strategy) = if ordinary { Some(StrategySpec::Ordinary) } else { selection.strategy } {
        line.extend(["--strategy".to_owned(), strategy.to_string()]);
    }
    for pair in &selection.env {
        line.extend(["--env".to_owned(), pair.clone()]);
    }
    line
}

/// Whether a selected test's name matches a pattern.
fn matches(pattern: Option<&str>, test: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    let short = test.strip_prefix("test_").unwrap_or(test);
    let glob = model::Glob::field(pattern);
    glob.matches(test) || glob.matches(short) || short.strip_prefix("matrix_").is_some_and(|m| glob.matches(m))
}

/// Selected tests of a specification.
fn select(tests: &[String], pattern: Option<&str>) -> Vec<String> {
    tests.iter().filter(|t| matches(pattern, t)).cloned().collect()
}

/// The exit code for a verdict.
fn exit_of(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Held => Exit::Held,
        Verdict::Failed(failure) if failure.kind == "internal" => Exit::Internal,
        Verdict::Failed(_) => Exit::Failed,
        Verdict::Inconclusive(_) => Exit::Inconclusive,
    }
}

/// A path beside another, with something added to its name.
fn beside(path: &Path, addition: &str) -> PathBuf {
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!("{stem}{addition}.fbt"))
}

use ::trace as trace_format;
