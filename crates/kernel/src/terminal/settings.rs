//! What `termios(3)` sets: modes and special characters.

/// Places in the special characters.
pub(super) mod special {
    pub(crate) use libc::{
        VEOF, VEOL, VEOL2, VERASE, VINTR, VKILL, VLNEXT, VMIN, VQUIT, VREPRINT, VSTART, VSTOP, VSUSP, VTIME, VWERASE,
    };
}

/// Size of the kernel's `struct termios`.
pub(super) const SIZE: usize = 36;
/// Size of `struct termios2`, which has speeds besides.
pub(super) const SIZE_2: usize = 44;
/// Size of `struct termio`, which has 16 bits of each mode and eight special characters.
pub(super) const SIZE_SHORT: usize = 18;
/// Special characters.
const CHARACTERS: usize = 19;

/// Modes and special characters of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Input modes.
    pub(super) input: u32,
    /// Output modes.
    pub(super) output: u32,
    /// Control modes: kept and shown, as there is no line to control.
    pub(super) control: u32,
    /// Local modes.
    pub(super) local: u32,
    /// The number of the line discipline.
    pub(super) line: u8,
    /// Special characters; 0 is none.
    pub(super) characters: [u8; CHARACTERS],
    /// Speeds in baud, input and output.
    pub(super) speeds: [u32; 2],
}

impl Default for Settings {
    /// As Linux makes terminals (`tty_std_termios`).
    fn default() -> Settings {
        let mut characters = [0; CHARACTERS];
        let initial = b"\x03\x1c\x7f\x15\x04\x00\x01\x00\x11\x13\x1a\x00\x12\x0f\x17\x16\x00";
        characters[..initial.len()].copy_from_slice(initial);
        Settings {
            input: libc::ICRNL | libc::IXON,
            output: libc::OPOST | libc::ONLCR,
            control: libc::B38400 | libc::CS8 | libc::CREAD,
            local: libc::ISIG
                | libc::ICANON
                | libc::ECHO
                | libc::ECHOE
                | libc::ECHOK
                | libc::ECHOCTL
                | libc::ECHOKE
                | libc::IEXTEN,
            line: 0,
            characters,
            speeds: [38_400; 2],
        }
    }
}

impl Settings {
    /// As `struct termios2`, whose beginning is `struct termios`.
    pub(super) fn bytes(&self) -> [u8; SIZE_2] {
        let mut out = [0; SIZE_2];
        for (n, word) in [self.input, self.output, self.control, self.local].into_iter().enumerate() {
            out[n * 4..n * 4 + 4].copy_from_slice(&word.to_le_bytes());
        }
        out[16] = self.line;
        out[17..SIZE].copy_from_slice(&self.characters);
        for (n, speed) in self.speeds.into_iter().enumerate() {
            out[SIZE + n * 4..SIZE + n * 4 + 4].copy_from_slice(&speed.to_le_bytes());
        }
        out
    }
    /// From such a structure, with or without speeds.
    pub(super) fn of(bytes: &[u8], before: &Settings) -> Settings {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let mut characters = [0; CHARACTERS];
        characters.copy_from_slice(&bytes[17..SIZE]);
        let mut settings = Settings {
            input: word(0),
            output: word(4),
            // Other sizes than of eight bits, and parity, are not to be had from a pseudo-terminal.
            control: word(8) & !(libc::CSIZE | libc::PARENB) | libc::CS8 | libc::CREAD,
            local: word(12),
            line: bytes[16],
            characters,
            speeds: before.speeds,
        };
        let speed = baud(settings.control & libc::CBAUD);
        if bytes.len() >= SIZE_2 {
            settings.speeds = [word(SIZE), word(SIZE + 4)];
        } else if let Some(speed) = speed {
            settings.speeds = [speed; 2];
        }
        settings
    }
    /// As `struct termio`.
    pub(super) fn short(&self) -> [u8; SIZE_SHORT] {
        let mut out = [0; SIZE_SHORT];
        for (n, word) in [self.input, self.output, self.control, self.local].into_iter().enumerate() {
            out[n * 2..n * 2 + 2].copy_from_slice(&(word as u16).to_le_bytes());
        }
        out[8] = self.line;
        out[9..17].copy_from_slice(&self.characters[..8]);
        out
    }
    /// The same with what such a structure says, which is only half of the modes.
    pub(super) fn with_short(&self, bytes: [u8; SIZE_SHORT]) -> Settings {
        let low =
            |word: u32, n: usize| word & !0xffff | u32::from(u16::from_le_bytes([bytes[n * 2], bytes[n * 2 + 1]]));
        let mut characters = self.characters;
        characters[..8].copy_from_slice(&bytes[9..17]);
        Settings {
            input: low(self.input, 0),
            output: low(self.output, 1),
            control: low(self.control, 2),
            local: low(self.local, 3),
            line: bytes[8],
            characters,
            ..*self
        }
    }
    /// Whether an input mode is set.
    pub(super) fn i(&self, mode: u32) -> bool {
        self.input & mode != 0
    }
    /// Whether an output mode is set.
    pub(super) fn o(&self, mode: u32) -> bool {
        self.output & mode != 0
    }
    /// Whether a local mode is set.
    pub(super) fn l(&self, mode: u32) -> bool {
        self.local & mode != 0
    }
    /// Whether a byte is the special character at this place.
    pub(super) fn is(&self, byte: u8, place: usize) -> bool {
        byte != 0 && self.characters[place] == byte
    }
}

/// The speed that a `B…` constant stands for.
fn baud(constant: u32) -> Option<u32> {
    const SLOW: [u32; 16] = [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400];
    const FAST: [u32; 15] = [
        57_600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000, 1_152_000, 1_500_000, 2_000_000,
        2_500_000, 3_000_000, 3_500_000, 4_000_000,
    ];
    match constant {
        0..16 => Some(SLOW[constant as usize]),
        0x1001..0x1010 => Some(FAST[constant as usize - 0x1001]),
        _ => None,
    }
}
