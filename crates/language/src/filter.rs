//! Conditions on the fields of events, as keyword arguments and dicts express them: `type="stdout", path="*.wal"`.
//! All must hold. A string is a glob; any other value is compared with the field's.

use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::suggest;
use model::plan::Plan;
use model::{Filter, Glob, ServiceId};
use starlark::values::Value;
use starlark::values::float::UnpackFloat;
use starlark::values::{UnpackValue, ValueLike};
use syscalls::Sysno;

/// See the module's documentation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldFilter {
    conditions: Vec<(String, Pattern)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Glob(Glob),
    Exactly(String),
}

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        match self {
            Pattern::Glob(glob) => glob.matches(text),
            Pattern::Exactly(value) => value == text,
        }
    }
    /// The only text that can match, if there is only one.
    fn literal(&self) -> Option<&str> {
        match self {
            Pattern::Glob(glob) => Some(glob.as_str()).filter(|p| !p.contains('*') && !p.is_empty()),
            Pattern::Exactly(value) => Some(value),
        }
    }
}

impl FieldFilter {
    /// A filter of named conditions.
    ///
    /// # Errors
    /// If a value cannot be compared with a field, or names a system call that does not exist.
    pub(crate) fn new(builtin: &str, conditions: Vec<(String, Value<'_>)>) -> Result<FieldFilter, Diagnostic> {
        let mut made = Vec::new();
        for (name, value) in conditions {
            let pattern = pattern_of(value).ok_or_else(|| {
                Diagnostic::argument(format!(
                    "{builtin}(): the condition `{name}` cannot be {}",
                    crate::args::brief(value)
                ))
                .help("a condition is a string (a glob), a number, True or False")
                .focus(&name)
            })?;
            if let Some(call) = pattern.literal().filter(|_| name == "syscall")
                && call.parse::<Sysno>().is_err()
            {
                let near = suggest::hint(call, Sysno::iter().map(|s| s.name()));
                return Err(Diagnostic::new(
                    crate::error::Code::UnknownSyscall,
                    format!("unknown system call {call:?}"),
                )
                .help("conditions name single x86-64 system calls, or use a glob such as \"*write*\"")
                .help_if(near)
                .focus(call));
            }
            made.push((name, pattern));
        }
        Ok(FieldFilter { conditions: made })
    }

    /// True if there are no conditions.
    pub(crate) fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether all conditions hold. For a step, `service` may name its target instead of the driver.
    pub(crate) fn matches(&self, event: &impl Fields) -> bool {
        self.conditions.iter().all(|(name, pattern)| {
            let matches = |field: &str| event.field(field).is_some_and(|text| pattern.matches(&text));
            matches(name) || (name == "service" && event.event().kind().starts_with("step_") && matches("target"))
        })
    }

    /// Refuses a service that does not exist: a condition on it would hold never, and nobody would know.
    pub(crate) fn check(&self, plan: &Plan) -> Result<(), Diagnostic> {
        if let Some(kind) = self.pattern("type").and_then(Pattern::literal).filter(|k| !KINDS.contains(k)) {
            let all = format!("there are: {}", KINDS.join(", "));
            return Err(Diagnostic::argument(format!("no event has the type {kind:?}"))
                .help(all)
                .help_if(suggest::hint(kind, KINDS))
                .focus(kind));
        }
        for name in ["service", "target"] {
            let literal = self.pattern(name).and_then(Pattern::literal);
            let Some(service) = literal.filter(|s| *s != "test" && plan.id(s).is_none()) else {
                continue;
            };
            let names = || plan.services.iter().map(|s| s.name.as_str());
            let all = format!("there are: {}, test", names().collect::<Vec<_>>().join(", "));
            return Err(Diagnostic::argument(format!("no service is called {service:?}"))
                .help(all)
                .help_if(suggest::hint(service, names()))
                .focus(service));
        }
        Ok(())
    }

    /// The type of events that this asks for and that no service of the plan reports, with what to write so that one
    /// does.
    pub(crate) fn unobserved(&self, plan: &Plan) -> Option<(&str, &'static str)> {
        let kind = self.pattern("type").and_then(Pattern::literal)?;
        let (is_reported, how): (fn(&model::plan::Service) -> bool, _) = match kind {
            "wal" | "wal_sync" => (|s| !s.observe_wal.is_empty(), "observe = [observe.wal(…)]"),
            "topic" => {
                (|s| !s.observe_topic.is_empty() || !s.observe_traffic.is_empty(), "observe = [observe.topic(…)]")
            }
            "poll" => (|s| !s.polls.is_empty(), "observe = [observe.poll(…)]"),
            _ => return None,
        };
        (!plan.services.iter().any(is_reported)).then_some((kind, how))
    }

    /// What the machine has to report for this filter to see every event that it can match. If whoever uses the filter
    /// does nothing about events of other types than one, `guard` is that.
    pub(crate) fn watched(&self, plan: &Plan, guard: Option<&str>) -> Vec<Filter> {
        let own = self.pattern("type").map(|pattern| match pattern {
            Pattern::Glob(glob) => glob.clone(),
            Pattern::Exactly(value) => Glob::field(value),
        });
        let kind = own.or_else(|| guard.map(Glob::field));
        let call = self.pattern("syscall").and_then(Pattern::literal).and_then(|name| name.parse::<Sysno>().ok());
        let call = call.and_then(|call| u16::try_from(call.id()).ok());
        let path = self.pattern("path").and_then(|pattern| match pattern {
            Pattern::Glob(glob) => Some(glob.clone()).filter(|glob| !glob.as_str().is_empty()),
            Pattern::Exactly(_) => None,
        });
        let about = |service| Filter { kind: kind.clone(), service, skip_calls: false, call, path: path.clone() };
        match self.pattern("service").and_then(Pattern::literal).and_then(|name| plan.id(name)) {
            _ if self.pattern("service").and_then(Pattern::literal) == Some("test") => {
                vec![about(Some(ServiceId::DRIVER))]
            }
            // What the driver does to a service, or notes about it, counts as the service's.
            Some(service) => vec![about(Some(service)), about(Some(ServiceId::DRIVER))],
            None => vec![about(None)],
        }
    }

    fn pattern(&self, name: &str) -> Option<&Pattern> {
        self.conditions.iter().find(|(n, _)| n == name).map(|(_, pattern)| pattern)
    }
}

/// The types of events that there are.
pub(crate) const KINDS: [&str; 25] = [
    "syscall",
    "stdout",
    "stderr",
    "wal",
    "wal_sync",
    "topic",
    "poll",
    "step_send",
    "step_recv",
    "service_started",
    "service_ready",
    "service_exited",
    "service_crashed",
    "service_restarted",
    "service_paused",
    "service_resumed",
    "clock_jumped",
    "disk_lost",
    "exec_failed",
    "signal",
    "choice",
    "fault_applied",
    "fault_removed",
    "fault_zero_traffic",
    "halted",
];

fn pattern_of(value: Value<'_>) -> Option<Pattern> {
    if let Some(text) = value.unpack_str() {
        return Some(Pattern::Glob(Glob::field(text)));
    }
    if let Some(b) = value.unpack_bool() {
        return Some(Pattern::Exactly(b.to_string()));
    }
    let number = UnpackFloat::unpack_value(value).ok().flatten().is_some();
    number.then(|| Pattern::Exactly(value.to_value().to_str()))
}
