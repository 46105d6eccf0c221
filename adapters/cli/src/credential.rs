//! `kubecred credential`: the login of a kubeconfig, in the one form that every tool understands.

use crate::arguments::{Connection, Output};
use crate::report::{Exit, Report};
use crate::session::{self, Session};
use kubecred_core::exec::{self, InfoProblem};
use kubecred_core::protocol::EnvVar;
use kubecred_core::{Bearer, ExecApiVersion, Profile, Roots, Secret, StdinFacts};
use kubecred_tokio::Credential;
use std::io::{IsTerminal, Write};

/// Counts how many `kubecred credential` stand above this one: a kubeconfig whose login is this
/// very command with this very kubeconfig would start processes for ever.
const DEPTH: &str = "KUBECRED_CREDENTIAL_DEPTH";

/// A login that takes more steps than this goes round in a circle.
const DEEPEST: u8 = 4;

/// Prints the login that the flags select.
pub(crate) fn run(flags: Connection, output: Output) -> Result<(), Report> {
    let asked = Asked::read()?;
    let depth = depth()?;
    let adjust = |profile: &mut Profile| {
        profile.cluster.roots = Roots::System; // no server is asked, so nobody has to be trusted
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

/// What we are asked for, if we are a plugin ourselves.
struct Asked {
    api_version: ExecApiVersion,
    stdin: StdinFacts,
}

impl Asked {
    fn read() -> Result<Self, Report> {
        let terminal = std::io::stdin().is_terminal();
        let info = std::env::var("KUBERNETES_EXEC_INFO").unwrap_or_default();
        match exec::parse_info(&info) {
            Ok(info) => {
                let unavailable = (!info.spec.interactive)
                    .then(|| "the program that wants this credential keeps it to itself".into());
                let stdin = StdinFacts { terminal, unavailable };
                Ok(Self { api_version: info.api_version, stdin })
            }
            Err(InfoProblem::Unset) => {
                let stdin = StdinFacts { terminal, unavailable: None };
                Ok(Self { api_version: ExecApiVersion::V1, stdin })
            }
            Err(problem) => Err(Report::new(Exit::Usage, problem)),
        }
    }
}

fn depth() -> Result<u8, Report> {
    let above = std::env::var(DEPTH).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    if above >= DEEPEST {
        let text = "this login runs kubecred credential, which runs it again, and so on";
        return Err(Report::new(Exit::Configuration, text)
            .advise("Give the plugin another kubeconfig or context than the one it stands in."));
    }
    Ok(above + 1)
}

/// Lets a plugin know how deep it is, should it be one of us.
fn mark(profile: &mut Profile, depth: u8) {
    if let Bearer::Exec(exec) = &mut profile.authentication.bearer {
        let value = Secret::from(depth.to_string());
        exec.env.push(EnvVar { name: DEPTH.into(), value });
    }
}

fn write(
    credential: &Credential,
    session: &Session,
    output: Output,
    api_version: ExecApiVersion,
) -> Result<Secret, Report> {
    let profile = session.auth.profile();
    let token = token(credential)?;
    if !profile.authentication.impersonation.user.is_empty() {
        session.account.warn("impersonation (--as) is not part of a credential and left out");
    }
    match output {
        Output::Token => match token {
            Some(token) => Ok(Secret::new([token.expose(), b"\n"].concat())),
            None => Err(Report::new(Exit::Credential, "this login has no token")
                .advise("Leave out -o token to get its client certificate.")),
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

/// The bearer token in the header, if there is a header.
fn token(credential: &Credential) -> Result<Option<Secret>, Report> {
    let Some(header) = credential.headers().get("authorization") else { return Ok(None) };
    match header.as_bytes().strip_prefix(b"Bearer ") {
        Some(token) => Ok(Some(Secret::new(token))),
        None => Err(Report::new(
            Exit::Credential,
            "this login is a user name and a password, for which ExecCredential has no form",
        )
        .advise("Use them where they are asked for, or kubecred get.")),
    }
}

fn nothing(profile: &Profile) -> Report {
    let text = match profile.cluster.is_https() {
        true => "this login is anonymous: there is nothing to print",
        false => "the server is not https, so no credential would be sent to it (KC-71)",
    };
    Report::new(Exit::Credential, text)
        .advise("Choose another user with --user or another context with --context.")
}
