//! What a template finds in an object.

use super::Fault;
use super::compare::compare;
use super::template::{Filter, Node, Slice, SliceEnd, Step};
use serde_json::Value;

/// The most values that are looked at. Nested ranges and descents multiply; a kubeconfig of a
/// thousand entries takes some ten thousand.
const MOST: usize = 1 << 20;

/// The most ranges in one another, each of which takes some of the stack.
const MOST_RANGES: usize = 100;

/// One thing that was found.
#[derive(Clone, Debug)]
pub(super) enum Found<'a> {
    /// A part of the object.
    Part(&'a Value),
    /// A text or number of the template, or a byte of a text.
    Made(Value),
    /// The item `null` of a list that a range goes through.
    NoValue,
}

impl Found<'_> {
    /// `None` for an item that is no value.
    pub(super) fn value(&self) -> Option<&Value> {
        match self {
            Self::Part(value) => Some(value),
            Self::Made(value) => Some(value),
            Self::NoValue => None,
        }
    }

    fn is_null(&self) -> bool {
        self.value() == Some(&Value::Null)
    }

    /// As the object of a template.
    fn as_object(&self) -> Self {
        if self.is_null() { Self::NoValue } else { self.clone() }
    }
}

type Values<'a> = Vec<Found<'a>>;

/// A step that failed. What it leaves counts for a filter that asks only whether there is anything.
struct Failed<'a> {
    left: Values<'a>,
    fault: Fault,
}

type Walked<'a> = Result<Values<'a>, Failed<'a>>;

/// What each action and text of the template finds, in order.
pub(super) fn results<'a>(
    nodes: &[Node],
    object: &'a Value,
    allow_missing: bool,
) -> Result<Vec<Values<'a>>, Fault> {
    let mut finder =
        Finder { nodes, allow_missing, begun: 0, inside: 0, ended: 0, end: None, steps: 0 };
    finder.results(0, Found::Part(object).as_object())
}

/// The state of ranges is kept as kubectl keeps it, so that a range without end, or two in one action,
/// do the same.
struct Finder<'t> {
    nodes: &'t [Node],
    allow_missing: bool,
    /// Ranges that begin with this action.
    begun: usize,
    /// Ranges that are open.
    inside: usize,
    /// Ranges that end with this action.
    ended: usize,
    /// The action that ended a range last.
    end: Option<usize>,
    steps: usize,
}

impl Finder<'_> {
    fn results<'a>(&mut self, start: usize, object: Found<'a>) -> Result<Vec<Values<'a>>, Fault> {
        let nodes = self.nodes;
        let mut results = Vec::new();
        let mut at = start;
        while let Some(node) = nodes.get(at) {
            let found = self.walk(vec![object.clone()], node).map_err(|failed| failed.fault)?;
            if self.ended > 0 && self.ended <= self.inside {
                self.ended -= 1;
                self.end = Some(at);
                break;
            }
            if self.begun > 0 {
                self.begun -= 1;
                self.inside += 1;
                for item in &found {
                    results.extend(self.results(at + 1, item.as_object())?);
                }
                if found.is_empty() {
                    // Only to see where it ends.
                    self.results(at + 1, Found::NoValue)?;
                }
                self.inside -= 1;
                at = self.end.filter(|end| *end > at).unwrap_or(at) + 1;
                continue;
            }
            results.push(found);
            at += 1;
        }
        Ok(results)
    }

    fn list<'a>(&mut self, mut values: Values<'a>, nodes: &[Node]) -> Walked<'a> {
        for node in nodes {
            values = self.walk(values, node)?;
        }
        Ok(values)
    }

    fn walk<'a>(&mut self, values: Values<'a>, node: &Node) -> Walked<'a> {
        self.steps += values.len() + 1;
        if self.steps > MOST {
            return fail(node, Vec::new(), "the template looks at too many values");
        }
        let each = |value: Value| Ok(values.iter().map(|_| Found::Made(value.clone())).collect());
        match &node.step {
            Step::Text(text) => Ok(vec![Found::Made(Value::from(text.as_str()))]),
            Step::Action(nodes) => self.list(values, nodes),
            Step::Field(name) => self.field(&values, name, node),
            Step::Wildcard => Ok(values.iter().flat_map(children).collect()),
            Step::Recursive => self.recursive(&values, node),
            Step::Slice(slice) => items(values, slice, node),
            Step::Union(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    match self.list(values.clone(), part) {
                        Ok(found) => all.extend(found),
                        Err(Failed { fault, .. }) => return Err(Failed { left: values, fault }),
                    }
                }
                Ok(all)
            }
            Step::Filter(filter) => self.filter(values, filter, node),
            Step::Int(number) => each(Value::from(*number)),
            Step::Float(number) => each(Value::from(*number)),
            Step::Bool(value) => each(Value::from(*value)),
            Step::Range if self.inside + self.begun >= MOST_RANGES => {
                fail(node, values, format!("more than {MOST_RANGES} ranges in one another"))
            }
            Step::Range => {
                self.begun += 1;
                Ok(values)
            }
            Step::End if self.inside == 0 => fail(node, Vec::new(), "'end' without a 'range'"),
            Step::End => {
                self.ended += 1;
                Ok(Vec::new())
            }
            Step::Unknown(word) => fail(
                node,
                values,
                format!(
                    "{word:?} is no keyword (those are range and end; a field has a dot before it)"
                ),
            ),
        }
    }

    fn field<'a>(&self, values: &Values<'a>, name: &str, node: &Node) -> Walked<'a> {
        let of = |value: &Found<'a>| match value {
            Found::Part(Value::Object(fields)) => fields.get(name).map(Found::Part),
            // What is made is no object.
            _ => None,
        };
        let found: Values<'a> = values.iter().filter_map(of).collect();
        match found.is_empty() && !values.is_empty() && !self.allow_missing {
            true => fail(node, found, format!("the field {name:?} is missing")),
            false => Ok(found),
        }
    }

    /// All values that have values in them, at any depth, each before what it holds.
    fn recursive<'a>(&mut self, values: &Values<'a>, node: &Node) -> Walked<'a> {
        let mut found = Vec::new();
        for value in values {
            let children = children(value);
            self.steps += children.len();
            if self.steps > MOST {
                return fail(node, found, "the template looks at too many values");
            }
            if !children.is_empty() {
                found.push(value.clone());
                found.extend(self.recursive(&children, node)?);
            }
        }
        Ok(found)
    }

    fn filter<'a>(&mut self, values: Values<'a>, filter: &Filter, node: &Node) -> Walked<'a> {
        let mut kept = Vec::new();
        for value in &values {
            let Some(list) = list_of(value) else {
                let problem = format!("{} is no list and cannot be filtered", kind(value));
                return fail(node, values, problem);
            };
            for item in list {
                let item = Found::Part(item);
                let left = self.list(vec![item.clone()], &filter.left);
                let Some((operator, right)) = &filter.right else {
                    let left = left.unwrap_or_else(|failed| failed.left);
                    kept.extend((!left.is_empty()).then_some(item));
                    continue;
                };
                let compared = match left {
                    Err(failed) => Err(failed.fault),
                    Ok(left) if left.is_empty() => continue,
                    Ok(left) if left.len() > 1 => too_many(node),
                    Ok(left) => match self.list(vec![item.clone()], right) {
                        Err(failed) => Err(failed.fault),
                        Ok(right) => match (left.as_slice(), right.as_slice()) {
                            (_, []) => continue,
                            ([left], [right]) => compare(left, operator, right)
                                .map_err(|problem| Fault { place: node.place + 1, problem }),
                            _ => too_many(node),
                        },
                    },
                };
                match compared {
                    Ok(true) => kept.push(item),
                    Ok(false) => {}
                    Err(fault) => return Err(Failed { left: values, fault }),
                }
            }
        }
        Ok(kept)
    }
}

