//! Changes within lists and mappings between brackets.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;

use super::page::Page;
use super::plan::{Keys, Way, align};
use super::tree::Tree;
use super::{Entries, Patcher};
use crate::yaml::document::Id;

/// A thing between brackets.
struct Piece {
    /// With all that belongs to it.
    range: Range<usize>,
    /// The byte after the comma that follows it.
    comma: Option<usize>,
    stays: bool,
}

impl<'d> Patcher<'d> {
    pub(super) fn map_in_brackets(
        &mut self,
        new: &Entries<'d>,
        id: Id,
        depth: usize,
    ) -> Option<()> {
        let source = self.source;
        let old = source.entries(id);
        let mut pieces = Vec::with_capacity(old.len());
        // Where keys stand twice, those that do not count are in the way.
        let exact = source.place(id)?.exact;
        let mut at = source.after(source.place(id)?.start as usize, b'{')?;
        let wanted = Keys::of(new);
        for (key, value) in old {
            let tree = wanted.get(source.document.key(*key));
            if exact {
                let piece = self.piece(at, source.end(*value)?, tree.is_some())?;
                at = piece.comma.unwrap_or(piece.range.end);
                pieces.push(piece);
            }
            if let Some(tree) = tree.filter(|_| self.plan.stands_in(*value, id)) {
                match self.plan.way(tree, *value, depth + 1) {
                    Way::Keep => {}
                    Way::Within => self.within(tree, *value, depth + 1)?,
                    Way::Whole => self.replace_in_brackets(*value, tree)?,
                }
            }
        }
        let known: BTreeSet<_> = old.iter().map(|(key, _)| source.document.key(*key)).collect();
        let added: Vec<_> = new.iter().filter(|(key, _)| !known.contains(&Some(&**key))).collect();
        if !exact {
            return added.is_empty().then_some(());
        }
        self.rearrange(&pieces, added.len(), |patcher, page, nth, indentation| {
            if let Some((key, value)) = added.get(nth) {
                patcher.manner.flow_entry(page, key, value, indentation);
            }
        })
    }

    pub(super) fn list_in_brackets(
        &mut self,
        new: &[Tree<'d>],
        id: Id,
        depth: usize,
    ) -> Option<()> {
        let source = self.source;
        let old = source.items(id);
        let mut new = new.iter();
        let mut pieces = Vec::with_capacity(old.len());
        let mut at = source.after(source.place(id)?.start as usize, b'[')?;
        for (id, stays) in old.iter().zip(align(new.as_slice(), old)?) {
            let piece = self.piece(at, source.end(*id)?, stays)?;
            at = piece.comma.unwrap_or(piece.range.end);
            if stays {
                let tree = new.next()?;
                match self.plan.way(tree, *id, depth + 1) {
                    Way::Keep => {}
                    Way::Within => self.within(tree, *id, depth + 1)?,
                    Way::Whole => {
                        let mut page = Page::default();
                        self.flow_in_place(&mut page, &piece.range, tree);
                        self.splices.replace(piece.range.clone(), page);
                    }
                }
            }
            pieces.push(piece);
        }
        let added = new.as_slice();
        self.rearrange(&pieces, added.len(), |patcher, page, nth, indentation| {
            if let Some(item) = added.get(nth) {
                patcher.manner.flow(page, &item.spelled_out(), indentation);
            }
        })
    }

    /// Writes a value in the place of another. On lines of its own if that begins one.
    pub(super) fn flow_in_place(&self, page: &mut Page, region: &Range<usize>, tree: &Tree<'d>) {
        let indentation = self.lines_at(region.start);
        self.manner.flow(page, &tree.spelled_out(), indentation);
    }

    fn piece(&self, from: usize, end: usize, stays: bool) -> Option<Piece> {
        let start = self.source.skip(from);
        let comma = self.source.after(end, b',');
        (start <= end).then_some(Piece { range: start..end, comma, stays })
    }

    fn replace_in_brackets(&mut self, value: Id, tree: &Tree<'d>) -> Option<()> {
        let mut page = Page::default();
        let key = self.source.place(value)?.previous?;
        let Some(colon) = self.source.after_colon(key) else {
            // `{key}`
            page.push(": ");
            let end = self.source.end(key)?;
            self.manner.flow(&mut page, &tree.spelled_out(), None);
            self.splices.replace(end..end, page);
            return Some(());
        };
        let region = self.source.region(value, colon)?;
        if region.is_empty() {
            page.push(" ");
        }
        let line = self.source.place(key)?.start as usize;
        let indentation = self.lines_at(line);
        self.manner.flow(&mut page, &tree.spelled_out(), indentation);
        self.splices.replace(region, page);
        Some(())
    }

    /// The indentation for a value's lines, if what it belongs to begins one between brackets.
    fn lines_at(&self, at: usize) -> Option<&'d str> {
        let spread = self.in_brackets && self.source.starts_line(at);
        if spread { self.source.indentation(at) } else { None }
    }

