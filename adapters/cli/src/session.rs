//! A command that needs a login, from its flags to its end: within its time, unless interrupted,
//! and leaving no plugin behind.

use crate::clock;
use crate::connection_flags::ConnectionFlags;
use crate::origin::{self, Place};
use crate::report::{Exit, Report};
use crate::verbose_log::VerboseLog;
use crate::{redact, runtime, settings, signals};
use kubecred_core::redact::{text as redact_text, url};
use kubecred_core::{Error, FileRole, PluginProblem, Profile, StdinState, certificate};
use kubecred_tokio::tls::TlsFailureKind;
use kubecred_tokio::{Auth, AuthError, ClientError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// What a command gets to work with.
pub(crate) struct Session {
    pub(crate) auth: Auth,
    pub(crate) log: VerboseLog,
    follower: JoinHandle<()>,
}

impl Session {
    /// Stops what runs, waits for refreshed tokens to be saved, and for what is told of that.
    async fn close(self) {
        self.auth.close().await;
        // It ends with the authenticator; should it have panicked, it has said so.
        let _ = self.follower.await;
    }
}

/// How long refreshed tokens may take to be saved after a command has ended, whatever ended it: a
/// rotated refresh token that is not saved is lost.
const SAVING: Duration = Duration::from_secs(5);

/// Runs a command on a runtime of its own. `adjust` may change the profile before it is used.
pub(crate) fn run(
    flags: ConnectionFlags,
    stdin: StdinState,
    adjust: impl FnOnce(&mut Profile),
    work: impl AsyncFnOnce(&Session) -> Result<(), Report>,
) -> Result<(), Report> {
    let limit = settings::timeout(&flags)?;
    let log = VerboseLog::new(flags.is_verbose());
    let runtime = runtime::start()?;
    let outcome = runtime.block_on(async {
        let mut stop = std::pin::pin!(async {
            tokio::select! {
                report = time_up(limit) => report,
                report = signals::ended() => report,
            }
        });
        let session = tokio::select! {
            session = open(flags, stdin, adjust, log) => session?,
            report = &mut stop => return Err(report),
        };
        let outcome = tokio::select! {
            outcome = work(&session) => outcome,
            report = &mut stop => Err(report),
        };
        redact::learn_credential(&session.auth);
        save(session).await;
        outcome
    });
    // Stops plugins, and does not wait for a file that cannot be read.
    runtime.shutdown_background();
    outcome
}

/// Logs in, within the time limit, and then runs a command that serves until it ends by itself: no
/// time limit holds for it, and signals are its own affair. On as many threads as there are
/// processors.
pub(crate) fn serve(
    flags: ConnectionFlags,
    stdin: StdinState,
    work: impl AsyncFnOnce(&Session) -> Result<(), Report>,
) -> Result<(), Report> {
    let limit = settings::timeout(&flags)?;
    let log = VerboseLog::new(flags.is_verbose());
    let runtime = runtime::start_threads()?;
    let outcome = runtime.block_on(async {
        let login = async {
            let session = open(flags, stdin, |_| {}, log).await?;
            let login = session.auth.credential().await;
            login.map_err(|error| no_credential(&error, &session))?;
            Ok::<_, Report>(session)
        };
        let session = tokio::select! {
            session = login => session?,
            report = time_up(limit) => return Err(report),
            report = signals::ended() => return Err(report),
        };
        redact::learn_credential(&session.auth);
        let outcome = work(&session).await;
        save(session).await;
        outcome
    });
    runtime.shutdown_background();
    outcome
}

/// Ends the login, which saves a refreshed token; not for ever, and not against a signal. One that came
/// before has its way by what ends here.
async fn save(session: Session) {
    signals::forget();
    tokio::select! {
        () = session.close() => {}
        () = tokio::time::sleep(SAVING) => {}
        _ = signals::ended() => {}
    }
}

async fn open(
    flags: ConnectionFlags,
    stdin: StdinState,
    adjust: impl FnOnce(&mut Profile),
    log: VerboseLog,
) -> Result<Session, Report> {
    // Reading may take for ever, a pipe that nobody writes to for one.
    let profile = tokio::task::spawn_blocking(move || {
        let flags = flags.with_secrets_read()?;
        let policy = settings::plugin_policy(&flags, log)?;
        let mut profile = settings::profile(&flags, stdin, log)?;
        policy.apply(&mut profile).map_err(|error| settings::explain(&error))?;
        Ok(profile)
    });
    let mut profile =
        profile.await.map_err(|error| Report::new(Exit::Configuration, error)).flatten()?;
    log.profile(&profile);
    adjust(&mut profile);
    redact::learn_profile(&profile);
    let told = move |path: &str, why: &str| {
        log.tell(format_args!("{} was written in place: {}", redact_text(path), redact_text(why)));
    };
    let auth = Auth::builder().on_written_in_place(told).profile(profile);
    let follower = log.follow(&auth);
    Ok(Session { auth, log, follower })
}

async fn time_up(limit: Option<Duration>) -> Report {
    let Some(limit) = limit else { return std::future::pending().await };
    tokio::time::sleep(limit).await;
    let seconds = limit.as_secs_f64();
    Report::new(Exit::TimedOut, format_args!("timed out after {seconds} s (--request-timeout)"))
}

/// Why there is no answer.
pub(crate) fn explain(error: &ClientError, session: &Session) -> Report {
    match error {
        ClientError::Auth(error) => no_credential(error, session),
        ClientError::TimedOut(_) => Report::new(Exit::TimedOut, error),
        _ if error.tls().is_some() => tls(error, session),
        ClientError::Answer(_)
        | ClientError::Body(_)
        | ClientError::Connect(_)
        | ClientError::Framing(_)
        | ClientError::Http(_)
        | ClientError::Informational(_) => {
            Report::new(Exit::Unreachable, error).advise(server(session))
        }
        _ => Report::new(Exit::Configuration, error),
    }
}

/// Why there is no answer over TLS, and what helps.
fn tls(error: &ClientError, session: &Session) -> Report {
    let report = Report::new(Exit::Unreachable, error);
    match error.tls().map(|failure| failure.kind()) {
        Some(TlsFailureKind::UnknownAuthority) => report.advise(
            "A cluster with an authority of its own names it in the kubeconfig \
             (certificate-authority), or with --certificate-authority.",
        ),
        Some(TlsFailureKind::Name) => report.advise(
            "If this is the right server, --tls-server-name, or tls-server-name in the kubeconfig, \
             is the name to send and to verify.",
        ),
        Some(TlsFailureKind::NotTls) => report.advise(format!(
            "{} Is it one for http://, or is there a proxy on the way?",
            server(session)
        )),
        Some(TlsFailureKind::ClientCertificate) => report.advise(client_certificate(session)),
        _ => report.advise(server(session)),
    }
}

/// What is known of the certificate that a server does not accept.
fn client_certificate(session: &Session) -> String {
    let credential = session.auth.try_credential().ok().flatten();
    let Some(identity) = credential.as_ref().and_then(|credential| credential.identity()) else {
        return "The user has no client certificate.".into();
    };
    let whence = "kubecred config explain shows where it comes from.";
    match certificate::not_after(identity.certificate.expose()) {
        Ok(Some(end)) if end <= clock::now() => format!("It expired on {end}; {whence}"),
        Ok(Some(end)) => format!("It is good until {end}; {whence}"),
        _ => whence.into(),
    }
}

/// Which server it is, and where it is set.
fn server(session: &Session) -> String {
    let profile = session.auth.profile();
    let (server, place) = (url(&profile.cluster.server), origin::of(profile, &["server"]));
    format!("The server is {server}{place}.")
}

/// Why there is no credential, or no CA bundle.
pub(crate) fn no_credential(error: &AuthError, session: &Session) -> Report {
    let error = match error {
        AuthError::Source(error) => error,
        AuthError::Profile(_) => return Report::new(Exit::Configuration, error),
        _ => return Report::new(Exit::Credential, error),
    };
    let (exit, settings) = fault(error);
    let profile = session.auth.profile();
    let place = origin::of(profile, settings);
    let text = error.to_string();
    let (first, rest) = text.split_at(text.find('\n').unwrap_or(text.len()));
    let report = Report::new(exit, format_args!("{first}{place}{rest}"));
    match error {
        Error::Plugin { problem: PluginProblem::NotAllowed(_), .. } => {
            let mut known = profile.provenance.iter();
            match known.find(|known| known.setting == "credentialPluginPolicy") {
                Some(known) => report.advise(format!(
                    "Which plugins may run is set in {}; --kuberc names another file.",
                    Place(&known.origin)
                )),
                None => report,
            }
        }
        _ => report,
    }
}

/// How to end for the error, and which settings it is about.
fn fault(error: &Error) -> (Exit, &'static [&'static str]) {
    match error {
        Error::File { role, .. } | Error::FileContent { role, .. } | Error::Data { role, .. } => {
            match role {
                FileRole::Roots => {
                    (Exit::Configuration, &["certificate-authority", "certificate-authority-data"])
                }
                FileRole::ClientCertificate => {
                    (Exit::Credential, &["client-certificate", "client-certificate-data"])
                }
                FileRole::ClientKey => (Exit::Credential, &["client-key", "client-key-data"]),
                FileRole::Token => (Exit::Credential, &["tokenFile", "token"]),
                FileRole::Basic => (Exit::Credential, &["username"]),
                FileRole::Impersonation => (Exit::Credential, &["as"]),
                _ => (Exit::Credential, &[]),
            }
        }
        Error::Plugin { .. } => (Exit::Credential, &["exec"]),
        Error::Oidc { .. } => (Exit::Credential, &["auth-provider"]),
        _ => (Exit::Credential, &[]),
    }
}
