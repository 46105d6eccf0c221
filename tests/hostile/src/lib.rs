//! Files and plugin answers that mean harm, made when a test needs them: most are too big to keep.
//!
//! Every case has a small form, too, of the same shape: a seed for the fuzzer.

mod answers;
mod kubeconfigs;

pub use answers::answers;
pub use kubeconfigs::kubeconfigs;

/// A case: its name, and its bytes.
pub type Case = (&'static str, Vec<u8>);

/// How big to make them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are two uses")]
pub enum Size {
    /// Big enough to hurt who is careless.
    Full,
    /// At most 4096 bytes, all of which a fuzzer can change.
    Seed,
}

impl Size {
    /// One of two numbers.
    fn of(self, full: usize, seed: usize) -> usize {
        match self {
            Self::Full => full,
            Self::Seed => seed,
        }
    }
}

/// `inner` within that many pairs of brackets.
fn nested(count: usize, open: &str, inner: &str, close: &str) -> String {
    open.repeat(count) + inner + &close.repeat(count)
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

fn utf_16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_seeds_are_small() {
        for make in [kubeconfigs, answers] {
            let (full, seeds) = (make(Size::Full), make(Size::Seed));
            let mut names: Vec<_> = full.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, seeds.iter().map(|(name, _)| *name).collect::<Vec<_>>());
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), full.len());
            for (name, bytes) in seeds {
                assert!(bytes.len() <= 4096, "{name}: {} bytes", bytes.len());
            }
        }
    }
}
