//! The part of Go's template syntax that pages of a login need: fields, `if`, `with`, `else`,
//! `end`, comments, and the marks that trim white space. Anything else is an error.
//!
//! A value is escaped for the place in the HTML where it stands, as Go's `html/template` does it:
//! text, an attribute with or without quotes, the query of a URL. In a script, a style or a comment
//! there is no place for values.

use super::escape;
use std::collections::BTreeMap;

/// The values of fields; one that is not there is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Values(BTreeMap<String, String>);

impl Values {
    pub(super) fn new(values: &[(&str, &str)]) -> Self {
        Self(values.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// A template that has been understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Node>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Text(String),
    /// A field, or `None` for the value that `with` has chosen.
    Field(Option<String>, Place),
    /// `if`, or `with`: its field; what stands there if it is not empty; and if it is.
    If {
        field: Option<String>,
        with: bool,
        then: Vec<Self>,
        otherwise: Vec<Self>,
    },
}

/// Where in the HTML a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Text,
    Quoted,
    Unquoted,
    Query,
}

impl Template {
    /// Understands a template.
    ///
    /// # Errors
    /// What is wrong, with its line.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let pieces = split(text)?;
        let mut parser = Parser { pieces: &pieces, at: 0, html: Html::default() };
        let nodes = parser.nodes()?;
        match parser.next() {
            None => Ok(Self(nodes)),
            Some(piece) => Err(piece.wrong("there is nothing that this could end")),
        }
    }

    /// The page with these values.
    pub(super) fn render(&self, values: &Values) -> String {
        let mut page = String::new();
        render(&self.0, values, None, &mut page);
        page
    }
}

fn render(nodes: &[Node], values: &Values, dot: Option<&str>, page: &mut String) {
    let value = |field: &Option<String>| match field {
        Some(name) => values.get(name),
        None => dot.unwrap_or_default(),
    };
    for node in nodes {
        match node {
            Node::Text(text) => page.push_str(text),
            Node::Field(field, place) => page.push_str(&match place {
                Place::Text => escape::text(value(field)),
                Place::Quoted => escape::attribute(value(field)),
                Place::Unquoted => escape::unquoted_attribute(value(field)),
                Place::Query => escape::url_part(value(field)),
            }),
            Node::If { field, with, then, otherwise } => match value(field) {
                "" => render(otherwise, values, dot, page),
                chosen => render(then, values, if *with { Some(chosen) } else { dot }, page),
            },
        }
    }
}

/// A piece of the template: text, or what stands between two pairs of braces.
#[derive(Debug)]
struct Piece<'a> {
    line: usize,
    text: &'a str,
    is_action: bool,
}

impl Piece<'_> {
    fn wrong(&self, what: &str) -> String {
        format!("line {}: {{{{{}}}}}: {what}", self.line, self.text)
    }
}

/// Splits at the braces; comments are gone, and trimmed white space too.
fn split(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let (mut rest, mut line, mut trim) = (text, 1, false);
    loop {
        let (plain, action) = match rest.split_once("{{") {
            Some((plain, action)) => (plain, Some(action)),
            None => (rest, None),
        };
        let start = line + plain.matches('\n').count();
        let trim_end = action.is_some_and(begins_with_trim);
        let shown = if trim { plain.trim_start() } else { plain };
        let shown = if trim_end { shown.trim_end() } else { shown };
        if !shown.is_empty() {
            pieces.push(Piece { line, text: shown, is_action: false });
        }
        let Some(action) = action else { return Ok(pieces) };
        let comment = action.trim_start_matches("- ").trim_start().starts_with("/*");
        let end = match comment {
            true => {
                action.find("*/").and_then(|at| action.get(at..)?.find("}}").map(|more| at + more))
            }
            false => action.find("}}"),
        };
        let end = end.ok_or_else(|| format!("line {start}: {{{{ is not closed"))?;
        let (inside, after) = action.split_at(end);
        trim = inside.ends_with('-') && inside[..inside.len() - 1].ends_with(char::is_whitespace);
        line = start + inside.matches('\n').count();
        rest = after.get(2..).unwrap_or_default();
        let inside = if trim_end { inside.trim_start_matches('-') } else { inside };
        let inside = if trim { inside.trim_end_matches('-') } else { inside };
        if !comment {
            pieces.push(Piece { line: start, text: inside.trim(), is_action: true });
        }
    }
}

/// `{{- ` trims what stands before it; `{{-3` would be a number.
fn begins_with_trim(action: &str) -> bool {
    action.strip_prefix('-').is_some_and(|rest| rest.starts_with(char::is_whitespace))
}

