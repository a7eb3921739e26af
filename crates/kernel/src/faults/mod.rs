//! Faults in place, and what they do.
//!
//! ```text
//!   install ──> at calls     `calls`: deny, delay, hold; or a strike at the caller's machine
//!          ├──> at packets   `packets`: lost, late, twice, reset; or a cut of the link
//!          └──> at a machine `machine`: a skewed clock, a full disk
//!   intervene ─────────────> `machine`: crash, pause, resume, reset, jump, release, now
//! ```
//!
//! Rules of one place are tried in the order of installation and the first that fires decides. Whether a rule with a
//! probability fires is a choice of the stream of the rule.

mod calls;
mod machine;
mod packets;

use crate::wait::WaitKey;
use crate::world::Kernel;
use model::causality::Via;
use model::fault::{Condition, Place, When};
use model::{Action, FaultRule, Hint, Kind, RuleId, ServiceId, Stream};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) use calls::{About, Ruling};
pub use machine::Power;
pub(crate) use packets::Fate;

/// The rules in place.
#[derive(Debug)]
pub struct Faults {
    at_calls: Vec<Vec<RuleId>>,
    at_packets: BTreeMap<(ServiceId, ServiceId), Vec<RuleId>>,
    /// Rules about machines as such, by service.
    at_machines: Vec<Vec<RuleId>>,
    rules: Vec<Installed>,
    /// Rules whose held calls go on.
    released: BTreeSet<RuleId>,
}

#[derive(Debug)]
struct Installed {
    rule: FaultRule,
    considered: u64,
    fired: u64,
}

impl Faults {
    /// No faults, for so many hosts.
    pub fn new(hosts: usize) -> Faults {
        let empty = || vec![Vec::new(); hosts];
        Faults {
            at_calls: empty(),
            at_packets: BTreeMap::new(),
            at_machines: empty(),
            rules: Vec::new(),
            released: BTreeSet::new(),
        }
    }
    /// How many calls or packets matched a rule, and how often it fired.
    pub fn hits(&self, id: RuleId) -> (u64, u64) {
        self.rules.get(id.0 as usize).map_or((0, 0), |r| (r.considered, r.fired))
    }
    /// A rule by id.
    pub fn rule(&self, id: RuleId) -> Option<&FaultRule> {
        self.rules.get(id.0 as usize).map(|r| &r.rule)
    }
    /// The conditions that hold for a machine, oldest first.
    fn conditions(&self, service: ServiceId) -> impl Iterator<Item = (RuleId, Condition)> {
        self.at_machines[service.index()].iter().filter_map(|id| match self.rules[id.0 as usize].rule.action {
            Action::Condition(condition) => Some((*id, condition)),
            _ => None,
        })
    }
    /// Counts that a condition was felt.
    fn felt(&mut self, id: RuleId) {
        let installed = &mut self.rules[id.0 as usize];
        installed.considered += 1;
        installed.fired += 1;
    }
}

impl Kernel {
    /// Puts a rule in place.
    pub fn install_fault(&mut self, rule: FaultRule) -> RuleId {
        let faults = &mut self.faults;
        let id = RuleId(faults.rules.len() as u32);
        match &rule.place {
            Place::Calls { service, .. } => faults.at_calls[service.index()].push(id),
            Place::Packets { from, to } => faults.at_packets.entry((*from, *to)).or_default().push(id),
            Place::Machine(service) => faults.at_machines[service.index()].push(id),
        }
        let (place, action) = (rule.place.clone(), rule.action);
        faults.rules.push(Installed { rule, considered: 0, fired: 0 });
        if let (Place::Machine(service), Action::Condition(Condition::DiskFull(room))) = (place, action) {
            self.disk_fills(service, id, room);
        }
        id
    }
    /// Takes a rule away; its counts stay. What it held goes on.
    pub fn remove_fault(&mut self, id: RuleId) {
        let faults = &mut self.faults;
        for rules in faults.at_calls.iter_mut().chain(&mut faults.at_machines).chain(faults.at_packets.values_mut()) {
            rules.retain(|r| *r != id);
        }
        faults.at_packets.retain(|_, rules| !rules.is_empty());
        let Some(rule) = faults.rule(id) else { return };
        match (rule.place.clone(), rule.action) {
            (Place::Packets { from, to }, Action::Condition(Condition::Partition)) => self.link_mended(from, to),
            (Place::Machine(service), Action::Condition(Condition::DiskFull(_))) => self.disk_has_room(service, id),
            (_, Action::Hold) => {
                self.release_calls(id);
            }
            _ => {}
        }
    }

    /// A call or packet matches a rule: whether it fires. Counts.
    fn fires(&mut self, id: RuleId) -> bool {
        let installed = &mut self.faults.rules[id.0 as usize];
        installed.considered += 1;
        let when: When = installed.rule.when;
        if !when.may_fire(installed.considered, installed.fired) {
            return false;
        }
        let hint = Hint::Probability(when.probability);
        if when.probability < FaultRule::ALWAYS && self.choose(Kind::Fault, Stream::numbered(id.0), 2, &[], hint) == 0 {
            return false;
        }
        self.faults.rules[id.0 as usize].fired += 1;
        true
    }

    /// Lets the calls go on that a rule holds, now and from now on. Answers how many were held.
    pub(crate) fn release_calls(&mut self, id: RuleId) -> u64 {
        self.faults.released.insert(id);
        let held = self.waiters.under(WaitKey::Fault(id.0));
        held.iter().for_each(|thread| self.causes.tell(*thread, Via::Wake));
        self.wake(WaitKey::Fault(id.0));
        held.len() as u64
    }
}
