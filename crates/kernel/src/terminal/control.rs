//! `ioctl` of terminals.

use super::settings::{SIZE, SIZE_2, Settings};
use super::{Side, calls};
use crate::abi::errno::{EINVAL, EIO, ENOTTY, EPERM, ESRCH};
use crate::caller::Caller;
use crate::process::ProcessId;
use crate::signal::SIGTTOU;
use crate::syscall::{Sys, dispatch, done};
use crate::wait::ObjectId;

/// Requests, by their names without the prefix.
mod request {
    pub(super) const GETS: u32 = 0x5401;
    pub(super) const SETS: u32 = 0x5402;
    pub(super) const SETSF: u32 = 0x5404;
    pub(super) const GETA: u32 = 0x5405;
    pub(super) const SETA: u32 = 0x5406;
    pub(super) const SETAF: u32 = 0x5408;
    pub(super) const SBRK: u32 = 0x5409;
    pub(super) const XONC: u32 = 0x540a;
    pub(super) const FLSH: u32 = 0x540b;
    pub(super) const EXCL: u32 = 0x540c;
    pub(super) const NXCL: u32 = 0x540d;
    pub(super) const SCTTY: u32 = 0x540e;
    pub(super) const GPGRP: u32 = 0x540f;
    pub(super) const SPGRP: u32 = 0x5410;
    pub(super) const OUTQ: u32 = 0x5411;
    pub(super) const STI: u32 = 0x5412;
    pub(super) const GWINSZ: u32 = 0x5413;
    pub(super) const SWINSZ: u32 = 0x5414;
    pub(super) const INQ: u32 = 0x541b;
    pub(super) const PKT: u32 = 0x5420;
    pub(super) const NOTTY: u32 = 0x5422;
    pub(super) const SETD: u32 = 0x5423;
    pub(super) const GETD: u32 = 0x5424;
    pub(super) const SBRKP: u32 = 0x5425;
    pub(super) const GSID: u32 = 0x5429;
    pub(super) const GETS2: u32 = 0x802c_542a;
    pub(super) const SETS2: u32 = 0x402c_542b;
    pub(super) const SETSF2: u32 = 0x402c_542d;
    pub(super) const GPTN: u32 = 0x8004_5430;
    pub(super) const SPTLCK: u32 = 0x4004_5431;
    pub(super) const SIG: u32 = 0x4004_5436;
    pub(super) const GPTLCK: u32 = 0x8004_5439;
    pub(super) const GEXCL: u32 = 0x8004_5440;
    pub(super) const GPTPEER: u32 = 0x5441;
}

/// A request to a side of a terminal; nothing if it is not one that terminals alone have.
pub(crate) fn ioctl(c: &mut Caller<'_>, object: ObjectId, request: u32, at: u64) -> Option<Sys> {
    let (master, side) = c.k.terminal_of(object)?;
    // Those are the same for all descriptors.
    if matches!(request, 0x5421 | 0x5450 | 0x5451 | 0x5452) {
        return None;
    }
    let hung_up = c.k.terminal(master).is_none_or(|t| t.hung_up);
    Some(match hung_up {
        true => Err(if request == request::SPGRP { ENOTTY } else { EIO }),
        false => perform(c, (master, side), request, at),
    })
}

