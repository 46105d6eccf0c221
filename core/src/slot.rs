//! One source's life: what is held, and what is being done about it.
//!
//! ```text
//!            Demand              last answer, good          due · expired · Reject
//!  nothing ─────────▶ in flight ───────────────────▶ held ─────────────────────────▶ held, in flight
//!     ▲                  │                            ▲  ▲                              │    │
//!     │                  │ bad answer, time limit     │  └───────── good answer ────────┘    │
//!     │                  ▼                            │                                      ▼
//!     └─ pause over ── nothing, paused          held, paused ◀──────────── bad answer ───────┘
//! ```
//!
//! A single flight is a fact of the type: [`Doing`] has room for one. Every decision is derived
//! anew from `now`, so a timer that sleeps through a suspend makes a slot late, never wrong.

use crate::error::Error;
use crate::policy::{Jitter, Policy, Renewal};
use crate::protocol::{ActionId, Failure, FailureKind, Reply};
use crate::source::{Fetched, Next, OidcSource, Source, Stage, Work};
use crate::time::{Instant, Now, UnixTime};
use core::time::Duration;

/// A source, what it gave, and what it is doing.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    source: Source,
    held: Option<Held>,
    error: Option<Error>,
    doing: Doing,
    /// Someone has asked since the last renewal: reason enough to renew ahead.
    wanted: bool,
    /// Someone is waiting: start as soon as the pace allows, even what no timer may start.
    urgent: bool,
    /// When the last acquisition was started, or its latest job that was not for a file.
    started: Option<Instant>,
    /// Acquisitions in a row that failed, or that brought the same bytes after a 401.
    misses: u32,
    /// Credentials in a row that came after a 401 and soon got one themselves.
    refused: u32,
}

/// A credential, and the times that matter to it.
#[derive(Clone, Debug)]
struct Held {
    fetched: Fetched,
    /// Its end on the wall clock.
    expires: Option<UnixTime>,
    /// Its end on the monotonic clock.
    ends: Option<Instant>,
    /// From here on it is renewed beside the requests.
    renew_at: Option<Instant>,
    /// From here on requests wait for a renewal, unless one has just failed.
    fresh_until: Option<Instant>,
    /// A server has answered 401 to it.
    suspect: bool,
    /// It came in place of one that a server had answered 401 to.
    replacement: bool,
    /// Its end has been told to the host.
    withdrawn: bool,
}

#[derive(Clone, Debug)]
enum Doing {
    Flight { id: ActionId, stage: Stage, until: Option<Instant>, limit: Duration },
    Idle,
    Paused { until: Instant },
}

/// What a slot did with an input, for the machine to pass on.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It wants this job done, under the id that it was given.
    Ask(Work),
    /// It holds something. `changed`: other bytes than before; `reconnect`: they matter to
    /// connections; `skew`: how long ago it had ended when it came.
    Renewed { changed: bool, reconnect: bool, skew: Option<Duration> },
    /// It failed; the next attempt is not before `retry_at`.
    Failed { error: Error, retry_at: Instant },
}

