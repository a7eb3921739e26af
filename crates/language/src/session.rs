//! What builtins know besides their arguments: whether a specification is being loaded or a test is being run, and in
//! the second case the machine it runs on. Handed to them through the evaluator; holds no values of the language, which
//! live in the module's [`Store`](crate::store::Store).

use crate::builtins::machine::Build;
use crate::causes::Known;
use crate::diagnostic::Diagnostic;
use crate::error::{Code, Place};
use crate::evaluate::Budget;
use crate::guard::Guards;
use crate::load::{Program, ResolveBinary};
use crate::run::faults::Rules;
use crate::source::Sources;
use model::Machine;
use model::plan::Plan;
use starlark::PrintHandler;
use starlark::any::ProvidesStaticType;
use starlark::eval::Evaluator;
use std::cell::{Cell, RefCell};

/// What a specification being loaded may ask of the host.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) resolve_binary: ResolveBinary<'a>,
    pub(crate) resolve_path: &'a dyn Fn(&str) -> Result<String, String>,
    pub(crate) build: &'a dyn Fn(&Build) -> Result<(), String>,
    pub(crate) read: &'a dyn Fn(&str) -> Result<String, String>,
}

/// What an evaluation is for.
#[derive(ProvidesStaticType)]
pub(crate) struct Session<'e> {
    pub(crate) budget: Budget,
    pub(crate) printed: RefCell<Vec<String>>,
    /// Files beside the specification that were read: path and text.
    pub(crate) files: RefCell<Vec<(String, String)>>,
    mode: Mode<'e>,
}

enum Mode<'e> {
    Load(Surroundings<'e>),
    Run(Box<Live<'e>>),
}

/// A test that is being run.
pub(crate) struct Live<'e> {
    pub(crate) machine: &'e dyn Machine,
    pub(crate) plan: &'e Plan,
    pub(crate) guards: &'e Guards,
    pub(crate) sources: &'e Sources,
    pub(crate) stage: Cell<Stage>,
    /// A monitor is looking at an event; the world stands still.
    pub(crate) monitoring: Cell<bool>,
    pub(crate) rules: RefCell<Rules>,
    /// How often monitors were registered; numbers the registrations.
    pub(crate) registrations: Cell<u32>,
    /// How many assertions were made.
    pub(crate) assertions: Cell<u64>,
    /// What makes a result worth less than it seems, each with its code.
    pub(crate) warnings: RefCell<Vec<String>>,
    /// What was found out about causes.
    pub(crate) known: Known,
    /// Whether the world had come to rest when `expect` began to judge; `None` before.
    pub(crate) rest: Cell<Option<Rest>>,
    /// Where the test was when the world ended.
    pub(crate) stopped_at: RefCell<Option<Place>>,
}

/// How many threads a report of rest names.
const NAMED: usize = 12;

impl Live<'_> {
    /// Why nothing more will come of waiting, for a message, on lines of their own; empty if the world had not come to
    /// rest.
    pub(crate) fn at_rest(&self, rest: Rest) -> String {
        if rest == Rest::Not {
            return "\n  things were still happening then".to_owned();
        }
        let waiting = self.machine.waiting();
        let lines = waiting.threads.iter().take(NAMED).map(|parked| {
            let name = self.plan.name(parked.thread.service);
            format!("\n    {name}/{} waits in {}", parked.thread.tid, parked.waits_for)
        });
        let what = match waiting.until {
            None => "nothing can run any more".to_owned(),
            Some(at) => format!("the next thing happens at {}", at.elapsed()),
        };
        let mut text = format!("\n  {what}:{}", lines.collect::<String>());
        if waiting.threads.len() > NAMED {
            text.push_str(&format!("\n    and {} more threads", waiting.threads.len() - NAMED));
        }
        text
    }
    /// Remembers what makes a result worth less than it seems; the same is remembered once.
    pub(crate) fn warn(&self, code: &str, message: &str) {
        let text = format!("{code}: {message}");
        let mut warnings = self.warnings.borrow_mut();
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }
}

/// Whether a world has come to rest: nothing can happen in it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It has.
    Is,
    /// Not within the time that it was given.
    Not,
}

