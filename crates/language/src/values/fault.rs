//! Faults: `deny(…)`, `crash()`, `drop()` and their like, and the rules they become when put on the calls of a service, on
//! its machine, or on a link.

use crate::diagnostic::Diagnostic;
use crate::error::Code;
use crate::suggest;
use crate::values::monitor::Matcher;
use crate::values::service::ServiceDecl;
use allocative::Allocative;
use model::fault::{Condition, DescriptorKind, PacketFault, Place, Scope, Strike, When, family};
use model::plan::Plan;
use model::{Action, FaultRule, Glob, VirtualDuration};
use starlark::any::ProvidesStaticType;
use starlark::starlark_simple_value;
use starlark::values::{NoSerialize, StarlarkValue, starlark_value};
use std::fmt;
use std::sync::Arc;
use syscalls::Sysno;

/// What to do to a call, and how often.
#[derive(Clone, Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Fault {
    #[allocative(skip)]
    pub(crate) action: Action,
    #[allocative(skip)]
    pub(crate) when: When,
    #[allocative(skip)]
    pub(crate) about: About,
    /// Only from an event that matches the first until one that matches the second.
    #[allocative(skip)]
    pub(crate) between: Option<Arc<(Matcher, Matcher)>>,
    pub(crate) label: Option<String>,
}

/// What the calls must be about, besides what their keyword says.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) path: Option<Glob>,
    pub(crate) kind: Option<DescriptorKind>,
    /// A service's name, or `test`.
    pub(crate) peer: Option<String>,
}

starlark_simple_value!(Fault);

#[starlark_value(type = "fault")]
impl<'v> StarlarkValue<'v> for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = |nanos: i64| match u64::try_from(nanos) {
            Ok(nanos) => VirtualDuration(nanos).to_string(),
            Err(_) => format!("-{}", VirtualDuration(nanos.unsigned_abs())),
        };
        match self.action {
            Action::Allow => f.write_str("allow()"),
            Action::Deny(errno) => write!(f, "deny({errno})"),
            Action::Delay(by) | Action::Packet(PacketFault::Slow(by)) => write!(f, "delay({by})"),
            Action::Hold => f.write_str("hold()"),
            Action::Strike(Strike::Crash(_)) => f.write_str("crash()"),
            Action::Strike(Strike::Pause(span)) => write!(f, "pause({span})"),
            Action::Strike(Strike::Jump(nanos)) => write!(f, "clock_jump({})", by(nanos)),
            Action::Packet(PacketFault::Drop) => f.write_str("drop()"),
            Action::Packet(PacketFault::Duplicate) => f.write_str("duplicate()"),
            Action::Packet(PacketFault::Overtaken(by)) => write!(f, "reorder({by})"),
            Action::Packet(PacketFault::Reset) => f.write_str("reset()"),
            Action::Packet(PacketFault::Cut(span)) => write!(f, "cut({span})"),
            Action::Condition(Condition::Partition) => f.write_str("partition()"),
            Action::Condition(Condition::Skew(nanos)) => write!(f, "clock_skew({})", by(nanos)),
            Action::Condition(Condition::DiskFull(after)) => write!(f, "disk_full(after={after})"),
        }
    }
}

impl Fault {
    /// A fault that fires at each.
    pub(crate) fn always(action: Action) -> Fault {
        Fault { action, when: When::ALWAYS, about: About::default(), between: None, label: None }
    }
    /// Whether something other than chance decides that it fires.
    pub(crate) fn is_certain(&self) -> bool {
        self.when.probability == FaultRule::ALWAYS
    }
}

/// A fault at a place: a [`FaultRule`] before the services have numbers.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) place: At,
    /// The keyword it was given by; the fault's own name if there was none.
    pub(crate) keyword: String,
    pub(crate) op: Option<String>,
    pub(crate) fault: Fault,
}

/// Where a rule looks.
#[derive(Clone, Debug)]
pub(crate) enum At {
    /// At calls of a service; an empty list is all of them.
    Calls { service: String, calls: Vec<Sysno>, path: Option<Glob> },
    /// At what one host sends to another.
    Link { from: String, to: String },
    /// At a service's machine.
    Machine(String),
}

