//! A command that needs a login, from its flags to its end: within its time, unless interrupted,
//! and leaving no plugin behind.

use crate::clock;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use crate::settings;
use crate::verbose_log::{Place, VerboseLog};
use kubecred_core::{Error, FileRole, PluginProblem, Profile, StdinState, certificate, redact};
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

/// Runs a command on a runtime of its own. `adjust` may change the profile before it is used.
pub(crate) fn run(
    flags: ConnectionFlags,
    stdin: StdinState,
    adjust: impl FnOnce(&mut Profile),
    work: impl AsyncFnOnce(&Session) -> Result<(), Report>,
) -> Result<(), Report> {
    let limit = settings::timeout(&flags)?;
    let log = VerboseLog::new(flags.verbose);
    // One thread is enough, and started sooner than several.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Report::new(Exit::Unreachable, error))?;
    let outcome = runtime.block_on(async {
        let all = async {
            let session = open(flags, stdin, adjust, log).await?;
            let outcome = work(&session).await;
            session.close().await;
            outcome
        };
        tokio::select! {
            outcome = all => outcome,
            report = time_up(limit) => Err(report),
            report = interrupted() => Err(report),
        }
    });
    // Stops plugins, and does not wait for a file that cannot be read.
    runtime.shutdown_background();
    outcome
}

async fn open(
    flags: ConnectionFlags,
    stdin: StdinState,
    adjust: impl FnOnce(&mut Profile),
    log: VerboseLog,
) -> Result<Session, Report> {
    // Reading may take for ever, a pipe that nobody writes to for one.
    let profile = tokio::task::spawn_blocking(move || {
        let policy = settings::plugin_policy(&flags, log)?;
        let mut profile = settings::profile(&flags, stdin, log)?;
        policy.apply(&mut profile).map_err(|error| settings::explain(&error))?;
        Ok(profile)
    });
    let mut profile =
        profile.await.map_err(|error| Report::new(Exit::Configuration, error)).flatten()?;
    adjust(&mut profile);
    log.profile(&profile);
    let auth = Auth::from_profile(profile);
    let follower = log.follow(&auth);
    Ok(Session { auth, log, follower })
}

async fn time_up(limit: Option<Duration>) -> Report {
    let Some(limit) = limit else { return std::future::pending().await };
    tokio::time::sleep(limit).await;
    let seconds = limit.as_secs_f64();
    Report::new(Exit::TimedOut, format_args!("not done within {seconds} s (--request-timeout)"))
}

/// Ctrl-C, or the system's wish that we end. Without this, a plugin would go on.
pub(crate) async fn interrupted() -> Report {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let heard = async |kind| match signal(kind) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        };
        tokio::select! {
            () = heard(SignalKind::interrupt()) => {}
            () = heard(SignalKind::terminate()) => {}
            () = heard(SignalKind::hangup()) => {}
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        return std::future::pending().await;
    }
    Report::new(Exit::Interrupted, "interrupted")
}

/// Why there is no answer.
pub(crate) fn explain(error: &ClientError, session: &Session) -> Report {
    match error {
        ClientError::Auth(error) => no_credential(error, session),
        ClientError::TimedOut(_) => Report::new(Exit::TimedOut, error),
        _ if error.tls().is_some() => tls(error, session),
        ClientError::Body(_) | ClientError::Http(_) => {
            let server = redact::url(&session.auth.profile().cluster.server);
            Report::new(Exit::Unreachable, error).advise(format!("The server is {server}."))
        }
        _ => Report::new(Exit::Configuration, error),
    }
}

/// Why there is no answer over TLS, and what helps.
fn tls(error: &ClientError, session: &Session) -> Report {
    let report = Report::new(Exit::Unreachable, error);
    let server = redact::url(&session.auth.profile().cluster.server);
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
            "The server is {server}. Is it one for http://, or is there a proxy on the way?"
        )),
        Some(TlsFailureKind::ClientCertificate) => report.advise(client_certificate(session)),
        _ => report.advise(format!("The server is {server}.")),
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

/// Why there is no credential, or nobody to trust.
pub(crate) fn no_credential(error: &AuthError, session: &Session) -> Report {
    let error = match error {
        AuthError::Source(error) => error,
        AuthError::Profile(_) => return Report::new(Exit::Configuration, error),
        _ => return Report::new(Exit::Credential, error),
    };
    let exit = match error {
        Error::File { role: FileRole::Roots, .. }
        | Error::FileContent { role: FileRole::Roots, .. }
        | Error::Data { role: FileRole::Roots, .. } => Exit::Configuration,
        _ => Exit::Credential,
    };
    let report = Report::new(exit, error);
    match error {
        Error::Plugin { problem: PluginProblem::NotAllowed(_), .. } => {
            let mut known = session.auth.profile().provenance.iter();
            match known.find(|known| known.setting == "credentialPluginPolicy") {
                Some(known) => report.advise(format!(
                    "Which plugins may run is said in {}; --kuberc names another file.",
                    Place(&known.origin)
                )),
                None => report,
            }
        }
        _ => report,
    }
}
