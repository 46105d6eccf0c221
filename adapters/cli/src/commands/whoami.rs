//! `kubecred whoami`: who the server takes this login for (KB-30…KB-32, WH-1…WH-10).

use super::{Run, commands};
use crate::api_session;
use crate::connection_flags::{ConnectionFlags, go_bool};
use crate::object_output::{self, Format};
use crate::output_flag::{Form, Output, output};
use crate::report::Report;
use crate::session::{self, Session};
use clap::Args;
use kubecred_core::StdinState;
use kubecred_core::api::status::Status;
use kubecred_core::api::user_info::UserInfo;
use std::io::IsTerminal;

const HELP: &str = "\
Examples:
  kubecred whoami
  kubecred whoami --as system:serviceaccount:prod:deployer
  kubecred whoami --context prod -o json
  kubecred whoami -o jsonpath='{.status.userInfo.username}'

Posts a SelfSubjectReview, as kubectl auth whoami does, in the newest version that the server has.
With --as it shows the impersonated user. Unlike kubectl, kubecred fails if the answer is not a
SelfSubjectReview.

Exit codes: 0 success; 1 the server returned an error status; 2 invalid command line; 3 no usable
configuration; 4 no credential; 5 server not reached; 6 timed out; 7 output; 129, 130, 143 signals.";

/// Show who the server takes you for: user name, uid, groups and extra attributes
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Whoami {
    /// Print the SelfSubjectReview: json, yaml, name, jsonpath=TEMPLATE, jsonpath-as-json=TEMPLATE or
    /// jsonpath-file=FILE (default: a table)
    #[arg(short, long, value_parser = output::<Format>, value_name = "FORMAT")]
    output: Option<Output<Format>>,
    /// With jsonpath: a missing field prints nothing; =false makes it an error (default: true)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    allow_missing_template_keys: Option<bool>,
    #[command(flatten)]
    connection: ConnectionFlags,
}

/// Commands under kubectl's name for them
#[derive(Args)]
pub(crate) struct Auth {
    #[command(subcommand)]
    command: AuthCommand,
    #[command(flatten)]
    connection: ConnectionFlags,
}

commands! {
    /// What stands below `auth`.
    AuthCommand {
        Whoami: Whoami,
    }
}

impl Run for Auth {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        self.command.run(before.then(self.connection))
    }
}

impl Run for Whoami {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let flags = before.then(self.connection);
        let allow_missing = self.allow_missing_template_keys;
        let form = self.output.map(|output| output.form(allow_missing)).transpose()?;
        let stdin = StdinState { terminal: std::io::stdin().is_terminal(), unavailable: None };
        session::run(flags, stdin, |_| {}, async |session| whoami(session, form.as_ref()).await)
    }
}

async fn whoami(session: &Session, form: Option<&Form<Format>>) -> Result<(), Report> {
    let profile = session.auth.profile();
    if !profile.cluster.is_https() {
        session.log.warn(
            "no credential is sent to a server without https: the answer is about an anonymous caller",
        );
    }
    let answer = api_session::client(session)?.whoami().await;
    let review = api_session::object(answer, session, refused)?;
    match form {
        None => object_output::print_table(&rows(&review.status)),
        Some(form) => {
            let name = "selfsubjectreview.authentication.k8s.io/<unknown>";
            object_output::print(form, &review.to_json(), name)
        }
    }
}

/// The attributes of a user that are not empty, as rows of a table.
pub(crate) fn rows(user: &UserInfo) -> Vec<(String, String)> {
    let list = |values: &[String]| format!("[{}]", values.join(" "));
    let mut rows = Vec::new();
    let mut text = |name: &str, value: &str| {
        if !value.is_empty() {
            rows.push((name.to_owned(), value.to_owned()));
        }
    };
    text("Username", &user.username);
    text("UID", &user.uid);
    if !user.groups.is_empty() {
        rows.push(("Groups".into(), list(&user.groups)));
    }
    rows.extend(user.extra.iter().map(|(key, values)| (format!("Extra: {key}"), list(values))));
    rows
}

/// kubectl's words (WH-3…WH-5).
fn refused(status: &Status) -> String {
    let not_enabled = "the selfsubjectreviews API is not enabled in the cluster";
    match status.code {
        403 => format!("{not_enabled} or you do not have permission to call it"),
        404 => not_enabled.into(),
        _ => api_session::from_server(status),
    }
}
