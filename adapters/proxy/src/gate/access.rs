//! Whether a user may do what a request asks for: SubjectAccessReview, remembered (RV-24…RV-27).

use super::Reviewer;
use http::Method;
use kubecred_core::Instant;
use kubecred_core::api::subject_access_review::{
    NonResourceAttributes, ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kubecred_core::api::user_info::UserInfo;
use kubecred_core::reviewer::Key;
use kubecred_host::Clock;
use kubecred_tokio::Client;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long an answer is believed (RV-26).
const LIFE: Duration = Duration::from_secs(10);

/// The most answers of a kind that are remembered (RV-26).
const MOST: usize = 8192;

/// A question that is longer is not remembered: callers choose the path (RV-26).
const LONGEST: usize = 10_000;

/// The most questions at a time, and how long one may take.
const IN_FLIGHT: usize = 100;
const LIMIT: Duration = Duration::from_secs(10);

/// Who is not asked about: they may do everything (RV-27).
const MASTERS: &str = "system:masters";

/// What a request is taken for when it is asked whether a user may make it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessRule {
    /// The path and the method, as a non-resource URL: ClusterRoles with `nonResourceURLs`.
    Path,
    /// Always these attributes of a resource. An empty verb is made of the method: `get`, `create`
    /// (POST), `update` (PUT), `patch`, `delete`.
    Resource(Box<ResourceAttributes>),
}

/// Why it is not known whether a user may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    TooMany,
    TooLong,
    /// In words, for a log.
    Failed(String),
}

/// Asks, and remembers. A clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    rule: AccessRule,
    client: Client,
    /// Its key makes what stands for a question in memory.
    reviewer: Reviewer,
    clock: Clock,
    answers: Mutex<Answers>,
    permits: Semaphore,
}

#[derive(Debug, Default)]
struct Answers {
    allowed: Remembered,
    denied: Remembered,
    /// Questions that are being asked; who asks the same waits for the lock (single flight).
    asked: HashMap<Key, Arc<tokio::sync::Mutex<()>>>,
}

/// A place among those who ask the same. The last one to leave takes the entry away, also if its
/// caller has gone in the middle of it.
struct Flight<'a> {
    access: &'a Access,
    key: Key,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl<'a> Flight<'a> {
    fn join(access: &'a Access, key: Key) -> Self {
        let lock = Arc::clone(access.answers().asked.entry(key).or_default());
        Self { access, key, lock }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut answers = self.access.answers();
        // Ours and the map's.
        if Arc::strong_count(&self.lock) <= 2 {
            answers.asked.remove(&self.key);
        }
    }
}

/// Questions that have the same answer, in the order in which they end.
#[derive(Debug, Default)]
struct Remembered {
    until: HashMap<Key, Instant>,
    order: VecDeque<(Instant, Key)>,
}

impl Remembered {
    fn has(&self, key: &Key, now: Instant) -> bool {
        self.until.get(key).is_some_and(|until| now < *until)
    }

    fn insert(&mut self, key: Key, now: Instant) {
        let until = now.saturating_add(LIFE);
        while let Some((end, first)) = self.order.front().copied() {
            if end > now && self.order.len() < MOST {
                break;
            }
            self.order.pop_front();
            if self.until.get(&first) == Some(&end) {
                self.until.remove(&first);
            }
        }
        self.until.insert(key, until);
        self.order.push_back((until, key));
    }
}

impl Access {
    pub(crate) fn new(rule: AccessRule, client: Client, reviewer: Reviewer) -> Self {
        let answers = Mutex::default();
        let (clock, permits) = (Clock::start(), Semaphore::new(IN_FLIGHT));
        Self { inner: Arc::new(Inner { rule, client, reviewer, clock, answers, permits }) }
    }

