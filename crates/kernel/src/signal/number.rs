//! Signal numbers, their names and what they do by default.

use super::Reaction;

/// The highest signal number.
pub const SIGNALS: u8 = 64;
/// Handler value: the default action.
pub const SIG_DFL: u64 = 0;
/// Handler value: ignore.
pub const SIG_IGN: u64 = 1;
/// Signals from here on queue and carry a value.
pub const FIRST_REAL_TIME: u8 = 32;

macro_rules! signals {
    ($($name:ident)*) => {
        $( #[doc = concat!("`", stringify!($name), "`")] pub const $name: u8 = libc::$name as u8; )*
        /// The name of a signal; real-time signals share one.
        pub fn name(signal: u8) -> &'static str {
            match signal {
                $( $name => stringify!($name), )*
                _ => "SIGRT",
            }
        }
    };
}

signals! {
    SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM
    SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO
    SIGPWR SIGSYS
}

/// Whether a number is a signal's.
pub fn is_signal(number: u64) -> bool {
    (1..=u64::from(SIGNALS)).contains(&number)
}
/// Whether a signal stops a process by default.
pub fn stops(signal: u8) -> bool {
    matches!(signal, SIGSTOP | SIGTSTP | SIGTTIN | SIGTTOU)
}
/// Whether a program that dies of it has failed, rather than been asked to end.
pub fn is_crash(signal: u8) -> bool {
    matches!(signal, SIGSEGV | SIGBUS | SIGILL | SIGFPE | SIGABRT | SIGTRAP | SIGSYS)
}
/// Whether the processor raises it; such a signal comes before all others.
pub fn is_synchronous(signal: u8) -> bool {
    matches!(signal, SIGSEGV | SIGBUS | SIGILL | SIGFPE | SIGTRAP | SIGSYS)
}
/// What a signal does to a process that has not said otherwise.
pub fn default_reaction(signal: u8) -> Reaction {
    match signal {
        SIGCHLD | SIGURG | SIGWINCH | SIGCONT => Reaction::Ignore,
        s if stops(s) => Reaction::Stop,
        _ => Reaction::Terminate,
    }
}