    /// Takes away what does not stay and puts new things at the end.
    fn rearrange(
        &mut self,
        pieces: &[Piece],
        added: usize,
        write: impl Fn(&Self, &mut Page, usize, Option<&str>),
    ) -> Option<()> {
        let source = self.source;
        let last = pieces.iter().rposition(|piece| piece.stays)?;
        for piece in pieces.iter().filter(|piece| !piece.stays) {
            self.delete_piece(piece)?;
        }
        let last_stays = pieces.last()?.stays;
        let trailing_comma = pieces.last()?.comma.is_some();
        let last = pieces.get(last)?;
        if added == 0 {
            // The comma before what went from the end.
            if let (false, false, Some(comma)) = (last_stays, trailing_comma, last.comma) {
                self.splices.delete(comma.checked_sub(1)?..comma);
            }
            return Some(());
        }
        let end = last.comma.unwrap_or(last.range.end);
        if source.starts_line(last.range.start) && source.ends_line(end) {
            let indentation = source.indentation(last.range.start)?;
            let at = source.line_after(end)?;
            if last.comma.is_none() {
                let mut comma = Page::default();
                comma.push(",");
                self.splices.replace(last.range.end..last.range.end, comma);
            }
            for nth in 0..added {
                let mut page = Page::default();
                page.push(indentation);
                write(self, &mut page, nth, Some(indentation));
                page.push(if nth + 1 < added { "," } else { "" });
                self.splices.insert_lines(at, page);
            }
            return Some(());
        }
        let at = last.range.end;
        let mut page = Page::default();
        for nth in 0..added {
            page.push(", ");
            write(self, &mut page, nth, None);
        }
        // The comma that follows is that of something that goes, and has gone with it.
        self.splices.replace(at..at, page);
        if let (false, false, Some(comma)) = (last_stays, trailing_comma, last.comma) {
            self.splices.delete(comma.checked_sub(1)?..comma);
        }
        Some(())
    }

    fn delete_piece(&mut self, piece: &Piece) -> Option<()> {
        let source = self.source;
        let Range { start, end } = piece.range.clone();
        // A comma in another line goes alone.
        let comma = piece.comma.filter(|comma| source.is_blank(end..comma.saturating_sub(1)));
        if let (Some(far), None) = (piece.comma, comma) {
            self.splices.delete(far.checked_sub(1)?..far);
        }
        let end = comma.unwrap_or(end);
        if source.starts_line(start) && source.ends_line(end) {
            self.splices.delete(source.line_start(start)?..source.line_after(end)?);
            return Some(());
        }
        let rest = source.text.get(end..)?;
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if comma.is_some() && !rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n') {
            self.splices.delete(start..end + blanks);
        } else {
            let before = source.text.get(..start)?.trim_end_matches([' ', '\t']).len();
            self.splices.delete(before..end);
        }
        Some(())
    }
}
