//! An explanation for people.

use crate::redact;
use kubecred_core::Origin;
use kubecred_core::kubeconfig::explain::{
    Explanation, FileState, Lint, Masked, Searched, Setting, Severity,
};
use kubecred_tokio::variable_os;
use std::io::IsTerminal;

/// Lines on a terminal are wrapped, and not made wider than people read.
const WIDEST: usize = 110;

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "1;31";
const YELLOW: &str = "33";
const CYAN: &str = "36";

/// What it is written on.
pub(super) struct Page {
    /// Of a terminal. In a pipe lines are as long as they are.
    width: usize,
    /// Whether rules are named.
    rules: bool,
    colours: bool,
    text: String,
}

impl Page {
    /// Standard output. Colours and wrapped lines are for terminals.
    pub(super) fn of_stdout(rules: bool) -> Self {
        let stdout = std::io::stdout();
        let width = terminal_size::terminal_size_of(&stdout).map(|(width, _)| width.0.into());
        let dumb = variable_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let colours = stdout.is_terminal() && variable_os("NO_COLOR").is_none() && !dumb;
        let width = width.map_or(usize::MAX, |width: usize| width.clamp(40, WIDEST));
        Self { width, rules, colours, text: String::new() }
    }

    /// The whole of it.
    pub(super) fn write(mut self, explanation: &Explanation) -> String {
        let Explanation { search, settings, credentials, lints, .. } = explanation;
        self.search(search);
        let (used, ignored): (Vec<_>, Vec<_>) = settings.iter().partition(|setting| setting.used);
        self.settings("Settings", &used, BOLD);
        self.settings("Settings without effect", &ignored, DIM);
        let (used, ignored): (Vec<_>, Vec<_>) =
            credentials.iter().partition(|setting| setting.used);
        if used.is_empty() {
            self.heading("Credentials: none; requests are anonymous");
        }
        self.settings("Credentials", &used, BOLD);
        self.settings("Credentials without effect", &ignored, DIM);
        self.lints(lints);
        self.text
    }

    fn search(&mut self, search: &Searched) {
        let named_by = match &search.named_by {
            Origin::Override(flag) => format!("named by --{flag}"),
            Origin::Variable(name) => format!("named by {name}"),
            _ => "in the home directory".to_owned(),
        };
        self.heading(&format!("Kubeconfig, {named_by}"));
        for file in &search.files {
            let state = match file.state {
                FileState::Broken => "broken",
                FileState::Missing => "missing",
                FileState::Read => "read",
                _ => "skipped",
            };
            self.item(state, 7, DIM, &file.path);
        }
        let text = self.with_rule(&search.reason, &search.rule);
        self.paragraph(2, &text, "");
    }

    fn settings(&mut self, heading: &str, settings: &[&Setting], style: &str) {
        if settings.is_empty() {
            return;
        }
        self.heading(heading);
        let longest = settings.iter().map(|setting| setting.name.len()).max().unwrap_or_default();
        for setting in settings {
            let Setting { name, value, origin, rule, reason, masked, .. } = setting;
            let reason = self.with_rule(reason, rule);
            let why = match origin {
                Origin::Default => reason,
                origin => format!("{}: {reason}", place(origin)),
            };
            let indent = longest + 4;
            let line = format!("{value}  # {why}");
            if line.chars().count() <= self.width.saturating_sub(indent) {
                self.item(name, longest, style, &line);
            } else {
                self.item(name, longest, style, value);
                self.paragraph(indent, &format!("# {why}"), DIM);
            }
            for Masked { value, origin, .. } in masked {
                self.paragraph(indent, &format!("# overrides {value}, {}", place(origin)), DIM);
            }
        }
    }

    fn lints(&mut self, lints: &[Lint]) {
        let count = |severity: Severity| {
            let count = lints.iter().filter(|lint| lint.severity == severity).count();
            let word = severity.as_str();
            match count {
                0 => None,
                1 => Some(format!("1 {word}")),
                _ => Some(format!("{count} {word}s")),
            }
        };
        let counts = [Severity::Error, Severity::Warning, Severity::Note].map(count);
        let counts: Vec<String> = counts.into_iter().flatten().collect();
        match counts.is_empty() {
            true => self.heading("No problems found"),
            false => self.heading(&format!("Found {}", counts.join(", "))),
        }
        for lint in lints {
            let Lint { severity, code, rule, origin, message, advice, .. } = lint;
            let style = match severity {
                Severity::Error => RED,
                Severity::Warning => YELLOW,
                Severity::Note => CYAN,
            };
            let place = match origin {
                Origin::Default => String::new(),
                origin => format!("{}: ", place(origin)),
            };
            // The place names the entry, which the message may begin with.
            let entry = match origin {
                Origin::File { entry, .. } if !entry.is_empty() => entry.as_str(),
                _ => "\n",
            };
            let message = message
                .strip_prefix(entry)
                .map_or(&**message, |rest| rest.trim_start_matches([':', ' ']));
            let message = redact::hidden_lines(&self.with_rule(message, rule));
            let message = message.replace("\n\n", ". ").replace('\n', " ");
            let advice = if advice.is_empty() { String::new() } else { format!(". {advice}") };
            self.item(severity.as_str(), 7, style, &format!("{place}{message}{advice} [{code}]"));
        }
    }

    fn with_rule(&self, text: &str, rule: &str) -> String {
        match self.rules && !rule.is_empty() {
            true => format!("{text} ({rule})"),
            false => text.to_owned(),
        }
    }

    fn heading(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let heading = self.paint(text, BOLD);
        self.text.push_str(&heading);
        self.text.push('\n');
    }

    /// A word in a column of its own, and what belongs to it.
    fn item(&mut self, word: &str, column: usize, style: &str, text: &str) {
        let lines = wrap(text, self.width.saturating_sub(column + 4));
        let mut word = format!("  {}{}", self.paint(word, style), " ".repeat(column - word.len()));
        for line in lines {
            self.text.push_str(&format!("{word}  {line}\n"));
            word = " ".repeat(column + 2);
        }
    }

    fn paragraph(&mut self, indent: usize, text: &str, style: &str) {
        if text.is_empty() {
            return;
        }
        for line in wrap(text, self.width.saturating_sub(indent)) {
            let line = self.paint(&line, style);
            self.text.push_str(&" ".repeat(indent));
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    fn paint(&self, text: &str, style: &str) -> String {
        match self.colours && !style.is_empty() {
            true => format!("\u{1b}[{style}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

fn place(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::File { path, entry, line } => {
            let path = if path.is_empty() { "line" } else { path };
            let line = if *line == 0 { String::new() } else { format!(":{line}") };
            let entry = if entry.is_empty() { String::new() } else { format!(", {entry}") };
            format!("{path}{line}{entry}")
        }
        Origin::Override(flag) => format!("--{flag}"),
        Origin::ServiceAccount(path) => path.clone(),
        Origin::Variable(name) => format!("${name}"),
        other => format!("{other:?}"),
    }
}

/// Lines of at most so many characters, where words are short enough. At least one.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let text = redact::shown(&redact::hidden(text));
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.len() - 1;
        let taken = lines[line].chars().count();
        match taken {
            0 => lines[line].push_str(word),
            _ if taken + 1 + word.chars().count() <= width => {
                lines[line].push(' ');
                lines[line].push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
