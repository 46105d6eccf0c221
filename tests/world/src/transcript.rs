//! A run as a dialogue that a person can read and a test can compare.

use crate::CANARY;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

/// Who said what, and when, in seconds of true time since the start. It holds no secret.
#[derive(Clone, Debug, Default)]
pub struct Transcript(String);

impl Transcript {
    pub(crate) fn say(&mut self, elapsed: u64, who: &str, what: &str) {
        let (seconds, millis) = (elapsed / 1000, elapsed % 1000);
        let line = format!("{seconds:>6}.{millis:03}  {who:<8} {what}");
        assert!(!line.contains(CANARY), "a secret in the transcript");
        writeln!(self.0, "{line}").expect("a string takes text");
    }

    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the committed ones of [`crate::scenarios`] are.
    pub fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts")
    }

    /// Holds this dialogue against the one in a file. With the variable `KUBECRED_BLESS` set,
    /// writes it there instead.
    ///
    /// # Panics
    /// At the first line that differs, or when the file cannot be written.
    #[track_caller]
    pub fn matches(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        if std::env::var_os("KUBECRED_BLESS").is_some() {
            std::fs::write(path, &self.0).expect("the transcripts can be written");
            return;
        }
        let expected = std::fs::read_to_string(path).unwrap_or_default();
        if expected == self.0 {
            return;
        }
        let mut lines = expected.lines().zip(self.0.lines()).enumerate();
        let (number, was, is) = match lines.find(|(_, (was, is))| was != is) {
            Some((number, (was, is))) => (number + 1, was, is),
            None => (expected.lines().count().min(self.0.lines().count()) + 1, "", ""),
        };
        panic!(
            "{} differs from line {number} on:\n- {was}\n+ {is}\nSet KUBECRED_BLESS=1 to accept \
             this:\n{self}",
            path.display()
        );
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
