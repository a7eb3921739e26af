//! Files of `/proc` about the memory of a process.

use crate::abi::PAGE;
use crate::host::Host;
use crate::memory::{Backing, VDSO, Vma};
use crate::process::ProcessId;
use crate::world::Kernel;
use std::fmt::Write as _;

/// Sizes of the parts of an address space, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sizes {
    /// Everything.
    pub(super) total: u64,
    /// Writable private mappings.
    pub(super) data: u64,
    /// The stack.
    pub(super) stack: u64,
    /// Executable mappings.
    pub(super) code: u64,
    /// Mappings of files.
    pub(super) file: u64,
    /// Shared mappings.
    pub(super) shared: u64,
}

/// What a mapping stands for in `maps`.
struct Line {
    start: u64,
    end: u64,
    prot: u32,
    shared: bool,
    offset: u64,
    file: Option<String>,
    /// The inode number of a shared file.
    ino: u64,
    name: &'static str,
}

impl Line {
    fn of(k: &Kernel, start: u64, vma: &Vma) -> Line {
        let ino = vma.backing.view().map_or(0, |view| view.inode.ino);
        let (shared, offset, file) = match &vma.backing {
            Backing::File(path, offset) | Backing::Beyond(path, offset) | Backing::Copied(_, path, offset) => {
                (false, *offset, Some(path.clone()))
            }
            Backing::Shared(view) | Backing::Ahead(view) => (true, view.offset, Some(k.inode_shown(view.inode))),
            Backing::Anonymous => (false, 0, None),
        };
        Line { start, end: vma.end, prot: vma.prot, shared, offset, file, ino, name: vma.name }
    }
}

impl Line {
    fn vdso() -> Line {
        let prot = (libc::PROT_READ | libc::PROT_EXEC) as u32;
        Line { start: VDSO, end: VDSO + PAGE, prot, shared: false, offset: 0, file: None, ino: 0, name: "[vdso]" }
    }
}

impl Kernel {
    pub(super) fn sizes(&self, process: ProcessId) -> Sizes {
        let mut s = Sizes::default();
        let Some(space) = self.processes.get(&process).and_then(|p| self.spaces.get(&p.space)) else {
            return s;
        };
        for (start, vma) in space.iter() {
            let line = Line::of(self, start, vma);
            let size = vma.end - start;
            s.total += size;
            let kind = match () {
                () if vma.name == "[stack]" => &mut s.stack,
                () if vma.prot & libc::PROT_EXEC as u32 != 0 => &mut s.code,
                () if line.shared => &mut s.shared,
                () if vma.prot & libc::PROT_WRITE as u32 != 0 => &mut s.data,
                () => &mut s.file,
            };
            *kind += size;
        }
        s
    }

    /// `maps`, and with `details` `smaps`.
    pub(super) fn render_maps(&mut self, host: &mut dyn Host, process: ProcessId, details: bool) -> String {
        let mut lines: Vec<Line> = match self.processes.get(&process).and_then(|p| self.spaces.get(&p.space)) {
            Some(space) => space.iter().map(|(start, vma)| Line::of(self, start, vma)).collect(),
            None => Vec::new(),
        };
        // What every program is given lies outside of what it can map.
        if self.processes.get(&process).is_some_and(|p| !p.auxv.is_empty()) {
            let at = lines.partition_point(|line| line.start < VDSO);
            lines.insert(at, Line::vdso());
        }
        let mut out = String::new();
        // Neighbouring lines mostly show the same file.
        let mut last: (String, u64) = Default::default();
        for line in lines {
            let bit = |bit: i32, c: char| if line.prot & bit as u32 != 0 { c } else { '-' };
            let (device, ino) = match &line.file {
                Some(_) if line.shared => ("00:01", line.ino),
                Some(path) => {
                    if last.0 != *path {
                        let found = self.resolve(host, process.service, path);
                        last = (path.clone(), found.map_or(0, |inode| inode.ino));
                    }
                    ("08:01", last.1)
                }
                None => ("00:00", 0),
            };
            let name = match &line.file {
                Some(path) => path.as_str(),
                None => line.name,
            };
            let mut text = format!(
                "{:08x}-{:08x} {}{}{}{} {:08x} {device} {ino} ",
                line.start,
                line.end,
                bit(libc::PROT_READ, 'r'),
                bit(libc::PROT_WRITE, 'w'),
                bit(libc::PROT_EXEC, 'x'),
                if line.shared { 's' } else { 'p' },
                line.offset,
            );
            if !name.is_empty() {
                text = format!("{text:<73}{name}");
            }
            out.push_str(&text);
            out.push('\n');
            if details {
                details_of(&mut out, line.end - line.start);
            }
        }
        out
    }
    /// `smaps_rollup`
    pub(super) fn render_rollup(&self, process: ProcessId) -> String {
        let mut out = "00010000-500000000000 ---p 00000000 00:00 0                              [rollup]\n".to_owned();
        amounts(&mut out, self.sizes(process).total);
        out
    }
    /// `statm`
    pub(super) fn render_statm(&self, process: ProcessId) -> String {
        let s = self.sizes(process);
        let data = s.data + s.stack;
        let [total, shared, code, data] = [s.total, s.shared + s.file, s.code, data].map(|n| n / PAGE);
        format!("{total} {total} {shared} {code} 0 {data} 0\n")
    }
}

fn details_of(out: &mut String, size: u64) {
    let _ =
        writeln!(out, "Size:           {:>8} kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB", size >> 10);
    amounts(out, size);
    out.push_str("VmFlags: rd wr mr mw me ac\n");
}
/// Everything mapped counts as resident and private: pages are not tracked.
fn amounts(out: &mut String, size: u64) {
    let kb = size >> 10;
    for (name, n) in [
        ("Rss", kb),
        ("Pss", kb),
        ("Shared_Clean", 0),
        ("Shared_Dirty", 0),
        ("Private_Clean", 0),
        ("Private_Dirty", kb),
        ("Referenced", kb),
        ("Anonymous", kb),
        ("AnonHugePages", 0),
        ("Swap", 0),
        ("SwapPss", 0),
        ("Locked", 0),
    ] {
        let _ = writeln!(out, "{:<16}{n:>8} kB", format!("{name}:"));
    }
}
