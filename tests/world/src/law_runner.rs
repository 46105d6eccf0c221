//! A host for random operations: it knows what it answered, and so what may be served.

use crate::certificates::{self, SHORT_ENDS};
use crate::host::exec_credential;
use crate::openid::{self, DISCOVERY, TOKEN_ENDPOINT};
use crate::profiles::{self, CERTIFICATE, KEY, KUBECONFIG, TOKEN};
use crate::script::{How, Op, Pick, Script, Which};
use crate::token_request::{self, TOKEN_REQUEST};
use crate::{Clocks, Content, OpenIdTokens, START_WALL, secret};
use kubecred_core::protocol::{Completion, Exit, FileBytes, HttpResponse, Provided, Written};
use kubecred_core::{
    Action, ActionId, Authenticator, Failure, FailureKind, Generation, Input, Now, Policy, Profile,
    Reply, Secret, UnixTime,
};
use std::time::Duration;

/// A machine and everything that a host needs to answer it.
#[derive(Debug)]
pub(crate) struct LawRunner {
    pub(crate) machine: Authenticator,
    pub(crate) policy: Policy,
    pub(crate) clocks: Clocks,
    /// Milliseconds that have passed for the machine: rewinds and sleep do not count.
    pub(crate) lived: u64,
    pub(crate) open: Vec<Asked>,
    done: Vec<Asked>,
    serial: u64,
    /// How long what the plugin last printed may be served.
    pub(crate) life: Option<Life>,
    has_kubeconfig: bool,
    is_service_account: bool,
    /// What the kubeconfig holds.
    kubeconfig: Secret,
}

/// A job, as much of it as an answer needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) id: ActionId,
    pub(crate) place: String,
    pub(crate) kind: Kind,
    /// What is to be written.
    contents: Option<Secret>,
}

/// What an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Command,
    Http,
    Write,
    Provide,
}

/// The life of a credential from a plugin or a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    /// By the wall clock, unless it had ended already when it came.
    pub(crate) end: Option<UnixTime>,
    /// On the machine's own time.
    pub(crate) until: u64,
}

impl Life {
    pub(crate) fn is_over(self, lived: u64, wall: UnixTime) -> bool {
        lived >= self.until || self.end.is_some_and(|end| wall >= end)
    }
}

/// What the host does next, and whether the machine has to care.
pub(crate) struct Turn {
    pub(crate) input: Input,
    /// It equals a tick.
    pub(crate) stray: bool,
    /// It answers a job as it should be.
    pub(crate) good: bool,
}

impl LawRunner {
    pub(crate) fn new(script: &Script) -> Self {
        let policy = script.policy();
        Self {
            machine: Authenticator::new(&script.profile(), policy.clone(), script.seed),
            policy,
            clocks: Clocks::default(),
            lived: 0,
            open: Vec::new(),
            done: Vec::new(),
            serial: 0,
            life: first_life(&script.profile()),
            has_kubeconfig: script.profile() == profiles::oidc_from_file(),
            is_service_account: script.profile().authentication.service_account.is_some(),
            kubeconfig: first_kubeconfig(),
        }
    }

    pub(crate) fn now(&self) -> Now {
        self.clocks.now()
    }

    /// Moves the clocks and says what to tell the machine.
    pub(crate) fn turn(&mut self, op: Op) -> Turn {
        let input = match op {
            Op::Advance(time) => {
                self.pass(time);
                Input::Tick
            }
            Op::Sleep => {
                let now = self.now().monotonic;
                let time = self.machine.poll_timeout().map_or(1000, |at| at.since(now).as_millis());
                self.pass(time as u64);
                Input::Tick
            }
            Op::JumpWall(by) => {
                self.clocks.jump_wall(by);
                Input::Tick
            }
            Op::Suspend(time) => {
                self.clocks.suspend(Duration::from_millis(time));
                Input::Tick
            }
            Op::Rewind(by) => {
                self.clocks.rewind_monotonic(Duration::from_millis(by));
                Input::Tick
            }
            Op::Tick | Op::Drain => Input::Tick,
            Op::Demand => Input::Demand,
            Op::DemandConnection => Input::DemandConnection,
            Op::Close => Input::Close,
            Op::Unknown => return stray(complete(ActionId::from_u64(u64::MAX), Err(failed()))),
            Op::Answer(pick, how) => return self.answer(pick, how),
            Op::Again(index, how) => return self.again(usize::from(index), how),
            Op::Reject(which) => return self.reject(which),
        };
        Turn { input, stray: false, good: false }
    }

