//! What the caller says beyond the kubeconfig: kubectl's flags, and how they are laid over entries.

use super::entries::{AuthProvider, ClusterEntry, ExecEntry, UserEntry};
use crate::profile::problem::{ConfigError, Problem, ProblemKind};
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// Settings that go before those of the kubeconfig, each named for kubectl's flag (KC-67). One that
/// is empty, zero or false is not given (KC-62): no flag can take a setting away.
///
/// ```
/// use kubecred_core::kubeconfig::Overrides;
///
/// let overrides = Overrides { context: "prod".into(), token: "t0ken".into(), ..Overrides::default() };
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "struct update from a default is how one is made")]
pub struct Overrides {
    /// `--context`: instead of the current context. It must exist (KC-43).
    pub context: String,
    /// `--cluster`: instead of the context's. It must exist (KC-43).
    pub cluster: String,
    /// `--user`: instead of the context's. It must exist (KC-43).
    pub user: String,
    /// `--namespace`, as [`namespace_flag`] understands it.
    pub namespace: String,
    /// `--server`. Clears the kubeconfig's TLS server name (KC-64).
    pub server: String,
    /// `--tls-server-name`.
    pub tls_server_name: String,
    /// `--insecure-skip-tls-verify`. Clears the kubeconfig's CA (KC-63).
    pub insecure_skip_tls_verify: bool,
    /// `--certificate-authority`, a path. Clears the other two ways to trust (KC-63).
    pub certificate_authority: String,
    /// The same as PEM; kubectl has no flag for it.
    pub certificate_authority_data: Secret,
    /// `--proxy-url`. It may hold a password; `Debug` hides it.
    pub proxy_url: String,
    /// `--disable-compression`.
    pub disable_compression: bool,
    /// `--client-certificate`, a path. Clears the kubeconfig's `client-certificate-data` (KC-65).
    pub client_certificate: String,
    /// The same as PEM; kubectl has no flag for it.
    pub client_certificate_data: Secret,
    /// `--client-key`, a path. Clears the kubeconfig's `client-key-data` (KC-65).
    pub client_key: String,
    /// The same as PEM; kubectl has no flag for it.
    pub client_key_data: Secret,
    /// `--token`. Replaces the kubeconfig's `tokenFile` too; in client-go the file wins, so that
    /// the flag does nothing (UA-7).
    pub token: Secret,
    /// A path, for which kubectl has no flag. Replaces the kubeconfig's `token` too.
    pub token_file: String,
    /// `--as`.
    pub impersonate_user: String,
    /// `--as-uid`.
    pub impersonate_uid: String,
    /// `--as-group`, in order. Replaces the kubeconfig's.
    pub impersonate_groups: Vec<String>,
    /// `--as-user-extra`. Merged into the kubeconfig's key by key.
    pub impersonate_extra: BTreeMap<String, Vec<String>>,
    /// `--username`.
    pub username: String,
    /// `--password`.
    pub password: Secret,
    /// An exec plugin instead of the kubeconfig's; kubectl has no flag for it.
    pub exec: Option<ExecEntry>,
    /// An auth-provider instead of the kubeconfig's; kubectl has no flag for it.
    pub auth_provider: Option<AuthProvider>,
    /// `--request-timeout`, as [`parse_timeout`] understands it.
    pub timeout: Option<Duration>,
    /// The server if neither the kubeconfig nor `server` names one. kubectl says
    /// `$KUBERNETES_MASTER`, or `http://localhost:8080` (KC-74); a library better says nothing.
    pub default_server: String,
    /// Refuse what client-go makes the best of: a context that names a missing user is anonymous
    /// (KC-44), one that names a missing cluster is as good as no configuration (KC-45), a pod with
    /// a broken `ca.crt` trusts the system's roots (IC-5).
    pub strict: bool,
}

/// The namespace that a `--namespace` flag means: a leading `namespaces/`, `namespace/` or `ns/` is
/// dropped if anything follows (KC-68).
pub fn namespace_flag(value: &str) -> &str {
    for prefix in ["namespaces/", "namespace/", "ns/"] {
        if let Some((head, rest)) = value.split_at_checked(prefix.len())
            && head.eq_ignore_ascii_case(prefix)
            && !rest.is_empty()
        {
            return rest;
        }
    }
    value
}

