//! What is told of each request, and what is counted.

use http::{Method, StatusCode};
use kubecred_core::reviewer::{Key, Stats};
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// One request and its answer, for an access log. There is no token in it, and no query, which may
/// hold one; path, user and reason come from others, and belong through a redacting door.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// The method; that of the request that is checked, at a check endpoint.
    pub method: Method,
    /// The path as it was sent, without the query.
    pub path: String,
    /// The status of the answer.
    pub status: StatusCode,
    /// The user, if it is known.
    pub user: Option<String>,
    /// Why the request was not let in, or not answered.
    pub reason: Option<String>,
    /// What stands for the token: equal for equal tokens of one process, and tells nothing of it.
    pub token: Option<Key>,
    /// The address that the request came from; `None` on a unix socket.
    pub peer: Option<IpAddr>,
    /// How long the answer took to begin.
    pub duration: Duration,
}

/// Requests by what came of them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    admitted: AtomicU64,
    unauthorized: AtomicU64,
    forbidden: AtomicU64,
    unavailable: AtomicU64,
    invalid: AtomicU64,
    unreachable: AtomicU64,
    cut: AtomicU64,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    Admitted,
    #[default]
    Unauthorized,
    Forbidden,
    Unavailable,
    Invalid,
    Unreachable,
    /// An answer that was ended because the token is not good any more.
    Cut,
}

impl Counters {
    pub(crate) fn count(&self, fate: Fate) {
        let counter = match fate {
            Fate::Admitted => &self.admitted,
            Fate::Unauthorized => &self.unauthorized,
            Fate::Forbidden => &self.forbidden,
            Fate::Unavailable => &self.unavailable,
            Fate::Invalid => &self.invalid,
            Fate::Unreachable => &self.unreachable,
            Fate::Cut => &self.cut,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// In the text format of Prometheus.
    pub(crate) fn render(&self, stats: &Stats) -> String {
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, help: &str, lines: &[(&str, u64)]| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (label, value) in lines {
                let _ = writeln!(text, "{name}{label} {value}");
            }
        };
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let requests = [
            ("{outcome=\"admitted\"}", of(&self.admitted)),
            ("{outcome=\"unauthorized\"}", of(&self.unauthorized)),
            ("{outcome=\"forbidden\"}", of(&self.forbidden)),
            ("{outcome=\"unavailable\"}", of(&self.unavailable)),
            ("{outcome=\"invalid\"}", of(&self.invalid)),
            ("{outcome=\"unreachable\"}", of(&self.unreachable)),
        ];
        family("kubecred_gate_requests_total", "counter", "Requests by outcome.", &requests);
        let help = "Streams ended because the token is not good any more.";
        family("kubecred_gate_streams_cut_total", "counter", help, &[("", of(&self.cut))]);
        let reviews = [
            ("{verdict=\"accepted\"}", stats.accepted),
            ("{verdict=\"refused\"}", stats.refused),
            ("{verdict=\"unavailable\"}", stats.unavailable),
        ];
        family("kubecred_gate_reviews_total", "counter", "TokenReviews by verdict.", &reviews);
        let help = "Calls of the API server for reviews, repeated ones included.";
        family("kubecred_gate_review_attempts_total", "counter", help, &[("", stats.attempts)]);
        let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let held = [
            ("{verdict=\"accepted\"}", number(stats.accepted_held)),
            ("{verdict=\"refused\"}", number(stats.refused_held)),
        ];
        family("kubecred_gate_verdicts", "gauge", "Verdicts that are remembered.", &held);
        let in_flight = [("", number(stats.in_flight))];
        family("kubecred_gate_reviews_in_flight", "gauge", "Reviews in flight.", &in_flight);
        text
    }
}
