//! The loop, a turn at a time: feeds the machine, carries out what it asks for. Decides nothing.

use crate::perform::{Exchange, Host, wait};
use kubecred_core::protocol::SendRequest;
use kubecred_core::{Action, Authenticator, Event, Input, Job};
use kubecred_host::availability::{Unavailable, answer, snapshot};
use kubecred_host::{Clock, Credential};
use std::collections::VecDeque;
use std::time::Duration;

/// How many events are kept until they are taken.
const EVENTS: usize = 256;

/// How long to wait when the machine names no time; it does while a call waits.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Driver {
    pub(crate) machine: Authenticator,
    pub(crate) events: VecDeque<Event>,
    clock: Clock,
    host: Host,
    sent: Vec<Sent>,
    connection: u64,
    /// The credential that was given out last.
    kept: Option<Credential>,
}

/// A request of a source that is under way.
struct Sent {
    job: Job<SendRequest>,
    exchange: Exchange,
}

impl Driver {
    pub(crate) fn new(machine: Authenticator, clock: Clock, host: Host) -> Self {
        let (events, sent) = (VecDeque::new(), Vec::new());
        let mut driver = Self { machine, events, clock, host, sent, connection: 0, kept: None };
        // What needs no job, a literal token for one, is there at once.
        driver.feed(Input::Tick);
        driver
    }

    /// Tells the machine something, and does what it wants then.
    pub(crate) fn feed(&mut self, input: Input) {
        self.machine.handle_input(self.clock.now(), input);
        while let Some(action) = self.machine.poll_action() {
            if let Some(answer) = self.carry_out(action) {
                self.machine.handle_input(self.clock.now(), answer);
            }
        }
    }

    /// Does what is due, without waiting.
    pub(crate) fn work(&mut self) {
        let mut index = 0;
        while let Some(sent) = self.sent.get_mut(index) {
            match sent.exchange.look() {
                None => index += 1,
                Some(outcome) => {
                    let Sent { job, exchange } = self.sent.swap_remove(index);
                    drop(exchange);
                    self.feed(job.done(outcome));
                    index = 0; // feeding may have cancelled others
                }
            }
        }
        if self.until_tick().is_some_and(|time| time.is_zero()) {
            self.feed(Input::Tick);
        }
    }

    /// Waits for the next thing that happens, and tells the machine.
    pub(crate) fn wait(&mut self) {
        let ready: Vec<_> = self.sent.iter().filter_map(|sent| sent.exchange.ready()).collect();
        wait(&ready, Some(self.until_tick().unwrap_or(PAUSE)));
        self.work();
    }

    /// How long until the machine wants a tick.
    pub(crate) fn until_tick(&self) -> Option<Duration> {
        let at = self.machine.poll_timeout()?;
        Some(at.since(self.clock.now().monotonic))
    }

    /// What can be put on a request now. Tells the machine if it wants to know of that.
    pub(crate) fn ask(&mut self) -> Result<Credential, Unavailable> {
        let now = self.clock.now();
        let snapshot = snapshot(&self.machine, now, self.connection, self.kept.as_ref());
        let credential = answer(snapshot.taken())?;
        self.kept = Some(credential.clone());
        if snapshot.wants_demand(now) {
            self.feed(Input::Demand);
        }
        Ok(credential)
    }

    /// The answer, if the job has one at once; what is sent is answered later.
    fn carry_out(&mut self, action: Action) -> Option<Input> {
        match action {
            Action::ReadFile(job) => {
                let outcome = self.host.read(&job.request);
                return Some(job.done(outcome));
            }
            Action::RunCommand(job) => {
                let outcome = self.host.run(&job.request);
                return Some(job.done(outcome));
            }
            Action::WriteFile(job) => {
                let outcome = self.host.write(&job.request);
                return Some(job.done(outcome));
            }
            Action::Provide(job) => {
                let outcome = self.host.provide(&job.request);
                return Some(job.done(outcome));
            }
            Action::SendRequest(job) => match self.host.send(&job.request) {
                Ok(exchange) => self.sent.push(Sent { job, exchange }),
                Err(failure) => return Some(job.done(Err(failure))),
            },
            Action::Cancel(id) => self.sent.retain(|sent| sent.job.id != id),
            Action::SetHeaders(set) => self.connection += u64::from(set.reconnect),
            Action::RefreshAt(_) => {} // `poll_timeout` says the same
            Action::Report(event) => {
                if self.events.len() == EVENTS {
                    self.events.pop_front();
                }
                self.events.push_back(event);
            }
        }
        None
    }
}
