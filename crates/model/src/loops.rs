//! Counted loops: places in programs at which a thread that makes no call is stopped after a fixed number of turns.
//!
//! They are part of what a run is, since they decide where threads may be switched: a run begins with some, and begins
//! again with one more when a loop is found that would not let others go on.

use std::fmt;
use std::str::FromStr;

/// An instruction, or a few in a row, that a loop executes at every turn.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoopSite {
    /// The file that the code is mapped from, as it is called on the image.
    pub file: String,
    /// Where in it the first instruction lies, in bytes.
    pub offset: u64,
    /// The whole instructions there. With five bytes or more they give way to a jump, else the first one to a trap.
    pub code: Vec<u8>,
}

/// `FILE+0xOFFSET:CODE`, the code in hexadecimal.
impl fmt::Display for LoopSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{:#x}:", self.file, self.offset)?;
        self.code.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The text is no loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotALoop(String);

impl fmt::Display for NotALoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} names no counted loop: expected FILE+0xOFFSET:CODE", self.0)
    }
}

impl std::error::Error for NotALoop {}

impl FromStr for LoopSite {
    type Err = NotALoop;
    fn from_str(text: &str) -> Result<LoopSite, NotALoop> {
        parse(text).ok_or_else(|| NotALoop(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<LoopSite> {
    let (place, code) = text.rsplit_once(':')?;
    let (file, offset) = place.rsplit_once("+0x")?;
    let byte = |at: usize| u8::from_str_radix(code.get(at..at + 2)?, 16).ok();
    let code: Vec<u8> = (0..code.len()).step_by(2).map(byte).collect::<Option<_>>()?;
    if file.is_empty() || code.is_empty() {
        return None;
    }
    Some(LoopSite { file: file.to_owned(), offset: u64::from_str_radix(offset, 16).ok()?, code })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let site = LoopSite { file: "/usr/lib/a+0x1:b.so".to_owned(), offset: 0x1f0, code: vec![0x8b, 5, 0, 0, 0xff] };
        assert_eq!(site.to_string(), "/usr/lib/a+0x1:b.so+0x1f0:8b050000ff");
        assert_eq!(site.to_string().parse(), Ok(site));
    }
    #[test]
    fn what_is_no_loop() {
        for text in ["", "/a", "/a+0x10", "/a+0x10:", "/a+0x10:8", "/a+0x10:8g", "+0x10:90", "/a+10:90", "/a+0xg:90"] {
            assert_eq!(text.parse::<LoopSite>(), Err(NotALoop(text.to_owned())));
        }
    }
}
