//! Words that Starlark reserves and people write. It has no `is`: `x is None` is a syntax error there. Specifications are written by people who
//! write Python, and for the values one compares by identity (`None`, `True`, `False`) equality says the same. So,
//! before the parser sees it, `X is Y` becomes `X == Y` and `X is not Y` becomes `X != Y`, outside strings and comments.
//! The same with `del` as an attribute, which is a command of redis: `store.del(…)` becomes `store.DEL(…)`.
//!
//! Every replacement is as long as what it replaces, so lines and columns stay those of the text that was written.

/// What the attribute `del` becomes.
pub(crate) const DELETE: &str = "DEL";

/// The text with identity tests replaced by comparisons, and the attribute `del` by [`DELETE`].
pub(crate) fn rewrite(source: &str) -> String {
    let mut out = source.as_bytes().to_vec();
    let mut words = Words { text: source.as_bytes(), at: 0 };
    let mut pending = words.next();
    while let Some((start, end)) = pending {
        pending = words.next();
        match &source[start..end] {
            "is" => {}
            "del" => {
                if source[..start].trim_end().ends_with('.') {
                    out[start..end].copy_from_slice(DELETE.as_bytes());
                }
                continue;
            }
            _ => continue,
        }
        let negated = pending.filter(|&(s, e)| &source[s..e] == "not" && only_space(&source[end..s]));
        match negated {
            Some((not_start, not_end)) => {
                out[start..end].copy_from_slice(b"!=");
                out[not_start..not_end].fill(b' ');
                pending = words.next();
            }
            None => out[start..end].copy_from_slice(b"=="),
        }
    }
    String::from_utf8(out).expect("ASCII words were replaced by ASCII")
}

fn only_space(between: &str) -> bool {
    between.chars().all(|c| c.is_whitespace() || c == '\\')
}

/// The identifiers and keywords of a text.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut words = Words { text: text.as_bytes(), at: 0 };
    std::iter::from_fn(move || words.next().map(|(start, end)| &text[start..end]))
}

/// The identifiers and keywords of a text, as byte ranges; strings and comments are passed over.
struct Words<'a> {
    text: &'a [u8],
    at: usize,
}

impl Words<'_> {
    fn next(&mut self) -> Option<(usize, usize)> {
        loop {
            match *self.text.get(self.at)? {
                b'#' => self.skip_comment(),
                b'"' | b'\'' => self.at = string_end(self.text, self.at),
                c if is_word(c) => {
                    let start = self.at;
                    while self.text.get(self.at).is_some_and(|&c| is_word(c)) {
                        self.at += 1;
                    }
                    return Some((start, self.at));
                }
                _ => self.at += 1,
            }
        }
    }

    fn skip_comment(&mut self) {
        while self.text.get(self.at).is_some_and(|&c| c != b'\n') {
            self.at += 1;
        }
    }
}

/// Where the string that starts here ends, triple-quoted or not. A backslash keeps the quote after it from ending the
/// string, in raw strings too. An unfinished one ends with its line, and is left to the parser to report.
pub(crate) fn string_end(text: &[u8], start: usize) -> usize {
    let quote = text[start];
    let long = text[start..].starts_with(&[quote; 3]);
    let end: &[u8] = if long { &[quote; 3] } else { &[quote] };
    let mut at = start + end.len();
    while let Some(&c) = text.get(at) {
        if text[at..].starts_with(end) {
            return at + end.len();
        }
        if c == b'\n' && !long {
            return at;
        }
        at += if c == b'\\' { 2 } else { 1 };
    }
    text.len()
}

/// Whether a byte is part of an identifier or keyword.
pub(crate) fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || c >= 0x80
}

#[cfg(test)]
mod tests {
    use super::rewrite;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        let rewritten = rewrite(source);
        assert_eq!(rewritten, expected);
        assert_eq!(rewritten.len(), source.len(), "columns must not move");
    }

    #[test]
    fn identity_becomes_equality() {
        check("x is None", "x == None");
        check("x is not None and y", "x !=     None and y");
        check("(x is\n  not None)", "(x !=\n      None)");
        check("a is  not\tb", "a !=     \tb");
        check("not x is None", "not x == None");
        check("f(x)is None", "f(x)== None");
    }

    #[test]
    fn del_is_an_attribute() {
        check("store.del(key)", "store.DEL(key)");
        check("store.main\n  . del(\"del\")", "store.main\n  . DEL(\"del\")");
        check("del x, model.delta", "del x, model.delta");
    }

    #[test]
    fn words_that_only_look_like_it() {
        for same in [
            "this = island",
            "\"x is not None\"",
            "'it is' # x is None",
            "'''a\nis\nb''' + \"\"\"is\"\"\"",
            r#"r"\" is" + 'it\'s is'"#,
            "é_is = 1",
            "x.isdigit()",
        ] {
            check(same, same);
        }
        check("'it is' is x", "'it is' == x");
        check("'unfinished\nx is y", "'unfinished\nx == y");
    }
}
