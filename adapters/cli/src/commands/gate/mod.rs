//! `kubecred gate`: lets in who has a good token, in front of an application or beside a proxy.

mod access_log;
mod flags;

use super::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::{self, Exit, Report};
use crate::session::{self, Session};
use crate::{api_session, signals};
use clap::Args;
use flags::{Audience, Form, GateFlags};
use kubecred_core::reviewer::Settings;
use kubecred_core::{Profile, Roots, StdinState};
use kubecred_proxy::gate::{Gate, Health, Reviewer, Route};
use kubecred_proxy::server::{Drain, ListenError, Listener, Server, Tls};
use std::io::{IsTerminal, Write};
use std::path::Path;

const HELP: &str = "\
Examples:
  # In front of an application: bearer tokens for the audience \"reports\" are let in, and the
  # application reads X-Remote-User and X-Remote-Group.
  kubecred gate --audience reports --upstream http://127.0.0.1:8080 \\
      --listen 0.0.0.0:8443 --tls-certificate tls.crt --tls-key tls.key

  # The same, and only who may get the path by RBAC (nonResourceURLs); /healthz is open to all.
  kubecred gate --audience reports --upstream unix:/run/reports.sock --authorize path \\
      --open-path /healthz

  # As the check that nginx asks about each request (auth_request).
  kubecred gate --audience reports --check --origin original --listen unix:/run/gate.sock

Who may review tokens: the login that asks needs the role system:auth-delegator. In a pod it is the
pod's service account.

Callers are answered 401 for no token or a bad one, 403 if they may not, and 503 with Retry-After
while the API server cannot be asked. Verdicts are remembered for 10 s, and never longer than the
token lives; refusals for 2 s. Of headers that begin with X-Remote- none reaches the application
that the gate has not set, in no spelling. The token itself is not handed on.

On SIGTERM and Ctrl-C it stops listening, finishes what has begun, and ends with 0; what takes longer
than --grace is cut. Certificate and key are read again when they change.

Ready configurations for Envoy, nginx, Caddy, Traefik and a Deployment with a sidecar are in
adapters/cli/docs/gate.md.

Exit codes: 0 it was told to end; 2 usage; 3 configuration, or it cannot listen there; 4 credential;
5 network; 6 time is up; 130 interrupted while it drained.";

/// Let in who has a good token: in front of an application, or as a proxy's check
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct GateCommand {
    #[command(flatten)]
    flags: GateFlags,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for GateCommand {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let connection = before.then(self.connection);
        let flags = self.flags;
        flags.check()?;
        let stdin = StdinState { terminal: std::io::stdin().is_terminal(), unavailable: None };
        session::serve(connection, stdin, async |session| serve(session, &flags).await)
    }
}

async fn serve(session: &Session, flags: &GateFlags) -> Result<(), Report> {
    let failed = |error: &dyn std::fmt::Display| Report::new(Exit::Configuration, error);
    let client = api_session::client(session)?;
    let drain = Drain::new();
    let reviewer =
        Reviewer::new(client.clone(), settings(flags)).map_err(|error| failed(&error))?;
    let mut builder = Gate::builder(reviewer).drain(&drain).groups(flags.groups.clone());
    builder = builder.review_streams_every(flags.review_streams);
    if let Some(rule) = flags.authorize.clone() {
        builder = builder.access(rule, client);
    }
    for path in &flags.open_path {
        builder = builder.open_path(path).map_err(|error| usage(&error))?;
    }
    match flags.form()? {
        Form::Check { origin } => builder = builder.check(origin, &flags.mount),
        Form::Upstreams(upstreams) => {
            let tls = upstream_tls(flags);
            for upstream in upstreams {
                let route = Route::parse(upstream, &tls).map_err(|error| usage(&error))?;
                builder = builder.upstream(route);
            }
        }
    }
    if let Some(log) = access_log::sink(flags.log) {
        builder = builder.log(log);
    }
    let gate = builder.build();
    let mut server = Server::new(&drain);
    if let (Some(certificate), Some(key)) = (&flags.tls_certificate, &flags.tls_key) {
        let tls = Tls::from_files(certificate, key, None).map_err(|error| failed(&error))?;
        let reloaded = tls.clone();
        tokio::spawn(async move {
            reloaded
                .follow(|outcome| match outcome {
                    Ok(()) => eprintln_line("the certificate was read again"),
                    Err(error) => {
                        report::warn(&format!("the old certificate stays in use: {error}"))
                    }
                })
                .await;
        });
        server = server.tls(tls);
    }
    let listener = listen(&flags.listen)?;
    let health =
        flags.health.map(Listener::tcp).transpose().map_err(|error| cannot_listen(&error))?;
    if flags.tls_certificate.is_none() && !flags.is_local() {
        report::warn(
            "tokens come in clear text: give --tls-certificate and --tls-key, unless TLS ends before",
        );
    }
    say(&format!("Letting in good tokens on {}", listener.place()))?;
    if let Some(health) = health {
        say(&format!("Health and metrics on {}", health.place()))?;
        tokio::spawn(Server::new(&drain).serve(health, Health::new(&gate, &drain)));
    }
    run(server, listener, gate, &drain, flags).await
}

