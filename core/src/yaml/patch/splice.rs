//! Changes of a text, collected and then made at once.

use alloc::vec::Vec;
use core::ops::Range;

use super::page::Page;

/// Pieces of a text and what takes their place.
#[derive(Default)]
pub(super) struct Splices(Vec<Splice>);

struct Splice {
    range: Range<usize>,
    page: Page,
    /// Whether what takes its place is whole lines, given without the last one's break.
    lines: bool,
}

impl Splices {
    pub(super) fn replace(&mut self, range: Range<usize>, page: Page) {
        self.0.push(Splice { range, page, lines: false });
    }

    pub(super) fn delete(&mut self, range: Range<usize>) {
        self.replace(range, Page::default());
    }

    /// Puts lines before the line that starts at `at`, or after the last one.
    pub(super) fn insert_lines(&mut self, at: usize, page: Page) {
        self.0.push(Splice { range: at..at, page, lines: true });
    }

    /// The text with all changes made. What stands at one place comes in the order in which it was
    /// given. `place` says where in the text a place of the collected changes is.
    ///
    /// `None` if something was to be put into what was to go.
    pub(super) fn apply(
        mut self,
        text: &str,
        newline: &str,
        place: impl Fn(usize) -> usize,
    ) -> Option<Page> {
        self.0.sort_by_key(|splice| (splice.range.start, splice.range.end));
        let added: usize = self.0.iter().map(|splice| splice.page.as_str().len() + 4).sum();
        let mut page = Page::with_capacity(text.len() + added);
        let mut done = 0;
        for splice in &self.0 {
            let (start, end) = (place(splice.range.start), place(splice.range.end));
            if start < done {
                // Two things that go may overlap: the lines of one end where the other's begin.
                if splice.page.as_str().is_empty() {
                    done = done.max(end);
                    continue;
                }
                return None;
            }
            page.push(text.get(done..start)?);
            done = end;
            if !splice.lines {
                page.push(splice.page.as_str());
                continue;
            }
            if !page.as_str().is_empty() && !page.as_str().ends_with('\n') {
                page.push(newline);
            }
            page.push(splice.page.as_str());
            // At the end there is a break if there was one.
            if start < text.len() || text.is_empty() || text.ends_with('\n') {
                page.push(newline);
            }
        }
        page.push(text.get(done..)?);
        Some(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Page {
        let mut page = Page::default();
        page.push(text);
        page
    }

    #[test]
    fn changes_at_one_place_keep_their_order() {
        let mut splices = Splices::default();
        splices.insert_lines(8, page("first"));
        splices.delete(4..8);
        splices.insert_lines(8, page("second"));
        splices.replace(0..3, page("ONE"));
        let text = splices.apply("one\ntwo\nsix\n", "\n", |at| at).unwrap();
        assert_eq!(text.as_str(), "ONE\nfirst\nsecond\nsix\n");
    }

    #[test]
    fn lines_at_the_end_keep_how_it_ends() {
        for (text, expected) in
            [("", "new\n"), ("one", "one\nnew"), ("one\n", "one\nnew\n"), ("a\r\n", "a\r\nnew\n")]
        {
            let mut splices = Splices::default();
            splices.insert_lines(text.len(), page("new"));
            assert_eq!(splices.apply(text, "\n", |at| at).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn nothing_is_put_into_what_goes() {
        let mut splices = Splices::default();
        splices.delete(0..2);
        splices.delete(1..3);
        assert_eq!(splices.apply("abcd", "\n", |at| at).unwrap().as_str(), "d");
        let mut splices = Splices::default();
        splices.delete(0..3);
        splices.replace(1..2, page("x"));
        assert!(splices.apply("abcd", "\n", |at| at).is_none());
    }
}
