//! `kubecred cache`: the credential of any exec plugin, kept for other processes.

use super::Run;
use crate::connection_flags::{ConnectionFlags, go_bool};
use crate::report::{Exit, Report, warn};
use clap::{Args, ValueEnum};
use kubecred_core::PluginProblem;
use kubecred_login::Interrupt;
use kubecred_login::plugin_cache::{self, CacheError, Request, StoreChoice};
use std::io::Write;
use std::time::Duration;

const HELP: &str = "\
Examples:
  kubecred cache -- aws eks get-token --cluster-name prod --output json
  kubecred cache --key-env AWS_PROFILE,HOME -- aws eks get-token --cluster-name prod
  kubecred cache -- gcloud config config-helper --format=json
  kubecred cache --clear -- aws eks get-token --cluster-name prod --output json

In a kubeconfig, put kubecred before the plugin that is there:
  exec:
    apiVersion: client.authentication.k8s.io/v1beta1
    command: kubecred
    args: [cache, --, aws, eks, get-token, --cluster-name, prod, --output, json]

The first run prints what the plugin prints. Later runs print the same ExecCredential without
running the plugin, until a minute (or a tenth of its life, if that is less) before its end. Of
several processes at once one runs the plugin and the others wait for its answer. A plugin that
fails is not run again for 1 to 30 seconds.

Two runs share a credential only if program, arguments, user id, spec.cluster and apiVersion in
KUBERNETES_EXEC_INFO, and the environment are the same. These variables do not count: _, COLORTERM,
COLUMNS, LINES, OLDPWD, PWD, SHLVL, TERM, TERM_PROGRAM, TERM_PROGRAM_VERSION, TERM_SESSION_ID, TMUX,
TMUX_PANE, WINDOWID, XDG_SESSION_ID. With --key-env only the named ones count. The working directory
counts if an argument or a variable is the relative path of a file in it. After you log in as
somebody else in the plugin's own configuration, use --clear.

A client that asks again for a credential that is still good, as kubectl does after a 401, gets a
fresh one. A credential without an end is not kept, unless --ttl is given. The output of gcloud
config config-helper is translated to an ExecCredential.

Stores (the API wants credentials to be kept in memory only):
  runtime  files of mode 0600 in XDG_RUNTIME_DIR, which is in memory and removed at logout
  disk     files of mode 0600 in KUBECACHEDIR or ~/.kube/cache
  none     nothing is kept

Exit codes: 0 done; 2 usage; 4 the plugin failed; 6 it took longer than --timeout; 7 output;
129, 130, 143 ended by a signal.";

/// Run an exec plugin and keep its credential for other processes
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Cache {
    /// Where to keep the credential
    #[arg(long, value_enum, value_name = "STORE", default_value_t)]
    store: Store,
    /// The only environment variables that can change the credential; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    key_env: Option<Vec<String>>,
    /// Keep a credential that does not say when it ends for this long: 90s, 10m, 1h30m
    #[arg(long, value_name = "TIME", value_parser = duration)]
    ttl: Option<Duration>,
    /// How long the plugin may take, and how long to wait for another process that runs it
    #[arg(long, value_name = "TIME", default_value = "3m", value_parser = duration)]
    timeout: Duration,
    /// Print nothing on standard error but errors
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true", value_parser = go_bool)]
    quiet: bool,
    /// Remove what is kept for COMMAND, or everything if no command is given, and run nothing
    #[arg(long)]
    clear: bool,
    /// The plugin and its arguments, as in the kubeconfig
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required_unless_present = "clear"
    )]
    command: Vec<String>,
}

/// Where to keep it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Store {
    // No doc comments: they would become part of the help, and blow it up.
    #[default]
    Runtime,
    Disk,
    None,
}

impl Run for Cache {
    /// The connection flags do not matter: no kubeconfig is read.
    fn run(self, _: ConnectionFlags) -> Result<(), Report> {
        if self.clear {
            return clear(&self);
        }
        let request = Request {
            command: self.command,
            store: match self.store {
                Store::Runtime => StoreChoice::Runtime,
                Store::Disk => StoreChoice::Disk,
                Store::None => StoreChoice::None,
            },
            key_env: self.key_env,
            ttl: self.ttl,
            timeout: self.timeout,
        };
        let mut tell = |notice: String| {
            if !self.quiet {
                warn(&notice);
            }
        };
        let credential = plugin_cache::run(&request, &mut tell).map_err(|error| report(&error))?;
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(credential.expose()).and_then(|()| stdout.flush());
        written.map_err(|error| Report::output(&error))
    }
}

fn clear(cache: &Cache) -> Result<(), Report> {
    let removed = plugin_cache::clear(&cache.command);
    let removed = removed.map_err(|error| Report::new(Exit::Configuration, error))?;
    let plural = if removed == 1 { "" } else { "s" };
    if !cache.quiet {
        // If standard error is closed, the code must do.
        let _ = writeln!(std::io::stderr(), "removed {removed} credential{plural}");
    }
    Ok(())
}

fn report(error: &CacheError) -> Report {
    let exit = match error {
        CacheError::Info(_) | CacheError::NoCommand => Exit::Usage,
        CacheError::Plugin { problem: PluginProblem::TimedOut(_), .. }
        | CacheError::Busy { .. } => Exit::TimedOut,
        CacheError::Interrupted(Interrupt::HangUp) => Exit::HungUp,
        CacheError::Interrupted(Interrupt::Terminate) => Exit::Terminated,
        CacheError::Interrupted(_) => Exit::Interrupted,
        _ => Exit::Credential,
    };
    Report::new(exit, error)
}

/// A time such as `90s`, `10m`, `1h30m`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    const WRONG: &str = "say a time such as 90s, 10m or 1h30m";
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let (mut total, mut rest) = (Duration::ZERO, text);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or(WRONG)?;
        let (digits, unit) = rest.split_at(end);
        let seconds = match unit.chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            _ => return Err(WRONG.into()),
        };
        let number: u64 = digits.parse().map_err(|_| WRONG)?;
        let part = number.checked_mul(seconds).map(Duration::from_secs).ok_or(WRONG)?;
        total = total.checked_add(part).ok_or(WRONG)?;
        rest = unit.get(1..).unwrap_or_default();
    }
    if text.is_empty() { Err(WRONG.into()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, seconds) in
            [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1h1m1s", 3661), ("0", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "1", "1x", "-1s", "1h30", "1.5h", "99999999999999999999h", "1é"] {
            assert!(text == "1" || duration(text).is_err(), "{text}");
        }
    }
}
