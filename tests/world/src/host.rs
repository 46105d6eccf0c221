//! The simulated host's files and plugins, and what goes wrong there.

use crate::openid::Provider;
use crate::server::Issued;
use crate::span::millis;
use crate::{Chance, Clocks, certificates, openid, secret};
use kubecred_core::protocol::{
    Exit, FileBytes, HttpResponse, Provide, Provided, ReadFile, RunCommand, SendRequest, WriteFile,
    Written,
};
use kubecred_core::{Failure, FailureKind, Secret, UnixTime, exec};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// The token with this name.
    Token(String),
    /// The client certificate with this name.
    Certificate(String),
    /// The key of the client certificate with this name.
    Key(String),
    /// The certificate authority with this name.
    Roots(String),
    /// A kubeconfig whose user `me` has these tokens of the OpenID provider.
    OpenId(OpenIdTokens),
    /// This text.
    Text(String),
}

/// Tokens of the OpenID provider, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenIdTokens {
    /// The id-token, and how long it is good from the start of the world, in milliseconds.
    pub id: Option<(String, i64)>,
    /// The refresh token.
    pub refresh: Option<String>,
}

impl Content {
    pub(crate) fn bytes(&self) -> Secret {
        match self {
            Self::Token(name) => secret(name).into(),
            Self::Certificate(name) => certificates::certificate(name).into(),
            Self::Key(name) => certificates::key(name).into(),
            Self::Roots(name) => certificates::roots(name).into(),
            Self::OpenId(tokens) => openid::kubeconfig(tokens).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

/// One run of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// How it ends.
    pub outcome: Outcome,
    /// How long it takes, in milliseconds.
    pub takes: u64,
    /// One run in this many exits with 1 instead, by chance; 0: none.
    #[serde(default)]
    pub fails_one_in: u64,
}

/// How a plugin's run ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It prints a credential.
    Issue {
        /// The token with this name; `*` in it becomes the number of the run.
        token: Option<String>,
        /// The client certificate with this name, and its key.
        certificate: Option<String>,
        /// How long the credential is good, in milliseconds from the start of the run; negative:
        /// it has expired already.
        life: Option<i64>,
    },
    /// It prints this and exits with 0.
    Print(String),
    /// It prints a secret and exits with this code.
    Exit(i32),
    /// It never ends.
    Hang,
    /// The host cannot run it.
    Fail(FailureKind),
}

impl Run {
    fn with(outcome: Outcome) -> Self {
        Self { outcome, takes: 250, fails_one_in: 0 }
    }

    /// Prints this token, without an expiry.
    pub fn token(name: &str) -> Self {
        Self::with(Outcome::Issue { token: Some(name.into()), certificate: None, life: None })
    }

    /// Prints this client certificate, without an expiry.
    pub fn certificate(name: &str) -> Self {
        Self::with(Outcome::Issue { token: None, certificate: Some(name.into()), life: None })
    }

    /// Prints this text.
    pub fn print(text: &str) -> Self {
        Self::with(Outcome::Print(text.into()))
    }

    /// Exits with this code, after having printed a secret.
    pub fn exit(code: i32) -> Self {
        Self::with(Outcome::Exit(code))
    }

    /// Never ends.
    pub fn hang() -> Self {
        Self::with(Outcome::Hang)
    }

    /// The host cannot run it.
    pub fn fail(kind: FailureKind) -> Self {
        Self::with(Outcome::Fail(kind))
    }

    /// Beside the token, prints this client certificate.
    #[must_use]
    pub fn and_certificate(mut self, name: &str) -> Self {
        if let Outcome::Issue { certificate, .. } = &mut self.outcome {
            *certificate = Some(name.into());
        }
        self
    }

    /// The credential is good for this long.
    #[must_use]
    pub fn living(self, life: Duration) -> Self {
        self.with_life(millis(life) as i64)
    }

    /// The credential expired this long ago.
    #[must_use]
    pub fn dead_since(self, ago: Duration) -> Self {
        self.with_life(-(millis(ago) as i64))
    }

    fn with_life(mut self, millis: i64) -> Self {
        if let Outcome::Issue { life, .. } = &mut self.outcome {
            *life = Some(millis);
        }
        self
    }

    /// It takes this long, in place of 250 ms.
    #[must_use]
    pub fn taking(mut self, time: Duration) -> Self {
        self.takes = millis(time);
        self
    }