    fn pass(&mut self, time: u64) {
        self.clocks.set(self.clocks.elapsed() + time);
        self.lived += time;
    }

    fn answer(&mut self, pick: Pick, how: How) -> Turn {
        if self.open.is_empty() {
            return Turn { input: Input::Tick, stray: false, good: false };
        }
        let index = if pick == Pick::Oldest { 0 } else { self.open.len() - 1 };
        let asked = self.open.remove(index);
        let (outcome, life) = self.reply(&asked, how);
        if let Some(life) = life {
            self.life = life;
        }
        match (&outcome, &asked.contents) {
            (Ok(Reply::Written(_)), Some(contents)) => self.kubeconfig = contents.clone(),
            (Ok(Reply::File(bytes)), _) if asked.place == KUBECONFIG => {
                self.kubeconfig = bytes.0.clone();
            }
            _ => {}
        }
        let input = complete(asked.id, outcome);
        self.done.push(asked);
        Turn { input, stray: false, good: how.is_good() }
    }

    fn again(&mut self, index: usize, how: How) -> Turn {
        if self.done.is_empty() {
            return Turn { input: Input::Tick, stray: false, good: false };
        }
        let asked = self.done[index % self.done.len()].clone();
        let (outcome, _) = self.reply(&asked, how);
        stray(complete(asked.id, outcome))
    }

    fn reject(&mut self, which: Which) -> Turn {
        let current = self.machine.credential(self.now()).ok().map(|lent| lent.generation);
        let old = current.map_or(0, |current| current.as_u64().saturating_sub(1));
        match (which, current) {
            (Which::Current, Some(current)) => {
                Turn { input: Input::Reject(current), stray: false, good: false }
            }
            (Which::Future, _) => stray(Input::Reject(Generation::from_u64(u64::MAX))),
            _ => stray(Input::Reject(Generation::from_u64(old))),
        }
    }

    /// Enters a job that the machine has asked for.
    pub(crate) fn ask(&mut self, action: &Action) {
        if let (Some(id), Some(place)) = (action.job_id(), crate::observe::place(action)) {
            let (kind, contents) = match action {
                Action::RunCommand(_) => (Kind::Command, None),
                Action::SendRequest(_) => (Kind::Http, None),
                Action::WriteFile(job) => (Kind::Write, Some(job.request.contents.clone())),
                Action::Provide(_) => (Kind::Provide, None),
                _ => (Kind::File, None),
            };
            self.open.push(Asked { id, place, kind, contents });
        }
        if let Action::Cancel(id) = action {
            let position = self.open.iter().position(|asked| asked.id == *id);
            self.done.extend(position.map(|position| self.open.remove(position)));
        }
    }

    /// An answer; and if a plugin's output is good, how long it may be served (`Some(None)`: for
    /// ever).
    pub(crate) fn reply(
        &mut self,
        asked: &Asked,
        how: How,
    ) -> (Result<Reply, Failure>, Option<Option<Life>>) {
        self.serial += 1;
        match how {
            How::Failed => return (Err(failed()), None),
            How::Refused => return (Err(Failure::new(FailureKind::Unsupported, "")), None),
            How::WrongKind => {
                let body = Secret::from(secret("body"));
                return match asked.kind {
                    Kind::Http => (Ok(Reply::File(FileBytes(body))), None),
                    _ => (Ok(Reply::Http(HttpResponse::new(200, body))), None),
                };
            }
            _ => {}
        }
        match asked.kind {
            // What a bootstrap login gives is not served.
            Kind::Command if self.is_service_account => (self.printed(how).0, None),
            Kind::Command => self.printed(how),
            Kind::File => (self.content(&asked.place, how), None),
            Kind::Http if asked.place == DISCOVERY => (self.discovery(how), None),
            Kind::Http if asked.place == TOKEN_REQUEST => self.minted(how),
            Kind::Http => self.refreshed(how),
            Kind::Write => (self.written(how), None),
            Kind::Provide => self.provided(how),
        }
    }

