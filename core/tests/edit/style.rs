//! Kubeconfigs as people and programs write them: one content, many texts.

use serde_json::{Map, Value};

use crate::kubectl::Random;

/// How a file is written.
pub(crate) struct Style {
    /// How far a mapping stands to the right of its key, and a list.
    step: usize,
    list_step: usize,
    /// Blanks after a dash.
    dash: usize,
    crlf: bool,
    mark: bool,
    ends_with_break: bool,
    /// In a hundred: comments, brackets, quotes.
    comments: usize,
    brackets: usize,
    quotes: usize,
    json: Option<Json>,
}

#[derive(Clone, Copy, PartialEq)]
enum Json {
    Pretty,
    Compact,
}

/// A line, and the entry or top-level field that it belongs to; empty for none.
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) owner: String,
}

impl Style {
    pub(crate) fn random(random: &mut Random) -> Self {
        let json = match random.below(12) {
            0 => Some(Json::Pretty),
            1 => Some(Json::Compact),
            _ => None,
        };
        Self {
            step: 1 + random.below(4),
            list_step: random.below(3) * 2,
            dash: 1 + random.below(8) / 6 * 2,
            crlf: random.chance(10),
            mark: json.is_none() && random.chance(5),
            ends_with_break: random.chance(90),
            comments: *random.pick(&[0, 10, 40]),
            brackets: *random.pick(&[0, 20, 60]),
            quotes: *random.pick(&[0, 30]),
            json,
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json.is_some()
    }

    /// The file's bytes.
    pub(crate) fn text(&self, lines: &[Line]) -> Vec<u8> {
        let newline = if self.crlf { "\r\n" } else { "\n" };
        let lines: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        let mut text = if self.mark { "\u{FEFF}".to_owned() } else { String::new() };
        text += &lines.join(newline);
        // What a text block ends with would be lost.
        if self.ends_with_break || lines.last().is_some_and(|line| line.starts_with(' ')) {
            text += newline;
        }
        text.into_bytes()
    }

    /// A file's text without mark and carriage returns.
    pub(crate) fn decode(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        assert_eq!(text.starts_with('\u{FEFF}'), self.mark);
        assert_eq!(text.matches('\r').count(), text.matches('\n').count() * usize::from(self.crlf));
        text.trim_start_matches('\u{FEFF}').replace('\r', "")
    }

    pub(crate) fn render(&self, config: &Value, random: &mut Random) -> Vec<Line> {
        let text = match self.json {
            Some(Json::Pretty) => serde_json::to_string_pretty(config).expect("JSON"),
            Some(Json::Compact) => config.to_string(),
            None => {
                let mut page =
                    Page { style: self, random, lines: Vec::new(), count: 0, owner: String::new() };
                page.root(config.as_object().expect("a mapping"));
                return page.lines;
            }
        };
        // In JSON an astral character stands as it is, and DEL and NEL would not do.
        let text = text.replace('\u{85}', "\\u0085");
        text.lines().map(|line| Line { text: line.to_owned(), owner: String::new() }).collect()
    }
}

struct Page<'p> {
    style: &'p Style,
    random: &'p mut Random,
    lines: Vec<Line>,
    /// Of comments, so that each is another.
    count: usize,
    owner: String,
}

