//! Reading and mapping ELF files (elf(5)). Headers are parsed by the `object` crate.

use crate::abi::errno::{EACCES, ENOEXEC};
use crate::abi::{page_down, page_up};
use crate::exec::Program;
use crate::fs::InodeRef;
use crate::host::Host;
use crate::memory::{self, Backing, STACK_SIZE, STACK_TOP, Vma};
use crate::world::Kernel;
use model::{Errno, ThreadId};
use object::LittleEndian;
use object::elf::{self, FileHeader64, ProgramHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use std::fmt;

type Header = FileHeader64<LittleEndian>;
type Segment = ProgramHeader64<LittleEndian>;
const LE: LittleEndian = LittleEndian;

/// Why a program cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecError {
    /// The file cannot be opened.
    Open(Errno),
    /// It is not a regular file with an execute bit.
    NotExecutable,
    /// It is neither an ELF file nor a script.
    NotElf,
    /// It is a 32-bit program.
    Elf32,
    /// It is for another processor.
    Machine(u16),
    /// It is an ELF file that cannot be executed, or its headers are damaged.
    Damaged(&'static str),
    /// The interpreter it names cannot be opened.
    Interpreter(String),
    /// A segment could not be mapped.
    Map(Errno),
}

impl ExecError {
    /// What `execve` returns for it.
    pub fn errno(&self) -> Errno {
        match self {
            ExecError::Open(errno) | ExecError::Map(errno) => *errno,
            ExecError::NotExecutable => EACCES,
            ExecError::Interpreter(_) => crate::abi::errno::ENOENT,
            _ => ENOEXEC,
        }
    }
}

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExecError::Open(errno) => write!(f, "cannot be opened: {}", errno.message()),
            ExecError::NotExecutable => write!(f, "is not an executable file (mode bits)"),
            ExecError::NotElf => write!(f, "is neither an ELF program nor a script with #!"),
            ExecError::Elf32 => write!(f, "is a 32-bit program; fbsim runs 64-bit x86-64 programs"),
            ExecError::Machine(machine) => {
                write!(f, "is for another processor (ELF machine {machine}); fbsim runs x86-64")
            }
            ExecError::Damaged(what) => write!(f, "has a damaged ELF header: {what}"),
            ExecError::Interpreter(path) => write!(f, "needs the interpreter {path}, which cannot be opened"),
            ExecError::Map(errno) => write!(f, "could not be mapped: {}", errno.message()),
        }
    }
}

/// Checks the first bytes of a file: an x86-64 program of 64 bits.
///
/// # Errors
/// Why it is not.
pub(super) fn check(head: &[u8]) -> Result<(), ExecError> {
    if !head.starts_with(&elf::ELFMAG) {
        return Err(ExecError::NotElf);
    }
    match head.get(4) {
        Some(1) => return Err(ExecError::Elf32),
        Some(2) => {}
        _ => return Err(ExecError::Damaged("unknown class")),
    }
    let header = Header::parse(head).map_err(|_| ExecError::Damaged("too short"))?;
    let machine = header.e_machine(LE);
    if machine != elf::EM_X86_64 {
        return Err(ExecError::Machine(machine.0));
    }
    match header.e_type(LE) {
        elf::ET_EXEC | elf::ET_DYN => Ok(()),
        _ => Err(ExecError::Damaged("neither a program nor position independent")),
    }
}

/// A program in memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Image {
    /// Where execution starts: the interpreter's entry, or the program's.
    pub start: u64,
    /// The program's own entry (`AT_ENTRY`).
    pub entry: u64,
    /// Address of its program headers (`AT_PHDR`).
    pub headers: u64,
    /// How many there are.
    pub header_count: u64,
    /// Where the interpreter was loaded (`AT_BASE`), 0 without one.
    pub base: u64,
}

struct Loaded {
    base: u64,
    entry: u64,
    headers: u64,
    header_count: u64,
    end: u64,
    interpreter: Option<String>,
}

/// Maps a program, its interpreter, the heap's start and the stack.
pub(super) fn map_program(
    k: &mut Kernel,
    host: &mut dyn Host,
    id: ThreadId,
    program: &Program,
) -> Result<Image, ExecError> {
    let space = k.threads[&id].space;
    let main = map_file(k, host, id, program.file, Some(memory::PROGRAM_BASE))?;
    let prot = (libc::PROT_READ | libc::PROT_WRITE) as u32;
    let bottom = STACK_TOP - STACK_SIZE;
    host.map_anonymous(bottom, STACK_SIZE, prot).map_err(ExecError::Map)?;
    let stack = Vma { name: "[stack]", ..Vma::new(STACK_TOP, prot, Backing::Anonymous) };
    k.memory_mut(space).insert(bottom, stack);
    let heap = page_up(main.end) + 0x10_0000;
    k.memory_mut(space).heap_start = heap;
    k.memory_mut(space).heap_end = heap;
    let mut image =
        Image { start: main.entry, entry: main.entry, headers: main.headers, header_count: main.header_count, base: 0 };
    if let Some(path) = main.interpreter {
        let file = k.resolve(host, id.service, &path).map_err(|_| ExecError::Interpreter(path))?;
        let interpreter = map_file(k, host, id, file, None)?;
        image.base = interpreter.base;
        image.start = interpreter.entry;
    }
    Ok(image)
}