impl At {
    /// The service that events name for it.
    pub(crate) fn service(&self) -> &str {
        match self {
            At::Calls { service, .. } | At::Machine(service) => service,
            At::Link { from, .. } => from,
        }
    }
    /// Whether a fault there is the same fault; the two directions of a link are.
    pub(crate) fn is_same_as(&self, other: &At) -> bool {
        match (self, other) {
            (At::Link { from, to }, At::Link { from: a, to: b }) => (from, to) == (a, b) || (from, to) == (b, a),
            _ => self.service() == other.service(),
        }
    }
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
        let place = At::Calls { service: service.name.clone(), calls, path };
        Ok(Rule { place, keyword: keyword.to_owned(), op, fault })
    }
    /// The rule that a fault without a keyword means on a service's machine.
    pub(crate) fn on_machine(service: &str, fault: Fault) -> Result<Rule, Diagnostic> {
        let place = match fault.action {
            Action::Strike(_) => At::Calls { service: service.to_owned(), calls: Vec::new(), path: None },
            Action::Condition(Condition::Skew(_) | Condition::DiskFull(_)) => At::Machine(service.to_owned()),
            Action::Allow | Action::Deny(_) | Action::Delay(_) | Action::Hold => {
                return Err(Diagnostic::argument(format!("{fault} needs to be told at which calls"))
                    .help("name them by keyword, as in write = deny(\"EIO\")"));
            }
            Action::Packet(_) | Action::Condition(Condition::Partition) => {
                return Err(Diagnostic::argument(format!("{fault} is a fault of a link, not of a service"))
                    .help("its target is link(a, b)"));
            }
        };
        let keyword = fault.name().to_owned();
        Ok(Rule { place, keyword, op: None, fault })
    }
    /// The rule that a fault means on what one host sends to another.
    pub(crate) fn on_link(from: &str, to: &str, mut fault: Fault) -> Result<Rule, Diagnostic> {
        fault.action = match fault.action {
            Action::Delay(by) => Action::Packet(PacketFault::Slow(by)),
            action @ (Action::Packet(_) | Action::Condition(Condition::Partition)) => action,
            _ => {
                return Err(Diagnostic::argument(format!("{fault} is not a fault of a link"))
                    .help("a link can drop(), delay(…), duplicate(), reorder(…), reset() or be cut()"));
            }
        };
        let place = At::Link { from: from.to_owned(), to: to.to_owned() };
        let keyword = fault.name().to_owned();
        Ok(Rule { place, keyword, op: None, fault })
    }

    /// The rule as the machine wants it.
    ///
    /// # Errors
    /// The name that is not a service of the plan.
    pub(crate) fn on(&self, plan: &Plan) -> Result<FaultRule, String> {
        let id = |name: &str| match name {
            "test" => Ok(model::ServiceId::DRIVER),
            name => plan.id(name).ok_or_else(|| name.to_owned()),
        };
        let place = match &self.place {
            At::Calls { service, calls, path } => Place::Calls {
                service: id(service)?,
                calls: calls.iter().map(|call| call.id() as u16).collect(),
                scope: Scope {
                    path: self.fault.about.path.clone().or_else(|| path.clone()),
                    kind: self.fault.about.kind,
                    peer: self.fault.about.peer.as_deref().map(id).transpose()?,
                },
            },
            At::Link { from, to } => Place::Packets { from: id(from)?, to: id(to)? },
            At::Machine(service) => Place::Machine(id(service)?),
        };
        let (keyword, op) = (self.keyword.clone(), self.op.clone());
        Ok(FaultRule { place, action: self.fault.action, when: self.fault.when, keyword, op })
    }
    /// The path that calls must be about.
    pub(crate) fn path(&self) -> Option<&Glob> {
        match &self.place {
            At::Calls { path, .. } => self.fault.about.path.as_ref().or(path.as_ref()),
            At::Link { .. } | At::Machine(_) => None,
        }
    }
}

