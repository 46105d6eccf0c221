//! One process: a machine, its part of the host, and its tab of the browser.

use kubecred_core::login::{
    self, Action, Event, Exchange, ExchangeId, HostFacts, Input, Listening, Lock, Login, LoginWire,
    Operation, Page, Respond, ResponseBody, Settings,
};
use kubecred_core::protocol::Job;
use kubecred_core::{Failure, FailureKind, Header, Instant, Now};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A lock that is waited for, and how long.
pub(super) type Waiting = (Job<Lock, LoginWire>, Instant);

/// A run of the program.
#[derive(Debug)]
pub struct Process {
    pub(super) machine: Login,
    pub(super) id: usize,
    /// What came of it.
    pub outcome: Option<login::Outcome>,
    /// What it told the user.
    pub events: Vec<Event>,
    /// The pages that its tab showed.
    pub pages: Vec<(u16, Page)>,
    /// The texts that its tab showed.
    pub texts: Vec<(u16, &'static str)>,
    /// Every action, by its name.
    pub actions: Vec<&'static str>,
    /// Addresses that the browser was told to open.
    pub opened: Vec<String>,
    /// The answers to requests, in order.
    pub responses: Vec<Respond>,
    /// What the browser's launcher answers.
    pub browser: Result<(), FailureKind>,
    /// What the user types when asked.
    pub types: VecDeque<String>,
    /// The bytes of entropy that are missing.
    pub short_entropy: bool,
    /// The same bytes each time.
    pub stuck_entropy: bool,
    /// The port that is listened on; `None`: all are taken.
    pub port: Option<u16>,
    /// The tab's address, while it is loading.
    pub(super) tab: Option<String>,
    /// The user looks at the terminal and opens what it says there.
    pub reads_terminal: bool,
    pub(super) waiting: Option<Waiting>,
    pub(super) alarm: Option<Instant>,
    pub(super) listening: bool,
    pub(super) locked: bool,
    next_exchange: u64,
    /// Requests without an answer.
    unanswered: BTreeMap<ExchangeId, bool>,
    answered: BTreeSet<ExchangeId>,
    /// The answer to the last request of [`Process::fetch`].
    pub(super) broken: Vec<String>,
}

impl Process {
    pub(super) fn new(id: usize, settings: Settings, operation: Operation) -> Self {
        Self {
            machine: Login::new(settings, operation),
            id,
            outcome: None,
            events: Vec::new(),
            pages: Vec::new(),
            texts: Vec::new(),
            actions: Vec::new(),
            opened: Vec::new(),
            responses: Vec::new(),
            browser: Ok(()),
            types: VecDeque::new(),
            short_entropy: false,
            stuck_entropy: false,
            port: Some(41_000 + id as u16),
            tab: None,
            reads_terminal: false,
            waiting: None,
            alarm: None,
            listening: false,
            locked: false,
            next_exchange: 0,
            unanswered: BTreeMap::new(),
            answered: BTreeSet::new(),
            broken: Vec::new(),
        }
    }

    /// The facts of a desktop with a terminal.
    pub fn desktop() -> HostFacts {
        let desktop = login::Desktop { always_has_display: true, ..login::Desktop::default() };
        HostFacts { exec_info: None, can_prompt: true, desktop }
    }

    /// The token of the outcome.
    pub fn token(&self) -> Option<String> {
        let Some(Ok(login::Success::Credential(granted))) = &self.outcome else { return None };
        let output = granted.output.expose_str()?;
        let output: serde_json::Value = serde_json::from_str(output).ok()?;
        output["status"]["token"].as_str().map(str::to_owned)
    }

    /// The error of the outcome, as text.
    pub fn error(&self) -> Option<String> {
        self.outcome.as_ref()?.as_ref().err().map(ToString::to_string)
    }

    /// How often an action of this name was asked for.
    pub fn count(&self, action: &str) -> usize {
        self.actions.iter().filter(|name| **name == action).count()
    }

