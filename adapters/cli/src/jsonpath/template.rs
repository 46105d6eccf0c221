//! From the text of a template to its nodes.

use super::Fault;
use super::scan::Scanner;
use super::unquote::unquote;

/// One step, and where in the template it stands, counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) place: usize,
    pub(super) step: Step,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Text around actions, or a quoted one in them.
    Text(String),
    /// An action, or what stands on one side of a comparison: each step goes on with what the one
    /// before found.
    Action(Vec<Node>),
    Field(String),
    Wildcard,
    Recursive,
    Slice(Slice),
    Union(Vec<Vec<Node>>),
    Filter(Box<Filter>),
    Int(i64),
    Float(f64),
    Bool(bool),
    Range,
    End,
    /// A word that means nothing; an error only when it is evaluated.
    Unknown(String),
}

/// `[first:end:step]`. Without an end and a colon, one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) first: Option<i64>,
    pub(super) end: SliceEnd,
    pub(super) step: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SliceEnd {
    /// There is no colon: the one after the first.
    OneItem,
    /// Nothing after the colon: the list's.
    Open,
    At(i64),
}

/// `[?(left operator right)]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filter {
    pub(super) left: Vec<Node>,
    /// The operator and what is on its right; `None`: whether there is a left.
    pub(super) right: Option<(String, Vec<Node>)>,
}

/// Parses a whole template.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, Fault> {
    nodes(&mut Scanner::new(text, 0))
}

fn nodes(scanner: &mut Scanner) -> Result<Vec<Node>, Fault> {
    let mut nodes = Vec::new();
    while let Some(char) = scanner.peek() {
        let start = scanner.at;
        let step = match char {
            '{' => {
                scanner.at += 1;
                Step::Action(action(scanner, start)?)
            }
            _ => {
                while scanner.peek().is_some_and(|char| char != '{') {
                    scanner.at += 1;
                }
                Step::Text(scanner.since(start))
            }
        };
        nodes.push(Node { place: scanner.place(start), step });
    }
    Ok(nodes)
}

/// What stands in braces, when the one that opens has been read.
fn action(scanner: &mut Scanner, opened: usize) -> Result<Vec<Node>, Fault> {
    let mut nodes: Vec<Node> = Vec::new();
    loop {
        let start = scanner.at;
        let place = scanner.place(start);
        if scanner.starts_with("[?(") {
            let step = Step::Filter(Box::new(filter(scanner)?));
            nodes.push(Node { place, step });
            continue;
        }
        if scanner.starts_with("..") {
            if nodes.last().is_some_and(|node| node.step == Step::Recursive) {
                return scanner.fault(start, "'..' twice in a row");
            }
            scanner.at += 2;
            nodes.push(Node { place, step: Step::Recursive });
            if scanner.peek().is_some_and(is_word) {
                let place = scanner.place(scanner.at);
                nodes.push(Node { place, step: field(scanner) });
            }
            continue;
        }
        let step = match scanner.next() {
            None | Some('\n' | '\r') => {
                return scanner.fault(opened, "the action is not closed by '}'");
            }
            Some('}') => return Ok(nodes),
            // The object itself: every action begins with it.
            Some(' ' | '@' | '$') => continue,
            Some('[') => {
                bracket(scanner, start, &mut nodes)?;
                continue;
            }
            Some(quote @ ('"' | '\'')) => Step::Text(quoted(scanner, start, quote)?),
            Some('.') => field(scanner),
            Some(char) if matches!(char, '+' | '-') || char.is_numeric() => number(scanner, start)?,
            Some(char) if is_word(char) => word(scanner, start),
            Some(char) => {
                return scanner.fault(start, format!("{char:?} is not expected in an action"));
            }
        };
        nodes.push(Node { place, step });
    }
}

fn is_word(char: char) -> bool {
    char == '_' || char.is_alphanumeric()
}

