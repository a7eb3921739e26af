//! What a monitor's callback does nothing about. A monitor without conditions is put to every event, and most events are
//! system calls; but nearly every callback begins by looking at the event's type:
//!
//! ```text
//!   def order_persisted(event):                      def order_persisted(event):
//!       if event["type"] == "stdout" and …:              if event.type != "stdout":
//!           …                                                return
//! ```
//!
//! Such a callback has no effect on events of another type, so the machine need not report them. This is read off the
//! text, only where the whole body is the `if`, and only for a function whose name no other has. What is not understood
//! is watched in full.

use std::collections::BTreeMap;

/// By the name of a function: the only type of event that it does anything about.
pub(crate) type Guards = BTreeMap<String, String>;

/// The guards of the functions in some texts.
pub(crate) fn guards<'a>(texts: impl IntoIterator<Item = &'a str>) -> Guards {
    let mut found: BTreeMap<String, Option<String>> = BTreeMap::new();
    for text in texts {
        let tokens = tokens(text);
        for (at, token) in tokens.iter().enumerate() {
            if let (Token::Word("def"), Some(Token::Word(name))) = (token, tokens.get(at + 1)) {
                let guard = of_def(&tokens, at);
                found.entry((*name).to_owned()).and_modify(|other| *other = None).or_insert(guard);
            }
        }
    }
    found.into_iter().filter_map(|(name, guard)| Some((name, guard?))).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    /// A string, by what is between its quotes.
    Text(&'a str),
    Sign(u8),
    /// The start of a line outside brackets, by its indentation.
    Line(usize),
}

use Token::{Line, Sign, Text, Word};

fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let (mut tokens, mut at, mut depth) = (Vec::new(), 0, 0_usize);
    let mut line_starts = true;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            b'\n' => {
                at += 1;
                line_starts |= depth == 0;
            }
            c if c.is_ascii_whitespace() => at += 1,
            c => {
                if std::mem::take(&mut line_starts) {
                    let line = text[..at].rfind('\n').map_or(0, |i| i + 1);
                    tokens.push(Line(at - line));
                }
                match c {
                    b'"' | b'\'' => {
                        let quotes = if bytes[at..].starts_with(&[c; 3]) { 3 } else { 1 };
                        let end = crate::identity::string_end(bytes, at);
                        let inside = text.get(at + quotes..end.saturating_sub(quotes)).unwrap_or_default();
                        tokens.push(Text(inside));
                        at = end;
                    }
                    c if crate::identity::is_word(c) => {
                        at += bytes[at..].iter().take_while(|c| crate::identity::is_word(**c)).count();
                        tokens.push(Word(&text[start..at]));
                    }
                    c => {
                        match c {
                            b'(' | b'[' | b'{' => depth += 1,
                            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                            _ => {}
                        }
                        tokens.push(Sign(c));
                        at += 1;
                    }
                }
            }
        }
    }
    tokens
}

