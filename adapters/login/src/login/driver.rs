//! The loop: actions out, inputs in.

use super::browser::Launchers;
use super::keyring::Keyring;
use super::listener::{Arrival, Listener};
use super::perform::{self, Tools};
use super::render::Rendered;
use super::{Host, entries, surroundings};
use crate::folder::narrowed;
use crate::lock::Lock;
use crate::signals::{Interrupt, Signals};
use kubecred_core::login::{
    Action, ExchangeId, Input, Login, LoginError, LoginWire, Operation, Outcome, Respond,
    ResponseBody, Settings,
};
use kubecred_core::{ActionId, Instant};
use kubecred_host::Clock;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};

/// How long answers that have been given may take to reach the browser.
const DELIVERY: Duration = Duration::from_millis(200);

/// The most that is waited for the browser after the outcome (LG-55), should the machine ask for
/// more.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// A login that has ended.
pub struct Finished {
    /// How.
    pub outcome: Outcome,
    /// The signal that ended it, if one did.
    pub interrupt: Option<Interrupt>,
    rest: Option<Box<Rest>>,
}

/// What is left to do when the outcome is known: the browser gets its last page.
struct Rest {
    runtime: Runtime,
    driver: Driver,
    tools: Arc<Tools>,
}

impl Finished {
    fn at_once(outcome: Outcome) -> Self {
        Self { outcome, interrupt: None, rest: None }
    }

    /// Waits until the browser has its last page, at most half a second. To be called after the
    /// credential is printed.
    pub fn deliver(self) {
        let Some(rest) = self.rest else { return };
        let Rest { runtime, mut driver, tools } = *rest;
        runtime.block_on(async {
            let _ = tokio::time::timeout(AFTERWARDS, driver.close(&tools)).await;
        });
        // A prompt may still wait for a line that will not come.
        runtime.shutdown_background();
    }
}

/// Runs a login to its outcome.
#[must_use]
pub fn run(settings: Settings, operation: Operation, mut host: Host) -> Finished {
    let clock = Clock::start();
    let launchers = Launchers::from_env(host.browser_stderr);
    let facts = surroundings::facts(&launchers, !settings.browser_command.is_empty());
    let mut entries = entries(host.cache.as_ref());
    if let Ok(folder) = &mut entries {
        folder.take_narrowed().iter().for_each(|path| (host.warn)(narrowed(path)));
    }
    let mut login = Login::new(settings, operation);
    login.handle_input(clock.now(), Input::Start(facts));
    let mut driver = Driver::new(clock, login, host);
    // The common run ends here: one file is read, and there is no runtime.
    while let Some(action) = driver.login.poll_action() {
        match action {
            Action::ReadEntry(job) => {
                let input = perform::read_entry(job, &entries, &mut driver.host.warn);
                driver.input(input);
            }
            Action::Finish(outcome) => return Finished::at_once(outcome),
            Action::RefreshAt(at) => driver.wake = Some(at),
            Action::Report(event) => (driver.host.tell)(event),
            action => {
                driver.pending = Some(action);
                break;
            }
        }
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure =
                kubecred_core::Failure::new(kubecred_core::FailureKind::Other, error.to_string());
            let outcome = Err(LoginError::Host { what: "starting a runtime".into(), failure });
            return Finished::at_once(outcome);
        }
    };
    let requests = kubecred_tokio::RequestSender::from_env();
    let requests = requests.with_system_roots(driver.host.system_roots);
    let keyring = Keyring::new(driver.host.keyring);
    let tools = Arc::new(Tools { entries, launchers, keyring, requests });
    let outcome = runtime.block_on(driver.drive(&tools));
    let interrupt = driver.interrupt;
    Finished { outcome, interrupt, rest: Some(Box::new(Rest { runtime, driver, tools })) }
}

/// What a job brings beside its answer.
enum Brought {
    Nothing,
    Lock(Option<Lock>),
    Listener(Option<Listener>),
}

struct Driver {
    clock: Clock,
    login: Login,
    host: Host,
    /// An action that was taken out before there was a runtime.
    pending: Option<Action>,
    wake: Option<Instant>,
    jobs: JoinSet<(ActionId<LoginWire>, Input, Brought)>,
    running: HashMap<ActionId<LoginWire>, AbortHandle>,
    arrivals: (mpsc::Sender<Arrival>, mpsc::Receiver<Arrival>),
    answers: HashMap<ExchangeId, oneshot::Sender<Rendered>>,
    listener: Option<Listener>,
    lock: Option<Lock>,
    interrupt: Option<Interrupt>,
}

impl Driver {
    fn new(clock: Clock, login: Login, host: Host) -> Self {
        Self {
            clock,
            login,
            host,
            pending: None,
            wake: None,
            jobs: JoinSet::new(),
            running: HashMap::new(),
            arrivals: mpsc::channel(16),
            answers: HashMap::new(),
            listener: None,
            lock: None,
            interrupt: None,
        }
    }

    fn input(&mut self, input: Input) {
        self.login.handle_input(self.clock.now(), input);
    }

    /// Goes on to the outcome.
    async fn drive(&mut self, tools: &Arc<Tools>) -> Outcome {
        let mut signals = Signals::new();
        loop {
            if let Some(outcome) = self.perform_all(tools) {
                return outcome;
            }
            self.wait(&mut signals).await;
        }
    }

