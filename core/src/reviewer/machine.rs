//! The machine.

use super::cache::{Cache, Entry};
use super::flight::{Flight, State, failure_may_pass, may_pass, pause};
use super::key::{Hasher, Key};
use super::protocol::{Action, Decided, Decision, Identity, Input, ReviewReply, ReviewWire};
use super::settings::Settings;
use crate::api::call::{ApiReply, CallError, MAX_TOKEN};
use crate::api::token_review::{TokenReview, Verdict};
use crate::jwt::token_expiry;
use crate::protocol::{ActionId, Completion, Failure, Job};
use crate::secret::Secret;
use crate::time::{Instant, Now, UnixTime};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

/// What callers are told to wait when too many reviews are in flight.
const CROWD: Duration = Duration::from_secs(1);

/// The longest that callers are told to wait, whatever the API server says.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// While the server cannot be asked, what still holds is reviewed again no more often than this.
const FAILING_PAUSE: Duration = Duration::from_secs(1);

/// For so long after its end an accepted token has precedence over unknown ones.
const PRECEDENCE: Duration = Duration::from_secs(5 * 60);

/// Reviews tokens, and remembers what came of it. `Debug` shows numbers only.
pub struct Reviewer {
    settings: Settings,
    hasher: Hasher,
    accepted: Cache,
    refused: Cache,
    flights: BTreeMap<Key, Flight>,
    actions: VecDeque<Action>,
    /// The time that the last [`Action::WakeAt`] said.
    announced: Option<Instant>,
    next_id: u64,
    /// A number that changes with each use, for pauses.
    chance: u64,
    stats: Stats,
    is_closed: bool,
}

/// What is known of a token without asking.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host must act on each")]
pub enum Lookup {
    /// This holds.
    Known {
        /// What to do with the request.
        decision: Decision,
        /// It ends soon: hand in [`Input::Review`] on the side, and wait for nothing.
        review: bool,
    },
    /// Nothing: hand in [`Input::Review`] and wait for [`Action::Decided`].
    Unknown,
}

/// What a reviewer has done and holds, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Reviews that were begun.
    pub reviews: u64,
    /// Attempts, those that were repeated included.
    pub attempts: u64,
    /// Reviews that ended in an accepted token.
    pub accepted: u64,
    /// Reviews that ended in a refused one.
    pub refused: u64,
    /// Reviews that came to nothing, those that were not begun included.
    pub unavailable: u64,
    /// Accepted tokens that are remembered now.
    pub accepted_held: usize,
    /// Refused ones.
    pub refused_held: usize,
    /// Reviews in flight now.
    pub in_flight: usize,
}

impl Reviewer {
    /// One that remembers nothing yet. `key`: 32 random bytes of this process. `jitter_seed`: any
    /// number that differs from process to process.
    pub fn new(settings: Settings, key: [u8; 32], jitter_seed: u64) -> Self {
        Self {
            hasher: Hasher::new(&key, settings.asked()),
            accepted: Cache::new(settings.max_accepted),
            refused: Cache::new(settings.max_refused),
            flights: BTreeMap::new(),
            actions: VecDeque::new(),
            announced: None,
            next_id: 0,
            chance: jitter_seed,
            stats: Stats::default(),
            is_closed: false,
            settings,
        }
    }

    /// What stands for a token.
    pub fn key(&self, token: &[u8]) -> Key {
        self.hasher.key(token)
    }

    /// What is known of a token. Costs one search; nothing is copied but a reference.
    pub fn lookup(&self, now: Now, key: &Key) -> Lookup {
        let held = [self.accepted.get(key), self.refused.get(key)];
        match held.into_iter().flatten().find(|entry| entry.holds(now)) {
            None => Lookup::Unknown,
            Some(entry) => {
                let review = now.monotonic >= entry.renew_at && !self.flights.contains_key(key);
                Lookup::Known { decision: entry.decision.clone(), review }
            }
        }
    }

    /// What it has done and holds.
    pub fn stats(&self) -> Stats {
        Stats {
            accepted_held: self.accepted.len(),
            refused_held: self.refused.len(),
            in_flight: self.flights.len(),
            ..self.stats
        }
    }

    /// Takes in what happened. Then [`Reviewer::poll_action`] says what to do.
    pub fn handle_input(&mut self, now: Now, input: Input) {
        if self.is_closed {
            return;
        }
        match input {
            Input::Review(token) => self.review(now, token),
            Input::Complete(completion) => self.complete(now, completion),
            Input::Tick => {}
            Input::Close => return self.close(),
        }
        self.advance(now);
    }

