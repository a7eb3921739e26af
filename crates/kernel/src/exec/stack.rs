//! The initial stack: arguments, environment and the auxiliary vector (getauxval(3)).
//!
//! ```text
//!   STACK_TOP  8 zero bytes
//!              strings: path, environment, arguments, "x86_64", 16 random bytes
//!              ── aligned to 16 ──
//!              auxv, 0, envp…, 0, argv…, argc  <── rsp
//! ```

use crate::abi::PAGE;
use crate::abi::text::to_bytes;
use crate::exec::elf::Image;
use crate::exec::{ArgumentArea, Program};
use crate::host::Host;
use crate::memory::{STACK_TOP, VDSO};
use crate::process::ProcessId;
use crate::world::Kernel;

/// Processor features as `cpuid` leaf 1 gives them in `edx`: the x86-64 baseline, whatever the host has.
const HWCAP: u64 = 0x178b_fbff;
/// Size a signal frame may have (`AT_MINSIGSTKSZ`): fixed, so that it does not depend on the host's processor.
const MIN_SIGNAL_STACK: u64 = 3_632;
const AT_MINSIGSTKSZ: u64 = 51;

/// What was built.
pub(super) struct Stack {
    /// The stack pointer.
    pub pointer: u64,
    /// The auxiliary vector's bytes.
    pub auxv: Vec<u8>,
    /// Where arguments and environment are.
    pub area: ArgumentArea,
}

/// Writes the initial stack.
pub(super) fn build(
    k: &mut Kernel,
    host: &mut dyn Host,
    process: ProcessId,
    program: &Program,
    image: &Image,
) -> Stack {
    let mut random = [0; 16];
    k.process_entropy(process, &mut random);
    let mut top = STACK_TOP - 8;
    let mut push = |bytes: &[u8]| {
        top -= bytes.len() as u64;
        host.write(top, bytes);
        top
    };
    let mut text = |s: &[u8]| push(&[s, b"\0"].concat());
    let path = text(&to_bytes(&program.path));
    let environment: Vec<u64> = program.environment.iter().rev().map(|s| text(s)).collect();
    let arguments: Vec<u64> = program.arguments.iter().rev().map(|s| text(s)).collect();
    let platform = text(b"x86_64");
    let random = push(&random);

    let owner = k.owner(process.service);
    let auxv: Vec<(u64, u64)> = vec![
        (libc::AT_SYSINFO_EHDR, VDSO),
        (libc::AT_HWCAP, HWCAP),
        (libc::AT_PAGESZ, PAGE),
        (libc::AT_CLKTCK, 100),
        (libc::AT_PHDR, image.headers),
        (libc::AT_PHENT, 56),
        (libc::AT_PHNUM, image.header_count),
        (libc::AT_BASE, image.base),
        (libc::AT_FLAGS, 0),
        (libc::AT_ENTRY, image.entry),
        (libc::AT_UID, u64::from(owner.uid)),
        (libc::AT_EUID, u64::from(owner.uid)),
        (libc::AT_GID, u64::from(owner.gid)),
        (libc::AT_EGID, u64::from(owner.gid)),
        (libc::AT_SECURE, 0),
        (libc::AT_RANDOM, random),
        (libc::AT_HWCAP2, 0),
        (libc::AT_EXECFN, path),
        (libc::AT_PLATFORM, platform),
        (AT_MINSIGSTKSZ, MIN_SIGNAL_STACK),
        (libc::AT_NULL, 0),
    ];
    let mut words = vec![arguments.len() as u64];
    words.extend(arguments.iter().rev());
    words.push(0);
    words.extend(environment.iter().rev());
    words.push(0);
    let auxv_words: Vec<u64> = auxv.into_iter().flat_map(|(key, value)| [key, value]).collect();
    words.extend(&auxv_words);
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    let stack_pointer = (top - bytes.len() as u64) & !15;
    host.write(stack_pointer, &bytes);
    // Each string was put below the one before, the first argument last.
    let start = |list: &[u64], end: u64| list.last().copied().unwrap_or(end);
    let environment_start = start(&environment, path);
    let area = ArgumentArea {
        arguments: (start(&arguments, environment_start), environment_start),
        environment: (environment_start, path),
    };
    Stack { pointer: stack_pointer, auxv: auxv_words.iter().flat_map(|w| w.to_le_bytes()).collect(), area }
}
