//! The life of a test:
//!
//! ```text
//!   module evaluated again ─> boot ─> enter_run ─> faults installed ─> monitors watch
//!                                                                         │
//!      verdict <─ faults removed <─ expect <─ the world settles <─ scenario or body
//! ```
//!
//! The module is evaluated afresh for every test and its globals are not frozen while the test runs, so a monitor may
//! keep what it saw in a dict at the top level, and no test sees what another left there. (Files named by `load()` are
//! frozen, as everywhere in Starlark: what they define can be called and read, not changed.)
//!
//! Everything between boot and verdict happens within [`Machine::drive`], on the driver's task: builtins that let time
//! pass suspend the evaluator they were called from, and monitors are evaluated by another one meanwhile. When the world
//! ends, the machine answers [`model::Stopped`], which unwinds the evaluation at once and is never reported itself.

pub(crate) mod boot;
pub(crate) mod faults;
pub(crate) mod monitors;
mod polls;
pub(crate) mod steps;

use crate::builtins::temporal;
use crate::diagnostic::{Raised, place_of, raised};
use crate::error::{Code, SpecError};
use crate::evaluate::{call, evaluator};
use crate::fields::View;
use crate::load::Program;
use crate::session::{Live, Session, Stage};
use crate::store::Store;
use crate::values::domain::{Assumption, FaultScenario, Scenario};
use crate::values::monitor::{Matcher, Monitor};
use crate::values::temporal::{Kind, Property};
use model::event::Note;
use model::{EventIndex, Failure, Machine, Verdict, VirtualDuration};
use starlark::environment::Module;
use starlark::eval::Evaluator;
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::{UnpackValue, Value};
use std::cell::RefCell;

/// How long the world may take to come to rest before an `expect` judges it.
pub(crate) const SETTLE: VirtualDuration = VirtualDuration::secs(30);

/// How a test ended, and what it printed.
pub(crate) struct Ended {
    pub(crate) verdict: Verdict,
    pub(crate) printed: Vec<String>,
    /// What makes the verdict worth less than it seems.
    pub(crate) warnings: Vec<String>,
}

