//! What `--verbose` tells on standard error: what was read, chosen and done. Never a secret.

use crate::event_formatter::EventFormatter;
use crate::report::Printable;
use kubecred_core::{Bearer, Event, Material, Notice, Origin, Profile, Proxy, Roots, redact};
use kubecred_tokio::Auth;
use std::fmt;
use std::io::Write;
use std::time::Instant;
use tokio::task::JoinHandle;

/// Rules by which a token goes before something else: whoever says `--token` wants just that.
const WANTED: [&str; 2] = ["UA-3", "UA-4"];

/// Tells, or keeps quiet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VerboseLog {
    verbose: bool,
    start: Instant,
}

impl VerboseLog {
    /// One that tells if `verbose`.
    pub(crate) fn new(verbose: bool) -> Self {
        Self { verbose, start: Instant::now() }
    }

    /// Whether it tells.
    pub(crate) fn is_verbose(self) -> bool {
        self.verbose
    }

    /// Tells something.
    pub(crate) fn tell(self, what: impl fmt::Display) {
        if self.verbose {
            let after = self.start.elapsed().as_millis();
            line(format_args!("{after:>5} ms  {what}"));
        }
    }

    /// Tells what a person should know in any case.
    pub(crate) fn warn(self, what: impl fmt::Display) {
        line(format_args!("warning: {what}"));
    }

    /// Tells what came of flags, variables and files.
    pub(crate) fn profile(self, profile: &Profile) {
        for Notice { rule, text } in &profile.notices {
            match WANTED.contains(&rule.as_str()) {
                true => self.tell(format_args!("{text} ({rule})")),
                false => self.warn(format_args!("{text} ({rule})")),
            }
        }
        if !self.verbose {
            return;
        }
        let cluster = &profile.cluster;
        if let Some(context) = &profile.context {
            self.tell(format_args!("context {context:?}"));
        }
        self.tell(format_args!("server {}", redact::url(&cluster.server)));
        self.tell(format_args!("trusts {}", Trust(profile)));
        self.tell(format_args!("goes {}", Way(&cluster.proxy)));
        self.tell(format_args!("logs in {}", Login(profile)));
        for known in &profile.provenance {
            self.tell(format_args!("{} comes from {}", known.setting, Place(&known.origin)));
        }
    }

    /// Tells what the core decides from now on; and, verbose or not, of refreshed tokens that
    /// cannot be saved: without a word the next program would ask for a new login. It ends when the
    /// authenticator is closed.
    pub(crate) fn follow(self, auth: &Auth) -> JoinHandle<()> {
        let (mut events, mut formatter) = (auth.events(), EventFormatter::new());
        let mut warned = false;
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                let text = formatter.format(&event);
                match event {
                    // Of several attempts the first and the last are enough.
                    Event::NotSaved { retry_at, .. } if !warned || retry_at.is_none() => {
                        warned = true;
                        self.warn(text);
                    }
                    _ => self.tell(text),
                }
            }
        })
    }
}

fn line(text: fmt::Arguments<'_>) {
    // If standard error is closed, nobody wants to know.
    let _ = writeln!(std::io::stderr(), "{}", Printable(&text.to_string()));
}

struct Trust<'a>(&'a Profile);

impl fmt::Display for Trust<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.cluster.roots, self.0.cluster.insecure_skip_tls_verify) {
            (_, true) => f.write_str("whoever answers (insecure-skip-tls-verify)"),
            (Roots::File(path), _) => write!(f, "the authorities in {path}"),
            (Roots::Pem(_), _) => f.write_str("the authorities in certificate-authority-data"),
            (Roots::System, _) => f.write_str("the system's authorities"),
        }
    }
}

struct Way<'a>(&'a Proxy);

impl fmt::Display for Way<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Proxy::Direct => f.write_str("straight"),
            Proxy::Environment => f.write_str("as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say"),
            Proxy::Url(url) => write!(f, "through {}", redact::url(url)),
        }
    }
}

struct Login<'a>(&'a Profile);

impl fmt::Display for Login<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = &self.0.authentication;
        match &who.bearer {
            Bearer::Anonymous if who.certificate.is_some() => f.write_str("with no header")?,
            Bearer::Anonymous => f.write_str("as nobody")?,
            Bearer::Basic { .. } => f.write_str("with a user name and a password")?,
            Bearer::Exec(exec) => write!(f, "by the plugin {}", exec.command)?,
            Bearer::Oidc(oidc) => {
                write!(f, "with an id-token of {}", redact::url(&oidc.issuer))?;
            }
            Bearer::Token(_) => f.write_str("with a token")?,
            Bearer::TokenFile { path, .. } => write!(f, "with the token in {path}")?,
        }
        match who.certificate.as_ref().map(|pair| &pair.certificate) {
            Some(Material::File(path)) => write!(f, ", with the client certificate in {path}")?,
            Some(Material::Data(_)) => f.write_str(", with a client certificate")?,
            None => {}
        }
        match who.impersonation.user.as_str() {
            "" => Ok(()),
            user => write!(f, ", for {user:?}"),
        }
    }
}

/// Where a setting comes from.
pub(crate) struct Place<'a>(pub(crate) &'a Origin);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Origin::Default => f.write_str("nobody (default)"),
            Origin::File { path, entry, line } if entry.is_empty() => write!(f, "{path}:{line}"),
            Origin::File { path, entry, line } => write!(f, "{path}:{line}, {entry}"),
            Origin::Override(flag) => write!(f, "--{flag}"),
            Origin::ServiceAccount(path) => write!(f, "the pod's {path}"),
            Origin::Variable(name) => write!(f, "${name}"),
            other => write!(f, "{other:?}"),
        }
    }
}