/// Whether a name or word ends before this.
fn ends_word(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

/// A field's name after its dot; a backslash keeps the next character.
fn field(scanner: &mut Scanner) -> Step {
    let start = scanner.at;
    while let Some(char) = scanner.peek() {
        if ends_word(char) {
            break;
        }
        scanner.at += 1;
        if char == '\\' {
            scanner.next();
        }
    }
    match scanner.since(start).as_str() {
        "*" => Step::Wildcard,
        name => Step::Field(name.replace('\\', "")),
    }
}

fn word(scanner: &mut Scanner, start: usize) -> Step {
    while scanner.peek().is_some_and(|char| !ends_word(char)) {
        scanner.at += 1;
    }
    match scanner.since(start).as_str() {
        "true" => Step::Bool(true),
        "false" => Step::Bool(false),
        "range" => Step::Range,
        "end" => Step::End,
        other => Step::Unknown(other.to_owned()),
    }
}

fn number(scanner: &mut Scanner, start: usize) -> Result<Step, Fault> {
    while scanner.peek().is_some_and(|char| char == '.' || char.is_numeric()) {
        scanner.at += 1;
    }
    let text = scanner.since(start);
    match (text.parse(), text.parse::<f64>()) {
        (Ok(whole), _) => Ok(Step::Int(whole)),
        (_, Ok(number)) if number.is_finite() => Ok(Step::Float(number)),
        _ => scanner.fault(start, format!("{text:?} is not a number")),
    }
}

fn quoted(scanner: &mut Scanner, start: usize, quote: char) -> Result<String, Fault> {
    loop {
        match scanner.next() {
            None | Some('\n') => return scanner.fault(start, "the quoted text is not closed"),
            Some(char) if char == quote && scanner.before_last() != Some('\\') => break,
            Some(_) => {}
        }
    }
    let text = scanner.since(start);
    match unquote(&text) {
        Some(text) => Ok(text),
        None => scanner.fault(start, "the quoted text has an escape that does not exist"),
    }
}

/// `[0]`, `[1:3]`, `[*]`, `['name']`, `[0,2]`, when the bracket that opens has been read.
fn bracket(scanner: &mut Scanner, start: usize, nodes: &mut Vec<Node>) -> Result<(), Fault> {
    loop {
        match scanner.next() {
            None | Some('\n') => return scanner.fault(start, "the bracket is not closed by ']'"),
            Some(']') => break,
            Some(_) => {}
        }
    }
    let whole = scanner.since(start);
    let inside = whole.get(1..whole.len() - 1).unwrap_or_default();
    let place = scanner.place(start);
    if inside.contains(',') {
        let parts =
            inside.split(',').map(|part| part_of(&format!("[{}]", part.trim_matches(' ')), place));
        let step = Step::Union(parts.collect::<Result<_, _>>()?);
        nodes.push(Node { place, step });
        return Ok(());
    }
    let key = inside.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    if let Some(key) = key.filter(|key| !key.contains('\'')) {
        nodes.extend(part_of(&format!(".{key}"), place)?);
        return Ok(());
    }
    match slice(if inside == "*" { ":" } else { inside }) {
        Some(slice) => {
            nodes.push(Node { place, step: Step::Slice(slice) });
            Ok(())
        }
        None => scanner.fault(start, format!("{whole:?} is neither an index nor a quoted name")),
    }
}

/// A part of an action, as an action of its own. Its faults are at the place of the whole.
fn part_of(text: &str, place: usize) -> Result<Vec<Node>, Fault> {
    let moved = |fault: Fault| Fault { place: place + 1, ..fault };
    let first =
        nodes(&mut Scanner::new(&format!("{{{text}}}"), 0)).map_err(moved)?.into_iter().next();
    let mut steps = match first {
        Some(Node { step: Step::Action(steps), .. }) => steps,
        _ => Vec::new(),
    };
    steps.iter_mut().for_each(|node| settle(node, place));
    Ok(steps)
}

/// Puts a node, and all in it, at this place.
fn settle(node: &mut Node, place: usize) {
    node.place = place;
    match &mut node.step {
        Step::Action(nodes) => nodes.iter_mut().for_each(|node| settle(node, place)),
        Step::Union(parts) => parts.iter_mut().flatten().for_each(|node| settle(node, place)),
        Step::Filter(filter) => {
            let Filter { left, right } = filter.as_mut();
            let right = right.iter_mut().flat_map(|(_, nodes)| nodes);
            left.iter_mut().chain(right).for_each(|node| settle(node, place));
        }
        _ => {}
    }
}

fn slice(text: &str) -> Option<Slice> {
    let mut parts = text.split(':');
    let number = |part: &str| match part {
        "" => Some(None),
        part if part.starts_with('+') => None,
        part => part.parse().ok().map(Some),
    };
    let first = number(parts.next()?)?;
    let end = match parts.next() {
        None => SliceEnd::OneItem,
        Some(part) => number(part)?.map_or(SliceEnd::Open, SliceEnd::At),
    };
    let step = number(parts.next().unwrap_or_default())?;
    parts.next().is_none().then_some(Slice { first, end, step })
}

/// A filter; the scanner is at its bracket.
fn filter(scanner: &mut Scanner) -> Result<Filter, Fault> {
    let start = scanner.at;
    scanner.at += "[?(".len();
    let inside = scanner.at;
    let (mut quote, mut closed) = (None, false);
    loop {
        match scanner.next() {
            None | Some('\n') => return scanner.fault(start, "the filter is not closed by ')]'"),
            Some(char @ ('"' | '\'')) => match quote {
                None => quote = Some(char),
                Some(open) if open == char && scanner.before_last() != Some('\\') => closed = true,
                Some(_) => {}
            },
            Some(')') if quote.is_some() == closed => break,
            Some(_) => {}
        }
    }
    let end = scanner.at;
    if scanner.next() != Some(']') {
        return scanner.fault(end, "a filter ends with ')]'");
    }
    let whole = scanner.since(inside);
    let text = whole.get(..whole.len() - ")]".len()).unwrap_or_default();
    let place = scanner.place(start);
    Ok(match comparison(text) {
        None => Filter { left: part_of(text, place)?, right: None },
        Some((left, operator, right)) => Filter {
            left: part_of(left, place)?,
            right: Some((operator.to_owned(), part_of(right, place)?)),
        },
    })
}

/// Left, operator and right of a filter, if it has all three.
fn comparison(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find(['!', '<', '>', '=']).filter(|start| *start > 0)?;
    let (left, rest) = text.split_at(start);
    let run = rest.find(|char| !matches!(char, '!' | '<' | '>' | '=')).unwrap_or(rest.len() - 1);
    // The last character of a run at the end is what is compared with.
    let (operator, right) = rest.split_at(run);
    let whole = !operator.is_empty() && !right.is_empty();
    whole.then_some((left, operator, right))
}
