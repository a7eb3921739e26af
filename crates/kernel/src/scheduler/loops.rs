//! Threads that loop without a call. After so many turns of counted loops the thread at work enters as if by a call
//! that does nothing: time has passed, others may be chosen, signals are delivered.

use crate::time::CALL_COST;
use crate::world::{Ending, Kernel};
use model::VirtualDuration;

/// How many turns of counted loops go by before the thread enters.
pub const TURNS: u32 = 1_000;
/// What a turn costs on the virtual clock.
pub const TURN_COST: VirtualDuration = VirtualDuration(10);
/// What an entry costs, in calls.
const CALLS: u32 = (TURNS as u64 * TURN_COST.0 / CALL_COST.0) as u32;
impl Kernel {
    /// Counted loops have gone round [`TURNS`] times; the thread at work, whose registers are those of the place,
    /// enters. One that has done nothing else for longer than [`crate::Config::patience`] makes no progress.
    pub fn looped(&mut self) {
        let thread = self.thread_mut(self.current);
        thread.slice += CALLS;
        thread.spun = VirtualDuration(thread.spun.0 + u64::from(CALLS) * CALL_COST.0);
        let (id, spun, pc, process) = (thread.id, thread.spun, thread.registers.rip, thread.process);
        self.process_mut(process).calls += u64::from(CALLS);
        self.processor_used(process);
        self.clock.jump(self.clock.now().after(VirtualDuration(u64::from(CALLS) * CALL_COST.0)));
        let patience = self.config.patience;
        if patience != VirtualDuration::ZERO && spun >= patience {
            self.end(Ending::Spin { thread: id, pc });
        }
    }

    /// Whether anybody or anything would go on if the thread at work entered the kernel: another thread, or time.
    pub fn is_held_up(&self) -> bool {
        self.queued().next().is_some() || self.timers.next().is_some()
    }
}