/// The guard of the function whose `def` is at this token.
fn of_def(tokens: &[Token<'_>], at: usize) -> Option<String> {
    let outer = tokens[..at].iter().rev().find_map(|t| if let Line(indent) = t { Some(*indent) } else { None })?;
    let [Word("def"), Word(_), Sign(b'('), Word(event), Sign(b')'), Sign(b':'), Line(indent), body @ ..] =
        &tokens[at..]
    else {
        return None;
    };
    let end = body.iter().position(|t| matches!(t, Line(i) if *i <= outer)).unwrap_or(body.len());
    let mut body = &body[..end];
    if let [Text(_), Line(i), rest @ ..] = body
        && i == indent
    {
        body = rest;
    }
    let [Word("if"), rest @ ..] = body else { return None };
    let colon = at_depth_zero(rest, |t| *t == Sign(b':'))?;
    let (condition, then) = (strip_brackets(&rest[..colon]), &rest[colon + 1..]);
    let joint = at_depth_zero(condition, |t| matches!(t, Word("and" | "or" | "if" | "lambda")));
    let (first, joint) = (&condition[..joint.unwrap_or(condition.len())], joint.map(|i| condition[i]));
    let (equal, kind) = comparison(first, event)?;
    let statement_ends = then.iter().position(|t| matches!(t, Line(i) if i <= indent));
    match (equal, joint) {
        (true, None) => statement_ends.is_none().then(|| kind.to_owned()),
        (true, Some(Word("and"))) => {
            let only_and = at_depth_zero(condition, |t| matches!(t, Word("or" | "if" | "lambda"))).is_none();
            (only_and && statement_ends.is_none()).then(|| kind.to_owned())
        }
        (false, None | Some(Word("or"))) => {
            let statement = &then[..statement_ends.unwrap_or(then.len())];
            let returns = matches!(statement, [Word("return")] | [Line(_), Word("return")]);
            let simple = at_depth_zero(condition, |t| matches!(t, Word("if" | "lambda"))).is_none();
            (returns && simple).then(|| kind.to_owned())
        }
        _ => None,
    }
}

fn at_depth_zero(tokens: &[Token<'_>], wanted: impl Fn(&Token<'_>) -> bool) -> Option<usize> {
    let mut depth = 0_usize;
    tokens.iter().position(|token| {
        match token {
            Sign(b'(' | b'[' | b'{') => depth += 1,
            Sign(b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            _ => return depth == 0 && wanted(token),
        }
        false
    })
}

/// What is inside the brackets, if they enclose the whole.
fn strip_brackets<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let [Sign(b'('), inside @ .., Sign(b')')] = tokens else {
        return tokens;
    };
    let mut depth = 0_i32;
    let balanced = inside.iter().all(|token| {
        match token {
            Sign(b'(') => depth += 1,
            Sign(b')') => depth -= 1,
            _ => {}
        }
        depth >= 0
    });
    if balanced { inside } else { tokens }
}

/// Reads `event.type == "x"` in any of the ways to write it; whether it is equality, and the type.
fn comparison<'a>(tokens: &[Token<'a>], event: &str) -> Option<(bool, &'a str)> {
    let [Word(subject), rest @ ..] = tokens else {
        return None;
    };
    let rest = match rest {
        _ if *subject != event => return None,
        [Sign(b'['), Text("type"), Sign(b']'), rest @ ..]
        | [Sign(b'.'), Word("type"), rest @ ..]
        | [Sign(b'.'), Word("get"), Sign(b'('), Text("type"), Sign(b')'), rest @ ..]
        | [Sign(b'.'), Word("get"), Sign(b'('), Text("type"), Sign(b','), Text(_), Sign(b')'), rest @ ..] => rest,
        _ => return None,
    };
    match rest {
        [Sign(b'='), Sign(b'='), Text(kind)] => Some((true, kind)),
        [Sign(b'!'), Sign(b'='), Text(kind)] => Some((false, kind)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::guards;

    #[track_caller]
    fn check(body: &str, expected: Option<&str>) {
        let text = format!("x = 1\ndef m(e):\n{body}\n\ny = m\n");
        let found = guards([text.as_str()]);
        assert_eq!(found.get("m").map(String::as_str), expected, "{text}");
    }

    #[test]
    fn callbacks_that_look_at_one_type() {
        for body in [
            "    if e[\"type\"] == \"stdout\":\n        fail(\"x\")",
            "    # why\n    if e['type'] == 'stdout' and 'a' in e.get(\"body\", \"\"):\n        x = 1\n\n        fail(x)",
            "    \"\"\"Documented.\"\"\"\n    if (e.type == \"stdout\" and e[\"service\"] == \"api\"\n        and f(a or b)):\n        fail()",
            "    if e.get(\"type\", \"\") == \"stdout\": fail()",
            "    if e.type != \"stdout\":\n        return\n    fail()",
            "    if e.get(\"type\") != \"stdout\" or e.service != \"api\": return\n    fail()",
        ] {
            check(body, Some("stdout"));
        }
        let nested = "def f():\n    def m(e):\n        if e.type == \"wal\":\n            fail()\n    return m\n";
        assert_eq!(guards([nested]).get("m").map(String::as_str), Some("wal"));
    }

    #[test]
    fn callbacks_that_may_look_at_others() {
        for body in [
            "    fail()",
            "    if e.type == \"stdout\":\n        pass\n    count()",
            "    if e.type == \"stdout\":\n        pass\n    else:\n        count()",
            "    if e.type == \"stdout\" or e.type == \"wal\":\n        fail()",
            "    if e.type == \"stdout\" and a or b:\n        fail()",
            "    if (e.type == \"stdout\") or (a):\n        fail()",
            "    if e[\"stock\"] and e.type == \"stdout\":\n        fail()",
            "    if not e.type == \"stdout\":\n        fail()",
            "    if other.type == \"stdout\":\n        fail()",
            "    if e.type == kind:\n        fail()",
            "    if e.type != \"stdout\":\n        count()\n        return\n    fail()",
            "    if e.type != \"stdout\" and a:\n        return\n    fail()",
            "    x = 1\n    if e.type == \"stdout\":\n        fail()",
        ] {
            check(body, None);
        }
        let guard = "    if e.type == \"stdout\":\n        fail()\n";
        let twice = format!("def m(e):\n{guard}def m(e):\n{guard}");
        assert!(guards([twice.as_str()]).is_empty(), "which one is meant cannot be told by name");
    }
}
