//! Glob patterns. Two flavours are needed by the specification language: [`Glob::path`] for file paths, where `*`
//! stays within one path component, and [`Glob::field`] for event fields, where a lone leading or trailing `*`
//! also matches across `/` (so `"*.wal"` matches `/data/orders.wal`).

/// A compiled pattern; cheap to clone and compare.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glob {
    pattern: String,
    flavour: Flavour,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Flavour {
    Path,
    Field,
}

impl Glob {
    /// A path pattern: `*` any run without `/`, `**` crosses `/`, `?` one character, `[a-z]` and `[!x]` classes,
    /// `\` escapes; a trailing `/**` also matches the directory itself.
    pub fn path(pattern: &str) -> Glob {
        Glob { pattern: pattern.to_owned(), flavour: Flavour::Path }
    }
    /// A field pattern: empty matches anything; without `*` exact; else as a path, or as prefix or suffix when the
    /// only `*` is the last or first character.
    pub fn field(pattern: &str) -> Glob {
        Glob { pattern: pattern.to_owned(), flavour: Flavour::Field }
    }
    /// The text it was made from.
    pub fn as_str(&self) -> &str {
        &self.pattern
    }
    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> bool {
        let p = self.pattern.as_str();
        match self.flavour {
            Flavour::Path => {
                p.strip_suffix("/**").is_some_and(|dir| dir == text) || matches(p.as_bytes(), text.as_bytes())
                    // A pattern without a slash names a file anywhere.
                    || (!p.contains('/') && text.rsplit('/').next().is_some_and(|name| matches(p.as_bytes(), name.as_bytes())))
            }
            Flavour::Field if p.is_empty() => true,
            Flavour::Field if !p.contains('*') => p == text,
            Flavour::Field => {
                matches(p.as_bytes(), text.as_bytes())
                    || p.strip_prefix('*').is_some_and(|s| !s.contains('*') && text.ends_with(s))
                    || p.strip_suffix('*').is_some_and(|s| !s.contains('*') && text.starts_with(s))
            }
        }
    }
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', b'*', rest @ ..] => (0..=text.len()).any(|i| matches(rest, &text[i..])),
        [b'*', rest @ ..] => {
            let run = text.iter().position(|&c| c == b'/').unwrap_or(text.len());
            (0..=run).any(|i| matches(rest, &text[i..]))
        }
        [b'?', rest @ ..] => text.split_first().is_some_and(|(&c, tail)| c != b'/' && matches(rest, tail)),
        [b'[', rest @ ..] => match_class(rest, text),
        [b'\\', c, rest @ ..] | [c, rest @ ..] => text.first() == Some(c) && matches(rest, &text[1..]),
    }
}

fn match_class(pattern: &[u8], text: &[u8]) -> bool {
    let (negated, body) = match pattern {
        [b'!', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (Some(end), Some((&c, tail))) = (body.iter().position(|&b| b == b']'), text.split_first()) else {
        return false;
    };
    let class = &body[..end];
    let mut i = 0;
    let mut found = false;
    while i < class.len() {
        if i + 2 < class.len() && class[i + 1] == b'-' {
            found |= (class[i]..=class[i + 2]).contains(&c);
            i += 3;
        } else {
            found |= class[i] == c;
            i += 1;
        }
    }
    found != negated && c != b'/' && matches(&body[end + 1..], tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_patterns() {
        for (pattern, text, expected) in [
            ("/data/*", "/data/a", true),
            ("/data/*", "/data/a/b", false),
            ("/data/**", "/data/a/b", true),
            ("/data/**", "/data", true),
            ("*.wal", "/data/orders.wal", true),
            ("/d?ta/[a-c]", "/data/b", true),
            ("/data/[!a]", "/data/a", false),
            ("/a\\*", "/a*", true),
        ] {
            assert_eq!(Glob::path(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn field_patterns() {
        for (pattern, text, expected) in [
            ("", "anything", true),
            ("write", "write", true),
            ("write", "writev", false),
            ("*.wal", "/tmp/inventory.wal", true),
            ("/tmp*", "/tmp/a/b", true),
            ("deny*", "deny(input/output error)", true),
        ] {
            assert_eq!(Glob::field(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }
}
