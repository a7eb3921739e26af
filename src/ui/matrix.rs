//! The cells of matrices as a table: a row for each scenario, a column for each fault assumption.

/// A cell: its scenario, its fault assumption.
pub(crate) type Cell = (String, String);

/// What stands where no cell was run.
const NONE: &str = "-";

/// The table of what became of cells, in the order in which scenarios and assumptions first occur. Empty without cells.
pub(crate) fn table(cells: &[(Cell, &str)]) -> String {
    let (mut rows, mut columns): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for ((scenario, fault), _) in cells {
        if !rows.contains(&scenario.as_str()) {
            rows.push(scenario);
        }
        if !columns.contains(&fault.as_str()) {
            columns.push(fault);
        }
    }
    let of = |row: &str, column: &str| {
        cells.iter().find(|((r, c), _)| r == row && c == column).map_or(NONE, |(_, result)| result)
    };
    let width = |text: &str| text.chars().count();
    let first = rows.iter().map(|row| width(row)).max().unwrap_or(0);
    let mut lines = Vec::new();
    if !rows.is_empty() {
        lines.push(columns.iter().fold(" ".repeat(first), |line, column| format!("{line}  {column}")));
    }
    for row in &rows {
        let cell = |column: &&str| format!("  {:<1$}", of(row, column), width(column).max(width(NONE)));
        let line: String = columns.iter().map(cell).collect();
        lines.push(format!("{row:first$}{line}").trim_end().to_owned());
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables() {
        let cell = |row: &str, column: &str, result| ((row.to_owned(), column.to_owned()), result);
        let cells = [cell("order", "db_down", "PASS"), cell("pay", "slow", "FAIL"), cell("order", "slow", "OPEN")];
        assert_eq!(table(&cells), "       db_down  slow\norder  PASS     OPEN\npay    -        FAIL\n");
        assert_eq!(table(&[]), "");
    }
}
