//! `kubecred create-token`: a token for a service account (KB-40…KB-42, TR-10…TR-17).

mod kubeconfig;
mod request;

use super::{Run, commands};
use crate::api_session;
use crate::clock;
use crate::connection_flags::{ConnectionFlags, go_bool};
use crate::object_output::{self, Format};
use crate::output_flag::{Form, Output, output};
use crate::report::{Exit, Report};
use crate::session::{self, Session};
use clap::{Args, ValueEnum};
use kubecred_core::api::call::InvalidName;
use kubecred_core::api::token_request::TokenRequest;
use kubecred_core::{ExecApiVersion, Secret, StdinState, exec};
use kubecred_tokio::client::ApiError;
use std::io::IsTerminal;

const HELP: &str = "\
Examples:
  kubecred create-token deployer --namespace prod
  kubecred create-token deployer --duration 10m --audience https://vault.example
  kubecred create-token web --bound-object-kind Pod --bound-object-name web-0
  kubecred create-token deployer --write-kubeconfig deployer.kubeconfig
  kubectl config set-credentials deployer --exec-api-version=client.authentication.k8s.io/v1 \\
    --exec-command=kubecred --exec-interactive-mode=IfAvailable \\
    --exec-arg=create-token --exec-arg=deployer --exec-arg=-o=exec-credential \\
    --exec-arg=--context=admin

Posts a TokenRequest and prints the token, as kubectl create token does. The server may grant a
shorter lifetime than --duration; a warning on standard error says so. With -o exec-credential the
command can be the exec plugin of a kubeconfig, as in the last example.

Exit codes: 0 success; 1 the server returned an error status; 2 invalid command line; 3 no usable
configuration; 4 no credential; 5 server not reached; 6 timed out; 7 output; 129, 130, 143 signals.";

/// Request a token for a service account
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct CreateToken {
    /// Name of the service account, in the namespace of the context or of --namespace
    #[arg(value_name = "NAME", num_args = 0..)]
    name: Vec<String>,
    /// Audience of the token (default: the API server); may be repeated
    #[arg(long, value_name = "AUDIENCE")]
    audience: Vec<String>,
    /// Lifetime of the token: 10m, 1h30m or 600s (default: the server decides)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    duration: Option<String>,
    /// Kind of an object (Node, Pod or Secret); the token is valid until that object is deleted
    #[arg(long, value_name = "KIND", default_value = "", hide_default_value = true)]
    bound_object_kind: String,
    /// Name of that object
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    bound_object_name: String,
    /// UID of that object
    #[arg(long, value_name = "UID", default_value = "", hide_default_value = true)]
    bound_object_uid: String,
    /// Output format: token, json, yaml, name, exec-credential, jsonpath=TEMPLATE,
    /// jsonpath-as-json=TEMPLATE or jsonpath-file=FILE. json, yaml and templates print the
    /// TokenRequest; exec-credential prints what an exec plugin prints
    #[arg(short, long, value_parser = output::<TokenFormat>, value_name = "FORMAT",
          default_value = "token")]
    output: Output<TokenFormat>,
    /// With jsonpath: a missing field prints nothing; =false makes it an error (default: true)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    allow_missing_template_keys: Option<bool>,
    /// Write a kubeconfig with this server and the token to a new file, instead of printing the
    /// token
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    write_kubeconfig: Option<String>,
    #[command(flatten)]
    connection: ConnectionFlags,
}

/// What `create-token` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum TokenFormat {
    // No doc comments: they would become part of the help.
    #[default]
    Token,
    Json,
    Yaml,
    Name,
    ExecCredential,
}

/// Commands under kubectl's name for them
#[derive(Args)]
pub(crate) struct Create {
    #[command(subcommand)]
    command: CreateCommand,
    #[command(flatten)]
    connection: ConnectionFlags,
}

commands! {
    /// What stands below `create`.
    CreateCommand {
        Token: CreateToken,
    }
}

impl Run for Create {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        self.command.run(before.then(self.connection))
    }
}

