//! Objects of an API server as text: kubectl's `-o json`, `-o yaml` and `-o name`, and tables.

use crate::redact;
use crate::report::{Exit, Report};
use clap::ValueEnum;
use kubecred_core::{Secret, yaml};
use std::io::Write;

/// The forms in which an object is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    // No doc comments: they would become part of the help.
    Json,
    Yaml,
    Name,
}

/// Prints an object. `name` is `resource.group/name`.
pub(crate) fn print(format: Format, object: &Secret, name: &str) -> Result<(), Report> {
    let json = object.expose_str().unwrap_or_default();
    match format {
        Format::Json => write(indented(json).expose()),
        Format::Yaml => {
            let fault = |error| Report::new(Exit::Output, error);
            let value: serde_json::Value =
                serde_json::from_str(json).map_err(|error| fault(error.to_string()))?;
            let text = yaml::to_string(&value).map_err(|error| fault(error.to_string()))?;
            write(Secret::from(text).expose())
        }
        Format::Name => write(format!("{name}\n").as_bytes()),
    }
}

/// Prints rows of two columns under kubectl's heads (WH-6): the first is padded to its widest cell
/// and three spaces.
pub(crate) fn print_table(rows: &[(String, String)]) -> Result<(), Report> {
    let head = ("ATTRIBUTE".to_owned(), "VALUE".to_owned());
    let rows: Vec<_> = std::iter::once(&head).chain(rows).collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 3;
    let mut text = String::new();
    for (name, value) in rows {
        let name = format!("{name:width$}");
        text.push_str(&format!("{}{}\n", redact::name(&name), redact::name(value)));
    }
    write(text.as_bytes())
}

/// Writes to standard output.
pub(crate) fn write(text: &[u8]) -> Result<(), Report> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text).and_then(|()| stdout.flush()).map_err(|error| Report::output(&error))
}

/// JSON on many lines, indented by four spaces as kubectl does it, from JSON without white space.
fn indented(json: &str) -> Secret {
    let mut text = String::with_capacity(json.len() * 4 + 16);
    let (mut depth, mut inside, mut escape) = (0_usize, false, false);
    let mut chars = json.chars().peekable();
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.push_str(&"    ".repeat(depth));
    };
    while let Some(char) = chars.next() {
        match char {
            '{' | '[' if !inside => {
                text.push(char);
                match chars.peek() {
                    Some('}' | ']') => text.extend(chars.next()),
                    _ => {
                        depth += 1;
                        line(&mut text, depth);
                    }
                }
            }
            '}' | ']' if !inside => {
                depth = depth.saturating_sub(1);
                line(&mut text, depth);
                text.push(char);
            }
            ',' if !inside => {
                text.push(char);
                line(&mut text, depth);
            }
            ':' if !inside => text.push_str(": "),
            char => {
                inside ^= char == '"' && !escape;
                text.push(char);
            }
        }
        escape = inside && char == '\\' && !escape;
    }
    text.push('\n');
    Secret::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_as_kubectl_does_it() {
        let json = r#"{"a":{},"b":[],"c":["x,y","\"{\\"],"d":{"e":true}}"#;
        let expected = "{\n    \"a\": {},\n    \"b\": [],\n    \"c\": [\n        \"x,y\",\n        \
                        \"\\\"{\\\\\"\n    ],\n    \"d\": {\n        \"e\": true\n    }\n}\n";
        assert_eq!(indented(json).expose_str(), Some(expected));
    }
}
