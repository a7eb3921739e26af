//! What a specification will run, and what may be wrong with it, told without running it.

use crate::run::faults::told_hidden;
use crate::source::Sources;
use crate::spec::{TestInfo, TestKind};
use crate::values::domain::{Assumption, FaultScenario};
use crate::values::fault::{At, Rule, hidden};
use model::plan::{Plan, Service};
use starlark::values::Value;

/// A test in outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its name.
    pub name: String,
    /// `function`, `scenario`, `fault_scenario` or `matrix`.
    pub kind: String,
    /// The fault assumptions that it runs under.
    pub faults: Vec<String>,
    /// Their rules, as sentences.
    pub rules: Vec<String>,
    /// The hosts that the rules are about: one for a machine, both for a link.
    pub(crate) hosts: Vec<String>,
}

/// Something that may be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its stable name.
    pub code: String,
    /// `error` or `warning`.
    pub level: &'static str,
    /// In one line.
    pub message: String,
    /// The file, if it is known.
    pub file: String,
    /// The line, from 1; 0 if it is not known.
    pub line: usize,
}

/// A service that depends on another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who depends.
    pub from: String,
    /// On whom.
    pub to: String,
    /// The tests that have a fault at either, or between them.
    pub tests: Vec<String>,
}

/// What is told of a specification without running it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Its tests in outline.
    pub(crate) outlines: Vec<Outline>,
    /// What may be wrong.
    pub(crate) findings: Vec<Finding>,
}

/// The tests in outline, and what may be wrong.
pub(crate) fn of(declared: &[Value<'_>], tests: &[TestInfo], plan: &Plan, sources: &Sources) -> Told {
    let mut findings = Vec::new();
    let mut find = |code: &str, word: &str, message: String| {
        let place = sources.locate(word);
        let (file, line) = place.map(|p| (p.path, p.line)).unwrap_or_default();
        findings.push(Finding { code: code.into(), level: "warning", message, file, line });
    };
    if tests.is_empty() {
        find("FB0305", "", "the specification declares no test".to_owned());
    }
    for service in plan.services.iter().filter(|s| s.health.is_none()) {
        let message = format!("the service {} has no healthcheck: tests begin before it listens", service.name);
        find("FB0306", &service.name, message);
    }
    let outlines = tests.iter().map(|test| {
        let name = test.name.strip_prefix("test_").unwrap_or(&test.name);
        let kind = match test.kind {
            TestKind::Function => "function",
            TestKind::Scenario => "scenario",
            TestKind::FaultScenario => "fault_scenario",
            TestKind::MatrixCell { .. } => "matrix",
        };
        let mut outline = Outline {
            name: test.name.clone(),
            kind: kind.to_owned(),
            faults: Vec::new(),
            rules: Vec::new(),
            hosts: Vec::new(),
        };
        let scenario = declared.iter().filter_map(|v| FaultScenario::from_value(*v)).find(|s| s.spec.name == name);
        let Some(scenario) = scenario.filter(|_| test.kind != TestKind::Function) else { return outline };
        let assumptions: Vec<&Assumption<'_>> =
            scenario.faults.iter().filter_map(|f| Assumption::from_value(*f)).collect();
        for assumption in &assumptions {
            outline.faults.push(assumption.spec.name.clone());
            outline.rules.extend(assumption.spec.rules.iter().map(told));
            outline.hosts.extend(assumption.spec.rules.iter().flat_map(hosts));
        }
        let rules: Vec<Rule> = assumptions.iter().flat_map(|a| a.spec.rules.iter().cloned()).collect();
        for (rule, by) in hidden(&rules) {
            find("FB0308", &rule.keyword, format!("{}: {}", test.name, told_hidden(rule, by)));
        }
        let watched = !scenario.monitors.is_empty() || assumptions.iter().any(|a| !a.monitors.is_empty());
        if scenario.expect.is_none() && !watched {
            let word = test_word(&test.kind, name);
            find(
                "FB0303",
                &word,
                format!("{} expects nothing: only an error, a crash or a deadlock fails it", test.name),
            );
        }
        outline
    });
    let outlines = outlines.collect();
    Told { outlines, findings }
}

/// A word of the text at which a test is declared.
fn test_word(kind: &TestKind, name: &str) -> String {
    match kind {
        TestKind::MatrixCell { fault, .. } => fault.clone(),
        _ => name.to_owned(),
    }
}

fn told(rule: &Rule) -> String {
    match &rule.place {
        At::Calls { service, .. } => format!("{service}: {rule}"),
        At::Link { .. } | At::Machine(_) => rule.to_string(),
    }
}

fn hosts(rule: &Rule) -> Vec<String> {
    match &rule.place {
        At::Calls { service, .. } | At::Machine(service) => vec![service.clone()],
        At::Link { from, to } => vec![from.clone(), to.clone()],
    }
}

/// Who depends on whom, by `depends_on` or by an address in its environment, and which tests have faults there.
pub(crate) fn edges(plan: &Plan, outlines: &[Outline]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for service in &plan.services {
        let needs = |other: &Service| {
            let depends = service.depends_on.iter().any(|id| plan.name(*id) == other.name);
            depends || (other.name != service.name && is_addressed(service, other))
        };
        for other in plan.services.iter().filter(|other| needs(other)) {
            let (from, to) = (service.name.clone(), other.name.clone());
            let meant = |o: &&Outline| o.hosts.contains(&from) || o.hosts.contains(&to);
            let tests = outlines.iter().filter(meant).map(|o| o.name.clone()).collect();
            edges.push(Edge { from, to, tests });
        }
    }
    edges
}

/// Whether a service is given an address of another in a variable; every service has every address in those of fbsim's.
fn is_addressed(service: &Service, other: &Service) -> bool {
    let own = service.env.iter().filter(|(name, _)| !["FBSIM_", "FAULTBOX_"].iter().any(|p| name.starts_with(p)));
    let addresses: Vec<String> = other.interfaces.iter().map(|i| format!("{}:{}", other.name, i.port)).collect();
    own.into_iter().any(|(_, value)| {
        value.split([',', ';', ' ', '/', '@', '=']).any(|word| addresses.iter().any(|address| word == address))
    })
}