    /// The next thing to do; `None`: nothing until the next input.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front().or_else(|| {
            let next = self.next().filter(|next| self.announced != Some(*next))?;
            self.announced = Some(next);
            Some(Action::WakeAt(next))
        })
    }

    fn next(&self) -> Option<Instant> {
        let flights = self.flights.values().map(Flight::next).min();
        [flights, self.accepted.next(), self.refused.next()].into_iter().flatten().min()
    }

    fn review(&mut self, now: Now, token: Secret) {
        let key = self.key(token.expose());
        if self.flights.contains_key(&key) {
            return;
        }
        // Between the look-up and this, another review may have ended (RV-17).
        if let Lookup::Known { decision, review: false } = self.lookup(now, &key) {
            return self.decide(key, decision);
        }
        if let Some(reason) = self.refuses_unasked(now, &token) {
            return self.decide(key, Decision::Refused { reason: reason.into() });
        }
        let is_known = self.accepted.get(&key).is_some();
        let beside = self.flights.values().filter(|flight| flight.is_known == is_known);
        if beside.count() >= self.settings.max_in_flight {
            self.stats.unavailable += 1;
            let reason = "too many reviews are in flight".into();
            return self.cannot_ask(now, key, reason, CROWD);
        }
        self.stats.reviews += 1;
        let deadline = now.monotonic.saturating_add(self.settings.timeout);
        let state = State::Paused(now.monotonic);
        let end = token_expiry(&token);
        self.flights.insert(key, Flight { token, end, is_known, state, attempts: 0, deadline });
    }

    /// Why a token is refused without asking; `None`: it is to be asked.
    fn refuses_unasked(&self, now: Now, token: &Secret) -> Option<&'static str> {
        match token.len() {
            0 => Some("it is empty"),
            length if length > MAX_TOKEN => Some("it is longer than 16 KiB"),
            // What is no text cannot be written into the question.
            _ if token.expose_str().is_none() => Some("it is not UTF-8"),
            _ if self.settings.refuses_all() => Some("no audience is configured"),
            _ if token_expiry(token).is_some_and(|end| end <= now.wall) => Some("it has expired"),
            _ => None,
        }
    }

    /// Does what is due.
    fn advance(&mut self, now: Now) {
        self.accepted.forget(now.monotonic);
        self.refused.forget(now.monotonic);
        let due = |flight: &Flight| flight.next() <= now.monotonic;
        while let Some(key) = self.flights.iter().find_map(|(key, f)| due(f).then_some(*key)) {
            let Some(flight) = self.flights.get_mut(&key) else { return };
            if flight.deadline <= now.monotonic {
                if let State::Sent(id) = flight.state {
                    self.actions.push_back(Action::Cancel(id));
                }
                self.unavailable(now, key, "the review took too long", None);
                continue;
            }
            let id = ActionId::from_u64(self.next_id);
            self.next_id += 1;
            flight.state = State::Sent(id);
            flight.attempts = flight.attempts.saturating_add(1);
            self.stats.attempts += 1;
            let audiences = self.settings.asked().to_vec();
            let request = TokenReview::new(flight.token.clone(), audiences).request();
            self.actions.push_back(Action::SendReview(Job { id, request }));
        }
    }

    fn complete(&mut self, now: Now, completion: Completion<ReviewWire>) {
        let Completion { id, outcome } = completion;
        let mut flights = self.flights.iter();
        let found = flights.find_map(|(key, f)| (f.state == State::Sent(id)).then_some(*key));
        // An answer to a job that was cancelled, or that nobody sent.
        let Some(key) = found else { return };
        match outcome.map_err(Trouble::of_failure).and_then(|reply| read(&reply)) {
            Ok(review) => self.reviewed(now, key, &review),
            Err(trouble) => self.failed(now, key, &trouble),
        }
    }

    fn reviewed(&mut self, now: Now, key: Key, review: &TokenReview) {
        let Some(flight) = self.flights.remove(&key) else { return };
        let settings = &self.settings;
        let verdict = review.verdict(settings.asked(), &settings.implicit_audiences);
        let refused = |reason: &str| Decision::Refused { reason: flight.hide(reason) };
        let decision = match verdict {
            // It was good when it was asked about, and has ended since.
            Verdict::Authenticated { .. } if flight.end.is_some_and(|end| end <= now.wall) => {
                refused("it has expired")
            }
            // Front-proxy headers cannot say it: an empty name is no user there.
            Verdict::Authenticated { user, .. } if user.username.is_empty() => {
                refused("the API server accepts it, and names no user")
            }
            Verdict::Authenticated { user, audiences } => {
                Decision::Accepted(Arc::new(Identity::new(user, audiences)))
            }
            // API servers call every bad token an error, so both are believed for the same time.
            Verdict::Unauthenticated { reason } | Verdict::Error { error: reason } => {
                refused(&reason)
            }
        };
        self.remember(now, key, &decision, flight.end);
        self.decide(key, decision);
    }

    fn remember(&mut self, now: Now, key: Key, decision: &Decision, end: Option<UnixTime>) {
        let Settings { accepted_for, refused_for, stale_for, ahead_percent, .. } = self.settings;
        let is_accepted = matches!(decision, Decision::Accepted(_));
        let (life, stale, ahead, precedence) = match is_accepted {
            true => (accepted_for, stale_for, u32::from(ahead_percent.min(100)), PRECEDENCE),
            false => (refused_for, Duration::ZERO, 0, Duration::ZERO),
        };
        let until = now.monotonic.saturating_add(life);
        let stale_until = until.saturating_add(stale);
        let entry = Entry {
            decision: decision.clone(),
            made_at: now.monotonic,
            renew_at: until.saturating_sub(life * ahead / 100),
            until,
            stale_until,
            forget_at: stale_until.saturating_add(precedence),
            end,
            is_failing: false,
        };
        let (into, other) = match is_accepted {
            true => (&mut self.accepted, &mut self.refused),
            false => (&mut self.refused, &mut self.accepted),
        };
        match is_accepted {
            true => self.stats.accepted += 1,
            false => self.stats.refused += 1,
        }
        other.remove(&key);
        into.insert(key, entry);
    }

    fn failed(&mut self, now: Now, key: Key, trouble: &Trouble) {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let Some(flight) = self.flights.get_mut(&key) else { return };
        let again = trouble.again.filter(|_| flight.attempts < self.settings.max_attempts);
        if let Some(wanted) = again {
            let pause = pause(&self.settings, flight.attempts, wanted, self.chance >> 33);
            let until = now.monotonic.saturating_add(pause);
            if until < flight.deadline {
                flight.state = State::Paused(until);
                self.accepted.fail(&key, now.monotonic.saturating_add(FAILING_PAUSE));
                // What may go on for a while answers at once; the review goes on beside.
                if let Lookup::Known { decision, .. } = self.lookup(now, &key) {
                    self.decide(key, decision);
                }
                return;
            }
        }
        self.unavailable(now, key, &trouble.reason, trouble.again.flatten());
    }

    /// The review came to nothing. What was remembered may go on for a while.
    fn unavailable(&mut self, now: Now, key: Key, reason: &str, wanted: Option<Duration>) {
        let Some(flight) = self.flights.remove(&key) else { return };
        self.stats.unavailable += 1;
        self.accepted.fail(&key, now.monotonic.saturating_add(FAILING_PAUSE));
        let retry_after = wanted.unwrap_or(CROWD).min(LONGEST_WAIT);
        self.cannot_ask(now, key, flight.hide(reason), retry_after);
    }

    /// What holds answers; without it, nothing can.
    fn cannot_ask(&mut self, now: Now, key: Key, reason: Arc<str>, retry_after: Duration) {
        match self.lookup(now, &key) {
            Lookup::Known { decision, .. } => self.decide(key, decision),
            Lookup::Unknown => self.decide(key, Decision::Unavailable { reason, retry_after }),
        }
    }

    fn decide(&mut self, key: Key, decision: Decision) {
        self.actions.push_back(Action::Decided(Decided { key, decision }));
    }

    fn close(&mut self) {
        self.is_closed = true;
        self.actions.clear();
        for flight in core::mem::take(&mut self.flights).into_values() {
            if let State::Sent(id) = flight.state {
                self.actions.push_back(Action::Cancel(id));
            }
        }
        self.accepted.clear();
        self.refused.clear();
    }
}

/// Why a review has no answer.
struct Trouble {
    reason: String,
    /// `Some`: it may pass, and the server may have said when.
    again: Option<Option<Duration>>,
}

impl Trouble {
    fn of_failure(failure: Failure) -> Self {
        let again = failure_may_pass(&failure).then_some(None);
        Self { reason: format!("the API server cannot be asked: {failure}"), again }
    }

    fn of_call(error: &CallError) -> Self {
        let forbidden = error.status().is_some_and(|status| status.code == 403);
        let reason = match forbidden {
            true => format!("{error}; the reviewer needs the role system:auth-delegator"),
            false => error.to_string(),
        };
        Self { reason, again: may_pass(error) }
    }
}

fn read(reply: &ReviewReply) -> Result<TokenReview, Trouble> {
    let reply = ApiReply {
        status: reply.status,
        retry_after: reply.retry_after.as_deref(),
        body: reply.body.expose(),
        ..ApiReply::default()
    };
    TokenReview::read_reply(&reply).map_err(|error| Trouble::of_call(&error))
}

impl fmt::Debug for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reviewer")
            .field("stats", &self.stats())
            .field("is_closed", &self.is_closed)
            .finish_non_exhaustive()
    }
}
