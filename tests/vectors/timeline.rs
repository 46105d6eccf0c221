//! Requests, changes and refusals in the course of time, with a default policy.

use crate::{none, vectors};
use kubecred_core::protocol::{Exit, FileBytes};
use kubecred_core::{
    Action, Authentication, Authenticator, Exec, Failure, FailureKind, Input, Now, Policy, Profile,
    Secret,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// When a timeline begins: 2030-01-01T00:00:00Z.
const BEGIN: i64 = 1_893_456_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    about: String,
    credential: Credential,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Credential {
    Exec,
    TokenFile,
    Token(String),
    Basic { username: String, password: String },
}

/// Something that happens `at` so many seconds.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Step {
    at: f64,
    /// From now on the file holds this, or the plugin prints it.
    source: Option<Source>,
    /// The credential of the last request is answered with 401.
    #[serde(default)]
    rejected: bool,
    /// A request is sent: with this header, or not at all, or without one.
    request: Option<Value>,
    /// How often the file has been read, or the plugin been run, until now.
    count: Option<u64>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Source {
    /// A file's content, or a token that a plugin gives, without an end.
    Token(String),
    /// A plugin's token, and the seconds for which it is good.
    TokenFor(String, f64),
    /// There is no such file, or the plugin fails.
    Fails,
}

/// A machine, and a world that answers at once.
struct Play {
    machine: Authenticator,
    source: Source,
    now: u64,
    count: u64,
}

impl Play {
    fn new(credential: &Credential) -> Self {
        let mut profile = Profile::new("https://h");
        profile.authentication = match credential {
            Credential::Exec => Authentication::exec(Exec::new("plugin")),
            Credential::TokenFile => Authentication::token_file("/v/token"),
            Credential::Token(token) => Authentication::token(token.as_str()),
            Credential::Basic { username, password } => {
                Authentication::basic(username.as_str(), password.as_str())
            }
        };
        let machine = Authenticator::new(&profile, Policy::default(), 0);
        Self { machine, source: Source::Fails, now: 0, count: 0 }
    }

    fn now(&self) -> Now {
        Now::from_millis(self.now, BEGIN + i64::try_from(self.now).expect("a short time"))
    }

    fn input(&mut self, input: Input) {
        self.machine.handle_input(self.now(), input);
        while let Some(action) = self.machine.poll_action() {
            let answer = match action {
                Action::ReadFile(job) => job.done(self.read()),
                Action::RunCommand(job) => job.done(self.run()),
                _ => continue,
            };
            self.count += 1;
            self.machine.handle_input(self.now(), answer);
        }
    }

    /// Lets the time pass, with a tick whenever one is due.
    fn pass(&mut self, until: u64) {
        while let Some(due) = self.machine.poll_timeout().map(|at| at.as_millis())
            && due <= until
        {
            self.now = due.max(self.now);
            self.input(Input::Tick);
        }
        self.now = until;
    }

    fn read(&self) -> Result<FileBytes, Failure> {
        match &self.source {
            Source::Token(token) => Ok(FileBytes(Secret::from(token.as_str()))),
            Source::TokenFor(..) => panic!("a file does not know when its token ends"),
            Source::Fails => Err(Failure::new(FailureKind::NotFound, "no such file")),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "as a reply wants it")]
    fn run(&self) -> Result<Exit, Failure> {
        let status = match &self.source {
            Source::Token(token) => json!({ "token": token }),
            Source::TokenFor(token, seconds) => {
                let end = BEGIN + (self.now as f64 + seconds * 1000.0) as i64;
                let end = kubecred_core::UnixTime::from_millis(end).to_string();
                json!({ "token": token, "expirationTimestamp": end })
            }
            Source::Fails => return Ok(Exit { code: 1, stdout: Secret::default() }),
        };
        let answer = json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": status,
        });
        Ok(Exit { code: 0, stdout: Secret::from(answer.to_string()) })
    }

    /// The header of a request: null without one, `false` when there is no credential.
    fn request(&mut self) -> Value {
        self.input(Input::Demand);
        match self.machine.credential(self.now()) {
            Err(_) => json!(false),
            Ok(credential) => {
                let header = credential.headers.iter().find(|h| h.name == "authorization");
                header.map_or(Value::Null, |header| crate::connection::text(&header.value))
            }
        }
    }

    fn reject(&mut self) {
        if let Ok(credential) = self.machine.credential(self.now()) {
            let generation = credential.generation;
            self.input(Input::Reject(generation));
        }
    }
}

#[test]
fn every_timeline_holds() {
    let mut faults = Vec::new();
    for (name, vector) in vectors::<Vector>("timeline") {
        assert!(!vector.about.is_empty(), "{name} says nothing");
        let mut play = Play::new(&vector.credential);
        for (nth, step) in vector.steps.iter().enumerate() {
            play.pass((step.at * 1000.0) as u64);
            if let Some(source) = &step.source {
                play.source = source.clone();
            }
            if step.rejected {
                play.reject();
            }
            let request = step.request.as_ref().map(|expected| (expected, play.request()));
            if let Some((expected, found)) = request
                && *expected != found
            {
                faults.push(format!("{name}, step {nth}: {found} instead of {expected}"));
            }
            if let Some(count) = step.count.filter(|count| *count != play.count) {
                faults.push(format!("{name}, step {nth}: count {} instead of {count}", play.count));
            }
        }
    }
    none(&faults);
}
