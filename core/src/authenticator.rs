//! Routes inputs to slots, and merges the slots into one credential.

use crate::credential::{Credential, Generation, Header, Unready};
use crate::error::Error;
use crate::headers;
use crate::persister::{self, Persister};
use crate::policy::{Jitter, Policy};
use crate::profile::{Bearer, Material, Profile, Roots};
use crate::protocol::{Action, ActionId, Completion, Event, Input, SetHeaders};
use crate::secret::Secret;
use crate::slot::{Offer, Outcome, Slot, earliest};
use crate::source::{self, Fetched, OidcSource, Source, Work};
use crate::time::{Instant, Now, UnixTime};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

/// Decides what to read, run and send, and when.
///
/// Three verbs; everything else is a question:
///
/// - [`handle_input`](Self::handle_input) is the only way in, and cannot fail;
/// - [`poll_action`](Self::poll_action) is the only way out: a queue, to be drained whenever the
///   host likes;
/// - [`credential`](Self::credential) and [`poll_timeout`](Self::poll_timeout) are pure getters:
///   the pull forms of [`Action::SetHeaders`] and [`Action::RefreshAt`].
#[derive(Debug)]
pub struct Authenticator {
    policy: Policy,
    jitter: Jitter,
    slots: Vec<Slot>,
    persister: Persister,
    impersonation: Vec<Header>,
    broken: Option<Error>,
    headers: Vec<Header>,
    generation: Generation,
    actions: VecDeque<Action>,
    next_id: u64,
    timeline: Timeline,
    /// What the last [`Action::RefreshAt`] said.
    alarm: Option<Instant>,
    /// What the last [`Action::SetHeaders`] said, if it still holds.
    announced: Option<(Generation, Option<UnixTime>)>,
    /// There has been one: only then are there connections to be made anew.
    pushed: bool,
    /// What changed since then means new connections.
    reconnect: bool,
    /// The generation of the last [`Event::Rejected`]: one complaint is enough.
    complained: Option<Generation>,
    stats: Stats,
    closed: bool,
}

