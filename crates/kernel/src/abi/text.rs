//! Names and paths as text. Linux's are bytes, and any bytes but zero and `/` will do; most are UTF-8. So that the rest
//! of the kernel can keep them as strings, each byte that is not part of UTF-8 stands as a character of its own, out of
//! the private use area. Text that has such a character itself is taken apart into bytes too, so that no two names
//! become one, and every name comes out as it went in.

use std::borrow::Cow;

/// The character that stands for byte 0.
const FIRST: u32 = 0x10_FE00;
/// How the UTF-8 of all these characters begins; next to nothing else does.
const LEAD: u8 = 0xF4;

/// The byte that a character stands for, if it stands for one.
fn stands_for(c: char) -> Option<u8> {
    u32::from(c).checked_sub(FIRST).and_then(|n| u8::try_from(n).ok())
}
fn standing_for(byte: u8) -> char {
    char::from_u32(FIRST + u32::from(byte)).expect("a character of the private use area")
}

/// Bytes of a guest as text.
#[must_use]
pub fn to_text(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if !text.as_bytes().contains(&LEAD) => return text,
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len() * 4);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match stands_for(c) {
                None => text.push(c),
                Some(_) => text.extend(c.encode_utf8(&mut [0; 4]).bytes().map(standing_for)),
            }
        }
        text.extend(chunk.invalid().iter().copied().map(standing_for));
    }
    text
}

/// The bytes that [`to_text`] made a text of.
#[must_use]
pub fn to_bytes(text: &str) -> Cow<'_, [u8]> {
    if !text.as_bytes().contains(&LEAD) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match stands_for(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// How many bytes a text is for a guest.
pub(crate) fn length(text: &str) -> usize {
    to_bytes(text).len()
}

#[cfg(test)]
mod tests {
    use super::{length, to_bytes, to_text};
    use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn what_is_text_stays_as_it_is() {
        for plain in ["", "/tmp/a", "größe", "\u{10FDFF}", "\u{10FF00}", "名"] {
            assert_eq!(to_text(plain.as_bytes().to_vec()), plain);
            assert_eq!(length(plain), plain.len());
        }
    }
    #[test]
    fn what_is_not_comes_out_as_it_went_in() {
        let standing = "\u{10FEFF}".as_bytes().to_vec();
        for odd in [b"\xff".to_vec(), b"a\xc3/\xe9b".to_vec(), b"\xf4\x8f\xbb".to_vec(), standing.clone()] {
            assert_eq!(*to_bytes(&to_text(odd.clone())), *odd);
        }
        assert_ne!(to_text(standing), to_text(b"\xff".to_vec()), "two names, two texts");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn any_bytes_come_out_as_they_went_in(bytes: Vec<u8>, tail in any::<char>()) {
            let mut bytes = bytes;
            bytes.extend_from_slice(tail.encode_utf8(&mut [0; 4]).as_bytes());
            let text = to_text(bytes.clone());
            prop_assert_eq!(text.matches('/').count(), bytes.iter().filter(|b| **b == b'/').count());
            prop_assert!(*to_bytes(&text) == *bytes);
        }
    }
}
