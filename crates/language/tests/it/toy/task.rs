//! The coroutines that stand for the driver's tasks, on stacks as small as the language allows.

use corosensei::stack::DefaultStack;
use corosensei::{ScopedCoroutine, Yielder};
use model::EventIndex;
use scoped_tls::{ScopedKey, scoped_thread_local};

/// Why a task leaves its coroutine.
pub(super) enum Ask {
    /// So that another one gets a turn.
    Turn,
    /// So that the supervisor looks at this event.
    Look(EventIndex),
}

/// How a coroutine is left.
pub(super) type Task = Yielder<(), Ask>;

// A task finds its way out through a key of its own: a shared one would be restored in the wrong order.
scoped_thread_local!(pub(super) static BODY: Task);
scoped_thread_local!(static BRANCH_1: Task);
scoped_thread_local!(static BRANCH_2: Task);
scoped_thread_local!(static BRANCH_3: Task);
pub(super) const TASKS: [&ScopedKey<Task>; 4] = [&BODY, &BRANCH_1, &BRANCH_2, &BRANCH_3];

/// A task.
pub(super) type Coroutine<'c> = ScopedCoroutine<'c, (), Ask, ()>;

/// A task that runs this.
pub(super) fn coroutine<'c>(run: impl FnOnce(&Task, ()) + 'c) -> Coroutine<'c> {
    let stack = DefaultStack::new(language::STACK_BYTES_MIN).expect("a stack");
    ScopedCoroutine::with_stack(stack, run)
}

/// What a branch asked for when it was last left; `None` once it has returned.
pub(super) type Left = Option<Ask>;

/// Resumes the coroutine of this number.
pub(super) type Resume<'a> = &'a mut dyn FnMut(usize) -> Left;

/// Enters the scopes of all coroutines, one within the other, and hands over how to resume each.
pub(super) fn scoped<'c>(
    tasks: &mut std::vec::IntoIter<Coroutine<'c>>,
    entered: usize,
    resume_entered: Resume<'_>,
    then: &mut dyn FnMut(Resume<'_>),
) {
    match tasks.next() {
        None => then(resume_entered),
        Some(task) => task.scope(|mut task| {
            let mut resume = |i: usize| {
                if i == entered { task.resume(()).as_yield() } else { resume_entered(i) }
            };
            scoped(tasks, entered + 1, &mut resume, then);
        }),
    }
}
