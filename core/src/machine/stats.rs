//! Counters.

/// What a machine has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Stats {
    /// Jobs handed out.
    pub started: u64,
    /// Acquisitions that gave a credential (each of one or more jobs).
    pub succeeded: u64,
    /// Acquisitions that failed.
    pub failed: u64,
    /// Jobs cancelled.
    pub cancelled: u64,
    /// Times that a server refused the current generation.
    pub rejected: u64,
    /// Answers and rejections that came too late, twice, or for a job that never was.
    pub ignored: u64,
}
