//! `kubecred get`: one authenticated GET. The body goes to standard output as it is.

use super::Run;
use crate::api_path::ApiPath;
use crate::connection_flags::ConnectionFlags;
use crate::error_status::error_status;
use crate::report::{Exit, Report};
use crate::service_account_flag::ServiceAccountFlag;
use crate::session::{self, Session};
use bytes::Bytes;
use clap::Args;
use http::header::{ACCEPT, USER_AGENT};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use kubecred_core::StdinState;
use kubecred_core::redact::url;
use kubecred_tokio::Client;
use kubecred_tokio::client::Body;
use std::io::IsTerminal;
use tokio::io::AsyncWriteExt;

/// What kubectl's raw requests accept.
const ACCEPTED: &str = "application/json, */*";

const HELP: &str = "\
Examples:
  kubecred get /version
  kubecred get '/api/v1/pods?limit=5' --context prod
  kubecred get /readyz -s https://10.0.0.1:6443 --certificate-authority ca.crt --request-timeout 5s

The body of the response is written to standard output unchanged; errors and -v go to standard
error. The request is the one that kubectl get --raw sends, except for the headers User-Agent,
Kubectl-Command and Kubectl-Session.

Exit codes: 0 status 200 to 299; 1 error status; 2 invalid command line; 3 no usable configuration;
4 no credential; 5 server not reached; 6 timed out; 7 output; 129, 130, 143 signals.
kubecred --help lists the environment variables.";

/// Send an authenticated GET request to the API server and print the response
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Get {
    /// Path and query, such as /version or /api/v1/pods?limit=5. A path in the server's URL is put
    /// before it
    #[arg(value_name = "PATH", value_parser = ApiPath::parse)]
    path: ApiPath,
    #[command(flatten)]
    service_account: ServiceAccountFlag,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for Get {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let flags = before.then(self.connection);
        let stdin = StdinState { terminal: std::io::stdin().is_terminal(), unavailable: None };
        let adjust = |profile: &mut _| self.service_account.apply(profile);
        session::run(flags, stdin, adjust, async |session| get(session, &self.path).await)
    }
}

/// Sends the request and prints the answer.
async fn get(session: &Session, path: &ApiPath) -> Result<(), Report> {
    let client = Client::new(session.auth.clone()).map_err(|e| session::explain(&e, session))?;
    let response =
        client.request(request(path)?).await.map_err(|e| session::explain(&e, session))?;
    let (status, version) = (response.status(), response.version());
    session.log.tell(format_args!("answered {status} over {version:?}"));
    match status.is_success() {
        true => print(response).await,
        false => {
            let server = url(&session.auth.profile().cluster.server);
            let target = [server.trim_end_matches('/'), &url(path.as_str())].concat();
            Err(error_status(response, &target, session).await)
        }
    }
}

fn request(path: &ApiPath) -> Result<Request<Full<Bytes>>, Report> {
    Request::get(path.as_str())
        .header(ACCEPT, ACCEPTED)
        .header(USER_AGENT, user_agent())
        .body(Full::default())
        .map_err(|error| Report::new(Exit::Usage, format_args!("PATH: {error}")))
}

/// `kubecred/1.2.3 (linux/amd64)`, in Go's names as all Kubernetes clients have it (HT-2).
fn user_agent() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        arch => arch,
    };
    format!("kubecred/{} ({os}/{arch})", env!("CARGO_PKG_VERSION"))
}

/// Prints the body as it comes, however long it is. A reader that is slow, or has stopped, holds up
/// neither the clock nor Ctrl-C.
async fn print(response: Response<Body>) -> Result<(), Report> {
    let (mut body, mut stdout) = (response.into_body(), tokio::io::stdout());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Report::new(Exit::Unreachable, format_args!("the answer broke off: {error}"))
        })?;
        if let Some(data) = frame.data_ref() {
            let written = async {
                stdout.write_all(data).await?;
                stdout.flush().await // whoever watches gets each piece at once
            };
            written.await.map_err(|error| Report::output(&error))?;
        }
    }
    Ok(())
}
