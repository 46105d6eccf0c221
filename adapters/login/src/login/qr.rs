//! An address as a QR code for a terminal, to be opened with a phone (LG-104).

use qrcodegen::{QrCode, QrCodeEcc};

/// A QR code, drawn with half blocks: two rows of modules in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct QrDrawing {
    /// Lines, each with its line break.
    pub text: String,
    /// How many columns it takes.
    pub width: usize,
}

/// The empty modules around a code, which readers need.
const MARGIN: i32 = 2;

/// Draws it, light on dark as terminals are; every module is drawn, so that it can be read on
/// terminals of either kind. `None` if the text is too long for a code.
#[must_use]
pub fn qr_code(text: &str) -> Option<QrDrawing> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let (start, end) = (-MARGIN, code.size() + MARGIN);
    let mut drawing = String::new();
    for y in (start..end).step_by(2) {
        for x in start..end {
            // Light modules are drawn. Below the last row there is nothing.
            let (upper, lower) =
                (!code.get_module(x, y), y + 1 < end && !code.get_module(x, y + 1));
            drawing.push(match (upper, lower) {
                (true, true) => '\u{2588}',
                (true, false) => '\u{2580}',
                (false, true) => '\u{2584}',
                (false, false) => ' ',
            });
        }
        drawing.push('\n');
    }
    let width = usize::try_from(end - start).ok()?;
    Some(QrDrawing { text: drawing, width })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lg_104_the_drawing_holds_every_module() {
        let text = "https://idp.example/device?user_code=ABCD-EFGH";
        let drawing = qr_code(text).unwrap();
        let code = QrCode::encode_text(text, QrCodeEcc::Low).unwrap();
        let lines: Vec<Vec<char>> = drawing.text.lines().map(|l| l.chars().collect()).collect();
        assert!(lines.iter().all(|line| line.len() == drawing.width));
        for y in 0..code.size() {
            for x in 0..code.size() {
                let (row, column) = ((y + MARGIN) as usize, (x + MARGIN) as usize);
                let char = lines[row / 2][column];
                let light = match row % 2 {
                    0 => matches!(char, '\u{2588}' | '\u{2580}'),
                    _ => matches!(char, '\u{2588}' | '\u{2584}'),
                };
                assert_eq!(light, !code.get_module(x, y), "{x} {y}");
            }
        }
        assert_eq!(qr_code(&"x".repeat(5000)), None);
    }
}