    /// One time in so many it exits with 1 instead, by chance.
    #[must_use]
    pub fn failing_one_in(mut self, times: u64) -> Self {
        self.fails_one_in = times;
        self
    }
}

/// Everything that makes a host a bad one. The default is a quiet day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Faults {
    /// One job in this many fails, by chance; 0: none.
    pub fail_one_in: u64,
    /// One answer in this many is lost.
    pub drop_one_in: u64,
    /// One answer in this many comes twice.
    pub duplicate_one_in: u64,
    /// Answers come up to this many milliseconds later, by chance, and so out of order.
    pub scatter: u64,
    /// Jobs of these kinds are refused as unsupported: `file`, `command`, `http`, `write`, `provide`.
    pub refuse: Vec<String>,
    /// Every write fails like this.
    pub fail_writes: Option<FailureKind>,
    /// Cancelled jobs are answered all the same.
    pub deaf: bool,
    /// The timer comes this many milliseconds early.
    pub early_timer: u64,
    /// The timer comes only at multiples of this many milliseconds; 0: on time.
    pub coarse_timer: u64,
}

/// A kind of file system and process table.
#[derive(Debug, Default)]
pub(crate) struct Host {
    pub(crate) files: BTreeMap<String, Content>,
    pub(crate) slow_files: bool,
    programs: BTreeMap<String, VecDeque<Run>>,
    pub(crate) reads: BTreeMap<String, u64>,
    pub(crate) writes: BTreeMap<String, u64>,
    pub(crate) runs: BTreeMap<String, u64>,
    pub(crate) failures: BTreeMap<String, u64>,
    pub(crate) issued: Issued,
    pub(crate) provider: Provider,
}

/// What came of a job: after how long, and `None` if never.
pub(crate) struct Answered<R> {
    pub(crate) after: u64,
    pub(crate) outcome: Option<Result<R, Failure>>,
}

impl<R> Answered<R> {
    pub(crate) fn failed(kind: FailureKind) -> Self {
        Self { after: 1, outcome: Some(Err(Failure::new(kind, ""))) }
    }
}

impl Host {
    pub(crate) fn set_program(&mut self, name: &str, runs: &[Run]) {
        assert!(!runs.is_empty(), "a program does something");
        self.programs.insert(name.into(), runs.iter().cloned().collect());
    }

    pub(crate) fn read(&mut self, request: &ReadFile) -> Answered<FileBytes> {
        *self.reads.entry(request.path.clone()).or_default() += 1;
        let outcome = match self.files.get(&request.path) {
            Some(content) => Ok(FileBytes(content.bytes())),
            None => Err(Failure::new(FailureKind::NotFound, "no such file or directory")),
        };
        Answered { after: 1, outcome: (!self.slow_files).then_some(outcome) }
    }

    pub(crate) fn write(&mut self, request: &WriteFile) -> Answered<Written> {
        let held = self.files.get(&request.path).map(Content::bytes);
        if request.replaces.is_some() && request.replaces != held {
            let failure = Failure::new(FailureKind::Conflict, "the file has changed");
            return Answered { after: 1, outcome: Some(Err(failure)) };
        }
        *self.writes.entry(request.path.clone()).or_default() += 1;
        let text = String::from_utf8_lossy(request.contents.expose()).into_owned();
        self.files.insert(request.path.clone(), Content::Text(text));
        Answered { after: 1, outcome: Some(Ok(Written)) }
    }

    pub(crate) fn send(
        &mut self,
        request: &SendRequest,
        clocks: &Clocks,
    ) -> Answered<HttpResponse> {
        Answered { after: 100, outcome: self.provider.answer(request, clocks, &mut self.issued) }
    }

    /// What becomes of the next run, and how many there have been; the last one is repeated.
    fn next_run(&mut self, name: &str) -> Option<(Run, u64)> {
        let number = self.runs.entry(name.into()).or_default();
        *number += 1;
        let runs = self.programs.get_mut(name)?;
        let run = if runs.len() > 1 { runs.pop_front() } else { runs.front().cloned() };
        Some((run.expect("a program does something"), *number))
    }

