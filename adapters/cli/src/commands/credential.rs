//! `kubecred credential`: prints the credential of a kubeconfig user as an `ExecCredential`.

use super::Run;
use crate::clock;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use crate::service_account_flag::ServiceAccountFlag;
use crate::session::{self, Session};
use crate::settings;
use crate::verbose_log::VerboseLog;
use clap::{Args, ValueEnum};
use kubecred_core::certificate;
use kubecred_core::exec::{self, InfoProblem, KUBERNETES_EXEC_INFO};
use kubecred_core::protocol::EnvVar;
use kubecred_core::{
    Authorization, ExecApiVersion, Profile, Roots, Secret, StdinState, token_expiry,
};
use kubecred_tokio::Credential as Held;
use std::io::{IsTerminal, Write};

/// The number of `kubecred credential` processes that have started each other. A kubeconfig whose exec
/// plugin is this command with the same kubeconfig would start processes without end.
const DEPTH: &str = "KUBECRED_CREDENTIAL_DEPTH";

/// More processes than this are taken for an endless chain.
const DEEPEST: u8 = 4;

const HELP: &str = "\
Examples:
  kubecred credential
  curl -H \"Authorization: Bearer $(kubecred credential -o token)\" https://10.0.0.1:6443/version
  kubectl config set-credentials shared --exec-api-version=client.authentication.k8s.io/v1 \\
    --exec-command=kubecred --exec-interactive-mode=IfAvailable \\
    --exec-arg=credential --exec-arg=--kubeconfig=/etc/login.kubeconfig

Prints the credential of a kubeconfig user (a token, a token file, a client certificate, an OIDC
login or an exec plugin) as an ExecCredential of client.authentication.k8s.io/v1. That is what an
exec plugin prints, so kubecred credential can be the exec plugin of another kubeconfig, as in the
last example. It then obeys KUBERNETES_EXEC_INFO, which kubectl sets: the version to print, and
whether the terminal may be used.

If the token or certificate has expired, it is printed with a warning on standard error.

An ExecCredential cannot hold a user name with a password; for such a user the command fails. It
cannot hold impersonation (--as) either, which is left out with a warning.

Exit codes: 0 success; 2 invalid command line; 3 no usable configuration; 4 no credential; 6 timed
out; 7 output; 129, 130, 143 signals. kubecred --help lists the environment variables.";

/// Print the credential as an ExecCredential, for other tools
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Credential {
    /// Print the ExecCredential as JSON, or the bearer token only
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
    #[command(flatten)]
    service_account: ServiceAccountFlag,
    #[command(flatten)]
    connection: ConnectionFlags,
}

/// What `credential` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    // No doc comments: they would become part of the help, and blow it up.
    #[default]
    ExecCredential,
    Token,
}

impl Run for Credential {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        run(before.then(self.connection), self.service_account, self.output)
    }
}

/// Prints the login that the flags select.
fn run(
    flags: ConnectionFlags,
    service_account: ServiceAccountFlag,
    output: Output,
) -> Result<(), Report> {
    let asked = Asked::read()?;
    let depth = depth()?;
    let adjust = |profile: &mut Profile| {
        if !service_account.is_given() {
            profile.cluster.roots = Roots::System; // nothing is sent, so the CA file is not needed
        }
        service_account.apply(profile);
        mark(profile, depth);
    };
    session::run(flags, asked.stdin, adjust, async |session: &Session| {
        let credential =
            session.auth.credential().await.map_err(|e| session::no_credential(&e, session))?;
        let text = write(&credential, session, output, asked.api_version)?;
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(text.expose()).and_then(|()| stdout.flush());
        written.map_err(|error| Report::output(&error))
    })
}

/// What the program that runs us as its exec plugin asks for.
struct Asked {
    api_version: ExecApiVersion,
    stdin: StdinState,
}

