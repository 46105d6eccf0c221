//! Secrets that are read from a file or from standard input, so that they are in no list of
//! processes and in no shell history.

use crate::report::{Exit, Report};
use kubecred_core::{Failure, FailureKind, Secret, redact};
use std::io::Read;

/// More than any token. Whatever is longer is another kind of file.
const MOST: u64 = 1 << 20;

/// Reads the file of `flag`; `-` is standard input. A line break at the end is not part of the
/// secret. Blocks while it reads.
///
/// # Errors
/// When it cannot be read, is empty, too long, or not UTF-8. Nothing of it is repeated.
pub(crate) fn read(flag: &str, path: &str) -> Result<Secret, Report> {
    let name = || match path {
        "-" => "standard input".to_owned(),
        path => redact::quoted(path),
    };
    let problem = |what: &dyn std::fmt::Display| {
        Report::new(Exit::Configuration, format_args!("{flag}: {} {what}", name()))
    };
    let bytes = match path {
        "-" => standard_input(),
        path => kubecred_tokio::read_kubeconfig(path),
    };
    let bytes = bytes.map_err(|failure| problem(&format_args!("cannot be read: {failure}")))?;
    let text = bytes.expose_str().ok_or_else(|| problem(&"is not UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    match text.strip_suffix('\r').unwrap_or(text) {
        "" => Err(problem(&"is empty")),
        text => Ok(Secret::from(text)),
    }
}

fn standard_input() -> Result<Secret, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes);
    let bytes = Secret::from(bytes);
    read.map_err(|error| Failure::new(FailureKind::Other, error.to_string()))?;
    match bytes.len() as u64 > MOST {
        true => Err(Failure::new(FailureKind::TooLarge, "it is longer than 1 MiB")),
        false => Ok(bytes),
    }
}
