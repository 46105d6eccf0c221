//! A host for random operations: it knows what it answered, and so what may be served.

use crate::certificates::{self, SHORT_ENDS};
use crate::host::exec_credential;
use crate::profiles::{CERTIFICATE, KEY, TOKEN};
use crate::script::{How, Op, Pick, Script, Which};
use crate::{Clocks, START_WALL, secret};
use kubecred_core::protocol::{Completion, Exit, FileBytes, HttpResponse};
use kubecred_core::{
    Action, ActionId, Authenticator, Failure, FailureKind, Generation, Input, Now, Policy, Reply,
    UnixTime,
};
use std::time::Duration;

/// A machine and everything that a host needs to answer it.
#[derive(Debug)]
pub(crate) struct Trial {
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
}

/// A job, as much of it as an answer needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) id: ActionId,
    pub(crate) place: String,
    pub(crate) command: bool,
}

/// The life of a credential from a plugin.
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

impl Trial {
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
            life: None,
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
            self.open.push(Asked { id, place, command: matches!(action, Action::RunCommand(_)) });
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
                let body = secret("body").into();
                return (Ok(Reply::Http(HttpResponse { status: 200, body })), None);
            }
            _ => {}
        }
        if asked.command { self.printed(how) } else { (self.content(&asked.place, how), None) }
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
                CERTIFICATE => certificates::certificate(name).into(),
                KEY => certificates::key(name).into(),
                _ => certificates::roots(if name == "b" { name } else { "a" }).into(),
            },
        };
        Ok(Reply::File(FileBytes(bytes)))
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

    fn life_until(&self, end: UnixTime) -> Life {
        let left = end.since(self.now().wall);
        if left.is_zero() {
            return Life { end: None, until: self.lived + millis(self.policy.skew_hold) };
        }
        Life { end: Some(end), until: self.lived + millis(left) }
    }
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
