//! A reviewer of tokens among callers and an API server that do whatever bytes say.
//!
//! The laws, checked after every step:
//!
//! 1. One review of a token is in flight at a time.
//! 2. A token is accepted only while an answer that accepted it is young enough, and never at or
//!    after its own `exp`.
//! 3. A token is refused only after an answer that refused it, or because of its `exp`: a server
//!    that cannot be asked refuses none.
//! 4. What was accepted holds for its time, however many other tokens come meanwhile.
//! 5. A token that was accepted lately is reviewed again however many unknown ones are in flight.
//! 6. Each that waits is answered within the time of a review.
//! 7. Caches and flights keep to their bounds, and nothing of a token is shown.

use crate::CANARY;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use kubecred_core::api::call::ApiRequest;
use kubecred_core::reviewer::{
    Action, Decision, Input, Key, Lookup, ReviewReply, ReviewWire, Reviewer, Settings,
};
use kubecred_core::{Failure, FailureKind, Job, Now, Secret};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const START: i64 = 1_700_000_000_000;

/// So many tokens; the first few may be good.
const TOKENS: usize = 24;
const GOOD: usize = 6;
const IN_FLIGHT: usize = 6;
const REFUSED: usize = 4;

/// A run of a reviewer.
///
/// # Panics
/// When a law is broken.
pub fn chaos(bytes: &[u8]) {
    let mut bytes = bytes.iter().copied();
    let setup = bytes.next().unwrap_or_default();
    let mut run = Run::new(setup);
    // Each step is two bytes: what happens, and to what.
    while let Some(what) = bytes.next() {
        run.step(what, bytes.next().unwrap_or_default());
        run.check();
    }
    run.settle();
}

struct Run {
    reviewer: Reviewer,
    settings: Settings,
    now: u64,
    tokens: Vec<Token>,
    by_key: BTreeMap<Key, usize>,
    open: BTreeMap<usize, Job<ApiRequest, ReviewWire>>,
    wake_at: Option<u64>,
}

#[derive(Default)]
struct Token {
    text: String,
    /// Its own end, in milliseconds of this run.
    end: Option<u64>,
    is_good: bool,
    /// When it was accepted and refused last.
    accepted_at: Option<u64>,
    refused_at: Option<u64>,
    /// Since when somebody waits.
    waits_since: Option<u64>,
}

impl Run {
    fn new(setup: u8) -> Self {
        let mut settings = Settings::for_audiences(["web"]);
        settings.stale_for = Duration::from_secs(u64::from(setup % 3) * 7);
        settings.max_in_flight = IN_FLIGHT;
        (settings.max_accepted, settings.max_refused) = (GOOD, REFUSED);
        let reviewer = Reviewer::new(settings.clone(), [setup; 32], u64::from(setup));
        let tokens: Vec<_> = (0..TOKENS).map(|index| Token::new(index, setup)).collect();
        let by_key = tokens.iter().enumerate();
        let by_key = by_key.map(|(at, token)| (reviewer.key(token.text.as_bytes()), at)).collect();
        Self { reviewer, settings, now: 0, tokens, by_key, open: BTreeMap::new(), wake_at: None }
    }

    fn clocks(&self) -> Now {
        Now::from_millis(1000 + self.now, START + i64::try_from(self.now).unwrap_or(i64::MAX))
    }

    fn step(&mut self, what: u8, which: u8) {
        let index = usize::from(which) % TOKENS;
        match what % 8 {
            0 => self.now += u64::from(which) * 8,
            1 => self.now += u64::from(which) * 100,
            2 => self.tokens[index % GOOD].is_good ^= true,
            3 | 4 => self.request(index % GOOD),
            5 => self.request(index),
            6 => self.answer(index, what / 8),
            _ => self.input(Input::Tick),
        }
    }

    /// What a gate does with a request.
    fn request(&mut self, index: usize) {
        let secret = self.tokens[index].secret();
        let key = self.reviewer.key(secret.expose());
        match self.reviewer.lookup(self.clocks(), &key) {
            Lookup::Known { decision, review } => {
                self.judge(index, &decision);
                if review {
                    self.input(Input::Review(secret));
                }
            }
            Lookup::Unknown => {
                let now = self.now;
                self.tokens[index].waits_since.get_or_insert(now);
                // Reviews that end because time has passed are another matter.
                self.input(Input::Tick);
                let lately = self.tokens[index].accepted_lately(self.now);
                let before = self.reviewer.stats().unavailable;
                self.input(Input::Review(secret));
                let turned_away = self.reviewer.stats().unavailable > before;
                assert!(!(lately && turned_away), "a good token is held up by unknown ones");
            }
        }
    }

