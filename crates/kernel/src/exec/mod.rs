//! `execve(2)` and the loading of programs.
//!
//! ```text
//!   execve ──> check: path, permission, #!, ELF header      errors are still the caller's
//!      │
//!      ▼  a vfork child gets an address space (a host fork) of its own
//!   Pending::Exec ──> load, when the scheduler runs the thread in its own host:
//!                     unmap ─> map segments ─> interpreter ─> stack, auxv ─> registers
//! ```
//!
//! fbsim is the loader of the program and of its interpreter, so every address, the auxiliary vector and the bytes of
//! `AT_RANDOM` are chosen here and nothing of the host is visible from the first instruction on.

mod elf;
mod spawn;
mod stack;

pub use elf::ExecError;
pub use spawn::Spawn;

use crate::abi::errno::{E2BIG, EFAULT, EINVAL, ELOOP};
use crate::abi::text;
use crate::caller::Caller;
use crate::fs::InodeRef;
use crate::host::{AddressSpaceId, Host};
use crate::memory::AddressSpace;
use crate::process::{ExitStatus, Extended, Pending, ProcessId};
use crate::signal::AltStack;
use crate::syscall::{Outcome, Sys};
use crate::world::Kernel;
use model::{Errno, ServiceId, ThreadId};

/// Longest single argument, as on Linux.
const ARGUMENT_MAX: usize = 32 * 4096;
/// Most bytes of arguments and environment together.
const ARGUMENTS_MAX: usize = 2 << 20;
/// How many `#!` lines may follow each other.
const INTERPRETERS_MAX: usize = 5;

/// A program that is to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The ELF file.
    pub file: InodeRef,
    /// Path it was asked for by (`AT_EXECFN`); for a script that of the script.
    pub path: String,
    /// `argv`.
    pub arguments: Vec<Vec<u8>>,
    /// `envp`.
    pub environment: Vec<Vec<u8>>,
}

/// Where a program's arguments and environment are in its memory: first address and first address beyond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArgumentArea {
    /// The arguments, each with its terminating zero.
    pub arguments: (u64, u64),
    /// The environment.
    pub environment: (u64, u64),
}

/// `execve(2)`
pub fn execve(c: &mut Caller<'_>) -> Sys {
    let path = c.read_path(c.arg(0))?;
    replace(c, libc::AT_FDCWD, &path, c.arg(1), c.arg(2))
}

/// `execveat(2)`
pub fn execveat(c: &mut Caller<'_>) -> Sys {
    let path = c.read_path(c.arg(1))?;
    let flags = c.int(4);
    if flags & !(libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW) != 0 {
        return Err(EINVAL);
    }
    if path.is_empty() && flags & libc::AT_EMPTY_PATH != 0 {
        c.k.file_of(c.process_id(), c.int(0))?;
        return replace(c, libc::AT_FDCWD, &format!("/dev/fd/{}", c.int(0)), c.arg(2), c.arg(3));
    }
    let dirfd = c.int(0);
    if flags & libc::AT_SYMLINK_NOFOLLOW != 0 && c.k.is_link(c.host, c.id, dirfd, &path)? {
        return Err(ELOOP);
    }
    replace(c, c.int(0), &path, c.arg(2), c.arg(3))
}

fn replace(c: &mut Caller<'_>, dirfd: i32, path: &str, argv: u64, envp: u64) -> Sys {
    let process = c.process_id();
    let from = From { service: c.service(), process: Some(process), dirfd };
    // What is wrong with the path is said before the arguments are looked at.
    from.find(c.k, c.host, path).map_err(ExecError::Open).map_err(|e| e.errno())?;
    let mut arguments = read_strings(c, argv)?;
    let environment = read_strings(c, envp)?;
    let total: usize = arguments.iter().chain(&environment).map(|s| s.len() + 9).sum();
    if total > ARGUMENTS_MAX {
        return Err(E2BIG);
    }
    // A program is never without a name.
    if arguments.is_empty() {
        arguments.push(Vec::new());
    }
    // Relative to a directory descriptor a path has no other name than this.
    let shown = match dirfd {
        libc::AT_FDCWD => path.to_owned(),
        _ if path.starts_with('/') => path.to_owned(),
        fd => format!("/dev/fd/{fd}/{path}"),
    };
    let program = prepare_from(c.k, c.host, from, &shown, arguments, environment).map_err(|e| e.errno())?;
    let id = c.id;
    c.k.record(id, 0);
    c.k.shed_for_exec(c.host, id);
    c.process().has_execed = true;
    let id = c.k.become_leader(process, id);
    if c.k.memory(c.k.threads[&id].space).users > 1 {
        leave_shared_memory(c.k, c.host, process, id)?;
    }
    let thread = c.k.thread_mut(id);
    thread.pending = Pending::Exec(Box::new(program));
    Ok(Outcome::NoReturn)
}

