//! An explanation for people.

use crate::report::Printable;
use kubecred_core::Origin;
use kubecred_core::kubeconfig::explain::{
    Explanation, FileState, Lint, Masked, Searched, Setting, Severity, Source,
};
use std::io::IsTerminal;

/// As wide as it gets where nobody says how wide it is, and where it is wider than people read.
const WIDTH: usize = 80;
const WIDEST: usize = 110;

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "1;31";
const YELLOW: &str = "33";
const CYAN: &str = "36";

/// What it is written on.
pub(super) struct Page {
    width: usize,
    colours: bool,
    text: String,
}

impl Page {
    /// Standard output: as wide as the terminal, and with colours if it is one and nobody minds.
    pub(super) fn of_stdout() -> Self {
        let stdout = std::io::stdout();
        let width = terminal_size::terminal_size_of(&stdout).map(|(width, _)| width.0.into());
        let unset = |name| std::env::var_os(name).is_none_or(|value| value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let colours = stdout.is_terminal() && unset("NO_COLOR") && !dumb;
        Self { width: width.unwrap_or(WIDTH).clamp(40, WIDEST), colours, text: String::new() }
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
        let source = match search.source {
            Source::Flags => "Flags count",
            Source::Kubeconfig => "These files count",
            Source::ServiceAccount => "The pod's service account counts",
            _ => "Nothing counts",
        };
        self.paragraph(2, &format!("{source}: {} ({})", search.because, search.rule), "");
    }

    fn settings(&mut self, heading: &str, settings: &[&Setting], style: &str) {
        if settings.is_empty() {
            return;
        }
        self.heading(heading);
        let longest = settings.iter().map(|setting| setting.name.len()).max().unwrap_or_default();
        for setting in settings {
            let Setting { name, value, origin, rule, because, masked, .. } = setting;
            self.item(name, longest, style, value);
            let indent = longest + 4;
            let why = format!("{}: {because} ({rule})", place(origin));
            self.paragraph(indent, &why, DIM);
            for Masked { value, origin, .. } in masked {
                self.paragraph(indent, &format!("masks {value}, {}", place(origin)), DIM);
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
            true => self.heading("Nothing to object to"),
            false => self.heading(&format!("Found {}", counts.join(", "))),
        }
        for lint in lints {
            let Lint { severity, code, rule, origin, message, advice, .. } = lint;
            let style = match severity {
                Severity::Error => RED,
                Severity::Warning => YELLOW,
                Severity::Note => CYAN,
            };
            let rule = if rule.is_empty() { String::new() } else { format!(" ({rule})") };
            self.item(severity.as_str(), 7, style, &format!("{code}: {message}{rule}"));
            if *origin != Origin::Default {
                self.paragraph(11, &place(origin), DIM);
            }
            self.paragraph(11, advice, "");
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
    let text = Printable(text).to_string();
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
