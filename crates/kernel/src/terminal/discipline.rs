//! The line discipline (`N_TTY`): what becomes of bytes that are typed, and of bytes that programs write.
//!
//! ```text
//!   typed ──> feed: flow control, signals, CR/NL, editing of the line ──> input: what programs read
//!                        │ echo
//!                        ▼
//!   written ──> post: NL to CR NL, tabs ──────────────────────────────> output: what the other side reads
//! ```

use super::settings::{Settings, special};
use std::collections::VecDeque;

/// How many bytes wait to be read, or make a line, at most.
const INPUT_MAX: usize = 4095;

/// What a byte of the input ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// Nothing.
    Nothing,
    /// A line, whose last byte it is.
    Line,
    /// A line to which it does not belong: the end of file was typed.
    File,
}

/// What is erased at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Erase {
    Character,
    Word,
    Line,
}

/// What has been typed and not read, what has been written and not read, and where the cursor is.
#[derive(Debug, Default)]
pub(super) struct Discipline {
    input: VecDeque<(u8, Ends)>,
    /// How many bytes of the input belong to lines that are complete.
    complete: usize,
    /// What the other side will read.
    pub(super) output: VecDeque<u8>,
    /// The next byte is taken literally.
    literal: bool,
    /// Output stands still (`STOP`).
    pub(super) stopped: bool,
    /// What was typed meanwhile and is to be shown.
    unseen: Vec<u8>,
    column: usize,
    /// Where the line that is being typed began.
    line_column: usize,
}

impl Discipline {
    /// Whether another typed byte can be taken. A line that grows too long loses what is too much.
    pub(super) fn has_room(&self, s: &Settings) -> bool {
        self.input.len() < INPUT_MAX || s.l(libc::ICANON) && self.complete == 0
    }
    /// How many bytes a read would find, if it would find enough of them.
    pub(super) fn available(&self, s: &Settings) -> usize {
        if s.l(libc::ICANON) { self.complete } else { self.input.len() }
    }
    /// Takes what one read gets: in canonical mode a line at most.
    pub(super) fn take(&mut self, s: &Settings, into: &mut [u8]) -> usize {
        let canonical = s.l(libc::ICANON);
        let mut n = 0;
        while let Some((byte, ends)) = self.input.front().copied() {
            if canonical && (self.complete == 0 || n == into.len() && ends != Ends::File)
                || !canonical && n == into.len()
            {
                break;
            }
            self.input.pop_front();
            self.complete = self.complete.saturating_sub(1);
            if canonical && ends == Ends::File {
                break;
            }
            into[n] = byte;
            n += 1;
            if canonical && ends == Ends::Line {
                break;
            }
        }
        n
    }
    /// Forgets what was typed and not read.
    pub(super) fn flush_input(&mut self) {
        self.input.clear();
        (self.complete, self.literal) = (0, false);
    }
    /// The modes have changed: what is there becomes a line if lines are wanted from now on.
    pub(super) fn settings_changed(&mut self, before: &Settings, now: &Settings) {
        if before.l(libc::ICANON) == now.l(libc::ICANON) {
            return;
        }
        for (_, ends) in &mut self.input {
            *ends = Ends::Nothing;
        }
        self.complete = 0;
        if now.l(libc::ICANON)
            && let Some((_, ends)) = self.input.back_mut()
        {
            *ends = Ends::Line;
            self.complete = self.input.len();
        }
    }

