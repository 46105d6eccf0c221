//! Everything that processes share, and the order in which things happen.

use super::chaos::{Choices, Fate, failed, wrong};
use super::process::{Process, Request};
use super::provider::Provider;
use kubecred_core::login::{
    Action, EntryBytes, Event, HostFacts, Input, KeyringItem, Locked, LoginWire, Opened, Operation,
    Prompt, Random, Respond, Settings, Stored, Typed,
};
use kubecred_core::protocol::{Completion, FileBytes, HttpResponse, Job};
use kubecred_core::{Failure, FailureKind, Instant, Now, Secret, UnixTime};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Where tokens are kept.
#[derive(Debug, Default)]
pub struct Stores {
    /// The cache folder.
    pub entries: BTreeMap<String, Secret>,
    /// The keyring, by service and account.
    pub keyring: BTreeMap<(String, String), Secret>,
    /// Files of the settings.
    pub files: BTreeMap<String, Secret>,
    /// The cache folder cannot be written.
    pub read_only: bool,
    /// There is no keyring.
    pub no_keyring: bool,
    /// No lock can be had.
    pub no_locks: bool,
    locks: BTreeMap<String, usize>,
}

/// The place: a provider, stores, processes, and both clocks.
#[derive(Debug)]
pub struct Place {
    /// The provider.
    pub provider: Provider,
    /// What is stored.
    pub stores: Stores,
    /// All runs so far.
    pub processes: Vec<Process>,
    /// What goes wrong with jobs.
    pub(super) choices: Choices,
    monotonic: u64,
    wall: i64,
    entropy: u64,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            provider: Provider::default(),
            stores: Stores::default(),
            processes: Vec::new(),
            choices: Choices::default(),
            monotonic: 1_000,
            wall: 1_800_000_000_000,
            entropy: 0,
        }
    }
}

impl Place {
    /// The settings of a public client of the provider.
    pub fn settings() -> Settings {
        Settings::new(Provider::ISSUER, "kubernetes")
    }

    /// Both clocks.
    pub fn now(&self) -> Now {
        Now::from_millis(self.monotonic, self.wall)
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: Duration) {
        self.monotonic += time.as_millis() as u64;
        self.wall += time.as_millis() as i64;
    }

    /// Moves the wall clock alone.
    pub fn set_back(&mut self, time: Duration) {
        self.wall -= time.as_millis() as i64;
    }

    /// Starts a process; nothing of it happens yet.
    pub fn start(&mut self, settings: Settings, operation: Operation) -> usize {
        self.start_with(settings, operation, Process::desktop())
    }

    /// Starts a process in these surroundings.
    pub fn start_with(
        &mut self,
        settings: Settings,
        operation: Operation,
        facts: HostFacts,
    ) -> usize {
        let id = self.processes.len();
        let mut process = Process::new(id, settings, operation);
        process.machine.handle_input(self.now(), Input::Start(facts));
        self.processes.push(process);
        id
    }

    /// Runs a process, and whatever else runs, to the end.
    pub fn run(&mut self, settings: Settings) -> &Process {
        let id = self.start(settings, Operation::Token);
        self.settle();
        &self.processes[id]
    }

