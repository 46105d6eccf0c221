//! The door to what a person is shown: every line on standard error, and every value that `config
//! explain` and `get-contexts` print, goes through [`shown`].
//!
//! Three things are done to a text, whoever made it: what this process sent or holds as a secret is
//! hidden in every form that [`SentSecrets`] knows; what looks like a secret is hidden
//! ([`redact::text`]); and what would steer the terminal is spelled out ([`printable`]).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kubecred_core::{Authorization, Profile, Secret, SentSecrets, printable, redact};
use kubecred_tokio::Auth;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The secrets of this process. One for all: a line that is written anywhere goes by it.
static SECRETS: Mutex<Vec<Secret>> = Mutex::new(Vec::new());

fn secrets() -> MutexGuard<'static, Vec<Secret>> {
    SECRETS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on this is shown nowhere.
pub(crate) fn learn(secret: &Secret) {
    let mut secrets = secrets();
    if !secret.is_empty() && !secrets.contains(secret) {
        secrets.push(secret.clone());
    }
}

/// From now on nothing is shown of the credential that is in use.
pub(crate) fn learn_credential(auth: &Auth) {
    let Ok(Some(credential)) = auth.try_credential() else { return };
    if let Some(header) = credential.headers().get("authorization") {
        let value = header.as_bytes();
        match value.strip_prefix(b"Basic ") {
            Some(pair) => learn_basic(pair),
            None => learn(&Secret::new(value.strip_prefix(b"Bearer ").unwrap_or(value))),
        }
    }
}

/// From now on nothing is shown of what a login is made of, as far as it stands in the configuration:
/// a credential that is replaced while a request is on its way was sent all the same.
pub(crate) fn learn_profile(profile: &Profile) {
    match &profile.authentication.authorization {
        Authorization::Token(token) => learn(token),
        Authorization::Basic { username, password } => {
            learn(password);
            let pair = [username.as_bytes(), b":", password.expose()].concat();
            learn(&Secret::from(BASE64_STANDARD.encode(Secret::from(pair).expose())));
        }
        _ => {}
    }
}

/// Of a user name and a password, the password and the pair as it is sent.
fn learn_basic(encoded: &[u8]) {
    learn(&Secret::new(encoded));
    let pair = Secret::from(BASE64_STANDARD.decode(encoded).unwrap_or_default());
    if let Some(colon) = pair.expose().iter().position(|byte| *byte == b':') {
        learn(&Secret::new(&pair.expose()[colon + 1..]));
    }
}

/// The text without what was sent. For what a server answers and a person asked for: nothing else of
/// it changes.
pub(crate) fn without_sent(text: &str) -> String {
    let secrets = SentSecrets::new(secrets().iter());
    secrets.hide(text)
}

/// The text without secrets. A value of several lines is hidden whole.
pub(crate) fn hidden(text: &str) -> String {
    redact::text(&without_lines(&without_sent(text))).into_owned()
}

/// A sentence without secrets, which may have several lines, as one with a plugin's install hint has.
pub(crate) fn hidden_lines(text: &str) -> String {
    let hidden = without_lines(&without_sent(text));
    hidden.split('\n').map(redact::text).collect::<Vec<_>>().join("\n")
}

/// The text without quoted texts of several lines: a name or a path has one.
fn without_lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        let (before, quoted) = rest.split_at(start);
        shown.push_str(before);
        let Quoted { length, lines } = Quoted::read(quoted);
        match lines {
            true => shown.push_str("(hidden: text of several lines)"),
            false => shown.push_str(&quoted[..length]),
        }
        rest = &quoted[length..];
    }
    shown + rest
}

/// A text in double quotes, as `{:?}` writes it.
struct Quoted {
    /// In bytes, with the quotes; up to the end of the text if there is no second one.
    length: usize,
    /// Whether there is a line break in it, as `\n`.
    lines: bool,
}

impl Quoted {
    fn read(text: &str) -> Self {
        let mut lines = false;
        let mut bytes = text.bytes().enumerate().skip(1);
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'"' => return Self { length: at + 1, lines },
                b'\\' => lines |= bytes.next().is_some_and(|(_, escaped)| escaped == b'n'),
                _ => {}
            }
        }
        Self { length: text.len(), lines }
    }
}

/// The text without secrets, fit for a terminal. Line breaks stay, and what follows one is indented:
/// no text from elsewhere looks like a line of ours.
pub(crate) fn shown(text: &str) -> String {
    let hidden = without_sent(text);
    let hidden = without_lines(&hidden);
    let lines: Vec<_> =
        hidden.lines().map(|line| redact::text(&printable(line)).into_owned()).collect();
    lines.join("\n  ").replace("\n  \n", "\n\n")
}

/// A name in a list, on one line whatever is in it. Nothing else of it changes: scripts use it.
pub(crate) fn name(name: &str) -> String {
    printable(name).replace('\n', "U+000A").replace('\t', "U+0009")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_learnt_is_shown_no_more() {
        learn(&Secret::from("canary-of-redact"));
        learn(&Secret::default());
        assert_eq!(shown("token canary-of-redact"), "token …");
        assert_eq!(shown("token Y2FuYXJ5LW9mLXJlZGFjdA=="), "token …==");
    }

    #[test]
    fn a_line_break_starts_no_line_of_ours() {
        assert_eq!(shown("a\nwarning: b\u{1b}[2J"), "a\n  warning: bU+001B[2J");
        assert_eq!(shown("a\n\nb"), "a\n\n  b");
    }

    #[test]
    fn a_quoted_text_of_several_lines_is_hidden() {
        let name = "apiVersion: v1\nusers: [\"me\"]";
        let said = format!("context {name:?} of \"file\" is not there");
        let hidden = "context (hidden: text of several lines) of \"file\" is not there";
        assert_eq!(shown(&said), hidden);
        for kept in [r#""C:\\new\\node" is not there"#, r#"a "quote without end"#, "none"] {
            assert_eq!(shown(kept), kept);
        }
    }

    #[test]
    fn a_name_keeps_its_blanks() {
        assert_eq!(name(" a  b\n\u{1b}c "), " a  bU+000AU+001Bc ");
    }
}