    /// A byte was typed. The answer is the signal that it raises.
    pub(super) fn feed(&mut self, s: &Settings, byte: u8) -> Option<i32> {
        let mut byte = if s.i(libc::ISTRIP) { byte & 0x7f } else { byte };
        if s.i(libc::IUCLC) && s.l(libc::IEXTEN) {
            byte = byte.to_ascii_lowercase();
        }
        if std::mem::take(&mut self.literal) {
            self.ordinary(s, byte);
            return None;
        }
        if s.i(libc::IXON) {
            if s.is(byte, special::VSTART) {
                self.start(s);
                return None;
            }
            if s.is(byte, special::VSTOP) {
                self.stopped = true;
                return None;
            }
        }
        if s.l(libc::ISIG) {
            let signals =
                [(special::VINTR, libc::SIGINT), (special::VQUIT, libc::SIGQUIT), (special::VSUSP, libc::SIGTSTP)];
            if let Some((_, signal)) = signals.into_iter().find(|(place, _)| s.is(byte, *place)) {
                if !s.l(libc::NOFLSH) {
                    self.flush_input();
                }
                if s.i(libc::IXON) {
                    self.start(s);
                }
                if s.l(libc::ECHO) {
                    self.echo(s, byte);
                }
                return Some(signal);
            }
        }
        if s.i(libc::IXON) && s.i(libc::IXANY) {
            self.start(s);
        }
        match byte {
            b'\r' if s.i(libc::IGNCR) => return None,
            b'\r' if s.i(libc::ICRNL) => byte = b'\n',
            b'\n' if s.i(libc::INLCR) => byte = b'\r',
            _ => {}
        }
        if !(s.l(libc::ICANON) && self.edit(s, byte)) {
            self.ordinary(s, byte);
        }
        None
    }
    /// Output goes on (`START`).
    pub(super) fn start(&mut self, s: &Settings) {
        self.stopped = false;
        for byte in std::mem::take(&mut self.unseen) {
            self.post(s, byte);
        }
    }
    /// Something typed is shown, once output does not stand still.
    fn show(&mut self, s: &Settings, byte: u8) {
        if self.stopped {
            self.unseen.push(byte);
        } else {
            self.post(s, byte);
        }
    }
    /// A byte without a meaning of its own.
    fn ordinary(&mut self, s: &Settings, byte: u8) {
        if s.l(libc::ECHO) {
            if byte == b'\n' {
                self.show(s, byte);
            } else {
                self.line_begins();
                self.echo(s, byte);
            }
        }
        self.store(byte, Ends::Nothing);
    }
    fn store(&mut self, byte: u8, ends: Ends) {
        if self.input.len() >= INPUT_MAX && ends == Ends::Nothing {
            self.input.pop_back();
        }
        self.input.push_back((byte, ends));
        if ends != Ends::Nothing {
            self.complete = self.input.len();
        }
    }
    fn line_begins(&mut self) {
        if self.complete == self.input.len() {
            self.line_column = self.column;
        }
    }
    /// What a byte means while a line is typed; false if nothing.
    fn edit(&mut self, s: &Settings, byte: u8) -> bool {
        let extended = s.l(libc::IEXTEN);
        match byte {
            _ if s.is(byte, special::VERASE) => self.erase(s, Erase::Character),
            _ if s.is(byte, special::VKILL) => self.erase(s, Erase::Line),
            _ if extended && s.is(byte, special::VWERASE) => self.erase(s, Erase::Word),
            _ if extended && s.is(byte, special::VLNEXT) => {
                self.literal = true;
                if s.l(libc::ECHO) && s.l(libc::ECHOCTL) {
                    self.show(s, b'^');
                    self.show(s, 8);
                }
            }
            _ if extended && s.l(libc::ECHO) && s.is(byte, special::VREPRINT) => {
                self.echo(s, byte);
                self.show(s, b'\n');
                let typed: Vec<u8> = self.input.range(self.complete..).map(|(byte, _)| *byte).collect();
                typed.into_iter().for_each(|byte| self.echo(s, byte));
            }
            b'\n' => {
                if s.l(libc::ECHO) || s.l(libc::ECHONL) {
                    self.show(s, b'\n');
                }
                self.store(byte, Ends::Line);
            }
            _ if s.is(byte, special::VEOF) => self.store(byte, Ends::File),
            _ if s.is(byte, special::VEOL) || extended && s.is(byte, special::VEOL2) => {
                if s.l(libc::ECHO) {
                    self.line_begins();
                    self.echo(s, byte);
                }
                self.store(byte, Ends::Line);
            }
            _ => return false,
        }
        true
    }
    fn erase(&mut self, s: &Settings, what: Erase) {
        if self.complete == self.input.len() {
            return;
        }
        let visibly = s.l(libc::ECHOK) && s.l(libc::ECHOKE) && s.l(libc::ECHOE);
        if what == Erase::Line && !(s.l(libc::ECHO) && visibly) {
            self.input.truncate(self.complete);
            if s.l(libc::ECHO) {
                self.echo(s, s.characters[special::VKILL]);
                if s.l(libc::ECHOK) {
                    self.show(s, b'\n');
                }
            }
            return;
        }
        let mut in_word = false;
        while self.input.len() > self.complete {
            let Some((byte, _)) = self.input.back().copied() else { break };
            let continues = s.i(libc::IUTF8) && byte & 0xc0 == 0x80;
            if what == Erase::Word && !continues {
                let part = byte.is_ascii_alphanumeric() || byte == b'_';
                if in_word && !part {
                    break;
                }
                in_word |= part;
            }
            self.input.pop_back();
            if continues {
                continue;
            }
            if s.l(libc::ECHO) {
                self.rub_out(s, what, byte);
            }
            if what == Erase::Character {
                break;
            }
        }
    }
    /// Takes a character off the screen.
    fn rub_out(&mut self, s: &Settings, what: Erase, byte: u8) {
        let back = |d: &mut Discipline| b"\x08 \x08".iter().for_each(|b| d.show(s, *b));
        if what == Erase::Character && !s.l(libc::ECHOE) {
            self.echo(s, s.characters[special::VERASE]);
        } else if byte == b'\t' {
            let mut before = 0;
            let mut from_start = true;
            for (byte, _) in self.input.range(self.complete..).rev() {
                match byte {
                    b'\t' => {
                        from_start = false;
                        break;
                    }
                    _ if byte.is_ascii_control() => before += if s.l(libc::ECHOCTL) { 2 } else { 0 },
                    _ if s.i(libc::IUTF8) && byte & 0xc0 == 0x80 => {}
                    _ => before += 1,
                }
            }
            if from_start {
                before += self.line_column;
            }
            for _ in 0..8 - before % 8 {
                self.show(s, 8);
            }
        } else {
            if byte.is_ascii_control() && s.l(libc::ECHOCTL) {
                back(self);
            }
            if !byte.is_ascii_control() || s.l(libc::ECHOCTL) {
                back(self);
            }
        }
    }
    /// Shows a typed byte.
    fn echo(&mut self, s: &Settings, byte: u8) {
        if s.l(libc::ECHOCTL) && byte.is_ascii_control() && byte != b'\t' {
            self.show(s, b'^');
            self.show(s, byte ^ 0o100);
        } else {
            self.show(s, byte);
        }
    }
    /// A byte goes to the other side.
    pub(super) fn post(&mut self, s: &Settings, byte: u8) {
        if !s.o(libc::OPOST) {
            self.output.push_back(byte);
            return;
        }
        let mut byte = byte;
        match byte {
            b'\n' => {
                if s.o(libc::ONLCR) {
                    self.output.push_back(b'\r');
                }
                if s.o(libc::ONLCR) || s.o(libc::ONLRET) {
                    self.column = 0;
                }
            }
            b'\r' if s.o(libc::ONOCR) && self.column == 0 => return,
            b'\r' => {
                if !s.o(libc::OCRNL) || s.o(libc::ONLRET) {
                    self.column = 0;
                }
                if s.o(libc::OCRNL) {
                    byte = b'\n';
                }
            }
            b'\t' => {
                let spaces = 8 - self.column % 8;
                self.column += spaces;
                if s.output & libc::TABDLY == libc::TAB3 {
                    self.output.extend(std::iter::repeat_n(b' ', spaces));
                    return;
                }
            }
            8 => self.column = self.column.saturating_sub(1),
            _ if byte.is_ascii_control() => {}
            _ => {
                if s.o(libc::OLCUC) {
                    byte = byte.to_ascii_uppercase();
                }
                if !(s.i(libc::IUTF8) && byte & 0xc0 == 0x80) {
                    self.column += 1;
                }
            }
        }
        self.output.push_back(byte);
    }
}
