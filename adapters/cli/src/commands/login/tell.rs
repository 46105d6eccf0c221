//! The messages of a login, on standard error.

use super::flags::Qr;
use crate::redact;
use crate::report::warn;
use kubecred_core::login::{Event, Status};
use kubecred_core::{Secret, printable};
use kubecred_login::login::qr_code;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

/// Tells events.
pub(super) struct Teller {
    quiet: bool,
    qr: Qr,
}

impl Teller {
    pub(super) fn new(quiet: bool, qr: Qr) -> Self {
        Self { quiet, qr }
    }

    /// Writes lines; no cursor movement and no colour, since a full-screen program may share the
    /// terminal (LG-4).
    pub(super) fn tell(&mut self, event: &Event) {
        match event {
            // Without these a login cannot be completed, so they are told in any case.
            Event::Visit { .. } | Event::VisitAndPaste { .. } | Event::EndSession { .. } => {
                line(&event.to_string());
            }
            Event::Device { url, complete, .. } => {
                if let Some(code) = self.qr(complete.as_deref().unwrap_or(url)) {
                    line(&code);
                }
                line(&event.to_string());
            }
            Event::Waiting { .. } if !self.quiet => line(&event.to_string()),
            Event::Warning(text) if !self.quiet => warn(text),
            _ if !self.quiet => warn(&event.to_string()),
            _ => {}
        }
    }

    /// The code, if the terminal is wide enough for it (LG-104).
    fn qr(&self, url: &str) -> Option<String> {
        if self.qr == Qr::Never || self.quiet || !std::io::stderr().is_terminal() {
            return None;
        }
        let (terminal_size::Width(width), _) = terminal_size::terminal_size_of(std::io::stderr())?;
        let drawing = qr_code(url)?;
        (drawing.width <= usize::from(width)).then_some(drawing.text)
    }
}

/// What a person must do. An address must work when it is copied, so what looks like a secret in it
/// stays: it is one that this person may have.
fn line(text: &str) {
    let text = format!("{}\n", printable(text.trim_end_matches('\n')));
    // If standard error is closed, the message is lost.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// How claims name the user.
pub(super) fn name(claims: Option<&Secret>) -> Option<String> {
    let claims: Value = serde_json::from_slice(claims?.expose()).ok()?;
    let text = |name: &str| claims[name].as_str().filter(|text| !text.is_empty());
    let name = text("email").or_else(|| text("preferred_username")).or_else(|| text("sub"))?;
    Some(redact::name(name))
}

/// The verified claims as indented JSON, fit for a terminal. They are the user's own; what this
/// process has sent as a secret is hidden all the same.
pub(super) fn claims(claims: Option<&Secret>) -> Option<String> {
    let claims: Value = serde_json::from_slice(claims?.expose()).ok()?;
    Some(printable(&redact::without_sent(&format!("{claims:#}"))))
}

/// What is cached, as lines (LG-118).
pub(super) fn status(status: &Status) -> String {
    let mut text = String::new();
    let mut say = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<14} {}", redact::name(&value));
    };
    match &status.subject {
        Some(subject) => say("logged in as", subject.clone()),
        None => say("logged in", "no".into()),
    }
    if let Some(expires) = status.expires {
        say("token ends", expires.to_string());
    }
    let refresh = match (status.refreshable, status.in_keyring) {
        (false, _) => "none",
        (true, true) => "in the keyring",
        (true, false) => "in the cache folder",
    };
    say("refresh token", refresh.into());
    if let Some(until) = status.paused_until {
        say("paused until", until.to_string());
    }
    say("cache key", status.key.clone());
    text
}