/// Reads a zero-terminated array of strings; a null pointer is an empty array.
fn read_strings(c: &mut Caller<'_>, at: u64) -> Result<Vec<Vec<u8>>, Errno> {
    let mut strings = Vec::new();
    if at == 0 {
        return Ok(strings);
    }
    loop {
        let pointer = c.read_u64(at.checked_add(8 * strings.len() as u64).ok_or(EFAULT)?)?;
        if pointer == 0 {
            return Ok(strings);
        }
        let text = c.read_cstr(pointer, ARGUMENT_MAX).map_err(|e| if e == EFAULT { e } else { E2BIG })?;
        strings.push(text);
        if strings.len() * 9 > ARGUMENTS_MAX {
            return Err(E2BIG);
        }
    }
}

/// Finds the ELF file behind a path, through `#!` lines, and checks that it can be run.
///
/// # Errors
/// Why it cannot.
pub fn prepare(
    k: &mut Kernel,
    host: &mut dyn Host,
    service: ServiceId,
    path: &str,
    arguments: Vec<Vec<u8>>,
    environment: Vec<Vec<u8>>,
) -> Result<Program, ExecError> {
    let from = From { service, process: None, dirfd: libc::AT_FDCWD };
    prepare_from(k, host, from, path, arguments, environment)
}

/// Where relative paths start, and who asks.
#[derive(Clone, Copy, Debug)]
struct From {
    service: ServiceId,
    process: Option<ProcessId>,
    dirfd: i32,
}

impl From {
    fn find(self, k: &mut Kernel, host: &mut dyn Host, path: &str) -> Result<InodeRef, Errno> {
        match self.process {
            Some(process) => k.resolve_for(host, process, self.dirfd, path),
            None => k.resolve(host, self.service, path),
        }
    }
}

fn prepare_from(
    k: &mut Kernel,
    host: &mut dyn Host,
    from: From,
    path: &str,
    mut arguments: Vec<Vec<u8>>,
    environment: Vec<Vec<u8>>,
) -> Result<Program, ExecError> {
    // The directory descriptor is part of the path by now.
    let from = From { dirfd: libc::AT_FDCWD, ..from };
    let mut file = from.find(k, host, path).map_err(ExecError::Open)?;
    let mut current = path.to_owned();
    for _ in 0..=INTERPRETERS_MAX {
        let (_, mode) = k.inode_size_mode(host, file);
        if mode & libc::S_IFMT != libc::S_IFREG || k.inode_access(file, 1).is_err() {
            return Err(ExecError::NotExecutable);
        }
        k.inode_used(file);
        let mut head = [0; 256];
        let n = k.inode_read(host, file, 0, &mut head).map_err(ExecError::Open)?;
        let Some(line) = head[..n].strip_prefix(b"#!") else {
            elf::check(&head[..n])?;
            return Ok(Program { file, path: path.to_owned(), arguments, environment });
        };
        let (interpreter, option) = shebang(line, n == head.len()).ok_or(ExecError::NotElf)?;
        let mut with_interpreter = vec![text::to_bytes(&interpreter).into_owned()];
        if !option.is_empty() {
            with_interpreter.push(text::to_bytes(&option).into_owned());
        }
        with_interpreter.push(text::to_bytes(&current).into_owned());
        with_interpreter.extend(arguments.drain(1.min(arguments.len())..));
        arguments = with_interpreter;
        file = from.find(k, host, &interpreter).map_err(ExecError::Open)?;
        current = interpreter;
    }
    Err(ExecError::Open(ELOOP))
}

