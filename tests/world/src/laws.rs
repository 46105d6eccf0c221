//! What holds whatever happens. Each law is a function over a machine and a moment; [`hold`] tries
//! them all along a script.
//!
//! 1. Nothing panics.
//! 2. Draining ends, and few actions come of one input.
//! 3. One action in flight per slot; ids rise; only what runs is cancelled.
//! 4. A tick at the promised time moves the deadline; another tick at the same time does nothing
//!    but repeat the deadline.
//! 5. A duplicate, late or unknown answer and a stale rejection equal a tick.
//! 6. It does not matter when actions are drained.
//! 7. Nothing is served that is dead by either clock, and a host that keeps a copy is told.
//! 8. The generation rises exactly when the bytes change, and what is pushed is what is served.
//! 9. No secret shows in any `Debug` or `Display`.
//! 10. A closed machine is silent for ever.
//! 11. The wire gives back what it was given.
//! 12. The same inputs to the same machine do the same.
//! 13. One slot never starts twice within its least interval, whatever the storm.
//! 14. With an honest host there is a fresh credential within ten minutes.
//! 15. Nothing starts before the first demand, and no person is asked without one.
//! 16. A machine that nobody asks comes to rest.
//! 17. A snapshot says at any later time what the machine would say then.
//!
//! Kubecred's own: they are about the native machine. A [`World`](crate::World) checks by itself
//! those among them that hold for any machine (2, 3, 8 and 9).

use crate::law_runner::LawRunner;
use crate::machine::{Machine, Refusal, Served};
use crate::observe::{Ledger, hides_secrets, place};
use crate::openid::{DISCOVERY, TOKEN_ENDPOINT};
use crate::profiles::{CERTIFICATE, KEY, KUBECONFIG, PLUGIN, PROVIDER_ROOTS, ROOTS, TOKEN};
use crate::script::{How, Op, Pick, Script};
use crate::span::millis;
use crate::token_request::TOKEN_REQUEST;
use kubecred_core::protocol::{SetHeaders, Stdin};
use kubecred_core::{
    Action, Authenticator, Availability, Credential, Event, Input, Instant, Now, Unavailable,
};
use std::collections::BTreeMap;

/// What happened along a script: a check of laws over runs in which nothing happens proves
/// nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Jobs started.
    pub started: u64,
    /// Moments at which a credential was served.
    pub served: u64,
    /// Events of failure.
    pub failed: u64,
    /// Current generations refused.
    pub rejected: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.started += other.started;
        self.served += other.served;
        self.failed += other.failed;
        self.rejected += other.rejected;
    }
}

/// A script on its way.
struct Course {
    runner: LawRunner,
    /// Gets the same inputs.
    twin: Authenticator,
    /// Gets the same inputs, with ticks for the strays.
    shadow: Authenticator,
    ledger: Ledger,
    /// The copy of a host that lives by pushes.
    copy: Option<SetHeaders>,
    served: Option<Served>,
    /// When the jobs at this place were started last.
    starts: BTreeMap<String, u64>,
    /// When an acquisition began that has not gone beyond discovery.
    discovered: Option<u64>,
    /// New connections were asked for since `served` was.
    reconnected: bool,
    /// Good answers from this place since anyone asked: one is enough.
    unasked: BTreeMap<String, u32>,
    wanted: bool,
    /// The current generation was refused, and nothing has been fetched since.
    suspect: bool,
    /// The last asker came too early, and waits for the least interval to pass.
    paced: bool,
    strays: u64,
    tally: Tally,
}

/// Runs a script and checks every law on the way.
///
/// # Panics
/// When a law is broken.
pub fn hold(script: &Script) -> Tally {
    let new = || Authenticator::new(&script.profile(), script.policy(), script.seed);
    let mut course = Course {
        runner: LawRunner::new(script),
        twin: new(),
        shadow: new(),
        ledger: Ledger::new(&script.profile()),
        copy: None,
        served: None,
        starts: BTreeMap::new(),
        discovered: None,
        reconnected: false,
        unasked: BTreeMap::new(),
        wanted: false,
        suspect: false,
        paced: false,
        strays: 0,
        tally: Tally::default(),
    };
    for op in &script.ops {
        course.go(*op);
    }
    let tally = course.tally;
    course.compare_in_depth();
    liveness(course.runner, course.suspect && refreshable(script));
    drain_order(script);
    tally
}

