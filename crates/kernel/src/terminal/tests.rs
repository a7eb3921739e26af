//! The line discipline against a table: what is typed, what programs read, what is shown.

use super::discipline::Discipline;
use super::settings::Settings;

fn take(d: &mut Discipline, s: &Settings) -> Vec<u8> {
    let mut all = Vec::new();
    while d.available(s) != 0 {
        let mut line = [0; 64];
        let n = d.take(s, &mut line);
        all.extend_from_slice(&line[..n]);
        all.push(b'|');
    }
    all
}

#[test]
fn typing_is_edited_and_shown() {
    let cases: [(&str, &str, &str); 9] = [
        ("ab\r", "ab\n|", "ab\r\n"),
        ("ab", "", "ab"),
        ("ab\x7fc\n", "ac\n|", "ab\x08 \x08c\r\n"),
        ("\x7f\n", "\n|", "\r\n"),
        ("ab\x15c\n", "c\n|", "ab\x08 \x08\x08 \x08c\r\n"),
        ("one two\x17\n", "one \n|", "one two\x08 \x08\x08 \x08\x08 \x08\r\n"),
        ("ab\x04\x04", "ab||", "ab"),
        ("\x16\x03\n", "\x03\n|", "^\x08^C\r\n"),
        ("1\n2\n", "1\n|2\n|", "1\r\n2\r\n"),
    ];
    for (typed, read, shown) in cases {
        let (mut d, s) = (Discipline::default(), Settings::default());
        for byte in typed.bytes() {
            assert_eq!(d.feed(&s, byte), None, "{typed:?}");
        }
        assert_eq!(take(&mut d, &s), read.as_bytes(), "{typed:?} read");
        assert_eq!(d.output.iter().copied().collect::<Vec<_>>(), shown.as_bytes(), "{typed:?} shown");
    }
}

#[test]
fn keys_raise_signals_and_drop_what_was_typed() {
    for (key, signal) in [(3, libc::SIGINT), (0x1c, libc::SIGQUIT), (0x1a, libc::SIGTSTP)] {
        let (mut d, s) = (Discipline::default(), Settings::default());
        d.feed(&s, b'x');
        assert_eq!(d.feed(&s, key), Some(signal));
        d.feed(&s, b'\n');
        assert_eq!(take(&mut d, &s), b"\n|");
        let raw = Settings { local: 0, ..s };
        assert_eq!(d.feed(&raw, key), None, "not without ISIG");
    }
}

#[test]
fn what_is_there_becomes_a_line_when_lines_are_wanted() {
    let (mut d, lines) = (Discipline::default(), Settings::default());
    let raw = Settings { local: 0, ..lines };
    d.feed(&raw, b'a');
    assert_eq!(d.available(&lines), 0);
    d.settings_changed(&raw, &lines);
    assert_eq!(take(&mut d, &lines), b"a|");
}

#[test]
fn a_line_keeps_its_length_bounded() {
    let (mut d, s) = (Discipline::default(), Settings::default());
    for _ in 0..10_000 {
        assert!(d.has_room(&s));
        d.feed(&s, b'x');
    }
    d.feed(&s, b'\n');
    assert_eq!(d.available(&s), 4096);
    assert!(!d.has_room(&s));
}