fn too_many(node: &Node) -> Result<bool, Fault> {
    let problem = "a filter compares one value with one; there are more".into();
    Err(Fault { place: node.place + 1, problem })
}

fn fail<'a>(node: &Node, left: Values<'a>, problem: impl Into<String>) -> Walked<'a> {
    Err(Failed { left, fault: Fault { place: node.place + 1, problem: problem.into() } })
}

/// The values in a list or an object, or the bytes of a text.
fn children<'a>(value: &Found<'a>) -> Values<'a> {
    match value {
        Found::Part(Value::Array(items)) => items.iter().map(Found::Part).collect(),
        Found::Part(Value::Object(fields)) => fields.values().map(Found::Part).collect(),
        other => match other.value() {
            Some(Value::String(text)) => {
                text.bytes().map(|byte| Found::Made(Value::from(byte))).collect()
            }
            _ => Vec::new(),
        },
    }
}

fn list_of<'a>(value: &Found<'a>) -> Option<&'a [Value]> {
    match value {
        Found::Part(Value::Array(items)) => Some(items),
        _ => None,
    }
}

fn kind(value: &Found<'_>) -> &'static str {
    match value.value() {
        Some(Value::Null) | None => "null",
        Some(Value::Bool(_)) => "a boolean",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(_)) => "a text",
        Some(Value::Array(_)) => "a list",
        Some(Value::Object(_)) => "an object",
    }
}

fn items<'a>(values: Values<'a>, slice: &Slice, node: &Node) -> Walked<'a> {
    let mut found = Vec::new();
    for value in &values {
        if value.is_null() || matches!(value, Found::NoValue) {
            continue;
        }
        let Some(list) = list_of(value) else {
            let problem = format!("{} is no list", kind(value));
            return fail(node, values, problem);
        };
        let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
        let first = slice.first.unwrap_or(0);
        let end = match slice.end {
            SliceEnd::At(end) => end,
            SliceEnd::Open => length,
            SliceEnd::OneItem => first.saturating_add(1),
        };
        // Negative ones count from the end; the end of `[-1]` is that of the list.
        let wraps = end < 0 || (end == 0 && slice.end == SliceEnd::OneItem);
        let end = if wraps { end.saturating_add(length) } else { end };
        let first = if first < 0 { first.saturating_add(length) } else { first };
        if first == end {
            return Ok(found);
        }
        let outside = |index: i64| format!("the index {index} is outside of a list of {length}");
        if !(0..length).contains(&first) {
            return fail(node, values, outside(first));
        }
        if !(0..=length).contains(&end) {
            return fail(node, values, outside(end.saturating_sub(1)));
        }
        if first > end {
            let problem = format!("the slice begins at {first} and ends at {end}");
            return fail(node, values, problem);
        }
        let step = match slice.step {
            Some(step) if step <= 0 => return fail(node, values, "a slice's step is 1 or more"),
            step => step.and_then(|step| usize::try_from(step).ok()).unwrap_or(1),
        };
        let bounds = usize::try_from(first).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
        found.extend(list.get(bounds).unwrap_or_default().iter().step_by(step).map(Found::Part));
    }
    Ok(found)
}
