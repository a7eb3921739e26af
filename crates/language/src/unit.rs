//! A specification as one function, compiled once. Every test evaluates the specification afresh, so that monitors may keep
//! what they saw at the top level; to compile it afresh takes several times as long as to run it. So the text becomes the
//! body of a function, which is compiled and frozen when the specification is loaded, and called for every test:
//!
//! ```text
//!   load("lib.star", "order")                        load("lib.star", "order")
//!   seen = {}                                        def specification__():
//!   def test_it():                   becomes          seen = {}
//!       seen["it"] = order()                          def test_it():
//!                                                         seen["it"] = order()
//!                                                     return [test_it]
//! ```
//!
//! A call makes new values of everything; what is defined is the same. Places in messages are those of the text as it was
//! written: see [`Unit::written`]. A specification that cannot be said in this way (one that loads in the middle, or
//! whose types are named by itself) is compiled for every test.

use crate::identity::{is_word, string_end};

/// What the file is called whose text is the function.
pub(crate) const SUFFIX: &str = "\u{1}";
/// The function's name.
pub(crate) const FUNCTION: &str = "specification__";

/// See the module's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) text: String,
    /// The line of the function's head, from 0.
    head: usize,
    /// By line of the text: whether it was moved by a column.
    moved: Vec<bool>,
}

impl Unit {
    /// A text as a function that answers a list of the values of some names; `None` if it is not to be had.
    pub(crate) fn of(text: &str, answers: &[&str]) -> Option<Unit> {
        let starts = statements(text);
        let first = starts.iter().copied().find(|at| !stands_outside(&text[*at..]))?;
        let inside = |at: usize| at >= first;
        if text[first..].contains(FUNCTION) || starts.iter().any(|at| inside(*at) && is_load(&text[*at..])) {
            return None;
        }
        let mut unit = Unit { text: text[..first].to_owned(), head: lines_in(&text[..first]), moved: Vec::new() };
        unit.text.push_str(&format!("def {FUNCTION}():\n"));
        unit.moved.resize(unit.head + 1, false);
        let within: Vec<usize> = starts.into_iter().filter(|at| inside(*at)).collect();
        for (i, start) in within.iter().enumerate() {
            let piece = &text[*start..within.get(i + 1).copied().unwrap_or(text.len())];
            unit.text.push(' ');
            unit.text.push_str(piece);
            unit.moved.push(true);
            unit.moved.resize(unit.moved.len() + lines_in(piece).saturating_sub(1), false);
        }
        unit.text.push_str(&format!("\n return [{}]\n", answers.join(", ")));
        Some(unit)
    }

    /// Where in the text as it was written a place of the function's text is; lines and columns from 0.
    pub(crate) fn written(&self, line: usize, column: usize) -> (usize, usize) {
        let moved = self.moved.get(line).copied().unwrap_or(false);
        (line - usize::from(line > self.head), column - usize::from(moved && column > 0))
    }
}

fn lines_in(text: &str) -> usize {
    text.matches('\n').count()
}

/// What is as well before the function: what the specification loads, and the text that describes it.
fn stands_outside(rest: &str) -> bool {
    is_load(rest) || rest.starts_with(['"', '\''])
}

fn is_load(rest: &str) -> bool {
    rest.strip_prefix("load").is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with('('))
}

/// Where the lines begin on which statements, or parts of them, begin: not those within brackets or strings, nor those
/// that say nothing. The first is that of the first statement.
fn statements(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let (mut starts, mut at, mut depth, mut line) = (Vec::new(), 0, 0_usize, Some(0));
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            b'\n' => {
                at += 1;
                line = if depth == 0 { Some(at) } else { line };
            }
            c if c.is_ascii_whitespace() => at += 1,
            c => {
                starts.extend(line.take());
                match c {
                    b'"' | b'\'' => at = string_end(bytes, at),
                    c if is_word(c) => at += bytes[at..].iter().take_while(|c| is_word(**c)).count(),
                    c => {
                        match c {
                            b'(' | b'[' | b'{' => depth += 1,
                            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                            _ => {}
                        }
                        at += 1;
                    }
                }
            }
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::Unit;

    const WRITTEN: &str = r#""""What it is."""
load("lib.star",
    "order")

# Why
x = [1,
2]
def f(a):
    """Long
text"""

    return a + \
        "é" + x   # b
y = """
 z"""
"#;

    #[test]
    fn the_text_becomes_a_function() {
        let unit = Unit::of(WRITTEN, &["f", "y"]).expect("it can be said so");
        let expected = r#""""What it is."""
load("lib.star",
    "order")

# Why
def specification__():
 x = [1,
2]
 def f(a):
     """Long
text"""

     return a + \
         "é" + x   # b
 y = """
 z"""

 return [f, y]
"#;
        assert_eq!(unit.text, expected);
    }

    #[test]
    fn places_are_those_that_were_written() {
        let unit = Unit::of(WRITTEN, &[]).expect("it can be said so");
        let written: Vec<&str> = WRITTEN.lines().collect();
        for (line, text) in unit.text.lines().enumerate() {
            if text.starts_with("def spec") || text.starts_with(" return [") || line > written.len() {
                continue;
            }
            for column in 1..text.chars().count() {
                let (l, c) = unit.written(line, column);
                let there: String = written[l].chars().skip(c).collect();
                let here: String = text.chars().skip(column).collect();
                assert_eq!(there, here, "line {line}, column {column}");
            }
        }
    }

    #[test]
    fn what_cannot_be_a_function() {
        for text in ["", "# nothing", "load(\"a\", \"b\")\n", "x = 1\nload(\"a\", \"b\")\n", "specification__ = 1"] {
            assert_eq!(Unit::of(text, &[]), None, "{text}");
        }
    }
}