    /// Goes on until the browser has its last page.
    async fn close(&mut self, tools: &Arc<Tools>) {
        let mut signals = Signals::new();
        loop {
            self.perform_all(tools);
            if self.login.is_done() {
                break;
            }
            self.wait(&mut signals).await;
        }
        if let Some(listener) = self.listener.take() {
            listener.drain(DELIVERY).await;
        }
    }

    /// Performs actions until there is none, or until the outcome.
    fn perform_all(&mut self, tools: &Arc<Tools>) -> Option<Outcome> {
        while let Some(action) = self.pending.take().or_else(|| self.login.poll_action()) {
            if let Action::Finish(outcome) = action {
                return Some(outcome);
            }
            self.perform(action, tools);
        }
        None
    }

    /// Waits for the next thing that happens, and hands it in.
    async fn wait(&mut self, signals: &mut Signals) {
        let now = self.clock.now().monotonic;
        let wake = self.wake.map(|at| at.since(now));
        let sleep = async {
            match wake {
                Some(wake) => tokio::time::sleep(wake).await,
                None => std::future::pending().await,
            }
        };
        let mut brought = Brought::Nothing;
        let input = tokio::select! {
            Some(done) = self.jobs.join_next() => match done {
                Ok((id, input, with)) => {
                    self.running.remove(&id);
                    brought = with;
                    input
                }
                // A job that was cancelled.
                Err(_) => return,
            },
            Some(Arrival { exchange, answer }) = self.arrivals.1.recv() => {
                self.answers.insert(exchange.id, answer);
                Input::Arrived(exchange)
            }
            () = sleep => {
                self.wake = None;
                Input::Tick
            }
            interrupt = signals.next(), if self.interrupt.is_none() => {
                self.interrupt = Some(interrupt);
                Input::Interrupt
            }
        };
        match brought {
            Brought::Nothing => {}
            Brought::Lock(lock) => self.lock = lock,
            Brought::Listener(listener) => self.listener = listener,
        }
        self.input(input);
    }

    fn perform(&mut self, action: Action, tools: &Arc<Tools>) {
        let tools = tools.clone();
        match action {
            Action::ReadEntry(job) => {
                let input = perform::read_entry(job, &tools.entries, &mut self.host.warn);
                self.input(input);
            }
            Action::WriteEntry(job) => self.input(perform::write_entry(job, &tools.entries)),
            Action::DeleteEntry(job) => self.input(perform::delete_entry(job, &tools.entries)),
            Action::RandomBytes(job) => self.input(perform::random(job)),
            Action::ReadFile(job) => self.spawn(job.id, perform::read_file(job)),
            Action::SendRequest(job) => self.spawn(job.id, async move {
                let sent = tools.requests.send(&job.request).await;
                job.done(sent)
            }),
            Action::KeyringGet(job) => self.spawn(job.id, perform::keyring_get(job, tools)),
            Action::KeyringSet(job) => self.spawn(job.id, perform::keyring_set(job, tools)),
            Action::KeyringDelete(job) => self.spawn(job.id, perform::keyring_delete(job, tools)),
            Action::OpenBrowser(job) => self.spawn(job.id, perform::open_browser(job, tools)),
            Action::Prompt(job) => self.spawn(job.id, perform::ask(job)),
            Action::Lock(job) => self.spawn_with(job.id, async move {
                let (input, lock) = perform::lock(job, tools).await;
                (input, Brought::Lock(lock))
            }),
            Action::Listen(job) => {
                let arrivals = self.arrivals.0.clone();
                self.spawn_with(job.id, async move {
                    match Listener::start(&job.request, arrivals).await {
                        Ok((listener, at)) => (job.done(Ok(at)), Brought::Listener(Some(listener))),
                        Err(failure) => (job.done(Err(failure)), Brought::Nothing),
                    }
                });
            }
            Action::Cancel(id) => {
                if let Some(job) = self.running.remove(&id) {
                    job.abort();
                }
            }
            Action::Respond(respond) => self.respond(respond),
            Action::StopListening => {
                if let Some(listener) = &mut self.listener {
                    listener.stop();
                }
            }
            Action::Unlock => self.lock = None,
            Action::RefreshAt(at) => self.wake = Some(at),
            Action::Report(event) => (self.host.tell)(event),
            // Taken out before.
            Action::Finish(_) => {}
        }
    }

    fn spawn(
        &mut self,
        id: ActionId<LoginWire>,
        job: impl Future<Output = Input> + Send + 'static,
    ) {
        self.spawn_with(id, async move { (job.await, Brought::Nothing) });
    }

    fn spawn_with(
        &mut self,
        id: ActionId<LoginWire>,
        job: impl Future<Output = (Input, Brought)> + Send + 'static,
    ) {
        let handle = self.jobs.spawn(async move {
            let (input, brought) = job.await;
            (id, input, brought)
        });
        self.running.insert(id, handle);
    }

    fn respond(&mut self, Respond { exchange, status, headers, body }: Respond) {
        let Some(answer) = self.answers.remove(&exchange) else { return };
        let html = match &body {
            ResponseBody::Page(page) => {
                let (html, problem) = self.host.templates.render(page);
                if let Some(problem) = problem {
                    (self.host.warn)(format!("the built-in page is shown: {problem}"));
                }
                html
            }
            _ => String::new(),
        };
        // An error is a browser that has gone.
        let _ = answer.send(Rendered::new(status, &headers, &body, html));
    }
}