impl Course {
    fn go(&mut self, op: Op) {
        let promised = self.runner.machine.poll_timeout();
        let open = self.runner.open.clone();
        let turn = self.runner.turn(op);
        let now = self.runner.now();
        wire(&turn.input);
        hides_secrets(&turn.input);
        self.note(&turn.input, turn.stray);
        if let Input::Complete(completion) = &turn.input {
            self.ledger.answered(completion.id);
            let asked = open.iter().find(|asked| asked.id == completion.id);
            if let Some(asked) = asked.filter(|_| turn.good) {
                *self.unasked.entry(asked.place.clone()).or_default() += 1;
                self.suspect &= asked.place == ROOTS;
            }
        }

        let closed = self.runner.machine.is_closed();
        self.strays += u64::from(turn.stray && !closed);
        let actions = self.feed(now, &turn.input, turn.stray);
        for action in &actions {
            wire(action);
            self.ledger.enter(action);
            self.pace(action, &turn.input);
            self.runner.ask(action);
        }
        assert!(!closed || actions.is_empty(), "law 10: closed is silent: {actions:?}");
        if self.runner.machine.is_closed() {
            self.silence(now, &actions);
        } else {
            self.deadline(now, promised, op == Op::Sleep);
            self.no_wait_for_nothing(now, op);
            self.living(now, &actions);
            self.snapshots(now);
            self.generations(now);
        }
    }

    /// Law 12, and law 5 as far as it shows.
    fn feed(&mut self, now: Now, input: &Input, stray: bool) -> Vec<Action> {
        let instead = if stray { Input::Tick } else { input.clone() };
        self.runner.machine.handle_input(now, input.clone());
        self.twin.handle_input(now, input.clone());
        self.shadow.handle_input(now, instead);
        let actions = drain(&mut self.runner.machine);
        assert_eq!(actions, drain(&mut self.twin), "law 12: the same again");
        assert_eq!(actions, drain(&mut self.shadow), "law 5: {input:?} is a tick");
        let lent = self.runner.machine.credential(now);
        assert_eq!(lent, self.shadow.credential(now), "law 5: {input:?} is a tick");
        hides_secrets(&self.runner.machine);
        actions
    }

    fn note(&mut self, input: &Input, stray: bool) {
        if !stray && matches!(input, Input::Demand | Input::Reject(_)) {
            let last = self.starts.get(PLUGIN).map(|last| self.runner.lived - last);
            let least = millis(self.runner.policy.min_interval);
            self.paced = last.is_some_and(|ago| ago < least);
        }
        match input {
            Input::Demand | Input::DemandConnection => {
                self.wanted = true;
                self.unasked.clear();
            }
            Input::Reject(_) if !stray => {
                self.tally.rejected += 1;
                self.suspect = true;
                self.unasked.clear();
            }
            _ => {}
        }
    }

    /// Laws 13, 15 and 16, for one action.
    fn pace(&mut self, action: &Action, input: &Input) {
        match action {
            Action::SetHeaders(set) => {
                self.reconnected |= set.reconnect;
                self.copy = Some(set.clone());
            }
            Action::Report(Event::Withdrawn { generation, .. }) => {
                let copy = self.copy.take().map(|copy| copy.generation);
                assert_eq!(copy, Some(*generation), "law 7: what was pushed is withdrawn");
            }
            Action::Report(Event::Failed { error, .. }) => {
                self.tally.failed += 1;
                let text = error.to_string();
                assert!(!text.contains(crate::CANARY), "law 9: a secret shows in {text}");
            }
            _ => {}
        }
        let Some(place) = place(action) else { return };
        self.tally.started += 1;
        assert!(self.wanted, "law 15: {place} was not asked for");
        let lived = self.runner.lived;
        let policy = &self.runner.policy;
        let least = millis(policy.min_interval.min(policy.backoff.initial));
        // The first job of an acquisition tells its pace; a plugin has its own.
        let follows = match place.as_str() {
            CERTIFICATE => self.ledger.knows(KEY),
            // What was refreshed is written back to it, in its own time.
            KUBECONFIG => true,
            PROVIDER_ROOTS => true,
            DISCOVERY | TOKEN_ENDPOINT if self.ledger.knows(KUBECONFIG) => true,
            TOKEN_ENDPOINT => self.discovered.is_some(),
            _ => false,
        };
        let began = match place.as_str() {
            TOKEN_ENDPOINT => self.discovered.take().unwrap_or(lived),
            _ => lived,
        };
        self.discovered = self.discovered.or_else(|| (place == DISCOVERY).then_some(lived));
        if let Some(last) = self.starts.insert(place.clone(), began).filter(|_| !follows) {
            assert!(lived - last >= least, "law 13: {place} again after {} ms", lived - last);
        }
        self.suspect &= place == ROOTS;
        if let Action::RunCommand(job) = action {
            let asked = matches!(input, Input::Demand | Input::Reject(_)) || self.paced;
            let person = job.request.stdin == Stdin::Inherit;
            assert!(asked || !person, "law 15: a person is asked at {input:?}");
        }
        // What an acquisition begins or ends with tells that it was good.
        let good = match place.as_str() {
            // A login that another one is made with is fetched for that one.
            PLUGIN => !self.ledger.knows(TOKEN_REQUEST),
            place => matches!(place, TOKEN | ROOTS),
        };
        let unasked = self.unasked.get(&place).copied().unwrap_or_default();
        assert!(!good || unasked == 0, "law 16: {place} is fetched again for nobody");
    }

