//! Faults in place on the calls of services.

use crate::world::Kernel;
use model::{Action, Decision, FaultRule, Hint, Kind, RuleId, ServiceId, Stream};

/// The rules in place, per service in the order of installation.
#[derive(Debug)]
pub struct Faults {
    by_service: Vec<Vec<RuleId>>,
    rules: Vec<Installed>,
}

#[derive(Debug)]
struct Installed {
    rule: FaultRule,
    considered: u64,
    fired: u64,
}

/// Paths that rules without a glob leave alone: what a program needs to start at all.
const SYSTEM_PATHS: [&str; 8] =
    ["/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/", "/proc/", "/sys/", "/dev/", "/etc/ld.so"];

impl Faults {
    /// No faults, for so many hosts.
    pub fn new(hosts: usize) -> Faults {
        Faults { by_service: vec![Vec::new(); hosts], rules: Vec::new() }
    }
    /// Puts a rule in place.
    pub fn install(&mut self, rule: FaultRule) -> RuleId {
        let id = RuleId(self.rules.len() as u32);
        self.by_service[rule.service.index()].push(id);
        self.rules.push(Installed { rule, considered: 0, fired: 0 });
        id
    }
    /// Takes a rule away; its counts stay.
    pub fn remove(&mut self, id: RuleId) {
        for rules in &mut self.by_service {
            rules.retain(|r| *r != id);
        }
    }
    /// How many calls matched a rule, and how often it fired.
    pub fn hits(&self, id: RuleId) -> (u64, u64) {
        self.rules.get(id.0 as usize).map_or((0, 0), |r| (r.considered, r.fired))
    }
    /// A rule by id.
    pub fn rule(&self, id: RuleId) -> Option<&FaultRule> {
        self.rules.get(id.0 as usize).map(|r| &r.rule)
    }
}

impl Kernel {
    /// What the rules in place do about a call: the first that fires wins.
    pub(crate) fn decide_fault(&mut self, service: ServiceId, number: u64, path: Option<&str>) -> Decision {
        let Some(ids) = self.faults.by_service.get(service.index()) else { return Decision::Allow };
        if ids.is_empty() {
            return Decision::Allow;
        }
        for id in ids.clone() {
            let installed = &mut self.faults.rules[id.0 as usize];
            let rule = &installed.rule;
            let limited = rule.max_fires != 0 && installed.fired >= u64::from(rule.max_fires);
            let on_path = match (&rule.path, path) {
                (Some(glob), Some(path)) => glob.matches(path),
                (Some(_), None) => false,
                (None, Some(path)) => !SYSTEM_PATHS.iter().any(|p| path.starts_with(p)),
                (None, None) => true,
            };
            if limited || !on_path || !rule.calls.contains(&(number as u16)) {
                continue;
            }
            installed.considered += 1;
            let (action, probability) = (rule.action, rule.probability);
            let hint = Hint::Probability(probability);
            if probability < FaultRule::ALWAYS && self.choose(Kind::Fault, Stream::numbered(id.0), 2, &[], hint) == 0 {
                continue;
            }
            self.faults.rules[id.0 as usize].fired += 1;
            return match action {
                Action::Allow => Decision::Allow,
                Action::Deny(errno) => Decision::Deny(errno),
                Action::Delay(by) => Decision::Delay(by),
            };
        }
        Decision::Allow
    }
}
