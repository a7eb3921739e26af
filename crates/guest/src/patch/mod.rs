//! Call sites that enter the kernel by a jump instead of a signal.
//!
//! ```text
//!   Counted(n) ──n-th trap──> decode ─┬────────────> Patched: a jump at the site, a trampoline in a zone of the host's
//!                                     ├─> Waiting ─────┘ when the traps of its mapping have cost what looking through
//!                                     │                  that for branches costs
//!                                     └─> Refused: goes on by the signal, for ever
//! ```
//!
//! A `cpuid` that is asked again and again becomes `hlt`, whose fault takes less time.
//!
//! A patch changes nothing that a guest can see but the bytes of its code: same registers, same flags, same result.
//! Code that is not mapped from a file of the image (compiled at run time), or that a guest makes writable, is left
//! alone or restored. All state is private to the process, and copied by a fork like the code itself.

mod counted;
mod decode;
mod targets;
mod trampoline;
mod vdso;

use crate::arena::peek;
use crate::entry::{self, LOCAL};
use crate::raw;
use crate::world::Boots;
use counted::{Counted, Mapped};
pub(crate) use counted::{find as find_loop, is_ours, mapped, trapped as trapped_loop};
use decode::Form;
pub(crate) use decode::{JUMP, leaves};
use kernel::abi::PAGE;
use kernel::memory::{Backing, HOST_ZONE_SIZE, HOST_ZONES, VDSO};
use model::LoopSite;
use std::cell::RefCell;
use std::collections::BTreeMap;
pub(crate) use targets::Targets;
use trampoline::SLOT;
pub(crate) use trampoline::jump;

/// How many traps a site must have caused before it is looked at: patching costs about as much as this many, with four
/// changes of protection and the decoding around the site.
const WORTH: u32 = 32;

/// How many traps a process must have had before sites are counted: the decoder's tables, made when the first one is
/// looked at, cost as much. A boot that many runs begin from spares no cost.
const TABLES: u32 = 700;

/// Bytes of a zone that are for trampolines.
const ROOM: usize = (HOST_ZONE_SIZE - PAGE) as usize;

/// How many bytes of code can be looked at for branches in the time of a trap.
const BYTES_PER_TRAP: u64 = 700;

/// What is known of a site, by the address of its `syscall`.
enum Site {
    Counted(u32),
    /// Needs to know that nothing branches into it, in the mapping that begins there.
    Waiting(u64),
    Refused,
    Patched(Patch),
    /// A `cpuid`, in whose place `hlt` stands.
    Asks,
}

/// A site in place.
struct Patch {
    /// Where the jump is.
    at: u64,
    /// What was there.
    original: Vec<u8>,
    /// First address behind what was displaced; `syscall` + 2 if that is not displaced.
    end: u64,
    /// The copy of what follows the `syscall`.
    tail: u64,
}

#[derive(Default)]
struct State {
    off: bool,
    sites: BTreeMap<u64, Site>,
    /// How many more traps it takes until sites are counted.
    until_tables: u32,
    /// Branch targets by start of the code mapping.
    targets: BTreeMap<u64, Looked>,
    /// How many trampolines each zone holds.
    used: [usize; HOST_ZONES.len()],
    /// Loops to be counted wherever their file is mapped.
    loops: Vec<LoopSite>,
    /// Code mapped from files, by its start.
    mapped: BTreeMap<u64, Mapped>,
    /// Places where loops are counted, and places where they were: the code for them stays.
    counted: BTreeMap<u64, Counted>,
    retired: BTreeMap<u64, Counted>,
}

/// What is known of the branches in a code mapping.
enum Looked {
    /// Nothing: it is worth looking after so many more traps of sites that wait for it.
    After(u64),
    Through(Targets),
}

impl Looked {
    /// The branches, which are looked for now if nobody has.
    fn through(&mut self, code: &[u8]) -> &Targets {
        if let Looked::After(_) = self {
            *self = Looked::Through(Targets::of(code));
        }
        match self {
            Looked::Through(targets) => targets,
            Looked::After(_) => unreachable!("looked for above"),
        }
    }
}

struct Patches(RefCell<Option<State>>);

// SAFETY: a process that hosts a world has a single thread.
unsafe impl Sync for Patches {}

static PATCHES: Patches = Patches(RefCell::new(None));

/// How guests of the worlds to come enter the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Entry {
    /// Hot call sites are patched.
    #[default]
    Patched,
    /// Every call is a signal. Slower; the same runs.
    Signal,
}

