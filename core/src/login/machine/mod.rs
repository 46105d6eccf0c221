//! The machine: from settings to an outcome.
//!
//! ```text
//!  read entry ── still good ─────────────────────────────────────────────▶ finish
//!      │
//!  lock ─▶ read again ── another process logged in meanwhile ─────────▶ finish
//!      │
//!  what is missing: files of the settings, discovery
//!      │
//!  refresh, or one flow at a time ─▶ verify ─▶ store ─▶ give the lock back ─▶ finish
//! ```
//!
//! One job is in flight at a time, except while a browser is waited for. Each file of this room is
//! one part of the way; each part ends by calling the next.

mod browser;
mod cache;
mod device;
mod end;
mod grants;
mod logout;
mod prepare;
mod token;

use super::entry::{self, Entry};
use super::outcome::{Event, LoginError, Success};
use super::protocol::{
    Action, Exchange, HostFacts, Input, LoginWire, Reply, Respond, ResponseBody,
};
use super::provider::{self, Provider};
use super::settings::{Grant, Operation, Settings, Storage};
use super::{Outcome, authorization};
use crate::credential::Header;
use crate::profile::ExecApiVersion;
use crate::protocol::{ActionId, Failure, FailureKind, Job, Tls, TrustAnchors};
use crate::secret::Secret;
use crate::source::exec::{InfoProblem, parse_info};
use crate::time::{Instant, Now, UnixTime};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use browser::Code;
use device::Device;
use token::{Received, TokenCall};

/// Gets a credential from the cache, by a refresh or by a login; or logs out, or says what is
/// stored.
///
/// A host calls [`Login::handle_input`] with [`Input::Start`], and then for each thing that
/// happens; after each it takes actions from [`Login::poll_action`] until there is none.
/// [`Action::Finish`] has the outcome. It goes on until [`Login::is_done`], which is at most 500 ms
/// later: the browser may not yet have fetched its last page (LG-55).
#[derive(Debug)]
pub struct Login {
    settings: Settings,
    operation: Operation,
    facts: HostFacts,
    api_version: ExecApiVersion,
    now: Now,
    next_id: u64,
    actions: VecDeque<Action>,
    jobs: BTreeMap<ActionId<LoginWire>, Purpose>,
    stage: Stage,
    key: String,
    entry: Entry,
    /// The entry has changed and has not been written.
    entry_changed: bool,
    /// The entry has a token that this run has got and verified.
    entry_is_new: bool,
    /// When the wait for another process's lock began.
    waiting_since: Option<UnixTime>,
    locked: bool,
    keyring_reported: bool,
    /// The refresh token in hand, until it is presented (LG-89).
    refresh_token: Option<Secret>,
    /// The refresh token that was presented last.
    presented: Option<Secret>,
    files: Files,
    provider: Option<Provider>,
    /// Neither cache nor network has been asked for the provider yet.
    provider_entry_read: bool,
    provider_changed: bool,
    /// Keys have been fetched again, which happens once (LG-69).
    keys_fetched_again: bool,
    goal: Goal,
    flow: Flow,
    call: Option<TokenCall>,
    received: Option<Box<Received>>,
    /// Entropy that was given before (LG-28).
    drawn: Vec<Secret>,
    deadline: Option<Deadline>,
    /// The time of the last [`Action::RefreshAt`].
    announced_deadline: Option<Instant>,
    outcome: Option<Outcome>,
}

/// How far the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    NotStarted,
    Running,
    /// The outcome is known, and what is still to be written is being written.
    Ending,
    /// The outcome has been given; the browser may still fetch its page until then.
    Delivering(Instant),
    Done,
}

/// What the network is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Nothing,
    Refresh,
    Login,
    Revoke,
}

/// The flow that is running: there is room for one (LG-15).
#[derive(Debug)]
enum Flow {
    None,
    Code(Box<Code>),
    Paste(Box<authorization::Secrets>),
    Device(Box<Device>),
    Password { username: Option<String> },
    Client,
    Exchange,
}

