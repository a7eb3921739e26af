//! Which fault rules are in place. Rules of a service are tried in the order in which they were installed, the first
//! that fires wins; so rules stack, and none replaces another.
//!
//! A rule with a window is put in place at each event that matches its beginning and taken away at the next one that
//! matches its end, before anything else in the world happens.

use crate::diagnostic::{Diagnostic, interrupted};
use crate::fields::Fields;
use crate::session::Live;
use crate::values::fault::{At, Rule, hidden};
use model::event::{Note, Value};
use model::fault::Condition;
use model::{Action, FaultRule, Filter, Intervention, RuleId};

/// The rules in place, in the order of installation.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    installed: Vec<Installed>,
    next: u32,
    /// Certain rules that have been taken away, and how many of them fired.
    certain: (u32, u32),
    /// Rules that have been taken away: each with how many calls or packets it was asked about, and how often it fired.
    past: Vec<(Rule, u64, u64)>,
}

#[derive(Debug)]
struct Installed {
    handle: Handle,
    /// The machine's rule; `None` while its window is closed, or if chance decided against it.
    id: Option<RuleId>,
    rule: Rule,
    target: FaultRule,
    /// By `fault_start` on this, so that `fault_stop` takes it away.
    started: Option<String>,
    /// What it did in windows that have closed.
    before: (u64, u64),
}

/// Names a rule that was put in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle(u32);

/// A service that the plan does not have.
pub(crate) fn undeclared(service: &str) -> Diagnostic {
    Diagnostic::argument(format!("the service {service:?} was not declared when the specification was loaded"))
}

/// Puts rules in place and notes it. `started` is what `fault_stop` will name, if it will.
pub(crate) fn install(
    live: &Live<'_>,
    rules: &[Rule],
    assumption: Option<&str>,
    started: Option<&str>,
) -> Result<Vec<Handle>, Diagnostic> {
    let mut handles = Vec::new();
    for rule in rules {
        let target = rule.on(live.plan).map_err(|service| undeclared(&service))?;
        if let Some(window) = &rule.fault.between {
            window.0.check(live.plan)?;
            window.1.check(live.plan)?;
        }
        let is_so = rule.fault.between.is_none() && decided(live, rule);
        let id = is_so.then(|| live.machine.install(target.clone()));
        let handle = {
            let mut rules = live.rules.borrow_mut();
            rules.next += 1;
            let handle = Handle(rules.next);
            let started = started.map(str::to_owned);
            rules.installed.push(Installed { handle, id, rule: rule.clone(), target, started, before: (0, 0) });
            handle
        };
        let mut fields = about(rule);
        fields.push(("rule".into(), rule.to_string().into()));
        fields.extend(assumption.map(|name| ("assumption".into(), name.into())));
        fields.extend(id.map(|id| ("id".into(), Value::Int(i64::from(id.0)))));
        live.machine.note(Note { kind: "fault_applied".into(), fields });
        handles.push(handle);
    }
    Ok(handles)
}

/// Whether a condition holds at all in this run: one that is left to chance is decided when it is put in place.
fn decided(live: &Live<'_>, rule: &Rule) -> bool {
    let left_to_chance = matches!(rule.fault.action, Action::Condition(c) if c != Condition::Partition)
        && rule.fault.when.probability < FaultRule::ALWAYS;
    if !left_to_chance {
        return true;
    }
    let question = live.rules.borrow().next | CONDITIONS;
    live.machine.choose(question, 2) == 1
}

/// Questions about conditions are numbered from here on.
const CONDITIONS: u32 = 1 << 31;

/// Opens and closes the windows of rules that an event begins or ends.
pub(crate) fn at_event(live: &Live<'_>, event: &impl Fields) {
    let mut rules = live.rules.borrow_mut();
    for installed in rules.installed.iter_mut().filter(|i| i.rule.fault.between.is_some()) {
        let window = installed.rule.fault.between.clone().expect("filtered");
        match installed.id {
            None if window.0.matches(event) => installed.id = Some(live.machine.install(installed.target.clone())),
            Some(id) if window.1.matches(event) => {
                let (considered, fired) = live.machine.hits(id);
                installed.before = (installed.before.0 + considered, installed.before.1 + fired);
                live.machine.remove(id);
                installed.id = None;
            }
            _ => {}
        }
    }
}

/// What the machine has to report so that windows open and close.
pub(crate) fn watched(live: &Live<'_>) -> Vec<Filter> {
    let rules = live.rules.borrow();
    let windows = rules.installed.iter().filter_map(|i| i.rule.fault.between.as_ref());
    windows.flat_map(|w| w.0.watched(live.plan, None).into_iter().chain(w.1.watched(live.plan, None))).collect()
}

