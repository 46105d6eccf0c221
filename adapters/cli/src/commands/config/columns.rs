//! Columns as kubectl prints them.

/// The least width of a column but the last one, and the space after its longest text.
const LEAST: usize = 6;
const SPACE: usize = 3;

/// The rows, each text in its column. The last column is as wide as it is.
pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let longest = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        (longest + SPACE).max(LEAST)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let last = N.saturating_sub(1);
        for (cell, width) in row[..last].iter().zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
        }
        text.push_str(&row[last]);
        text.push('\n');
    }
    text
}
