//! What happens on a request, an answer and a timer.

use crate::host::{Answer, Counter, Host, Level};
use crate::leader::{JobExecutor, Leader};
use crate::leader_state::{HEARTBEAT, LEASE, LeaderState, Message};
use crate::settings::{ClientImpersonation, Settings};
use crate::waiting::Waiting;
use kubecred_core::{Availability, Generation, Header, Input, Instant, Now, Snapshot};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a follower looks whether there is news for requests that wait.
const LOOK: Duration = Duration::from_millis(10);

/// How often a follower says the same again.
const REPEAT: Duration = Duration::from_millis(500);

/// As soon as possible.
const SOON: Duration = Duration::from_millis(1);

/// The filter of one thread of a proxy.
#[derive(Debug)]
pub struct Filter<H> {
    host: H,
    settings: Settings,
    /// Under which name to write what all threads have in common.
    name: String,
    /// As last seen.
    leader_state: LeaderState,
    /// The version of the leader state as last seen.
    version: u32,
    leader: Option<Leader>,
    waiting: Waiting,
    /// What the requests that are on their way carry: a leader's number, and a generation.
    carried: BTreeMap<u32, (u64, Generation)>,
    /// What a follower has said last, and when.
    said: BTreeMap<Message, Instant>,
    /// When the timer will go off; `None`: it has.
    alarm: Option<Instant>,
    /// The timer goes off, again and again.
    armed: bool,
    /// It is to be taken down.
    leaving: bool,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It goes on.
    Continue,
    /// It waits, or has been answered.
    Stop,
}

impl<H: Host> Filter<H> {
    /// A filter with these settings. Does nothing before there is a request, since a proxy makes
    /// filters only to try a configuration.
    pub fn new(host: H, settings: Settings) -> Self {
        let name = format!("kubecred.{}.{:016x}", env!("CARGO_PKG_VERSION"), settings.fingerprint);
        let filter = Self {
            host,
            settings,
            name,
            leader_state: LeaderState::default(),
            version: 0,
            leader: None,
            waiting: Waiting::default(),
            carried: BTreeMap::new(),
            said: BTreeMap::new(),
            alarm: None,
            armed: false,
            leaving: false,
        };
        // The first filter of a configuration is made alone, so no other's leader state is lost by this.
        if filter.host.read(&filter.name).is_none() {
            filter.host.write(&filter.name, filter.leader_state.encode().expose(), None);
        }
        filter
    }

    /// A request has come: its headers are there.
    pub fn on_request(&mut self, stream: u32) -> Verdict {
        let now = self.host.now();
        if self.leader.is_none() || self.leader_state.is_orphaned(now) {
            self.look(now);
        }
        let verdict = match self.leader_state.snapshot.at(now) {
            Availability::Ready(_) => self.forward(stream, now),
            Availability::Failed(()) | Availability::Pending | Availability::Closed => {
                self.demand(now);
                self.decide(stream, now)
            }
        };
        self.set_alarm(now);
        verdict
    }

    /// The upstream has answered a request.
    pub fn on_response(&mut self, stream: u32, status: u16) {
        let Some((epoch, generation)) = self.carried.remove(&stream) else { return };
        if status != 401 {
            return;
        }
        self.host.count(Counter::ResponsesUnauthorized);
        let now = self.host.now();
        if self.leader.is_none() {
            self.look(now);
        }
        if self.leader_state.epoch == epoch {
            self.tell(now, Message::Reject { epoch, generation });
        }
        self.set_alarm(now);
    }

    /// A request has ended, or its client has gone away.
    pub fn on_gone(&mut self, stream: u32) {
        self.carried.remove(&stream);
        self.waiting.forget(stream);
    }

    /// The timer went off.
    pub fn on_tick(&mut self) {
        let now = self.host.now();
        self.alarm = None;
        if self.leader.is_some() {
            if self.heartbeat_at() <= now.monotonic || self.leader_state.is_orphaned(now) {
                self.look(now);
                self.post(now, true);
            }
        } else if !self.waiting.is_empty() {
            self.look(now);
        }
        if self.leader.is_some() {
            self.handle(now, Input::Tick);
        }
        self.settle(now);
    }

    /// There is something in the mailbox.
    pub fn on_message(&mut self, mailbox: u32) {
        let now = self.host.now();
        while let Some(message) = self.host.receive(mailbox) {
            match Message::decode(&message) {
                Some(Message::Demand) => self.handle(now, Input::Demand),
                Some(Message::Reject { epoch, generation }) if self.leader_state.epoch == epoch => {
                    self.handle(now, Input::Reject(generation));
                }
                _ => {}
            }
        }
        self.settle(now);
    }

    /// A call has been answered.
    pub fn on_answer(&mut self, call: u32, answer: Answer) {
        let now = self.host.now();
        if let Some(leader) = &mut self.leader {
            let executor = JobExecutor { settings: &self.settings, name: &self.name };
            leader.answer(&self.host, &executor, now, call, answer);
            self.post(now, false);
        }
        self.settle(now);
    }

