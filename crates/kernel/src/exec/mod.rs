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

use crate::abi::errno::{E2BIG, EFAULT};
use crate::caller::Caller;
use crate::fs::InodeRef;
use crate::host::{AddressSpaceId, Host};
use crate::memory::AddressSpace;
use crate::process::{ExitStatus, Pending, ProcessId};
use crate::signal::AltStack;
use crate::syscall::{Outcome, Sys};
use crate::world::Kernel;
use model::{Errno, ServiceId, ThreadId};

/// Longest single argument, as on Linux.
const ARGUMENT_MAX: usize = 32 * 4096;
/// Most bytes of arguments and environment together.
const ARGUMENTS_MAX: usize = 2 << 20;
/// How many `#!` lines may follow each other.
const INTERPRETERS_MAX: usize = 4;

/// A program that is to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The ELF file.
    pub file: InodeRef,
    /// Absolute path it was asked for by (`AT_EXECFN`, `/proc/self/exe` after links are resolved).
    pub path: String,
    /// `argv`.
    pub arguments: Vec<Vec<u8>>,
    /// `envp`.
    pub environment: Vec<Vec<u8>>,
}

/// `execve(2)`
pub fn execve(c: &mut Caller<'_>) -> Sys {
    let path = c.read_path(c.arg(0))?;
    let path = c.k.absolute(c.process_id(), &path);
    replace(c, &path, c.arg(1), c.arg(2))
}

/// `execveat(2)`
pub fn execveat(c: &mut Caller<'_>) -> Sys {
    let path = c.read_path(c.arg(1))?;
    if path.is_empty() && c.int(4) & libc::AT_EMPTY_PATH != 0 {
        let file = c.k.file_of(c.process_id(), c.int(0))?;
        let path = c.k.open_file(file).path.clone().ok_or(crate::abi::errno::ENOENT)?;
        return replace(c, &path, c.arg(2), c.arg(3));
    }
    let path = c.k.absolute_at(c.process_id(), c.int(0), &path);
    replace(c, &path, c.arg(2), c.arg(3))
}

fn replace(c: &mut Caller<'_>, path: &str, argv: u64, envp: u64) -> Sys {
    let arguments = read_strings(c, argv)?;
    let environment = read_strings(c, envp)?;
    let total: usize = arguments.iter().chain(&environment).map(|s| s.len() + 9).sum();
    if total > ARGUMENTS_MAX {
        return Err(E2BIG);
    }
    let service = c.service();
    let program = prepare(c.k, c.host, service, path, arguments, environment).map_err(|e| e.errno())?;
    let (process, id) = (c.process_id(), c.id);
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
    mut arguments: Vec<Vec<u8>>,
    environment: Vec<Vec<u8>>,
) -> Result<Program, ExecError> {
    let mut file = k.resolve(host, service, path).map_err(ExecError::Open)?;
    let mut current = path.to_owned();
    for _ in 0..INTERPRETERS_MAX {
        let (_, mode) = k.inode_size_mode(host, file);
        if mode & libc::S_IFMT != libc::S_IFREG || mode & 0o111 == 0 {
            return Err(ExecError::NotExecutable);
        }
        let mut head = [0; 256];
        let n = k.inode_read(host, file, 0, &mut head).map_err(ExecError::Open)?;
        let Some(line) = head[..n].strip_prefix(b"#!") else {
            elf::check(&head[..n])?;
            return Ok(Program { file, path: current, arguments, environment });
        };
        let line = line.split(|b| *b == b'\n').next().unwrap_or_default();
        let text = String::from_utf8_lossy(line).trim().to_owned();
        let (interpreter, option) = text.split_once([' ', '\t']).unwrap_or((&text, ""));
        let mut with_interpreter = vec![interpreter.as_bytes().to_vec()];
        if !option.trim().is_empty() {
            with_interpreter.push(option.trim().as_bytes().to_vec());
        }
        with_interpreter.push(current.clone().into_bytes());
        with_interpreter.extend(arguments.drain(1.min(arguments.len())..));
        arguments = with_interpreter;
        file = k.resolve(host, service, interpreter).map_err(ExecError::Open)?;
        current = interpreter.to_owned();
    }
    Err(ExecError::Open(crate::abi::errno::ELOOP))
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
        return Err(errno);
    }
    k.memory_mut(old).users -= 1;
    k.thread_mut(id).space = new;
    k.process_mut(process).space = new;
    Ok(())
}

impl Kernel {
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
    for (start, vma) in k.memory_mut(space).clear() {
        host.unmap(start, vma.end - start);
    }
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
    let (stack_pointer, auxv) = stack::build(k, host, process, &program, image);
    k.close_on_exec(process);
    let exe = k.inode_path(program.file);
    let p = k.process_mut(process);
    p.exe = exe;
    p.auxv = auxv;
    p.arguments = program.arguments;
    p.environment = program.environment;
    let name = program.path.rsplit('/').next().unwrap_or_default();
    let thread = k.thread_mut(id);
    thread.name = name.chars().take(15).collect();
    thread.registers =
        crate::Registers { rip: image.start, rsp: stack_pointer, eflags: 0x202, ..crate::Registers::default() };
    thread.fs_base = 0;
    thread.extended = Vec::new();
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
