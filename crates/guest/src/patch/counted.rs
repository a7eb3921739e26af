//! Places in programs at which turns of loops are counted ([`crate::loops`]): patched when their file is mapped.

use super::{JUMP, PATCHES, State, map_page, write_code};
use crate::arena::{outside_arena, peek, shared};
use crate::entry::{self, LOCAL};
use crate::loops::Place;
use crate::loops::code::{self, Made, ROOM, TRAP, Words};
use crate::patch::trampoline::{SLOT, jump};
use crate::patch::zone_near;
use kernel::abi::PAGE;
use kernel::memory::{Backing, HOST_ZONE_SIZE, HOST_ZONES};
use kernel::scheduler::TURNS;
use model::LoopSite;
use std::ops::Range;
use std::sync::atomic::Ordering;

const CODE: u32 = (libc::PROT_READ | libc::PROT_EXEC) as u32;
const NOP: u8 = 0x90;

/// A file's code as it was mapped.
pub(super) struct Mapped {
    end: u64,
    path: String,
    offset: u64,
}

/// A place that is patched.
pub(super) struct Counted {
    original: Vec<u8>,
    place: u64,
    made: Made,
}

impl Counted {
    /// What stands at the place instead of the original.
    fn patch(&self, at: u64) -> Option<Vec<u8>> {
        let mut patch = self.original.clone();
        if self.made.trap.is_some() {
            patch.fill(NOP);
            patch[..JUMP].copy_from_slice(&jump(at, self.place)?);
        } else {
            patch[0] = TRAP;
        }
        Some(patch)
    }
    fn address(&self, offset: usize) -> u64 {
        self.place + offset as u64
    }
    /// The copy of the instruction at a distance from the place.
    fn copy_of(&self, distance: u64) -> Option<u64> {
        let copies = self.made.copies.iter();
        copies.copied().find(|(_, from)| *from as u64 == distance).map(|(at, _)| self.address(at))
    }
}

/// A file was mapped for the guest: its loops that are to be counted are patched.
pub(crate) fn mapped(at: u64, len: u64, prot: u32, path: &str, offset: u64) {
    if prot != CODE {
        return;
    }
    outside_arena(|| {
        let mut patches = PATCHES.0.borrow_mut();
        let Some(state) = patches.as_mut() else { return };
        state.mapped.insert(at, Mapped { end: at + len, path: path.to_owned(), offset });
        let here: Vec<(u64, LoopSite)> = state
            .loops
            .iter()
            .filter(|l| l.file == path && (offset..offset + len).contains(&l.offset))
            .map(|l| (at + (l.offset - offset), l.clone()))
            .filter(|(from, l)| from + l.code.len() as u64 <= at + len)
            .collect();
        for (from, site) in here {
            // A place that cannot be patched is left alone: its loop is a spin, as it was.
            let _ = state.count(from, &site.code);
        }
        entry::forget_resume();
    });
}

impl State {
    fn count(&mut self, at: u64, expected: &[u8]) -> Option<()> {
        if self.counted.contains_key(&at) {
            return None;
        }
        // SAFETY: the caller has found that the range is mapped readable.
        let there = unsafe { std::slice::from_raw_parts(at as *const u8, expected.len()) };
        let counted = match self.retired.remove(&at).filter(|c| c.original == expected) {
            Some(counted) => counted,
            None => self.make(at, expected)?,
        };
        let patch = counted.patch(at)?;
        // What comes from a snapshot is patched already.
        if there == expected {
            write_code(at, &patch)?;
        } else if there != patch {
            self.retired.insert(at, counted);
            return None;
        }
        self.counted.insert(at, counted);
        Some(())
    }
    /// Makes the code for a place.
    fn make(&mut self, at: u64, original: &[u8]) -> Option<Counted> {
        let zone = zone_near(at)?;
        let slots = ROOM / SLOT;
        let used = self.used[zone].next_multiple_of(slots);
        if (used + slots) * SLOT > super::ROOM {
            return None;
        }
        let place = HOST_ZONES[zone] + (used * SLOT) as u64;
        let header = shared();
        let words = Words { turns: header.turns.as_ptr() as u64, scratch: header.scratch.as_ptr() as u64 };
        let made = code::make(original, at, place, words)?;
        if place.is_multiple_of(PAGE) {
            map_page(place)?;
        }
        write_code(place, &made.code)?;
        self.used[zone] = used + slots;
        Some(Counted { original: original.to_vec(), place, made })
    }
    /// Forgets places and mappings in a range; the original bytes are given to `f` with their place.
    pub(super) fn uncount(&mut self, range: Range<u64>, f: impl Fn(u64, &[u8])) {
        self.mapped.retain(|start, _| !range.contains(start));
        // What is displaced is shorter than a slot.
        let from = range.start.saturating_sub(SLOT as u64);
        let touched: Vec<u64> = self.counted.range(from..range.end).map(|(at, _)| *at).collect();
        for at in touched {
            let counted = &self.counted[&at];
            if at + counted.original.len() as u64 > range.start {
                f(at, &counted.original);
                self.retired.extend(self.counted.remove_entry(&at));
                entry::forget_resume();
            }
        }
    }
    /// Where a thread goes on that is inside of what was displaced. At its beginning it turns the loop once more, unless
    /// that would trap again.
    pub(super) fn resume_counted(&self, rip: u64) -> Option<u64> {
        let (at, counted) = self.counted.range(..=rip).next_back()?;
        let jumps = counted.made.trap.is_some();
        if rip == *at && jumps {
            return None;
        }
        counted.copy_of(rip - at)
    }
    /// The original of an instruction in the code of a place.
    pub(super) fn original_counted(&self, pc: u64) -> Option<u64> {
        let all = self.counted.iter().chain(&self.retired);
        let (at, counted) = all.into_iter().find(|(_, c)| (c.place..c.place + ROOM as u64).contains(&pc))?;
        let offset = (pc - counted.place) as usize;
        if offset >= counted.made.copies_end && counted.made.trap.is_none_or(|trap| offset < trap) {
            return Some(at + counted.original.len() as u64);
        }
        let copy =
            counted.made.copies.iter().rev().find(|(start, _)| offset < counted.made.copies_end && *start <= offset);
        Some(at + copy.map_or(0, |(_, from)| *from as u64))
    }
}

