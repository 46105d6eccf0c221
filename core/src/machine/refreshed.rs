//! A slot that a source fills: its current value (`held`) and the job in flight (`flight`).
//!
//! ```text
//!           Demand               success                    due · expired · Reject
//!  empty ──────────▶ in flight ─────────────▶ held ─────────────────────────▶ held, in flight
//!    ▲                   │                     ▲  ▲                              │    │
//!    │                   │ failure, time limit │  └─────────── success ──────────┘    │
//!    │                   ▼                     │ pause over                           ▼
//!    └── pause over ── empty, paused      held, paused ◀───────── failure ────────────┘
//! ```
//!
//! Each decision depends on `now` only, not on timers that have fired. So after the computer was
//! suspended, a refresh is late, but no expired value is used.

use super::flight::Flight;
use super::held::{Held, earliest};
use super::slot::SlotState;
use crate::cx::Cx;
use crate::error::Error;
use crate::policy::{Policy, Renewal};
use crate::protocol::{Action, ActionId, Failure, FailureKind, Reply};
use crate::source::{
    BootstrapCredential, CredentialParts, JobFailure, JobRequest, Progress, Source,
};
use crate::store::StoredTokens;
use crate::time::{Instant, Now, UnixTime};
use alloc::boxed::Box;
use core::time::Duration;

/// A source, its current value, and the job in flight.
#[derive(Debug)]
pub(crate) struct Refreshed {
    source: Box<dyn Source>,
    held: Option<Held>,
    /// Why the last fetch failed, or why the next one has to wait: there is one in every pause.
    error: Option<Box<Error>>,
    flight: Flight,
    /// A request has used the value since the last refresh, so it is refreshed before it expires.
    in_use: bool,
    /// A request is waiting: fetch as soon as the shortest interval allows, even from an
    /// interactive source, which no timer starts.
    has_waiter: bool,
    /// It belongs to the bootstrap login: only the slot that depends on it starts a fetch.
    is_bootstrap: bool,
    /// It waits for the bootstrap login.
    is_blocked: bool,
    /// When the last fetch, or its last job that is not for a file, was started.
    started: Option<Instant>,
    /// The number of fetches in a row that failed, or gave the same bytes after a 401.
    failures: u32,
    /// The number of values in a row that replaced a rejected one and were soon rejected too.
    rejections: u32,
}

/// The outcome of a step, for the machine to pass on.
#[derive(Debug)]
pub(crate) enum SlotOutcome {
    /// Carry out this job.
    Ask(Action),
    /// The fetch succeeded. `changed`: its bytes are not the same as before; `reconnect`: the
    /// client certificate or the roots changed; `skew`: how long before its arrival it had expired.
    Renewed { changed: bool, reconnect: bool, skew: Option<Duration> },
    /// The fetch failed; there is no other attempt before `retry_at`.
    Failed { error: Error, retry_at: Instant },
}

/// What requests read.
impl Refreshed {
    pub(crate) fn new(source: Box<dyn Source>) -> Self {
        Self {
            source,
            held: None,
            error: None,
            flight: Flight::Idle,
            in_use: false,
            has_waiter: false,
            is_bootstrap: false,
            is_blocked: false,
            started: None,
            failures: 0,
            rejections: 0,
        }
    }

    pub(crate) fn held(&self) -> Option<&CredentialParts> {
        self.held.as_ref().map(|held| &held.parts)
    }

    #[inline]
    pub(crate) fn expires(&self) -> Option<UnixTime> {
        self.held.as_ref().and_then(|held| held.expires)
    }

    #[inline]
    pub(crate) fn good_until(&self) -> Option<Instant> {
        let held = self.held.as_ref()?;
        earliest([held.ends, held.fresh_until.filter(|_| self.failures == 0)])
    }