/// The interpreter and its argument, from what follows `#!`. `cut` says that there may be more of the file than this:
/// then the name must be seen to end.
fn shebang(text: &[u8], cut: bool) -> Option<(String, String)> {
    let line = text.split(|b| *b == b'\n').next()?;
    let whole = !cut || line.len() < text.len();
    let blank = |b: &u8| matches!(*b, b' ' | b'\t');
    let begin = line.iter().position(|b| !blank(b))?;
    let line = &line[begin..];
    let end = line.iter().position(|b| blank(b) || *b == 0);
    if end.is_none() && !whole {
        return None;
    }
    let (name, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.split(|b| *b == 0).next().unwrap_or_default();
    let text = |bytes: &[u8]| text::to_text(bytes.to_vec()).trim_matches([' ', '\t']).to_owned();
    if name.is_empty() { None } else { Some((text(name), text(rest))) }
}

/// A `vfork` child executes a program: it gets an address space, and with it a host process, of its own.
fn leave_shared_memory(k: &mut Kernel, host: &mut dyn Host, process: ProcessId, id: ThreadId) -> Result<(), Errno> {
    let old = k.threads[&id].space;
    let new = k.new_space();
    let mut memory = k.memory(old).clone();
    memory.users = 1;
    k.spaces.insert(new, memory);
    if let Err(errno) = host.fork(new) {
        k.spaces.remove(&new);
        k.end_at_host_limit(id, new, errno);
        return Err(errno);
    }
    k.memory_mut(old).users -= 1;
    k.thread_mut(id).space = new;
    k.process_mut(process).space = new;
    Ok(())
}

impl Kernel {
    /// The bytes of a range of a process's memory, if the kernel runs in that memory now and it is all there.
    fn memory_of(&self, host: &dyn Host, process: ProcessId, (from, to): (u64, u64)) -> Option<Vec<u8>> {
        let space = self.processes.get(&process)?.space;
        let len = to.checked_sub(from)?;
        let readable = self.spaces.get(&space)?.allows(from, len, libc::PROT_READ as u32);
        if host.address_space() != space || !readable || len == 0 {
            return None;
        }
        let mut bytes = vec![0; len as usize];
        host.read(from, &mut bytes);
        Some(bytes)
    }
    /// Takes down what a process shows as its arguments, if its memory is at hand. A program that has overwritten the
    /// last terminating zero goes on in the environment's place.
    pub(crate) fn look_at_arguments(&mut self, host: &dyn Host, process: ProcessId) {
        let Some(area) = self.processes.get(&process).map(|p| p.argument_area) else { return };
        let Some(mut bytes) = self.memory_of(host, process, area.arguments) else { return };
        if bytes.last() != Some(&0)
            && let Some(more) = self.memory_of(host, process, area.environment)
        {
            bytes.extend(more.iter().take_while(|b| **b != 0));
            bytes.push(0);
        }
        self.process_mut(process).command_line = bytes;
    }
    /// What a process shows as its environment.
    pub(crate) fn environment_of(&self, host: &dyn Host, process: ProcessId) -> Vec<u8> {
        let Some(p) = self.processes.get(&process) else { return Vec::new() };
        let at_exec = || p.environment.iter().flat_map(|s| s.iter().copied().chain([0])).collect();
        self.memory_of(host, process, p.argument_area.environment).unwrap_or_else(at_exec)
    }
    /// After exec the calling thread is the only one and has the process's number.
    fn become_leader(&mut self, process: ProcessId, id: ThreadId) -> ThreadId {
        let leader = process.thread(process.pid);
        if id != leader
            && let Some(mut thread) = self.threads.remove(&id)
        {
            thread.id = leader;
            self.threads.insert(leader, thread);
            self.process_mut(process).threads = vec![leader.tid];
            if self.current == id {
                self.current = leader;
            }
        }
        leader
    }
}

/// Loads a program into the address space the kernel runs in. There is no way back from here: a program that cannot
/// be loaded kills its process.
pub(crate) fn load(k: &mut Kernel, host: &mut dyn Host, id: ThreadId, program: Program) {
    let process = k.threads[&id].process;
    let space = k.threads[&id].space;
    let removed = k.memory_mut(space).clear();
    for (start, vma) in &removed {
        host.unmap(*start, vma.end - start);
    }
    k.forget_views(&removed);
    let users = k.memory(space).users.max(1);
    *k.memory_mut(space) = AddressSpace::new(users);
    match elf::map_program(k, host, id, &program) {
        Ok(image) => start_program(k, host, id, program, &image),
        Err(error) => {
            k.note(id, "exec_failed", [("path", program.path.as_str().into()), ("reason", error.to_string().into())]);
            k.kill_process(process, ExitStatus::Signaled(libc::SIGKILL as u8));
        }
    }
}

fn start_program(k: &mut Kernel, host: &mut dyn Host, id: ThreadId, program: Program, image: &elf::Image) {
    let process = k.threads[&id].process;
    let stack = stack::build(k, host, process, &program, image);
    k.close_on_exec(process);
    let exe = k.inode_path(program.file);
    let p = k.process_mut(process);
    p.exe = exe;
    p.auxv = stack.auxv;
    p.argument_area = stack.area;
    p.command_line = program.arguments.iter().flat_map(|s| s.iter().copied().chain([0])).collect();
    p.arguments = program.arguments;
    p.environment = program.environment;
    let name = program.path.rsplit('/').next().unwrap_or_default();
    let thread = k.thread_mut(id);
    thread.name = text::to_text(text::to_bytes(name).iter().copied().take(15).collect());
    thread.registers =
        crate::Registers { rip: image.start, rsp: stack.pointer, eflags: 0x202, ..crate::Registers::default() };
    thread.fs_base = 0;
    thread.extended = Extended::Initial;
    thread.reload = true;
    thread.alt_stack = AltStack::default();
    thread.clear_tid = 0;
    thread.robust_list = 0;
}

/// The number that a fresh process's host is to serve, for the hosting code to fork.
pub(crate) fn fresh_space(k: &mut Kernel) -> AddressSpaceId {
    let space = k.new_space();
    k.spaces.insert(space, AddressSpace::new(1));
    space
}
