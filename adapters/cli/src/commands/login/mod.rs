//! Logging in with an OpenID provider: `get-token`, which kubectl runs, and `login`, `logout` and
//! `status` for people.

mod arguments;
mod flags;
mod settings;
mod setup;
mod tell;

pub(crate) use setup::Setup;

use super::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report, warn};
use clap::Args;
use flags::LoginFlags;
use kubecred_core::login::{Granted, LoginError, Operation, Status, Success};
use kubecred_login::Interrupt;
use kubecred_login::login::{Finished, Host, cache_folder, forget_all};
use kubecred_login::page::TemplateFolders;
use std::cell::RefCell;
use std::io::Write;
use tell::{claims, name};

const GET_TOKEN: &str = "\
Examples:
  kubecred get-token --oidc-issuer-url https://idp.example --oidc-client-id kubernetes
  kubectl config set-credentials oidc --exec-api-version=client.authentication.k8s.io/v1 \\
    --exec-interactive-mode=IfAvailable --exec-command=kubecred --exec-arg=get-token \\
    --exec-arg=--oidc-issuer-url=https://idp.example --exec-arg=--oidc-client-id=kubernetes

An exec plugin for OpenID Connect: kubectl runs it and gets an ExecCredential with the ID token. The
first run opens a browser, in which you log in. Later runs print the cached token, or get a new one
with the refresh token. If several processes need a token at once, one logs in and the others wait.

Grant types:
  auto                password if --username is given; else authcode if a browser can be opened;
                      else device-code
  authcode            log in with a browser on this machine
  authcode-keyboard   open the printed address in any browser; paste the address at which it ends
  device-code         open the printed address in any browser and enter the printed code
  password            ask for the password here (or --password-file) and send it to the provider
  client-credentials  no user: log in as the client itself

A kubeconfig for kubelogin (kubectl oidc-login) works if you replace its command by kubecred and
remove oidc-login from its args: flags, defaults and ports are the same. For a kubeconfig of
kubekey, add args: [get-token], or install kubecred under the name kubekey.

Standard output has the ExecCredential only.

Exit codes: 0 success; 1 any other failure; 2 invalid command line; 3 you have to log in, and that
is not possible now; 4 the provider refused; 5 the provider cannot be reached; 6 timed out, or the
login that another process began failed; 7 output; 129, 130, 143 signals.";

const LOGIN: &str = "\
Examples:
  kubecred login --oidc-issuer-url https://idp.example --oidc-client-id kubernetes

Logs in even if a token is cached, and prints the name of the user. The token is kept for kubecred
get-token; give the same flags to both. After a login that you did not complete, get-token opens no
browser for a minute or more, and says so; kubecred login does not wait.

Exit codes are those of kubecred get-token.";

const LOGOUT: &str = "\
Examples:
  kubecred logout --oidc-issuer-url https://idp.example --oidc-client-id kubernetes
  kubecred logout --revoke --oidc-issuer-url https://idp.example --oidc-client-id kubernetes
  kubecred logout --all

Removes the tokens of this provider and client from the cache folder and the keyring. Give the same
flags as to kubecred get-token. If --revoke fails, a warning says so, and the tokens are removed
here all the same. With --all the tokens of all logins are removed, also
from the keyring; only files and items that kubecred has made are touched, and nothing is revoked.

Exit codes are those of kubecred get-token.";

const STATUS: &str = "\
Examples:
  kubecred status --oidc-issuer-url https://idp.example --oidc-client-id kubernetes
  kubecred status --claims --issuer https://idp.example --client-id kubernetes

Shows who is logged in, until when, and where the tokens are kept. Shows no token and sends no
request. Give the same flags as to kubecred get-token. With --claims it also prints the
claims of the ID token as JSON.

Exit codes: 0 get-token can print a token without a new login; 3 you have to log in; 2 invalid
command line; 7 output.";

/// Exec plugin for OpenID Connect: log in if needed, and print the token for kubectl
#[derive(Args)]
#[command(after_help = GET_TOKEN)]
pub(crate) struct GetToken {
    #[command(flatten)]
    flags: LoginFlags,
}

/// Log in to an OpenID provider now
#[derive(Args)]
#[command(after_help = LOGIN)]
pub(crate) struct Login {
    #[command(flatten)]
    flags: LoginFlags,
}

/// Log out: remove the cached tokens of an OpenID provider
#[derive(Args)]
#[command(after_help = LOGOUT)]
pub(crate) struct Logout {
    /// Revoke the tokens at the provider, too
    #[arg(long)]
    revoke: bool,
    /// Open the provider's logout page in the browser, too
    #[arg(long)]
    end_session: bool,
    /// Remove the tokens of all providers and clients; nothing is revoked
    #[arg(long, conflicts_with_all = ["revoke", "end_session", "oidc_issuer_url", "oidc_client_id"])]
    all: bool,
    #[command(flatten)]
    flags: LoginFlags,
}

/// Remove the tokens of all logins: kubelogin's name of kubecred logout --all
#[derive(Args)]
#[command(hide = true)]
pub(crate) struct Clean {
    #[command(flatten)]
    flags: LoginFlags,
}

/// Show the cached login of an OpenID provider
#[derive(Args)]
#[command(after_help = STATUS)]
pub(crate) struct LoginStatus {
    /// Show the claims of the token, as the API server sees them
    #[arg(long)]
    claims: bool,
    #[command(flatten)]
    flags: LoginFlags,
}

