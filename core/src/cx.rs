//! The context that each step of the machine is handed.

use crate::policy::{Jitter, Policy};
use crate::protocol::ActionId;
use crate::time::Now;

/// The time, the policy, and the two sequences that a step may draw from.
#[derive(Debug)]
pub(crate) struct Cx<'a> {
    /// The time of the input, on the machine's own timeline.
    pub(crate) now: Now,
    pub(crate) policy: &'a Policy,
    pub(crate) jitter: &'a mut Jitter,
    pub(crate) ids: &'a mut Ids,
}

/// The ids of jobs: they rise, and none is used twice.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    next: u64,
}

impl Ids {
    pub(crate) const fn new() -> Self {
        Self { next: 1 }
    }

    /// The next id.
    pub(crate) const fn draw(&mut self) -> ActionId {
        let id = ActionId::from_u64(self.next);
        self.next += 1;
        id
    }
}