    /// Sends a request to the listener; `main`: it is the tab's own.
    pub(super) fn send(&mut self, now: Now, request: Request<'_>, main: bool) -> ExchangeId {
        let id = ExchangeId(self.next_exchange);
        self.next_exchange += 1;
        self.unanswered.insert(id, main);
        let header = |(name, value): &(&'static str, String)| Header {
            name: Cow::Borrowed(*name),
            value: value.as_str().into(),
        };
        self.machine.handle_input(
            now,
            Input::Arrived(Exchange {
                id,
                method: request.method.into(),
                target: request.target.into(),
                headers: request.headers.iter().map(header).collect(),
                body: request.body.into(),
            }),
        );
        id
    }

    /// Takes the answer to a request. A redirect of the tab is followed.
    pub(super) fn responded(&mut self, respond: Respond) {
        match self.unanswered.remove(&respond.exchange) {
            None => self.broken.push("an answer to no request, or a second one".into()),
            Some(main) => {
                self.answered.insert(respond.exchange);
                let location = respond.headers.iter().find(|header| header.name == "location");
                if let (Some(location), true) = (location, main) {
                    let location = location.value.expose_str().unwrap_or_default();
                    self.tab = Some(match location.strip_prefix('/') {
                        Some(path) => {
                            format!("http://127.0.0.1:{}/{path}", self.port.unwrap_or_default())
                        }
                        None => location.to_owned(),
                    });
                }
                match &respond.body {
                    ResponseBody::Page(page) => self.pages.push((respond.status, page.clone())),
                    ResponseBody::Text(text) => self.texts.push((respond.status, text)),
                    ResponseBody::Empty => {}
                }
            }
        }
        self.responses.push(respond);
    }

    /// Laws that hold when a run has ended.
    pub(super) fn check_end(&mut self) -> Vec<String> {
        let mut broken = std::mem::take(&mut self.broken);
        if self.outcome.is_some() {
            let checks = [
                (self.locked, "the lock was not given back"),
                (self.listening && self.machine.is_done(), "the listener was not closed"),
                (!self.unanswered.is_empty() && !self.listening, "a request has no answer"),
            ];
            let found = checks.into_iter().filter(|(wrong, _)| *wrong);
            broken.extend(found.map(|(_, text)| text.to_owned()));
        }
        broken
    }

    pub(super) fn name(action: &Action) -> &'static str {
        match action {
            Action::ReadFile(_) => "ReadFile",
            Action::SendRequest(_) => "SendRequest",
            Action::ReadEntry(_) => "ReadEntry",
            Action::WriteEntry(_) => "WriteEntry",
            Action::DeleteEntry(_) => "DeleteEntry",
            Action::KeyringGet(_) => "KeyringGet",
            Action::KeyringSet(_) => "KeyringSet",
            Action::KeyringDelete(_) => "KeyringDelete",
            Action::Lock(_) => "Lock",
            Action::RandomBytes(_) => "RandomBytes",
            Action::Listen(_) => "Listen",
            Action::OpenBrowser(_) => "OpenBrowser",
            Action::Prompt(_) => "Prompt",
            Action::Cancel(_) => "Cancel",
            Action::Respond(_) => "Respond",
            Action::StopListening => "StopListening",
            Action::Unlock => "Unlock",
            Action::RefreshAt(_) => "RefreshAt",
            Action::Report(_) => "Report",
            Action::Finish(_) => "Finish",
        }
    }

    pub(super) fn listen(&mut self) -> Result<Listening, Failure> {
        let port = self.port.ok_or_else(|| Failure::new(FailureKind::Other, "all are taken"))?;
        self.listening = true;
        Ok(Listening { address: 0, port })
    }
}

/// A request to the listener.
#[derive(Clone, Debug)]
pub(super) struct Request<'r> {
    pub(super) method: &'r str,
    pub(super) target: &'r str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: &'r str,
}
