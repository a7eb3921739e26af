//! Faults: `deny(…)`, `delay(…)`, `allow()`, and the rules they become when put on the calls of a service.

use crate::diagnostic::Diagnostic;
use crate::error::Code;
use crate::suggest;
use crate::values::service::ServiceDecl;
use allocative::Allocative;
use model::fault::family;
use model::{Action, FaultRule, Glob, ServiceId};
use starlark::any::ProvidesStaticType;
use starlark::starlark_simple_value;
use starlark::values::{NoSerialize, StarlarkValue, starlark_value};
use std::fmt;
use syscalls::Sysno;

/// What to do to a call, and how often.
#[derive(Clone, Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Fault {
    #[allocative(skip)]
    pub(crate) action: Action,
    /// In millionths.
    pub(crate) probability: u32,
    /// 0 is without limit.
    pub(crate) max_fires: u32,
    pub(crate) label: Option<String>,
}

starlark_simple_value!(Fault);

#[starlark_value(type = "fault")]
impl<'v> StarlarkValue<'v> for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.action {
            Action::Allow => f.write_str("allow()"),
            Action::Deny(errno) => write!(f, "deny({errno})"),
            Action::Delay(by) => write!(f, "delay({by})"),
        }
    }
}

/// A fault on some calls of a service: a [`FaultRule`] before the service has a number.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) service: String,
    pub(crate) keyword: String,
    pub(crate) op: Option<String>,
    pub(crate) calls: Vec<Sysno>,
    pub(crate) path: Option<Glob>,
    pub(crate) fault: Fault,
}

/// Keywords suggested besides the service's own operations.
const COMMON: [&str; 18] = [
    "write",
    "read",
    "open",
    "openat",
    "connect",
    "fsync",
    "fdatasync",
    "sendto",
    "recvfrom",
    "writev",
    "readv",
    "pwrite64",
    "pread64",
    "sendmsg",
    "recvmsg",
    "close",
    "unlinkat",
    "accept4",
];

impl Rule {
    /// The rule that `keyword=fault` means on a service: a named operation, a family of calls, or a single call.
    pub(crate) fn new(builtin: &str, service: &ServiceDecl, keyword: &str, fault: Fault) -> Result<Rule, Diagnostic> {
        let (names, op, path) = match service.ops.iter().find(|op| op.name == keyword) {
            Some(op) => (op.calls.clone(), Some(op.name.clone()), op.path.clone()),
            None => (vec![keyword.to_owned()], None, None),
        };
        let mut calls = Vec::new();
        for name in &names {
            let ops = service.ops.iter().map(|op| op.name.as_str());
            let found = calls_named(name).map_err(|help| {
                let near = suggest::hint(name, COMMON.into_iter().chain(ops));
                Diagnostic::new(Code::UnknownSyscall, format!("{builtin}() has no keyword or system call `{name}`"))
                    .help(help)
                    .help_if(near)
                    .focus(name)
            })?;
            calls.extend(found);
        }
        calls.sort_by_key(|call| call.id());
        calls.dedup();
        Ok(Rule { service: service.name.clone(), keyword: keyword.to_owned(), op, calls, path, fault })
    }

    /// The rule as the machine wants it.
    pub(crate) fn on(&self, service: ServiceId) -> FaultRule {
        FaultRule {
            service,
            calls: self.calls.iter().map(|call| call.id() as u16).collect(),
            path: self.path.clone(),
            action: self.fault.action,
            probability: self.fault.probability,
            max_fires: self.fault.max_fires,
            keyword: self.keyword.clone(),
            op: self.op.clone(),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls: Vec<&str> = self.calls.iter().map(|c| c.name()).collect();
        write!(f, "{} on {}", self.fault, calls.join(" "))?;
        if let Some(path) = &self.path {
            write!(f, " of {}", path.as_str())?;
        }
        if self.fault.probability < FaultRule::ALWAYS {
            write!(f, " with probability {}%", f64::from(self.fault.probability) / 1e4)?;
        }
        if self.fault.max_fires > 0 {
            write!(f, " at most {} times", self.fault.max_fires)?;
        }
        Ok(())
    }
}

/// The calls that a name stands for; `Err` is the list of names to choose from.
pub(crate) fn calls_named(name: &str) -> Result<Vec<Sysno>, String> {
    let known = |name: &str| name.parse::<Sysno>().ok();
    family(name).into_iter().map(known).collect::<Option<Vec<_>>>().ok_or_else(|| {
        format!(
            "any x86-64 system call can be named, or a named operation of the service; often used: {}",
            COMMON.join(" ")
        )
    })
}

/// Reads a probability: `"20%"`, `"0.2"`, `0.2`, or a number above 1 in per cent. In millionths.
pub(crate) fn probability(text: &str) -> Option<u32> {
    let (number, percent) = match text.trim().strip_suffix('%') {
        Some(number) => (number.trim_end(), true),
        None => (text.trim(), false),
    };
    let number: f64 = number.parse().ok().filter(|n: &f64| n.is_finite())?;
    let share = if percent || number > 1.0 { number / 100.0 } else { number };
    (share > 0.0 && share <= 1.0).then(|| (share * f64::from(FaultRule::ALWAYS)).round().max(1.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities() {
        for (text, expected) in [
            ("20%", Some(200_000)),
            ("0.2", Some(200_000)),
            ("30", Some(300_000)),
            ("1", Some(1_000_000)),
            ("100%", Some(1_000_000)),
            ("1%", Some(10_000)),
            ("0.0000001", Some(1)),
            ("0", None),
            ("101%", None),
            ("-1", None),
            ("often", None),
            ("NaN", None),
        ] {
            assert_eq!(probability(text), expected, "{text}");
        }
    }

    #[test]
    fn families_and_single_calls() {
        let names = |name| calls_named(name).map(|calls| calls.iter().map(|c| c.name()).collect::<Vec<_>>());
        assert_eq!(names("write"), Ok(vec!["write", "writev", "pwrite64"]));
        assert_eq!(names("open"), Ok(vec!["open", "openat"]));
        assert_eq!(names("connect"), Ok(vec!["connect"]));
        assert!(names("conect").is_err());
    }
}
