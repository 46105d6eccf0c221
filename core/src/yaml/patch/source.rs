//! The text of a document, and where in it things stand. `None` is the answer wherever the text is
//! not as it was expected: who asks does without.

use core::ops::Range;

use crate::yaml::document::{Content, Document, Id};
use crate::yaml::layout::{Place, Style};

#[derive(Clone, Copy)]
pub(super) struct Source<'d> {
    pub(super) text: &'d str,
    pub(super) document: &'d Document<'d>,
}

impl<'d> Source<'d> {
    pub(super) fn place(self, id: Id) -> Option<&'d Place> {
        self.document.layout.as_ref()?.places.get(id as usize)
    }

    /// The entries of a mapping that stands in this place itself.
    pub(super) fn entries(self, id: Id) -> &'d [(Id, Id)] {
        match self.document.stored(id).content {
            Content::Map(map) => self.document.entries(map),
            _ => &[],
        }
    }

    /// The items of a list that stands in this place itself.
    pub(super) fn items(self, id: Id) -> &'d [Id] {
        match self.document.stored(id).content {
            Content::List(list) => self.document.items(list),
            _ => &[],
        }
    }

    /// Whether nothing at all is written for this value.
    pub(super) fn is_nothing(self, id: Id) -> bool {
        self.place(id).is_some_and(|place| {
            place.start == place.end
                && place.style == Style::Plain
                && !place.anchored
                && !place.tagged
        })
    }

    /// The first byte of a value, after anchor and tag. Of a list of lines: its first dash.
    pub(super) fn start(self, id: Id) -> Option<usize> {
        let place = self.place(id)?;
        let is_list = matches!(self.document.stored(id).content, Content::List(_));
        let colon = place.previous.filter(|_| is_list && place.style == Style::Lines);
        // The parser has the list start behind the dash if that is not indented.
        let Some(colon) = colon.and_then(|key| self.after_colon(key)) else {
            return Some(place.start as usize);
        };
        let mut at = self.skip(colon);
        while let Some(b'&' | b'!') = self.text.as_bytes().get(at) {
            let property = self.text.get(at..)?;
            at = self.skip(at + property.find(char::is_whitespace)?);
        }
        Some(at)
    }

    /// The byte after a value. For nothing: after what stands in front of it.
    pub(super) fn end(self, id: Id) -> Option<usize> {
        let place = self.place(id)?;
        match (place.style, place.last) {
            (Style::Lines, Some(last)) => self.end(last),
            (Style::Lines, None) => self.start(id),
            (Style::TextBlock, _) => self.end_of_text_block(place),
            _ if self.is_nothing(id) => {
                let colon = place.previous.and_then(|key| self.after_colon(key));
                Some(colon.unwrap_or(place.end as usize))
            }
            _ => Some(place.end as usize),
        }
    }

    /// The end of the last line of a text block.
    fn end_of_text_block(self, place: &Place) -> Option<usize> {
        let mut end = place.end as usize;
        let line = self.line_start(end)?;
        if self.is_blank(line..end) {
            end = line;
        }
        let mut end = self.before_break(end)?;
        // Of `|+` the empty lines at the end are a part.
        if self.keeps_empty_lines(place) {
            return Some(end);
        }
        loop {
            let line = self.line_start(end)?;
            if line == 0 || line <= place.start as usize || !self.is_blank(line..end) {
                return Some(end);
            }
            end = self.before_break(line)?;
        }
    }

    fn keeps_empty_lines(self, place: &Place) -> bool {
        let header = || {
            let colon = self.after_colon(place.previous?)?;
            let header = self.text.get(colon..place.start as usize)?;
            Some(header.split('\n').any(|line| match line.split_once(['|', '>']) {
                Some((_, after)) => after.starts_with('+') || after.chars().nth(1) == Some('+'),
                None => false,
            }))
        };
        // Where it cannot be told it does no harm to take them for a part.
        header().unwrap_or(true)
    }

    /// Where a line ends that is followed by one that starts here.
    fn before_break(self, at: usize) -> Option<usize> {
        let before = self.text.get(..at)?;
        let before = before.strip_suffix('\n').unwrap_or(before);
        Some(before.strip_suffix('\r').unwrap_or(before).len())
    }

    /// The byte after the colon that follows a key.
    pub(super) fn after_colon(self, key: Id) -> Option<usize> {
        self.after(self.end(key)?, b':')
    }

    /// The byte after an indicator that comes next.
    pub(super) fn after(self, at: usize, indicator: u8) -> Option<usize> {
        let at = self.skip(at);
        (*self.text.as_bytes().get(at)? == indicator).then_some(at + 1)
    }

    /// Where the next thing stands that is no blank, line break or comment.
    pub(super) fn skip(self, at: usize) -> usize {
        let mut comment = false;
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let next = rest.iter().position(|byte| {
            comment = *byte == b'#' || (comment && *byte != b'\n');
            !comment && !byte.is_ascii_whitespace()
        });
        next.map_or(self.text.len(), |next| at + next)
    }

    /// A value with anchor and tag; `from` is a place after all that stands before it. Of nothing
    /// it is that place.
    pub(super) fn region(self, id: Id, from: usize) -> Option<Range<usize>> {
        if self.is_nothing(id) {
            return Some(from..from);
        }
        let region = self.skip(from)..self.end(id)?;
        (region.start <= region.end).then_some(region)
    }

    /// Where the line starts that `at` is in.
    pub(super) fn line_start(self, at: usize) -> Option<usize> {
        Some(self.text.get(..at)?.rfind('\n').map_or(0, |line_break| line_break + 1))
    }

    /// Where the next line starts, or the end of the text.
    pub(super) fn line_after(self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        Some(rest.find('\n').map_or(self.text.len(), |line_break| at + line_break + 1))
    }

    /// Where the line ends, before its break.
    pub(super) fn line_end(self, at: usize) -> Option<usize> {
        self.before_break(self.line_after(at)?)
    }

    /// How many characters stand before it in its line.
    pub(super) fn column(self, at: usize) -> Option<usize> {
        Some(self.text.get(self.line_start(at)?..at)?.chars().count())
    }

    /// The blanks that its line begins with.
    pub(super) fn indentation(self, at: usize) -> Option<&'d str> {
        let line = self.text.get(self.line_start(at)?..)?;
        line.get(..line.find(|c| c != ' ' && c != '\t').unwrap_or(line.len()))
    }

    pub(super) fn is_blank(self, range: Range<usize>) -> bool {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
        self.text.as_bytes().get(range).is_some_and(|bytes| bytes.iter().all(blank))
    }

    /// Whether nothing but blanks stands before it in its line. Looks at the blanks alone: a line
    /// may be as long as the file.
    pub(super) fn starts_line(self, at: usize) -> bool {
        let Some(before) = self.text.get(..at) else { return false };
        let before = before.trim_end_matches([' ', '\t', '\r']);
        before.is_empty() || before.ends_with('\n')
    }

    /// Whether nothing but blanks and a comment follows in its line.
    pub(super) fn ends_line(self, at: usize) -> bool {
        let rest = self.text.get(at..).unwrap_or_default().trim_start_matches([' ', '\t']);
        let rest = rest
            .strip_prefix('\r')
            .filter(|rest| rest.is_empty() || rest.starts_with('\n'))
            .unwrap_or(rest);
        rest.is_empty() || rest.starts_with(['#', '\n'])
    }
}
