//! Rules at what hosts send each other.

use crate::world::Kernel;
use model::fault::{Condition, PacketFault};
use model::{Action, ServiceId, VirtualDuration};

/// What becomes of a packet besides what its link does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    /// Nothing passes: it waits for the link, or is lost.
    pub(crate) cut: bool,
    /// It is lost.
    pub(crate) lost: bool,
    /// It arrives twice.
    pub(crate) twice: bool,
    /// Its connection is reset.
    pub(crate) reset: bool,
    /// Later ones may arrive before it.
    pub(crate) overtaken: bool,
    /// It travels so much longer.
    pub(crate) late: VirtualDuration,
}

impl Kernel {
    /// What the rules in place do to something that is sent now. All that fire are added up.
    pub(crate) fn fate(&mut self, from: ServiceId, to: ServiceId) -> Fate {
        let mut fate = Fate { cut: self.is_cut(from, to), ..Fate::default() };
        let Some(ids) = self.faults.at_packets.get(&(from, to)) else { return fate };
        for id in ids.clone() {
            let action = self.faults.rules[id.0 as usize].rule.action;
            if !self.fires(id) {
                continue;
            }
            match action {
                Action::Condition(Condition::Partition) => fate.cut = true,
                Action::Packet(fault) => match fault {
                    PacketFault::Drop => fate.lost = true,
                    PacketFault::Slow(by) => fate.late = VirtualDuration(fate.late.0.saturating_add(by.0)),
                    PacketFault::Overtaken(by) => {
                        fate.overtaken = true;
                        fate.late = VirtualDuration(fate.late.0.saturating_add(by.0));
                    }
                    PacketFault::Duplicate => fate.twice = true,
                    PacketFault::Reset => fate.reset = true,
                    PacketFault::Cut(span) => {
                        self.cut_for(from, to, span);
                        fate.cut = true;
                    }
                },
                _ => {}
            }
        }
        fate
    }
    /// Whether anything could pass a link now, without asking rules that choose.
    pub(crate) fn is_parted(&self, from: ServiceId, to: ServiceId) -> bool {
        let parted = |id: &model::RuleId| {
            self.faults.rules[id.0 as usize].rule.action == Action::Condition(Condition::Partition)
        };
        self.is_cut(from, to) || self.faults.at_packets.get(&(from, to)).is_some_and(|r| r.iter().any(parted))
    }
    /// One reason less for a link to be cut: if it was the last, what connections hold for it sets off.
    pub(crate) fn link_mended(&mut self, from: ServiceId, to: ServiceId) {
        if !self.is_parted(from, to) {
            self.release_held(from, to);
        }
    }
}
