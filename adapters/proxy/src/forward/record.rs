//! What is told of each request: a line for the access log, and counts.

use super::metrics::{Kind, Metrics};
use crate::clock;
use http::{Method, StatusCode};
use kubecred_core::redact;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// One request and how it ended, for an access log. It holds no secret: no header, and of the URI
/// the path alone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccessRecord {
    /// When the request came, in milliseconds since 1970.
    pub at: u64,
    /// The caller's address; empty on a unix socket.
    pub caller: String,
    /// The method.
    pub method: Method,
    /// The path as it was sent, without the query, and without what looks like a secret: a client
    /// may put a token where a name belongs.
    pub path: String,
    /// The context that it went to; empty for the only one.
    pub context: String,
    /// The status of the answer; 499 if the caller left before there was one.
    pub status: StatusCode,
    /// The protocol that the connection became; empty if it did not.
    pub upgrade: String,
    /// Whether a 401 made the proxy send it again with a newer credential.
    pub renewed: bool,
    /// Bytes of bodies, or of the upgraded stream, from the caller.
    pub bytes_in: u64,
    /// The same, to the caller.
    pub bytes_out: u64,
    /// From the request to the end of the answer.
    pub duration: Duration,
    /// Whether the answer was sent to its end.
    pub complete: bool,
}

/// A line of JSON.
impl fmt::Display for AccessRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.at / 1000, self.at % 1000);
        write!(f, "{{\"time\":{seconds}.{millis:03},\"caller\":{}", Json(&self.caller))?;
        write!(f, ",\"method\":{},\"path\":{}", Json(self.method.as_str()), Json(&self.path))?;
        if !self.context.is_empty() {
            write!(f, ",\"context\":{}", Json(&self.context))?;
        }
        write!(f, ",\"status\":{}", self.status.as_u16())?;
        if !self.upgrade.is_empty() {
            write!(f, ",\"upgrade\":{}", Json(&self.upgrade))?;
        }
        if self.renewed {
            f.write_str(",\"renewed\":true")?;
        }
        if !self.complete {
            f.write_str(",\"complete\":false")?;
        }
        let (bytes_in, bytes_out) = (self.bytes_in, self.bytes_out);
        let duration = self.duration.as_secs_f64() * 1000.0;
        write!(f, ",\"bytes_in\":{bytes_in},\"bytes_out\":{bytes_out},\"ms\":{duration:.3}}}")
    }
}

/// A string of JSON.
struct Json<'a>(&'a str);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        f.write_char('"')?;
        for char in self.0.chars() {
            match char {
                '"' | '\\' => write!(f, "\\{char}")?,
                // A terminal that shows the log is not steered by it.
                char if char.is_control() || !char.is_ascii() => {
                    let mut units = [0; 2];
                    for unit in char.encode_utf16(&mut units) {
                        write!(f, "\\u{unit:04x}")?;
                    }
                }
                char => f.write_char(char)?,
            }
        }
        f.write_char('"')
    }
}

/// The path, segment by segment.
fn without_secrets(path: &str) -> String {
    path.split('/').map(redact::text).collect::<Vec<_>>().join("/")
}

/// nginx's status for a caller who has left.
fn gone() -> StatusCode {
    StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT)
}

/// Where records go. It must not wait.
pub type AccessLog = Arc<dyn Fn(&AccessRecord) + Send + Sync>;

/// A request in progress. When it is dropped, it is counted and told.
pub(crate) struct Recording {
    record: Box<AccessRecord>,
    begun: std::time::Instant,
    bytes_in: Arc<AtomicU64>,
    kind: Kind,
    metrics: Arc<Metrics>,
    log: Option<AccessLog>,
}

impl Recording {
    pub(crate) fn begin(
        method: &Method,
        path: &str,
        caller: String,
        (metrics, log): (&Arc<Metrics>, &Option<AccessLog>),
    ) -> Self {
        metrics.begin();
        // What is not written needs no copies.
        let path = if log.is_some() { without_secrets(path) } else { String::new() };
        let record = AccessRecord {
            at: if log.is_some() { clock::unix_millis() } else { 0 },
            caller,
            method: method.clone(),
            path,
            context: String::new(),
            status: gone(),
            upgrade: String::new(),
            renewed: false,
            bytes_in: 0,
            bytes_out: 0,
            duration: Duration::ZERO,
            complete: false,
        };
        Self {
            record: Box::new(record),
            begun: clock::now(),
            bytes_in: Arc::default(),
            kind: Kind::of(method),
            metrics: Arc::clone(metrics),
            log: log.clone(),
        }
    }

    pub(crate) fn goes_to(&mut self, name: &str) {
        name.clone_into(&mut self.record.context);
    }

    pub(crate) fn renewed(&mut self) {
        self.record.renewed = true;
        self.metrics.renewed();
    }

    pub(crate) fn upgraded(&mut self, protocol: &str) {
        protocol.clone_into(&mut self.record.upgrade);
        self.kind = Kind::Upgrade;
        self.metrics.upgrade_begun();
    }

    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.record.status = status;
        self.record.complete = true;
    }

    /// The counter of what the caller sends.
    pub(crate) fn bytes_in(&self) -> &Arc<AtomicU64> {
        &self.bytes_in
    }

    pub(crate) fn sent(&mut self, bytes: u64) {
        self.record.bytes_out += bytes;
    }

    pub(crate) fn broke(&mut self) {
        self.record.complete = false;
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let record = &mut *self.record;
        record.bytes_in = self.bytes_in.load(Ordering::Relaxed);
        record.duration = clock::now().saturating_duration_since(self.begun);
        self.metrics.end(self.kind, record);
        if let Some(log) = &self.log {
            log(record);
        }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("record", &self.record).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_a_path_is_not_told() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm5lIn0.c2lnbmF0dXJlLW9mLWFubmU";
        let log: Option<AccessLog> = Some(Arc::new(|_| {}));
        let told = |path: &str| {
            let metrics = Arc::default();
            let recording = Recording::begin(&Method::GET, path, String::new(), (&metrics, &log));
            recording.record.path.clone()
        };
        let shown = told(&format!("/clusters/{token}/api/v1"));
        assert!(shown.starts_with("/clusters/") && shown.ends_with("/api/v1"), "{shown}");
        assert!(!shown.contains("eyJ"), "{shown}");
        let plain = "/api/v1/namespaces/kube-system/pods/web-6d4cf56db6-x7k2p/log";
        assert_eq!(told(plain), plain);
    }

    #[test]
    fn a_record_is_a_line_of_json() {
        let record = AccessRecord {
            at: 1_700_000_000_007,
            caller: "127.0.0.1".into(),
            method: Method::GET,
            path: "/a\"\u{1b}[2J\u{1f512}".into(),
            context: String::new(),
            status: StatusCode::BAD_GATEWAY,
            upgrade: String::new(),
            renewed: true,
            bytes_in: 1,
            bytes_out: 2,
            duration: Duration::from_micros(1500),
            complete: false,
        };
        let line = record.to_string();
        let read: serde_json::Value = serde_json::from_str(&line).expect(&line);
        assert_eq!(read["path"], "/a\"\u{1b}[2J\u{1f512}");
        assert_eq!((&read["time"], &read["ms"]), (&1_700_000_000.007.into(), &1.5.into()));
        assert!(line.is_ascii() && !line.contains('\u{1b}'), "{line}");
    }
}
