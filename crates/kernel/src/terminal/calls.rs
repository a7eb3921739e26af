//! Opening terminals, and reading and writing both sides.

use super::settings::special;
use super::{QUEUE, READABLE, Side, WRITABLE};
use crate::abi::errno::{EAGAIN, EBUSY, EFAULT, EIO, ENXIO};
use crate::caller::Caller;
use crate::causality::Spot;
use crate::file::io::park_or_again;
use crate::file::ranges::{gather, scatter, total, with_buffer};
use crate::file::{FileId, Target, pipe};
use crate::fs::InodeRef;
use crate::signal::{SIGTTIN, SIGTTOU};
use crate::syscall::{Sys, block, done};
use crate::wait::{ObjectId, Wait, WaitKey};
use model::{Errno, VirtualDuration};

/// Which device was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// `/dev/ptmx`: makes a terminal.
    New,
    /// `/dev/pts/N`
    Numbered(u32),
    /// `/dev/tty`: the controlling terminal.
    Own,
}

/// Opens a terminal by a device: makes the description and the descriptor.
///
/// # Errors
/// `ENXIO` for `/dev/tty` without a controlling terminal, `EIO` for a slave that is locked or gone, `EBUSY` for one that
/// is somebody's alone, `EMFILE`.
pub(crate) fn open_terminal(
    c: &mut Caller<'_>,
    (opening, inode): (Opening, InodeRef),
    (flags, status): (i32, u32),
    path: String,
) -> Sys {
    let service = c.service();
    let object = match opening {
        Opening::New => c.k.make_terminal(service),
        Opening::Numbered(number) => slave(c, c.k.terminal_numbered(service, number).ok_or(EIO)?)?,
        Opening::Own => {
            let master = c.process().terminal.ok_or(ENXIO)?;
            c.k.terminal(master).filter(|t| !t.hung_up).ok_or(ENXIO)?.slave
        }
    };
    let takes = flags & libc::O_NOCTTY == 0 && matches!(opening, Opening::Numbered(_));
    opened(c, object, (status, flags & libc::O_CLOEXEC != 0, takes), Some((inode, path)))
}
/// Opens the slave of a master (`TIOCGPTPEER`).
///
/// # Errors
/// As [`open_terminal`].
pub(crate) fn open_slave(c: &mut Caller<'_>, master: ObjectId, flags: i32) -> Sys {
    let number = c.k.terminal(master).ok_or(EIO)?.number;
    let path = format!("/dev/pts/{number}");
    let service = c.service();
    let inode = c.k.resolve(&mut *c.host, service, &path)?;
    let object = c.k.terminal(master).ok_or(EIO)?.slave;
    let status = (flags & (libc::O_ACCMODE | libc::O_NONBLOCK)) as u32;
    let takes = flags & libc::O_NOCTTY == 0;
    opened(c, object, (status, flags & libc::O_CLOEXEC != 0, takes), Some((inode, path)))
}
fn slave(c: &Caller<'_>, master: ObjectId) -> Result<ObjectId, Errno> {
    let terminal = c.k.terminal(master).ok_or(EIO)?;
    match () {
        () if terminal.locked || terminal.hung_up => Err(EIO),
        () if terminal.exclusive => Err(EBUSY),
        () => Ok(terminal.slave),
    }
}
fn opened(
    c: &mut Caller<'_>,
    object: ObjectId,
    (status, cloexec, takes): (u32, bool, bool),
    named: Option<(InodeRef, String)>,
) -> Sys {
    let (inode, path) = named.unzip();
    let file = c.k.add_file(Target::Object(object), status, path.map(Into::into));
    c.k.open_file_mut(file).named = inode.map(pipe::Named::of);
    if let Some(inode) = inode {
        c.k.inode_opened(inode);
    }
    let (master, side) = c.k.terminal_of(object).ok_or(EIO)?;
    if side == Side::Slave
        && let Some(terminal) = c.k.terminal_mut(master)
    {
        (terminal.slaves, terminal.used) = (terminal.slaves + 1, true);
        c.k.object_event(master, 0);
        if takes {
            c.k.take_terminal(c.process_id(), master);
        }
    }
    done(c.k.install_fd(c.process_id(), file, cloexec, 0)?)
}

/// `read` and `readv` of either side.
pub(crate) fn read(c: &mut Caller<'_>, file: FileId, object: ObjectId, into: &[(u64, u64)]) -> Sys {
    let (master, side) = c.k.terminal_of(object).ok_or(EIO)?;
    match side {
        Side::Master => read_master(c, file, object, into),
        Side::Slave => read_slave(c, file, (object, master), into),
    }
}

fn read_master(c: &mut Caller<'_>, file: FileId, object: ObjectId, into: &[(u64, u64)]) -> Sys {
    let wanted = total(into);
    let terminal = c.k.terminal_mut(object).ok_or(EIO)?;
    if terminal.discipline.output.is_empty() {
        if terminal.is_silent() {
            return Err(EIO);
        }
        return park_or_again(c, file, object, "nothing was written to the terminal");
    }
    let slave = terminal.slave;
    c.k.causes.see(Spot::Side(object, Side::Slave as u8));
    let moved = with_buffer(c, |c, buffer| {
        let terminal = c.k.terminal_mut(object).ok_or(EIO)?;
        let n = buffer.len().min(usize::try_from(wanted).unwrap_or(usize::MAX)).min(terminal.discipline.output.len());
        for (to, from) in buffer[..n].iter_mut().zip(&terminal.discipline.output) {
            *to = *from;
        }
        let given = scatter(c, into, 0, &buffer[..n])?;
        if let Some(terminal) = c.k.terminal_mut(object) {
            terminal.discipline.output.drain(..given);
        }
        Ok::<usize, Errno>(given)
    })?;
    c.k.object_event(slave, WRITABLE);
    done(moved as u64)
}