/// What a request can have of a slot.
#[derive(Debug)]
pub(crate) enum Offer<'a> {
    Ready(&'a Fetched),
    Failed(&'a Error),
    Pending,
}

impl Slot {
    /// A slot that will fetch on demand.
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            held: None,
            error: None,
            doing: Doing::Idle,
            wanted: false,
            urgent: false,
            started: None,
            misses: 0,
            refused: 0,
        }
    }

    /// A slot that holds, or lacks, one thing for ever.
    pub(crate) fn fixed(what: Result<Fetched, Error>) -> Self {
        let mut slot = Self::new(Source::Fixed);
        match what {
            Ok(fetched) => slot.held = Some(Held::endless(fetched)),
            Err(error) => slot.error = Some(error),
        }
        slot
    }

    /// The source, if it has tokens to write back.
    pub(crate) fn oidc(&mut self) -> Option<&mut OidcSource> {
        self.source.oidc()
    }

    pub(crate) fn held(&self) -> Option<&Fetched> {
        self.held.as_ref().map(|held| &held.fetched)
    }

    /// The end of what is held on the wall clock.
    #[inline]
    pub(crate) fn expires(&self) -> Option<UnixTime> {
        self.held.as_ref().and_then(|held| held.expires)
    }

    /// Until when what is held may be used without asking again.
    #[inline]
    pub(crate) fn good_until(&self) -> Option<Instant> {
        let held = self.held.as_ref()?;
        earliest([held.ends, held.fresh_until.filter(|_| self.misses == 0)])
    }

    /// What a request can have now. An expired credential, never; one that ought to be checked
    /// first, only if the last check failed.
    #[inline]
    pub(crate) fn offer(&self, now: Now) -> Offer<'_> {
        match &self.held {
            Some(held) if !held.expired(now) && (self.misses > 0 || !held.doubtful(now)) => {
                Offer::Ready(&held.fetched)
            }
            _ => match (&self.doing, &self.error, &self.source) {
                (_, Some(error), Source::Fixed) => Offer::Failed(error),
                (Doing::Paused { until }, Some(error), _) if now.monotonic < *until => {
                    Offer::Failed(error)
                }
                _ => Offer::Pending,
            },
        }
    }

    /// Whether a `Demand` would tell the machine something that it does not know.
    #[inline]
    pub(crate) fn asks_for_demand(&self, now: Now, policy: &Policy) -> bool {
        !matches!(self.source, Source::Fixed)
            && (!self.wanted || self.due(now) && self.may_start(now, policy))
    }

    /// Whether what is held has ended.
    pub(crate) fn expired(&self, now: Now) -> bool {
        self.held.as_ref().is_some_and(|held| held.expired(now))
    }

    /// Whether it can never hold anything: what the profile gives is no good.
    pub(crate) fn is_hopeless(&self) -> bool {
        matches!(self.source, Source::Fixed) && self.held.is_none()
    }

    /// Someone wants to send a request.
    pub(crate) fn demand(&mut self, now: Now) {
        if matches!(self.source, Source::Fixed) {
            return;
        }
        let pausing = self.is_pausing(now);
        // A browser must not open when the person who asked has long gone away.
        if !(pausing && self.source.talks_to_a_person()) {
            self.wanted = true;
        }
        self.urgent |= !pausing && self.due(now);
    }

    /// A server answered 401 to what is held. Whether that is news for this slot.
    pub(crate) fn reject(&mut self, now: Now, policy: &Policy, jitter: &mut Jitter) -> bool {
        if !self.source.answers_for_401() {
            return false;
        }
        let Some(held) = &mut self.held else { return false };
        let again = !core::mem::replace(&mut held.suspect, true) && held.replacement;
        // What a refresh did long ago says nothing about the next one.
        let long = policy.backoff.max.saturating_mul(2);
        if self.started.is_none_or(|at| now.monotonic.since(at) > long) {
            (self.misses, self.refused) = (0, 0);
        } else if again {
            self.slow_down(now, policy, jitter);
        }
        let pausing = self.is_pausing(now);
        if !(pausing && self.source.talks_to_a_person()) {
            self.wanted = true;
            self.urgent = true;
        }
        true
    }

    /// The server refuses one new credential after the other, and each of them may have cost a
    /// refresh token. The next one waits, longer each time, and callers get the server's answer to
    /// this one meanwhile.
    fn slow_down(&mut self, now: Now, policy: &Policy, jitter: &mut Jitter) {
        self.refused = self.refused.saturating_add(1);
        // Once may be a second change of mind: that is worth waiting for.
        let Some(pauses) = self.refused.checked_sub(2) else { return };
        let pause = policy.backoff.pause(pauses, jitter);
        let until = self.started.unwrap_or_default().saturating_add(pause);
        if matches!(self.doing, Doing::Idle) && now.monotonic < until {
            self.doing = Doing::Paused { until };
            self.misses = self.misses.max(1);
        }
    }

    /// Notices what time has done: a job past its limit, the next acquisition due. `id` is for the
    /// job, if one is asked for. The first value is a job to call off.
    pub(crate) fn advance(
        &mut self,
        now: Now,
        id: ActionId,
        policy: &Policy,
        jitter: &mut Jitter,
    ) -> (Option<ActionId>, Option<Outcome>) {
        if let Doing::Flight { id: late, stage, until: Some(until), limit } = &self.doing
            && now.monotonic >= *until
        {
            let failure = Failure::new(FailureKind::TimedOut, "");
            let next = self.source.recover(now, stage, failure, Some(*limit), policy);
            let late = *late;
            return (Some(late), Some(self.follow(now, next, id, policy, jitter)));
        }
        let due = self.due(now);
        // A wall clock that was set back can undo a need.
        self.urgent &= due;
        let asked = self.urgent || self.wanted && self.timer_driven(policy);
        if due && asked && self.may_start(now, policy) {
            return (None, Some(self.start(now, id, policy, jitter)));
        }
        (None, None)
    }

    /// Takes the answer to the job `answered`, if that is the one in flight; `None` otherwise.
    /// `id` is for the next job, if there is one.
    pub(crate) fn complete(
        &mut self,
        now: Now,
        answered: ActionId,
        outcome: &mut Option<Result<Reply, Failure>>,
        id: ActionId,
        policy: &Policy,
        jitter: &mut Jitter,
    ) -> Option<Outcome> {
        let Doing::Flight { id: flying, stage, .. } = &self.doing else { return None };
        if *flying != answered {
            return None;
        }
        let (stage, outcome) = (stage.clone(), outcome.take()?);
        let next = match outcome {
            Ok(reply) => self.source.accept(now, stage, reply, policy),
            Err(failure) => self.source.recover(now, &stage, failure, None, policy),
        };
        Some(self.follow(now, next, id, policy, jitter))
    }

    /// When to be asked again.
    pub(crate) fn deadline(&self, policy: &Policy) -> Option<Instant> {
        let end = self.held.as_ref().filter(|held| !held.withdrawn).and_then(|held| held.ends);
        let next = match &self.doing {
            Doing::Flight { until, .. } => *until,
            _ if self.urgent => self.earliest_start(policy),
            _ if self.wanted && self.timer_driven(policy) => {
                self.due_at().map(|due| self.earliest_start(policy).map_or(due, |at| due.max(at)))
            }
            _ => None,
        };
        earliest([end, next])
    }

    /// Whether what is held has ended since the last time this was asked. (A wall clock that is
    /// set back can bring it to life again.)
    pub(crate) fn withdraw(&mut self, now: Now) -> bool {
        let Some(held) = &mut self.held else { return false };
        let expired = held.expired(now);
        let news = expired && !held.withdrawn;
        held.withdrawn = expired;
        news
    }

    /// Stops; says which job to call off.
    pub(crate) fn close(&mut self) -> Option<ActionId> {
        let id = match self.doing {
            Doing::Flight { id, .. } => Some(id),
            _ => None,
        };
        *self = Self::new(Source::Fixed);
        id
    }

    fn is_pausing(&self, now: Now) -> bool {
        matches!(self.doing, Doing::Paused { until } if now.monotonic < until)
    }

    fn timer_driven(&self, policy: &Policy) -> bool {
        matches!(policy.renewal, Renewal::Ahead { .. }) && !self.source.talks_to_a_person()
    }

    fn due(&self, now: Now) -> bool {
        match &self.held {
            Some(held) => {
                held.expired(now)
                    || held.doubtful(now)
                    || held.renew_at.is_some_and(|at| now.monotonic >= at)
            }
            None => !matches!(self.source, Source::Fixed),
        }
    }

    fn due_at(&self) -> Option<Instant> {
        match &self.held {
            Some(held) if held.suspect => Some(Instant::default()),
            Some(held) => earliest([held.renew_at, held.fresh_until, held.ends]),
            None => Some(Instant::default()),
        }
    }

    fn earliest_start(&self, policy: &Policy) -> Option<Instant> {
        let paced = self.started.map(|at| at.saturating_add(policy.min_interval));
        match self.doing {
            Doing::Paused { until } => paced.map_or(Some(until), |at| Some(at.max(until))),
            _ => paced,
        }
    }

    fn may_start(&self, now: Now, policy: &Policy) -> bool {
        !matches!(self.doing, Doing::Flight { .. })
            && self.earliest_start(policy).is_none_or(|at| now.monotonic >= at)
    }

    fn start(&mut self, now: Now, id: ActionId, policy: &Policy, jitter: &mut Jitter) -> Outcome {
        self.started = Some(now.monotonic);
        self.urgent = false;
        let next = self.source.begin(now, policy);
        self.follow(now, next, id, policy, jitter)
    }

    fn follow(
        &mut self,
        now: Now,
        next: Result<Next, Error>,
        id: ActionId,
        policy: &Policy,
        jitter: &mut Jitter,
    ) -> Outcome {
        match next {
            Ok(Next::Work(stage, work)) => {
                // What is paced is the plugin, or the provider, not a file that is read for it and
                // may be slow.
                if matches!(work, Work::Run(_) | Work::Send(_)) {
                    self.started = Some(now.monotonic);
                }
                let limit = work.limit(policy);
                let until = limit.map(|limit| now.monotonic.saturating_add(limit));
                let limit = limit.unwrap_or_default();
                self.doing = Doing::Flight { id, stage, until, limit };
                Outcome::Ask(work)
            }
            Ok(Next::Done(fetched)) => self.hold(now, fetched, policy, jitter),
            Err(error) => self.fail(now, error, policy, jitter),
        }
    }

    fn hold(
        &mut self,
        now: Now,
        fetched: Fetched,
        policy: &Policy,
        jitter: &mut Jitter,
    ) -> Outcome {
        let changed = self.held.as_ref().is_none_or(|held| !held.fetched.same_bytes(&fetched));
        let suspect = self.held.as_ref().is_some_and(|held| held.suspect);
        let useless = !changed && suspect;
        let reconnect = self.held.as_ref().is_some_and(|held| {
            held.fetched.identity != fetched.identity || held.fetched.roots != fetched.roots
        });
        let skew = fetched.expires.filter(|end| *end <= now.wall).map(|end| now.wall.since(end));
        let held = Held::new(now, fetched, &self.source, policy, jitter);
        self.held = Some(Held { replacement: changed && suspect, ..held });
        self.error = None;
        self.wanted = false;
        self.urgent = false;
        if useless {
            // The server refuses just these bytes: asking faster brings nothing else.
            let until = now.monotonic.saturating_add(policy.backoff.pause(self.misses, jitter));
            self.misses = self.misses.saturating_add(1);
            self.doing = Doing::Paused { until };
        } else {
            self.misses = 0;
            self.doing = Doing::Idle;
        }
        Outcome::Renewed { changed, reconnect, skew }
    }

    fn fail(&mut self, now: Now, error: Error, policy: &Policy, jitter: &mut Jitter) -> Outcome {
        let pause = now.monotonic.saturating_add(policy.backoff.pause(self.misses, jitter));
        let paced = self.started.map(|at| at.saturating_add(policy.min_interval));
        let retry_at = paced.map_or(pause, |at| at.max(pause));
        self.misses = self.misses.saturating_add(1);
        self.doing = Doing::Paused { until: retry_at };
        self.error = Some(error.clone());
        self.urgent = false;
        // A timer goes on trying while what is held comes nearer to its end, and not for ever.
        self.wanted = self
            .held
            .as_ref()
            .is_some_and(|held| held.ends.is_some() && !held.expired(now) && !held.suspect);
        if self.held.is_none() {
            // It serves while the source is tried again and again (TK-6).
            let fallback = self.source.fallback();
            self.held = fallback.map(|f| Held { renew_at: Some(retry_at), ..Held::endless(f) });
        }
        Outcome::Failed { error, retry_at }
    }
}

