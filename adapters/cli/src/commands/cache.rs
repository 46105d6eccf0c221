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

In a kubeconfig, make kubecred the command, and the plugin its arguments:
  exec:
    apiVersion: client.authentication.k8s.io/v1beta1
    command: kubecred
    args: [cache, --, aws, eks, get-token, --cluster-name, prod, --output, json]

The first run executes the plugin and prints its ExecCredential. Later runs print the cached one,
and do not execute the plugin, until one minute before it expires (a tenth of its lifetime, if that
is less). If several processes need a credential at once, one executes the plugin and the others
wait for it. A plugin that fails is not executed again for 1 to 30 seconds.

Two runs share a credential only if these are the same: program, arguments, user id, environment,
and spec.cluster and apiVersion in KUBERNETES_EXEC_INFO. These variables are ignored: _, COLORTERM,
COLUMNS, LINES, OLDPWD, PWD, SHLVL, TERM, TERM_PROGRAM, TERM_PROGRAM_VERSION, TERM_SESSION_ID, TMUX,
TMUX_PANE, WINDOWID, XDG_SESSION_ID. With --key-env all variables but the named ones are ignored.
The working directory must be the same only if an argument or a variable is the relative path of a
file in it. If you log in to the plugin as another user, run kubecred cache --clear.

kubectl runs its plugin again after a 401. When a client asks again for a credential that has not
expired, kubecred therefore executes the plugin again. A credential that has no expiry is not kept
unless --ttl is given. The output of gcloud config config-helper is converted to an ExecCredential.

Stores (Kubernetes recommends to keep credentials in memory only):
  runtime  files of mode 0600 in XDG_RUNTIME_DIR, which is in memory and is removed when you log out
  disk     files of mode 0600 in KUBECACHEDIR or ~/.kube/cache
  none     nothing is kept

Exit codes: 0 success; 2 invalid command line; 4 the plugin failed; 6 timed out (--timeout); 7
output; 129, 130, 143 signals.";

/// Run an exec plugin and keep its credential for other processes
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Cache {
    /// Where to keep the credential
    #[arg(long, value_enum, value_name = "STORE", default_value_t)]
    store: Store,
    /// The environment variables that the credential depends on (default: all); may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    key_env: Option<Vec<String>>,
    /// Time to keep a credential that has no expiry: 90s, 10m, 1h30m
    #[arg(long, value_name = "TIME", value_parser = duration)]
    ttl: Option<Duration>,
    /// Time limit for the plugin, and for waiting until another process has executed it
    #[arg(long, value_name = "TIME", default_value = "3m", value_parser = duration)]
    timeout: Duration,
    /// Print only errors on standard error
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true", value_parser = go_bool)]
    quiet: bool,
    /// Remove the cached credential of COMMAND, or without COMMAND all; do not run a plugin
    #[arg(long)]
    clear: bool,
    /// The plugin and its arguments
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
    const WRONG: &str = "expected a time such as 90s, 10m or 1h30m";
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
