//! The texts of a specification: the file itself and those it loads, as they were written.

use crate::error::Place;
use crate::growth::Watched;
use crate::unit::{SUFFIX, Unit};
use starlark::codemap::FileSpan;

/// Every file that was read, in the order of reading; the specification itself is first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    files: Vec<(String, String)>,
    /// By path, how a file differs from how it was written.
    watched: Vec<(String, Watched)>,
    /// The specification as a function, if there is one.
    unit: Option<Unit>,
}

impl Sources {
    pub(crate) fn new(path: &str, text: &str) -> Sources {
        Sources { files: vec![(path.to_owned(), text.to_owned())], watched: Vec::new(), unit: None }
    }
    pub(crate) fn add(&mut self, path: &str, text: &str) {
        self.files.push((path.to_owned(), text.to_owned()));
    }
    pub(crate) fn files(&self) -> &[(String, String)] {
        &self.files
    }
    /// From now on places in a file are those of the text that is watched.
    pub(crate) fn set_watched(&mut self, path: &str, watched: Watched) {
        self.watched.push((path.to_owned(), watched));
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
        let (file, line, column) = match (file.strip_suffix(SUFFIX), &self.unit) {
            (Some(file), Some(unit)) => {
                let (line, column) = unit.written(line, column);
                (file, line, column)
            }
            _ => (file, line, column),
        };
        let watched = self.watched.iter().find(|(path, _)| path == file);
        (file, line, watched.map_or(column, |(_, watched)| watched.written(line, column)))
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
        let span_end = span.resolve_span().end;
        let (path, mut line, mut column) = self.begin(span);
        let (_, last, end) = self.written(span.filename(), span_end.line, span_end.column);
        let text = self.text(path)?;
        let from = offset(text, line, column);
        let inside = &text[from..offset(text, last, end).max(from)];
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
        let whole = text.lines().nth(line).unwrap_or_default();
        let place = Place { path: path.to_owned(), line: line + 1, column: column + 1, width, text: whole.to_owned() };
        Some(place)
    }

    /// Where a name is last given a value at the top level of a file.
    pub(crate) fn definition(&self, path: &str, name: &str) -> Option<Place> {
        let is_definition = |line: &str| line.starts_with(name) && find_word(line, name) == Some(0);
        let (line, text) = self.text(path)?.lines().enumerate().filter(|(_, text)| is_definition(text)).last()?;
        let width = name.chars().count();
        Some(Place { path: path.to_owned(), line: line + 1, column: 1, width, text: text.to_owned() })
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

/// The byte at which a line and a column are, or the end of the line or the text, if that comes before.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = match line {
        0 => 0,
        _ => text.match_indices('\n').nth(line - 1).map_or(text.len(), |(at, _)| at + 1),
    };
    let whole = text[start..].find('\n').map_or(&text[start..], |n| &text[start..start + n]);
    start + whole.char_indices().nth(column).map_or(whole.len(), |(at, _)| at)
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
