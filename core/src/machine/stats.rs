//! Counters.

/// What a machine has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Stats {
    /// Jobs started.
    pub started: u64,
    /// Fetches that succeeded. (A fetch consists of one or more jobs.)
    pub succeeded: u64,
    /// Fetches that failed.
    pub failed: u64,
    /// Jobs cancelled.
    pub cancelled: u64,
    /// Times that a server refused the current generation.
    pub rejected: u64,
    /// Inputs that were ignored: answers and rejections that came too late or twice, or for an
    /// unknown job.
    pub ignored: u64,
}
