//! The texts of a specification: the file itself and those it loads, as they were written.

use crate::error::Place;
use crate::unit::{SUFFIX, Unit};
use starlark::codemap::FileSpan;

/// Every file that was read, in the order of reading; the specification itself is first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    files: Vec<(String, String)>,
    /// The specification as a function, if there is one.
    unit: Option<Unit>,
}

impl Sources {
    pub(crate) fn new(path: &str, text: &str) -> Sources {
        Sources { files: vec![(path.to_owned(), text.to_owned())], unit: None }
    }
    pub(crate) fn add(&mut self, path: &str, text: &str) {
        self.files.push((path.to_owned(), text.to_owned()));
    }
    pub(crate) fn files(&self) -> &[(String, String)] {
        &self.files
    }
    /// From now on there are places in the specification as a function, too.
    pub(crate) fn set_unit(&mut self, unit: Unit) {
        self.unit = Some(unit);
    }
    /// Where a span begins in the text as it was written: file, line and column, from 0.
    pub(crate) fn begin<'s>(&self, span: &'s FileSpan) -> (&'s str, usize, usize) {
        let at = span.resolve_span().begin;
        self.written(span.filename(), at.line, at.column)
    }
    fn written<'s>(&self, file: &'s str, line: usize, column: usize) -> (&'s str, usize, usize) {
        match (file.strip_suffix(SUFFIX), &self.unit) {
            (Some(file), Some(unit)) => {
                let (line, column) = unit.written(line, column);
                (file, line, column)
            }
            _ => (file, line, column),
        }
    }
    /// The text of a file.
    pub(crate) fn file(&self, path: &str) -> Option<&str> {
        self.text(path)
    }
    fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|(p, _)| p == path).map(|(_, text)| text.as_str())
    }

    /// Where a span begins, or where within it the word `focus` first stands by itself.
    pub(crate) fn place(&self, span: &FileSpan, focus: Option<&str>) -> Option<Place> {
        let (mut line, mut column) = {
            let begin = span.resolve_span().begin;
            (begin.line, begin.column)
        };
        let inside = span.source_span();
        let mut width = inside.lines().next().map_or(0, |l| l.chars().count());
        if let Some((at, word)) = focus.and_then(|word| Some((find_word(inside, word)?, word))) {
            let before = &inside[..at];
            match before.rfind('\n') {
                Some(newline) => {
                    line += before.matches('\n').count();
                    column = before[newline + 1..].chars().count();
                }
                None => column += before.chars().count(),
            }
            width = word.chars().count();
        }
        let (path, line, column) = self.written(span.filename(), line, column);
        let whole = self.text(path)?.lines().nth(line).unwrap_or_default();
        let place = Place { path: path.to_owned(), line: line + 1, column: column + 1, width, text: whole.to_owned() };
        Some(place)
    }

    /// Where a piece of text first stands in any file: for mistakes that are found after the evaluation.
    pub(crate) fn locate(&self, needle: &str) -> Option<Place> {
        self.files.iter().find_map(|(path, text)| {
            text.lines().enumerate().find_map(|(i, line)| {
                let at = find_word(line, needle)?;
                let column = line[..at].chars().count() + 1;
                let width = needle.chars().count();
                Some(Place { path: path.clone(), line: i + 1, column, width, text: line.to_owned() })
            })
        })
    }
}

/// The first occurrence of `word` that is not part of a longer word; preferably as the name of an argument.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let starts_word = word.starts_with(is_word);
    let ends_word = word.ends_with(is_word);
    let whole = |at: usize| {
        let before = text[..at].ends_with(is_word) && starts_word;
        let after = text[at + word.len()..].starts_with(is_word) && ends_word;
        !before && !after
    };
    let names_argument = |at: usize| {
        let rest = text[at + word.len()..].trim_start();
        rest.starts_with('=') && !rest.starts_with("==")
    };
    let occurrences: Vec<usize> = text.match_indices(word).map(|(at, _)| at).filter(|at| whole(*at)).collect();
    occurrences.iter().copied().find(|at| names_argument(*at)).or(occurrences.first().copied())
}
