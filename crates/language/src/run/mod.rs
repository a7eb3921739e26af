//! The life of a test:
//!
//! ```text
//!   module evaluated again ─> boot ─> enter_run ─> faults installed ─> monitors watch
//!                                                                         │
//!      verdict <─ faults removed <─ expect <─ the world settles <─ scenario or body
//! ```
//!
//! The module is evaluated afresh for every test and its globals are not frozen while the test runs, so a monitor may
//! keep what it saw in a dict at the top level, and no test sees what another left there.
//!
//! Everything between boot and verdict happens within [`Machine::drive`], on the driver's task: builtins that let time
//! pass suspend the evaluator they were called from, and monitors are evaluated by another one meanwhile. When the world
//! ends, the machine answers [`model::Stopped`], which unwinds the evaluation at once and is never reported itself.

mod boot;
pub(crate) mod faults;
pub(crate) mod monitors;
pub(crate) mod steps;

use crate::diagnostic::{Raised, raised};
use crate::error::SpecError;
use crate::evaluate::{call, evaluator};
use crate::load::Program;
use crate::session::{Live, Session, Stage};
use crate::store::Store;
use crate::values::domain::{Assumption, FaultScenario, Scenario};
use crate::values::monitor::Monitor;
use model::{Failure, Machine, Verdict, VirtualDuration};
use starlark::environment::Module;
use starlark::eval::Evaluator;
use starlark::values::Value;
use std::cell::RefCell;

/// How long the world may take to come to rest before an `expect` judges it.
pub(crate) const SETTLE: VirtualDuration = VirtualDuration::secs(30);

/// How a test ended, and what it printed.
pub(crate) struct Ended {
    pub(crate) verdict: Verdict,
    pub(crate) printed: Vec<String>,
}

/// Why a test's body did not come to its end.
pub(crate) enum Broken {
    /// Something to report.
    Failure(Box<Failure>),
    /// The world has ended; the machine knows why.
    Interrupted,
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Broken::Failure(Box::new(failure))
    }
}

impl From<model::Stopped> for Broken {
    fn from(_: model::Stopped) -> Self {
        Broken::Interrupted
    }
}

/// What a test consists of.
struct Test<'v> {
    body: Value<'v>,
    faults: Vec<Value<'v>>,
    expect: Value<'v>,
    monitors: Vec<Value<'v>>,
    timeout: Option<VirtualDuration>,
    require_faults_fire: bool,
}

/// Runs a test of a program on a machine.
pub(crate) fn run(program: &Program, test: &str, machine: &dyn Machine) -> Ended {
    Module::with_temp_heap(|module| {
        let session = Session::run(machine, &program.plan);
        let verdict = Context { program, session: &session, module: &module, test }.run();
        Ended { verdict, printed: session.printed.take() }
    })
}

/// A run in progress.
struct Context<'r, 'v, 'e> {
    program: &'r Program,
    session: &'r Session<'e>,
    module: &'r Module<'v>,
    test: &'r str,
}

impl<'v> Context<'_, 'v, '_> {
    fn run(&self) -> Verdict {
        let live = self.session.live().expect("made for a run");
        let mut main = evaluator(self.module, self.session);
        let test = match self.prepare(&mut main) {
            Ok(test) => test,
            Err(error) => return Verdict::Failed(self.error(error)),
        };
        let ended = RefCell::new(None);
        let mut body = || *ended.borrow_mut() = Some(self.life(&mut main, live, &test));
        let mut watcher = evaluator(self.module, self.session);
        let mut on_event = |index| monitors::deliver(&mut watcher, live, index, self);
        let driven = live.machine.drive(&mut body, &mut on_event);
        match (driven, ended.into_inner()) {
            (Err(failure), _) | (Ok(()), Some(Err(Broken::Failure(failure)))) if failure.is_none() => unreachable!(),
            (Err(failure), _) => Verdict::Failed(failure),
            (Ok(()), Some(Ok(()))) => Verdict::Held,
            (Ok(()), Some(Err(Broken::Failure(failure)))) => Verdict::Failed(*failure),
            (Ok(()), Some(Err(Broken::Interrupted)) | None) => {
                Verdict::Inconclusive("the world was stopped before the test was over".to_owned())
            }
        }
    }
}
