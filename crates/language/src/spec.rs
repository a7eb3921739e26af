//! A loaded specification: its plan, its tests, and how to run one.

use crate::error::{Code, SpecError};
use crate::load::Program;
use crate::outline::{self, Edge, Finding, Outline, Told};
use crate::run;
use crate::source::Sources;
use crate::values::domain::{FaultScenario, Scenario};
use model::plan::Plan;
use model::{Glob, Machine, Verdict};
use starlark::environment::Module;
use starlark::values::Value;
use std::collections::BTreeMap;
use std::fmt;

/// A test of a specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestInfo {
    /// Its name, which starts with `test_`.
    pub name: String,
    /// What it was made from.
    pub kind: TestKind,
}

/// What a test was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestKind {
    /// A function called `test_…`.
    Function,
    /// `scenario(f)`.
    Scenario,
    /// `fault_scenario(name, …)`.
    FaultScenario,
    /// A cell of `fault_matrix(…)`.
    MatrixCell {
        /// The scenario's function.
        scenario: String,
        /// The fault assumption.
        fault: String,
    },
}

/// A specification that was loaded. It holds no world: the same one can run any number of tests, one after the other.
pub struct Spec {
    program: Program,
    tests: Vec<TestInfo>,
    told: Told,
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec").field("plan", &self.program.plan).field("tests", &self.tests).finish_non_exhaustive()
    }
}

impl Spec {
    pub(crate) fn new(program: Program, tests: Vec<TestInfo>, told: Told) -> Spec {
        Spec { program, tests, told }
    }
    #[cfg(test)]
    pub(crate) fn is_compiled(&self) -> bool {
        self.program.is_compiled()
    }
    /// The tests in outline, in the order of [`Spec::tests`].
    pub fn outlines(&self) -> &[Outline] {
        &self.told.outlines
    }
    /// What may be wrong although it loads.
    pub fn findings(&self) -> &[Finding] {
        &self.told.findings
    }
    /// Who depends on whom, and which tests have faults there.
    pub fn edges(&self) -> Vec<Edge> {
        outline::edges(&self.program.plan, &self.told.outlines)
    }
    /// The system under test.
    pub fn plan(&self) -> &Plan {
        &self.program.plan
    }
    /// The tests, ordered by name.
    pub fn tests(&self) -> &[TestInfo] {
        &self.tests
    }
    /// Path and text of every file that was read, the specification first.
    pub fn sources(&self) -> &[(String, String)] {
        self.program.sources().files()
    }

    /// The tests that a pattern means: a name, with or without `test_`; `matrix` or `matrix_<scenario>` for the cells of
    /// a matrix; or a glob over names.
    pub fn select(&self, pattern: &str) -> Vec<&TestInfo> {
        let bare = |name: &str| name.strip_prefix("test_").unwrap_or(name).to_owned();
        let exact: Vec<&TestInfo> =
            self.tests.iter().filter(|t| t.name == pattern || t.name == format!("test_{pattern}")).collect();
        if !exact.is_empty() {
            return exact;
        }
        let wanted = bare(pattern);
        let in_matrix = |t: &TestInfo| match &t.kind {
            TestKind::MatrixCell { scenario, .. } => wanted == "matrix" || wanted == format!("matrix_{scenario}"),
            _ => false,
        };
        let cells: Vec<&TestInfo> = self.tests.iter().filter(|t| in_matrix(t)).collect();
        if !cells.is_empty() || pattern.is_empty() {
            return cells;
        }
        let glob = Glob::field(pattern);
        self.tests.iter().filter(|t| glob.matches(&t.name) || glob.matches(&bare(&t.name))).collect()
    }

    /// Runs a test on a machine whose services are those of [`Spec::plan`] and have not been started. What the test
    /// prints is dropped.
    pub fn run(&self, test: &str, machine: &dyn Machine) -> Verdict {
        self.run_printing(test, machine, &mut |_| {})
    }
    /// As [`Spec::run`]; the lines that the test printed are handed over when it has ended.
    pub fn run_printing(&self, test: &str, machine: &dyn Machine, on_print: &mut dyn FnMut(&str)) -> Verdict {
        self.run_telling(test, machine, on_print, &mut |_| {})
    }
    /// As [`Spec::run_printing`]; warnings, which say why the verdict is worth less than it seems, are handed over too.
    pub fn run_telling(
        &self,
        test: &str,
        machine: &dyn Machine,
        on_print: &mut dyn FnMut(&str),
        on_warning: &mut dyn FnMut(&str),
    ) -> Verdict {
        if !self.tests.iter().any(|t| t.name == test) {
            return Verdict::Inconclusive(format!("there is no test {test:?}"));
        }
        let ended = run::run(&self.program, test, machine);
        ended.printed.iter().for_each(|line| on_print(line));
        ended.warnings.iter().for_each(|line| on_warning(line));
        ended.verdict
    }
}

/// The tests that a module and its declarations make, ordered by name.
pub(crate) fn discover(
    module: &Module<'_>,
    declared: &[Value<'_>],
    sources: &Sources,
) -> Result<Vec<TestInfo>, SpecError> {
    let mut tests: BTreeMap<String, TestKind> = BTreeMap::new();
    let functions = module.names().filter(|name| name.as_str().starts_with("test_"));
    let functions = functions.filter(|name| module.get(name).is_some_and(|v| v.get_type() == "function"));
    let functions = functions.map(|name| (name.as_str().to_owned(), TestKind::Function));
    let declared = declared.iter().filter_map(|value| {
        if let Some(scenario) = Scenario::from_value(*value) {
            return Some((format!("test_{}", scenario.name), TestKind::Scenario));
        }
        let spec = &FaultScenario::from_value(*value)?.spec;
        let kind = match spec.cell.clone() {
            Some((scenario, fault)) => TestKind::MatrixCell { scenario, fault },
            None => TestKind::FaultScenario,
        };
        Some((format!("test_{}", spec.name), kind))
    });
    for (name, kind) in functions.chain(declared) {
        if let Some(other) = tests.insert(name.clone(), kind.clone()) {
            let message = format!("two tests are called {name}: {} and {}", said(&other), said(&kind));
            let place = sources.locate(name.trim_start_matches("test_"));
            return Err(SpecError::new(Code::Duplicate, message).at(place));
        }
    }
    Ok(tests.into_iter().map(|(name, kind)| TestInfo { name, kind }).collect())
}

fn said(kind: &TestKind) -> &'static str {
    match kind {
        TestKind::Function => "a function",
        TestKind::Scenario => "a scenario",
        TestKind::FaultScenario => "a fault scenario",
        TestKind::MatrixCell { .. } => "a cell of a matrix",
    }
}
