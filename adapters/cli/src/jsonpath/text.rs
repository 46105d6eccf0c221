//! What was found, as text: as Go prints values.

use super::find::Found;
use serde_json::Value;
use std::fmt::Write;
use std::ops::Range;

/// Adds what one action found: values apart by spaces, or one JSON list in a line of its own.
pub(super) fn print(found: &[Found<'_>], as_json: bool, text: &mut String) {
    if as_json {
        let list = found.iter().map(|found| found.value().cloned().unwrap_or(Value::Null));
        json(&Value::Array(list.collect()), Some(0), text);
        text.push('\n');
        return;
    }
    for (i, found) in found.iter().enumerate() {
        if i > 0 {
            text.push(' ');
        }
        match found.value() {
            None => text.push_str("<no value>"),
            Some(Value::String(value)) => text.push_str(value),
            Some(Value::Number(value)) => number(value, 1e-4..1e6, text),
            Some(value) => json(value, None, text),
        }
    }
}

/// JSON as Go writes it; with a depth, on many lines and indented by four spaces.
fn json(value: &Value, depth: Option<usize>, text: &mut String) {
    let inner = depth.map(|depth| depth + 1);
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(value) => number(value, 1e-6..1e21, text),
        Value::String(value) => quoted(value, text),
        Value::Array(items) if items.is_empty() => text.push_str("[]"),
        Value::Object(fields) if fields.is_empty() => text.push_str("{}"),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                text.push(if i == 0 { '[' } else { ',' });
                line(inner, text);
                json(item, inner, text);
            }
            line(depth, text);
            text.push(']');
        }
        Value::Object(fields) => {
            for (i, (name, value)) in fields.iter().enumerate() {
                text.push(if i == 0 { '{' } else { ',' });
                line(inner, text);
                quoted(name, text);
                text.push_str(if depth.is_some() { ": " } else { ":" });
                json(value, inner, text);
            }
            line(depth, text);
            text.push('}');
        }
    }
}

fn line(depth: Option<usize>, text: &mut String) {
    if let Some(depth) = depth {
        text.push('\n');
        text.push_str(&"    ".repeat(depth));
    }
}

/// Whole numbers are written in full. Others are 64-bit floats, with an exponent if their size is not
/// in this range.
fn number(value: &serde_json::Number, plain: Range<f64>, text: &mut String) {
    if value.is_i64() || value.is_u64() {
        text.push_str(&value.to_string());
        return;
    }
    let float = value.as_f64().unwrap_or(0.0);
    let size = float.abs();
    let written = match size != 0.0 && !plain.contains(&size) {
        false => float.to_string(),
        true => {
            let text = format!("{float:e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let sign = if exponent.starts_with('-') { '-' } else { '+' };
            format!("{digits}e{sign}{:0>2}", exponent.trim_start_matches('-'))
        }
    };
    text.push_str(&written);
}

/// With what a page would obey escaped, as Go does it.
fn quoted(value: &str, text: &mut String) {
    text.push('"');
    for char in value.chars() {
        match char {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(text, "\\u{:04x}", u32::from(char)); // a text takes all
            }
            char => text.push(char),
        }
    }
    text.push('"');
}