/// The time that a `--request-timeout` flag means: whole seconds, or a Go duration such as `1m30s`.
/// None if it is empty, zero or negative (KC-69).
///
/// # Errors
/// When it is neither.
///
/// ```
/// use core::time::Duration;
/// use kubecred_core::kubeconfig::parse_timeout;
///
/// assert_eq!(parse_timeout("1.5h"), Ok(Some(Duration::from_secs(5400))));
/// assert_eq!(parse_timeout("0"), Ok(None));
/// assert!(parse_timeout("soon").is_err());
/// ```
pub fn parse_timeout(text: &str) -> Result<Option<Duration>, ConfigError> {
    let duration = match text.parse::<i64>() {
        _ if text.is_empty() => None,
        Ok(seconds) if seconds >= 0 => Some(Duration::from_secs(seconds.unsigned_abs())),
        _ => go_duration(text)
            .ok_or_else(|| Problem::new(ProblemKind::Timeout).field("--request-timeout"))?,
    };
    Ok(duration.filter(|duration| !duration.is_zero()))
}

/// Go's `time.ParseDuration`; `Some(None)` for a negative one.
fn go_duration(text: &str) -> Option<Option<Duration>> {
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(Some(Duration::ZERO));
    }
    let mut nanos: u128 = 0;
    loop {
        let (whole, after) = digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (unit, after) = after.split_at_checked(
            after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len()),
        )?;
        let unit: u128 = match unit {
            "ns" => 1,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        nanos = nanos.checked_add(whole.checked_mul(unit)?)?;
        // The digits that can matter: an hour has under 10^13 nanoseconds.
        let mut place = unit;
        for digit in fraction.chars().filter_map(|c| c.to_digit(10)).take(13) {
            nanos = nanos.checked_add(u128::from(digit) * place / 10)?;
            place /= 10;
        }
        if nanos > i64::MAX.unsigned_abs().into() {
            return None;
        }
        rest = after;
        if rest.is_empty() {
            let duration = Duration::from_nanos(u64::try_from(nanos).ok()?);
            return Some(if negative { None } else { Some(duration) });
        }
    }
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

impl Overrides {
    /// Takes in a `--as-user-extra` flag: `key=value`, split at the first `=`. One without `=` does
    /// nothing, as in kubectl (KC-67).
    pub fn add_extra(&mut self, flag: &str) {
        if let Some((key, value)) = flag.split_once('=') {
            self.impersonate_extra.entry(key.to_owned()).or_default().push(value.to_owned());
        }
    }

    /// The cluster with these laid over it (KC-62…KC-64).
    pub(super) fn over_cluster(&self, entry: Option<&ClusterEntry>) -> ClusterEntry {
        let mut cluster = entry.cloned().unwrap_or_default();
        if cluster.server.is_empty() {
            cluster.server.clone_from(&self.default_server);
        }
        self.lay(&mut cluster);
        cluster
    }

    /// The user with these laid over it (KC-62, KC-65, KC-66).
    pub(super) fn over_user(&self, entry: Option<&UserEntry>) -> UserEntry {
        let mut user = entry.cloned().unwrap_or_default();
        self.lay(&mut user);
        user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kc_69_timeouts() {
        for (text, millis) in [
            ("1", 1000),
            ("+5", 5000),
            ("1.5h", 5_400_000),
            ("1h1m1s1ms", 3_661_001),
            (".5s", 500),
            ("1.s", 1000),
            ("1500us", 1),
            ("2\u{b5}s", 0),
            ("0.000000001h", 0),
        ] {
            let timeout = parse_timeout(text).unwrap().unwrap();
            assert_eq!(timeout.as_millis(), millis, "{text}");
        }
        for text in ["", "0", "0s", "-5s", "-0"] {
            assert_eq!(parse_timeout(text), Ok(None), "{text}");
        }
        for text in ["-5", "1d", "s", "1 s", "5s ", "abc", "1e3s", ".s", "9999999999h", "-"] {
            assert!(parse_timeout(text).is_err(), "{text}");
        }
    }

    #[test]
    fn kc_68_namespace_prefixes() {
        for (flag, namespace) in [
            ("foo", "foo"),
            ("ns/foo", "foo"),
            ("NS/foo", "foo"),
            ("namespace/foo", "foo"),
            ("Namespaces/foo", "foo"),
            ("namespaces/", "namespaces/"),
            ("ns/", "ns/"),
            ("/foo", "/foo"),
            ("ns/ns/foo", "ns/foo"),
            ("pod/foo", "pod/foo"),
            ("", ""),
        ] {
            assert_eq!(namespace_flag(flag), namespace);
        }
    }
}