    /// Whether the user may make this request. `path` is canonical.
    pub(crate) async fn allows(
        &self,
        user: &UserInfo,
        method: &Method,
        path: &str,
    ) -> Result<bool, Unknown> {
        if user.groups.iter().any(|group| group == MASTERS) {
            return Ok(true);
        }
        let question = self.inner.rule.question(user, method, path);
        let json = question.to_json();
        let is_kept = json.len() <= LONGEST;
        let key = self.inner.reviewer.key(json.expose());
        if let Some(allowed) = self.known(&key) {
            return Ok(allowed);
        }
        let flight = Flight::join(self, key);
        let _asking = flight.lock.lock().await;
        let outcome = match self.known(&key) {
            Some(allowed) => Ok(allowed),
            None => self.ask(&question).await,
        };
        if let (Ok(allowed), true) = (&outcome, is_kept) {
            let now = self.inner.clock.now().monotonic;
            let mut answers = self.answers();
            let of = if *allowed { &mut answers.allowed } else { &mut answers.denied };
            of.insert(key, now);
        }
        outcome
    }

    fn known(&self, key: &Key) -> Option<bool> {
        let now = self.inner.clock.now().monotonic;
        let answers = self.answers();
        // One that was allowed and is denied now is denied.
        match (answers.denied.has(key, now), answers.allowed.has(key, now)) {
            (true, _) => Some(false),
            (false, true) => Some(true),
            (false, false) => None,
        }
    }

    async fn ask(&self, question: &SubjectAccessReview) -> Result<bool, Unknown> {
        let Ok(_permit) = self.inner.permits.try_acquire() else { return Err(Unknown::TooMany) };
        let asked = timeout(LIMIT, self.inner.client.send_call(question.request())).await;
        let reply = asked.map_err(|_| Unknown::TooLong)?;
        let reply = reply.map_err(|error| Unknown::Failed(error.to_string()))?;
        let review = SubjectAccessReview::read_reply(&reply.as_api_reply());
        let review = review.map_err(|error| Unknown::Failed(error.to_string()))?;
        Ok(review.status.is_allowed())
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.inner.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AccessRule {
    fn question(&self, user: &UserInfo, method: &Method, path: &str) -> SubjectAccessReview {
        let mut spec = SubjectAccessReviewSpec { user: user.clone(), ..Default::default() };
        match self {
            Self::Path => {
                let verb = method.as_str().to_lowercase();
                spec.non_resource_attributes =
                    Some(NonResourceAttributes { path: path.to_owned(), verb });
            }
            Self::Resource(attributes) => {
                let mut attributes = ResourceAttributes::clone(attributes);
                if attributes.verb.is_empty() {
                    attributes.verb = verb(method);
                }
                spec.resource_attributes = Some(attributes);
            }
        }
        SubjectAccessReview { spec, ..Default::default() }
    }
}

/// An unknown method is its own verb, never `*`.
fn verb(method: &Method) -> String {
    match method.as_str() {
        "GET" | "HEAD" => "get".to_owned(),
        "POST" => "create".to_owned(),
        "PUT" => "update".to_owned(),
        other => other.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rv_26_so_many_answers_are_remembered_and_no_longer_than_they_hold() {
        let reviewer_key = |number: usize| {
            use kubecred_core::reviewer::{Reviewer, Settings};
            Reviewer::new(Settings::for_audiences(["a"]), [1; 32], 0).key(&number.to_be_bytes())
        };
        let at = Instant::from_millis;
        let mut remembered = Remembered::default();
        let first = reviewer_key(0);
        remembered.insert(first, at(0));
        assert!(remembered.has(&first, at(9_999)) && !remembered.has(&first, at(10_000)));
        // Asked again, it holds from then.
        remembered.insert(first, at(5_000));
        remembered.insert(reviewer_key(1), at(10_001));
        assert!(remembered.has(&first, at(14_999)));
        for number in 2..MOST + 100 {
            remembered.insert(reviewer_key(number), at(11_000));
        }
        assert!(remembered.until.len() <= MOST && remembered.order.len() <= MOST);
        assert!(remembered.has(&reviewer_key(MOST + 99), at(11_000)));
    }

    #[test]
    fn an_unknown_method_is_its_own_verb() {
        for (method, expected) in
            [("GET", "get"), ("POST", "create"), ("DELETE", "delete"), ("PROPFIND", "propfind")]
        {
            assert_eq!(verb(&method.parse().unwrap()), expected);
        }
    }
}
