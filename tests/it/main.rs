//! The command from outside: every test runs the real `fbsim` and looks at what it prints, how it exits, and what it
//! leaves on the host. One binary; a module for each theme.
//!
//! ```text
//!   guests       each program of tests/guests prints the same natively and inside
//!   sequences    random sequences of calls give the same natively and inside
//!   servers      what people deploy does its work inside, again and again the same
//!   programs     what is said of a guest that crashes, deadlocks or spins
//!   explore      the planted bugs are found, shrunk, saved and replayed, also under load and as another user
//!   determinism  one seed, one run; and the comparison notices when that is not so
//!   cli          help, exit codes, mistakes on the command line and in specifications, ctrl-C
//!   language     the snippets and examples of the language on real programs; check, plan, init
//!   steps        udp and redis, spoken and overheard, with a healthy and a broken system
//!   causes       which event led to which, in real programs
//!   faults       each fault's symptom, and the bug that it finds
//!   odds         a branch of a run is the run from the start; where a failure was decided
//!   corpus       failures that were found once still fail as they did
//!   cases        damaged and foreign saved cases, disks that are full
//!   ratios       what costs several times what it should
//!   host         what a run does to the host: nothing
//!   suites       what passes of CPython's own tests natively passes inside
//!   syscalls     the table of system calls is total, and its page current
//!   tidy         rules about the project's own text
//! ```
//!
//! Nothing here waits for time to pass. Every child has a limit, after which it and all it started are killed and the
//! test fails; and no child may leave a process behind (see [`support::process`]). What is measured is printed past the
//! test harness, so that the figures are in every log.

mod cases;
mod causes;
mod cli;
mod corpus;
mod determinism;
mod documents;
mod explore;
mod faults;
mod guests;
mod host;
mod known;
mod language;
mod odds;
mod programs;
mod ratios;
mod sequences;
mod servers;
mod steps;
mod suites;
mod support;
mod syscalls;
mod tidy;
