//! Changes within lists and mappings of indented lines.

use alloc::collections::BTreeSet;
use core::ops::Range;

use super::page::Page;
use super::plan::{Keys, Way, align};
use super::tree::{Tree, Value};
use super::{Entries, Patcher};
use crate::yaml::document::Id;
use crate::yaml::layout::Style;

impl<'d> Patcher<'d> {
    pub(super) fn map_of_lines(&mut self, new: &Entries<'d>, id: Id, depth: usize) -> Option<()> {
        let source = self.source;
        let old = source.entries(id);
        let column = source.column(source.place(id)?.start as usize)?;
        let wanted = Keys::of(new);
        // The key of the first entry that stays: what goes before it may stand after a dash.
        let first = old.iter().map(|(key, _)| *key);
        let first = { first }.find(|key| wanted.get(source.document.key(*key)).is_some());
        for (key, value) in old {
            match wanted.get(source.document.key(*key)) {
                None => self.delete_entry(id, *key, *value, first)?,
                Some(tree) if self.plan.stands_in(*value, id) => {
                    match self.plan.way(tree, *value, depth + 1) {
                        Way::Keep => {}
                        Way::Within => self.within(tree, *value, depth + 1)?,
                        Way::Whole => self.replace_value(column, *value, tree)?,
                    }
                }
                Some(_) => {}
            }
        }
        let known: BTreeSet<_> = old.iter().map(|(key, _)| source.document.key(*key)).collect();
        let added = new.iter().filter(|(key, _)| !known.contains(&Some(&**key)));
        let at = source.line_after(source.end(id)?)?;
        for (key, value) in added {
            let mut page = indented(column);
            self.manner.entry(&mut page, key, value, column);
            self.splices.insert_lines(at, page);
        }
        Some(())
    }