    /// The server answers one of the reviews, or cannot.
    fn answer(&mut self, index: usize, how: u8) {
        let Some(index) = self.open.keys().cycle().nth(index % self.open.len().max(1)).copied()
        else {
            return;
        };
        let Some(job) = self.open.remove(&index) else { return };
        let good = self.tokens[index].is_good;
        let reply = |status, body: String, retry_after: Option<&str>| {
            Ok(ReviewReply { status, retry_after: retry_after.map(Into::into), body: body.into() })
        };
        // It repeats the token in whatever it says.
        let text = &self.tokens[index].text;
        let refusal = format!(r#""error":"no such token: {text}""#);
        let outcome = match how {
            0 => reply(503, text.clone(), None),
            1 => reply(429, String::new(), Some("2")),
            2 => reply(500, String::new(), None),
            3 => Err(Failure::new(FailureKind::Network, text.clone())),
            4 => Err(Failure::new(FailureKind::Other, "no")),
            5 => reply(201, format!("<html>{text}"), None),
            6 => reply(401, String::new(), None),
            7 => reply(403, format!("{text} may not"), None),
            8 => {
                // Good, but for others.
                let body = r#""authenticated":true,"user":{"username":"ann"},"audiences":["api"]"#;
                self.tokens[index].refused(self.now);
                reply(201, review(body), None)
            }
            _ if good => {
                self.tokens[index].accepted(self.now);
                let body = r#""authenticated":true,"user":{"username":"ann"},"audiences":["web"]"#;
                reply(201, review(body), None)
            }
            _ => {
                self.tokens[index].refused(self.now);
                reply(201, review(&refusal), None)
            }
        };
        self.input(job.done(outcome));
    }

    fn input(&mut self, input: Input) {
        let now = self.clocks();
        self.reviewer.handle_input(now, input);
        while let Some(action) = self.reviewer.poll_action() {
            match action {
                Action::SendReview(job) => {
                    let body = job.request.body.expose_str().unwrap_or_default();
                    let index = self.tokens.iter().position(|token| body.contains(&token.text));
                    let index = index.expect("a review is of one of the tokens");
                    assert!(self.open.insert(index, job).is_none(), "two reviews of one token");
                }
                Action::Cancel(id) => {
                    let before = self.open.len();
                    self.open.retain(|_, job| job.id != id);
                    assert_eq!(self.open.len() + 1, before, "what is cancelled runs");
                }
                Action::Decided(decided) => {
                    let index = self.by_key[&decided.key];
                    self.tokens[index].waits_since = None;
                    self.judge(index, &decided.decision);
                }
                Action::WakeAt(time) => self.wake_at = Some(time.as_millis() - 1000),
            }
        }
    }

    /// Whether a decision is one that may be.
    fn judge(&self, index: usize, decision: &Decision) {
        let token = &self.tokens[index];
        let is_over = token.end.is_some_and(|end| self.now >= end);
        match decision {
            Decision::Accepted(_) => {
                assert!(!is_over, "accepted at or after its end");
                let longest = self.settings.accepted_for + self.settings.stale_for;
                let is_young = |at: u64| u128::from(self.now - at) < longest.as_millis();
                assert!(token.accepted_at.is_some_and(is_young), "accepted without an answer");
            }
            Decision::Refused { reason } => {
                let longest = self.settings.refused_for.as_millis();
                let is_young = |at: u64| u128::from(self.now - at) < longest;
                assert!(is_over || token.refused_at.is_some_and(is_young), "refused: {reason}");
                assert!(!reason.contains(CANARY), "{reason}");
            }
            Decision::Unavailable { reason, retry_after } => {
                assert!(!reason.contains(CANARY), "{reason}");
                assert!(*retry_after <= Duration::from_secs(60));
            }
        }
    }

    fn check(&self) {
        let now = self.clocks();
        for (key, index) in &self.by_key {
            let token = &self.tokens[*index];
            let known = self.reviewer.lookup(now, key);
            if let Lookup::Known { decision, .. } = &known {
                self.judge(*index, decision);
            }
            let holds = token.accepted_at.is_some_and(|at| {
                u128::from(self.now - at) < self.settings.accepted_for.as_millis()
            });
            if holds && token.end.is_none_or(|end| self.now < end) {
                let accepted =
                    matches!(known, Lookup::Known { decision: Decision::Accepted(_), .. });
                assert!(accepted, "an accepted token is forgotten");
            }
        }
        let stats = self.reviewer.stats();
        assert!(stats.accepted_held <= GOOD && stats.refused_held <= REFUSED);
        assert!(stats.in_flight <= 2 * IN_FLIGHT && self.open.len() <= stats.in_flight);
        assert!(!format!("{:?}", self.reviewer).contains(CANARY));
    }

    /// The server is silent from now on; all that wait are answered all the same.
    fn settle(&mut self) {
        let begin = self.now;
        let mut woken = BTreeSet::new();
        while self.tokens.iter().any(|token| token.waits_since.is_some()) {
            let wake_at = self.wake_at.expect("it says when it is to be woken").max(self.now);
            assert!(wake_at <= begin + 10_000, "they wait for longer than a review may take");
            assert!(woken.insert(wake_at) || wake_at > self.now, "it spins");
            self.now = wake_at;
            self.input(Input::Tick);
        }
        self.check();
    }
}

impl Token {
    fn new(index: usize, setup: u8) -> Self {
        // Every third says when it ends.
        let end = index
            .is_multiple_of(3)
            .then(|| 1000 * (2 + (index as u64 * 7 + u64::from(setup)) % 40));
        let text = match end {
            None => format!("{CANARY}token-{index}-"),
            Some(end) => {
                let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
                let exp = START / 1000 + i64::try_from(end / 1000).unwrap_or_default();
                let claims = part(&format!(r#"{{"exp":{exp},"jti":"{index}"}}"#));
                format!("{}.{claims}.{CANARY}{index}-", part("{}"))
            }
        };
        Self { text, end, is_good: index < GOOD, ..Self::default() }
    }

    fn secret(&self) -> Secret {
        Secret::from(self.text.as_str())
    }

    fn accepted(&mut self, now: u64) {
        (self.accepted_at, self.refused_at) = (Some(now), None);
    }

    fn refused(&mut self, now: u64) {
        (self.accepted_at, self.refused_at) = (None, Some(now));
    }

    /// Whether it has precedence over unknown ones.
    fn accepted_lately(&self, now: u64) -> bool {
        self.accepted_at.is_some_and(|at| now - at < 5 * 60 * 1000)
            && self.end.is_none_or(|end| now < end)
    }
}

fn review(status: &str) -> String {
    let head = r#""kind":"TokenReview","apiVersion":"authentication.k8s.io/v1""#;
    format!(r#"{{{head},"status":{{{status}}}}}"#)
}