fn perform(c: &mut Caller<'_>, (master, side): (ObjectId, Side), request: u32, at: u64) -> Sys {
    // What changes a terminal is not for the background.
    let changes = (request::SETS..=request::SETSF).contains(&request)
        || (request::SETA..=request::SETAF).contains(&request)
        || (request::SETS2..=request::SETSF2).contains(&request)
        || matches!(request, request::SBRK | request::SBRKP | request::XONC | request::FLSH | request::SPGRP)
        || request == request::SETD;
    if changes && let Some(stop) = c.k.background(c.id, master, SIGTTOU) {
        return if request == request::SPGRP && stop == Err(EIO) { Err(ENOTTY) } else { stop };
    }
    let terminal = c.k.terminal_mut(master).ok_or(EIO)?;
    let answer = match request {
        request::GETS | request::GETS2 => {
            let bytes = terminal.settings.bytes();
            let size = if request == request::GETS { SIZE } else { SIZE_2 };
            c.write(at, &bytes[..size])?;
            return done(0);
        }
        request::SETS..=request::SETSF => return set(c, master, at, (SIZE, request == request::SETSF)),
        request::SETS2..=request::SETSF2 => return set(c, master, at, (SIZE_2, request == request::SETSF2)),
        request::GETA => {
            let short = terminal.settings.short();
            c.write(at, &short)?;
            return done(0);
        }
        request::SETA..=request::SETAF => {
            let before = terminal.settings;
            let bytes = Settings::with_short(&before, c.read_array(at)?).bytes();
            return apply(c, master, &bytes, request == request::SETAF);
        }
        request::GWINSZ => {
            let window = terminal.window;
            c.write(at, &window)?;
            return done(0);
        }
        request::SWINSZ => return resize(c, master, at),
        request::FLSH => return flush(c, (master, side), at),
        request::XONC => return flow(c, master, at),
        // There is no line on which a break could be sent, and what was written is on its way.
        request::SBRK | request::SBRKP => return done(0),
        request::EXCL | request::NXCL => {
            terminal.exclusive = request == request::EXCL;
            return done(0);
        }
        request::GEXCL => u32::from(terminal.exclusive),
        request::INQ if side == Side::Master => terminal.discipline.output.len() as u32,
        request::INQ => terminal.discipline.available(&terminal.settings) as u32,
        request::OUTQ if side == Side::Master => terminal.backlog.len() as u32,
        request::OUTQ => terminal.discipline.output.len() as u32,
        request::GETD => 0,
        request::SETD => {
            let line = c.read_u32(at)?;
            return if line == 0 { done(0) } else { dispatch::refuse(c, EINVAL, "FB0222: line disciplines") };
        }
        request::STI => return Err(EIO),
        request::GPTN | request::GPTLCK | request::SPTLCK | request::SIG | request::PKT | request::GPTPEER
            if side == Side::Slave =>
        {
            return Err(ENOTTY);
        }
        request::GPTN => terminal.number,
        request::GPTLCK => u32::from(terminal.locked),
        request::SPTLCK => {
            let locked = c.read_u32(at)? != 0;
            c.k.terminal_mut(master).ok_or(EIO)?.locked = locked;
            return done(0);
        }
        request::SIG => {
            if !matches!(at as i32, libc::SIGINT | libc::SIGQUIT | libc::SIGTSTP) {
                return Err(EINVAL);
            }
            c.k.signal_foreground(master, at as i32);
            return done(0);
        }
        request::GPTPEER => return calls::open_slave(c, master, at as i32),
        request::PKT => {
            let on = c.read_u32(at)? != 0;
            return if on { dispatch::refuse(c, EINVAL, "FB0223: packet mode of terminals") } else { done(0) };
        }
        request::SCTTY | request::NOTTY | request::GPGRP | request::SPGRP | request::GSID => {
            return session(c, (master, side), request, at);
        }
        _ => return Err(ENOTTY),
    };
    c.write_u32(at, answer)?;
    done(0)
}

