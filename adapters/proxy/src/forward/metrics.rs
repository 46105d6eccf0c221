//! Counts, in the text format of Prometheus.

use super::record::AccessRecord;
use http::Method;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Upper ends of the histogram's buckets, in seconds.
const BUCKETS: [f64; 8] = [0.005, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0, 120.0];

/// What kind of request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Read,
    Write,
    Upgrade,
}

impl Kind {
    pub(crate) fn of(method: &Method) -> Self {
        if method.is_safe() { Self::Read } else { Self::Write }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Upgrade => "upgrade",
        }
    }
}

/// What was counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    in_flight: AtomicU64,
    upgrades_open: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    renewed: AtomicU64,
    buckets: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
    requests: Mutex<BTreeMap<(String, Kind, u16), u64>>,
}

fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Metrics {
    pub(crate) fn begin(&self) {
        add(&self.in_flight, 1);
    }

    pub(crate) fn renewed(&self) {
        add(&self.renewed, 1);
    }

    pub(crate) fn upgrade_begun(&self) {
        add(&self.upgrades_open, 1);
    }

    pub(crate) fn end(&self, kind: Kind, record: &AccessRecord) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        if kind == Kind::Upgrade {
            self.upgrades_open.fetch_sub(1, Ordering::Relaxed);
        }
        add(&self.bytes_in, record.bytes_in);
        add(&self.bytes_out, record.bytes_out);
        let seconds = record.duration.as_secs_f64();
        let bucket = BUCKETS.iter().position(|end| seconds <= *end).unwrap_or(BUCKETS.len());
        if let Some(bucket) = self.buckets.get(bucket) {
            add(bucket, 1);
        }
        add(&self.micros, u64::try_from(record.duration.as_micros()).unwrap_or(u64::MAX));
        let key = (record.context.clone(), kind, record.status.as_u16());
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry(key).or_default() += 1;
    }

    /// All of it as text. `logins` are those of each context: name, acquired, failed, refused by the
    /// server.
    pub(crate) fn text(&self, logins: &[(String, kubecred_core::Stats)]) -> String {
        let mut text = String::new();
        self.write_requests(&mut text);
        for (name, kind, help, value) in [
            (
                "requests_in_flight",
                "gauge",
                "Requests and upgraded streams that are open.",
                read(&self.in_flight),
            ),
            (
                "upgrades_open",
                "gauge",
                "Upgraded streams that are open.",
                read(&self.upgrades_open),
            ),
            (
                "received_bytes_total",
                "counter",
                "Bytes of bodies and streams from callers.",
                read(&self.bytes_in),
            ),
            (
                "sent_bytes_total",
                "counter",
                "Bytes of bodies and streams to callers.",
                read(&self.bytes_out),
            ),
            (
                "retries_after_401_total",
                "counter",
                "Requests sent again with a newer credential.",
                read(&self.renewed),
            ),
        ] {
            head(&mut text, name, kind, help);
            let _ = writeln!(text, "kubecred_proxy_{name} {value}");
        }
        head(
            &mut text,
            "logins_total",
            "counter",
            "Attempts to get a credential, by outcome; and credentials that the server refused.",
        );
        for (context, stats) in logins {
            for (outcome, count) in [
                ("acquired", stats.succeeded),
                ("failed", stats.failed),
                ("refused", stats.rejected),
            ] {
                let context = label(context);
                let _ = writeln!(
                    text,
                    "kubecred_proxy_logins_total{{context=\"{context}\",outcome=\"{outcome}\"}} {count}"
                );
            }
        }
        text
    }

    fn write_requests(&self, text: &mut String) {
        head(
            text,
            "requests_total",
            "counter",
            "Requests that ended, by context, kind and status.",
        );
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for ((context, kind, code), count) in requests {
            let (context, kind) = (label(&context), kind.name());
            let _ = writeln!(
                text,
                "kubecred_proxy_requests_total{{context=\"{context}\",kind=\"{kind}\",code=\"{code}\"}} {count}"
            );
        }
        let name = "request_duration_seconds";
        head(text, name, "histogram", "From a request to the end of its answer.");
        let mut sum = 0;
        for (bucket, end) in
            self.buckets.iter().zip(BUCKETS.iter().map(f64::to_string).chain(["+Inf".into()]))
        {
            sum += read(bucket);
            let _ = writeln!(text, "kubecred_proxy_{name}_bucket{{le=\"{end}\"}} {sum}");
        }
        let micros = read(&self.micros);
        let _ = writeln!(
            text,
            "kubecred_proxy_{name}_sum {}.{:06}",
            micros / 1_000_000,
            micros % 1_000_000
        );
        let _ = writeln!(text, "kubecred_proxy_{name}_count {sum}");
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ =
        writeln!(text, "# HELP kubecred_proxy_{name} {help}\n# TYPE kubecred_proxy_{name} {kind}");
}

/// A label's value, escaped.
fn label(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