struct Parser<'a> {
    pieces: &'a [Piece<'a>],
    at: usize,
    html: Html,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a Piece<'a>> {
        let piece = self.pieces.get(self.at)?;
        self.at += 1;
        Some(piece)
    }

    /// Up to an `else`, an `end` or the end.
    fn nodes(&mut self) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.get(self.at) {
            if !piece.is_action {
                self.at += 1;
                self.html.feed(piece.text);
                nodes.push(Node::Text(piece.text.to_owned()));
                continue;
            }
            let mut words = piece.text.split_whitespace();
            let (first, second, third) = (words.next(), words.next(), words.next());
            match (first, second, third) {
                (Some("end" | "else"), ..) => break,
                (Some(word @ ("if" | "with")), Some(name), None) => {
                    self.at += 1;
                    nodes.push(self.condition(piece, word == "with", name)?);
                }
                (Some(name), None, None) if name.starts_with('.') => {
                    self.at += 1;
                    let place = self.html.place().map_err(|what| piece.wrong(what))?;
                    nodes.push(Node::Field(field(piece, name)?, place));
                }
                _ => return Err(piece.wrong("only fields, if, with, else and end are understood")),
            }
        }
        Ok(nodes)
    }

    fn condition(&mut self, start: &Piece<'_>, with: bool, name: &str) -> Result<Node, String> {
        let field = field(start, name)?;
        let before = self.html.clone();
        let then = self.nodes()?;
        let after_then = std::mem::replace(&mut self.html, before);
        let not_closed = || start.wrong("it has no end");
        let mut otherwise = Vec::new();
        let mut piece = self.next().ok_or_else(not_closed)?;
        let mut words = piece.text.split_whitespace();
        if words.next() == Some("else") {
            match (words.next(), words.next(), words.next()) {
                (None, ..) => {
                    otherwise = self.nodes()?;
                    piece = self.next().ok_or_else(not_closed)?;
                }
                (Some(word @ ("if" | "with")), Some(name), None) => {
                    // `else if` shares its `end` with this one.
                    otherwise = vec![self.condition(piece, word == "with", name)?];
                    return self.join(start, after_then, Node::If { field, with, then, otherwise });
                }
                _ => return Err(piece.wrong("only else, else if and else with are understood")),
            }
        }
        if piece.text != "end" {
            return Err(piece.wrong("end is expected here"));
        }
        self.join(start, after_then, Node::If { field, with, then, otherwise })
    }

    /// Both ways must end in the same place, or it is not known where what follows stands.
    fn join(&mut self, start: &Piece<'_>, then: Html, node: Node) -> Result<Node, String> {
        if then == self.html {
            Ok(node)
        } else {
            Err(start.wrong("its branches end in different places of the HTML"))
        }
    }
}

/// The name of a field; `None` for a dot alone.
fn field(piece: &Piece<'_>, name: &str) -> Result<Option<String>, String> {
    let name = name.strip_prefix('.').ok_or_else(|| piece.wrong("a field starts with a dot"))?;
    match name {
        "" => Ok(None),
        name if name.chars().all(|c| c.is_alphanumeric() || c == '_') => Ok(Some(name.to_owned())),
        _ => Err(piece.wrong("a field is one name")),
    }
}

/// Where in HTML a text has got to, as far as it matters for escaping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Html {
    state: State,
    /// The tag that is being read, in lower case.
    tag: String,
    /// The attribute's value so far, to know the query of a URL.
    value: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After `<`, in the tag's name.
    TagName,
    /// In a tag, between attributes or in a name.
    Tag,
    /// After `=`.
    BeforeValue,
    Quoted(char),
    Unquoted,
    Comment,
    /// In a script, a style and the like, up to the end tag.
    Raw,
}