impl Held {
    fn endless(fetched: Fetched) -> Self {
        Self {
            fetched,
            expires: None,
            ends: None,
            renew_at: None,
            fresh_until: None,
            suspect: false,
            replacement: false,
            withdrawn: false,
        }
    }

    fn new(
        now: Now,
        fetched: Fetched,
        source: &Source,
        policy: &Policy,
        jitter: &mut Jitter,
    ) -> Self {
        let mut held = Self::endless(fetched);
        let life = match held.fetched.expires {
            // Ended before it came: somebody's clock is wrong. The server shall decide.
            Some(end) if end <= now.wall => Some(policy.skew_hold),
            Some(end) => {
                held.expires = Some(end);
                Some(end.since(now.wall))
            }
            None => None,
        };
        if let Some(life) = life {
            let ends = now.monotonic.saturating_add(life);
            held.ends = Some(ends);
            held.renew_at = source
                .lead(life, policy)
                .map(|lead| ends.saturating_sub(lead).saturating_sub(jitter.below(lead / 10)));
            held.fresh_until =
                source.leeway(policy).map(|leeway| ends.saturating_sub(leeway.min(life / 2)));
        }
        if let Some(reload) = source.reload(policy) {
            let again = now.monotonic.saturating_add(reload.every.saturating_sub(reload.leeway));
            let limit = match policy.renewal {
                Renewal::Ahead { .. } => now.monotonic.saturating_add(reload.every),
                // client-go reads again in the request that comes after this (TK-4).
                Renewal::WhenExpired => again,
            };
            held.renew_at = earliest([held.renew_at, Some(again)]);
            held.fresh_until = Some(limit);
        }
        held
    }

    /// Dead by either clock.
    fn expired(&self, now: Now) -> bool {
        self.expires.is_some_and(|end| now.wall >= end)
            || self.ends.is_some_and(|end| now.monotonic >= end)
    }

    /// To be checked before it is used again.
    fn doubtful(&self, now: Now) -> bool {
        self.suspect || self.fresh_until.is_some_and(|limit| now.monotonic >= limit)
    }
}

/// The first of some times that may not be. (Each request asks this: an iterator's `min` costs it
/// several nanoseconds more.)
#[inline]
pub(crate) fn earliest<const N: usize>(times: [Option<Instant>; N]) -> Option<Instant> {
    let mut first: Option<Instant> = None;
    for time in times {
        first = match (first, time) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    first
}