    /// Lets everything happen until every process has ended. Panics if a law is broken, or if
    /// nothing can happen any more.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            if self.step() {
                continue;
            }
            let alarms = self.processes.iter().filter(|process| !process.machine.is_done());
            let Some(next) = alarms.filter_map(next_alarm).min() else { break };
            let wait = next.since(Instant::from_millis(self.monotonic));
            self.pass(wait.max(Duration::from_millis(1)));
            self.ring();
        }
        self.check();
        let open = self.processes.iter().filter(|process| process.outcome.is_none());
        assert_eq!(open.count(), 0, "a run has no outcome: {:?}", self.processes);
    }

    /// Lets everything happen that takes no time.
    pub fn settle_now(&mut self) {
        while self.step() {}
    }

    /// Hands in an input.
    pub fn input(&mut self, id: usize, input: Input) {
        let now = self.now();
        self.processes[id].machine.handle_input(now, input);
    }

    /// Sends a request to the listener of a process, and gives the answer if there is one by now.
    pub fn fetch(
        &mut self,
        id: usize,
        method: &str,
        target: &str,
        headers: &[(&'static str, &str)],
    ) -> Option<Respond> {
        let now = self.now();
        let process = &mut self.processes[id];
        let mut all: Vec<(&'static str, String)> =
            headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        if !headers.iter().any(|(name, _)| *name == "host") {
            all.push(("host", format!("127.0.0.1:{}", process.port.unwrap_or_default())));
        }
        let request = Request { method, target, headers: all, body: "" };
        let exchange = process.send(now, request, false);
        self.take_actions(id);
        let found = self.processes[id].responses.iter().find(|found| found.exchange == exchange);
        found.cloned()
    }

    /// Does what a process wants until it asks the user for something, which is left to the caller.
    pub fn until_prompt(&mut self, id: usize) -> Option<Job<Prompt, LoginWire>> {
        for _ in 0..1000 {
            match self.processes[id].machine.poll_action() {
                Some(Action::Prompt(job)) => return Some(job),
                Some(action) => self.perform(id, action),
                None => {}
            }
        }
        None
    }

    /// Takes what a process wants done, and does it; whether there was anything.
    fn take_actions(&mut self, id: usize) -> bool {
        let mut any = false;
        while let Some(action) = self.processes[id].machine.poll_action() {
            any = true;
            self.perform(id, action);
        }
        any
    }

    /// One round: every process gets its turn. Whether anything happened.
    fn step(&mut self) -> bool {
        let mut any = false;
        for id in 0..self.processes.len() {
            any |= self.take_actions(id);
            any |= self.browse(id);
            any |= self.try_lock(id);
        }
        any
    }

    /// The tab of a process goes one address further.
    fn browse(&mut self, id: usize) -> bool {
        let now = self.now();
        let process = &mut self.processes[id];
        let Some(url) = process.tab.take() else { return false };
        if url.starts_with(Provider::ISSUER) {
            self.processes[id].tab = self.provider.authorize(&url);
            return true;
        }
        let Some(rest) = url.strip_prefix("http://") else { return true };
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = (rest[..at].to_owned(), rest[at..].trim_start_matches('/').to_owned());
        if process.listening {
            let headers = vec![
                ("host", host),
                ("sec-fetch-mode", "navigate".to_owned()),
                ("sec-fetch-dest", "document".to_owned()),
            ];
            let target = format!("/{path}");
            let request = Request { method: "GET", target: &target, headers, body: "" };
            process.send(now, request, true);
        }
        true
    }

    fn try_lock(&mut self, id: usize) -> bool {
        let Some((job, until)) = self.processes[id].waiting.take() else { return false };
        let free = !self.stores.locks.contains_key(&job.request.key);
        let late = self.monotonic >= until.as_millis();
        if !free && !late {
            self.processes[id].waiting = Some((job, until));
            return false;
        }
        let answer = self.lock(id, &job.request.key);
        self.input(id, job.done(answer));
        true
    }

    fn lock(&mut self, id: usize, key: &str) -> Result<Locked, Failure> {
        if let Some(holder) = self.stores.locks.get(key) {
            let detail = format!("process {holder}");
            return Err(Failure::new(FailureKind::Conflict, detail));
        }
        self.stores.locks.insert(key.to_owned(), id);
        self.processes[id].locked = true;
        Ok(Locked)
    }

    fn ring(&mut self) {
        let now = self.now();
        for process in &mut self.processes {
            if process.alarm.is_some_and(|alarm| alarm <= now.monotonic) {
                process.alarm = None;
                process.machine.handle_input(now, Input::Tick);
            }
        }
    }

    fn bytes(&mut self, id: usize, count: usize) -> Secret {
        let process = &self.processes[id];
        let count = if process.short_entropy { count / 2 } else { count };
        let mut bytes = Vec::new();
        while bytes.len() < count {
            if !process.stuck_entropy {
                self.entropy += 1;
            }
            let mut word = self.entropy.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bytes.extend((word ^ (word >> 31)).to_be_bytes());
        }
        bytes.truncate(count);
        Secret::from(bytes)
    }

    fn perform(&mut self, id: usize, action: Action) {
        let name = Process::name(&action);
        let process = &mut self.processes[id];
        process.actions.push(name);
        if process.outcome.is_some() && !matches!(name, "Respond" | "StopListening" | "RefreshAt") {
            process.broken.push(format!("{name} after the outcome"));
        }
        if let Some(job) = action.job_id() {
            let outcome = match self.choices.fate() {
                Fate::Done => None,
                Fate::Fails(kind) => Some(failed(kind)),
                Fate::WrongReply => Some(wrong()),
                // A host's own files and its keyring answer, or fail within a limit of the host.
                Fate::Forgotten if matches!(name, "ReadEntry" | "ReadFile" | "KeyringGet") => {
                    Some(failed(FailureKind::TimedOut))
                }
                Fate::Forgotten => return,
            };
            if let Some(outcome) = outcome {
                return self.input(id, Input::Complete(Completion { id: job, outcome }));
            }
        }
        let process = &mut self.processes[id];
        let unwritable = || Failure::new(FailureKind::Denied, "read-only file system");
        let no_keyring = || Failure::new(FailureKind::Unsupported, "no keyring");
        let stores = &mut self.stores;
        let input = match action {
            Action::ReadEntry(job) => {
                let entry = stores.entries.get(&job.request.key).cloned();
                job.done(Ok(EntryBytes(entry)))
            }
            Action::WriteEntry(job) if stores.read_only => job.done(Err(unwritable())),
            Action::WriteEntry(job) => {
                let request = &job.request;
                stores.entries.insert(request.key.clone(), request.contents.clone());
                job.done(Ok(Stored))
            }
            Action::DeleteEntry(job) => {
                stores.entries.remove(&job.request.key);
                job.done(Ok(Stored))
            }
            Action::KeyringGet(job) if stores.no_keyring => job.done(Err(no_keyring())),
            Action::KeyringSet(job) if stores.no_keyring => job.done(Err(no_keyring())),
            Action::KeyringDelete(job) if stores.no_keyring => job.done(Err(no_keyring())),
            Action::KeyringGet(job) => {
                let place = (job.request.service.clone(), job.request.account.clone());
                let item = stores.keyring.get(&place).cloned();
                job.done(Ok(KeyringItem(item)))
            }
            Action::KeyringSet(job) => {
                let request = &job.request;
                let place = (request.service.clone(), request.account.clone());
                stores.keyring.insert(place, request.secret.clone());
                job.done(Ok(Stored))
            }
            Action::KeyringDelete(job) => {
                let place = (job.request.service.clone(), job.request.account.clone());
                stores.keyring.remove(&place);
                job.done(Ok(Stored))
            }
            Action::ReadFile(job) => {
                let file = stores.files.get(&job.request.path).cloned();
                let missing = || Failure::new(FailureKind::NotFound, "no such file");
                job.done(file.map(FileBytes).ok_or_else(missing))
            }
            Action::Lock(job) if stores.no_locks => {
                job.done(Err(Failure::new(FailureKind::Denied, "read-only file system")))
            }
            Action::Lock(job) => {
                let now = Instant::from_millis(self.monotonic);
                let free = !self.stores.locks.contains_key(&job.request.key);
                if !free && job.request.timeout > Duration::ZERO {
                    let until = now.saturating_add(job.request.timeout);
                    self.processes[id].waiting = Some((job, until));
                    return;
                }
                let answer = self.lock(id, &job.request.key);
                job.done(answer)
            }
            Action::RandomBytes(job) => {
                let bytes = self.bytes(id, job.request.count);
                job.done(Ok(Random(bytes)))
            }
            Action::SendRequest(job) => {
                let wall = UnixTime::from_millis(self.wall);
                let answer: Result<HttpResponse, Failure> =
                    self.provider.answer(&job.request, wall);
                job.done(answer)
            }
            Action::Listen(job) => {
                let answer = process.listen();
                job.done(answer)
            }
            Action::OpenBrowser(job) => {
                process.opened.push(job.request.url.clone());
                if process.browser.is_ok() {
                    process.tab = Some(job.request.url.clone());
                }
                let failure = |kind| Failure::new(kind, "no browser");
                let answer = process.browser.map(|()| Opened).map_err(failure);
                job.done(answer)
            }
            Action::Prompt(job) => match process.types.pop_front() {
                Some(text) => job.done(Ok(Typed(text.into()))),
                None => job.done(Err(Failure::new(FailureKind::Denied, "no terminal"))),
            },
            Action::Cancel(cancelled) => {
                if process.waiting.as_ref().is_some_and(|(job, _)| job.id == cancelled) {
                    process.waiting = None;
                }
                return;
            }
            Action::Respond(respond) => return process.responded(respond),
            Action::StopListening => {
                process.listening = false;
                return;
            }
            Action::Unlock => {
                process.locked = false;
                self.stores.locks.retain(|_, holder| *holder != id);
                return;
            }
            Action::RefreshAt(at) => {
                process.alarm = Some(at);
                return;
            }
            Action::Report(event) => {
                if let (Event::Visit { local, .. }, true) = (&event, process.reads_terminal) {
                    process.tab = Some(local.clone());
                }
                process.events.push(event);
                return;
            }
            Action::Finish(outcome) => {
                process.outcome = Some(outcome);
                return;
            }
        };
        self.input(id, input);
    }

    /// The laws of a login, over everything that has happened so far. Panics if one is broken.
    pub fn check(&mut self) {
        assert!(
            !self.provider.reused,
            "an authorization code or refresh token was presented twice"
        );
        for process in &mut self.processes {
            let broken = process.check_end();
            assert!(broken.is_empty(), "process {}: {broken:?}", process.id);
            let shown = shown(process);
            for secret in &self.provider.secrets {
                assert!(!shown.contains(secret.as_str()), "{secret} is in {shown}");
            }
        }
    }

    /// Whether this text is stored anywhere in the cache folder.
    pub fn disk_has(&self, text: &str) -> bool {
        self.stores
            .entries
            .values()
            .any(|entry| entry.expose_str().is_some_and(|entry| entry.contains(text)))
    }

    /// All secrets of the provider that are of this kind.
    pub fn secrets(&self, kind: &str) -> BTreeSet<String> {
        self.provider.secrets.iter().filter(|secret| secret.starts_with(kind)).cloned().collect()
    }
}

/// When a process is to be woken: by its alarm, or at the end of its wait for a lock.
fn next_alarm(process: &Process) -> Option<Instant> {
    process.alarm.into_iter().chain(process.waiting.as_ref().map(|(_, until)| *until)).min()
}

/// Everything that a person sees, and everything that `Debug` would put in a log.
fn shown(process: &Process) -> String {
    let events: Vec<String> =
        process.events.iter().map(|event| format!("{event}\n{event:?}")).collect();
    let error = process.error().unwrap_or_default();
    let Process { pages, texts, opened, outcome, responses, machine, .. } = process;
    format!("{events:?}{error}{pages:?}{texts:?}{opened:?}{outcome:?}{responses:?}{machine:?}")
}