impl Html {
    fn place(&mut self) -> Result<Place, &'static str> {
        match self.state {
            State::Text => Ok(Place::Text),
            State::Quoted(_) if self.value.contains(['?', '#']) => Ok(Place::Query),
            State::Quoted(_) => Ok(Place::Quoted),
            State::BeforeValue => {
                self.state = State::Unquoted;
                Ok(Place::Unquoted)
            }
            State::Unquoted => Ok(Place::Unquoted),
            State::TagName | State::Tag => Err("a value cannot stand in a tag"),
            State::Comment => Err("a value cannot stand in a comment"),
            State::Raw => Err("a value cannot stand in a script or a style"),
        }
    }

    fn feed(&mut self, text: &str) {
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            let next = rest.get(char.len_utf8()..).unwrap_or_default();
            self.state = match self.state {
                State::Text if rest.starts_with("<!--") => State::Comment,
                State::Text if char == '<' => {
                    self.tag.clear();
                    State::TagName
                }
                State::Comment if rest.starts_with("-->") => {
                    rest = rest.get(3..).unwrap_or_default();
                    self.state = State::Text;
                    continue;
                }
                State::Raw if self.ends_raw(rest) => {
                    self.tag.clear();
                    State::TagName
                }
                State::TagName | State::Tag if char == '>' => self.after_tag(),
                State::TagName if char.is_whitespace() => State::Tag,
                State::TagName => {
                    self.tag.extend(char.to_lowercase());
                    State::TagName
                }
                State::Tag if char == '=' => {
                    self.value.clear();
                    State::BeforeValue
                }
                State::BeforeValue if char.is_whitespace() => State::BeforeValue,
                State::BeforeValue if matches!(char, '"' | '\'') => State::Quoted(char),
                State::BeforeValue | State::Unquoted if char == '>' => self.after_tag(),
                State::Unquoted if char.is_whitespace() => State::Tag,
                State::BeforeValue | State::Unquoted => State::Unquoted,
                State::Quoted(quote) if char == quote => State::Tag,
                State::Quoted(quote) => {
                    self.value.push(char);
                    State::Quoted(quote)
                }
                other => other,
            };
            rest = next;
        }
        if !matches!(self.state, State::Quoted(_)) {
            self.value.clear();
        }
        if matches!(self.state, State::Text | State::Comment) {
            self.tag.clear();
        }
    }

    fn after_tag(&mut self) -> State {
        match self.tag.as_str() {
            "script" | "style" => State::Raw,
            _ => State::Text,
        }
    }

    /// Whether the end tag of what is being read begins here.
    fn ends_raw(&self, rest: &str) -> bool {
        rest.strip_prefix("</").is_some_and(|rest| {
            rest.get(..self.tag.len()).is_some_and(|name| name.eq_ignore_ascii_case(&self.tag))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(template: &str) -> String {
        let values = Values::new(&[("Name", "<A & \"b\">"), ("Empty", ""), ("Path", "a b&c")]);
        Template::parse(template)
            .unwrap_or_else(|error| panic!("{template}: {error}"))
            .render(&values)
    }

    #[test]
    fn fields_conditions_comments_and_trimming() {
        for (template, expected) in [
            ("a {{ .Path }} b", "a a b&amp;c b"),
            ("{{.Gone}}|{{.Empty}}", "|"),
            ("{{if .Path}}y{{else}}n{{end}}{{if .Empty}}y{{else}}n{{end}}", "yn"),
            ("{{if .Empty}}y{{end}}.", "."),
            (
                "{{with .Path}}[{{.}}]{{end}}{{with .Empty}}[{{.}}]{{else}}none{{end}}",
                "[a b&amp;c]none",
            ),
            ("{{if .Empty}}1{{else if .Path}}2{{else}}3{{end}}", "2"),
            ("a{{/* no }} end here */}}b", "ab"),
            ("a  {{- .Path -}}  \n b", "aa b&amp;cb"),
            ("a {{- /* c */ -}} b", "ab"),
            ("}} { {", "}} { {"),
        ] {
            assert_eq!(shown(template), expected, "{template}");
        }
    }

    #[test]
    fn lg_111_a_value_is_escaped_for_its_place() {
        let escaped = "&lt;A &amp; &quot;b&quot;&gt;";
        assert_eq!(shown("<p>{{.Name}}</p>"), format!("<p>{escaped}</p>"));
        assert_eq!(shown("<p t=\"{{.Name}}\">"), format!("<p t=\"{escaped}\">"));
        assert_eq!(shown("<p t={{.Path}}>"), "<p t=a&#32;b&#38;c>");
        assert_eq!(shown("<a href='/x?q={{.Path}}'>"), "<a href='/x?q=a%20b%26c'>");
        assert_eq!(shown("<a href='/x?q=1'>{{.Path}}</a>"), "<a href='/x?q=1'>a b&amp;c</a>");
        assert_eq!(shown("<style>p>a{}</style>{{.Path}}"), "<style>p>a{}</style>a b&amp;c");
        assert_eq!(shown("<title>{{.Path}}</title>"), "<title>a b&amp;c</title>");
    }

    #[test]
    fn lg_113_what_is_not_understood_is_an_error_with_its_line() {
        for template in [
            "{{range .X}}{{end}}",
            "{{.Name | html}}",
            "{{template \"x\"}}",
            "{{printf \"%s\" .Name}}",
            "{{.A.B}}",
            "{{Name}}",
            "{{if .Name}}",
            "{{if .Name}}{{else}}",
            "{{end}}",
            "{{else}}",
            "{{.Name",
            "{{/* }}",
            "{{if}}{{end}}",
            "{{}}",
            "<script>let a = '{{.Name}}'</script>",
            "<style>{{.Name}}</style>",
            "<p {{.Name}}>",
            "<{{.Name}}>",
            "<!-- {{.Name}} -->",
            "{{if .Name}}<p t=\"{{else}}<p>{{end}}",
        ] {
            let text = ["\n", template].concat();
            let error = Template::parse(&text).unwrap_err();
            assert!(error.starts_with("line 2: "), "{template}: {error}");
        }
    }
}