impl Run for CreateToken {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let wanted = request::wanted(&self)?;
        let form = self.output.form(self.allow_missing_template_keys)?;
        let flags = before.then(self.connection);
        let stdin = StdinState { terminal: std::io::stdin().is_terminal(), unavailable: None };
        session::run(
            flags,
            stdin,
            |_| {},
            async |session| {
                if let Some(hint) = &wanted.hint {
                    session.log.warn(hint);
                }
                let granted = create(session, &wanted).await?;
                match &self.write_kubeconfig {
                    Some(path) => kubeconfig::write(path, session, &wanted.name, &granted),
                    None => print(form, &wanted.name, &granted),
                }
            },
        )
    }
}

/// Asks for the token, and says what is otherwise than it was asked for.
async fn create(session: &Session, wanted: &request::Wanted) -> Result<TokenRequest, Report> {
    let namespace = session.auth.profile().namespace.name.as_str();
    let client = api_session::client(session)?;
    let answer = client.create_token(namespace, &wanted.name, &wanted.request).await;
    if let Err(ApiError::Name(error @ InvalidName { .. })) = &answer {
        return Err(Report::new(Exit::Usage, format_args!("failed to create token: {error}")));
    }
    let failed = |status: &_| format!("failed to create token: {status}");
    let granted = api_session::object(answer, session, failed)?;
    if granted.status.token.is_empty() {
        let text = "failed to create token: no token in server response";
        return Err(Report::new(Exit::ErrorStatus, text));
    }
    let asked = wanted.request.spec.expiration_seconds;
    if let (Some(asked), Some(seconds)) = (asked, granted_seconds(&granted))
        && seconds < asked
    {
        session.log.warn(format_args!("the token lives {seconds} s, not the {asked} s asked for"));
    }
    Ok(granted)
}

/// The life that was granted, by the answer's own number or else by its end.
fn granted_seconds(granted: &TokenRequest) -> Option<i64> {
    granted.spec.expiration_seconds.or_else(|| {
        let end = granted.status.expiration_timestamp?;
        let seconds = end.since(clock::now()).as_secs_f64().round();
        Some(seconds as i64)
    })
}

fn print(form: Form<TokenFormat>, name: &str, granted: &TokenRequest) -> Result<(), Report> {
    let token = &granted.status.token;
    let form = match form {
        Form::Template(printer) => Form::Template(printer),
        Form::Format(TokenFormat::Json) => Form::Format(Format::Json),
        Form::Format(TokenFormat::Yaml) => Form::Format(Format::Yaml),
        Form::Format(TokenFormat::Name) => Form::Format(Format::Name),
        // kubectl ends the line on a terminal only, so that a file holds the token and no more.
        Form::Format(TokenFormat::Token) => {
            let end: &[u8] = if std::io::stdout().is_terminal() { b"\n" } else { b"" };
            return object_output::write(Secret::new([token.expose(), end].concat()).expose());
        }
        Form::Format(TokenFormat::ExecCredential) => {
            let version = exec_version()?;
            let end = granted.status.expiration_timestamp;
            let json = exec::credential_json(version, Some(token), None, end)
                .ok_or_else(|| Report::new(Exit::Credential, "the token is not UTF-8"))?;
            return object_output::write(json.expose());
        }
    };
    let name = format!("tokenrequest.authentication.k8s.io/{name}");
    object_output::print(&form, &granted.to_json(), &name)
}

/// The version that the program which runs this as its plugin asks for.
fn exec_version() -> Result<ExecApiVersion, Report> {
    let environment = kubecred_tokio::environment();
    let info = environment
        .text(exec::KUBERNETES_EXEC_INFO)
        .map_err(|error| Report::new(Exit::Usage, error))?;
    match exec::parse_info(info.unwrap_or_default()) {
        Ok(info) => Ok(info.api_version),
        Err(exec::InfoProblem::Unset) => Ok(ExecApiVersion::V1),
        Err(problem) => Err(Report::new(Exit::Usage, problem)),
    }
}
