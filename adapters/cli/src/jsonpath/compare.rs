//! Comparisons of filters.

use super::find::Found;
use serde_json::Value;
use std::cmp::Ordering;

/// Whether the comparison holds, or what is wrong with it.
pub(super) fn compare(left: &Found<'_>, operator: &str, right: &Found<'_>) -> Result<bool, String> {
    if !matches!(operator, "==" | "!=" | "<" | "<=" | ">" | ">=") {
        return Err(format!("there is no comparison {operator:?}"));
    }
    let (left, right) = (Operand::of(left)?, Operand::of(right)?);
    let order = match (&left, &right) {
        (Operand::Text(left), Operand::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (Operand::Number(left), Operand::Number(right)) => left.partial_cmp(right),
        (Operand::Bool(left), Operand::Bool(right)) => match operator {
            "==" => return Ok(left == right),
            "!=" => return Ok(left != right),
            _ => return Err("booleans are equal or not, and have no order".into()),
        },
        _ => {
            return Err(format!("{} cannot be compared with {}", left.kind(), right.kind()));
        }
    };
    Ok(match operator {
        "==" => order == Some(Ordering::Equal),
        "!=" => order != Some(Ordering::Equal),
        "<" => order == Some(Ordering::Less),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        ">" => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    })
}

enum Operand<'a> {
    Text(&'a str),
    Number(f64),
    Bool(bool),
}

impl<'a> Operand<'a> {
    fn of(found: &'a Found<'_>) -> Result<Self, String> {
        match found.value() {
            Some(Value::String(text)) => Ok(Self::Text(text)),
            Some(Value::Number(number)) => Ok(Self::Number(number.as_f64().unwrap_or(f64::NAN))),
            Some(Value::Bool(value)) => Ok(Self::Bool(*value)),
            Some(Value::Array(_)) => Err("a list cannot be compared".into()),
            Some(Value::Object(_)) => Err("an object cannot be compared".into()),
            Some(Value::Null) | None => Err("null cannot be compared".into()),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Bool(_) => "a boolean",
        }
    }
}