    /// What a request gets now: never an expired value, and a value that must be refreshed first
    /// only if the last fetch failed.
    #[inline]
    pub(crate) fn state(&self, now: Now) -> SlotState<'_> {
        match (&self.held, &self.error) {
            (Some(held), _)
                if !held.is_expired(now) && (self.failures > 0 || !held.is_doubtful(now)) =>
            {
                SlotState::Ready(&held.parts)
            }
            (_, Some(error)) if self.flight.is_paused(now) => SlotState::Failed(error),
            _ => SlotState::Pending,
        }
    }

    #[inline]
    pub(crate) fn asks_for_demand(&self, now: Now, policy: &Policy) -> bool {
        self.demand_from(now, policy).is_some_and(|from| from <= now.monotonic)
    }

    /// From when on a demand would tell something.
    pub(crate) fn demand_from(&self, now: Now, policy: &Policy) -> Option<Instant> {
        let at_once = Some(Instant::default());
        if self.flight.is_in_flight() {
            return if self.in_use { None } else { at_once };
        }
        // No person is asked during a pause, whoever demands it.
        if !self.in_use {
            let is_kept_waiting = self.flight.is_paused(now) && self.is_interactive(policy);
            return if is_kept_waiting { self.flight.paused_until() } else { at_once };
        }
        if self.has_waiter {
            return None; // the first opportunity will be taken
        }
        let due = self.held.as_ref().map_or(at_once, Held::due_at)?;
        Some(self.earliest_start(policy).map_or(due, |at| due.max(at)))
    }

    /// When the pause after the last failure is over.
    pub(crate) const fn failed_until(&self) -> Option<Instant> {
        self.flight.paused_until()
    }

    pub(crate) fn is_expired(&self, now: Now) -> bool {
        self.held.as_ref().is_some_and(|held| held.is_expired(now))
    }

    /// The tokens to write back, if the source has any.
    pub(crate) fn stored_tokens(&mut self) -> Option<&mut StoredTokens> {
        self.source.stored_tokens()
    }
}

/// Inputs and time.
impl Refreshed {
    /// A request needs the value.
    pub(crate) fn demand(&mut self, cx: &Cx<'_>) {
        let paused = self.flight.is_paused(cx.now);
        // During a pause an interactive source is not marked: when the pause ends, a browser must
        // not open for a user who has left.
        if !(paused && self.is_interactive(cx.policy)) {
            self.in_use = true;
        }
        self.has_waiter |= !paused && self.is_due(cx.now);
    }

    /// A server answered 401 to what is held. Whether that is a reason to fetch another.
    pub(crate) fn reject(&mut self, cx: &mut Cx<'_>) -> bool {
        let lifecycle = self.source.lifecycle(cx.policy);
        if !lifecycle.refetch_on_401 {
            return false;
        }
        let Some(held) = &mut self.held else { return false };
        let again = !core::mem::replace(&mut held.rejected, true) && held.replacement;
        // Failures before a long time without a fetch do not count.
        let long = cx.policy.backoff.max.saturating_mul(2);
        if self.started.is_none_or(|at| cx.now.monotonic.since(at) > long) {
            (self.failures, self.rejections) = (0, 0);
        } else if again {
            self.slow_down(cx);
        }
        if !(self.is_bootstrap || self.flight.is_paused(cx.now) && lifecycle.interactive) {
            self.in_use = true;
            self.has_waiter = true;
        }
        true
    }

    /// The server rejects each new value, and each may have used up a refresh token. So the next
    /// fetch waits, longer each time; meanwhile requests use the rejected value, and get the
    /// server's 401.
    fn slow_down(&mut self, cx: &mut Cx<'_>) {
        self.rejections = self.rejections.saturating_add(1);
        // The first rejected replacement is fetched again at once: the value may have been revoked
        // twice.
        let Some(pauses) = self.rejections.checked_sub(2) else { return };
        let pause = cx.policy.backoff.pause(pauses, cx.jitter);
        let until = self.started.unwrap_or_default().saturating_add(pause);
        if matches!(self.flight, Flight::Idle) && cx.now.monotonic < until {
            self.failures = self.failures.max(1);
            self.pause(until, Error::Rejected);
        }
    }

    /// The job that has reached its time limit and is to be cancelled; [`Self::advance`] goes on
    /// from there.
    pub(crate) fn overdue(&self, now: Now) -> Option<ActionId> {
        self.flight.overdue(now).map(|(id, _)| id)
    }