    fn content(&self, path: &str, how: How) -> Result<Reply, Failure> {
        // Both halves of a pair change together, most of the time.
        let name = match how {
            How::Same => "a",
            How::Certified => "short",
            _ if (self.serial / 4).is_multiple_of(2) => "a",
            _ => "b",
        };
        let bytes = match how {
            How::Empty => " \n".into(),
            How::Garbage => secret("gar\nbage").into(),
            How::Badly => return Err(Failure::new(FailureKind::Denied, "permission denied")),
            _ => match path {
                TOKEN if how == How::Same => secret("same").into(),
                TOKEN => secret(&format!("token-{}", self.serial)).into(),
                KUBECONFIG if how == How::Same => self.kubeconfig.clone(),
                // Somebody else has logged in.
                KUBECONFIG => {
                    let refresh = Some(format!("refresh-{}", self.serial));
                    Content::OpenId(OpenIdTokens { id: None, refresh }).bytes()
                }
                CERTIFICATE => certificates::certificate(name).into(),
                KEY => certificates::key(name).into(),
                _ => certificates::roots(if name == "b" { name } else { "a" }).into(),
            },
        };
        Ok(Reply::File(FileBytes(bytes)))
    }

    fn discovery(&self, how: How) -> Result<Reply, Failure> {
        let body = match how {
            How::Empty => String::new(),
            How::Garbage => secret("gar{bage"),
            _ => format!("{{\"token_endpoint\":\"{TOKEN_ENDPOINT}\"}}"),
        };
        let status = if how == How::Badly { 503 } else { 200 };
        Ok(Reply::Http(HttpResponse::new(status, body)))
    }

