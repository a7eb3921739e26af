//! Evaluators: how they are made, what bounds them, and how a function of the specification is called.
//!
//! The evaluation of a specification must end by itself, so it has bounds that do not depend on the host: steps (a
//! function call or a turn of a loop is one), bytes on the heap, and the depth of calls. All evaluators of a run share
//! one budget. The evaluator's own limits are not used: they are checked once more after the evaluation, which would
//! replace an error that has a place by one that has none.

use crate::session::Session;
use starlark::environment::Module;
use starlark::eval::Evaluator;
use starlark::values::Value;
use std::cell::Cell;

/// Steps that one load or one test may take.
pub(crate) const STEPS_MAX: u64 = 20_000_000;
/// Bytes of values that one load or one test may allocate.
pub(crate) const HEAP_BYTES_MAX: usize = 512 << 20;
/// The least stack on which a body, a branch or a monitor may be evaluated. Calls nested as deep as allowed take about a
/// quarter of it.
pub const STACK_BYTES_MIN: usize = 256 << 10;
/// How deep calls may be nested.
pub(crate) const CALL_DEPTH_MAX: usize = 100;
/// How many steps pass between two looks at the budget; a constant of the evaluator.
const STEPS_PER_LOOK: u64 = 1000;

/// What an evaluation has used, and whether it has to end.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    steps: Cell<u64>,
    heap_full: Cell<bool>,
    stopped: Cell<bool>,
}

impl Budget {
    /// The world has ended: whatever is being evaluated ends too.
    pub(crate) fn stop(&self) {
        self.stopped.set(true);
    }
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.get()
    }
    /// Which bound was reached, if one was.
    pub(crate) fn exceeded(&self) -> Option<String> {
        if self.heap_full.get() {
            return Some(format!("the specification uses more than {} MiB of values", HEAP_BYTES_MAX >> 20));
        }
        (self.steps.get() > STEPS_MAX).then(|| format!("the specification takes more than {STEPS_MAX} steps"))
    }
    fn look(&self, heap_bytes: usize) -> bool {
        self.steps.set(self.steps.get() + STEPS_PER_LOOK);
        self.heap_full.set(self.heap_full.get() || heap_bytes > HEAP_BYTES_MAX);
        self.is_stopped() || self.heap_full.get() || self.steps.get() > STEPS_MAX
    }
    /// Takes back the look that follows every completed call from outside.
    fn refund(&self) {
        self.steps.set(self.steps.get().saturating_sub(STEPS_PER_LOOK));
    }
}

/// An evaluator over a module. Several may be alive at once, each suspended in a builtin while another runs: they share
/// the module's heap, and nothing is ever collected while a run lasts.
pub(crate) fn evaluator<'v, 'a, 'e: 'a>(module: &'a Module<'v>, session: &'a Session<'e>) -> Evaluator<'v, 'a, 'e> {
    let mut evaluator = Evaluator::new(module);
    evaluator.disable_gc();
    evaluator.extra = Some(session);
    evaluator.set_print_handler(session);
    evaluator.set_max_callstack_size(CALL_DEPTH_MAX).expect("the depth is set once and is not zero");
    // Once it has spoken, an evaluator unwinds; to speak again would only replace the error by another.
    let spoken = Cell::new(false);
    let heap = module.heap();
    evaluator.set_check_cancelled(Box::new(move || {
        let over = session.budget.look(heap.allocated_bytes());
        over && !spoken.replace(true)
    }));
    evaluator
}

/// Calls a function of the specification.
pub(crate) fn call<'v>(
    eval: &mut Evaluator<'v, '_, '_>,
    function: Value<'v>,
    arguments: &[Value<'v>],
) -> starlark::Result<Value<'v>> {
    let result = eval.eval_function(function, arguments, &[]);
    if let Some(session) = Session::of(eval) {
        session.budget.refund();
    }
    result
}