    /// Takes the next step that is due: ends a job past its time limit, or starts a fetch.
    pub(crate) fn advance(&mut self, cx: &mut Cx<'_>) -> Option<SlotOutcome> {
        if let Some((_, limit)) = self.flight.overdue(cx.now) {
            let failure = Failure::new(FailureKind::TimedOut, "");
            let progress = self.source.recover(cx, JobFailure { failure, waited: Some(limit) });
            return Some(self.follow(cx, progress));
        }
        // If the wall clock was set back, the value may be valid again.
        self.has_waiter &= self.is_due(cx.now);
        if self.wants_to_start(cx) && !self.is_blocked {
            self.started = Some(cx.now.monotonic);
            self.has_waiter = false;
            let progress = self.source.begin(cx);
            return Some(self.follow(cx, progress));
        }
        None
    }

    /// Whether [`Self::advance`] would start a fetch.
    pub(crate) fn wants_to_start(&self, cx: &Cx<'_>) -> bool {
        let asked = self.has_waiter || self.in_use && self.is_timer_driven(cx.policy);
        asked && self.is_due(cx.now) && self.may_start(cx.now, cx.policy)
    }

    /// Whether it waits for the answer to this job.
    pub(crate) fn is_waiting_for(&self, job: ActionId) -> bool {
        self.flight.is_waiting_for(job)
    }

    /// Takes the answer to the job in flight.
    pub(crate) fn complete(
        &mut self,
        cx: &mut Cx<'_>,
        outcome: Result<Reply, Failure>,
    ) -> SlotOutcome {
        let progress = match outcome {
            Ok(reply) => self.source.accept(cx, reply),
            Err(failure) => self.source.recover(cx, JobFailure { failure, waited: None }),
        };
        self.follow(cx, progress)
    }

    /// When [`Self::advance`] must be called next.
    pub(crate) fn deadline(&self, policy: &Policy) -> Option<Instant> {
        let announced = |held: &&Held| !held.marked_expired && !self.is_bootstrap;
        let end = self.held.as_ref().filter(announced).and_then(|held| held.ends);
        let next = if self.flight.is_in_flight() {
            self.flight.deadline()
        } else if self.is_blocked {
            None
        } else if self.has_waiter {
            self.earliest_start(policy)
        } else if self.in_use && self.is_timer_driven(policy) {
            let due = self.held.as_ref().map_or_else(|| Some(Instant::default()), Held::due_at);
            due.map(|due| self.earliest_start(policy).map_or(due, |at| due.max(at)))
        } else {
            None
        };
        earliest([end, next])
    }

    /// Whether the value has expired since the last call. (It can become valid again, if the wall
    /// clock is set back.)
    pub(crate) fn mark_expired(&mut self, now: Now) -> bool {
        let Some(held) = &mut self.held else { return false };
        let expired = held.is_expired(now);
        let news = expired && !held.marked_expired;
        held.marked_expired = expired;
        news
    }

    /// Stops, and returns the job to cancel, if one was in flight.
    pub(crate) fn cancel(&mut self) -> Option<ActionId> {
        self.flight.cancel()
    }
}

/// The bootstrap login, and the slot that depends on it.
impl Refreshed {
    /// Marks it as a part of the bootstrap login.
    pub(crate) fn into_bootstrap(self) -> Self {
        Self { is_bootstrap: true, ..self }
    }

    /// Sets whether it waits for the bootstrap login.
    pub(crate) const fn set_blocked(&mut self, is_blocked: bool) {
        self.is_blocked = is_blocked;
    }

    /// Passes on the bootstrap credential for the next fetch.
    pub(crate) fn lend(&mut self, credential: BootstrapCredential) {
        self.source.lend(credential);
    }

    /// The bootstrap login has failed, and therefore this fetch too.
    pub(crate) fn fail_bootstrap(&mut self, cx: &mut Cx<'_>, error: Error) -> SlotOutcome {
        self.started = Some(cx.now.monotonic);
        let error = self.source.bootstrap_failed(error);
        self.fail(cx, error)
    }

    /// Whether a server has rejected the bootstrap credential since the last call.
    pub(crate) fn take_bootstrap_rejection(&mut self) -> bool {
        self.source.take_bootstrap_rejection()
    }
}

/// Decisions.
impl Refreshed {
    fn is_interactive(&self, policy: &Policy) -> bool {
        self.source.lifecycle(policy).interactive
    }

    fn is_timer_driven(&self, policy: &Policy) -> bool {
        let ahead = matches!(policy.renewal, Renewal::Ahead { .. });
        ahead && !self.is_bootstrap && !self.is_interactive(policy)
    }