fn read_exact(k: &mut Kernel, host: &mut dyn Host, file: InodeRef, at: u64, len: usize) -> Result<Vec<u8>, ExecError> {
    let mut bytes = vec![0; len];
    let n = k.inode_read(host, file, at, &mut bytes).map_err(ExecError::Open)?;
    bytes.truncate(n);
    Ok(bytes)
}

fn map_file(
    k: &mut Kernel,
    host: &mut dyn Host,
    id: ThreadId,
    file: InodeRef,
    wanted_base: Option<u64>,
) -> Result<Loaded, ExecError> {
    let mut head = read_exact(k, host, file, 0, 4096)?;
    check(&head)?;
    let header = *Header::parse(head.as_slice()).map_err(|_| ExecError::Damaged("header"))?;
    let table_end = header.e_phoff(LE).saturating_add(u64::from(header.e_phnum(LE)) * 56);
    if table_end > 1 << 20 {
        return Err(ExecError::Damaged("program headers"));
    }
    if table_end > head.len() as u64 {
        head = read_exact(k, host, file, 0, table_end as usize)?;
    }
    let segments = header.program_headers(LE, head.as_slice()).map_err(|_| ExecError::Damaged("program headers"))?;
    let loads: Vec<&Segment> = segments.iter().filter(|s| s.p_type(LE) == elf::PT_LOAD).collect();
    let (Some(first), Some(last)) = (loads.first(), loads.last()) else {
        return Err(ExecError::Damaged("nothing to load"));
    };
    let low = page_down(first.p_vaddr(LE));
    let high = page_up(last.p_vaddr(LE).saturating_add(last.p_memsz(LE)));
    let space = k.threads[&id].space;
    let base = if header.e_type(LE) == elf::ET_EXEC {
        0
    } else {
        let at = wanted_base.or_else(|| k.memory(space).place(high - low));
        at.ok_or(ExecError::Map(crate::abi::errno::ENOMEM))? - low
    };
    for segment in &loads {
        map_segment(k, host, id, file, segment, base)?;
    }
    let interpreter = match segments.iter().find(|s| s.p_type(LE) == elf::PT_INTERP) {
        None => None,
        Some(s) => {
            let bytes = read_exact(k, host, file, s.p_offset(LE), s.p_filesz(LE).min(4096) as usize)?;
            Some(String::from_utf8_lossy(bytes.strip_suffix(b"\0").unwrap_or(&bytes)).into_owned())
        }
    };
    let headers = segments
        .iter()
        .find(|s| s.p_type(LE) == elf::PT_PHDR)
        .map(|s| s.p_vaddr(LE))
        .or_else(|| {
            let at = header.e_phoff(LE);
            let holds = |s: &&&Segment| s.p_offset(LE) <= at && at < s.p_offset(LE) + s.p_filesz(LE);
            loads.iter().find(holds).map(|s| s.p_vaddr(LE) + at - s.p_offset(LE))
        })
        .unwrap_or_default();
    Ok(Loaded {
        base: base + low,
        entry: base + header.e_entry(LE),
        headers: base + headers,
        header_count: u64::from(header.e_phnum(LE)),
        end: base + high,
        interpreter,
    })
}

fn map_segment(
    k: &mut Kernel,
    host: &mut dyn Host,
    id: ThreadId,
    file: InodeRef,
    segment: &Segment,
    base: u64,
) -> Result<(), ExecError> {
    let space = k.threads[&id].space;
    let flags = segment.p_flags(LE).0;
    let mut prot = 0;
    for (flag, bit) in [(elf::PF_R.0, libc::PROT_READ), (elf::PF_W.0, libc::PROT_WRITE), (elf::PF_X.0, libc::PROT_EXEC)]
    {
        if flags & flag != 0 {
            prot |= bit as u32;
        }
    }
    let start = base + segment.p_vaddr(LE);
    let file_end = start + segment.p_filesz(LE);
    let memory_end = page_up(start + segment.p_memsz(LE));
    let at = page_down(start);
    if !memory::AddressSpace::in_bounds(at, memory_end.saturating_sub(at)) {
        return Err(ExecError::Damaged("a segment lies outside the address space"));
    }
    let mut mapped_end = at;
    if segment.p_filesz(LE) > 0 {
        let offset = page_down(segment.p_offset(LE));
        mapped_end = page_up(file_end);
        let len = mapped_end - at;
        k.memory_mut(space).remove(at, len);
        let backing = memory::map_file(k, host, file, offset, at, len, prot).map_err(ExecError::Map)?;
        k.memory_mut(space).insert(at, Vma::new(mapped_end, prot, backing));
        if flags & elf::PF_W.0 != 0 && mapped_end > file_end {
            // The dynamic loader allocates from the rest of the last page and expects zeros.
            host.write(file_end, &vec![0; (mapped_end - file_end) as usize]);
        }
    }
    if memory_end > mapped_end {
        k.memory_mut(space).remove(mapped_end, memory_end - mapped_end);
        host.map_anonymous(mapped_end, memory_end - mapped_end, prot).map_err(ExecError::Map)?;
        let vma = Vma::new(memory_end, prot, Backing::Anonymous);
        k.memory_mut(space).insert(mapped_end, vma);
    }
    Ok(())
}