/// Rules that can never fire, each with the one before it that decides about all of its calls.
pub(crate) fn hidden(rules: &[Rule]) -> Vec<(&Rule, &Rule)> {
    let earlier = |i: usize| rules[..i].iter().find(|by| by.hides(&rules[i]));
    rules.iter().enumerate().filter_map(|(i, rule)| Some((rule, earlier(i)?))).collect()
}

impl Rule {
    /// Whether a later rule is never asked, since this one decides about all of its calls.
    fn hides(&self, later: &Rule) -> bool {
        let (At::Calls { service, calls, .. }, At::Calls { service: later_service, calls: later_calls, .. }) =
            (&self.place, &later.place)
        else {
            return false;
        };
        let Fault { action, when, about, between, .. } = &self.fault;
        let decides = !matches!(action, Action::Strike(_)) && *when == When::ALWAYS && between.is_none();
        let path = |rule: &Rule| rule.path().map(|p| p.as_str().to_owned());
        let everywhere = about.kind.is_none() && about.peer.is_none();
        decides
            && everywhere
            && (self.path().is_none() || path(self) == path(later))
            && service == later_service
            && !later_calls.is_empty()
            && later_calls.iter().all(|call| calls.contains(call))
    }
}

impl Fault {
    /// The builtin that makes it.
    fn name(&self) -> &'static str {
        match self.action {
            Action::Allow => "allow",
            Action::Deny(_) => "deny",
            Action::Delay(_) | Action::Packet(PacketFault::Slow(_)) => "delay",
            Action::Hold => "hold",
            Action::Strike(Strike::Crash(_)) => "crash",
            Action::Strike(Strike::Pause(_)) => "pause",
            Action::Strike(Strike::Jump(_)) => "clock_jump",
            Action::Packet(PacketFault::Drop) => "drop",
            Action::Packet(PacketFault::Duplicate) => "duplicate",
            Action::Packet(PacketFault::Overtaken(_)) => "reorder",
            Action::Packet(PacketFault::Reset) => "reset",
            Action::Packet(PacketFault::Cut(_)) => "cut",
            Action::Condition(Condition::Partition) => "partition",
            Action::Condition(Condition::Skew(_)) => "clock_skew",
            Action::Condition(Condition::DiskFull(_)) => "disk_full",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            At::Calls { calls, .. } if calls.is_empty() => write!(f, "{} at any call", self.fault)?,
            At::Calls { calls, .. } => {
                let calls: Vec<&str> = calls.iter().map(|c| c.name()).collect();
                write!(f, "{} on {}", self.fault, calls.join(" "))?;
            }
            At::Link { from, to } => write!(f, "{} from {from} to {to}", self.fault)?,
            At::Machine(service) => write!(f, "{} of {service}", self.fault)?,
        }
        let When { probability, nth, after, max_fires } = self.fault.when;
        if let Some(path) = self.path() {
            write!(f, " of {}", path.as_str())?;
        }
        if let Some(kind) = self.fault.about.kind {
            write!(f, " of a {}", kind_name(kind))?;
        }
        if let Some(peer) = &self.fault.about.peer {
            write!(f, " with {peer}")?;
        }
        if probability < FaultRule::ALWAYS {
            write!(f, " with probability {}%", f64::from(probability) / 1e4)?;
        }
        if nth > 0 {
            write!(f, " at number {nth}")?;
        }
        if after > 0 {
            write!(f, " after {after}")?;
        }
        if max_fires > 0 {
            write!(f, " at most {max_fires} times")?;
        }
        Ok(())
    }
}

/// The kinds of descriptors that a fault can be put on.
pub(crate) const KINDS: [(&str, DescriptorKind); 4] = [
    ("file", DescriptorKind::File),
    ("socket", DescriptorKind::Socket),
    ("pipe", DescriptorKind::Pipe),
    ("console", DescriptorKind::Console),
];

fn kind_name(kind: DescriptorKind) -> &'static str {
    KINDS.iter().find(|(_, k)| *k == kind).map_or("descriptor", |(name, _)| name)
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