    /// What the program's token provider says: its runs are those of a program of that name.
    pub(crate) fn provide(
        &mut self,
        request: &Provide,
        clock: UnixTime,
        chance: &mut Chance,
    ) -> Answered<Provided> {
        let Some((run, number)) = self.next_run(&request.provider) else {
            let failure =
                Failure::new(FailureKind::Unsupported, "this program has no token provider");
            return Answered { after: 1, outcome: Some(Err(failure)) };
        };
        let broken = |text: &str| Some(Err(Failure::new(FailureKind::Other, text)));
        let outcome = match &run.outcome {
            _ if chance.one_in(run.fails_one_in) => broken("out of order"),
            Outcome::Hang => None,
            Outcome::Exit(code) => broken(&format!("the vault is sealed ({code})")),
            Outcome::Print(text) => {
                Some(Ok(Provided { token: text.as_str().into(), expires: None }))
            }
            Outcome::Fail(kind) => Some(Err(Failure::new(*kind, ""))),
            Outcome::Issue { token, life, .. } => {
                let name = token.as_deref().unwrap_or_default().replace('*', &number.to_string());
                let expires = life.map(|life| UnixTime::from_millis(clock.as_millis() + life));
                self.issued.record(&name, expires);
                Some(Ok(Provided { token: secret(&name).into(), expires }))
            }
        };
        if !matches!(&outcome, Some(Ok(_))) {
            *self.failures.entry(request.provider.clone()).or_default() += 1;
        }
        Answered { after: run.takes, outcome }
    }

    /// The next run of the program; the last one is repeated. All programs lie in `/bin`.
    pub(crate) fn run(
        &mut self,
        request: &RunCommand,
        clock: UnixTime,
        chance: &mut Chance,
    ) -> Answered<Exit> {
        let programs = &self.programs;
        let mut resolve = |name: &str| {
            let name = name.strip_prefix("/bin/").unwrap_or(name);
            programs.contains_key(name).then(|| format!("/bin/{name}"))
        };
        let allowlist = request.allowlist.as_deref();
        if let Err(why) = exec::permit(&request.program, allowlist, &mut resolve) {
            let failure = Failure::new(FailureKind::Denied, why);
            return Answered { after: 1, outcome: Some(Err(failure)) };
        }
        let Some((run, number)) = self.next_run(&request.program) else {
            let failure = Failure::new(FailureKind::NotFound, "no such program");
            return Answered { after: 1, outcome: Some(Err(failure)) };
        };
        let outcome = match &run.outcome {
            _ if chance.one_in(run.fails_one_in) => Some(Ok(failed(1))),
            Outcome::Hang => None,
            Outcome::Exit(code) => Some(Ok(failed(*code))),
            Outcome::Print(text) => Some(Ok(Exit { code: 0, stdout: text.as_str().into() })),
            Outcome::Fail(kind) => Some(Err(Failure::new(*kind, ""))),
            Outcome::Issue { token, certificate, life } => {
                let token = token.as_ref().map(|name| name.replace('*', &number.to_string()));
                let end = life.map(|life| UnixTime::from_millis(clock.as_millis() + life));
                if let Some(token) = &token {
                    self.issued.record(token, end);
                }
                let text = exec_credential(token.as_deref(), certificate.as_deref(), end);
                Some(Ok(Exit { code: 0, stdout: text.into() }))
            }
        };
        if !matches!(&outcome, Some(Ok(exit)) if exit.code == 0) {
            *self.failures.entry(request.program.clone()).or_default() += 1;
        }
        Answered { after: run.takes, outcome }
    }
}

/// A plugin that fails prints a secret, which must show nowhere.
fn failed(code: i32) -> Exit {
    Exit { code, stdout: secret("printed on failure").into() }
}

/// What a plugin prints, as JSON of version v1.
pub(crate) fn exec_credential(
    token: Option<&str>,
    certificate: Option<&str>,
    end: Option<UnixTime>,
) -> String {
    let mut status = serde_json::Map::new();
    if let Some(token) = token {
        status.insert("token".into(), secret(token).into());
    }
    if let Some(name) = certificate {
        status.insert("clientCertificateData".into(), certificates::certificate(name).into());
        status.insert("clientKeyData".into(), certificates::key(name).into());
    }
    if let Some(end) = end {
        status.insert("expirationTimestamp".into(), with_fraction(end).into());
    }
    serde_json::json!({
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "status": status,
    })
    .to_string()
}

fn with_fraction(time: UnixTime) -> String {
    let whole = time.to_string();
    format!("{}.{:03}Z", whole.trim_end_matches('Z'), time.as_millis().rem_euclid(1000))
}

/// What the faults do to an answer: each element is a delivery, as a delay to add.
pub(crate) fn deliveries(faults: &Faults, chance: &mut Chance) -> Vec<u64> {
    if chance.one_in(faults.drop_one_in) {
        return Vec::new();
    }
    let mut delays = vec![chance.below(faults.scatter + 1)];
    if chance.one_in(faults.duplicate_one_in) {
        delays.push(chance.below(faults.scatter + 1) + 1);
    }
    delays
}
