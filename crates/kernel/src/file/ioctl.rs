//! `ioctl`: the few requests that programs make of descriptors that are no terminal.

use super::{FileId, Object, Target, fcntl, io, regular};
use crate::abi::errno::{ENOTTY, EOPNOTSUPP};
use crate::caller::Caller;
use crate::syscall::{Sys, dispatch, done};
use model::Errno;

/// `FIONREAD`
const READABLE_BYTES: u32 = 0x541b;
/// `FIONBIO`
const NONBLOCKING: u32 = 0x5421;
/// `FIOASYNC`
const ASYNCHRONOUS: u32 = 0x5452;
/// `FIOCLEX`
const CLOSE_ON_EXEC: u32 = 0x5451;
/// `FIONCLEX`
const KEEP_ON_EXEC: u32 = 0x5450;
/// `FICLONE`, `FICLONERANGE`
const CLONES: [u32; 2] = [0x4004_9409, 0x4020_940d];
/// Requests to terminals (`TCGETS`, `TIOCGWINSZ`, `TIOCGPGRP`, …): how programs ask whether they talk to one.
const TERMINAL: std::ops::RangeInclusive<u32> = 0x5401..=0x543f;
/// `TCGETS2` and its kin.
const TERMINAL_SECOND: [u32; 4] = [0x802c_542a, 0x402c_542b, 0x402c_542c, 0x402c_542d];
/// `SIOCGIF*`, `SIOCSIF*`: network interfaces.
const INTERFACES: std::ops::RangeInclusive<u32> = 0x8910..=0x89ff;
/// `SIOCATMARK`
const AT_MARK: u32 = 0x8905;
/// `SIOCOUTQ`
const UNSENT: u32 = 0x5411;
/// `FIOSETOWN`, `SIOCSPGRP`
const SET_OWNER: [u32; 2] = [0x8901, 0x8902];
/// `FIOGETOWN`, `SIOCGPGRP`
const OWNER: [u32; 2] = [0x8903, 0x8904];
/// `RNDGETENTCNT`
const ENTROPY: u32 = 0x8004_5200;
/// What `/proc/sys/kernel/random/entropy_avail` says.
const ENTROPY_BITS: u32 = 256;
/// `FS_IOC_GETFLAGS` and relatives: attributes that the file systems do not have.
const ATTRIBUTES: std::ops::RangeInclusive<u32> = 0x6600..=0x66ff;

/// `ioctl(fd, request, argument)`
pub(crate) fn ioctl(c: &mut Caller<'_>) -> Sys {
    let (fd, request, at) = (c.int(0), c.arg(1) as u32, c.arg(2));
    let file = io::file(c, fd)?;
    if let Some(object) = c.k.open_file(file).object()
        && let Some(answer) = crate::terminal::ioctl(c, object, request, at)
    {
        return answer;
    }
    match request {
        CLOSE_ON_EXEC | KEEP_ON_EXEC => {
            fcntl::descriptor(c, fd)?.close_on_exec = request == CLOSE_ON_EXEC;
            done(0)
        }
        NONBLOCKING => toggle(c, file, at, libc::O_NONBLOCK),
        ASYNCHRONOUS => toggle(c, file, at, libc::O_ASYNC),
        READABLE_BYTES => {
            let count = unread(c, file)?;
            c.write_u32(at, u32::try_from(count).unwrap_or(i32::MAX as u32))?;
            done(0)
        }
        AT_MARK | UNSENT if is_socket(c, file) => {
            let object = c.k.open_file(file).object().ok_or(ENOTTY)?;
            let value = if request == UNSENT { c.k.tcp_unsent(object) } else { c.k.is_at_mark(object).into() };
            c.write_u32(at, value as u32)?;
            done(0)
        }
        _ if SET_OWNER.contains(&request) && is_socket(c, file) => {
            c.k.open_file_mut(file).owner = c.read_u32(at)? as i32;
            done(0)
        }
        _ if OWNER.contains(&request) && is_socket(c, file) => {
            c.write_u32(at, c.k.open_file(file).owner as u32)?;
            done(0)
        }
        ENTROPY if is_random(c, file) => {
            c.write_u32(at, ENTROPY_BITS)?;
            done(0)
        }
        _ if TERMINAL.contains(&request) || TERMINAL_SECOND.contains(&request) => Err(ENOTTY),
        _ if CLONES.contains(&request) => Err(EOPNOTSUPP),
        _ if ATTRIBUTES.contains(&(request & 0xffff)) => Err(ENOTTY),
        _ if INTERFACES.contains(&request) && is_socket(c, file) => crate::net::interface(c, request, at),
        _ if INTERFACES.contains(&request) => Err(ENOTTY),
        _ => dispatch::refuse(c, ENOTTY, "FB0206: unknown request of ioctl"),
    }
}

fn toggle(c: &mut Caller<'_>, file: FileId, at: u64, flag: i32) -> Sys {
    let on = c.read_u32(at)? != 0;
    let flags = &mut c.k.open_file_mut(file).flags;
    *flags = if on { *flags | flag as u32 } else { *flags & !(flag as u32) };
    c.k.asynchronous_changed(file);
    done(0)
}

fn is_socket(c: &Caller<'_>, file: FileId) -> bool {
    let object = c.k.open_file(file).object();
    object.is_some_and(|o| matches!(c.k.files.objects.get(&o), Some(Object::Socket(_))))
}

fn is_random(c: &Caller<'_>, file: FileId) -> bool {
    matches!(c.k.open_file(file).path.as_deref(), Some("/dev/random" | "/dev/urandom"))
}

/// How many bytes can be read at once.
fn unread(c: &mut Caller<'_>, file: FileId) -> Result<u64, Errno> {
    let open = c.k.open_file(file);
    let position = open.offset;
    if let Target::Object(object) = open.target {
        if let Ok(pipe) = c.k.files.pipe(object) {
            return Ok(pipe.tell() as u64);
        }
        if let Some(instance) = c.k.files.get_inotify(object) {
            return Ok(instance.unread() as u64);
        }
        if is_socket(c, file) {
            return Ok(c.k.socket_tell(object) as u64);
        }
    }
    let size = regular::size(c, file).ok_or(ENOTTY)?;
    Ok(size.saturating_sub(position))
}