/// Lets the calls go on that rules of a service, or with a label, hold; answers how many.
pub(crate) fn release(live: &Live<'_>, service: Option<&str>, tag: Option<&str>) -> starlark::Result<i32> {
    let meant = |i: &&Installed| {
        i.rule.fault.action == Action::Hold
            && service.is_none_or(|s| i.rule.place.service() == s)
            && tag.is_none_or(|t| i.rule.fault.label.as_deref() == Some(t))
    };
    let ids: Vec<Option<RuleId>> = live.rules.borrow().installed.iter().filter(meant).map(|i| i.id).collect();
    if ids.is_empty() {
        return Err(Diagnostic::argument("release(): no hold() is in place that is meant").into());
    }
    let mut held = 0;
    for id in ids.into_iter().flatten() {
        held += live.machine.intervene(&Intervention::Release(id)).map_err(interrupted)?;
    }
    Ok(i32::try_from(held).unwrap_or(i32::MAX))
}

/// Takes rules away and notes what they did.
pub(crate) fn remove(live: &Live<'_>, handles: &[Handle]) {
    let removed: Vec<Installed> = {
        let mut rules = live.rules.borrow_mut();
        let (gone, kept) = std::mem::take(&mut rules.installed).into_iter().partition(|i| handles.contains(&i.handle));
        rules.installed = kept;
        gone
    };
    for Installed { id, rule, before, .. } in removed {
        let (mut considered, mut fired) = before;
        if let Some(id) = id {
            let (more, hits) = live.machine.hits(id);
            (considered, fired) = (considered + more, fired + hits);
            live.machine.remove(id);
        }
        {
            let mut rules = live.rules.borrow_mut();
            if rule.fault.is_certain() {
                rules.certain.0 += 1;
                rules.certain.1 += u32::from(fired > 0);
            }
        }
        live.rules.borrow_mut().past.push((rule.clone(), considered, fired));
        let mut fields = about(&rule);
        fields.push(("considered".into(), Value::Int(considered as i64)));
        fields.push(("fired".into(), Value::Int(fired as i64)));
        live.machine.note(Note { kind: "fault_removed".into(), fields });
        if considered == 0 && id.is_some() {
            let mut fields = about(&rule);
            fields.push(("rule".into(), rule.to_string().into()));
            fields.push(("hint".into(), format!("{} made none of these calls", rule.place.service()).into()));
            live.machine.note(Note { kind: "fault_zero_traffic".into(), fields });
        }
    }
}

/// Takes away what `fault_start` put on something.
pub(crate) fn remove_started(live: &Live<'_>, target: &str) {
    let meant = |i: &&Installed| i.started.as_deref() == Some(target);
    let handles: Vec<Handle> = live.rules.borrow().installed.iter().filter(meant).map(|i| i.handle).collect();
    remove(live, &handles);
}

/// What the rules of a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    /// How many of them chance has no say in.
    pub(crate) certain: u32,
    /// How many of those fired.
    pub(crate) certain_fired: u32,
}

/// Takes everything away.
pub(crate) fn remove_all(live: &Live<'_>) -> Effect {
    let handles: Vec<Handle> = live.rules.borrow().installed.iter().map(|i| i.handle).collect();
    remove(live, &handles);
    let rules = live.rules.borrow();
    Effect { certain: rules.certain.0, certain_fired: rules.certain.1 }
}

/// Warns of each rule of calls or packets that chance had no say in and that never fired, and of each that could not,
/// because an earlier one decides about all its calls. Of a link, one direction is enough.
pub(crate) fn tell_idle(live: &Live<'_>) {
    let rules = live.rules.borrow();
    let struck = |rule: &Rule| {
        let same = |other: &Rule| other.keyword == rule.keyword && other.place.is_same_as(&rule.place);
        rules.past.iter().any(|(other, _, fired)| *fired > 0 && same(other))
    };
    for (rule, considered, _) in rules.past.iter().filter(|(rule, ..)| rule.fault.is_certain() && !struck(rule)) {
        let what = match rule.place {
            At::Calls { .. } => "calls",
            At::Link { .. } => "packets",
            At::Machine(_) => continue,
        };
        let service = rule.place.service();
        live.warn("FB0301", &format!("{service}: {rule} never fired; it was asked about {considered} {what}"));
    }
}

/// Warns of rules that stand behind one that decides about all of their calls.
pub(crate) fn tell_hidden(live: &Live<'_>, rules: &[Rule]) {
    for (hidden, by) in hidden(rules) {
        live.warn("FB0308", &told_hidden(hidden, by));
    }
}

/// The sentence about a rule that stands behind another.
pub(crate) fn told_hidden(hidden: &Rule, by: &Rule) -> String {
    format!("{}: {hidden} can never fire: {by} was put in place before it and decides", hidden.place.service())
}

fn about(rule: &Rule) -> Vec<(Box<str>, Value)> {
    let mut fields = vec![
        ("service".into(), rule.place.service().into()),
        ("keyword".into(), rule.keyword.as_str().into()),
        ("action".into(), rule.fault.to_string().into()),
    ];
    fields.extend(rule.op.as_deref().map(|op| ("op".into(), op.into())));
    fields.extend(rule.path().map(|path| ("path".into(), path.as_str().into())));
    fields.extend(rule.fault.label.as_deref().map(|label| ("label".into(), label.into())));
    fields
}
