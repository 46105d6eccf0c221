//! Operations on a machine, from a seed or from a fuzzer's bytes.
//!
//! Two bytes make an operation, and the first four choose who, at what pace and with which luck:
//! so a fuzzer that changes a byte changes one thing.
//!
//! Kubecred's own: it changes with the machine, without notice.

use crate::{Chance, profiles};
use kubecred_core::{Policy, Profile};

/// What is done to one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// An index into [`profiles::all`].
    pub profile: usize,
    /// An index into [`profiles::policies`].
    pub policy: usize,
    /// The machine's seed.
    pub seed: u64,
    /// In order.
    pub ops: Vec<Op>,
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Both clocks go on by this many milliseconds; then a tick.
    Advance(u64),
    /// Both clocks go on to the time at which the machine wants a tick; then a tick.
    Sleep,
    /// The wall clock jumps by this many milliseconds; then a tick.
    JumpWall(i64),
    /// The wall clock goes on, the monotonic one does not; then a tick.
    Suspend(u64),
    /// The monotonic clock steps back; then a tick.
    Rewind(u64),
    /// Nothing has happened.
    Tick,
    /// Somebody asks.
    Demand,
    /// Somebody wants a connection, and no credential.
    DemandConnection,
    /// A running job is answered.
    Answer(Pick, How),
    /// A job that was answered or cancelled is answered.
    Again(u8, How),
    /// A job is answered that never was.
    Unknown,
    /// A generation is refused.
    Reject(Which),
    /// All actions are taken from the machine (when does not matter: that is law 6).
    Drain,
    /// The end.
    Close,
}

/// Which of the running jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Pick {
    Oldest,
    Newest,
}

/// Which generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Which {
    Current,
    Old,
    Future,
}

/// How a job is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// As it should be, with something new.
    Well,
    /// As it should be, with the same as always.
    Same,
    /// A file: with something new. A plugin: a credential that ends soon.
    Soon,
    /// A file: with something new. A plugin: a credential that has ended.
    Ended,
    /// A file: with something new. A plugin: a credential without an end.
    Endless,
    /// With a certificate that ends soon, if it can be one; beside a token, if that can be.
    Certified,
    /// With nothing.
    Empty,
    /// With bytes that mean nothing.
    Garbage,
    /// A file: cannot be read. A plugin: exit code 3, with a secret printed.
    Badly,
    /// With the reply to another kind of job.
    WrongKind,
    /// The host could not do it.
    Failed,
    /// The host does not do such things.
    Refused,
}

impl How {
    /// Whether something can be made of it.
    pub(crate) fn is_good(self) -> bool {
        use How::{Certified, Ended, Endless, Same, Soon, Well};
        matches!(self, Well | Same | Soon | Ended | Endless | Certified)
    }
}

/// Spans around every number of the policies.
const SPANS: [u64; 16] = [
    1, 5, 10, 20, 40, 250, 999, 1000, 5_000, 10_000, 31_000, 50_000, 61_000, 300_000, 720_000,
    3_600_000,
];

const JUMPS: [i64; 8] =
    [-86_400_000, -7_200_000, -60_000, -1_000, 1_000, 60_000, 7_200_000, 86_400_000];

const HOWS: [How; 16] = [
    How::Well,
    How::Well,
    How::Well,
    How::Well,
    How::Same,
    How::Same,
    How::Soon,
    How::Ended,
    How::Endless,
    How::Certified,
    How::Empty,
    How::Garbage,
    How::Badly,
    How::WrongKind,
    How::Failed,
    How::Refused,
];

impl Script {
    /// From any bytes.
    pub fn decode(bytes: &[u8]) -> Self {
        let (head, rest) = bytes.split_at(bytes.len().min(4));
        let head = |i: usize| head.get(i).copied().unwrap_or_default();
        Self {
            profile: usize::from(head(0)) % profiles::all().len(),
            policy: usize::from(head(1)) % profiles::policies().len(),
            seed: u64::from(head(2)) << 8 | u64::from(head(3)),
            ops: rest.chunks_exact(2).take(400).map(|pair| Op::decode(pair[0], pair[1])).collect(),
        }
    }

    /// From a seed, with so many operations.
    pub fn random(seed: u64, ops: usize) -> Self {
        Self::decode(&Chance::new(seed).bytes(4 + 2 * ops))
    }

    /// Who.
    pub fn profile(&self) -> Profile {
        profiles::all().swap_remove(self.profile).1
    }

    /// At what pace.
    pub fn policy(&self) -> Policy {
        profiles::policies().swap_remove(self.policy).1
    }
}

impl Op {
    fn decode(code: u8, argument: u8) -> Self {
        let span = SPANS[usize::from(argument % 16)];
        let how = HOWS[usize::from(argument % 16)];
        match code % 64 {
            0..=9 => Self::Advance(span),
            10..=15 => Self::Sleep,
            16 => Self::JumpWall(JUMPS[usize::from(argument % 8)]),
            17 => Self::Suspend(span),
            18 => Self::Rewind(span),
            19..=20 => Self::Tick,
            21 => Self::DemandConnection,
            22..=31 => Self::Demand,
            32..=47 => Self::Answer(if argument < 192 { Pick::Oldest } else { Pick::Newest }, how),
            48..=49 => Self::Again(argument / 16, how),
            50 => Self::Unknown,
            51..=54 => Self::Reject(Which::Current),
            55 => Self::Reject(if argument < 200 { Which::Old } else { Which::Future }),
            56..=62 => Self::Drain,
            // Rare, for nothing happens afterwards.
            _ => {
                if argument < 32 {
                    Self::Close
                } else {
                    Self::Tick
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_are_a_script() {
        for length in 0..9 {
            assert_eq!(Script::decode(&[255; 8][..length]).ops.len(), length.saturating_sub(4) / 2);
        }
    }

    #[test]
    fn a_seed_gives_every_operation() {
        let ops = Script::random(1, 400).ops;
        let has = |test: fn(&Op) -> bool| assert!(ops.iter().any(test));
        has(|op| matches!(op, Op::Answer(Pick::Newest, _)));
        has(|op| matches!(op, Op::Reject(Which::Current)));
        has(|op| matches!(op, Op::Rewind(_)));
        has(|op| matches!(op, Op::Unknown));
        assert_eq!(Script::random(1, 400).ops, ops);
    }
}
