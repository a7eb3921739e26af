//! Which fault rules are in place. Rules of a service are tried in the order in which they were installed, the first
//! that fires wins; so rules stack, and none replaces another.

use crate::diagnostic::Diagnostic;
use crate::session::Live;
use crate::values::fault::Rule;
use model::RuleId;
use model::event::{Note, Value};

/// The rules in place, in the order of installation.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    installed: Vec<Installed>,
    fired: u64,
}

#[derive(Debug)]
struct Installed {
    id: RuleId,
    rule: Rule,
    /// By `fault_start`, so that `fault_stop` takes it away.
    started: bool,
}

/// Puts rules in place and notes it.
pub(crate) fn install(
    live: &Live<'_>,
    rules: &[Rule],
    assumption: Option<&str>,
    started: bool,
) -> Result<Vec<RuleId>, Diagnostic> {
    let mut ids = Vec::new();
    for rule in rules {
        let service = live.plan.id(&rule.service).ok_or_else(|| {
            Diagnostic::argument(format!(
                "the service {:?} was not declared when the specification was loaded",
                rule.service
            ))
        })?;
        let id = live.machine.install(rule.on(service));
        live.rules.borrow_mut().installed.push(Installed { id, rule: rule.clone(), started });
        let mut fields = about(rule);
        fields.push(("rule".into(), rule.to_string().into()));
        fields.extend(assumption.map(|name| ("assumption".into(), name.into())));
        live.machine.note(Note { kind: "fault_applied".into(), fields });
        ids.push(id);
    }
    Ok(ids)
}

/// Takes rules away and notes what they did.
pub(crate) fn remove(live: &Live<'_>, ids: &[RuleId]) {
    let removed: Vec<Installed> = {
        let mut rules = live.rules.borrow_mut();
        let (gone, kept) = std::mem::take(&mut rules.installed).into_iter().partition(|i| ids.contains(&i.id));
        rules.installed = kept;
        gone
    };
    for Installed { id, rule, .. } in removed {
        let (considered, fired) = live.machine.hits(id);
        live.machine.remove(id);
        live.rules.borrow_mut().fired += fired;
        let mut fields = about(&rule);
        fields.push(("considered".into(), Value::Int(considered as i64)));
        fields.push(("fired".into(), Value::Int(fired as i64)));
        live.machine.note(Note { kind: "fault_removed".into(), fields });
        if considered == 0 {
            let mut fields = about(&rule);
            fields.push(("rule".into(), rule.to_string().into()));
            fields.push(("hint".into(), format!("{} made none of these calls", rule.service).into()));
            live.machine.note(Note { kind: "fault_zero_traffic".into(), fields });
        }
    }
}

/// Takes away what `fault_start` put on a service.
pub(crate) fn remove_started(live: &Live<'_>, service: &str) {
    let of_service = |i: &&Installed| i.started && i.rule.service == service;
    let ids: Vec<RuleId> = live.rules.borrow().installed.iter().filter(of_service).map(|i| i.id).collect();
    remove(live, &ids);
}

/// Takes everything away; answers how often any rule of the run fired.
pub(crate) fn remove_all(live: &Live<'_>) -> u64 {
    let ids: Vec<RuleId> = live.rules.borrow().installed.iter().map(|i| i.id).collect();
    remove(live, &ids);
    live.rules.borrow().fired
}

fn about(rule: &Rule) -> Vec<(Box<str>, Value)> {
    let mut fields = vec![
        ("service".into(), rule.service.as_str().into()),
        ("keyword".into(), rule.keyword.as_str().into()),
        ("action".into(), rule.fault.to_string().into()),
    ];
    fields.extend(rule.op.as_deref().map(|op| ("op".into(), op.into())));
    fields.extend(rule.path.as_ref().map(|path| ("path".into(), path.as_str().into())));
    fields.extend(rule.fault.label.as_deref().map(|label| ("label".into(), label.into())));
    fields
}