/// Begins a process with unpatched code, in which these loops will be counted.
pub(crate) fn begin(entry: Entry, boots: Boots, loops: &[LoopSite]) {
    let until_tables = match boots {
        Boots::Fresh => TABLES,
        Boots::Shared => 0,
    };
    let off = entry == Entry::Signal;
    let enter = |number| (entry == Entry::Patched).then(|| entry::enter(Some(number)));
    map_page(VDSO).and_then(|()| write_code(VDSO, &vdso::page(enter))).expect("a page that nothing else gets");
    *PATCHES.0.borrow_mut() = Some(State { off, until_tables, loops: loops.to_vec(), ..State::default() });
}

/// A `syscall` that ends at this address trapped.
pub(crate) fn trapped(after: u64, number: u64) {
    let mut patches = PATCHES.0.borrow_mut();
    let Some(state) = patches.as_mut().filter(|s| !s.off) else { return };
    if state.until_tables > 0 {
        state.until_tables -= 1;
        return;
    }
    let site = after - 2;
    match state.sites.entry(site).or_insert(Site::Counted(0)) {
        Site::Counted(n) if *n + 1 < WORTH => *n += 1,
        Site::Counted(_) => state.decide(site, number),
        Site::Waiting(start) => match state.targets.get_mut(start) {
            Some(Looked::After(traps)) if *traps > 0 => *traps -= 1,
            _ => state.decide(site, number),
        },
        Site::Refused | Site::Patched(_) | Site::Asks => {}
    }
}

const CPUID: [u8; 2] = [0x0f, 0xa2];
/// `hlt`, which guests may not execute, and `nop`.
const HLT: [u8; 2] = [0xf4, 0x90];

/// A `cpuid` was trapped twice in a row. In a virtual machine that takes a way to its host each time, several times as long
/// as a fault does that stays inside (`ud2` does not): `hlt` stands there from now on.
pub(crate) fn asked_again(site: u64) {
    let mut patches = PATCHES.0.borrow_mut();
    let Some(state) = patches.as_mut().filter(|s| !s.off) else { return };
    if code_mapping(site).is_some() && write_code(site, &HLT).is_some() {
        state.sites.insert(site, Site::Asks);
    }
}

/// Whether a `cpuid` belongs there, in whose place `hlt` stands.
pub(crate) fn asks(site: u64) -> bool {
    PATCHES.0.borrow().as_ref().is_some_and(|state| matches!(state.sites.get(&site), Some(Site::Asks)))
}

/// Where a thread whose instruction pointer is `rip` goes on: there, or in the copy of what a patch displaced.
pub(crate) fn resume(rip: u64) -> u64 {
    let patches = PATCHES.0.borrow();
    let Some(state) = patches.as_ref() else { return rip };
    match state.sites.range(..rip).next_back() {
        Some((site, Site::Patched(patch))) if rip < patch.end => patch.tail + (rip - (site + 2)),
        _ => state.resume_counted(rip).unwrap_or(rip),
    }
}

/// The instruction pointer of a thread that was met at `pc`: the original of a displaced instruction.
pub(crate) fn original(pc: u64) -> u64 {
    if !is_ours(pc) {
        return pc;
    }
    let patches = PATCHES.0.borrow();
    if let Some(at) = patches.as_ref().and_then(|s| s.original_counted(pc)) {
        return at;
    }
    let patched = patches.iter().flat_map(|s| s.sites.iter()).filter_map(|(site, what)| match what {
        Site::Patched(patch) => Some((site + 2, patch)),
        _ => None,
    });
    let inside = |(after, patch): (u64, &Patch)| {
        let offset = pc.checked_sub(patch.tail)?;
        (offset < SLOT as u64).then(|| (after + offset).min(patch.end.max(after)))
    };
    patched.filter_map(inside).next().unwrap_or(pc)
}

/// The guest changes a range of its memory: patches in it are gone.
pub(crate) fn forget(at: u64, len: u64) {
    change(at, len, |_, _| {});
}

/// The guest is about to make a range writable: patches in it are undone.
pub(crate) fn restore(at: u64, len: u64) {
    change(at, len, |at, original| write_code(at, original).expect("code that was patched can be restored"));
}

fn change(at: u64, len: u64, f: impl Fn(u64, &[u8])) {
    crate::arena::outside_arena(|| {
        let mut patches = PATCHES.0.borrow_mut();
        let Some(state) = patches.as_mut() else { return };
        let (from, to) = (at.saturating_sub(SLOT as u64), at.saturating_add(len));
        state.targets.retain(|start, _| *start < from || *start >= to);
        let touched: Vec<u64> = state.sites.range(from..to).map(|(site, _)| *site).collect();
        for site in touched {
            match state.sites.remove(&site) {
                Some(Site::Patched(patch)) => {
                    f(patch.at, &patch.original);
                    entry::forget_resume();
                }
                Some(Site::Asks) => f(site, &CPUID),
                _ => {}
            }
        }
        state.uncount(at..to, f);
    });
}

