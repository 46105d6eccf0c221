//! The state machine of a login: from its settings to its outcome.
//!
//! ```text
//!  read the cache entry ── its token is valid ──────────────────────────────▶ finish
//!      │
//!  lock ─▶ read it again ── another process has logged in meanwhile ────────▶ finish
//!      │
//!  read the files of the settings, and the provider's discovery document
//!      │
//!  refresh, or run one flow ─▶ verify ─▶ store ─▶ unlock ───────────────────▶ finish
//! ```
//!
//! One job is in flight at a time, except while the machine waits for a browser. Each file here is
//! one part of this sequence, and ends by calling the next part.

mod browser;
mod cache;
mod device;
mod end;
mod grants;
mod inspect;
mod kubekey;
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
use crate::oauth::{Object, Trail};
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

/// One run of a login: gets a credential from the cache, by a refresh or by a login; or logs out,
/// or reports the status ([`Operation`]).
///
/// A host passes [`Input::Start`] to [`Login::handle_input`], and then whatever happens. After each
/// input it carries out the actions from [`Login::poll_action`] until there are none.
/// [`Action::Finish`] has the outcome. The host goes on until [`Login::is_done`], at most 500 ms
/// later, so that the browser gets its last page (LG-55).
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
    /// The entry has changed, and must be written.
    entry_changed: bool,
    /// The entry has a token from this run, which has been verified.
    entry_is_new: bool,
    /// When the wait for another process's lock began.
    waiting_since: Option<UnixTime>,
    locked: bool,
    keyring_reported: bool,
    /// The refresh token, until it is sent to the provider (LG-89).
    refresh_token: Option<Secret>,
    /// The refresh token that was sent last.
    presented: Option<Secret>,
    files: Files,
    provider: Option<Provider>,
    /// The URL that the discovery document was last requested from.
    trail: Trail,
    /// The provider's cache entry has been read.
    provider_entry_read: bool,
    provider_changed: bool,
    /// The keys have been fetched a second time; there is no third (LG-69).
    keys_fetched_again: bool,
    goal: Goal,
    flow: Flow,
    call: Option<TokenCall>,
    received: Option<Box<Received>>,
    /// The random bytes that the host has given so far (LG-28).
    drawn: Vec<Secret>,
    deadline: Option<Deadline>,
    /// The time of the last [`Action::RefreshAt`].
    announced_deadline: Option<Instant>,
    outcome: Option<Outcome>,
}

/// The progress of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    NotStarted,
    Running,
    /// The outcome is known; the cache entry is being written.
    Ending,
    /// The outcome has been given. Until this time the browser may fetch its last page.
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
    /// The browser, which the provider's own logout page is for.
    EndSession,
    /// To verify a token that another program has got.
    Adopt,
    /// To be told of, by [`Operation::Inspect`].
    Inspect,
}

/// The flow in progress; at most one (LG-15).
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
    /// Whether the flow waits for the user, so that a pause follows its failure (LG-99).
    const fn is_interactive(&self) -> bool {
        matches!(self, Self::Code(_) | Self::Paste(_) | Self::Device(_))
    }
}

/// The contents of the files that the settings name.
#[derive(Debug, Default)]
struct Files {
    roots: Option<Secret>,
    client_secret: Option<Secret>,
    assertion: Option<Secret>,
    subject: Option<Secret>,
    password: Option<Secret>,
}

/// The time limit of the login, and the flag that sets it (LG-11).
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
    KubekeyItem,
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

/// The result of a step; an error ends the run.
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
            trail: Trail::default(),
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

    /// Takes what happened. It cannot fail: an input that does not fit the state is ignored.
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
            // A second interrupt: do not wait until the cache entry is written.
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

    /// The next action; `None`: none before the next input.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether the machine has ended: there are no actions after those in the queue.
    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    fn start(&mut self) -> Step {
        if let Some(text) = &self.facts.exec_info {
            match parse_info(text) {
                Ok(info) => {
                    self.api_version = info.api_version;
                    self.facts.can_prompt &= info.spec.interactive;
                    let cluster = info.spec.cluster.unwrap_or_default();
                    self.use_cluster_config(cluster.config.as_deref().unwrap_or_default());
                }
                // An empty variable is treated as unset.
                Err(InfoProblem::Unset) => {}
                Err(problem) => return Err(LoginError::Usage(problem.to_string())),
            }
        }
        self.check_settings()?;
        if self.operation == Operation::Inspect {
            return self.inspect();
        }
        if self.settings.grant == Grant::TokenExchange {
            // The subject of the token is part of the cache key (LG-109).
            return self.read_subject(true);
        }
        self.key = entry::key(&self.settings, None);
        self.read_entry(false)
    }

    /// The kubeconfig's cluster may say for which audience its tokens are. A setting goes before it,
    /// and whatever else is there is for other plugins (LG-8).
    fn use_cluster_config(&mut self, config: &str) {
        let config = Object::parse(config.as_bytes(), "it").ok();
        let audience = config.as_ref().and_then(|config| config.text("audience"));
        if let Some(audience) = audience.filter(|audience| !audience.is_empty()) {
            let params = &mut self.settings.extra_params;
            params.entry("audience".into()).or_insert_with(|| audience.into());
        }
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
            Purpose::KubekeyItem => self.kubekeys_token_read(outcome),
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

    /// Keeps the monotonic clock from going back, even if the host's does.
    fn advance_clocks(&mut self, now: Now) {
        self.now.wall = now.wall;
        self.now.monotonic = self.now.monotonic.max(now.monotonic);
    }

    fn tick(&mut self) {
        let now = self.now.monotonic;
        // So `set_alarm` names the next time again, also after an early tick.
        self.announced_deadline = None;
        match self.stage {
            Stage::Delivering(until) if now >= until => self.stop_delivering(),
            // The cache entry was not written in time.
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

    /// Starts the time limit (LG-11). It starts again at the first question to the user, and after
    /// a wait for the lock. A run that finds a valid token in the cache has no limit, and needs no
    /// timer.
    fn limit_run(&mut self) {
        let limit = self.settings.timeout;
        let at = self.now.monotonic.saturating_add(limit);
        self.deadline = Some(Deadline { at, limit, flag: "--authentication-timeout-sec" });
    }

    /// The time limit has passed. If there is a new token, which has only not been stored yet, it
    /// is printed (LG-94).
    fn out_of_time(&mut self, deadline: Deadline) -> Step {
        if self.goal == Goal::EndSession {
            return self.logged_out();
        }
        if self.entry_is_new {
            let failure = Failure::new(FailureKind::TimedOut, "the store does not answer");
            self.report(Event::NotStored(failure));
            return self.print();
        }
        Err(LoginError::TimedOut { limit: deadline.limit, flag: deadline.flag })
    }

    /// Requests the next tick, if its time has changed.
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

    /// Reports once that the keyring cannot be used (LG-96).
    fn report_keyring(&mut self, failure: Failure) {
        if !self.keyring_reported {
            self.keyring_reported = true;
            self.report(Event::NoKeyring(failure));
        }
    }

    fn respond(&mut self, exchange: &Exchange, status: u16, body: ResponseBody) {
        self.respond_with(exchange.id, status, Vec::new(), body);
    }

    /// Sends a response, with the headers that every response has (LG-52).
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

    /// The trust anchors of the settings; the content, if they are a file.
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

/// The error for a reply that does not belong to the job.
fn wrong_reply<T>() -> Result<T, LoginError> {
    Err(LoginError::WrongReply)
}

/// The outcome with a credential.
const fn granted(granted: super::Granted) -> Outcome {
    Ok(Success::Credential(granted))
}
