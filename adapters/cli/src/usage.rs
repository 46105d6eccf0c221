//! Error messages for an invalid command line. They repeat no value: it may be a secret, or a part of
//! one that the shell has split.

use crate::report::{Exit, Report};
use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use std::error::Error as _;

/// Flags whose value is secret. An unknown flag that begins with one of these names may be the flag
/// with its value stuck to it.
const SECRET: &[&str] = &[
    "--token",
    "--password",
    "--username",
    "--exec-env",
    "--exec-arg",
    "--auth-provider-arg",
    "--oidc-client-secret",
    "--oidc-request-header",
];

/// The longest unknown flag that is repeated.
const LONGEST: usize = 32;

/// The message for the error. `None` if clap is to print it: help, or the version.
pub(crate) fn explain(error: &Error, program: &Command) -> Option<Report> {
    let text = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return None,
        ErrorKind::InvalidSubcommand => return Some(unknown_command(error, program)),
        ErrorKind::UnknownArgument => unknown_argument(error),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => invalid_value(error),
        ErrorKind::NoEquals => format!("{} takes its value after =", flag(error)),
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{} has the wrong number of values", flag(error))
        }
        ErrorKind::ArgumentConflict => {
            let other = text(error, ContextKind::PriorArg);
            let other = if other.is_empty() { "another flag".to_owned() } else { other };
            format!("{} cannot be used with {other}", flag(error))
        }
        ErrorKind::MissingRequiredArgument => {
            format!("missing {}", text(error, ContextKind::InvalidArg))
        }
        ErrorKind::MissingSubcommand => "no command is given".to_owned(),
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => "cannot be parsed".to_owned(),
    };
    Some(
        Report::new(Exit::Usage, format_args!("invalid command line: {text}")).advise(usage(error)),
    )
}

fn unknown_argument(error: &Error) -> String {
    let name = text(error, ContextKind::InvalidArg);
    let name = name.split('=').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_lowercase() || c == '-';
    let shown = name.starts_with("--")
        && name.len() <= LONGEST
        && name.chars().all(plain)
        && !SECRET.iter().any(|secret| name.starts_with(secret));
    let suggestion = text(error, ContextKind::SuggestedArg);
    let suggestion = match suggestion.is_empty() {
        true => String::new(),
        false => format!("; did you mean {suggestion}?"),
    };
    match (shown, name.starts_with('-')) {
        (true, _) => format!("unknown flag {name}{suggestion}"),
        (false, true) => format!("unknown flag (not shown, it may hold a secret){suggestion}"),
        (false, false) => {
            "there is one argument too many (not shown, it may be a secret)".to_owned()
        }
    }
}

fn invalid_value(error: &Error) -> String {
    let flag = flag(error);
    if text(error, ContextKind::InvalidValue).is_empty() {
        return format!("{flag} needs a value");
    }
    let allowed = text(error, ContextKind::ValidValue);
    match (error.source(), allowed.as_str()) {
        (Some(problem), _) => format!("invalid value for {flag}: {problem}"),
        (None, "") => format!("invalid value for {flag}"),
        (None, allowed) => format!("invalid value for {flag}: it must be one of {allowed}"),
    }
}

/// For `kubecred set-context` the advice is `kubecred config set-context`.
fn unknown_command(error: &Error, program: &Command) -> Report {
    let name = text(error, ContextKind::InvalidSubcommand);
    let below = |group: &Command| {
        let found = group.get_subcommands().find(|command| {
            command.get_name() == name || command.get_all_aliases().any(|alias| alias == name)
        });
        found.map(|found| format!("kubecred {} {}", group.get_name(), found.get_name()))
    };
    let visible = |name: &&String| {
        let hidden = |command: &Command| command.get_name() == *name && command.is_hide_set();
        !program.get_subcommands().any(hidden)
    };
    let suggested = match error.get(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::Strings(names)) => names.iter().find(visible).cloned(),
        Some(ContextValue::String(name)) => Some(name).filter(visible).cloned(),
        _ => None,
    };
    let found = program.get_subcommands().filter(|group| !group.is_hide_set()).find_map(below);
    let advice = match found.or(suggested) {
        Some(command) => format!("Did you mean {command}? kubecred --help lists the commands."),
        None => "kubecred --help lists the commands.".to_owned(),
    };
    let plain = |c: char| c.is_ascii_lowercase() || c == '-';
    let shown = name.len() <= LONGEST && name.chars().all(plain);
    let shown = if shown { name } else { "(not shown)".to_owned() };
    Report::new(Exit::Usage, format_args!("invalid command line: unknown command {shown}"))
        .advise(advice)
}

/// The flag or argument at fault, as the help has it.
fn flag(error: &Error) -> String {
    match text(error, ContextKind::InvalidArg) {
        name if name.is_empty() => "an argument".to_owned(),
        name => name,
    }
}

fn text(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        _ => String::new(),
    }
}

fn usage(error: &Error) -> String {
    match text(error, ContextKind::Usage) {
        usage if usage.is_empty() => {
            "Run kubecred COMMAND --help for the flags and their values.".to_owned()
        }
        usage => {
            let usage = usage.trim().to_owned();
            let command = usage.trim_start_matches("Usage: ");
            let words = command.split(' ').take_while(|word| !word.starts_with(['[', '<', '-']));
            format!("{usage}\n  Run {} --help for more.", words.collect::<Vec<_>>().join(" "))
        }
    }
}
