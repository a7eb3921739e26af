//! Variable-length numbers and texts in a buffer: what event rows are made of.
//!
//! A number is LEB128 (seven bits a byte, low bits first); a difference is zigzag-coded first, so that small steps
//! either way are one byte.

use crate::error::Malformed;

/// Appends a number.
pub(crate) fn put_number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends a signed number.
pub(crate) fn put_signed(out: &mut Vec<u8>, n: i64) {
    put_number(out, (n << 1 ^ n >> 63) as u64);
}

/// Appends how far `now` is from `before`, modulo 2^64.
pub(crate) fn put_step(out: &mut Vec<u8>, now: u64, before: u64) {
    put_signed(out, now.wrapping_sub(before) as i64);
}

/// Appends a text with its length.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Reads what the functions above wrote. `what` names the thing being read, for errors.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Cursor { rest: bytes }
    }
    pub(crate) fn len(&self) -> usize {
        self.rest.len()
    }
    pub(crate) fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], Malformed> {
        let (head, tail) = self.rest.split_at_checked(count).ok_or(Malformed::Truncated { what })?;
        self.rest = tail;
        Ok(head)
    }
    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        let (head, tail) = self.rest.split_first_chunk().ok_or(Malformed::Truncated { what })?;
        self.rest = tail;
        Ok(*head)
    }
    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, Malformed> {
        self.array::<1>(what).map(|[byte]| byte)
    }
    pub(crate) fn number(&mut self, what: &'static str) -> Result<u64, Malformed> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(what)?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(Malformed::TooLong { what, length: 65, limit: 64 });
            }
            n |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(n);
            }
        }
        Err(Malformed::TooLong { what, length: 65, limit: 64 })
    }
    /// A number that fits a narrower type.
    pub(crate) fn narrow<T: TryFrom<u64>>(&mut self, what: &'static str) -> Result<T, Malformed> {
        let n = self.number(what)?;
        let limit = (1 << (8 * size_of::<T>())) - 1;
        T::try_from(n).map_err(|_| Malformed::TooLong { what, length: n, limit })
    }
    pub(crate) fn signed(&mut self, what: &'static str) -> Result<i64, Malformed> {
        let n = self.number(what)?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }
    pub(crate) fn narrow_signed(&mut self, what: &'static str) -> Result<i32, Malformed> {
        let n = self.signed(what)?;
        let (length, limit) = (n.unsigned_abs(), u64::from(i32::MIN.unsigned_abs()));
        i32::try_from(n).map_err(|_| Malformed::TooLong { what, length, limit })
    }
    pub(crate) fn step(&mut self, before: u64, what: &'static str) -> Result<u64, Malformed> {
        Ok(before.wrapping_add(self.signed(what)? as u64))
    }
    pub(crate) fn text(&mut self, what: &'static str) -> Result<&'a str, Malformed> {
        let length = self.number(what)?;
        let limit = self.rest.len() as u64;
        if length > limit {
            return Err(Malformed::TooLong { what, length, limit });
        }
        str::from_utf8(self.take(length as usize, what)?).map_err(|_| Malformed::NotText { what })
    }
    /// Nothing may be left.
    pub(crate) fn end(self, what: &'static str) -> Result<(), Malformed> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(Malformed::LeftOver { what, count: count as u64 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_and_steps_come_back(n: u64, before: u64, signed: i64) {
            let mut out = Vec::new();
            put_number(&mut out, n);
            put_step(&mut out, n, before);
            put_signed(&mut out, signed);
            let mut cursor = Cursor::new(&out);
            prop_assert_eq!(cursor.number("n").unwrap(), n);
            prop_assert_eq!(cursor.step(before, "n").unwrap(), n);
            prop_assert_eq!(cursor.signed("n").unwrap(), signed);
            prop_assert!(cursor.end("all").is_ok());
        }
    }

    #[test]
    fn a_number_beyond_64_bits_is_refused() {
        let mut cursor = Cursor::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]);
        assert!(matches!(cursor.number("n"), Err(Malformed::TooLong { .. })));
        assert!(matches!(Cursor::new(&[0x80; 11]).number("n"), Err(Malformed::TooLong { .. })));
        assert!(matches!(Cursor::new(&[0x80; 3]).number("n"), Err(Malformed::Truncated { .. })));
    }

    #[test]
    fn a_text_longer_than_the_rest_is_refused_before_allocation() {
        assert!(matches!(Cursor::new(&[0xff, 0xff, 0x03, b'a']).text("t"), Err(Malformed::TooLong { .. })));
        assert!(matches!(Cursor::new(&[1, 0xff]).text("t"), Err(Malformed::NotText { .. })));
    }
}
