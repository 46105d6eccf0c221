//! Text being written that may hold secrets.

use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

/// A text that leaves no copy of itself behind when it grows or goes.
#[derive(Default)]
pub(super) struct Page(Zeroizing<String>);

impl Page {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(String::with_capacity(capacity)))
    }

    pub(super) fn push(&mut self, text: &str) {
        let needed = self.0.len() + text.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(String::with_capacity(needed.max(256) * 2));
            larger.push_str(&self.0);
            self.0 = larger;
        }
        self.0.push_str(text);
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Write for Page {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn it_grows() {
        let mut page = Page::default();
        let mut expected = alloc::string::String::new();
        for i in 0..1000 {
            let text = alloc::format!("{i} ");
            page.push(&text);
            expected += &text;
        }
        assert_eq!(page.as_str(), expected);
    }
}
