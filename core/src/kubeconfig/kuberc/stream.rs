//! A file taken apart into documents, as kubectl does it before it looks at the YAML.

/// Some lines of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) text: &'a [u8],
    /// How many lines stand before it.
    pub(super) before: u32,
}

/// The documents of a file, blank ones left out. One ends where a line is `---` and nothing else
/// but blanks and a comment.
pub(super) fn documents(bytes: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let mut rest = Part { text: bytes, before: 0 };
    core::iter::from_fn(move || next(&mut rest)).filter(|part| !part.text.trim_ascii().is_empty())
}

fn next<'a>(rest: &mut Part<'a>) -> Option<Part<'a>> {
    if rest.text.is_empty() {
        return None;
    }
    let (mut length, mut lines) = (0, 0u32);
    for line in rest.text.split_inclusive(|byte| *byte == b'\n') {
        // The first line of a document cannot end it.
        let ends = length > 0 && is_separator(line);
        let after = length + line.len();
        lines = lines.saturating_add(1);
        if ends {
            let part = Part { text: rest.text.get(..length)?, ..*rest };
            let before = rest.before.saturating_add(lines);
            *rest = Part { text: rest.text.get(after..)?, before };
            return Some(part);
        }
        length = after;
    }
    Some(core::mem::replace(rest, Part { text: &[], before: 0 }))
}

fn is_separator(line: &[u8]) -> bool {
    let rest = line.strip_prefix(b"---").map(<[u8]>::trim_ascii);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"#"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn kb_61_documents_end_at_lines_of_three_dashes() {
        let parts = |text: &'static str| -> Vec<(&str, u32)> {
            documents(text.as_bytes())
                .map(|part| (core::str::from_utf8(part.text).unwrap(), part.before))
                .collect()
        };
        assert_eq!(parts(""), []);
        assert_eq!(parts("\n \n"), []);
        assert_eq!(parts("a: 1"), [("a: 1", 0)]);
        assert_eq!(parts("a: 1\n---\nb: 2\n"), [("a: 1\n", 0), ("b: 2\n", 2)]);
        assert_eq!(parts("---\na: 1\n--- # x\r\nb: 2"), [("---\na: 1\n", 0), ("b: 2", 3)]);
        assert_eq!(parts("---\n---\n---\n"), [("---\n", 0), ("---\n", 2)]);
        assert_eq!(parts("a\n---\n\n---\n"), [("a\n", 0)]);
        let one = "a: |\n ---\n--- b\n----\n";
        assert_eq!(parts(one), [(one, 0)]);
    }
}