fn set(c: &mut Caller<'_>, master: ObjectId, at: u64, (size, flushes): (usize, bool)) -> Sys {
    let bytes = c.read_vec(at, size)?;
    apply(c, master, &bytes, flushes)
}
fn apply(c: &mut Caller<'_>, master: ObjectId, bytes: &[u8], flushes: bool) -> Sys {
    let terminal = c.k.terminal_mut(master).ok_or(EIO)?;
    let before = terminal.settings;
    terminal.settings = Settings::of(bytes, &before);
    let now = terminal.settings;
    if flushes {
        terminal.discipline.flush_input();
        terminal.backlog.clear();
    }
    terminal.discipline.settings_changed(&before, &now);
    if before.i(libc::IXON) && !now.i(libc::IXON) {
        terminal.discipline.start(&now);
    }
    c.k.terminal_settles(master);
    done(0)
}
fn resize(c: &mut Caller<'_>, master: ObjectId, at: u64) -> Sys {
    let window = c.read_array(at)?;
    let terminal = c.k.terminal_mut(master).ok_or(EIO)?;
    if std::mem::replace(&mut terminal.window, window) != window {
        c.k.signal_foreground(master, libc::SIGWINCH);
    }
    done(0)
}
/// `TCFLSH`: what was received is, seen from the master, what programs have written.
fn flush(c: &mut Caller<'_>, (master, side): (ObjectId, Side), which: u64) -> Sys {
    let (input, output) = match which as i32 {
        libc::TCIFLUSH => (true, false),
        libc::TCOFLUSH => (false, true),
        libc::TCIOFLUSH => (true, true),
        _ => return Err(EINVAL),
    };
    let (input, output) = if side == Side::Master { (output, input) } else { (input, output) };
    let terminal = c.k.terminal_mut(master).ok_or(EIO)?;
    if input {
        terminal.discipline.flush_input();
        terminal.backlog.clear();
    }
    if output {
        terminal.discipline.output.clear();
    }
    c.k.terminal_settles(master);
    done(0)
}
/// `TCXONC`
fn flow(c: &mut Caller<'_>, master: ObjectId, which: u64) -> Sys {
    let terminal = c.k.terminal_mut(master).ok_or(EIO)?;
    match which as i32 {
        libc::TCOOFF => terminal.discipline.stopped = true,
        libc::TCOON => terminal.discipline.start(&terminal.settings),
        libc::TCIOFF | libc::TCION => {
            let place = if which as i32 == libc::TCIOFF { libc::VSTOP } else { libc::VSTART };
            let byte = terminal.settings.characters[place];
            if byte != 0 {
                terminal.discipline.output.push_back(byte);
            }
        }
        _ => return Err(EINVAL),
    }
    c.k.terminal_settles(master);
    done(0)
}

/// Requests about the session of a terminal and the group in its foreground.
fn session(c: &mut Caller<'_>, (master, side): (ObjectId, Side), request: u32, at: u64) -> Sys {
    let process = c.process_id();
    let entry = c.process();
    let (sid, own) = (entry.sid, entry.terminal);
    let terminal = c.k.terminal(master).ok_or(EIO)?;
    // Whoever has the master may ask about the slave.
    let asks = side == Side::Master || own == Some(master);
    match request {
        request::SCTTY => {
            if sid == process.pid && terminal.session == Some(sid) {
                return done(0);
            }
            if sid != process.pid || own.is_some() || terminal.session.is_some() {
                return Err(EPERM);
            }
            c.k.take_terminal(process, master);
            done(0)
        }
        request::NOTTY if own == Some(master) => {
            c.k.leave_terminal(process);
            done(0)
        }
        request::NOTTY => Err(ENOTTY),
        request::GPGRP if asks => {
            let group = terminal.group.unwrap_or(0);
            c.write_u32(at, group)?;
            done(0)
        }
        request::GSID if asks => {
            let session = terminal.session.ok_or(ENOTTY)?;
            c.write_u32(at, session)?;
            done(0)
        }
        request::SPGRP if own == Some(master) && terminal.session == Some(sid) => {
            let group = c.read_u32(at)?;
            if (group as i32) < 0 {
                return Err(EINVAL);
            }
            let members: Vec<ProcessId> =
                c.processes().into_iter().filter(|p| c.k.processes[p].pgid == group).collect();
            let first = members.first().ok_or(ESRCH)?;
            if c.k.processes[first].sid != sid {
                return Err(EPERM);
            }
            c.k.terminal_mut(master).ok_or(EIO)?.group = Some(group);
            done(0)
        }
        _ => Err(ENOTTY),
    }
}