    /// Law 10.
    fn silence(&self, now: Now, actions: &[Action]) {
        let machine = &self.runner.machine;
        assert_eq!(machine.poll_timeout(), None, "law 10: closed is silent");
        assert_eq!(machine.credential(now), Err(Unavailable::Closed), "law 10: closed is silent");
        let late = actions.iter().find(|action| !is_cancel(action));
        assert_eq!(late, None, "law 10: only cancels at the end");
        assert_eq!(self.ledger.open().next(), None, "law 10: what runs is cancelled");
    }

    /// Law 4.
    fn deadline(&mut self, now: Now, promised: Option<Instant>, slept: bool) {
        let deadline = self.runner.machine.poll_timeout();
        if slept && promised.is_some() {
            let moved = deadline.is_none_or(|at| at > now.monotonic);
            assert!(moved, "law 4: a busy loop: {:?}", self.runner.machine);
        }
        if let Some(at) = deadline {
            assert_eq!(self.ledger.announced, Some(at), "law 4: the deadline is pushed");
        }
        let told = self.feed(now, &Input::Tick, false);
        let expected: Vec<_> = deadline.map(Action::RefreshAt).into_iter().collect();
        assert_eq!(told, expected, "law 4: a second tick does nothing else");
    }

    /// Law 4: who waits, waits for a job or for the deadline.
    fn no_wait_for_nothing(&self, now: Now, op: Op) {
        let machine = &self.runner.machine;
        let waits = match op {
            Op::Demand => machine.credential(now) == Err(Unavailable::Pending),
            Op::DemandConnection => machine.connection(now) == Err(Unavailable::Pending),
            _ => false,
        };
        let sleeps = machine.poll_timeout().is_none();
        assert!(!waits || !sleeps || self.ledger.open().next().is_some(), "law 4: waits for ever");
    }

    /// Law 7.
    fn living(&mut self, now: Now, actions: &[Action]) {
        let lived = self.runner.lived;
        let over = self.runner.life.is_some_and(|life| life.is_over(lived, now.wall));
        let life = &self.runner.life;
        assert!(!over || self.copy.is_none(), "law 7: a copy of {life:?} is not withdrawn");
        let machine = &self.runner.machine;
        let Ok(lent) = machine.credential(now) else { return };
        self.tally.served += 1;
        assert!(!over, "law 7: {life:?} is served at {now:?}, lived {lived}: {actions:?}");
        assert!(lent.expires.is_none_or(|end| now.wall < end), "law 7: {lent:?} at {now:?}");
        // The promise to hosts that keep a copy without being told.
        if let Some(until) = lent.good_until {
            let left = millis(until.since(now.monotonic)).saturating_sub(1);
            let mut later = self.runner.clocks;
            later.set(later.elapsed() + left);
            let then = machine.credential(later.now()).map(|later| later.generation);
            assert_eq!(then, Ok(lent.generation), "law 7: good until {until:?}, but not later");
        }
    }