impl Run for GetToken {
    fn run(self, _: ConnectionFlags) -> Result<(), Report> {
        let finished = perform(&self.flags, Operation::Token)?;
        conclude(finished, |success| match success {
            Success::Credential(granted) => print(granted.output.expose()),
            _ => Ok(()),
        })
    }
}

impl Run for Login {
    fn run(self, _: ConnectionFlags) -> Result<(), Report> {
        let finished = perform(&self.flags, Operation::Login)?;
        conclude(finished, |success| match success {
            Success::Credential(granted) => print(logged_in(granted).as_bytes()),
            _ => Ok(()),
        })
    }
}

impl Run for Clean {
    fn run(self, _: ConnectionFlags) -> Result<(), Report> {
        log_out_of_all(&self.flags)
    }
}

impl Run for Logout {
    fn run(self, _: ConnectionFlags) -> Result<(), Report> {
        if self.all {
            return log_out_of_all(&self.flags);
        }
        let operation = Operation::Logout { revoke: self.revoke, end_session: self.end_session };
        conclude(perform(&self.flags, operation)?, |_| print(b"Logged out.\n"))
    }
}

impl Run for LoginStatus {
    fn run(self, _: ConnectionFlags) -> Result<(), Report> {
        let finished = perform(&self.flags, Operation::Status)?;
        conclude(finished, |success| match success {
            Success::Status(status) => {
                print(tell::status(status).as_bytes())?;
                if let Some(claims) = claims(status.claims.as_ref()).filter(|_| self.claims) {
                    print(format!("{claims}\n").as_bytes())?;
                }
                if status.usable { Ok(()) } else { Err(not_logged_in(status)) }
            }
            _ => Ok(()),
        })
    }
}

fn log_out_of_all(flags: &LoginFlags) -> Result<(), Report> {
    let cache = settings::folder(flags).or_else(cache_folder);
    let service = &kubecred_core::login::Settings::new("", "").keyring_service;
    let forgotten = forget_all(cache, flags.keyring(), service).map_err(|failure| {
        Report::new(Exit::ErrorStatus, format_args!("cannot remove all tokens: {failure}"))
    })?;
    if let Some(failure) = forgotten.no_keyring.filter(|_| !flags.own.quiet) {
        warn(&format!("refresh tokens may still be in a keyring: {failure}"));
    }
    let logins = forgotten.logins;
    print(
        format!("Logged out of {logins} login{}.\n", if logins == 1 { "" } else { "s" }).as_bytes(),
    )
}

fn not_logged_in(_: &Status) -> Report {
    Report::new(Exit::Configuration, "not logged in: there is no valid token and no refresh token")
        .advise("Run kubecred login with the same flags.")
}

fn logged_in(granted: &Granted) -> String {
    let until = match granted.expires {
        Some(expires) => format!(" The token ends at {expires}."),
        None => String::new(),
    };
    match name(granted.claims.as_ref()) {
        Some(name) => format!("Logged in as {name}.{until}\n"),
        None => format!("Logged in.{until}\n"),
    }
}

fn perform(flags: &LoginFlags, operation: Operation) -> Result<Finished, Report> {
    if operation != Operation::Inspect {
        flags.warn();
    }
    let environment = kubecred_tokio::environment();
    let unreadable = RefCell::new(None);
    let variable = |name: &str| match environment.text(name) {
        Ok(value) => value.filter(|value| !value.is_empty()).map(ToOwned::to_owned),
        Err(error) => {
            unreadable.borrow_mut().get_or_insert(error);
            None
        }
    };
    let settings = settings::settings(flags, &variable);
    if let Some(error) = unreadable.take() {
        return Err(crate::settings::explain(&error));
    }
    let (settings, folder) = settings?;
    settings::learn_secrets(&settings);
    let quiet = flags.own.quiet;
    let mut teller = tell::Teller::new(quiet, flags.own.qr);
    let host = Host {
        cache: folder.or_else(cache_folder),
        keyring: flags.keyring(),
        system_roots: flags.trusts_system(),
        templates: TemplateFolders::from_env(),
        browser_stderr: flags.verbosity.unwrap_or(0) > 0,
        tell: Box::new(move |event| teller.tell(&event)),
        warn: Box::new(move |text| {
            if !quiet {
                warn(&text);
            }
        }),
    };
    Ok(kubecred_login::login::run(settings, operation, host))
}

/// Prints, lets the browser have its page, and says how it ended.
fn conclude(
    finished: Finished,
    print: impl FnOnce(&Success) -> Result<(), Report>,
) -> Result<(), Report> {
    let printed = match &finished.outcome {
        Ok(success) => print(success),
        Err(error) => Err(report(error, finished.interrupt)),
    };
    finished.deliver();
    printed
}

fn print(bytes: &[u8]) -> Result<(), Report> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    written.map_err(|error| Report::output(&error))
}

fn report(error: &LoginError, interrupt: Option<Interrupt>) -> Report {
    let exit = match error.exit_code() {
        2 => Exit::Usage,
        3 => Exit::Configuration,
        4 => Exit::Credential,
        5 => Exit::Unreachable,
        6 => Exit::TimedOut,
        130 => match interrupt {
            Some(Interrupt::HangUp) => Exit::HungUp,
            Some(Interrupt::Terminate) => Exit::Terminated,
            _ => Exit::Interrupted,
        },
        _ => Exit::ErrorStatus,
    };
    Report::new(exit, error)
}
