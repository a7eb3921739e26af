//! The project's Rust files, and what of them is code.

use crate::support::root;
use std::path::{Path, PathBuf};

/// A file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// From the root of the checkout.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text without comments and without what is between quotes; the same lines.
    pub(crate) code: String,
}

/// Every Rust file of the checkout.
pub(crate) fn all() -> Vec<Source> {
    let mut paths = Vec::new();
    collect(root(), &mut paths);
    assert!(paths.len() > 100, "only {} files", paths.len());
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let path = path.strip_prefix(root()).expect("below the root").to_str().expect("a path of text").to_owned();
        Source { path, code: code_of(&text), text }
    };
    paths.iter().map(read).collect()
}

fn collect(directory: &Path, into: &mut Vec<PathBuf>) {
    for name in crate::support::scratch::names_in(directory) {
        let path = directory.join(&name);
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            collect(&path, into);
        } else if name.ends_with(".rs") {
            into.push(path);
        }
    }
}

/// Blanks comments and quoted text; keeps every line.
pub(crate) fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if let Some(length) =
            raw_string(rest).filter(|_| !code.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        {
            length
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' && is_character(rest) {
            quoted(rest, '\'')
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        code.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
        code.push(' ');
        rest = &rest[skipped..];
    }
    code
}

/// The length of a comment that may contain others.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    loop {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
        } else if let Some(c) = rest.chars().next() {
            at += c.len_utf8();
        }
        if depth == 0 || at == text.len() {
            return at;
        }
    }
}

/// The length of a raw string, if one begins here.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix('b').unwrap_or(text).strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = text.len() - body.len();
    Some(body.find(&end).map_or(text.len(), |at| start + at + end.len()))
}

/// The length of a quotation with escapes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if !escaped && c == quote {
            return at + 1;
        }
        escaped = !escaped && c == '\\';
    }
    text.len()
}

/// Whether this is a character and not a lifetime.
fn is_character(text: &str) -> bool {
    let mut inside = text.chars().skip(1);
    matches!((inside.next(), inside.next()), (Some('\\'), _) | (Some(_), Some('\'')))
}

#[test]
fn comments_and_quotations_are_no_code() {
    let check = |text: &str, code: &str| {
        let found = code_of(text);
        assert_eq!(found.split_whitespace().collect::<Vec<_>>().join(" "), code, "{text}");
        assert_eq!(found.matches('\n').count(), text.matches('\n').count(), "{text}");
    };
    check("a // b\nc", "a c");
    check("a /* b /* c */\n d */ e", "a e");
    check("f(\"a \\\" b\", 'x', '\\'', '\"') g", "f( , , , ) g");
    check("r\"a\\\" b r#\"c\" d\"# e br\"f\" g", "b e g");
    check("fn f<'a>(x: &'a str) -> &'a str", "fn f<'a>(x: &'a str) -> &'a str");
    check("for\"x\"", "for");
    check("bar\"x\"#", "bar #");
    check("\"// no comment\" a", "a");
    check("'ä' b \"ö\" c", "b c");
}