    /// Law 17, while nothing is handed in.
    fn snapshots(&self, now: Now) {
        let machine = &self.runner.machine;
        let snapshot = machine.snapshot(now, own);
        let connection = machine.connection_snapshot(now, |lent| {
            (lent.roots.map(<[u8]>::to_vec), lent.identity.cloned())
        });
        for then in self.later(now, [&snapshot.good_until(), &snapshot.demand_from()]) {
            match (snapshot.at(then), machine.credential(then)) {
                (Availability::Ready(served), Ok(lent)) => {
                    let (demand, lent) = (lent.demand, Served::from(lent));
                    let same = served.generation == lent.generation && same_bytes(served, &lent);
                    assert!(same, "law 17: {served:?} is not {lent:?}");
                    let wants = snapshot.wants_demand(then);
                    assert_eq!(wants, demand, "law 17: demand at {then:?}, taken at {now:?}");
                }
                (Availability::Failed(_), Err(Unavailable::Failed(_)))
                | (Availability::Pending, Err(Unavailable::Failed(_) | Unavailable::Pending)) => {}
                (said, machine) => {
                    panic!("law 17: taken at {now:?}, it says {said:?} at {then:?}: {machine:?}")
                }
            }
        }
        for then in self.later(now, [&connection.good_until(), &connection.demand_from()]) {
            match (connection.at(then), machine.connection(then)) {
                (Availability::Ready((roots, identity)), Ok(lent)) => {
                    let same = roots.as_deref() == lent.roots && identity.as_ref() == lent.identity;
                    assert!(same, "law 17: another connection at {then:?}");
                    assert_eq!(connection.wants_demand(then), lent.demand, "law 17: demand");
                }
                // A certificate of a plugin's has ended, and the rest has not.
                (Availability::Pending, Ok(_))
                | (Availability::Failed(_), Err(Unavailable::Failed(_)))
                | (Availability::Pending, Err(Unavailable::Failed(_) | Unavailable::Pending)) => {}
                (said, machine) => {
                    panic!("law 17: taken at {now:?}, it says {said:?} at {then:?}: {machine:?}")
                }
            }
        }
    }

    /// Times around these, and far away; the wall clock may have been set as well.
    fn later(&self, now: Now, times: [&Option<Instant>; 2]) -> Vec<Now> {
        let mut ahead = vec![0, 1, 1_000, 61_000, 3_600_000];
        for at in times.into_iter().flatten() {
            let left = millis(at.since(now.monotonic));
            ahead.extend([left.saturating_sub(1), left, left.saturating_add(1)]);
        }
        let mut later = Vec::new();
        for ahead in ahead.into_iter().filter(|ahead| *ahead < 1 << 40) {
            let mut clocks = self.runner.clocks;
            clocks.set(clocks.elapsed() + ahead);
            later.push(clocks.now());
            clocks.jump_wall(7_200_000);
            later.push(clocks.now());
        }
        later
    }

    /// Law 8.
    fn generations(&mut self, now: Now) {
        let served = match Machine::credential(&mut self.runner.machine, now) {
            Ok(served) => served,
            Err(Refusal::Failed(text)) => {
                return assert!(!text.contains(crate::CANARY), "law 9: a secret shows in {text}");
            }
            Err(_) => return,
        };
        if let Some(before) = &self.served {
            assert!(served.generation >= before.generation, "law 8: the generation never falls");
            let kept = served.generation == before.generation;
            assert!(!kept || same_bytes(&served, before), "law 8: other bytes, same generation");
            let next = before.generation.as_u64() + 1 == served.generation.as_u64();
            assert!(!next || !same_bytes(&served, before), "law 8: same bytes, next generation");
        }
        let told = std::mem::take(&mut self.reconnected);
        if let Some(before) = &self.served {
            let same = served.identity == before.identity && served.roots == before.roots;
            assert!(same || told, "law 8: another certificate or authority, same connections");
        }
        let copy = self.copy.as_ref().expect("law 8: what is served has been pushed");
        assert_eq!(copy.generation, served.generation, "law 8: pushed is served");
        assert_eq!(copy.headers, served.headers, "law 8: pushed is served");
        assert_eq!(copy.expires, served.expires, "law 8: pushed is served");
        self.served = Some(served);
    }

    /// Laws 5 and 12 for what does not show.
    fn compare_in_depth(&self) {
        let machine = &self.runner.machine;
        assert_eq!(format!("{machine:?}"), format!("{:?}", self.twin), "law 12: the same again");
        let stats = machine.stats();
        let ignored = self.shadow.stats().ignored + self.strays;
        assert_eq!(stats.ignored, ignored, "law 5: strays are counted");
        assert_eq!(without_ignored(machine), without_ignored(&self.shadow), "law 5: a tick");
    }
}

fn own(lent: Credential<'_>) -> Served {
    lent.into()
}

fn same_bytes(one: &Served, other: &Served) -> bool {
    one.headers == other.headers && one.identity == other.identity && one.roots == other.roots
}

/// Whether a 401 is a reason to fetch something.
fn refreshable(script: &Script) -> bool {
    script.profile().authentication.is_refreshable()
}

