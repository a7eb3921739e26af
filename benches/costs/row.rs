//! The table: a figure, its yardstick, and what is wanted of their ratio.

use crate::measure::{Measured, Sample, Skip};

/// What a number counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Nanos,
    Seconds,
    PerSecond,
    Bytes,
}

impl Unit {
    fn one(self, value: f64) -> String {
        let scaled = |value: f64, units: [&str; 4], step: f64| {
            let mut value = value;
            for unit in &units[..3] {
                if value < step {
                    return format!("{} {unit}", three_digits(value));
                }
                value /= step;
            }
            format!("{} {}", three_digits(value), units[3])
        };
        match self {
            Unit::Nanos => scaled(value, ["ns", "µs", "ms", "s"], 1000.0),
            Unit::Seconds => scaled(value * 1e9, ["ns", "µs", "ms", "s"], 1000.0),
            Unit::PerSecond => format!("{}/s", three_digits(value)),
            Unit::Bytes => scaled(value, ["B", "KiB", "MiB", "GiB"], 1024.0),
        }
    }
    fn text(self, sample: &Sample) -> String {
        let (min, median, max) = (self.one(sample.min()), self.one(sample.median()), self.one(sample.max()));
        if min == max { median } else { format!("{median} ({min} … {max})") }
    }
}

fn three_digits(value: f64) -> String {
    match value {
        v if v >= 99.95 => format!("{v:.0}"),
        v if v >= 9.995 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// What is wanted of the number in the column "ratio", or of the figure itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// Only told.
    Nothing,
    /// At most so many times the yardstick, and what one aims at.
    Ratio(f64, f64),
    /// At most so much of the unit.
    AtMost(f64, f64),
    /// At least so much of the unit.
    AtLeast(f64, f64),
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    figure: String,
    inside: String,
    yardstick: String,
    ratio: String,
    must: String,
    aim: String,
}

/// What a row says before anything is measured.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    /// What the other column measures.
    pub(crate) yardstick: String,
    pub(crate) wanted: Wanted,
}

impl Figure {
    pub(crate) fn new(name: &str, unit: Unit, yardstick: &str, wanted: Wanted) -> Figure {
        Figure { name: name.to_owned(), unit, yardstick: yardstick.to_owned(), wanted }
    }
    /// The row of a figure and its yardstick, in the same unit.
    pub(crate) fn row(&self, measured: Measured<[Sample; 2]>) -> Row {
        match measured {
            Err(why) => self.skipped(&why),
            Ok([inside, yardstick]) => {
                let ratio = inside.over(&yardstick).median();
                let text = format!("{}: {}", self.yardstick, self.unit.text(&yardstick));
                self.filled(&inside, text, Some(ratio))
            }
        }
    }
    /// The row of a figure that stands alone.
    pub(crate) fn alone(&self, measured: Measured<Sample>) -> Row {
        match measured {
            Err(why) => self.skipped(&why),
            Ok(inside) => self.filled(&inside, self.yardstick.clone(), None),
        }
    }
    fn filled(&self, inside: &Sample, yardstick: String, ratio: Option<f64>) -> Row {
        let (must, aim) = self.wanted_texts();
        let met = match (self.wanted, ratio) {
            (Wanted::Ratio(must, _), Some(ratio)) => Some(ratio <= must),
            (Wanted::AtMost(must, _), _) => Some(inside.median() <= must),
            (Wanted::AtLeast(must, _), _) => Some(inside.median() >= must),
            _ => None,
        };
        let verdict = match met {
            Some(true) => " ✓",
            Some(false) => " ✗",
            None => "",
        };
        Row {
            figure: self.name.clone(),
            inside: self.unit.text(inside),
            yardstick,
            ratio: ratio.map_or(String::new(), |r| format!("{} ×", three_digits(r))),
            must: must + verdict,
            aim,
        }
    }
    fn skipped(&self, why: &Skip) -> Row {
        let (must, aim) = self.wanted_texts();
        Row {
            figure: self.name.clone(),
            inside: format!("not measured: {why}"),
            yardstick: self.yardstick.clone(),
            ratio: String::new(),
            must,
            aim,
        }
    }
    fn wanted_texts(&self) -> (String, String) {
        let one = |value| self.unit.one(value);
        match self.wanted {
            Wanted::Nothing => (String::new(), String::new()),
            Wanted::Ratio(must, aim) => (format!("≤ {must} ×"), format!("≤ {aim} ×")),
            Wanted::AtMost(must, aim) => (format!("≤ {}", one(must)), format!("≤ {}", one(aim))),
            Wanted::AtLeast(must, aim) => (format!("≥ {}", one(must)), format!("≥ {}", one(aim))),
        }
    }
}

/// The rows as a table that reads well in a terminal and in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let head = ["figure", "fbsim", "yardstick", "ratio", "must be", "aim"].map(str::to_owned);
    let cells = |row: &Row| {
        let Row { figure, inside, yardstick, ratio, must, aim } = row.clone();
        [figure, inside, yardstick, ratio, must, aim].map(|cell| cell.replace('|', "\\|"))
    };
    let all: Vec<[String; 6]> = std::iter::once(head).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4, 5].map(width);
    let line = |cells: &[String; 6]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule = format!("|{}|\n", widths.map(|width| "-".repeat(width + 2)).join("|"));
    line(&all[0]) + &rule + &all[1..].iter().map(line).collect::<String>()
}
