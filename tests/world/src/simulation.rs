//! The host's loop, in simulated time.

use crate::host::{Answered, Host, deliveries};
use crate::observe::{Ledger, place};
use crate::server::whom;
use crate::span::millis;
use crate::{
    Chance, Clocks, Connected, Content, Faults, Machine, Refusal, Run, Served, Step, Traffic,
    Transcript,
};
use kubecred_core::protocol::{Completion, Request, SetHeaders};
use kubecred_core::{
    Action, ActionId, Authenticator, Event, Failure, FailureKind, Generation, Input, Instant, Job,
    Policy, Profile, Reply,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// A machine on a host that exists only here.
///
/// Everything that happens goes through [`World::perform`], so that [`World::steps`] can make it
/// happen again elsewhere.
#[derive(Debug)]
pub struct World<M: Machine = Authenticator> {
    /// What is tried.
    pub machine: M,
    pub(crate) host: Host,
    pub(crate) clocks: Clocks,
    pub(crate) transcript: Transcript,
    faults: Faults,
    chance: Chance,
    ledger: Ledger,
    deliveries: BTreeMap<(u64, u64), Input>,
    sequence: u64,
    alarm: Option<u64>,
    told: Option<Told>,
    events: Vec<Event>,
    steps: Vec<Step>,
    busy: (u64, u32),
}

/// The last deadline that the machine told, to find out that it is silent about another.
#[derive(Clone, Copy, Debug)]
struct Told(Instant);

impl World<Authenticator> {
    /// The native machine with the default policy.
    pub fn new(profile: &Profile) -> Self {
        Self::with_policy(profile, Policy::default())
    }

    /// The native machine with this policy.
    pub fn with_policy(profile: &Profile, policy: Policy) -> Self {
        Self::around(Authenticator::new(profile, policy, crate::scenarios::SEED), profile)
    }

    /// Counters of the native machine.
    pub fn stats(&self) -> kubecred_core::Stats {
        self.machine.stats()
    }
}

impl<M: Machine> World<M> {
    /// A machine that was made from this profile, wherever it lives. Nothing has happened to it.
    pub fn around(machine: M, profile: &Profile) -> Self {
        Self {
            machine,
            host: Host::default(),
            clocks: Clocks::default(),
            transcript: Transcript::default(),
            faults: Faults::default(),
            chance: Chance::new(1),
            ledger: Ledger::new(profile),
            deliveries: BTreeMap::new(),
            sequence: 0,
            alarm: None,
            told: None,
            events: Vec::new(),
            steps: Vec::new(),
            busy: (0, 0),
        }
    }

    /// Another luck: everything that happens by chance happens at other times, as this seed says.
    /// The same seed means the same luck: a test that fails does so again.
    #[must_use]
    pub fn with_luck(mut self, seed: u64) -> Self {
        self.chance = Chance::new(seed);
        self
    }

    /// Objects less: the machine is a host that keeps a copy of what it was lent, which it may do
    /// until [`Credential::good_until`](kubecred_core::Credential::good_until), though a newer one
    /// has been pushed by then.
    #[must_use]
    pub fn keeping_copies(mut self) -> Self {
        self.ledger.earlier = Some(BTreeMap::new());
        self
    }

    /// Makes something happen. `Some` for [`Step::Request`]: what became of the requests.
    pub fn perform(&mut self, step: Step) -> Option<Vec<crate::Answer>> {
        self.steps.push(step.clone());
        match step {
            Step::Pass(time) => self.run_until(self.clocks.elapsed() + time),
            Step::JumpWall(by) => {
                self.say("world", &format!("the wall clock is set by {} s", by as f64 / 1000.0));
                self.clocks.jump_wall(by);
            }
            Step::Suspend(time) => {
                self.say("world", &format!("sleeps for {} s", time as f64 / 1000.0));
                self.clocks.suspend(Duration::from_millis(time));
                let shifted = std::mem::take(&mut self.deliveries).into_iter();
                self.deliveries = shifted.map(|((at, n), x)| ((at + time, n), x)).collect();
                self.alarm = self.alarm.map(|at| at + time);
            }
            Step::RewindMonotonic(by) => {
                self.say("world", &format!("monotonic clock back {} s", by as f64 / 1000.0));
                self.clocks.rewind_monotonic(Duration::from_millis(by));
                self.told = None;
            }
            Step::File { path, content } => _ = self.host.files.insert(path, content),
            Step::Remove(path) => _ = self.host.files.remove(&path),
            Step::SlowFiles(slow) => self.host.slow_files = slow,
            Step::Program { name, runs } => self.host.set_program(&name, &runs),
            Step::OpenId(behaviour) => self.host.provider.behaviour = behaviour,
            Step::Answers { url, answers } => {
                self.host.provider.scripted.entry(url).or_default().extend(answers);
            }
            Step::Revoke(name) => {
                self.say("server", &format!("refuses {name} from now on"));
                self.host.issued.revoke(&name);
            }
            Step::Unrevoke => self.host.issued.unrevoke(),
            Step::Faults(faults) => self.faults = faults,
            Step::Tick => self.feed(Input::Tick),
            Step::Demand => self.feed(Input::Demand),
            Step::DemandConnection => self.feed(Input::DemandConnection),
            Step::Reject(0) => {
                let current = self.credential().map(|served| served.generation);
                let generation = current.unwrap_or(Generation::from_u64(0));
                self.feed(Input::Reject(generation));
            }
            Step::Reject(generation) => self.feed(Input::Reject(Generation::from_u64(generation))),
            Step::Request(callers) => return Some(self.serve(callers)),
            Step::Close => self.feed(Input::Close),
        }
        None
    }

    /// Does everything that another world was told.
    pub fn replay(&mut self, steps: &[Step]) {
        for step in steps {
            self.perform(step.clone());
        }
    }

    /// What this world was told so far.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What the API server has seen so far.
    pub fn traffic(&self) -> Traffic {
        self.host.issued.traffic
    }

    /// The dialogue so far.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// What the machine reported since this was last asked.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The last push of the credential.
    pub fn pushed(&self) -> Option<&SetHeaders> {
        self.ledger.pushed.as_ref()
    }

    /// How many times this program was started.
    pub fn runs(&self, program: &str) -> u64 {
        self.host.runs.get(program).copied().unwrap_or_default()
    }

    /// How many times this program was started and did not end with 0.
    pub fn failures(&self, program: &str) -> u64 {
        self.host.failures.get(program).copied().unwrap_or_default()
    }

    /// How many times this file was written.
    pub fn writes(&self, path: &str) -> u64 {
        self.host.writes.get(path).copied().unwrap_or_default()
    }

    /// How many times this file was read.
    pub fn reads(&self, path: &str) -> u64 {
        self.host.reads.get(path).copied().unwrap_or_default()
    }

    /// How many times this URL was asked.
    pub fn asked(&self, url: &str) -> u64 {
        self.host.provider.asked.get(url).copied().unwrap_or_default()
    }

    /// How many times the refresh token with this name was presented by a client that the provider
    /// knows.
    pub fn presented(&self, name: &str) -> u64 {
        self.host.provider.presented.get(name).copied().unwrap_or_default()
    }

    /// Who asked for each token of the service account, as the server saw it.
    pub fn token_requests(&self) -> &[String] {
        &self.host.provider.mint.callers
    }

    /// How the client said who it is, at each refresh.
    pub fn styles(&self) -> &[String] {
        &self.host.provider.styles
    }

    /// What the file with this name holds.
    pub fn content(&self, path: &str) -> Option<kubecred_core::Secret> {
        self.host.files.get(path).map(Content::bytes)
    }

    /// True milliseconds since the start.
    pub fn elapsed(&self) -> u64 {
        self.clocks.elapsed()
    }

    /// What both clocks say.
    pub fn now(&self) -> kubecred_core::Now {
        self.clocks.now()
    }

    /// What the machine serves now.
    ///
    /// # Errors
    /// Why nothing.
    pub fn credential(&mut self) -> Result<Served, Refusal> {
        self.machine.credential(self.clocks.now())
    }

    /// What the machine has now for a connection of a request that brings its own `authorization`.
    ///
    /// # Errors
    /// Why nothing.
    pub fn connection(&mut self) -> Result<Connected, Refusal> {
        self.machine.connection(self.clocks.now())
    }

    /// In how many milliseconds from now the machine wants a tick.
    pub fn next_tick_in(&mut self) -> Option<Duration> {
        let now = self.clocks.now().monotonic;
        self.machine.poll_timeout().map(|at| at.since(now))
    }

    /// Gives the machine an input and does what it wants then.
    pub(crate) fn feed(&mut self, input: Input) {
        let (who, what) = heard(&input);
        self.say(who, &what);
        if let Input::Complete(completion) = &input {
            self.ledger.answered(completion.id);
        }
        self.machine.handle_input(self.clocks.now(), input);
        while let Some(action) = self.machine.poll_action() {
            self.ledger.enter(&action);
            let line = self.told_by(&action);
            self.say("machine", &line);
            self.carry_out(action);
        }
        self.check_pushes();
    }

    /// Goes to the next thing that happens, or to `limit` if that is sooner.
    pub(crate) fn advance(&mut self, limit: u64) {
        let delivery = self.deliveries.keys().next().map(|(at, _)| *at);
        let next = [delivery, self.alarm].into_iter().flatten().min();
        let Some(next) = next.filter(|next| *next <= limit) else {
            return self.clocks.set(limit);
        };
        self.clocks.set(next.max(self.clocks.elapsed()));
        self.watch_for_busy_loops();
        if self.alarm == Some(next) {
            self.alarm = None;
            return self.feed(Input::Tick);
        }
        if let Some(((_, _), input)) = self.deliveries.pop_first() {
            self.feed(input);
        }
    }

    fn run_until(&mut self, end: u64) {
        while self.clocks.elapsed() < end || self.is_due(end) {
            self.advance(end);
        }
    }

    fn is_due(&self, at: u64) -> bool {
        let delivery = self.deliveries.keys().next().map(|(at, _)| *at);
        [delivery, self.alarm].into_iter().flatten().any(|due| due <= at)
    }

    fn carry_out(&mut self, action: Action) {
        let clock = self.clocks.true_wall();
        match action {
            Action::ReadFile(job) => {
                let answered = self.host.read(&job.request);
                self.answer("file", job, answered);
            }
            Action::RunCommand(job) => {
                let answered = self.host.run(&job.request, clock, &mut self.chance);
                self.answer("command", job, answered);
            }
            Action::SendRequest(job) => {
                let answered = self.host.send(&job.request, &self.clocks);
                self.answer("http", job, answered);
            }
            Action::WriteFile(job) => {
                let answered = match self.faults.fail_writes {
                    Some(kind) => Answered::failed(kind),
                    None => self.host.write(&job.request),
                };
                self.answer("write", job, answered);
            }
            Action::Provide(job) => {
                let answered = self.host.provide(&job.request, clock, &mut self.chance);
                self.answer("provide", job, answered);
            }
            Action::Cancel(id) if self.faults.deaf => _ = id,
            Action::Cancel(id) => self.deliveries.retain(|_, input| !answers(input, id)),
            Action::RefreshAt(at) => self.set_alarm(at),
            Action::Report(event) => self.events.push(event),
            Action::SetHeaders(_) => {}
        }
    }

    fn answer<R: Request>(&mut self, kind: &str, job: Job<R>, answered: Answered<R::Reply>) {
        let Answered { after, outcome } = answered;
        let Some(outcome) = outcome else { return };
        let outcome = if self.faults.refuse.iter().any(|refused| refused == kind) {
            Err(Failure::new(FailureKind::Unsupported, ""))
        } else if self.chance.one_in(self.faults.fail_one_in) {
            Err(Failure::new(FailureKind::Other, "bad luck"))
        } else {
            outcome
        };
        let input = job.done(outcome);
        for delay in deliveries(&self.faults, &mut self.chance) {
            self.sequence += 1;
            let at = self.clocks.elapsed() + after + delay;
            self.deliveries.insert((at, self.sequence), input.clone());
        }
    }

    fn set_alarm(&mut self, at: Instant) {
        self.told = Some(Told(at));
        let now = self.clocks.elapsed();
        let mut due = now + millis(at.since(self.clocks.now().monotonic));
        if due > now {
            due = due.saturating_sub(self.faults.early_timer).max(now + 1);
        }
        if self.faults.coarse_timer > 0 {
            due = due.next_multiple_of(self.faults.coarse_timer);
        }
        self.alarm = Some(due);
    }

    /// What is pushed and what can be asked for are the same.
    fn check_pushes(&mut self) {
        if let (Some(at), Some(Told(told))) = (self.machine.poll_timeout(), self.told) {
            assert_eq!(at, told, "the machine did not tell that it wants a tick at another time");
        }
        if let Ok(served) = self.credential() {
            let pushed = self.ledger.pushed.as_ref().expect("what is served has been pushed");
            if let Some(earlier) = &self.ledger.earlier
                && served.generation < pushed.generation
            {
                let now = self.clocks.now().monotonic;
                let copied = earlier.get(&served.generation);
                assert_eq!(copied, Some(&served.headers), "the copy differs from what was pushed");
                let good = served.good_until.is_some_and(|until| now < until);
                assert!(good, "the copy is not good any more");
                return;
            }
            assert_eq!(served.generation, pushed.generation, "served and pushed differ");
            assert_eq!(served.headers, pushed.headers, "served and pushed differ");
        }
    }

    fn watch_for_busy_loops(&mut self) {
        let now = self.clocks.elapsed();
        self.busy = if self.busy.0 == now { (now, self.busy.1 + 1) } else { (now, 0) };
        assert!(self.busy.1 < 10_000, "a busy loop:\n{}", self.transcript);
    }

    pub(crate) fn say(&mut self, who: &str, what: &str) {
        self.transcript.say(self.clocks.elapsed(), who, what);
    }

    fn told_by(&mut self, action: &Action) -> String {
        let now = self.clocks.now();
        let elapsed = self.clocks.elapsed();
        let clock = |at: Instant| {
            let at = elapsed + millis(at.since(now.monotonic));
            format!("{}.{:03}", at / 1000, at % 1000)
        };
        let job = |verb: &str, action: &Action| {
            let id = action.job_id().map_or(0, ActionId::as_u64);
            format!("{verb} {} (#{id})", place(action).unwrap_or_default())
        };
        match action {
            Action::ReadFile(_) => job("reads", action),
            Action::RunCommand(_) => job("runs", action),
            Action::SendRequest(_) => job("asks", action),
            Action::WriteFile(_) => job("writes", action),
            Action::Provide(_) => job("wants a token of", action),
            Action::Cancel(id) => format!("cancels #{}", id.as_u64()),
            Action::RefreshAt(at) => format!("wants a tick at {}", clock(*at)),
            Action::SetHeaders(set) => {
                let who = self.credential().map_or_else(|_| "incomplete".into(), |s| whom(&s));
                let reconnect = if set.reconnect { ", reconnect" } else { "" };
                format!("generation {}: {who}{reconnect}", set.generation.as_u64())
            }
            Action::Report(Event::Failed { error, retry_at, serving, .. }) => {
                let serving = if *serving { ", goes on with the old one" } else { "" };
                let at = now.monotonic.saturating_add(retry_at.since(now.wall));
                format!("failed: {error}; not again before {}{serving}", clock(at))
            }
            Action::Report(Event::Renewed { generation, expires, .. }) => {
                let end = expires.map_or_else(|| "no known end".into(), |end| end.to_string());
                format!("renewed: generation {}, {end}", generation.as_u64())
            }
            Action::Report(event) => format!("reports: {event}"),
        }
    }
}

fn answers(input: &Input, id: ActionId) -> bool {
    matches!(input, Input::Complete(completion) if completion.id == id)
}

fn heard(input: &Input) -> (&'static str, String) {
    match input {
        Input::Tick => ("host", "tick".into()),
        Input::Demand => ("caller", "demands".into()),
        Input::DemandConnection => ("caller", "demands a connection".into()),
        Input::Reject(generation) => {
            ("server", format!("401 for generation {}", generation.as_u64()))
        }
        Input::Close => ("host", "closes".into()),
        Input::Complete(Completion { id, outcome }) => {
            let outcome = match outcome {
                Ok(Reply::File(_)) => "the file".into(),
                Ok(Reply::Exit(exit)) => format!("exit {}", exit.code),
                Ok(Reply::Http(reply)) => format!("HTTP {}", reply.status),
                Ok(Reply::Written(_)) => "written".into(),
                Ok(Reply::Provided(_)) => "a token".into(),
                Err(failure) => failure.to_string(),
            };
            ("host", format!("#{}: {outcome}", id.as_u64()))
        }
    }
}

/// The same in prose.
impl<M: Machine> World<M> {
    /// Time passes.
    pub fn pass(&mut self, time: Duration) -> &mut Self {
        self.perform(Step::Pass(millis(time)));
        self
    }

    /// Time passes to this point since the start.
    pub fn at(&mut self, time: Duration) -> &mut Self {
        let left = millis(time).checked_sub(self.clocks.elapsed());
        self.perform(Step::Pass(left.expect("that time has not passed")));
        self
    }

    /// A file is there, with this token in it.
    pub fn token(&mut self, path: &str, name: &str) -> &mut Self {
        self.file(path, Content::Token(name.into()))
    }

    /// A file is there.
    pub fn file(&mut self, path: &str, content: Content) -> &mut Self {
        self.perform(Step::File { path: path.into(), content });
        self
    }

    /// A file is there no more.
    pub fn remove(&mut self, path: &str) -> &mut Self {
        self.perform(Step::Remove(path.into()));
        self
    }

    /// A program is there; its last run is repeated.
    pub fn program(&mut self, name: &str, runs: &[Run]) -> &mut Self {
        self.perform(Step::Program { name: name.into(), runs: runs.to_vec() });
        self
    }

    /// The OpenID provider behaves like this from now on.
    pub fn openid(&mut self, behaviour: crate::OpenId) -> &mut Self {
        self.perform(Step::OpenId(behaviour));
        self
    }

    /// The next requests for this URL are answered like this.
    pub fn answers(&mut self, url: &str, answers: &[crate::Http]) -> &mut Self {
        self.perform(Step::Answers { url: url.into(), answers: answers.to_vec() });
        self
    }

    /// The server refuses this from now on.
    pub fn revoke(&mut self, name: &str) -> &mut Self {
        self.perform(Step::Revoke(name.into()));
        self
    }

    /// Another day.
    pub fn faults(&mut self, faults: Faults) -> &mut Self {
        self.perform(Step::Faults(faults));
        self
    }

    /// Somebody sets the wall clock forward.
    pub fn wall_forward(&mut self, by: Duration) -> &mut Self {
        self.perform(Step::JumpWall(millis(by) as i64));
        self
    }

    /// Somebody sets the wall clock back.
    pub fn wall_back(&mut self, by: Duration) -> &mut Self {
        self.perform(Step::JumpWall(-(millis(by) as i64)));
        self
    }

    /// Somebody is about to send a request.
    pub fn demand(&mut self) -> &mut Self {
        self.perform(Step::Demand);
        self
    }

    /// The server refuses the current credential.
    pub fn reject(&mut self) -> &mut Self {
        self.perform(Step::Reject(0));
        self
    }

    /// A caller sends a request, and waits as long as it takes.
    pub fn request(&mut self) -> crate::Answer {
        let mut answers = self.requests(1);
        answers.pop().expect("one caller, one answer")
    }

    /// So many callers at once.
    pub fn requests(&mut self, callers: u32) -> Vec<crate::Answer> {
        self.perform(Step::Request(callers)).expect("a request has an answer")
    }
}
