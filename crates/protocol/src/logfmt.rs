//! logfmt: `level=info msg="order stored" id=o1`, as many services write their logs.

/// The pairs of a line, in order. A word without `=` is a key whose value is `true`; what cannot be read is left out.
pub fn parse(line: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            None => ("true".to_owned(), after),
            Some(quoted) if quoted.starts_with('"') => unquote(&quoted[1..]),
            Some(plain) => {
                let end = plain.find(char::is_whitespace).unwrap_or(plain.len());
                (plain[..end].to_owned(), &plain[end..])
            }
        };
        if !key.is_empty() {
            pairs.push((key.to_owned(), value));
        }
        rest = after.trim_start();
    }
    pairs
}

/// A value up to its closing quote, and what follows.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, other)) => value.push(other),
                None => break,
            },
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (line, expected) in [
            ("level=info id=o1", vec![("level", "info"), ("id", "o1")]),
            (r#"msg="two words" a="\"q\"\n" done"#, vec![("msg", "two words"), ("a", "\"q\"\n"), ("done", "true")]),
            ("", vec![]),
            ("=x y=", vec![("y", "")]),
            (r#"open="never closed"#, vec![("open", "never closed")]),
        ] {
            let pairs = parse(line);
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            assert_eq!(pairs, expected, "{line}");
        }
    }
}
