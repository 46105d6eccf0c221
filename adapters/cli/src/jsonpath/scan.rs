//! A template as characters, with a place to look at.

use super::Fault;

/// Where the parser is in a text.
pub(super) struct Scanner {
    chars: Vec<char>,
    /// The next character.
    pub(super) at: usize,
    /// What is added to places: a part of a template is parsed by itself.
    base: usize,
}

impl Scanner {
    /// Of a part that begins at character `base` of the template, counted from 0.
    pub(super) fn new(text: &str, base: usize) -> Self {
        Self { chars: text.chars().collect(), at: 0, base }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += 1;
        Some(char)
    }

    pub(super) fn starts_with(&self, prefix: &str) -> bool {
        prefix.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c))
    }

    /// The text from a place to the present one.
    pub(super) fn since(&self, start: usize) -> String {
        self.chars.get(start..self.at).unwrap_or_default().iter().collect()
    }

    /// The character before the one that was read last.
    pub(super) fn before_last(&self) -> Option<char> {
        self.chars.get(self.at.checked_sub(2)?).copied()
    }

    /// A place of this part as one of the template.
    pub(super) fn place(&self, at: usize) -> usize {
        self.base + at
    }

    pub(super) fn fault<T>(&self, at: usize, problem: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { place: self.place(at) + 1, problem: problem.into() })
    }
}
