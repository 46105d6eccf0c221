//! `kubecred review`: whose is this token? A TokenReview, and an exit code by its verdict.

use super::Run;
use super::whoami::rows;
use crate::api_session;
use crate::connection_flags::{ConnectionFlags, go_bool};
use crate::object_output::{self, Format};
use crate::output_flag::{Form, Output, output};
use crate::redact;
use crate::report::{Exit, Report};
use crate::session::{self, Session};
use clap::Args;
use kubecred_core::api::call::MAX_TOKEN;
use kubecred_core::api::status::Status;
use kubecred_core::api::token_review::{TokenReview, Verdict};
use kubecred_core::api::user_info::UserInfo;
use kubecred_core::{Secret, StdinState};
use std::fs::File;
use std::io::{IsTerminal, Read, Stdin};

const HELP: &str = "\
Examples:
  kubecred review < token
  kubecred review --token-file /var/run/secrets/tokens/vault --audience vault
  kubecred create-token web | kubecred review && echo good

Posts a TokenReview and prints the user that the token authenticates. The token is read from
standard input or a file, and cannot be an argument, because other users of this machine can see
arguments. It is not printed. Your own user needs the cluster role system:auth-delegator.

Exit codes: 0 the token is valid; 1 it is not valid, or the server returned an error status; 2
invalid command line; 3 no usable configuration, or the token cannot be read; 4 no credential; 5
server not reached; 6 timed out; 7 output; 129, 130, 143 signals.";

/// Ask the server whether a token is valid, and whose it is
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Review {
    /// File to read the token from (default: standard input)
    #[arg(long, value_name = "FILE")]
    token_file: Option<String>,
    /// Audience that the token must have (default: the API server); may be repeated, one is enough
    #[arg(long, value_name = "AUDIENCE")]
    audience: Vec<String>,
    /// Print the TokenReview, without the token: json, yaml, name, jsonpath=TEMPLATE,
    /// jsonpath-as-json=TEMPLATE or jsonpath-file=FILE (default: a table)
    #[arg(short, long, value_parser = output::<Format>, value_name = "FORMAT")]
    output: Option<Output<Format>>,
    /// With jsonpath: a missing field prints nothing; =false makes it an error (default: true)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    allow_missing_template_keys: Option<bool>,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for Review {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let flags = before.then(self.connection);
        if self.audience.iter().any(String::is_empty) {
            return Err(Report::new(Exit::Usage, "--audience must not be an empty string"));
        }
        let allow_missing = self.allow_missing_template_keys;
        let form = self.output.map(|output| output.form(allow_missing)).transpose()?;
        let token = read_token(self.token_file.as_deref())?;
        let unavailable = match self.token_file {
            Some(_) => None,
            None => Some("the token to review was read from it".into()),
        };
        let stdin = StdinState { terminal: std::io::stdin().is_terminal(), unavailable };
        let question = TokenReview::new(token, self.audience);
        session::run(
            flags,
            stdin,
            |_| {},
            async |session| review(session, &question, form.as_ref()).await,
        )
    }
}

/// The token, without the white space around it.
fn read_token(path: Option<&str>) -> Result<Secret, Report> {
    let (what, bytes) = match path {
        Some(path) => (format!("{path:?}"), File::open(path).and_then(read_bounded)),
        None => {
            let stdin: Stdin = std::io::stdin();
            if stdin.is_terminal() {
                let text = "no token: standard input is a terminal";
                return Err(Report::new(Exit::Usage, text).advise(
                    "Give the token on standard input, or name a file with --token-file.",
                ));
            }
            ("standard input".to_owned(), read_bounded(stdin))
        }
    };
    let bytes = bytes.map_err(|error| {
        Report::new(Exit::Configuration, format_args!("cannot read the token from {what}: {error}"))
    })?;
    let token = Secret::new(bytes.expose().trim_ascii());
    let is_text = token.expose_str().is_some_and(|text| text.chars().all(|c| c.is_ascii_graphic()));
    let problem = match token.len() {
        0 => "is empty",
        size if size > MAX_TOKEN => "is longer than 16 KiB",
        _ if !is_text => "contains white space or a character that a token cannot contain",
        _ => return Ok(token),
    };
    Err(Report::new(Exit::Configuration, format_args!("the token from {what} {problem}")))
}

fn read_bounded(source: impl Read) -> std::io::Result<Secret> {
    let most = MAX_TOKEN + 4096;
    let mut bytes = Vec::with_capacity(most + 1);
    source.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Secret::from(bytes))
}

async fn review(
    session: &Session,
    question: &TokenReview,
    form: Option<&Form<Format>>,
) -> Result<(), Report> {
    redact::learn(&question.spec.token);
    let answer = api_session::client(session)?.review_token(question).await;
    let review = api_session::object(answer, session, refused)?;
    let verdict = review.verdict(&question.spec.audiences, &[]);
    if let Some(form) = form {
        // The server repeats the token; whoever looks at this has it already, and others need not.
        let mut shown = review;
        shown.spec.token = Secret::default();
        let name = "tokenreview.authentication.k8s.io/<unknown>";
        object_output::print(form, &shown.to_json(), name)?;
    }
    match verdict {
        Verdict::Authenticated { user, .. } if user == UserInfo::default() => {
            let text = "the server says that the token is good, and not whose it is";
            Err(Report::new(Exit::ErrorStatus, text))
        }
        Verdict::Authenticated { user, audiences } if form.is_none() => {
            let mut rows = rows(&user);
            if !audiences.is_empty() {
                rows.push(("Audiences".into(), format!("[{}]", audiences.join(" "))));
            }
            object_output::print_table(&rows)
        }
        Verdict::Authenticated { .. } => Ok(()),
        Verdict::Unauthenticated { reason } => Err(not_good(&reason)),
        Verdict::Error { error } => Err(not_good(&error)),
        _ => Err(not_good("")),
    }
}

fn not_good(reason: &str) -> Report {
    match reason {
        "" => Report::new(Exit::ErrorStatus, "the token is not valid"),
        reason => Report::new(Exit::ErrorStatus, format_args!("the token is not valid: {reason}")),
    }
}

fn refused(status: &Status) -> String {
    match status.code {
        403 => format!("{status} (reviews need the role system:auth-delegator)"),
        _ => api_session::from_server(status),
    }
}
