//! Logging in with an OpenID provider: `get-token`, which kubectl runs, and `login`, `logout` and
//! `status` for people.

mod flags;
mod settings;
mod tell;

use super::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report, warn};
use clap::Args;
use flags::LoginFlags;
use kubecred_core::login::{Granted, LoginError, Operation, Status, Success};
use kubecred_login::Interrupt;
use kubecred_login::login::{Finished, Host, cache_folder};
use kubecred_login::page::TemplateFolders;
use std::cell::RefCell;
use std::io::Write;

const GET_TOKEN: &str = "\
Examples:
  kubecred get-token --oidc-issuer-url https://idp.example --oidc-client-id kubernetes
  kubectl config set-credentials oidc --exec-api-version=client.authentication.k8s.io/v1 \\
    --exec-interactive-mode=IfAvailable --exec-command=kubecred --exec-arg=get-token \\
    --exec-arg=--oidc-issuer-url=https://idp.example --exec-arg=--oidc-client-id=kubernetes

Prints an ExecCredential with the ID token of a login. kubectl runs it as an exec plugin. The first
run opens the browser; later ones print the cached token, or get a new one with the refresh token,
without a person. Of several processes at once one logs in, and the others wait for it.

A kubeconfig that was written for kubelogin (kubectl oidc-login) works if its command is replaced
by kubecred: flags, defaults and ports are the same. A kubeconfig for kubekey works with args:
[get-token] added, or under the name kubekey.

Without a browser, as in an SSH session, auto takes the device flow: open the address that is shown
on any machine and enter the code.

Standard output gets the ExecCredential or nothing. Exit codes: 0 done; 2 usage; 3 a login is needed
and not possible now; 4 the provider refused; 5 the provider cannot be reached; 6 the time is up, or
a login of another process failed; 7 output; 1 anything else; 129, 130, 143 ended by a signal.";

const LOGIN: &str = "\
Examples:
  kubecred login --oidc-issuer-url https://idp.example --oidc-client-id kubernetes

Logs in now, whatever is cached, and ends the pause after a login that was not completed. Takes the
flags of kubecred get-token, and prints who is logged in.

Exit codes: as for kubecred get-token.";

const LOGOUT: &str = "\
Examples:
  kubecred logout --oidc-issuer-url https://idp.example --oidc-client-id kubernetes
  kubecred logout --revoke --oidc-issuer-url https://idp.example --oidc-client-id kubernetes

Removes the tokens of this provider and client from every store. Takes the flags of kubecred
get-token. With --revoke the provider is asked to end them too; if that fails it is said, and they
are removed here all the same.

Exit codes: as for kubecred get-token.";

const STATUS: &str = "\
Examples:
  kubecred status --oidc-issuer-url https://idp.example --oidc-client-id kubernetes

Says what is cached: who is logged in, until when, where it is kept. Shows no token and asks nobody.
Takes the flags of kubecred get-token.

Exit codes: 0 a credential can be had without a person; 3 a login is needed; 2 usage; 7 output.";

/// Log in with an OpenID provider, and print the token as an ExecCredential for kubectl
#[derive(Args)]
#[command(after_help = GET_TOKEN)]
pub(crate) struct GetToken {
    #[command(flatten)]
    flags: LoginFlags,
}

/// Log in with an OpenID provider now
#[derive(Args)]
#[command(after_help = LOGIN)]
pub(crate) struct Login {
    #[command(flatten)]
    flags: LoginFlags,
}

/// Remove the tokens of a login
#[derive(Args)]
#[command(after_help = LOGOUT)]
pub(crate) struct Logout {
    /// Ask the provider to end the tokens, too
    #[arg(long)]
    revoke: bool,
    /// Open the provider's own logout page
    #[arg(long)]
    end_session: bool,
    #[command(flatten)]
    flags: LoginFlags,
}

/// Say what is cached of a login
#[derive(Args)]
#[command(after_help = STATUS)]
pub(crate) struct LoginStatus {
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

impl Run for Logout {
    fn run(self, _: ConnectionFlags) -> Result<(), Report> {
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
                if status.usable { Ok(()) } else { Err(not_logged_in(status)) }
            }
            _ => Ok(()),
        })
    }
}

fn not_logged_in(_: &Status) -> Report {
    Report::new(Exit::Configuration, "a login is needed")
        .advise("Run kubecred login with the same flags.")
}

fn logged_in(granted: &Granted) -> String {
    let until = match granted.expires {
        Some(expires) => format!(" The token ends at {expires}."),
        None => String::new(),
    };
    match tell::name(granted.claims.as_ref()) {
        Some(name) => format!("Logged in as {name}.{until}\n"),
        None => format!("Logged in.{until}\n"),
    }
}

fn perform(flags: &LoginFlags, operation: Operation) -> Result<Finished, Report> {
    flags.warn();
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
