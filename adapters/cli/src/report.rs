//! How the program ends: exit codes, and what it tells of an error.

use crate::completion::Names;
use crate::redact;
use std::fmt;
use std::io::Write;
use std::process::ExitCode;

/// Why it ends without success. The numbers are in `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// The server returned an error status; or a demo did not go as planned; or there is a warning
    /// with --strict; or an address cannot be listened on (PX-3).
    ErrorStatus = 1,
    /// Invalid command line.
    Usage = 2,
    /// There is no usable configuration.
    Configuration = 3,
    /// There is no credential.
    Credential = 4,
    /// The server cannot be reached.
    Unreachable = 5,
    /// It took too long.
    TimedOut = 6,
    /// Standard output cannot be written.
    Output = 7,
    /// The terminal is gone (SIGHUP).
    HungUp = 129,
    /// Ctrl-C (SIGINT).
    Interrupted = 130,
    /// The system wants it to end (SIGTERM).
    Terminated = 143,
}

/// An error as a person gets to see it. Secrets in it are hidden when it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    exit: Exit,
    /// Mostly one; a text from elsewhere never makes a second.
    lines: Vec<String>,
    advice: Option<String>,
    /// The kind and the name of an entry that does not exist.
    missing: Option<(&'static str, String)>,
}

impl Report {
    /// In these words, which start in lower case and have no full stop.
    pub(crate) fn new(exit: Exit, text: impl fmt::Display) -> Self {
        Self::lines(exit, [text.to_string()])
    }

    /// Several errors of one kind, a line each.
    pub(crate) fn lines(exit: Exit, lines: impl IntoIterator<Item = String>) -> Self {
        let lines = lines.into_iter().filter(|line| !line.is_empty()).map(cut).collect();
        Self { exit, lines, advice: None, missing: None }
    }

    /// And this is what to do about it: a sentence.
    pub(crate) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(cut(advice.into())), ..self }
    }

    /// It is about a context, cluster or user that does not exist.
    pub(crate) fn missing(self, kind: &'static str, name: &str) -> Self {
        Self { missing: Some((kind, name.to_owned())), ..self }
    }

    /// If it is about an entry that does not exist, says which may have been meant.
    pub(crate) fn suggest(self, names: impl FnOnce() -> Names) -> Self {
        let suggestion =
            self.missing.as_ref().and_then(|(kind, name)| names().suggestion(kind, name));
        match suggestion {
            Some(advice) => self.advise(advice),
            None => self,
        }
    }

    /// Standard output cannot be written. If nobody reads it any more, there is nothing to say.
    pub(crate) fn output(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::new(Exit::Output, ""),
            _ => Self::new(Exit::Output, format_args!("cannot write standard output: {error}")),
        }
    }

    /// Tells it on standard error, and gives the code to end with.
    pub(crate) fn print(&self) -> ExitCode {
        if !self.lines.is_empty() {
            // If standard error is closed, the code must do.
            let _ = std::io::stderr().lock().write_all(self.to_string().as_bytes());
        }
        ExitCode::from(self.exit as u8)
    }
}

/// Tells of something that does not end the run.
pub(crate) fn warn(text: &str) {
    let text = format!("warning: {}\n", redact::shown(text));
    // If standard error is closed, there is nobody to tell.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Names, and what servers say, have any length; people have not. The end is kept too: it says what
/// is wrong.
pub(crate) fn cut(text: String) -> String {
    const MOST: usize = 8192;
    const END: usize = 1024;
    if text.len() <= MOST {
        return text;
    }
    let head = text.floor_char_boundary(MOST - END);
    let tail = text.ceil_char_boundary(text.len() - END);
    format!("{} [{} bytes] {}", &text[..head], tail - head, &text[tail..])
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.lines.iter().map(|line| redact::shown(line)).collect();
        writeln!(f, "error: {}", lines.join("\n"))?;
        match &self.advice {
            Some(advice) => writeln!(f, "  {}", redact::shown(advice)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_cannot_steer_the_terminal() {
        let report = Report::new(Exit::ErrorStatus, "a\u{1b}[2Jb\u{9b}c\rd\ne");
        assert_eq!(report.to_string(), "error: aU+001B[2JbU+009BcU+000Dd\n  e\n");
    }

    #[test]
    fn what_is_too_long_is_cut_in_the_middle() {
        let long = ["a", &"\u{e9}".repeat(10_000), "z"].concat();
        let report = Report::new(Exit::ErrorStatus, &long).advise(&long).to_string();
        for line in report.lines() {
            assert!(line.contains(" [118") && line.ends_with('z') && line.len() < 8300, "{line}");
        }
        let whole = "ab ".repeat(2730);
        assert!(Report::new(Exit::Usage, &whole).to_string().contains(&whole));
    }

    #[test]
    fn advice_follows_on_a_line_of_its_own() {
        let report = Report::new(Exit::Usage, "it is bad").advise("Make it good.");
        assert_eq!(report.to_string(), "error: it is bad\n  Make it good.\n");
    }
}
