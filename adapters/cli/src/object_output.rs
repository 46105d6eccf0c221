//! Objects of an API server as text: kubectl's `-o json`, `-o yaml`, `-o name` and JSONPath templates,
//! and tables.

use crate::output_flag::Form;
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

/// Prints an object, whose `token` is the only secret that it may show. `name` is
/// `resource.group/name`.
pub(crate) fn print(form: &Form<Format>, object: &Secret, name: &str) -> Result<(), Report> {
    let json = without_sent(object.expose_str().unwrap_or_default());
    let format = match form {
        Form::Template(printer) => return printer.print(&json),
        Form::Format(format) => format,
    };
    let json = json.expose_str().unwrap_or_default();
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
        let shown = |text: &str| redact::name(&redact::without_sent(text));
        text.push_str(&format!("{}{}\n", shown(&name), shown(value)));
    }
    write(text.as_bytes())
}

/// JSON without white space, without what was sent: a server repeats it in any field, and in keys of
/// maps. The field `token`, which is the first of its object, stays as it is.
fn without_sent(json: &str) -> Secret {
    let mut text = String::with_capacity(json.len());
    let (mut rest, mut is_token) = (json, false);
    while let Some(start) = rest.find('"') {
        let (before, quoted) = rest.split_at(start + 1);
        text.push_str(before);
        let inside = &quoted[..literal(quoted)];
        rest = &quoted[inside.len()..];
        let begins = [r#""spec":{""#, r#""status":{""#].iter().any(|begin| text.ends_with(begin));
        let is_field = rest.starts_with("\":") && FIELDS.contains(&inside);
        match is_field || (is_token && before == ":\"") {
            true => text.push_str(inside),
            false => text.push_str(&redact::without_sent(inside)),
        }
        is_token = begins && inside == "token";
        // Its end would be the start of the next.
        let end = rest.len().min(1);
        text.push_str(&rest[..end]);
        rest = &rest[end..];
    }
    text.push_str(rest);
    Secret::from(text)
}

/// The fields of the objects that are printed. A password may be such a word.
const FIELDS: &[&str] = &[
    "annotations",
    "apiVersion",
    "attestations",
    "audiences",
    "authenticated",
    "boundObjectRef",
    "creationTimestamp",
    "error",
    "expirationSeconds",
    "expirationTimestamp",
    "extra",
    "generateName",
    "generation",
    "groups",
    "kind",
    "labels",
    "metadata",
    "name",
    "namespace",
    "resourceVersion",
    "spec",
    "status",
    "token",
    "uid",
    "user",
    "userInfo",
    "username",
];

/// The length of what stands before the quote that ends a JSON string.
fn literal(text: &str) -> usize {
    let mut escape = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escape;
        escape = byte == b'\\' && !escape;
        ends
    });
    end.unwrap_or(text.len())
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

    /// Half a token is enough to be hidden; the token that was asked for is whole.
    #[test]
    fn what_was_sent_is_in_no_field_but_the_token() {
        redact::learn(&Secret::from("canary-of-objects"));
        redact::learn(&Secret::from("groups"));
        let json = r#"{"status":{"token":"canary-of-objects","groups":["groups","canary-of"],"extra":{"canary-of":["\"canary-of-o\\"]},"error":"a\u0063anary-of"}}"#;
        let shown = r#"{"status":{"token":"canary-of-objects","groups":["…","…"],"extra":{"…":["\"…\\"]},"error":"a…"}}"#;
        assert_eq!(without_sent(json).expose_str(), Some(shown));
    }

    #[test]
    fn json_is_indented_as_kubectl_does_it() {
        let json = r#"{"a":{},"b":[],"c":["x,y","\"{\\"],"d":{"e":true}}"#;
        let expected = "{\n    \"a\": {},\n    \"b\": [],\n    \"c\": [\n        \"x,y\",\n        \
                        \"\\\"{\\\\\"\n    ],\n    \"d\": {\n        \"e\": true\n    }\n}\n";
        assert_eq!(indented(json).expose_str(), Some(expected));
    }
}
