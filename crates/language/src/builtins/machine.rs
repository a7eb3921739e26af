//! What `service()` is told about the machine that the program runs on: how the program is built, what of the host is
//! shown to it, its user, processors, memory and disk.

use crate::args::Call;
use crate::diagnostic::Diagnostic;
use crate::values::service::MachineDecl;
use model::plan::{PROCESSORS_MAX, SIZES, User, bytes_of};
use starlark::values::Value;

/// How a program is built before anything runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The service whose program it is.
    pub service: String,
    /// The command with its arguments, to be run in the specification's directory.
    pub command: Vec<String>,
}

/// Takes `build =`: a line for the shell, or a command with its arguments.
pub(super) fn build(call: &mut Call<'_>, service: &str) -> Result<Option<Build>, Diagnostic> {
    let Some(value) = call.named("build") else { return Ok(None) };
    let command = match value.unpack_str() {
        Some(line) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line.to_owned()],
        None => call.texts("build", value)?,
    };
    if command.last().is_none_or(|word| word.trim().is_empty()) {
        return Err(call.bad("build", "must be a command"));
    }
    Ok(Some(Build { service: service.to_owned(), command }))
}

/// Takes what is said of the machine itself.
pub(super) fn machine(call: &mut Call<'_>) -> Result<MachineDecl, Diagnostic> {
    let mut machine = MachineDecl::default();
    if let Some(value) = call.named("volumes") {
        volumes(call, value, &mut machine)?;
    }
    if let Some(value) = call.named("user") {
        machine.user = user(call, value)?;
    }
    let hardware = &mut machine.hardware;
    if let Some(value) = call.named("cpus") {
        let count = u32::try_from(call.int("cpus", value)?).ok().filter(|n| (1..=PROCESSORS_MAX).contains(n));
        hardware.processors = count.ok_or_else(|| call.bad("cpus", "must be a number from 1 to 64"))?;
    }
    if let Some(value) = call.named("memory") {
        hardware.memory = size(call, "memory", value)?;
    }
    if let Some(value) = call.named("disk") {
        hardware.disk = size(call, "disk", value)?;
    }
    Ok(machine)
}

/// Reads `{"host/path": "/inside"}`, or a list of `"host/path:/inside"` and `"/empty/disk"`.
fn volumes<'v>(call: &Call<'v>, value: Value<'v>, machine: &mut MachineDecl) -> Result<(), Diagnostic> {
    if let Ok(pairs) = call.pairs("volumes", value) {
        for (host, inside) in pairs {
            machine.volumes.push((call.text("volumes", host)?, call.text("volumes", inside)?));
        }
    } else {
        for text in call.texts("volumes", value)? {
            match text.split_once(':') {
                Some((host, inside)) => machine.volumes.push((host.to_owned(), inside.to_owned())),
                None => machine.disks.push(text),
            }
        }
    }
    for inside in machine.volumes.iter().map(|v| &v.1).chain(&machine.disks) {
        let good = inside.starts_with('/') && inside.len() > 1 && !inside.split('/').any(|part| part == "..");
        if !good {
            return Err(call
                .bad("volumes", &format!("has a place that is no absolute path: {inside:?}"))
                .focus(inside));
        }
    }
    Ok(())
}

fn user<'v>(call: &Call<'v>, value: Value<'v>) -> Result<User, Diagnostic> {
    let text = call.text("user", value)?;
    text.parse().map_err(|why: &str| call.bad("user", why).focus(&text))
}

/// Reads `"512MB"`, `"2GiB"` or a number of bytes.
fn size<'v>(call: &Call<'v>, name: &str, value: Value<'v>) -> Result<u64, Diagnostic> {
    let bytes = match value.unpack_str() {
        None => u64::try_from(call.int(name, value)?).ok(),
        Some(text) => bytes_of(text),
    };
    let bytes = bytes.filter(|n| SIZES.contains(n));
    bytes.ok_or_else(|| call.bad(name, "must be a size of at least 1 MB, such as \"512MB\" or \"2GiB\"").focus(name))
}
