//! A job in flight, or a pause.

use crate::cx::Cx;
use crate::protocol::{Action, ActionId};
use crate::source::JobRequest;
use crate::time::{Instant, Now};
use core::time::Duration;

/// The activity of a slot, or of saving. It has room for one job, so there is never a second one in
/// flight.
#[derive(Clone, Debug, Default)]
pub(crate) enum Flight {
    /// No job and no pause.
    #[default]
    Idle,
    /// A job waits for its answer.
    Waiting {
        id: ActionId,
        /// When to cancel it; `None`: never.
        until: Option<Instant>,
        /// Its time limit.
        limit: Duration,
    },
    /// Nothing may be started before this time.
    Paused { until: Instant },
}

impl Flight {
    /// Starts a job, with the policy's time limit for its kind.
    pub(crate) fn launch(&mut self, cx: &mut Cx<'_>, request: JobRequest) -> Action {
        let limit = request.limit(cx.policy);
        let until = limit.map(|limit| cx.now.monotonic.saturating_add(limit));
        let id = cx.ids.draw();
        *self = Self::Waiting { id, until, limit: limit.unwrap_or_default() };
        request.into_action(id)
    }

    /// Whether this job is the one in flight.
    pub(crate) fn is_waiting_for(&self, job: ActionId) -> bool {
        matches!(self, Self::Waiting { id, .. } if *id == job)
    }

    pub(crate) const fn is_in_flight(&self) -> bool {
        matches!(self, Self::Waiting { .. })
    }

    /// The job in flight and its time limit, if the limit has been reached.
    pub(crate) fn overdue(&self, now: Now) -> Option<(ActionId, Duration)> {
        match self {
            Self::Waiting { id, until: Some(until), limit } if now.monotonic >= *until => {
                Some((*id, *limit))
            }
            _ => None,
        }
    }

    pub(crate) fn is_paused(&self, now: Now) -> bool {
        self.paused_until().is_some_and(|until| now.monotonic < until)
    }

    pub(crate) const fn paused_until(&self) -> Option<Instant> {
        match self {
            Self::Paused { until } => Some(*until),
            Self::Idle | Self::Waiting { .. } => None,
        }
    }

    /// When the time limit is reached or the pause ends.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Idle => None,
            Self::Waiting { until, .. } => *until,
            Self::Paused { until } => Some(*until),
        }
    }

    /// Becomes idle, and returns the job to cancel, if one was in flight.
    pub(crate) fn cancel(&mut self) -> Option<ActionId> {
        match core::mem::take(self) {
            Self::Waiting { id, .. } => Some(id),
            Self::Idle | Self::Paused { .. } => None,
        }
    }
}
