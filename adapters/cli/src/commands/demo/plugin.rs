//! The demo's exec plugin: a process like any other, run by `kubecred` as the kubeconfig says.

use super::PLUGIN_SECRET;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use crate::settings;
use clap::Args;
use kubecred_core::{Secret, UnixTime, exec};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Much longer than an identity provider on loopback takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// The exec plugin of the demo
#[derive(Args, Clone, Debug)]
#[command(hide = true)]
pub(crate) struct DemoPlugin {
    /// Where the demo's identity provider listens
    #[arg(long)]
    issuer: std::net::SocketAddr,
}

impl Run for DemoPlugin {
    fn run(self, _before: ConnectionFlags) -> Result<(), Report> {
        run(&self)
    }
}

/// Gets a token from the demo's identity provider and prints it as an ExecCredential.
fn run(plugin: &DemoPlugin) -> Result<(), Report> {
    let told = settings::variable(exec::KUBERNETES_EXEC_INFO)?;
    let told = exec::parse_info(&told).map_err(|e| Report::new(Exit::Usage, e))?;
    let secret = settings::variable(PLUGIN_SECRET)?;
    if secret.is_empty() {
        return Err(Report::new(Exit::Usage, format_args!("{PLUGIN_SECRET} is not set")));
    }
    let line = ask(plugin, &secret)
        .map_err(|e| Report::new(Exit::Unreachable, format_args!("identity provider: {e}")))?;
    let (token, ends) = parse(&line)
        .ok_or_else(|| Report::new(Exit::Credential, "the identity provider gave no token"))?;
    let json = exec::credential_json(told.api_version, Some(&token), None, Some(ends))
        .ok_or_else(|| Report::new(Exit::Credential, "the token is not text"))?;
    std::io::stdout().lock().write_all(json.expose()).map_err(|e| Report::output(&e))
}

fn ask(plugin: &DemoPlugin, secret: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect_timeout(&plugin.issuer, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.write_all(format!("{secret}\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(connection).read_line(&mut line)?;
    Ok(line)
}

fn parse(line: &str) -> Option<(Secret, UnixTime)> {
    let (token, ends) = line.trim_end().split_once(' ')?;
    Some((token.into(), UnixTime::from_millis(ends.parse().ok()?)))
}