/// The place whose turns have run out, if that is what the trap before `after` means.
pub(crate) fn trapped(after: u64) -> Option<u64> {
    let pc = after.wrapping_sub(1);
    let patches = PATCHES.0.borrow();
    let counted = &patches.as_ref()?.counted;
    let traps = |(at, c): (&u64, &Counted)| c.made.trap.map_or(*at, |trap| c.address(trap)) == pc;
    let (at, _) = counted.iter().find(|place| traps(*place))?;
    shared().turns.store(i64::from(TURNS), Ordering::Relaxed);
    Some(*at)
}

/// Finds the loop in which these instructions were executed, and where to count its turns.
pub(crate) fn find(executed: &[u64]) -> Option<LoopSite> {
    let mut patches = PATCHES.0.borrow_mut();
    let state = patches.as_mut()?;
    let Place { at, len } = crate::loops::find(executed, &mut Program { state })?;
    let (start, mapped) = state.mapped_at(at)?;
    let code = code_from(at, mapped.end).get(..len)?.to_vec();
    let site = LoopSite { file: mapped.path.clone(), offset: mapped.offset + (at - start), code };
    // One that is counted already could not be patched.
    (!state.loops.contains(&site)).then_some(site)
}

impl State {
    fn mapped_at(&self, at: u64) -> Option<(u64, &Mapped)> {
        let (start, mapped) = self.mapped.range(..=at).next_back()?;
        (at < mapped.end && code_of_a_file(at).is_some()).then_some((*start, mapped))
    }
}

/// The mapping of a file's code around an address; files that guests have made are files too.
fn code_of_a_file(at: u64) -> Option<(u64, u64)> {
    peek(|k| {
        let (start, vma) = k.memory(LOCAL.space.get()).find(at)?;
        let is_file = matches!(vma.backing, Backing::File(..) | Backing::Copied(..));
        (is_file && vma.prot == CODE).then_some((start, vma.end))
    })
}

fn code_from(at: u64, end: u64) -> &'static [u8] {
    // SAFETY: the kernel's map says that these bytes are a file's code; nothing changes them while they are looked at.
    unsafe { std::slice::from_raw_parts(at as *const u8, (end - at) as usize) }
}

/// The guest's code, as the search for loops sees it.
struct Program<'a> {
    state: &'a mut State,
}

impl crate::loops::Code for Program<'_> {
    fn bytes(&self, at: u64) -> &[u8] {
        self.state.mapped_at(at).map_or(&[], |(_, mapped)| code_from(at, mapped.end))
    }
    fn entered(&mut self, range: Range<u64>) -> bool {
        let Some((start, end)) = code_of_a_file(range.start) else { return true };
        let code = code_from(start, end);
        let targets = self.state.targets.entry(start).or_insert(super::Looked::After(0)).through(code);
        targets.any(code, (range.start - start) as usize..(range.end - start) as usize)
    }
}

/// Whether an address is that of code of fbsim's beside the guest's.
pub(crate) fn is_ours(pc: u64) -> bool {
    HOST_ZONES.into_iter().any(|zone| (zone..zone + HOST_ZONE_SIZE).contains(&pc))
}