impl From<bool> for Rest {
    fn from(settled: bool) -> Rest {
        if settled { Rest::Is } else { Rest::Not }
    }
}

/// How far a test has come; decides which builtins may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The module is being evaluated again, before the world exists.
    Module,
    /// The test's body or scenario runs.
    Body,
    /// The scenario is over, the world has come to rest, `expect` is judging.
    Expect,
}

impl<'e> Session<'e> {
    pub(crate) fn load(surroundings: Surroundings<'e>) -> Session<'e> {
        Session::new(Mode::Load(surroundings))
    }
    pub(crate) fn run(machine: &'e dyn Machine, program: &'e Program) -> Session<'e> {
        let live = Live {
            machine,
            plan: &program.plan,
            guards: program.guards(),
            sources: program.sources(),
            stage: Cell::new(Stage::Module),
            monitoring: Cell::new(false),
            rules: RefCell::default(),
            registrations: Cell::new(0),
            assertions: Cell::new(0),
            warnings: RefCell::default(),
            known: Known::default(),
            rest: Cell::new(None),
            stopped_at: RefCell::default(),
        };
        Session::new(Mode::Run(Box::new(live)))
    }
    fn new(mode: Mode<'e>) -> Session<'e> {
        Session { budget: Budget::default(), printed: RefCell::default(), files: RefCell::default(), mode }
    }
    /// The session of an evaluator.
    pub(crate) fn of<'a>(eval: &Evaluator<'_, 'a, 'e>) -> Option<&'a Session<'e>> {
        eval.extra?.downcast_ref()
    }
    /// The test being run, if one is.
    pub(crate) fn live(&self) -> Option<&Live<'e>> {
        match &self.mode {
            Mode::Load(_) => None,
            Mode::Run(live) => Some(live),
        }
    }
    /// How programs are found; only while loading, since a plan is made once.
    pub(crate) fn surroundings(&self) -> Option<Surroundings<'e>> {
        match &self.mode {
            Mode::Load(surroundings) => Some(*surroundings),
            Mode::Run(_) => None,
        }
    }
    /// The text of a file beside the specification: read while it is being loaded, and the same from then on.
    pub(crate) fn file(&self, path: &str) -> Result<String, String> {
        match &self.mode {
            Mode::Load(surroundings) => {
                if let Some((_, text)) = self.files.borrow().iter().find(|(p, _)| p == path) {
                    return Ok(text.clone());
                }
                let text = (surroundings.read)(path)?;
                self.files.borrow_mut().push((path.to_owned(), text.clone()));
                Ok(text)
            }
            Mode::Run(live) => {
                let why = "it was not read when the specification was loaded; read it at the top level";
                live.sources.file(path).map(str::to_owned).ok_or_else(|| why.to_owned())
            }
        }
    }
}

/// The running test, for a builtin that only looks at the world.
pub(crate) fn observer<'a, 'e>(eval: &Evaluator<'_, 'a, 'e>, builtin: &str) -> Result<&'a Live<'e>, Diagnostic> {
    let live = Session::of(eval).and_then(Session::live).filter(|live| live.stage.get() != Stage::Module);
    live.ok_or_else(|| {
        Diagnostic::new(Code::OutsideTest, format!("{builtin} works on a running world"))
            .help("call it from a test, a scenario, an expect or a monitor, not at the top level")
    })
}

/// The running test, for a builtin that changes the world or lets time pass.
pub(crate) fn driver<'a, 'e>(eval: &Evaluator<'_, 'a, 'e>, builtin: &str) -> Result<&'a Live<'e>, Diagnostic> {
    let live = observer(eval, builtin)?;
    if live.monitoring.get() {
        return Err(Diagnostic::new(Code::InsideMonitor, format!("{builtin} cannot be called from a monitor"))
            .help("a monitor looks at events and calls fail(); the world stands still while it does"));
    }
    Ok(live)
}

impl PrintHandler for Session<'_> {
    fn println(&self, text: &str) -> starlark::Result<()> {
        self.printed.borrow_mut().push(text.to_owned());
        Ok(())
    }
}
