//! What reading a document takes once its aliases are followed, and how much of that they may cause.
//!
//! Nothing is followed to find out: an anchored node's cost is known when it ends, before any alias
//! can name it.

use super::document::Limits;
use super::error::Error;

/// How much reading a part of a document takes, with its aliases followed.
#[derive(Clone, Copy, Default)]
pub(super) struct Cost {
    values: u64,
    bytes: u64,
}

impl Cost {
    fn plus(self, other: Self) -> Self {
        Self {
            values: self.values.saturating_add(other.values),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self {
            values: self.values.saturating_sub(before.values),
            bytes: self.bytes.saturating_sub(before.bytes),
        }
    }
}

/// What reading the document takes so far, and how much of it aliases may cause.
pub(super) struct Budget {
    pub(super) spent: Cost,
    /// The part of `spent` that comes from aliases.
    repeated: Cost,
    repeatable_bytes: u64,
}

impl Budget {
    /// What a value takes besides its text.
    const VALUE_BYTES: u64 = 24;

    pub(super) fn new(limits: &Limits, input: usize) -> Self {
        let repeatable_bytes =
            (input as u64).saturating_mul(10).saturating_add(limits.alias_bytes as u64);
        Self { spent: Cost::default(), repeated: Cost::default(), repeatable_bytes }
    }

    pub(super) fn read(&mut self, text: usize) {
        let bytes = Self::VALUE_BYTES.saturating_add(text as u64);
        self.spent = self.spent.plus(Cost { values: 1, bytes });
    }

    pub(super) fn repeat(&mut self, cost: Cost) -> Result<(), Error> {
        self.read(0);
        self.spent = self.spent.plus(cost);
        self.repeated = self.repeated.plus(cost);
        if self.repeated.bytes > self.repeatable_bytes || self.is_mostly_repeated() {
            return Err(Error::new("aliases repeat too much"));
        }
        Ok(())
    }

    /// Go's rule: up to 400 000 values 99 in 100 may come from aliases, from 4 000 000 values on
    /// one in ten, linear in between.
    fn is_mostly_repeated(&self) -> bool {
        const LOW: f64 = 400_000.0;
        const HIGH: f64 = 4_000_000.0;
        let (values, repeated) = (self.spent.values as f64, self.repeated.values as f64);
        let allowed = 0.99 - 0.89 * ((values - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
        repeated > 100.0 && values > 1000.0 && repeated / values > allowed
    }
}
