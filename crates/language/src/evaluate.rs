//! Evaluators: how they are made, what bounds them, and how a function of the specification is called.
//!
//! The evaluation of a specification must end by itself, so it has bounds that do not depend on the host: steps (a
//! function call or a turn of a loop is one), bytes on the heap, and the depth of calls. All evaluators of a run share
//! one budget. The evaluator's own limits are not used: they are checked once more after the evaluation, which would
//! replace an error that has a place by one that has none.

use crate::args::Named;
use crate::session::Session;
use starlark::environment::Module;
use starlark::eval::Evaluator;
use starlark::values::Value;
use std::cell::Cell;

/// Steps that one load or one test may take.
pub(crate) const STEPS_MAX: u64 = 20_000_000;
/// Bytes of values that one load or one test may allocate.
pub(crate) const HEAP_BYTES_MAX: usize = 512 << 20;
/// Bytes of a value that is said as text.
pub(crate) const TEXT_BYTES_MAX: usize = 64 << 20;
/// How deep a value may be nested that is said as text.
pub(crate) const VALUE_DEPTH_MAX: usize = 100;
/// The least stack on which a body, a branch or a monitor may be evaluated. Calls nested as deep as allowed take about a
/// quarter of it.
pub const STACK_BYTES_MIN: usize = 256 << 10;
/// How deep calls may be nested.
pub(crate) const CALL_DEPTH_MAX: usize = 100;
/// Bytes that are made in the time of a step, about.
const BYTES_PER_STEP: usize = 256;
/// How many steps pass between two looks at the budget; a constant of the evaluator.
const STEPS_PER_LOOK: u64 = 1000;

/// What an evaluation has used, and whether it has to end.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    steps: Cell<u64>,
    /// Bytes of dicts and sets, which are not on the evaluation's heap.
    elsewhere: Cell<usize>,
    heap_full: Cell<bool>,
    out_of_steps: Cell<bool>,
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
        self.out_of_steps.get().then(|| format!("the specification takes more than {STEPS_MAX} steps"))
    }
    fn look(&self, heap_bytes: usize) -> bool {
        self.steps.set(self.steps.get() + STEPS_PER_LOOK);
        let bytes = heap_bytes + self.elsewhere.get();
        self.heap_full.set(self.heap_full.get() || bytes > HEAP_BYTES_MAX);
        self.out_of_steps.set(self.out_of_steps.get() || self.steps.get() > STEPS_MAX);
        self.is_stopped() || self.heap_full.get() || self.out_of_steps.get()
    }
    /// Takes room for something that is about to be made, of which some is not on the evaluation's heap, and the steps
    /// that stand for the time it takes.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn take(&self, heap_bytes: usize, bytes: usize, elsewhere: usize) -> Result<(), String> {
        let all = heap_bytes.saturating_add(self.elsewhere.get()).saturating_add(bytes);
        if all > HEAP_BYTES_MAX {
            return Err(format!("the specification uses more than {} MiB of values", HEAP_BYTES_MAX >> 20));
        }
        self.elsewhere.set(self.elsewhere.get() + elsewhere);
        self.spend(bytes)
    }
    /// Takes the steps that stand for looking at so many bytes.
    ///
    /// # Errors
    /// Why there are none left.
    pub(crate) fn spend(&self, bytes: usize) -> Result<(), String> {
        self.steps.set(self.steps.get() + (bytes / BYTES_PER_STEP) as u64);
        self.out_of_steps.set(self.out_of_steps.get() || self.steps.get() > STEPS_MAX);
        self.exceeded().map_or(Ok(()), Err)
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
    call_named(eval, function, arguments, &Named::new())
}

/// Calls a function with named arguments, too.
pub(crate) fn call_named<'v>(
    eval: &mut Evaluator<'v, '_, '_>,
    function: Value<'v>,
    arguments: &[Value<'v>],
    named: &Named<'v>,
) -> starlark::Result<Value<'v>> {
    let named: Vec<(&str, Value<'v>)> = named.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let result = eval.eval_function(function, arguments, &named);
    if let Some(session) = Session::of(eval) {
        session.budget.refund();
    }
    if result.is_err() {
        leave(eval);
    }
    result
}

/// From now on the evaluator does not look at the budget: it is on the way out with an error that has a place, and the
/// look that follows every completed call would replace it by one that has none.
pub(crate) fn leave(eval: &mut Evaluator<'_, '_, '_>) {
    eval.set_check_cancelled(Box::new(|| false));
}
