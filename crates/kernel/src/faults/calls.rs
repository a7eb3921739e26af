//! Rules at calls.

use crate::file::{Object, Target};
use crate::process::ProcessId;
use crate::world::Kernel;
use model::fault::{DescriptorKind, Place, Scope, Strike};
use model::{Action, Decision, RuleId, ServiceId};

/// Paths that rules without a glob leave alone: what a program needs to start at all.
const SYSTEM_PATHS: [&str; 8] =
    ["/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/", "/proc/", "/sys/", "/dev/", "/etc/ld.so"];

/// What the rules in place do about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// Decided at once.
    Now(Decision),
    /// It waits until the rule's calls are released.
    Hold(RuleId),
    /// There is nobody any more who could make it.
    Gone,
}

/// What a call is about, as far as rules ask.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About<'a> {
    /// The path it names, or its descriptor's.
    pub(crate) path: Option<&'a str>,
    /// What its descriptor refers to.
    pub(crate) kind: Option<DescriptorKind>,
    /// The host at the other end of its socket.
    pub(crate) peer: Option<ServiceId>,
}

fn in_scope(scope: &Scope, about: About<'_>) -> bool {
    let on_path = match (&scope.path, about.path) {
        (Some(glob), path) => path.is_some_and(|p| glob.matches(p)),
        (None, Some(path)) => !SYSTEM_PATHS.iter().any(|p| path.starts_with(p)),
        (None, None) => true,
    };
    on_path
        && scope.kind.is_none_or(|kind| about.kind == Some(kind))
        && scope.peer.is_none_or(|peer| about.peer == Some(peer))
}

impl Kernel {
    /// Whether any rule looks at a service's calls.
    pub(crate) fn has_call_faults(&self, service: ServiceId) -> bool {
        self.faults.at_calls.get(service.index()).is_some_and(|rules| !rules.is_empty())
    }

    /// Whether any rule looks at one of these calls of a service.
    pub(crate) fn has_call_faults_on(&self, service: ServiceId, numbers: impl Fn(u16) -> bool) -> bool {
        let meant = |id: &RuleId| match &self.faults.rules[id.0 as usize].rule.place {
            Place::Calls { calls, .. } => calls.is_empty() || calls.iter().any(|n| numbers(*n)),
            _ => false,
        };
        self.faults.at_calls.get(service.index()).is_some_and(|rules| rules.iter().any(meant))
    }

    /// What the rules in place do about a call: the first that decides wins. A strike that leaves the caller alive
    /// decides nothing.
    pub(crate) fn decide_fault(&mut self, process: ProcessId, number: u64, about: About<'_>) -> Ruling {
        let service = process.service;
        for id in self.faults.at_calls[service.index()].clone() {
            let rule = &self.faults.rules[id.0 as usize].rule;
            let Place::Calls { calls, scope, .. } = &rule.place else { continue };
            let meant = calls.is_empty() || calls.contains(&(number as u16));
            if !meant || !in_scope(scope, about) {
                continue;
            }
            let action = rule.action;
            if !self.fires(id) {
                continue;
            }
            match action {
                Action::Allow => return Ruling::Now(Decision::Allow),
                Action::Deny(errno) => return Ruling::Now(Decision::Deny(errno)),
                Action::Delay(by) => return Ruling::Now(Decision::Delay(by)),
                Action::Hold => return Ruling::Hold(id),
                Action::Strike(strike) => {
                    self.strike(service, strike, Some(id));
                    if matches!(strike, Strike::Crash(_)) {
                        return Ruling::Gone;
                    }
                }
                Action::Packet(_) | Action::Condition(_) => {}
            }
        }
        Ruling::Now(Decision::Allow)
    }

    /// Whether the calls that a rule holds go on.
    pub(crate) fn is_released(&self, id: RuleId) -> bool {
        self.faults.released.contains(&id)
    }

    /// What a descriptor refers to, as rules ask for it, and the host at its other end.
    pub(crate) fn descriptor_kind(&self, process: ProcessId, fd: i32) -> (Option<DescriptorKind>, Option<ServiceId>) {
        let Ok(file) = self.file_of(process, fd) else { return (None, None) };
        match self.open_file(file).target {
            Target::Inode(_) => (Some(DescriptorKind::File), None),
            Target::Console { .. } => (Some(DescriptorKind::Console), None),
            Target::Object(object) => match self.files.objects.get(&object) {
                Some(Object::Socket(_)) => (Some(DescriptorKind::Socket), self.peer_host(object)),
                Some(Object::Pipe(_)) => (Some(DescriptorKind::Pipe), None),
                _ => (Some(DescriptorKind::Other), None),
            },
        }
    }
}