impl Flow {
    /// Whether a person is waited for, so that a failure is worth a pause (LG-99).
    const fn is_interactive(&self) -> bool {
        matches!(self, Self::Code(_) | Self::Paste(_) | Self::Device(_))
    }
}

/// Files of the settings that have been read.
#[derive(Debug, Default)]
struct Files {
    roots: Option<Secret>,
    client_secret: Option<Secret>,
    assertion: Option<Secret>,
    subject: Option<Secret>,
    password: Option<Secret>,
}

/// When the login ends, and which flag says so (LG-11).
#[derive(Clone, Copy, Debug)]
struct Deadline {
    at: Instant,
    limit: core::time::Duration,
    flag: &'static str,
}

/// What a job in flight is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Entry { locked: bool },
    EntryItem { locked: bool },
    Lock { again: bool },
    RefreshItem,
    Roots,
    ClientSecret,
    Assertion,
    Subject { first: bool },
    Password,
    ProviderEntry,
    Discovery { fallback: bool },
    Keys,
    StoreProvider,
    Random,
    Listen,
    Pushed,
    Open,
    DeviceStart,
    Ask(super::PromptFor),
    Token,
    StoreItem,
    StoreEntry,
    DropItem,
    DropEntry,
    Revoke,
}

/// What a step of the machine comes to: the error ends the run.
type Step = Result<(), LoginError>;

impl Login {
    /// A machine for one run.
    pub fn new(settings: Settings, operation: Operation) -> Self {
        Self {
            api_version: settings.api_version,
            settings,
            operation,
            facts: HostFacts::default(),
            now: Now::default(),
            next_id: 0,
            actions: VecDeque::new(),
            jobs: BTreeMap::new(),
            stage: Stage::NotStarted,
            key: String::new(),
            entry: Entry::default(),
            entry_changed: false,
            entry_is_new: false,
            waiting_since: None,
            locked: false,
            keyring_reported: false,
            refresh_token: None,
            presented: None,
            files: Files::default(),
            provider: None,
            provider_entry_read: false,
            provider_changed: false,
            keys_fetched_again: false,
            goal: Goal::Nothing,
            flow: Flow::None,
            call: None,
            received: None,
            drawn: Vec::new(),
            deadline: None,
            announced_deadline: None,
            outcome: None,
        }
    }

    /// Tells the machine what happened. Cannot fail: an input that does not fit changes nothing.
    pub fn handle_input(&mut self, now: Now, input: Input) {
        self.advance_clocks(now);
        match input {
            Input::Start(facts) if self.stage == Stage::NotStarted => {
                self.stage = Stage::Running;
                self.facts = facts;
                let step = self.start();
                self.settle(step);
            }
            Input::Complete(completion) => {
                if let Some(purpose) = self.jobs.remove(&completion.id) {
                    let step = self.completed(purpose, completion.outcome);
                    self.settle(step);
                }
            }
            Input::Arrived(exchange) => self.arrived(exchange),
            Input::Tick => self.tick(),
            Input::Interrupt if self.stage == Stage::Running => {
                self.settle(Err(LoginError::Interrupted));
            }
            // What is still to be written is not waited for any more.
            Input::Interrupt if self.stage == Stage::Ending => self.finish(),
            Input::Interrupt if matches!(self.stage, Stage::Delivering(_)) => {
                self.stop_delivering();
            }
            Input::Close => {
                let (settings, operation) = (Settings::new("", ""), Operation::Token);
                *self = Self { stage: Stage::Done, ..Self::new(settings, operation) };
            }
            Input::Start(_) | Input::Interrupt => {}
        }
        self.set_alarm();
    }