impl Page<'_> {
    fn root(&mut self, root: &Map<String, Value>) {
        for (key, value) in self.shuffled(root) {
            self.owner = String::new();
            self.comment_line(0);
            self.owner.clone_from(&key);
            let items =
                value.as_array().filter(|items| items.iter().all(|item| item["name"].is_string()));
            match items.filter(|items| !items.is_empty() && key != "extensions") {
                Some(items) if self.chance(self.style.brackets / 3) => {
                    self.items_in_brackets(&key, items)
                }
                Some(items) => self.items(&key, items),
                None => self.entry(&key, &value, 0, String::new()),
            }
        }
        self.owner = String::new();
        self.comment_line(0);
        // An empty line is one only if something follows.
        self.lines.pop_if(|line| line.text.is_empty());
    }

    fn items(&mut self, key: &str, items: &[Value]) {
        let head = format!("{key}:{}", self.comment());
        self.line(head);
        let column = self.style.list_step;
        for item in items {
            self.owner = String::new();
            self.comment_line(column);
            self.owner = format!("{key}/{}", item["name"].as_str().expect("a name"));
            self.item(item, column);
        }
    }

    /// Each item in brackets on a line of its own.
    fn items_in_brackets(&mut self, key: &str, items: &[Value]) {
        let head = format!("{key}: [{}", self.comment());
        self.line(head);
        for (nth, item) in items.iter().enumerate() {
            key.clone_into(&mut self.owner);
            self.comment_line(2);
            self.owner = format!("{key}/{}", item["name"].as_str().expect("a name"));
            let comma = if nth + 1 < items.len() || self.chance(30) { "," } else { "" };
            let text = format!("  {}{comma}{}", self.flow(item), self.comment());
            self.line(text);
        }
        key.clone_into(&mut self.owner);
        let foot = format!("]{}", self.comment());
        self.line(foot);
    }

    fn item(&mut self, item: &Value, column: usize) {
        let dash = format!("{}-{}", " ".repeat(column), " ".repeat(self.style.dash));
        match item {
            Value::Object(map) if !map.is_empty() && !self.chance(self.style.brackets) => {
                self.map(map, column + 1 + self.style.dash, dash);
            }
            Value::Array(list) if !list.is_empty() && !self.chance(self.style.brackets) => {
                let inner = column + 1 + self.style.dash;
                for (nth, item) in list.iter().enumerate() {
                    let text = format!(
                        "{}- {}",
                        if nth == 0 { dash.clone() } else { " ".repeat(inner) },
                        self.flow(item)
                    );
                    self.line(text);
                }
            }
            Value::String(text) => self.text(dash, text, column),
            value => {
                let text = format!("{dash}{}{}", self.flow(value), self.comment());
                self.line(text);
            }
        }
    }

    /// `head` is what the first line begins with.
    fn map(&mut self, map: &Map<String, Value>, column: usize, head: String) {
        let mut head = Some(head);
        for (key, value) in self.shuffled(map) {
            if head.is_none() {
                self.comment_line(column);
            }
            let head = head.take().unwrap_or_else(|| " ".repeat(column));
            self.entry(&key, &value, column, head);
        }
    }

    fn entry(&mut self, key: &str, value: &Value, column: usize, head: String) {
        let head = format!("{head}{}:", self.scalar(key));
        match value {
            Value::Object(map) if !map.is_empty() && !self.chance(self.style.brackets) => {
                let text = head + &self.comment();
                self.line(text);
                let inner = column + self.style.step;
                self.comment_line(inner);
                self.map(map, inner, " ".repeat(inner));
            }
            Value::Array(list) if !list.is_empty() && !self.chance(self.style.brackets) => {
                let text = head + &self.comment();
                self.line(text);
                for item in list {
                    self.comment_line(column + self.style.list_step);
                    self.item(item, column + self.style.list_step);
                }
            }
            Value::String(text) => self.text(head + " ", text, column),
            Value::Null => {
                let null = *self.random.pick(&["", " ~", " null"]);
                let text = format!("{head}{null}{}", self.comment());
                self.line(text);
            }
            value => {
                let text = format!("{head} {}{}", self.flow(value), self.comment());
                self.line(text);
            }
        }
    }

    fn text(&mut self, head: String, text: &str, column: usize) {
        let is_block = text.lines().count() > 1 && !text.contains(['\t', '\u{85}']);
        if is_block && self.chance(70) {
            let chomp = if text.ends_with('\n') { "" } else { "-" };
            let line = format!("{head}|{chomp}{}", self.comment());
            self.line(line);
            for line in text.lines() {
                self.line(format!("{}{line}", " ".repeat(column + 4)));
            }
            return;
        }
        let text = format!("{head}{}{}", self.scalar(text), self.comment());
        self.line(text);
    }

    fn flow(&mut self, value: &Value) -> String {
        match value {
            Value::Object(map) => {
                let entries: Vec<String> = self
                    .shuffled(map)
                    .into_iter()
                    .map(|(key, value)| format!("{}: {}", self.scalar(&key), self.flow(&value)))
                    .collect();
                let blank = if self.chance(30) { " " } else { "" };
                format!("{{{blank}{}{blank}}}", entries.join(", "))
            }
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(*self.random.pick(&[",", ", ", " , "])))
            }
            Value::String(text) => self.scalar(text),
            value => value.to_string(),
        }
    }

    /// On one line, without quotes only where nobody could mistake it.
    fn scalar(&mut self, text: &str) -> String {
        let word = text.len() > 1 && text.starts_with(|c: char| c.is_ascii_lowercase());
        let plain = word
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./ ".contains(c))
            && !["yes", "null"].contains(&text);
        if plain && !self.chance(self.style.quotes) {
            text.to_owned()
        } else if !text.contains(['\n', '\t', '\u{85}']) && self.chance(50) {
            format!("'{}'", text.replace('\'', "''"))
        } else {
            Value::from(text).to_string().replace('\u{85}', "\\u0085")
        }
    }

    fn comment(&mut self) -> String {
        self.count += 1;
        if self.chance(self.style.comments) { format!(" # {}", self.count) } else { String::new() }
    }

    fn comment_line(&mut self, column: usize) {
        self.count += 1;
        let text = match self.random.below(8) {
            0 => String::new(),
            1 => format!("# {}", self.count),
            _ => format!("{}# {}", " ".repeat(column), self.count),
        };
        if self.chance(self.style.comments) {
            self.line(text);
        }
    }

    fn line(&mut self, text: String) {
        self.lines.push(Line { text, owner: self.owner.clone() });
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.random.chance(percent)
    }

    fn shuffled(&mut self, map: &Map<String, Value>) -> Vec<(String, Value)> {
        let mut entries: Vec<_> =
            map.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        for at in (1..entries.len()).rev() {
            entries.swap(at, self.random.below(at + 1));
        }
        entries
    }
}