fn read_slave(c: &mut Caller<'_>, file: FileId, (object, master): (ObjectId, ObjectId), into: &[(u64, u64)]) -> Sys {
    if c.k.terminal(master).is_none_or(|t| t.hung_up) {
        return done(0);
    }
    if let Some(stop) = c.k.background(c.id, master, SIGTTIN) {
        return stop;
    }
    let wanted = usize::try_from(total(into)).unwrap_or(usize::MAX);
    if wanted == 0 {
        return done(0);
    }
    let terminal = c.k.terminal(master).ok_or(EIO)?;
    let s = &terminal.settings;
    let available = terminal.discipline.available(s);
    if s.l(libc::ICANON) {
        if available == 0 {
            return park_or_again(c, file, object, "no line was typed");
        }
    } else {
        let (least, tenths) = (usize::from(s.characters[special::VMIN]), s.characters[special::VTIME]);
        let enough = least.min(wanted);
        if available < enough || least == 0 && available == 0 {
            if c.k.open_file(file).nonblocking() {
                return if available == 0 { Err(EAGAIN) } else { take(c, master, into) };
            }
            if let Some(wait) = raw_wait(c, object, (available, least), tenths) {
                return block(wait);
            }
        }
    }
    take(c, master, into)
}

/// What a read of single bytes waits for; nothing if it is over with what there is.
fn raw_wait(c: &mut Caller<'_>, object: ObjectId, (available, least): (usize, usize), tenths: u8) -> Option<Wait> {
    const WHY: &str = "nothing was typed";
    let wait = Wait::on(WaitKey::Object(object), WHY);
    let timeout = VirtualDuration(u64::from(tenths) * 100_000_000);
    match (least, tenths) {
        (0, 0) => None,
        (_, 0) => Some(wait),
        // With both set the time runs from each byte on, so that the first is waited for without end.
        (1.., _) if available == 0 => Some(wait),
        (1.., _) => {
            if c.call().progress != available as u64 {
                c.call().progress = available as u64;
                c.call().deadline = None;
                c.call().timed_out = false;
            }
            let deadline = c.deadline_in(timeout);
            (!c.call().timed_out).then(|| wait.with_deadline(Some(deadline)))
        }
        (0, _) => {
            let deadline = c.deadline_in(timeout);
            (!c.call().timed_out).then(|| wait.with_deadline(Some(deadline)))
        }
    }
}

/// Takes what was typed.
fn take(c: &mut Caller<'_>, master: ObjectId, into: &[(u64, u64)]) -> Sys {
    c.k.causes.see(Spot::Side(master, Side::Master as u8));
    let wanted = usize::try_from(total(into)).unwrap_or(usize::MAX);
    let given = with_buffer(c, |c, buffer| {
        let terminal = c.k.terminal_mut(master).ok_or(EIO)?;
        let n = wanted.min(buffer.len());
        let n = terminal.discipline.take(&terminal.settings, &mut buffer[..n]);
        scatter(c, into, 0, &buffer[..n])
    })?;
    c.k.terminal_settles(master);
    done(given as u64)
}

/// `write` and `writev` of either side.
pub(crate) fn write(c: &mut Caller<'_>, file: FileId, object: ObjectId, from: &[(u64, u64)]) -> Sys {
    let (master, side) = c.k.terminal_of(object).ok_or(EIO)?;
    if side == Side::Slave {
        let terminal = c.k.terminal(master).ok_or(EIO)?;
        if terminal.hung_up {
            return Err(EIO);
        }
        if terminal.settings.l(libc::TOSTOP)
            && let Some(stop) = c.k.background(c.id, master, SIGTTOU)
        {
            return stop;
        }
    }
    let wanted = total(from);
    loop {
        let progress = c.call().progress;
        if progress == wanted {
            return done(progress);
        }
        let moved = with_buffer(c, |c, buffer| {
            let n = buffer.len().min(QUEUE).min((wanted - progress) as usize);
            if gather(c, from, progress, &mut buffer[..n])? < n {
                return Err(EFAULT);
            }
            let terminal = c.k.terminal_mut(master).ok_or(EIO)?;
            Ok(match side {
                Side::Master => terminal.typed(&buffer[..n]),
                Side::Slave => terminal.written(&buffer[..n]),
            })
        })?;
        if moved != 0 {
            c.call().progress += moved as u64;
            c.k.causes.mark(Spot::Side(master, side as u8));
            match side {
                Side::Master => c.k.terminal_settles(master),
                Side::Slave => c.k.object_event(master, READABLE),
            }
            continue;
        }
        let stops = c.k.open_file(file).nonblocking() || c.k.has_deliverable_signal(c.id);
        return if progress != 0 && stops {
            done(progress)
        } else {
            park_or_again(c, file, object, "the terminal takes no more")
        };
    }
}

impl super::Terminal {
    /// Bytes arrive from the master; how many fit.
    fn typed(&mut self, bytes: &[u8]) -> usize {
        let n = bytes.len().min(QUEUE.saturating_sub(self.backlog.len()));
        self.backlog.extend(&bytes[..n]);
        n
    }
    /// A program writes; how many bytes fit.
    fn written(&mut self, bytes: &[u8]) -> usize {
        let mut n = 0;
        while n < bytes.len() && self.has_space() {
            self.discipline.post(&self.settings, bytes[n]);
            n += 1;
        }
        n
    }
}