    /// The filter is to be taken down. `false`: not yet; [`Host::finished`] will say when. The
    /// answer that a call brings may be the only copy of a refresh token.
    pub fn on_done(&mut self) -> bool {
        self.leaving = self.leader.as_ref().is_some_and(Leader::is_waiting);
        if !self.leaving {
            self.step_down();
        }
        !self.leaving
    }
}

/// One thread among others.
impl<H: Host> Filter<H> {
    /// Sees what is in the leader's state, and leads if no other thread does.
    fn look(&mut self, now: Now) {
        if let Some((bytes, version)) = self.host.read(&self.name)
            && version != self.version
        {
            self.leader_state = LeaderState::decode(bytes.expose()).unwrap_or_default();
            self.version = version;
        }
        if self.leader.as_ref().is_some_and(|leader| leader.epoch != self.leader_state.epoch) {
            self.host.log(Level::Warn, "another thread leads now");
            self.leader = None;
        }
        if self.leader.is_none() && !self.leaving && self.leader_state.is_orphaned(now) {
            self.take_the_lead(now);
        }
    }

    fn take_the_lead(&mut self, now: Now) {
        let epoch = self.leader_state.epoch + 1;
        let until = now.monotonic.saturating_add(LEASE);
        let leader_state = LeaderState { epoch, until, snapshot: Snapshot::default() };
        if !self.host.write(&self.name, leader_state.encode().expose(), Some(self.version)) {
            // Another thread was quicker; the next look shows who.
            return;
        }
        self.leader_state = leader_state;
        self.host.open_mailbox(&self.name);
        self.leader = Some(Leader::new(epoch, &self.settings, now));
        self.host.count(Counter::Leads);
        for line in &self.settings.notices {
            self.host.log(Level::Warn, line);
        }
        self.post(now, false);
    }

    /// When to let the others hear from this thread, if it leads.
    fn heartbeat_at(&self) -> Instant {
        self.leader_state.until.saturating_sub(LEASE - HEARTBEAT)
    }

    /// Puts what a request can have in the leader's state, if that is news or it is time for it.
    fn post(&mut self, now: Now, anyway: bool) {
        let Some(leader) = &self.leader else { return };
        let snapshot = leader.snapshot(now);
        if !anyway && snapshot == self.leader_state.snapshot {
            return;
        }
        let until = now.monotonic.saturating_add(LEASE);
        let leader_state = LeaderState { epoch: leader.epoch, until, snapshot };
        // The version is not told to who writes, so it is looked up; what is found there must be
        // one's own.
        let found = self.host.read(&self.name);
        let own = found.filter(|(bytes, _)| {
            LeaderState::decode(bytes.expose())
                .is_some_and(|found| found.epoch == leader_state.epoch)
        });
        let written = own.is_some_and(|(_, version)| {
            self.host.write(&self.name, leader_state.encode().expose(), Some(version))
        });
        if written {
            self.leader_state = leader_state;
        } else {
            self.look(now);
        }
    }

    fn step_down(&mut self) {
        let Some(leader) = self.leader.take() else { return };
        let found = self.host.read(&self.name);
        if let Some((bytes, version)) = found
            && let Some(leader_state) = LeaderState::decode(bytes.expose())
            && leader_state.epoch == leader.epoch
        {
            let leader_state = LeaderState { until: Instant::default(), ..leader_state };
            self.host.write(&self.name, leader_state.encode().expose(), Some(version));
        }
    }

    fn demand(&mut self, now: Now) {
        self.tell(now, Message::Demand);
    }

    /// Tells the leader.
    fn tell(&mut self, now: Now, message: Message) {
        if self.leader.is_some() {
            return self.handle(
                now,
                match message {
                    Message::Demand => Input::Demand,
                    Message::Reject { generation, .. } => Input::Reject(generation),
                },
            );
        }
        self.said.retain(|_, at| now.monotonic.since(*at) < REPEAT && *at <= now.monotonic);
        if self.said.contains_key(&message) {
            return;
        }
        if let Some(mailbox) = self.host.find_mailbox(&self.name) {
            self.said.insert(message, now.monotonic);
            self.host.send(mailbox, &message.encode());
        }
    }

    /// Tells the machine, if this thread has it.
    fn handle(&mut self, now: Now, input: Input) {
        let Some(leader) = &mut self.leader else { return };
        let executor = JobExecutor { settings: &self.settings, name: &self.name };
        leader.handle(&self.host, &executor, now, input);
        self.post(now, false);
    }
}

/// Requests.
impl<H: Host> Filter<H> {
    /// What becomes of a request for which there was nothing a moment ago.
    fn decide(&mut self, stream: u32, now: Now) -> Verdict {
        match self.leader_state.snapshot.at(now) {
            Availability::Ready(_) => self.forward(stream, now),
            Availability::Failed(()) => {
                self.refuse(stream, Counter::RequestsRefusedUnavailable);
                Verdict::Stop
            }
            Availability::Pending | Availability::Closed => {
                self.hold(stream, now);
                Verdict::Stop
            }
        }
    }