impl State {
    fn decide(&mut self, site: u64, number: u64) {
        let mut waits = None;
        let what = match self.patch(site, number, &mut waits) {
            Some(patch) => Site::Patched(patch),
            None => waits.map_or(Site::Refused, Site::Waiting),
        };
        self.sites.insert(site, what);
        entry::forget_resume();
    }
    /// Patches a site if that is safe. Where it is too early to know, `waits` says which mapping has to be looked at.
    fn patch(&mut self, site: u64, number: u64, waits: &mut Option<u64>) -> Option<Patch> {
        let (start, end) = code_mapping(site)?;
        // SAFETY: the kernel's map says that these bytes are mapped from a file of the image, readable; nothing
        // changes them while the slice lives.
        let code = unsafe { std::slice::from_raw_parts(start as *const u8, (end - start) as usize) };
        let targets = &mut self.targets;
        let form = decode::form(code, (site - start) as usize, number, || {
            let looked = targets.entry(start).or_insert(Looked::After((end - start) / BYTES_PER_TRAP));
            if matches!(looked, Looked::After(1..)) {
                *waits = Some(start);
                return None;
            }
            Some(looked.through(code))
        })?;
        let zone = zone_near(site)?;
        if (self.used[zone] + 1) * SLOT > ROOM {
            return None;
        }
        let place = HOST_ZONES[zone] + (self.used[zone] * SLOT) as u64;
        let bytes = |at: u64, len: usize| code[(at - start) as usize..][..len].to_vec();
        let known = matches!(form, Form::Before(_)).then_some(number);
        let made = trampoline::make(form, site, place, entry::enter(known), bytes)?;
        let (at, len) = made.patch;
        let original = bytes(at, len);
        if place.is_multiple_of(PAGE) {
            map_page(place)?;
        }
        write_code(place, &made.code)?;
        self.used[zone] += 1;
        let mut jump = trampoline::jump(at, place)?.to_vec();
        jump.resize(len, 0x90);
        write_code(at, &jump)?;
        let end = match form {
            Form::Before(_) => site + 2,
            Form::After(length) => site + length as u64,
        };
        Some(Patch { at, original, end, tail: place + made.tail as u64 })
    }
}

/// The zone that a jump from an address reaches.
fn zone_near(at: u64) -> Option<usize> {
    let reach = i32::MAX as u64 - HOST_ZONE_SIZE - PAGE;
    HOST_ZONES.iter().position(|zone| zone.abs_diff(at) < reach)
}

/// The mapping of a file's code around an address.
fn code_mapping(at: u64) -> Option<(u64, u64)> {
    const READ_EXEC: u32 = (libc::PROT_READ | libc::PROT_EXEC) as u32;
    peek(|k| {
        let (start, vma) = k.memory(LOCAL.space.get()).find(at)?;
        let is_code = vma.prot == READ_EXEC && matches!(vma.backing, Backing::File(..));
        (is_code && at >= start && at + (2 + JUMP) as u64 <= vma.end).then_some((start, vma.end))
    })
}

fn map_page(at: u64) -> Option<()> {
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED) as u64;
    let prot = (libc::PROT_READ | libc::PROT_EXEC) as u64;
    // SAFETY: a page of a zone that guests never get.
    let result = unsafe { raw::syscall(libc::SYS_mmap, [at, PAGE, prot, flags, u64::MAX, 0]) };
    (result as u64 == at).then_some(())
}

/// Writes code, which is never writable and executable at once.
fn write_code(at: u64, bytes: &[u8]) -> Option<()> {
    let first = at & !(PAGE - 1);
    let len = (at + bytes.len() as u64 - first).next_multiple_of(PAGE);
    let protect = |prot: i32| {
        // SAFETY: the pages are code of the guest or of a zone, and no guest code runs meanwhile.
        unsafe { raw::syscall3(libc::SYS_mprotect, first, len, prot as u64) == 0 }
    };
    if !protect(libc::PROT_READ | libc::PROT_WRITE) {
        return None;
    }
    // SAFETY: mapped and, for the moment, writable.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), at as *mut u8, bytes.len()) };
    protect(libc::PROT_READ | libc::PROT_EXEC).then_some(())
}
