//! The shells: the script that each of them reads, and the form in which it takes an answer.
//!
//! Scripts for zsh, fish and PowerShell are those of `clap_complete`. The one for bash is ours: bash
//! breaks words at `:`, `=` and `@`, and names of contexts such as `kubernetes-admin@kubernetes` and
//! `arn:aws:eks:…` are one word.

use super::line::{self, split};
use super::{Candidate, VARIABLE, candidates, variable};
use clap::{Command, ValueEnum};
use clap_complete::env::{EnvCompleter, Fish, Powershell, Zsh};
use std::ffi::OsString;

/// The variable with the text that bash replaces by a candidate.
const BASH_WORD: &str = "KUBECRED_COMPLETE_WORD";

const BASH: &str = r#"_kubecred() {
    local LC_ALL=C line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(VARIABLE=bash WORD="$2" PROGRAM -- "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _kubecred NAME
"#;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell", alias = "pwsh")]
    Pwsh,
    /// kubectl, for its plugin `kubectl cred`.
    #[value(skip)]
    Kubectl,
}

impl Shell {
    /// By the name that its script gives.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }

    /// The script: it completes the command `name` by running `program`.
    pub(crate) fn script(self, name: &str, program: &str) -> String {
        let library: &dyn EnvCompleter = match self {
            Self::Bash | Self::Kubectl => {
                let script = BASH.replace("VARIABLE", VARIABLE).replace("WORD", BASH_WORD);
                return script.replace("PROGRAM", &quoted(program)).replace("NAME", &quoted(name));
            }
            Self::Zsh => &Zsh,
            Self::Fish => &Fish,
            Self::Pwsh => &Powershell,
        };
        let mut script = Vec::new();
        // Writing to memory does not fail.
        let _ = library.write_registration(VARIABLE, name, name, program, &mut script);
        String::from_utf8(script).unwrap_or_default()
    }

    /// What may come next, in the form that the shell takes.
    pub(super) fn answer(
        self,
        words: Vec<OsString>,
        definition: impl FnOnce() -> Command,
    ) -> String {
        let words: Vec<String> =
            words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
        match self {
            Self::Bash => bash(words.first().map_or("", String::as_str), definition),
            Self::Zsh => zsh(&words, definition),
            Self::Fish | Self::Pwsh => tabs(&candidates(&words, definition)),
            // ShellCompDirectiveNoFileComp of cobra.
            Self::Kubectl => tabs(&candidates(&words, definition)) + ":4\n",
        }
    }
}

/// A line for each, with a tab before its meaning.
fn tabs(candidates: &[Candidate]) -> String {
    let line = |Candidate { value, help }: &Candidate| match help.as_str() {
        "" => format!("{value}\n"),
        help => format!("{value}\t{help}\n"),
    };
    candidates.iter().map(line).collect()
}

/// The values, as far as they stand after what bash has broken off.
fn bash(text: &str, definition: impl FnOnce() -> Command) -> String {
    let mut line = split(text);
    let home = line.words.last().and_then(|word| word.strip_prefix("~/")).map(str::to_owned);
    let home = home.zip(variable("HOME")).filter(|_| line.quote.is_none());
    if let (Some((rest, home)), Some(last)) = (&home, line.words.last_mut()) {
        *last = format!("{home}/{rest}");
    }
    let word = variable(BASH_WORD).unwrap_or_default();
    let typed = line.words.last().map(String::len).unwrap_or_default();
    // In quotes bash breaks nothing off.
    let kept = split(&word).words.last().map(String::len).unwrap_or_default();
    let broken = if line.quote.is_some() { 0 } else { typed.saturating_sub(kept) };
    let broken = if home.is_some() { 0 } else { broken };
    let mut text = String::new();
    for Candidate { value, .. } in candidates(&line.words, definition) {
        let value = match &home {
            Some((_, home)) => value.replacen(home.as_str(), "~", 1),
            None => value,
        };
        text.push_str(&line::quoted(value.get(broken..).unwrap_or_default(), line.quote));
        text.push('\n');
    }
    text
}

/// Words come as they are typed, quotes and all; a colon stands before the meaning.
fn zsh(words: &[String], definition: impl FnOnce() -> Command) -> String {
    let index = variable("_CLAP_COMPLETE_INDEX").and_then(|index| index.parse().ok());
    let index: usize = index.unwrap_or_else(|| words.len().saturating_sub(1));
    let typed = |index: usize| words.get(index).map_or("", String::as_str);
    let unquoted = |index| split(typed(index)).words.pop().unwrap_or_default();
    let words: Vec<String> = (0..=index).map(unquoted).collect();
    let escaped = |text: &str| text.replace('\\', "\\\\");
    let line = |Candidate { value, help }: Candidate| {
        let value = escaped(&value).replace(':', "\\:");
        match help.as_str() {
            "" => value,
            help => format!("{value}:{}", escaped(help)),
        }
    };
    candidates(&words, definition).into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// One word for bash.
fn quoted(word: &str) -> String {
    line::quoted(word, None)
}