    fn refreshed(&self, how: How) -> (Result<Reply, Failure>, Option<Option<Life>>) {
        let reply = |status, body: String| Ok(Reply::Http(HttpResponse::new(status, body)));
        let name = if how == How::Same { "same".into() } else { format!("id-{}", self.serial) };
        let wall = self.now().wall.as_millis();
        let life = match how {
            // With a kubeconfig to look into, even a dead refresh token is not the end.
            How::Badly if self.has_kubeconfig => {
                return (reply(400, r#"{"error":"invalid_grant"}"#.into()), None);
            }
            How::Badly => return (reply(503, secret("sorry")), None),
            How::Garbage => return (reply(200, secret("gar{bage")), None),
            How::Empty => return (reply(200, "{}".into()), None),
            How::Endless => {
                let body = format!("{{\"id_token\":\"{}\"}}", openid::jwt("{}", &name));
                return (reply(200, body), None);
            }
            How::Soon => 3_000,
            How::Ended => -5_000,
            _ => 900_000,
        };
        // A JWT counts seconds.
        let end = UnixTime::from_secs((wall + life).div_euclid(1000));
        let refresh = secret(&format!("refresh-{}", self.serial));
        let body = format!(
            "{{\"id_token\":\"{}\",\"refresh_token\":\"{refresh}\"}}",
            openid::id_token(&name, end)
        );
        (reply(200, body), Some(Some(self.life_until(end))))
    }

    fn minted(&self, how: How) -> (Result<Reply, Failure>, Option<Option<Life>>) {
        let reply = |status, body: String| Ok(Reply::Http(HttpResponse::new(status, body)));
        let name = if how == How::Same { "same".into() } else { format!("sa-{}", self.serial) };
        let wall = self.now().wall.as_millis();
        let seconds = match how {
            How::Badly => {
                let code = [401, 403, 404, 409, 503][(self.serial % 5) as usize];
                return (reply(code, token_request::status(code, "No", "no")), None);
            }
            How::Garbage => return (reply(201, secret("gar{bage")), None),
            How::Empty => return (reply(201, "{}".into()), None),
            How::Soon => 3,
            _ => 900,
        };
        // It counts seconds; what is granted is rounded down with it.
        let end = UnixTime::from_secs((wall + seconds * 1000).div_euclid(1000));
        let told = match how {
            // The server's clock is wrong: what it granted counts.
            How::Ended => Some(UnixTime::from_millis(wall - 3_600_000)),
            How::Endless => None,
            _ => Some(end),
        };
        let end = match how {
            How::Ended | How::Endless => UnixTime::from_millis(wall + seconds * 1000),
            _ => end,
        };
        let body = token_request::granted(&name, Some(seconds), told);
        (reply(201, body), Some(Some(self.life_until(end))))
    }

    fn written(&self, how: How) -> Result<Reply, Failure> {
        match how {
            How::Badly => Err(Failure::new(FailureKind::Denied, "permission denied")),
            How::Garbage | How::Empty => {
                Err(Failure::new(FailureKind::Conflict, "the file has changed"))
            }
            _ => Ok(Reply::Written(Written)),
        }
    }

    fn printed(&self, how: How) -> (Result<Reply, Failure>, Option<Option<Life>>) {
        let exit = |code, text: String| Ok(Reply::Exit(Exit { code, stdout: text.into() }));
        let wall = self.now().wall.as_millis();
        let end = |life: i64| Some(UnixTime::from_millis(wall + life));
        let (end, certificate) = match how {
            How::Badly => return (exit(3, secret("printed")), None),
            How::Garbage => return (exit(0, secret("{\"status\": {}")), None),
            How::Empty => return (exit(0, String::new()), None),
            How::Soon => (end(3_000), None),
            How::Ended => (end(-5_000), None),
            How::Endless => (None, None),
            How::Certified => (None, Some("short")),
            _ => (end(900_000), None),
        };
        let token = if how == How::Same { "same".into() } else { format!("token-{}", self.serial) };
        let text = exec_credential(Some(&token), certificate, end);
        let end = match certificate {
            Some(_) => Some(UnixTime::from_millis(START_WALL + SHORT_ENDS as i64)),
            None => end,
        };
        (exit(0, text), Some(end.map(|end| self.life_until(end))))
    }

    fn provided(&self, how: How) -> (Result<Reply, Failure>, Option<Option<Life>>) {
        let reply =
            |token: String, expires| Ok(Reply::Provided(Provided { token: token.into(), expires }));
        let wall = self.now().wall.as_millis();
        let end = |life: i64| Some(UnixTime::from_millis(wall + life));
        let end = match how {
            How::Badly => return (Err(Failure::new(FailureKind::Other, "sealed")), None),
            How::Garbage => return (reply(secret("gar\nbage"), None), None),
            How::Empty => return (reply(String::new(), None), None),
            How::Soon => end(3_000),
            How::Ended => end(-5_000),
            How::Endless | How::Certified => None,
            _ => end(900_000),
        };
        let token = if how == How::Same { "same".into() } else { format!("token-{}", self.serial) };
        (reply(secret(&token), end), Some(end.map(|end| self.life_until(end))))
    }

    fn life_until(&self, end: UnixTime) -> Life {
        let left = end.since(self.now().wall);
        if left.is_zero() {
            return Life { end: None, until: self.lived + millis(self.policy.clock_skew_grace) };
        }
        Life { end: Some(end), until: self.lived + millis(left) }
    }
}

fn first_kubeconfig() -> Secret {
    let id = Some(("id-1".into(), 600_000));
    Content::OpenId(OpenIdTokens { id, refresh: Some("refresh-1".into()) }).bytes()
}

/// How long the id-token may be served that was there from the start.
fn first_life(profile: &Profile) -> Option<Life> {
    let from_start = *profile == profiles::oidc_from_file();
    let end = UnixTime::from_millis(START_WALL + 600_000);
    from_start.then_some(Life { end: Some(end), until: u64::MAX })
}

fn millis(duration: Duration) -> u64 {
    crate::span::millis(duration)
}

fn complete(id: ActionId, outcome: Result<Reply, Failure>) -> Input {
    Input::Complete(Completion { id, outcome })
}

fn stray(input: Input) -> Turn {
    Turn { input, stray: true, good: false }
}

fn failed() -> Failure {
    Failure::new(FailureKind::Other, "bad luck")
}