/// Law 2.
fn drain(machine: &mut Authenticator) -> Vec<Action> {
    let actions: Vec<_> = std::iter::from_fn(|| machine.poll_action()).take(33).collect();
    assert!(actions.len() <= 32, "law 2: few actions come of one input");
    actions
}

fn without_ignored(machine: &Authenticator) -> String {
    let text = format!("{machine:?}");
    let counter = format!("ignored: {}", machine.stats().ignored);
    assert!(text.contains(&counter), "the counter shows in {text}");
    text.replacen(&counter, "ignored: _", 1)
}

/// Law 11.
fn wire<T>(value: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let text = serde_json::to_string(value).expect("law 11: it serialises");
    let back: T = serde_json::from_str(&text).expect("law 11: it reads back");
    assert_eq!(&back, value, "law 11: the wire is faithful");
}

/// Law 14. `suspect`: the server has refused what is served, and nothing was fetched since.
fn liveness(mut runner: LawRunner, suspect: bool) {
    if runner.machine.is_closed() {
        return;
    }
    let end = runner.lived + 600_000;
    let mut fetched = !suspect;
    loop {
        runner.machine.handle_input(runner.now(), Input::Demand);
        loop {
            for action in drain(&mut runner.machine) {
                runner.ask(&action);
            }
            if runner.open.is_empty() {
                break;
            }
            // Somebody logs in, should the provider have thrown us out.
            let login = runner.open.iter().position(|asked| asked.place == KUBECONFIG) == Some(0);
            let how = if login { How::Well } else { How::Same };
            let turn = runner.turn(Op::Answer(Pick::Oldest, how));
            fetched = true;
            runner.machine.handle_input(runner.now(), turn.input);
        }
        runner.machine.handle_input(runner.now(), Input::Demand);
        let now = runner.now();
        if fetched && runner.machine.credential(now).is_ok_and(|lent| !lent.demand) {
            return;
        }
        assert!(runner.lived < end, "law 14: nothing fresh for ten minutes: {:?}", runner.machine);
        let at = runner.machine.poll_timeout();
        let wait = at.map_or(1000, |at| millis(at.since(now.monotonic)));
        let turn = runner.turn(Op::Advance(wait.clamp(1, 1000)));
        runner.machine.handle_input(runner.now(), turn.input);
    }
}

/// Law 6: runs a script twice, drained at once and drained late, and compares.
fn drain_order(script: &Script) {
    let (eager, eager_log) = relay(script, true);
    let (late, late_log) = relay(script, false);
    let told: Vec<_> = late_log.iter().filter_map(Action::job_id).collect();
    let annihilated = |action: &&Action| match action {
        Action::Cancel(id) => told.contains(id),
        other => other.job_id().is_none_or(|id| told.contains(&id)),
    };
    let eager_log: Vec<_> = eager_log.iter().filter(annihilated).collect();
    assert_eq!(eager_log, late_log.iter().collect::<Vec<_>>(), "law 6: drained late");
    assert_eq!(format!("{eager:?}"), format!("{late:?}"), "law 6: drained late");
}

fn is_cancel(action: &Action) -> bool {
    matches!(action, Action::Cancel(_))
}

/// Jobs become known to the host at a [`Op::Drain`] only; the eager one drains in between too.
fn relay(script: &Script, eager: bool) -> (Authenticator, Vec<Action>) {
    let mut runner = LawRunner::new(script);
    let (mut log, mut fresh) = (Vec::new(), Vec::new());
    for op in script.ops.iter().chain([&Op::Drain]) {
        let now_or_later = eager || *op == Op::Drain;
        let turn = runner.turn(*op);
        runner.machine.handle_input(runner.now(), turn.input);
        if *op == Op::Close {
            // What nobody has taken by then, nobody needs.
            fresh.retain(|action: &Action| action.job_id().is_some() || is_cancel(action));
        }
        if now_or_later {
            fresh.extend(std::iter::from_fn(|| runner.machine.poll_action()));
        }
        if *op == Op::Drain {
            for action in &fresh {
                let annihilated = |id| fresh.contains(&Action::Cancel(id));
                let id = match action {
                    Action::Cancel(id) => Some(*id),
                    job => job.job_id().filter(|id| annihilated(*id)),
                };
                let both = |id| fresh.iter().any(|job| job.job_id() == Some(id));
                if !id.is_some_and(both) {
                    runner.ask(action);
                }
            }
            log.append(&mut fresh);
        }
    }
    (runner.machine, log)
}
