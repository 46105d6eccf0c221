//! What `--verbose` writes to standard error: what was read, chosen and done. Never a secret.

use crate::event_formatter::EventFormatter;
use crate::origin::Place;
use crate::redact;
use crate::report::cut;
use kubecred_core::redact::{quoted, text, url};
use kubecred_core::{Authorization, Event, Material, Notice, Profile, Proxy, Roots};
use kubecred_tokio::Auth;
use std::fmt;
use std::io::Write;
use std::time::Instant;
use tokio::task::JoinHandle;

/// Notices of a token that is used instead of a plugin or an auth-provider: with `--token` that is
/// deliberate, so they are told with `-v` only.
const DELIBERATE: [&str; 2] = ["UA-3", "UA-4"];

/// The log on standard error; silent unless `--verbose` is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VerboseLog {
    verbose: bool,
    start: Instant,
}

impl VerboseLog {
    /// One that writes if `verbose`.
    pub(crate) fn new(verbose: bool) -> Self {
        Self { verbose, start: Instant::now() }
    }

    /// Whether it writes.
    pub(crate) fn is_verbose(self) -> bool {
        self.verbose
    }

    /// Writes a line, with the time since the start.
    pub(crate) fn tell(self, what: impl fmt::Display) {
        if self.verbose {
            let after = self.start.elapsed().as_millis();
            line(format_args!("{after:>5} ms  {what}"));
        }
    }

    /// Writes a warning, verbose or not.
    pub(crate) fn warn(self, what: impl fmt::Display) {
        line(format_args!("warning: {what}"));
    }

    /// Tells what flags, variables and files amount to.
    pub(crate) fn profile(self, profile: &Profile) {
        for Notice { rule, text } in &profile.notices {
            match (DELIBERATE.contains(&rule.as_str()), self.verbose) {
                (true, _) => self.tell(format_args!("{text} ({rule})")),
                (false, true) => self.warn(format_args!("{text} ({rule})")),
                (false, false) => self.warn(text),
            }
        }
        if !self.verbose {
            return;
        }
        let cluster = &profile.cluster;
        if let Some(context) = &profile.context {
            self.tell(format_args!("context {}", quoted(context)));
        }
        self.tell(format_args!("server {}", url(&cluster.server)));
        self.tell(Trust(profile));
        self.tell(ProxyInUse(&cluster.proxy));
        self.tell(Login(profile));
        for known in &profile.provenance {
            self.tell(format_args!("{} is from {}", known.setting, Place(&known.origin)));
        }
    }

    /// Writes the authenticator's events from now on; and, verbose or not, a warning of refreshed
    /// tokens that cannot be saved: the next program may have to log in again. It ends when the
    /// authenticator is closed.
    pub(crate) fn follow(self, auth: &Auth) -> JoinHandle<()> {
        let (mut events, mut formatter) = (auth.events(), EventFormatter::default());
        let (mut warned, auth) = (false, auth.clone());
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                redact::learn_credential(&auth);
                let what = formatter.format(&event);
                match event {
                    // Of several attempts the first and the last are enough.
                    Event::NotSaved { retry_at, .. } if !warned || retry_at.is_none() => {
                        warned = true;
                        self.warn(what);
                    }
                    _ => self.tell(what),
                }
            }
        })
    }
}

fn line(text: fmt::Arguments<'_>) {
    // There is nowhere to say that standard error is closed.
    let _ = writeln!(std::io::stderr(), "{}", redact::shown(&cut(text.to_string())));
}

struct Trust<'a>(&'a Profile);

impl fmt::Display for Trust<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cluster = &self.0.cluster;
        match (&cluster.roots, cluster.insecure_skip_tls_verify) {
            _ if !cluster.is_https() => f.write_str("no TLS: the server is plain HTTP"),
            (_, true) => f.write_str("does not verify the server (insecure-skip-tls-verify)"),
            (Roots::File(path), _) => {
                write!(f, "verifies the server with the CA bundle {}", text(path))
            }
            (Roots::Pem(_), _) => {
                f.write_str("verifies the server with certificate-authority-data")
            }
            (Roots::System, _) => f.write_str("verifies the server with the system's CA bundle"),
        }
    }
}

struct ProxyInUse<'a>(&'a Proxy);

impl fmt::Display for ProxyInUse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Proxy::Direct => f.write_str("connects without a proxy"),
            Proxy::Environment => {
                f.write_str("uses the proxy of HTTPS_PROXY, HTTP_PROXY and NO_PROXY, if any")
            }
            Proxy::Url(proxy) => write!(f, "uses the proxy {}", url(proxy)),
        }
    }
}

struct Login<'a>(&'a Profile);

impl fmt::Display for Login<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = &self.0.authentication;
        let certificate = who.certificate.as_ref().map(|pair| &pair.certificate);
        let header = match &who.authorization {
            Authorization::Anonymous if certificate.is_some() => String::new(),
            Authorization::Anonymous => return f.write_str("sends no credential"),
            Authorization::Basic { .. } => "a user name and a password".to_owned(),
            Authorization::Exec(exec) => format!("the exec plugin {}", text(&exec.command)),
            Authorization::Oidc(oidc) => format!("an id-token of {}", url(&oidc.issuer)),
            Authorization::Token(_) | Authorization::Provided(_) => "a token".to_owned(),
            Authorization::TokenFile { path, .. } => format!("the token in {}", text(path)),
        };
        let both = if header.is_empty() { "" } else { " and " };
        let certificate = match certificate {
            Some(Material::File(path)) => format!("{both}the client certificate in {}", text(path)),
            Some(Material::Data(_)) => format!("{both}a client certificate"),
            None => String::new(),
        };
        write!(f, "authenticates with {header}{certificate}")?;
        match who.impersonation.user.as_str() {
            "" => Ok(()),
            user => write!(f, ", impersonates {}", quoted(user)),
        }
    }
}
