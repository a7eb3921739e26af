//! The driver's tasks as stackful coroutines of the supervisor.
//!
//! ```text
//!   drive() on the main stack:   resume(task) ──> task runs Starlark ──> Machine method ──> suspend
//!                                      ▲                                                        │
//!                                      └──────── the scheduler picked this task again ──────────┘
//! ```
//!
//! All tasks are siblings: only the main stack resumes them, so a suspended task never has another one above it.

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Stack of a task: the evaluator of the specification language recurses on it. Touched pages only cost memory.
const STACK: usize = 4 << 20;

type Task = Coroutine<(), (), ()>;

/// The tasks that have not ended.
#[derive(Default)]
pub(crate) struct Tasks {
    tasks: RefCell<BTreeMap<u32, Task>>,
    /// The yielder of the running task.
    yielder: Cell<Option<*const Yielder<(), ()>>>,
    running: Cell<Option<u32>>,
    stacks: RefCell<Vec<DefaultStack>>,
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks").field("running", &self.running.get()).finish_non_exhaustive()
    }
}

impl Tasks {
    /// Adds a task that runs `body` when it is first resumed.
    ///
    /// # Safety
    /// The task must have ended before anything that `body` borrows is gone.
    pub(crate) unsafe fn add(&self, id: u32, body: Box<dyn FnOnce() + '_>) -> std::io::Result<()> {
        let stack = match self.stacks.borrow_mut().pop() {
            Some(stack) => stack,
            None => DefaultStack::new(STACK)?,
        };
        let this: *const Tasks = self;
        let run = move |yielder: &Yielder<(), ()>, ()| {
            // SAFETY: `self` outlives its tasks: they are ended before it is dropped.
            unsafe { (*this).yielder.set(Some(yielder)) };
            body();
        };
        // SAFETY: the caller keeps what the body borrows alive until the task has ended.
        let task = unsafe { Coroutine::with_stack_unchecked(stack, run) };
        self.tasks.borrow_mut().insert(id, task);
        Ok(())
    }
    /// Runs a task until it suspends or ends. True when it has ended.
    pub(crate) fn resume(&self, id: u32) -> bool {
        let Some(mut task) = self.tasks.borrow_mut().remove(&id) else { return true };
        self.running.set(Some(id));
        let result = task.resume(());
        self.running.set(None);
        match result {
            CoroutineResult::Yield(()) => {
                self.tasks.borrow_mut().insert(id, task);
                false
            }
            CoroutineResult::Return(()) => {
                self.stacks.borrow_mut().push(task.into_stack());
                true
            }
        }
    }
    /// Suspends the running task until it is resumed.
    ///
    /// # Panics
    /// If no task is running.
    pub(crate) fn suspend(&self) {
        let yielder = self.yielder.get().expect("only a running task suspends");
        // SAFETY: the yielder lives on the running task's stack.
        unsafe { (*yielder).suspend(()) };
        // Another task has run meanwhile.
        self.yielder.set(Some(yielder));
    }
    /// The running task.
    pub(crate) fn running(&self) -> Option<u32> {
        self.running.get()
    }
    /// Tasks that have not ended, latest first: a task's children come before it.
    pub(crate) fn open(&self) -> Vec<u32> {
        self.tasks.borrow().keys().rev().copied().collect()
    }
}