impl Asked {
    fn read() -> Result<Self, Report> {
        let terminal = std::io::stdin().is_terminal();
        let info = settings::variable(KUBERNETES_EXEC_INFO)?;
        match exec::parse_info(&info) {
            Ok(info) => {
                let unavailable = (!info.spec.interactive)
                    .then(|| "the program that runs this plugin does not share it".into());
                let stdin = StdinState { terminal, unavailable };
                Ok(Self { api_version: info.api_version, stdin })
            }
            Err(InfoProblem::Unset) => {
                let stdin = StdinState { terminal, unavailable: None };
                Ok(Self { api_version: ExecApiVersion::V1, stdin })
            }
            Err(problem) => Err(Report::new(Exit::Usage, problem)),
        }
    }
}

fn depth() -> Result<u8, Report> {
    let above = settings::variable(DEPTH)?.parse().unwrap_or(0);
    if above >= DEEPEST {
        let text = "this kubeconfig's exec plugin is kubecred credential with this same kubeconfig, without end";
        return Err(Report::new(Exit::Configuration, text)
            .advise("Give the plugin another kubeconfig or another context."));
    }
    Ok(above + 1)
}

/// Passes the depth on to the plugin, which may be `kubecred credential` again.
fn mark(profile: &mut Profile, depth: u8) {
    if let Authorization::Exec(exec) = &mut profile.authentication.authorization {
        let value = Secret::from(depth.to_string());
        exec.env.push(EnvVar { name: DEPTH.into(), value });
    }
}

fn write(
    credential: &Held,
    session: &Session,
    output: Output,
    api_version: ExecApiVersion,
) -> Result<Secret, Report> {
    let profile = session.auth.profile();
    let token = token(credential)?;
    if !profile.authentication.impersonation.user.is_empty() {
        session.log.warn("impersonation (--as) is left out: an ExecCredential cannot hold it");
    }
    warn_of_expiry(credential, token.as_ref(), session.log);
    match output {
        Output::Token => match token {
            Some(token) => Ok(Secret::new([token.expose(), b"\n"].concat())),
            None => Err(Report::new(Exit::Credential, "the user has no token")
                .advise("Leave out -o token to get the client certificate.")),
        },
        Output::ExecCredential if token.is_none() && credential.identity().is_none() => {
            Err(nothing(profile))
        }
        Output::ExecCredential => exec::credential_json(
            api_version,
            token.as_ref(),
            credential.identity(),
            credential.expires(),
        )
        .ok_or_else(|| Report::new(Exit::Credential, "token, certificate or key is not UTF-8")),
    }
}

/// Warns that the credential has expired. It is printed all the same: our clock may be wrong.
fn warn_of_expiry(credential: &Held, token: Option<&Secret>, log: VerboseLog) {
    let now = clock::now();
    let certificate = credential.identity().map(|identity| identity.certificate.expose());
    let certificate = certificate.and_then(|pem| certificate::not_after(pem).ok().flatten());
    let told = token.and_then(token_expiry).or_else(|| credential.expires());
    for (what, end) in
        [("token", told.filter(|_| token.is_some())), ("client certificate", certificate)]
    {
        if let Some(end) = end.filter(|end| *end <= now) {
            log.warn(format_args!("the {what} has expired, at {end}"));
        }
    }
}

/// The bearer token in the header, if there is a header.
fn token(credential: &Held) -> Result<Option<Secret>, Report> {
    let Some(header) = credential.headers().get("authorization") else { return Ok(None) };
    match header.as_bytes().strip_prefix(b"Bearer ") {
        Some(token) => Ok(Some(Secret::new(token))),
        None => Err(Report::new(
            Exit::Credential,
            "the user authenticates with a user name and a password, which an ExecCredential cannot hold",
        )
        .advise("Use kubecred get to send a request with them.")),
    }
}

fn nothing(profile: &Profile) -> Report {
    let text = match profile.cluster.is_https() {
        true => "there is no credential to print: requests are anonymous",
        false => {
            "there is no credential to print: the server is not https and would get none (KC-71)"
        }
    };
    Report::new(Exit::Credential, text)
        .advise("Choose another user with --user or another context with --context.")
}