    pub(super) fn list_of_lines(&mut self, new: &[Tree<'d>], id: Id, depth: usize) -> Option<()> {
        let source = self.source;
        let old = source.items(id);
        let mut after = source.start(id)?;
        let column = source.column(after)?;
        let mut new = new.iter();
        for (id, stays) in old.iter().zip(align(new.as_slice(), old)?) {
            let dash = source.after(after, b'-')?;
            after = source.end(*id)?;
            if !stays {
                let start = dash.checked_sub(1)?;
                if !source.starts_line(start) {
                    return None;
                }
                self.splices.delete(source.line_start(start)?..source.line_after(after)?);
                continue;
            }
            let tree = new.next()?;
            match self.plan.way(tree, *id, depth + 1) {
                Way::Keep => {}
                Way::Within => self.within(tree, *id, depth + 1)?,
                Way::Whole => self.replace_item(column, dash, *id, tree)?,
            }
        }
        let at = source.line_after(after)?;
        for item in new {
            let mut page = indented(column);
            page.push("- ");
            self.manner.block(&mut page, item, column + 2);
            self.splices.insert_lines(at, page);
        }
        Some(())
    }

    /// Takes an entry's lines away. `next` is the key of the next entry that stays.
    fn delete_entry(&mut self, map: Id, key: Id, value: Id, next: Option<Id>) -> Option<()> {
        let source = self.source;
        let place = source.place(key)?;
        let (start, end) = (place.start as usize, source.line_after(source.end(value)?)?);
        if source.starts_line(start) && !place.anchored && !place.tagged {
            self.splices.delete(source.line_start(start)?..end);
            return Some(());
        }
        // After a dash there must be something; let it be the next entry, or a break if there are
        // comments before that.
        if place.start != source.place(map)?.start {
            return None;
        }
        let next = source.place(next?)?;
        let next_line = source.line_start(next.start as usize)?;
        let only_blank = source.text.get(end..next_line)?.trim_ascii().is_empty();
        let end =
            if only_blank { next.start as usize } else { source.line_end(source.end(value)?)? };
        self.splices.delete(start..end);
        Some(())
    }

    /// Gives a key another value. `column` is where the keys stand.
    fn replace_value(&mut self, column: usize, value: Id, tree: &Tree<'d>) -> Option<()> {
        let source = self.source;
        let place = source.place(value)?;
        let colon = source.after_colon(place.previous?)?;
        let region = source.region(value, colon)?;
        let was_lines = place.style == Style::Lines;
        if !self.wants_lines(tree, value) {
            let mut page = Page::default();
            if was_lines || region.is_empty() {
                page.push(" ");
                self.manner.flow(&mut page, &tree.spelled_out(), None);
                if was_lines {
                    self.delete_lines_after(colon, source.start(value)?, &region)?;
                }
                self.splices.replace(colon..colon, page);
            } else {
                self.flow_in_place(&mut page, &region, tree);
                self.splices.replace(region, page);
            }
            return Some(());
        }
        let mut page = Page::default();
        if was_lines {
            let start = source.start(value)?;
            self.manner.block(&mut page, tree, source.column(start)?);
            self.splices.replace(start..region.end, page);
            return Some(());
        }
        let list = matches!(&*tree.spelled_out(), Value::List(_));
        let column = column + if list { self.manner.list_step } else { self.manner.step };
        let mut page = indented(column);
        self.manner.block(&mut page, tree, column);
        self.delete_with_blanks(&region)?;
        self.splices.insert_lines(source.line_after(region.end)?, page);
        Some(())
    }

    /// Puts another item after a dash. `column` is where the dash stands.
    fn replace_item(
        &mut self,
        column: usize,
        dash: usize,
        item: Id,
        tree: &Tree<'d>,
    ) -> Option<()> {
        let source = self.source;
        let region = source.region(item, dash)?;
        let mut page = Page::default();
        if region.is_empty() {
            page.push(" ");
            self.manner.block(&mut page, tree, column + 2);
        } else if self.wants_lines(tree, item) {
            self.manner.block(&mut page, tree, source.column(region.start)?);
        } else {
            self.flow_in_place(&mut page, &region, tree);
        }
        self.splices.replace(region, page);
        Some(())
    }

    /// Whether the value is to stand on lines of its own. Where there were brackets with something
    /// in them there will be some again.
    fn wants_lines(&self, tree: &Tree<'d>, was: Id) -> bool {
        let brackets = self.source.place(was).is_some_and(|place| place.style == Style::Flow);
        let empty = self.source.items(was).is_empty() && self.source.entries(was).is_empty();
        let some = match &*tree.spelled_out() {
            Value::List(items) => !items.is_empty(),
            Value::Map(entries) => !entries.is_empty(),
            _ => false,
        };
        some && (!brackets || empty)
    }

    /// Takes a collection of lines away, with its anchor and tag. Comments before it stay.
    fn delete_lines_after(
        &mut self,
        colon: usize,
        start: usize,
        region: &Range<usize>,
    ) -> Option<()> {
        let source = self.source;
        let from = if region.start == start && source.starts_line(start) {
            source.line_start(start)?
        } else {
            colon
        };
        let to = if from == colon { region.end } else { source.line_after(region.end)? };
        self.splices.delete(from..to);
        Some(())
    }

    /// Takes a value away, and the line if nothing else is in it.
    pub(super) fn delete_with_blanks(&mut self, region: &Range<usize>) -> Option<()> {
        let source = self.source;
        if source.starts_line(region.start)
            && !region.is_empty()
            && source.is_blank(region.end..source.line_end(region.end)?)
        {
            let lines = source.line_start(region.start)?..source.line_after(region.end)?;
            self.splices.delete(lines);
            return Some(());
        }
        let before = source.text.get(..region.start)?.trim_end_matches([' ', '\t']).len();
        self.splices.delete(before..region.end);
        Some(())
    }
}

/// A line that starts at this column.
fn indented(column: usize) -> Page {
    let mut page = Page::default();
    page.push(&" ".repeat(column));
    page
}
