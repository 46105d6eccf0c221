//! Asking a person on the terminal.

use kubecred_core::login::PromptFor;
use kubecred_core::{Failure, FailureKind, Secret};
use std::io::{BufRead, Write};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

/// Asks on the terminal, and never writes to standard output (LG-3).
pub(super) async fn ask(what: PromptFor) -> Result<Secret, Failure> {
    let asked = spawn_blocking(move || ask_now(what)).await;
    let asked = asked.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    asked.map_err(|error| Failure::new(FailureKind::Denied, error.to_string()))
}

fn ask_now(what: PromptFor) -> std::io::Result<Secret> {
    match what {
        PromptFor::Password => rpassword::prompt_password("Password: ").map(Secret::from),
        PromptFor::UserName => line("User name: "),
        PromptFor::Code => line("Paste the address that the browser ended at, or the code: "),
    }
}

fn line(prompt: &str) -> std::io::Result<Secret> {
    let mut stderr = std::io::stderr().lock();
    stderr.write_all(prompt.as_bytes())?;
    stderr.flush()?;
    let mut line = Zeroizing::new(String::with_capacity(4096));
    if std::io::stdin().lock().read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Secret::from(line.trim()))
}