/// Serves to the end. A second signal does not wait.
async fn run(
    server: Server,
    listener: Listener,
    gate: Gate,
    drain: &Drain,
    flags: &GateFlags,
) -> Result<(), Report> {
    let ending = async {
        let signal = async { drop(signals::ended().await) };
        tokio::select! {
            cut = drain.run(signal, flags.grace) => Ok(cut),
            report = async {
                drain.begun().await;
                signals::ended().await
            } => Err(report),
        }
    };
    let (_, outcome) = tokio::join!(
        async {
            tokio::select! { () = server.serve(listener, gate) => drain.ended().await, () = drain.ended() => {} }
        },
        async {
            let outcome = ending.await;
            drain.end();
            outcome
        }
    );
    match outcome? {
        0 => Ok(()),
        cut => {
            report::warn(&format!("{cut} connections and streams were cut after --grace"));
            Ok(())
        }
    }
}

fn settings(flags: &GateFlags) -> Settings {
    let mut settings = match flags.audience() {
        Audience::Any => Settings::new(kubecred_core::reviewer::Audiences::ApiServer),
        Audience::OneOf(audiences) => Settings::for_audiences(audiences),
    };
    settings.stale_for = flags.stale;
    settings.max_in_flight = flags.max_reviews;
    settings
}

/// Whom to trust at an application with https.
fn upstream_tls(flags: &GateFlags) -> Profile {
    let mut profile = Profile::new("https://unused");
    if let Some(file) = &flags.upstream_ca {
        profile.cluster.roots = Roots::File(file.clone());
    }
    profile.cluster.tls_server_name = flags.upstream_server_name.clone();
    profile
}

fn listen(place: &str) -> Result<Listener, Report> {
    let listener = match place.strip_prefix("unix:") {
        #[cfg(unix)]
        Some(path) => Listener::unix(Path::new(path)),
        #[cfg(not(unix))]
        Some(_) => {
            return Err(Report::new(Exit::Usage, "there are no unix sockets on this system"));
        }
        None => Listener::tcp(place.parse().map_err(|_| {
            Report::new(
                Exit::Usage,
                "--listen must be ADDRESS:PORT, such as 0.0.0.0:8443, or unix:PATH",
            )
        })?),
    };
    listener.map_err(|error| cannot_listen(&error))
}

fn cannot_listen(error: &ListenError) -> Report {
    Report::new(Exit::Configuration, error)
}

fn usage(error: &dyn std::fmt::Display) -> Report {
    Report::new(Exit::Usage, error)
}

/// A line on standard output at once, for those who wait for it.
fn say(line: &str) -> Result<(), Report> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| Report::output(&error))
}

fn eprintln_line(text: &str) {
    // If standard error is closed, there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