    /// Puts the credential on a request.
    fn forward(&mut self, stream: u32, now: Now) -> Verdict {
        let Availability::Ready(granted) = self.leader_state.snapshot.at(now) else {
            return Verdict::Stop;
        };
        let demand = self.leader_state.snapshot.wants_demand(now);
        let impersonation = self.settings.client_impersonation;
        let removed = dress(&self.host, stream, &granted.headers, impersonation);
        for _ in 0..removed {
            self.host.count(Counter::ImpersonationRemoved);
        }
        self.carried.insert(stream, (self.leader_state.epoch, granted.generation));
        self.host.count(Counter::RequestsForwarded);
        if demand {
            self.demand(now);
        }
        Verdict::Continue
    }

    fn hold(&mut self, stream: u32, now: Now) {
        if self.waiting.len() >= self.settings.hold.requests {
            return self.refuse(stream, Counter::RequestsRefusedFull);
        }
        self.host.count(Counter::RequestsHeld);
        self.waiting.add(stream, now.monotonic.saturating_add(self.settings.hold.time));
    }

    fn refuse(&self, stream: u32, why: Counter) {
        self.host.count(why);
        let hold = &self.settings.hold;
        let text = match why {
            Counter::RequestsRefusedFull => {
                format!("{} requests, which is the limit, wait for a credential", hold.requests)
            }
            Counter::RequestsRefusedLate => {
                format!("there was no credential within {} ms", hold.time.as_millis())
            }
            _ => "no credential is to be had; the proxy's log says why".to_owned(),
        };
        self.host.respond(stream, 503, &format!("kubecred: {text}\n"));
    }

    /// Ends an event of the root: sends calls, and lets go of requests that need not wait any more.
    fn settle(&mut self, now: Now) {
        if let Some(leader) = &mut self.leader {
            let executor = JobExecutor { settings: &self.settings, name: &self.name };
            leader.send(&self.host, &executor, now);
            self.post(now, false);
        }
        while !matches!(self.leader_state.snapshot.at(now), Availability::Pending)
            && let Some(stream) = self.waiting.next()
        {
            if self.decide(stream, now) == Verdict::Continue {
                self.host.resume(stream);
            }
        }
        while let Some(stream) = self.waiting.late(now) {
            self.refuse(stream, Counter::RequestsRefusedLate);
        }
        if !self.waiting.is_empty() {
            self.demand(now);
        }
        if self.leaving && !self.leader.as_ref().is_some_and(Leader::is_waiting) {
            self.step_down();
            self.leaving = false;
            self.host.finished();
        }
        self.set_alarm(now);
    }

    /// Has the timer go off for whatever is next.
    fn set_alarm(&mut self, now: Now) {
        let soon = now.monotonic.saturating_add(SOON);
        let mut next = self.waiting.deadline();
        let mut sooner = |at: Instant| next = Some(next.map_or(at, |next| next.min(at)));
        if !self.waiting.is_empty() {
            if !matches!(self.leader_state.snapshot.at(now), Availability::Pending) {
                sooner(soon);
            } else if self.leader.is_none() {
                sooner(now.monotonic.saturating_add(LOOK));
            }
        }
        if let Some(leader) = &self.leader {
            sooner(self.heartbeat_at());
            leader.deadline().into_iter().for_each(&mut sooner);
            if leader.has_unsent() {
                sooner(soon);
            }
        }
        // A timer that goes off too early does no harm; one that is set anew, and so put off, for
        // each request would.
        let early_enough = match (self.alarm, next) {
            (Some(alarm), Some(next)) => alarm <= next,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => !self.armed,
        };
        if !early_enough {
            self.alarm = next.map(|next| next.max(soon));
            self.armed = next.is_some();
            self.host.wake_in(self.alarm.map(|at| at.since(now.monotonic)));
        }
    }
}

/// Gives a request this credential and no other, and says how many headers of the client with
/// which it wanted to impersonate were taken away.
fn dress(
    host: &impl Host,
    stream: u32,
    headers: &[Header],
    impersonation: ClientImpersonation,
) -> usize {
    let own = headers.iter().any(|header| is_impersonation(&header.name));
    let mut removed = 0;
    for name in host.header_names(stream) {
        let impersonates = is_impersonation(&name);
        if name == "authorization"
            || impersonates && (own || impersonation == ClientImpersonation::Remove)
        {
            host.remove_header(stream, &name);
            removed += usize::from(impersonates);
        }
    }
    for header in headers {
        host.add_header(stream, &header.name, &header.value);
    }
    removed
}

fn is_impersonation(name: &str) -> bool {
    name.starts_with("impersonate-")
}
