//! The flags of `kubecred proxy`: kubectl's, with its defaults, and those of its own.

use crate::connection_flags::{ConnectionFlags, go_bool};
use clap::{Args, ValueEnum};
use http::{HeaderName, HeaderValue};
use kubecred_proxy::forward::{ACCEPT_HOSTS, ACCEPT_PATHS, REJECT_METHODS, REJECT_PATHS};
use std::path::PathBuf;

/// The port of `kubectl proxy`.
pub(super) const PORT: i64 = 8001;

const HELP: &str = "\
Examples:
  kubecred proxy
  kubecred proxy --port 0 --context prod
  kubecred proxy --unix-socket /run/user/1000/k8s.sock
  kubecred proxy --allow exec,attach
  kubecred proxy -- helm list
  kubecred proxy --tls --write-kubeconfig proxy.yaml --all-contexts

Prints \"Starting to serve on ADDRESS\" when it listens. It logs in before that, and ends with an
error if it cannot. The login is renewed ahead of its end. A request that gets 401 makes it log in
again and is sent once more: GET, HEAD, DELETE, upgrades, and others with a body of at most 64 KiB.

Who reaches the proxy acts with your login. So it answers only requests for its own names (Host), of
no page of another site (Origin, Sec-Fetch-Site), and refuses exec and attach unless they are
allowed. On other addresses than loopback its callers must show a token (--tls).

With -- COMMAND it serves that command alone: KUBECONFIG points to the proxy, by TLS and a token
that only the command is told, and the proxy ends with it.

Differences from kubectl proxy:
  - It logs in at start, and renews by itself.
  - The path of the server's URL is sent (--append-server-path=false leaves it out).
  - Refusals and failures are Status objects: 403, 502, 503, 504, not texts of 403 and 500.
  - Doubled slashes are passed on, and dot segments refused with 400; nothing is redirected.
  - Compressed answers stay compressed. CONNECT is refused.
  - Files (--www) are checked as the API is, and are for GET and HEAD only.
  - Headers Impersonate-* are never mixed with the kubeconfig's impersonation.
  - SIGTERM and Ctrl-C let requests end (--drain-timeout); the socket's file is removed.
  - Arguments that are not flags are refused, as is a socket that another process listens on.

Exit codes: 0 ended by a signal, and every request had its answer; 1 the address cannot be listened
on; 2 invalid command line; 3 no usable configuration; 4 no credential; 7 output; 130, 143 ended by
a signal, and connections were cut. With -- COMMAND, those of the command.";

/// Serve the API on this machine, with your login put on each request
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Proxy {
    /// Port to listen on; 0 picks one
    #[arg(short, long, value_name = "PORT", default_value_t = PORT, hide_default_value = true,
          help = "Port to listen on; 0 picks one [default: 8001; with -- COMMAND: 0]")]
    pub(super) port: i64,
    /// IP address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(super) address: String,
    /// Unix socket to listen on, instead of a port
    #[arg(short, long, value_name = "FILE")]
    pub(super) unix_socket: Option<PathBuf>,
    /// Path under which the API is served. It is cut off, unless it begins with /api
    #[arg(long, value_name = "PATH", default_value = "/")]
    pub(super) api_prefix: String,
    /// Directory of files to serve as well
    #[arg(short, long, value_name = "DIR")]
    pub(super) www: Option<PathBuf>,
    /// Path under which the files are served
    #[arg(short = 'P', long, value_name = "PATH", default_value = "/static/")]
    pub(super) www_prefix: String,
    /// Regular expressions, separated by commas, for the hosts that requests may be for (the Host
    /// header, not the caller's address)
    #[arg(long, value_name = "REGEX", default_value = ACCEPT_HOSTS)]
    pub(super) accept_hosts: String,
    /// Regular expressions for the paths that are passed on
    #[arg(long, value_name = "REGEX", default_value = ACCEPT_PATHS)]
    pub(super) accept_paths: String,
    /// Regular expressions for the paths that are refused, even if accepted
    #[arg(long, value_name = "REGEX", default_value = REJECT_PATHS)]
    pub(super) reject_paths: String,
    /// Regular expressions for the methods that are refused, such as POST,PUT,PATCH,DELETE
    #[arg(long, value_name = "REGEX", default_value = REJECT_METHODS)]
    pub(super) reject_methods: String,
    /// Pass every request on. Any page that your browser shows can then use your login
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true", value_parser = go_bool)]
    pub(super) disable_filter: bool,
    /// Pace of TCP keep-alive to the API server, such as 10s; 0 is 30 seconds
    #[arg(long, value_name = "TIME", default_value = "0s")]
    pub(super) keepalive: String,
    /// Put the path of the server's URL before each path
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_value = "true", default_missing_value = "true", value_parser = go_bool)]
    pub(super) append_server_path: bool,
    #[command(flatten)]
    pub(super) own: OwnFlags,
    /// Command to run with a KUBECONFIG that points to the proxy
    #[arg(value_name = "COMMAND", last = true, allow_hyphen_values = true)]
    pub(super) command: Vec<String>,
    #[command(flatten)]
    pub(super) connection: ConnectionFlags,
}

