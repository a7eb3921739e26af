//! Pseudo-terminals: a master, which `/dev/ptmx` makes, and a slave, which programs find at `/dev/pts/N` and take for
//! their terminal.
//!
//! ```text
//!   write to the master ──> backlog ──> discipline ──> input  ──> read of the slave
//!   read of the master  <── output  <── discipline <───────────── write to the slave
//!
//!   master closed: the terminal hangs up. SIGHUP to its session; slaves read nothing and cannot be written.
//!   last slave closed: reads of the master fail with EIO, until a slave is opened again.
//! ```
//!
//! The state belongs to the master's object; the slave's only refers to it. [`job`] has what sessions and process groups
//! have to do with terminals, `discipline` what the terminal does to bytes.

mod calls;
mod control;
mod discipline;
pub(crate) mod job;
mod settings;

#[cfg(test)]
mod tests;

pub(crate) use calls::{Opening, open_terminal, read, write};
pub(crate) use control::ioctl;

use crate::file::Object;
use crate::wait::ObjectId;
use crate::world::Kernel;
use discipline::Discipline;
use model::ServiceId;
use settings::Settings;
use std::collections::VecDeque;

/// How many bytes can be on their way in one direction.
const QUEUE: usize = 8192;
const READABLE: u32 = (libc::EPOLLIN | libc::EPOLLRDNORM) as u32;
const WRITABLE: u32 = (libc::EPOLLOUT | libc::EPOLLWRNORM) as u32;
const BROKEN: u32 = (libc::EPOLLERR | libc::EPOLLHUP) as u32;

/// A pseudo-terminal: what its master's object is.
#[derive(Debug)]
pub struct Terminal {
    /// Whose it is.
    service: ServiceId,
    /// Its number: the name in `/dev/pts`.
    pub(crate) number: u32,
    /// The object of the other side.
    slave: ObjectId,
    /// Open descriptions of the slave.
    slaves: u32,
    /// Whether a slave was ever opened.
    used: bool,
    /// Whether the slave may not be opened yet (`TIOCSPTLCK`).
    locked: bool,
    /// Whether nobody else may open it (`TIOCEXCL`).
    exclusive: bool,
    /// Whether the master is gone.
    hung_up: bool,
    /// Rows, columns, and both in pixels, as in `struct winsize`.
    window: [u8; 8],
    /// The session that it controls.
    session: Option<u32>,
    /// The process group in the foreground.
    pub(crate) group: Option<u32>,
    settings: Settings,
    discipline: Discipline,
    /// What was typed and has no room in the input yet.
    backlog: VecDeque<u8>,
}

/// A side of a pseudo-terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Who types and sees.
    Master,
    /// What programs have.
    Slave,
}

impl Terminal {
    /// What a `poll` of one side says.
    fn readiness(&self, side: Side) -> u32 {
        let mut bits = 0;
        match side {
            Side::Master => {
                bits |= if self.discipline.output.is_empty() { 0 } else { READABLE };
                bits |= if self.backlog.len() < QUEUE { WRITABLE } else { 0 };
                bits |= if self.is_silent() { libc::EPOLLHUP as u32 } else { 0 };
            }
            Side::Slave if self.hung_up => bits = READABLE | WRITABLE | BROKEN,
            Side::Slave => {
                bits |= if self.has_input() { READABLE } else { 0 };
                bits |= if self.has_space() { WRITABLE } else { 0 };
            }
        }
        bits
    }
    /// Whether the slave was open and is not any more.
    fn is_silent(&self) -> bool {
        self.used && self.slaves == 0
    }
    /// Whether a read of the slave would find what `poll` waits for.
    fn has_input(&self) -> bool {
        let s = &self.settings;
        let at_least = match s.characters[settings::special::VTIME] {
            0 if !s.l(libc::ICANON) => usize::from(s.characters[settings::special::VMIN]).max(1),
            _ => 1,
        };
        self.discipline.available(s) >= at_least
    }
    /// Whether a program can write.
    fn has_space(&self) -> bool {
        !self.discipline.stopped && self.discipline.output.len() < QUEUE
    }
}