    /// The next thing to do; `None`: nothing before the next input.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether nothing more will come of this machine, once its actions have been taken.
    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    fn start(&mut self) -> Step {
        if let Some(text) = &self.facts.exec_info {
            match parse_info(text) {
                Ok(info) => {
                    self.api_version = info.api_version;
                    self.facts.can_prompt &= info.spec.interactive;
                }
                // Set, but empty: as if it were not set.
                Err(InfoProblem::Unset) => {}
                Err(problem) => return Err(LoginError::Usage(problem.to_string())),
            }
        }
        self.check_settings()?;
        if self.settings.grant == Grant::TokenExchange {
            // Whose token it is decides where it is stored (LG-109).
            return self.read_subject(true);
        }
        self.key = entry::key(&self.settings, None);
        self.read_entry(false)
    }

    fn check_settings(&self) -> Step {
        let settings = &self.settings;
        let usage = |text: &str| Err(LoginError::Usage(text.into()));
        if settings.client_id.is_empty() {
            return usage("the client id is not set");
        }
        provider::check_issuer(&settings.issuer)?;
        if let Some(name) = authorization::reserved(settings) {
            let text = alloc::format!("the parameter {name:?} belongs to the flow itself");
            return Err(LoginError::Usage(text));
        }
        if !settings.openid && settings.token == super::TokenKind::Id {
            return usage("an ID token needs the scope openid");
        }
        if settings.grant == Grant::TokenExchange && settings.exchange.is_none() {
            return usage("the token exchange needs a file with a subject token");
        }
        if settings.grant == Grant::Paste && settings.redirect_uri.is_none() {
            return usage("pasting the code needs the redirect URI that is registered");
        }
        if settings.listen.is_empty() {
            return usage("there is no address to listen on");
        }
        if let Some(url) = &settings.url_after_login
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            return usage("the URL to open after the login is not http or https");
        }
        Ok(())
    }

    fn completed(&mut self, purpose: Purpose, outcome: Result<Reply, Failure>) -> Step {
        match purpose {
            Purpose::Entry { locked } | Purpose::EntryItem { locked } => {
                self.entry_read(locked, outcome)
            }
            Purpose::Lock { again } => self.lock_answered(again, outcome),
            Purpose::RefreshItem => self.refresh_item_read(outcome),
            Purpose::Roots
            | Purpose::ClientSecret
            | Purpose::Assertion
            | Purpose::Subject { .. }
            | Purpose::Password => self.file_read(purpose, outcome),
            Purpose::ProviderEntry => self.provider_entry_read(outcome),
            Purpose::Discovery { fallback } => self.discovered(fallback, outcome),
            Purpose::Keys => self.keys_read(outcome),
            Purpose::Random => self.random_drawn(outcome),
            Purpose::Listen => self.listening(outcome),
            Purpose::Pushed => self.pushed(outcome),
            Purpose::Open => self.opened(outcome),
            Purpose::DeviceStart => self.device_started(outcome),
            Purpose::Ask(what) => self.typed(what, outcome),
            Purpose::Token => self.token_answered(outcome),
            Purpose::StoreItem => self.item_stored(outcome),
            Purpose::StoreEntry => self.entry_stored(outcome),
            Purpose::StoreProvider => self.provider_stored(),
            Purpose::DropItem | Purpose::DropEntry => self.dropped(purpose, outcome),
            Purpose::Revoke => self.revoked(outcome),
        }
    }

    /// Time does not run backwards here, whatever a host says.
    fn advance_clocks(&mut self, now: Now) {
        self.now.wall = now.wall;
        self.now.monotonic = self.now.monotonic.max(now.monotonic);
    }

    fn tick(&mut self) {
        let now = self.now.monotonic;
        // An announced_deadline that has rung is not set any more; an early tick is answered with it again.
        self.announced_deadline = None;
        match self.stage {
            Stage::Delivering(until) if now >= until => self.stop_delivering(),
            // What cannot be written in time is not waited for.
            Stage::Ending if self.deadline.is_none_or(|deadline| now >= deadline.at) => {
                self.finish();
            }
            Stage::Running => {
                if let Some(deadline) = self.deadline.filter(|deadline| now >= deadline.at) {
                    let step = self.out_of_time(deadline);
                    self.settle(step);
                } else {
                    let step = self.poll_device();
                    self.settle(step);
                }
            }
            _ => {}
        }
    }

    /// Whatever is waited for, a run ends (LG-11), once it has read its entry: a cached run sets no
    /// announced_deadline. A login has the whole limit from its first question, and so has what follows a wait
    /// for the lock.
    fn limit_run(&mut self) {
        let limit = self.settings.timeout;
        let at = self.now.monotonic.saturating_add(limit);
        self.deadline = Some(Deadline { at, limit, flag: "--authentication-timeout-sec" });
    }

    /// The limit has passed. A token that is only still to be stored is printed (LG-94).
    fn out_of_time(&mut self, deadline: Deadline) -> Step {
        if self.entry_is_new {
            let failure = Failure::new(FailureKind::TimedOut, "the store does not answer");
            self.report(Event::NotStored(failure));
            return self.print();
        }
        Err(LoginError::TimedOut { limit: deadline.limit, flag: deadline.flag })
    }

    /// Asks for the next tick, if it is another than the one that was asked for.
    fn set_alarm(&mut self) {
        let next = match self.stage {
            Stage::Running => {
                let deadline = self.deadline.map(|deadline| deadline.at);
                deadline.into_iter().chain(self.next_poll()).min()
            }
            Stage::Ending => self.deadline.map(|deadline| deadline.at),
            Stage::Delivering(until) => Some(until),
            _ => None,
        };
        if let Some(next) = next.filter(|_| next != self.announced_deadline) {
            self.announced_deadline = Some(next);
            self.actions.push_back(Action::RefreshAt(next));
        }
    }

    /// Ends the run if a step failed.
    fn settle(&mut self, step: Step) {
        if let Err(error) = step {
            self.end(Err(error));
        }
    }

    fn job<R>(&mut self, purpose: Purpose, request: R, action: fn(Job<R, LoginWire>) -> Action) {
        let id = ActionId::from_u64(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        self.jobs.insert(id, purpose);
        self.actions.push_back(action(Job { id, request }));
    }

    fn report(&mut self, event: Event) {
        self.actions.push_back(Action::Report(event));
    }

    /// Says once that the keyring cannot be used (LG-96).
    fn report_keyring(&mut self, failure: Failure) {
        if !self.keyring_reported {
            self.keyring_reported = true;
            self.report(Event::NoKeyring(failure));
        }
    }

    fn respond(&mut self, exchange: &Exchange, status: u16, body: ResponseBody) {
        self.respond_with(exchange.id, status, Vec::new(), body);
    }

    /// Answers with the headers of every answer (LG-52).
    fn respond_with(
        &mut self,
        exchange: super::ExchangeId,
        status: u16,
        headers: Vec<Header>,
        body: ResponseBody,
    ) {
        let header = |name, value: &str| Header { name: Cow::Borrowed(name), value: value.into() };
        let mut all = alloc::vec![
            header("cache-control", "no-store"),
            header("referrer-policy", "no-referrer"),
            header("x-content-type-options", "nosniff"),
            header("x-frame-options", "DENY"),
            header(
                "content-security-policy",
                "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; \
                 base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
        ];
        all.extend(headers);
        self.actions.push_back(Action::Respond(Respond { exchange, status, headers: all, body }));
    }

    /// The trust anchors of the settings, read if they are a file.
    fn tls(&self) -> Tls {
        let mut tls = self.settings.tls();
        if let Some(pem) = &self.files.roots {
            tls.roots = TrustAnchors::Pem(pem.clone());
        }
        tls
    }

    const fn keeps_anything(&self) -> bool {
        !matches!(self.settings.storage, Storage::None)
    }
}

/// A reply of another kind than the job's.
fn wrong_reply<T>() -> Result<T, LoginError> {
    Err(LoginError::WrongReply)
}

/// What a granted outcome is wrapped in.
const fn granted(granted: super::Granted) -> Outcome {
    Ok(Success::Credential(granted))
}
