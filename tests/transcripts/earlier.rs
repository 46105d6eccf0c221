//! The machine was built anew inside. That it still says the same, at the same time, is shown by the
//! transcripts from before (`earlier.txt`): all that differs stands in `changes.txt`, with the reason.

use std::collections::BTreeMap;
use std::fs;
use world::Transcript;

/// A line of a transcript, or of an exchange of lines.
type Lines<'a> = Vec<&'a str>;

/// What to say in the place of a line, wherever it stands.
struct Rule<'a> {
    before: &'a str,
    after: &'a str,
    uses: usize,
}

impl Rule<'_> {
    /// The line as it is now, if the rule is about it.
    fn apply(&self, text: &str) -> Option<String> {
        let mut rest = text;
        let mut found = Vec::new();
        let mut pieces = self.before.split("{}");
        rest = rest.strip_prefix(pieces.next()?)?;
        for piece in pieces {
            let at = if piece.is_empty() { rest.len() } else { rest.find(piece)? };
            let (text, after) = rest.split_at(at);
            found.push(text);
            rest = after.strip_prefix(piece)?;
        }
        let mut found = found.into_iter();
        let mut pieces = self.after.split("{}");
        let first = pieces.next()?.to_owned();
        rest.is_empty()
            .then(|| pieces.fold(first, |text, piece| text + found.next().unwrap_or("") + piece))
    }
}

/// `changes.txt`: the rules, and by the transcript's name the lines before and after.
fn changes(text: &str) -> (Vec<Rule<'_>>, BTreeMap<&str, (Lines<'_>, Lines<'_>)>) {
    let mut parts = text.split("\n== ");
    let mut rules = Vec::new();
    for line in parts.next().unwrap_or_default().lines() {
        if let Some(before) = line.strip_prefix("- ") {
            rules.push(Rule { before, after: "", uses: 0 });
        } else if let (Some(after), Some(rule)) = (line.strip_prefix("+ "), rules.last_mut()) {
            rule.after = after;
        } else {
            assert!(line.is_empty() || line.starts_with('#'), "{line:?}");
        }
    }
    let exchanges = parts.map(|part| {
        let (name, lines) = part.split_once('\n').expect("lines follow the name");
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for line in lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (kind, line) = line.split_at(1);
            if kind != "+" {
                before.push(line);
            }
            if kind != "-" {
                after.push(line);
            }
        }
        (name, (before, after))
    });
    (rules, exchanges.collect())
}

/// The transcript with these lines exchanged for those.
fn exchange(text: &str, (before, after): &(Lines<'_>, Lines<'_>)) -> String {
    let (before, after) = (before.join("\n") + "\n", after.join("\n") + "\n");
    assert_eq!(text.matches(&before).count(), 1, "once, and no more:\n{before}\nin\n{text}");
    text.replacen(&before, &after, 1)
}

#[test]
fn earlier_transcripts_equal_these_but_for_the_changes_written_down() {
    let (mut rules, mut exchanges) = changes(include_str!("changes.txt"));
    let earlier = include_str!("earlier.txt").strip_prefix("== ").expect("a name comes first");
    let mut count = 0;
    for part in earlier.split("\n== ") {
        let (name, lines) = part.split_once('\n').expect("lines follow the name");
        let mut text = String::new();
        for line in lines.lines() {
            // Time and speaker: `     0.250  machine  …`.
            let (head, said) = line.split_at(line.len().min(21));
            let rule = rules.iter_mut().find_map(|rule| Some((rule.apply(said)?, rule)));
            let said = rule.map_or_else(
                || said.to_owned(),
                |(said, rule)| {
                    rule.uses += 1;
                    said
                },
            );
            text += &format!("{head}{said}\n");
        }
        if let Some(lines) = exchanges.remove(name) {
            text = exchange(&text, &lines);
        }
        let path = Transcript::folder().join(format!("{name}.txt"));
        let now = fs::read_to_string(&path).expect("the scenario is still told");
        assert_eq!(text, now, "{name} says something else, and changes.txt does not say why");
        count += 1;
    }
    assert!(count > 20, "{count} transcripts");
    for Rule { before, uses, .. } in &rules {
        assert!(*uses > 0, "no line was changed by {before:?}");
    }
    assert!(exchanges.is_empty(), "there is no such transcript: {exchanges:?}");
}