impl Authenticator {
    /// A machine for this profile, born idle: the first input wakes it, the first
    /// [`Input::Demand`] starts the first acquisition. `seed` is for jitter only; nothing needs
    /// secrecy from it.
    ///
    /// To a server that is not `https` nothing but impersonation is sent (KC-71, UA-25).
    pub fn new(profile: &Profile, policy: Policy, seed: u64) -> Self {
        let who = &profile.authentication;
        let impersonation = headers::impersonation(&who.impersonation, &who.user);
        let (impersonation, broken) = match impersonation {
            Ok(headers) => (headers, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let slots = if profile.cluster.is_https() { slots(profile) } else { Vec::new() };
        let mut machine = Self {
            policy,
            jitter: Jitter::new(seed),
            slots,
            persister: Persister::new(),
            impersonation,
            broken,
            headers: Vec::new(),
            generation: Generation(0),
            actions: VecDeque::new(),
            next_id: 1,
            timeline: Timeline::default(),
            alarm: None,
            announced: None,
            pushed: false,
            reconnect: false,
            complained: None,
            stats: Stats::default(),
            closed: false,
        };
        if machine.complete() {
            machine.assemble();
        }
        machine
    }

    /// The only way in. Infallible: there are no wrong inputs, only disappointing ones.
    pub fn handle_input(&mut self, now: Now, input: Input) {
        if self.closed {
            return;
        }
        let now = self.timeline.advance(now);
        let ignored = self.stats.ignored;
        let tick = matches!(input, Input::Tick);
        match input {
            Input::Tick => {}
            Input::Demand => self.demand(now),
            Input::Complete(completion) => self.answer(now, completion),
            Input::Reject(generation) => self.reject(now, generation),
            Input::Close => return self.close(),
        }
        let tick = tick || self.stats.ignored > ignored;
        self.advance(now);
        self.withdraw(now);
        self.announce(now);
        self.set_alarm(tick);
    }

    /// The only way out: first in, first out. There is no rule on when to drain it.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to send the next [`Input::Tick`]; `None`: not before something else happens. The pull
    /// form of [`Action::RefreshAt`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        let next = self.slots.iter().filter_map(|slot| slot.deadline(&self.policy)).min();
        let next = earliest([next, self.persister.deadline()]);
        next.map(|at| self.timeline.for_host(at))
    }

    /// What to put on a request now: pure, allocates nothing. The pull form of
    /// [`Action::SetHeaders`].
    ///
    /// # Errors
    /// Why there is nothing to send now; see [`Unready`].
    pub fn credential(&self, now: Now) -> Result<Credential<'_>, Unready<'_>> {
        if self.closed {
            return Err(Unready::Closed);
        }
        if let Some(error) = &self.broken {
            return Err(Unready::Failed(error));
        }
        let now = self.timeline.on_timeline(now);
        let mut credential = Credential {
            generation: self.generation,
            headers: &self.headers,
            identity: None,
            roots: None,
            expires: None,
            good_until: None,
            demand: false,
        };
        let mut pending = false;
        for slot in &self.slots {
            match slot.offer(now) {
                Offer::Ready(fetched) => {
                    credential.identity = credential.identity.or(fetched.identity.as_ref());
                    credential.roots =
                        credential.roots.or_else(|| fetched.roots.as_ref().map(Secret::expose));
                    credential.demand |= slot.asks_for_demand(now, &self.policy);
                    credential.expires = sooner(credential.expires, slot.expires());
                    credential.good_until = earliest([credential.good_until, slot.good_until()]);
                }
                Offer::Failed(error) => return Err(Unready::Failed(error)),
                Offer::Pending => pending = true,
            }
        }
        if pending {
            return Err(Unready::Pending);
        }
        let by_wall =
            credential.expires.map(|end| now.monotonic.saturating_add(end.since(now.wall)));
        credential.good_until = earliest([credential.good_until, by_wall]);
        credential.good_until = credential.good_until.map(|at| self.timeline.for_host(at));
        Ok(credential)
    }

    /// Whether refreshed tokens are still to be written back: a host that ends now loses them, and
    /// with them perhaps the login. It ends by itself, whatever happens, after a minute or so.
    pub fn is_saving(&self) -> bool {
        self.persister.is_busy()
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Whether [`Input::Close`] has come.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Someone wants to send a request. No plugin is run, and nobody is asked, for one that can never
    /// be sent.
    fn demand(&mut self, now: Now) {
        if self.broken.is_none() && !self.slots.iter().any(Slot::is_hopeless) {
            self.slots.iter_mut().for_each(|slot| slot.demand(now));
        }
    }

    fn answer(&mut self, now: Now, Completion { id, outcome }: Completion) {
        let mut outcome = Some(outcome);
        for index in 0..self.slots.len() {
            let next = ActionId::from_u64(self.next_id);
            let Some(slot) = self.slots.get_mut(index) else { return };
            let done = slot.complete(now, id, &mut outcome, next, &self.policy, &mut self.jitter);
            if let Some(done) = done {
                return self.settle(now, done);
            }
        }
        let next = ActionId::from_u64(self.next_id);
        let Self { persister, slots, policy, jitter, .. } = self;
        let saved = slots
            .iter_mut()
            .find_map(Slot::oidc)
            .and_then(|oidc| persister.complete(now, id, &mut outcome, next, oidc, policy, jitter));
        match saved {
            Some(saved) => self.saved(saved),
            None => self.stats.ignored += 1,
        }
    }

    fn reject(&mut self, now: Now, generation: Generation) {
        if generation != self.generation || !self.complete() || self.dead(now) {
            self.stats.ignored += 1;
            return;
        }
        self.stats.rejected += 1;
        for slot in &mut self.slots {
            slot.reject(now, &self.policy, &mut self.jitter);
        }
        if self.complained.replace(generation) != Some(generation) {
            self.actions.push_back(Action::Report(Event::Rejected { generation }));
        }
    }

    fn advance(&mut self, now: Now) {
        for index in 0..self.slots.len() {
            let next = ActionId::from_u64(self.next_id);
            let Some(slot) = self.slots.get_mut(index) else { return };
            let (late, outcome) = slot.advance(now, next, &self.policy, &mut self.jitter);
            if let Some(late) = late {
                self.cancel(late);
            }
            if let Some(outcome) = outcome {
                self.settle(now, outcome);
            }
        }
        self.persist(now);
    }

    /// Sees to it that what a refresh brought is written back.
    fn persist(&mut self, now: Now) {
        loop {
            let next = ActionId::from_u64(self.next_id);
            let Self { persister, slots, policy, jitter, .. } = self;
            let Some(oidc) = slots.iter_mut().find_map(Slot::oidc) else { return };
            let Some((late, outcome)) = persister.advance(now, next, oidc, policy, jitter) else {
                return;
            };
            if let Some(late) = late {
                self.cancel(late);
            }
            self.saved(outcome);
        }
    }

    fn saved(&mut self, outcome: persister::Outcome) {
        match outcome {
            persister::Outcome::Ask(work) => self.ask(work),
            persister::Outcome::Nothing => {}
            persister::Outcome::NotSaved { error, retry_at } => {
                let retry_at = retry_at.map(|at| self.timeline.for_host(at));
                self.actions.push_back(Action::Report(Event::NotSaved { error, retry_at }));
            }
            persister::Outcome::Saved { path } => {
                self.actions.push_back(Action::Report(Event::Saved { path }));
            }
        }
    }

    fn ask(&mut self, work: Work) {
        let id = ActionId::from_u64(self.next_id);
        self.next_id += 1;
        self.stats.started += 1;
        self.actions.push_back(work.action(id));
    }

    fn settle(&mut self, now: Now, outcome: Outcome) {
        match outcome {
            Outcome::Ask(work) => self.ask(work),
            Outcome::Renewed { changed, reconnect, skew } => {
                self.stats.succeeded += 1;
                self.complained = None;
                self.reconnect |= reconnect;
                if let Some(skew) = skew {
                    let millis = u64::try_from(skew.as_millis()).unwrap_or(u64::MAX);
                    self.actions.push_back(Action::Report(Event::ClockSkew { millis }));
                }
                if changed && self.complete() {
                    self.assemble();
                }
                self.announce(now);
                if self.complete() {
                    let (generation, expires) = (self.generation, self.expires());
                    let renewed = Event::Renewed { generation, expires };
                    self.actions.push_back(Action::Report(renewed));
                }
            }
            Outcome::Failed { error, retry_at } => {
                self.stats.failed += 1;
                if self.generation == Generation(0) && self.complete() {
                    self.assemble();
                    self.announce(now);
                }
                let serving = self.serving(now);
                let retry_at = self.timeline.for_host(retry_at);
                self.actions.push_back(Action::Report(Event::Failed { error, retry_at, serving }));
            }
        }
    }

    /// Tells a host that keeps a copy to stop using it.
    fn withdraw(&mut self, now: Now) {
        let mut ended = false;
        for slot in &mut self.slots {
            ended |= slot.withdraw(now);
        }
        if ended && let Some((generation, _)) = self.announced.take() {
            self.actions.push_back(Action::Report(Event::Withdrawn { generation }));
        }
    }

    /// Tells a host that keeps a copy what to use, if it does not know.
    fn announce(&mut self, now: Now) {
        let current = (self.generation, self.expires());
        if !self.complete() || self.announced == Some(current) || self.dead(now) {
            return;
        }
        let pushed = core::mem::replace(&mut self.pushed, true);
        let reconnect = core::mem::take(&mut self.reconnect) && pushed;
        self.announced = Some(current);
        self.actions.push_back(Action::SetHeaders(SetHeaders {
            generation: self.generation,
            headers: self.headers.clone(),
            expires: current.1,
            reconnect,
        }));
    }

    fn set_alarm(&mut self, tick: bool) {
        let alarm = self.poll_timeout();
        if let Some(at) = alarm.filter(|_| tick || alarm != self.alarm) {
            self.actions.push_back(Action::RefreshAt(at));
        }
        self.alarm = alarm;
    }

    fn close(&mut self) {
        self.closed = true;
        let flying = self.slots.iter_mut().filter_map(Slot::close);
        let flying: Vec<ActionId> = flying.chain(self.persister.close()).collect();
        for id in flying {
            self.cancel(id);
        }
        // What has not been taken is not needed any more, but for what stops a running job.
        self.actions.retain(|action| matches!(action, Action::Cancel(_)));
        self.slots.clear();
        self.headers.clear();
        self.impersonation.clear();
        self.alarm = None;
        self.announced = None;
    }

    /// A job that nobody has taken yet is simply not given out.
    fn cancel(&mut self, id: ActionId) {
        self.stats.cancelled += 1;
        let before = self.actions.len();
        self.actions.retain(|action| action.job_id() != Some(id));
        if self.actions.len() == before {
            self.actions.push_back(Action::Cancel(id));
        }
    }
}

/// What the slots say, together.
impl Authenticator {
    /// Whether every slot holds something.
    fn complete(&self) -> bool {
        self.broken.is_none() && self.slots.iter().all(|slot| slot.held().is_some())
    }

    fn dead(&self, now: Now) -> bool {
        self.slots.iter().any(|slot| slot.expired(now))
    }

    fn serving(&self, now: Now) -> bool {
        self.broken.is_none()
            && self.slots.iter().all(|slot| matches!(slot.offer(now), Offer::Ready(_)))
    }

    fn expires(&self) -> Option<UnixTime> {
        self.slots.iter().filter_map(Slot::expires).min()
    }

    /// Builds the header set; the bytes have changed, so the generation does.
    fn assemble(&mut self) {
        let authorization =
            self.slots.iter().filter_map(|slot| slot.held()?.authorization.as_ref());
        self.headers = authorization
            .map(headers::authorization)
            .chain(self.impersonation.iter().cloned())
            .collect();
        self.generation.0 += 1;
    }
}

/// The slots that a profile needs, in the order in which their failures are reported.
fn slots(profile: &Profile) -> Vec<Slot> {
    let authentication = &profile.authentication;
    let user = authentication.user.as_str();
    let mut slots = Vec::new();
    match &profile.cluster.roots {
        Roots::System => {}
        Roots::Pem(pem) => slots.push(Slot::fixed(source::fixed_roots(user, pem))),
        Roots::File(path) => slots.push(Slot::new(Source::RootsFile(path.clone()))),
    }
    if let Some(pair) = &authentication.certificate {
        slots.push(match (&pair.certificate, &pair.key) {
            (Material::Data(certificate), Material::Data(key)) => {
                Slot::fixed(source::fixed_pair(user, certificate, key))
            }
            _ => Slot::new(Source::CertificateFiles(pair.clone())),
        });
    }
    match &authentication.bearer {
        Bearer::Anonymous => {}
        Bearer::Basic { username, password } => {
            let authorization = Some(source::basic(username, password));
            slots.push(Slot::fixed(Ok(Fetched { authorization, ..Fetched::default() })));
        }
        Bearer::Token(token) => slots.push(Slot::fixed(source::fixed_token(user, token))),
        Bearer::TokenFile { path, fallback } => {
            let fallback = fallback.as_ref().and_then(|token| {
                source::fixed_token(user, &token.0).ok().and_then(|fetched| fetched.authorization)
            });
            slots.push(Slot::new(Source::TokenFile { path: path.clone(), fallback }));
        }
        Bearer::Exec(exec) => {
            slots.push(Slot::new(Source::Exec { user: user.into(), exec: exec.clone() }));
        }
        Bearer::Oidc(oidc) => {
            slots.push(Slot::new(Source::Oidc(Box::new(OidcSource::new(user, oidc)))));
        }
    }
    slots
}

fn sooner(a: Option<UnixTime>, b: Option<UnixTime>) -> Option<UnixTime> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The monotonic clock as the machine sees it: when the host's is wound back, time goes on from
/// where it was, by differences. (Holding on to the latest time seen instead would freeze every
/// deadline until the host's clock is there again.)
#[derive(Clone, Debug, Default)]
struct Timeline {
    offset: Duration,
    latest: Instant,
}

impl Timeline {
    fn advance(&mut self, now: Now) -> Now {
        let monotonic = now.monotonic.saturating_add(self.offset);
        self.offset = self.offset.saturating_add(self.latest.since(monotonic));
        self.latest = self.latest.max(monotonic);
        Now { monotonic: self.latest, ..now }
    }

    fn on_timeline(&self, now: Now) -> Now {
        let monotonic = now.monotonic.saturating_add(self.offset).max(self.latest);
        Now { monotonic, ..now }
    }

    /// The same time on the host's clock.
    fn for_host(&self, at: Instant) -> Instant {
        at.saturating_sub(self.offset)
    }
}

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
    /// Jobs called off.
    pub cancelled: u64,
    /// Times that a server refused the current generation.
    pub rejected: u64,
    /// Answers and rejections that came too late, twice, or for nothing.
    pub ignored: u64,
}
