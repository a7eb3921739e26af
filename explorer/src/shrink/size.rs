//! What "smaller" means.

use model::{Choice, Kind};

/// The size of a list of choices; the lower the simpler. Compared field by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Size {
    /// Fewer surprises.
    choices: usize,
    /// Rather a reordering than a fault.
    faults: usize,
    /// Smaller delays, larger parts. Which alternative a thread is says nothing, so schedule kinds do not count.
    amounts: u64,
}

impl Size {
    pub(super) fn of(choices: &[Choice]) -> Size {
        let faults = choices.iter().filter(|choice| choice.kind == Kind::Fault).count();
        let amounts = choices.iter().filter(|choice| has_amount(choice)).map(|choice| u64::from(choice.picked)).sum();
        Size { choices: choices.len(), faults, amounts }
    }
}

/// Whether a smaller alternative is a simpler one.
pub(super) fn has_amount(choice: &Choice) -> bool {
    !choice.kind.is_schedule()
}
