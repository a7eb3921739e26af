//! Processes, signals, time and futexes, driven as programs drive them: through `Kernel::syscall` and
//! `Kernel::advance`.

mod ends;
mod futexes;
mod harness;
mod identity;
mod limits;
mod signals;
mod sleeping;
mod storm;