impl Kernel {
    /// The master of the terminal that an object is a side of, and which.
    pub(crate) fn terminal_of(&self, object: ObjectId) -> Option<(ObjectId, Side)> {
        match self.files.objects.get(&object)? {
            Object::Terminal(_) => Some((object, Side::Master)),
            Object::Slave(master) => Some((*master, Side::Slave)),
            _ => None,
        }
    }
    /// A terminal by its master's object.
    pub(crate) fn terminal(&self, master: ObjectId) -> Option<&Terminal> {
        match self.files.objects.get(&master) {
            Some(Object::Terminal(terminal)) => Some(terminal),
            _ => None,
        }
    }
    fn terminal_mut(&mut self, master: ObjectId) -> Option<&mut Terminal> {
        match self.files.objects.get_mut(&master) {
            Some(Object::Terminal(terminal)) => Some(terminal),
            _ => None,
        }
    }
    /// The terminal at `/dev/pts/N`.
    pub(crate) fn terminal_numbered(&self, service: ServiceId, number: u32) -> Option<ObjectId> {
        self.files.terminals.get(&(service, number)).copied()
    }
    /// The names in `/dev/pts`.
    pub(crate) fn terminal_numbers(&self, service: ServiceId) -> impl Iterator<Item = u32> {
        self.files.terminals.range((service, 0)..=(service, u32::MAX)).map(|((_, number), _)| *number)
    }
    /// Readiness of a side, as `EPOLL*` bits.
    pub(crate) fn terminal_readiness(&self, object: ObjectId) -> u32 {
        let terminal = self.terminal_of(object).and_then(|(master, side)| Some((self.terminal(master)?, side)));
        terminal.map_or(0, |(terminal, side)| terminal.readiness(side))
    }
    /// A new terminal with the lowest free number; the answer is its master.
    fn make_terminal(&mut self, service: ServiceId) -> ObjectId {
        let taken: Vec<u32> = self.terminal_numbers(service).collect();
        let number = (0..).find(|n| !taken.contains(n)).expect("there are more numbers than terminals");
        let terminal = Terminal {
            service,
            number,
            slave: ObjectId(0),
            slaves: 0,
            used: false,
            locked: true,
            exclusive: false,
            hung_up: false,
            window: [0; 8],
            session: None,
            group: None,
            settings: Settings::default(),
            discipline: Discipline::default(),
            backlog: VecDeque::new(),
        };
        let master = self.add_object(Object::Terminal(Box::new(terminal)));
        let slave = self.add_object(Object::Slave(master));
        if let Some(terminal) = self.terminal_mut(master) {
            terminal.slave = slave;
        }
        self.files.terminals.insert((service, number), master);
        master
    }
    /// A description of a side is gone.
    pub(crate) fn terminal_closed(&mut self, object: ObjectId) {
        let Some((master, side)) = self.terminal_of(object) else { return };
        match side {
            Side::Master => self.hang_up(master),
            Side::Slave => {
                let Some(terminal) = self.terminal_mut(master) else { return };
                terminal.slaves = terminal.slaves.saturating_sub(1);
                if terminal.slaves == 0 && !terminal.hung_up {
                    self.object_changed(master);
                }
            }
        }
        if let Some(terminal) = self.terminal(master)
            && terminal.hung_up
            && terminal.slaves == 0
        {
            let slave = terminal.slave;
            self.files.objects.remove(&master);
            self.files.objects.remove(&slave);
        }
    }
    /// Lets the discipline have what was typed, as far as there is room, and tells everybody what came of it.
    fn terminal_settles(&mut self, master: ObjectId) {
        let Some(terminal) = self.terminal_mut(master) else { return };
        let mut signals = Vec::new();
        while terminal.discipline.has_room(&terminal.settings)
            && let Some(byte) = terminal.backlog.pop_front()
        {
            signals.extend(terminal.discipline.feed(&terminal.settings, byte));
        }
        let slave = terminal.slave;
        let (readable, shows) = (terminal.has_input(), !terminal.discipline.output.is_empty());
        let (writable, takes) = (terminal.has_space(), terminal.backlog.len() < QUEUE);
        self.object_event(slave, if readable { READABLE } else { 0 } | if writable { WRITABLE } else { 0 });
        self.object_event(master, if shows { READABLE } else { 0 } | if takes { WRITABLE } else { 0 });
        for signal in signals {
            self.signal_foreground(master, signal);
        }
    }
}
