//! The command `fbsim`: runs unmodified Linux services in a simulated machine, searches their interleavings and
//! faults, and replays any failure bit for bit.
//!
//! `main` only maps the result of a command to an exit code; the commands are in [`command`], one file each.

mod cli;
mod command;
mod exit;
mod kept;
mod pool;
mod spec;
mod ui;

use clap::Parser as _;

/// Kernel state lives in an arena shared by the processes of a world.
#[global_allocator]
static ALLOCATOR: guest::Allocator = guest::Allocator;

fn main() -> std::process::ExitCode {
    let cli = cli::Cli::parse();
    let exit = match command::dispatch(cli) {
        Ok(exit) => exit,
        Err(failure) => {
            eprintln!("fbsim: {}", failure.message);
            failure.exit
        }
    };
    exit.into()
}