/// What kubectl's proxy does not have.
#[derive(Args, Clone)]
pub(crate) struct OwnFlags {
    /// What may be done that is refused by default: exec, attach
    #[arg(long, value_name = "NAME", value_enum, value_delimiter = ',')]
    pub(super) allow: Vec<Allowed>,
    /// Origin of a page that may use the proxy, such as `https://dash.example`; may be repeated
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    pub(super) allow_origin: Vec<String>,
    /// Headers Impersonate-* of callers: "deny" refuses them, "pass" lets them replace the
    /// kubeconfig's; by default they pass if the kubeconfig impersonates no one
    #[arg(long, value_name = "RULE", value_enum)]
    pub(super) impersonation: Option<ImpersonationRule>,
    /// Header to set on each request to the API server; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = header)]
    pub(super) upstream_header: Vec<(HeaderName, HeaderValue)>,
    /// Serve every context of the kubeconfig under /clusters/NAME/
    #[arg(long)]
    pub(super) all_contexts: bool,
    /// Serve by TLS with a certificate made for this run, and ask callers for a token. Both are in
    /// the file of --write-kubeconfig
    #[arg(long)]
    pub(super) tls: bool,
    /// Another name or address of the proxy, for its certificate and as a host; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(super) tls_name: Vec<String>,
    /// File to write a kubeconfig to that points to the proxy. Removed at the end
    #[arg(long, value_name = "FILE")]
    pub(super) write_kubeconfig: Option<PathBuf>,
    /// Ask callers for no token, on any address
    #[arg(long)]
    pub(super) insecure_allow_unauthenticated: bool,
    /// Address and port for /metrics, /healthz, /readyz and /livez of the proxy itself
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) metrics_address: Option<std::net::SocketAddr>,
    /// File to append a line of JSON to for each request; - is standard error
    #[arg(long, value_name = "FILE")]
    pub(super) access_log: Option<PathBuf>,
    /// How long requests may take to end after SIGTERM or Ctrl-C
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(super) drain_timeout: String,
}

/// What `--allow` lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Allowed {
    Exec,
    Attach,
}

/// What `--impersonation` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImpersonationRule {
    Deny,
    Pass,
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once('=').ok_or("say NAME=VALUE")?;
    let name: HeaderName = name.parse().map_err(|_| "the name is not one of a header")?;
    let mut value: HeaderValue = value.parse().map_err(|_| "the value is not one of a header")?;
    // They are there to pass checks on the way.
    value.set_sensitive(true);
    Ok((name, value))
}

/// As browsers write it: scheme, host, and the port if it is not the scheme's own.
fn origin(text: &str) -> Result<String, String> {
    let whole: http::Uri = text.parse().map_err(|_| "say https://HOST or https://HOST:PORT")?;
    match (whole.scheme_str(), whole.authority()) {
        (Some("http" | "https"), Some(_)) if !text.ends_with('/') && !text.contains('@') => {
            Ok(text.to_ascii_lowercase())
        }
        _ => Err("say https://HOST or https://HOST:PORT".into()),
    }
}
