//! Columns for people.

use std::fmt::Write;

/// Renders rows under a head: the first column to the left, the others to the right, two blanks in
/// between, a line above the last row, which is the sum.
pub(crate) fn render<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].len()]).max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |cells: [&str; N]| {
        let cells = cells.iter().zip(widths).enumerate();
        let text = cells.fold(String::new(), |mut text, (column, (cell, width))| {
            let _ = match column {
                0 => write!(text, "{cell:<width$}"),
                _ => write!(text, "  {cell:>width$}"),
            };
            text
        });
        text.trim_end().to_owned() + "\n"
    };
    let rule = "-".repeat(widths.iter().sum::<usize>() + 2 * (N - 1)) + "\n";
    let mut table = line(head);
    for (nth, row) in rows.iter().enumerate() {
        if nth == 0 || nth + 1 == rows.len() {
            table.push_str(&rule);
        }
        table.push_str(&line(row.each_ref().map(String::as_str)));
    }
    table
}

/// A number with its thousands set apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let start = digits.len() % 3;
    let (first, rest) = digits.split_at(start);
    let groups = rest.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let all: Vec<String> =
        (!first.is_empty()).then(|| first.to_owned()).into_iter().chain(groups).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let table =
            render(["login", "requests", "x"], &[row(["a", "1", "2"]), row(["all", "12", "345"])]);
        let expected = "\
login  requests    x
--------------------
a             1    2
--------------------
all          12  345
";
        assert_eq!(table, expected);
    }

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(count(number), text);
        }
    }
}