/// Why a test's body did not come to its end.
pub(crate) enum Broken {
    /// Something to report.
    Failure(Box<Failure>),
    /// The run counts for nothing, and so holds.
    Halted,
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
    /// What is done before the body; `None` if nothing is.
    setup: Value<'v>,
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
        let session = Session::run(machine, program);
        let verdict = Context { program, session: &session, module: &module, test }.run();
        let warnings = session.live().map(|live| live.warnings.take()).unwrap_or_default();
        Ended { verdict, printed: session.printed.take(), warnings }
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
        let live = self.session.live().expect("the session was made for a run");
        let mut main = evaluator(self.module, self.session);
        main.set_loader(self.program);
        let test = match self.prepare(&mut main) {
            Ok(test) => test,
            Err(error) => return Verdict::Failed(self.mistake(&error)),
        };
        let ended = RefCell::new(None);
        let mut body = || {
            let life = self.life(&mut main, live, &test);
            *ended.borrow_mut() = Some(life);
        };
        let mut watcher = evaluator(self.module, self.session);
        let mut on_event = |index| {
            let seen =
                monitors::deliver(&mut watcher, live, index, |error, monitor| self.monitor(error, monitor, index));
            if seen.is_err() {
                self.session.budget.stop();
            }
            seen
        };
        if let Err(failure) = live.machine.drive(&mut body, &mut on_event) {
            // Where a bound was reached says which loop it is; other ends of the world are not the test's doing.
            let at = live.stopped_at.take().filter(|_| failure.kind == "limit").map(|place| place.to_string());
            return Verdict::Failed(Failure { location: failure.location.or(at), ..failure });
        }
        match ended.into_inner() {
            Some(Ok(()) | Err(Broken::Halted)) => Verdict::Held,
            Some(Err(Broken::Failure(failure))) => Verdict::Failed(*failure),
            Some(Err(Broken::Interrupted)) | None => {
                Verdict::Inconclusive("the world was stopped before the test was over".to_owned())
            }
        }
    }

    /// Evaluates the module again and finds the test in it.
    fn prepare(&self, eval: &mut Evaluator<'v, '_, '_>) -> Result<Test<'v>, SpecError> {
        self.program.evaluate(eval, &self.session.budget)?;
        let declared = Store::all_declared(self.module, self.program.loaded());
        let mut test = self.find(&declared).ok_or_else(|| {
            SpecError::new(Code::Evaluation, format!("the specification no longer defines {}", self.test))
        })?;
        // A stateful monitor at the top level looks at every test, unless some list of monitors names it.
        let claimed: Vec<Value<'v>> = declared
            .iter()
            .flat_map(|value| match (Assumption::from_value(*value), FaultScenario::from_value(*value)) {
                (Some(assumption), _) => assumption.monitors.as_slice(),
                (_, Some(scenario)) => scenario.monitors.as_slice(),
                _ => &[],
            })
            .copied()
            .collect();
        let free = declared.iter().filter(|v| Monitor::from_value(**v).is_some());
        test.monitors.extend(free.filter(|v| !claimed.iter().any(|c| c.ptr_eq(**v))));
        Ok(test)
    }

    fn find(&self, declared: &[Value<'v>]) -> Option<Test<'v>> {
        let none = Value::new_none();
        let plain = |body| Test {
            setup: none,
            body,
            faults: Vec::new(),
            expect: none,
            monitors: Vec::new(),
            timeout: None,
            require_faults_fire: false,
        };
        let name = self.property();
        let of_declared = declared.iter().find_map(|value| {
            if let Some(scenario) = Scenario::from_value(*value).filter(|s| s.name == name) {
                return Some(plain(scenario.function));
            }
            let scenario = FaultScenario::from_value(*value).filter(|s| s.spec.name == name)?;
            let assumed = scenario.faults.iter().filter_map(|f| Assumption::from_value(*f));
            let monitors = assumed.flat_map(|a| &a.monitors).chain(&scenario.monitors).copied().collect();
            Some(Test {
                setup: scenario.setup,
                body: scenario.scenario,
                faults: scenario.faults.clone(),
                expect: scenario.expect,
                monitors,
                timeout: scenario.spec.timeout,
                require_faults_fire: scenario.spec.require_faults_fire,
            })
        });
        of_declared.or_else(|| self.module.get(self.test).map(plain))
    }

    /// Everything on the driver's task, from the first service to the last fault removed.
    fn life(&self, eval: &mut Evaluator<'v, '_, '_>, live: &Live<'_>, test: &Test<'v>) -> Result<(), Broken> {
        if !live.machine.is_booted() {
            boot::boot(live, self.program.start_order())?;
        }
        live.machine.enter_run();
        live.stage.set(Stage::Body);
        let mut rules = Vec::new();
        for value in &test.faults {
            let assumption = Assumption::from_value(*value).expect("checked when it was declared");
            let spec = &assumption.spec;
            rules.extend(spec.rules.iter().cloned());
            faults::install(live, &spec.rules, Some(&spec.name), None).map_err(|e| self.broken(&e.into()))?;
        }
        faults::tell_hidden(live, &rules);
        for value in properties_of(test.expect).into_iter().filter(|p| p.1.kind == Kind::Always) {
            let open = value.1.start.is_none();
            Store::of(self.module).properties.borrow_mut().push((value.0, open));
        }
        monitors::activate(self.module, live, &test.monitors).map_err(|e| self.broken(&e.into()))?;
        let judged = polls::beside(live, || self.judge(eval, live, test))?;
        if let Err(Broken::Interrupted | Broken::Halted) = judged {
            return judged;
        }
        let effect = faults::remove_all(live);
        judged?;
        if test.require_faults_fire && effect.certain > 0 && effect.certain_fired == 0 {
            let message = "FB0301: no fault fired: the scenario makes none of the calls";
            return Err(self.failure("assertion", message, None).into());
        }
        faults::tell_idle(live);
        monitors::tell_unseen(self.module, live);
        let watched = !Store::of(self.module).active.borrow().is_empty();
        if live.assertions.get() == 0 && !watched && test.expect.is_none() {
            live.warn("FB0303", "the test asserts nothing: it can only fail by an error, a crash or a deadlock");
        }
        Ok(())
    }

    /// The scenario, and what is expected of it.
    fn judge(&self, eval: &mut Evaluator<'v, '_, '_>, live: &Live<'_>, test: &Test<'v>) -> Result<(), Broken> {
        let began = live.machine.now();
        if !test.setup.is_none() {
            call(eval, test.setup, &[]).map_err(|e| self.broken(&e))?;
        }
        let result = call(eval, test.body, &[]).map_err(|e| self.broken(&e))?;
        self.go_on()?;
        let took = live.machine.now().since(began);
        if let Some(limit) = test.timeout.filter(|limit| took > *limit) {
            let message = format!("FB0310: the scenario took {took} of virtual time, more than its timeout of {limit}");
            return Err(self.failure("assertion", &message, None).into());
        }
        let watched = !Store::of(self.module).active.borrow().is_empty();
        if watched || !test.expect.is_none() {
            live.rest.set(Some(live.machine.settle(live.machine.now().after(SETTLE))?.into()));
        }
        live.stage.set(Stage::Expect);
        for (_, property) in properties_of(test.expect) {
            let anchored = Matcher::from_value(property.start).is_none_or(|m| self.happened(live, m));
            if !anchored {
                live.warn("FB0304", "the anchor of a property never occurred, so it was not judged");
            } else if property.kind == Kind::Eventually
                && !temporal::holds(eval, live, property).map_err(|e| self.broken(&e))?
            {
                let message = self.explain(temporal::describe(property, None));
                let message = message + &live.rest.get().map(|rest| live.at_rest(rest)).unwrap_or_default();
                return Err(self.failure("assertion", &message, None).into());
            }
        }
        if !test.expect.is_none() && properties_of(test.expect).is_empty() {
            let answer = call(eval, test.expect, &[result]).map_err(|e| self.broken(&e))?;
            self.go_on()?;
            if answer.unpack_bool() == Some(false) {
                let message = self.explain("FB0309: expect returned False".to_owned());
                return Err(self.failure("assertion", &message, None).into());
            }
        }
        Ok(())
    }

    /// Whether an event matches.
    fn happened(&self, live: &Live<'_>, matcher: &Matcher) -> bool {
        let mut found = false;
        live.machine.each_event(&mut |event| {
            found = found || matcher.matches(&View::new(event, live.plan));
            !found
        });
        found
    }

    /// A monitor may have spoken at an event of the driver's own, which stops nothing by itself.
    fn go_on(&self) -> Result<(), Broken> {
        if self.session.budget.is_stopped() { Err(Broken::Interrupted) } else { Ok(()) }
    }

    fn broken(&self, error: &starlark::Error) -> Broken {
        match raised(error, self.program.sources(), &self.session.budget) {
            Raised::Interrupted => {
                if let Some(live) = self.session.live() {
                    live.stopped_at.replace(place_of(error, self.program.sources(), None));
                }
                Broken::Interrupted
            }
            Raised::Halted(reason) => {
                if let Some(live) = self.session.live() {
                    live.machine.note(Note::new("halted", [("reason", reason.as_str().into())]));
                }
                Broken::Halted
            }
            Raised::Violation { message, at, place } => {
                let location = place.map(|p| p.to_string());
                let message = self.explain(message);
                Failure { at, location, ..self.failure("assertion", &message, None) }.into()
            }
            Raised::Error(error) => self.mistake(&error).into(),
        }
    }

    fn monitor(&self, error: &starlark::Error, monitor: &str, index: EventIndex) -> Failure {
        let (kind, message, location) = match raised(error, self.program.sources(), &self.session.budget) {
            Raised::Violation { message, place, .. } => {
                ("monitor", self.explain(message), place.map(|p| p.to_string()))
            }
            Raised::Error(error) => ("error", text_of(&error), error.location()),
            Raised::Halted(_) | Raised::Interrupted => ("error", "the world was stopped".to_owned(), None),
        };
        Failure { kind: kind.into(), property: monitor.to_owned(), message, at: Some(index), location }
    }

    /// A message of a failure, with what was last asked about causes.
    fn explain(&self, message: String) -> String {
        match self.session.live() {
            Some(live) => live.known.explain(message),
            None => message,
        }
    }

    /// A mistake in the specification itself.
    fn mistake(&self, error: &SpecError) -> Failure {
        let message = match error.code() {
            Code::Limit => format!("{}: {}", self.test, text_of(error)),
            _ => text_of(error),
        };
        self.failure("error", &message, error.location())
    }

    fn failure(&self, kind: &str, message: &str, location: Option<String>) -> Failure {
        let property = self.property().to_owned();
        Failure { kind: kind.to_owned(), property, message: message.to_owned(), at: None, location }
    }

    /// The test's name as the property that it stands for.
    fn property(&self) -> &str {
        self.test.strip_prefix("test_").unwrap_or(self.test)
    }
}

/// The properties that an `expect` consists of, if it is not a function.
fn properties_of(expect: Value<'_>) -> Vec<(Value<'_>, &Property<'_>)> {
    let list = match UnpackListOrTuple::<Value<'_>>::unpack_value(expect) {
        Ok(Some(list)) => list.items,
        _ => vec![expect],
    };
    list.into_iter().filter_map(|v| Some((v, Property::from_value(v)?))).collect()
}

fn text_of(error: &SpecError) -> String {
    let help = error.help_text().map(|h| format!(" ({h})")).unwrap_or_default();
    format!("[{}] {}{help}", error.code(), error.message())
}
