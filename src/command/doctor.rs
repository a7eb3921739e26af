//! `fbsim doctor`: what this host offers.

use crate::exit::{Exit, Problem};
use crate::pool;

#[allow(clippy::unnecessary_wraps, reason = "the shape of every command")]
pub(crate) fn doctor() -> Result<Exit, Problem> {
    println!("CPUs: {:?}", pool::cpus());
    let cpuid = if guest::cpuid::can_trap() { "can be trapped" } else { "runs natively: a recorded environment fact" };
    println!("cpuid: {cpuid}");
    match guest::check_host() {
        Ok(()) => {
            println!("this host can run worlds");
            Ok(Exit::Held)
        }
        Err(missing) => {
            println!("this host cannot run worlds: {missing}");
            Ok(Exit::Host)
        }
    }
}