    fn is_due(&self, now: Now) -> bool {
        self.held.as_ref().is_none_or(|held| held.is_due(now))
    }

    fn earliest_start(&self, policy: &Policy) -> Option<Instant> {
        let paced = self.started.map(|at| at.saturating_add(policy.min_interval));
        match self.flight.paused_until() {
            Some(until) => paced.map_or(Some(until), |at| Some(at.max(until))),
            None => paced,
        }
    }

    fn may_start(&self, now: Now, policy: &Policy) -> bool {
        !self.flight.is_in_flight()
            && self.earliest_start(policy).is_none_or(|at| now.monotonic >= at)
    }

    fn follow(&mut self, cx: &mut Cx<'_>, progress: Result<Progress, Error>) -> SlotOutcome {
        match progress {
            Ok(Progress::Request(request)) => {
                // The shortest interval is between runs of the plugin, or requests to the provider.
                // A file that is read before may be slow, and does not count.
                if !matches!(request, JobRequest::Read(_) | JobRequest::Write(_)) {
                    self.started = Some(cx.now.monotonic);
                }
                SlotOutcome::Ask(self.flight.launch(cx, request))
            }
            Ok(Progress::Done(parts)) => self.hold(cx, parts),
            Err(error) => self.fail(cx, error),
        }
    }

    fn hold(&mut self, cx: &mut Cx<'_>, parts: CredentialParts) -> SlotOutcome {
        let now = cx.now;
        let before = self.held.as_ref();
        let changed = before.is_none_or(|held| !held.parts.same_bytes(&parts));
        let rejected = before.is_some_and(|held| held.rejected);
        let reconnect = before.is_some_and(|held| {
            held.parts.identity != parts.identity || held.parts.roots != parts.roots
        });
        let skew = parts.expires.filter(|end| *end <= now.wall).map(|end| now.wall.since(end));
        let lifecycle = self.source.lifecycle(cx.policy);
        let held = Held::new(cx, parts, &lifecycle);
        self.held = Some(Held { replacement: changed && rejected, ..held });
        self.in_use = false;
        self.has_waiter = false;
        if rejected && !changed {
            // The source gave the rejected bytes again, so it is not asked again at once.
            let pause = cx.policy.backoff.pause(self.failures, cx.jitter);
            self.failures = self.failures.saturating_add(1);
            self.pause(now.monotonic.saturating_add(pause), Error::Rejected);
        } else {
            self.failures = 0;
            self.error = None;
            self.flight = Flight::Idle;
        }
        SlotOutcome::Renewed { changed, reconnect, skew }
    }

    /// Starts no fetch before `until`. If the value expires meanwhile, requests get the reason as an
    /// error: they cannot wait for the end of the pause, after which no timer asks a person.
    fn pause(&mut self, until: Instant, reason: Error) {
        self.flight = Flight::Paused { until };
        self.error = Some(Box::new(reason));
    }

    fn fail(&mut self, cx: &mut Cx<'_>, error: Error) -> SlotOutcome {
        let now = cx.now;
        let slowly = self.source.lifecycle(cx.policy).retry_slowly;
        let attempt = if slowly { u32::MAX } else { self.failures };
        let pause = now.monotonic.saturating_add(cx.policy.backoff.pause(attempt, cx.jitter));
        // The pause ends before the value expires.
        let end =
            self.held.as_ref().filter(|held| !held.is_expired(now)).and_then(|held| held.ends);
        let pause = end.map_or(pause, |end| pause.min(end));
        let paced = self.started.map(|at| at.saturating_add(cx.policy.min_interval));
        let retry_at = paced.map_or(pause, |at| at.max(pause));
        self.failures = self.failures.saturating_add(1);
        self.pause(retry_at, error.clone());
        self.has_waiter = false;
        // A timer starts further attempts only until the value expires.
        self.in_use = self
            .held
            .as_ref()
            .is_some_and(|held| held.ends.is_some() && !held.is_expired(now) && !held.rejected);
        if self.held.is_none() {
            // The fallback is used while the fetch is repeated (TK-6).
            let fallback = self.source.fallback();
            self.held = fallback.map(|f| Held { renew_at: Some(retry_at), ..Held::endless(f) });
        }
        SlotOutcome::Failed { error, retry_at }
    }
}
