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

/// Kernel state lives in an arena shared by the processes of a world.
#[global_allocator]
static ALLOCATOR: guest::Allocator = guest::Allocator;

fn main() -> std::process::ExitCode {
    // A reader that has seen enough (`fbsim trace … | head`) is no error.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload().downcast_ref::<String>().map_or("", String::as_str);
        if message.starts_with("failed printing to stdout") {
            std::process::exit(0);
        }
        report(panic);
    }));
    let cli = cli::Cli::read();
    let exit = match command::dispatch(cli) {
        Ok(exit) => exit,
        Err(failure) => {
            eprintln!("fbsim: {}", failure.message);
            failure.exit
        }
    };
    exit.into()
}
