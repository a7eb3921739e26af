//! Watching a thread instruction by instruction, to see which loop it is in: the processor's trap flag, for a bounded
//! number of instructions. A diagnostic: what it finds has the run begin again; if it finds nothing, the thread has lost
//! some time and nothing else.

use crate::arena::shared;
use crate::context::Frame;
use crate::patch;
use model::LoopSite;
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many instructions are watched at first; most loops show.
const FEW: usize = 20_000;
/// How many are watched at most.
const MANY: usize = 100_000;
/// The trap flag.
pub(crate) const TRAP_FLAG: u64 = 0x100;
/// `si_code` of a trap behind an instruction.
pub(crate) const TRAP_TRACE: i32 = 2;

#[derive(Default)]
struct Steps {
    executed: Vec<u64>,
    /// Entries into the kernel when nothing was found.
    gave_up: Option<u64>,
}

struct Cell(RefCell<Steps>);

// SAFETY: a process that hosts a world has a single thread.
unsafe impl Sync for Cell {}

static STEPS: Cell = Cell(RefCell::new(Steps { executed: Vec::new(), gave_up: None }));
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// Whether the guest is being watched.
pub(crate) fn is_active() -> bool {
    ACTIVE.load(Ordering::Relaxed)
}

/// Begins to watch the guest that a signal has met, unless that has led to nothing before.
pub(crate) fn begin(frame: Frame) {
    let mut steps = STEPS.0.borrow_mut();
    if steps.gave_up == Some(shared().entries.load(Ordering::Relaxed)) {
        return;
    }
    // A guest that loads its flags ends the watch; then it goes on here.
    if !is_active() {
        steps.executed.clear();
        steps.executed.reserve(MANY);
        ACTIVE.store(true, Ordering::Relaxed);
    }
    let mut registers = frame.registers();
    registers.eflags |= TRAP_FLAG;
    frame.set_registers(&registers);
}

/// What to do after an instruction.
pub(crate) enum Step {
    /// Execute the next one.
    Next,
    /// Enough was seen.
    Enough,
}

/// The guest has executed an instruction.
pub(crate) fn stepped(frame: Frame) -> Step {
    const PUSHFQ: u8 = 0x9c;
    let mut steps = STEPS.0.borrow_mut();
    let registers = frame.registers();
    if patch::is_ours(registers.rip) {
        return Step::Next;
    }
    if let Some(last) = steps.executed.last().copied() {
        // SAFETY: the guest has just executed the instruction there.
        if unsafe { *(last as *const u8) } == PUSHFQ {
            // SAFETY: the guest has just pushed its flags there.
            unsafe { *(registers.rsp as *mut u64) &= !TRAP_FLAG };
        }
    }
    steps.executed.push(registers.rip);
    let count = steps.executed.len();
    if count >= MANY || (count == FEW && patch::find_loop(&steps.executed).is_some()) {
        return Step::Enough;
    }
    Step::Next
}

/// Ends watching; the loop that was found.
pub(crate) fn conclude() -> Option<LoopSite> {
    let mut steps = STEPS.0.borrow_mut();
    ACTIVE.store(false, Ordering::Relaxed);
    let found = patch::find_loop(&steps.executed);
    if found.is_none() {
        steps.gave_up = Some(shared().entries.load(Ordering::Relaxed));
    }
    steps.executed.clear();
    found
}

/// The guest goes on unwatched.
pub(crate) fn unwatch(frame: Frame) {
    let mut registers = frame.registers();
    registers.eflags &= !TRAP_FLAG;
    frame.set_registers(&registers);
}
