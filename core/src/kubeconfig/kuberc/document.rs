//! One document: whether it is a Preference, and what it says of exec plugins (KB-61, KB-62).

use super::super::shape::{Map, folded_field};
use super::fields::{self, ALPHA, BETA, Fields, Found, is_about_plugins, mentions_plugins};
use super::stream::Part;
use crate::path::PathFlavour;
use crate::profile::problem::{ConfigError, PolicyProblem, Problem, ProblemKind, add};
use crate::profile::{Notice, PluginPolicy};
use crate::yaml::{self, Limits, Node};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The field that names the policy.
pub(in crate::kubeconfig) const POLICY: &str = "credentialPluginPolicy";

/// The field that lists what an allowlist allows.
pub(super) const ALLOWLIST: &str = "credentialPluginAllowlist";

/// What a document is.
pub(super) enum Document {
    Preference(Preference),
    /// Something else, and why; `request` is the line where it may ask for a policy.
    Unusable {
        problem: Problem,
        request: Option<u32>,
    },
}

/// What a Preference says of exec plugins.
#[derive(Default)]
pub(super) struct Preference {
    policy: String,
    /// None is another thing than an empty one (EX-81).
    allowlist: Option<Vec<Entry>>,
    /// Where policy and list stand; 0 if they do not.
    lines: [u32; 2],
    /// Where it asks for a policy.
    pub(super) request: Option<u32>,
    /// What in the policy cannot be understood.
    pub(super) obstacles: Vec<Problem>,
    /// What else is odd.
    pub(super) notices: Vec<Notice>,
}

struct Entry {
    command: String,
    /// What `command` was called before.
    name: String,
}

impl Document {
    /// Reads it; `path` is the file's, for problems.
    pub(super) fn read(path: &str, part: Part<'_>) -> Self {
        let at = |line: u32| part.before.saturating_add(line);
        let mentioned = || mention(part.text).map(at);
        let malformed = |error: &yaml::Error, field: &str, line: u32| {
            let kind = ProblemKind::Malformed(error.message().to_owned());
            Problem::new(kind).field(field).in_file(path, at(error.line().unwrap_or(line)))
        };
        let document = match yaml::parse_with_layout(part.text, &Limits::default()) {
            Ok(document) => document,
            Err(error) => {
                let problem = malformed(&error, "", 1);
                return Self::Unusable { problem, request: mentioned() };
            }
        };
        let kind = ProblemKind::NoPreference;
        let no_preference = |line| Problem::new(kind.clone()).in_file(path, at(line));
        let Some(root) = document.root().filter(|root| !root.is_null()) else {
            return Self::Unusable { problem: no_preference(1), request: None };
        };
        if root.deserialize::<Map>().is_err() {
            return Self::Unusable { problem: no_preference(root.line()), request: mentioned() };
        }
        let request = request(root).map(at);
        let Some(known) = version(root) else {
            return Self::Unusable { problem: no_preference(root.line()), request };
        };
        let mut unknown = Vec::new();
        if let Err((found, error)) = fields::check(root, known, "", &mut unknown) {
            let problem = malformed(&error, &format!("{}:", found.path), found.line);
            return Self::Unusable { problem, request };
        }
        let mut preference = Preference { request, ..Preference::of(root, at) };
        for found in unknown {
            preference.unknown(path, known, Found { line: at(found.line), ..found });
        }
        for (key, line) in document.repeated_keys() {
            let key = fields::shown(key);
            let text = format!("{path}:{}: {key} is there twice; the last one counts", at(line));
            preference.notice(text);
        }
        Self::Preference(preference)
    }
}

impl Preference {
    /// Takes over what has been found to be of the right shape.
    fn of(root: Node<'_>, at: impl Fn(u32) -> u32) -> Self {
        let text = |node: Option<Node<'_>>| {
            node.and_then(|node| node.as_str()).unwrap_or_default().to_owned()
        };
        let line = |name: &str| {
            root.fields().find(|(key, ..)| *key == name).map_or(0, |(_, line, _)| at(line))
        };
        let entry = |item: Node<'_>| Entry {
            command: text(item.get("command")),
            name: text(item.get("name")),
        };
        let list = root.get(ALLOWLIST).filter(|list| !list.is_null());
        Self {
            policy: text(root.get(POLICY)),
            allowlist: list.map(|list| list.items().map(entry).collect()),
            lines: [line(POLICY), line(ALLOWLIST)],
            ..Self::default()
        }
    }

    /// An unknown field is left out (KB-61), but not one that is there to restrict plugins: each of
    /// an entry's fields is a condition.
    fn unknown(&mut self, path: &str, known: Fields, found: Found) {
        if !found.about_plugins {
            let Found { path: field, line, .. } = found;
            return self.notice(format!("{path}:{line}: {field} is not known and left out"));
        }
        let newer = BETA.iter().any(|(name, _)| *name == found.path);
        let kind = match newer && !core::ptr::eq(known, BETA) {
            true => ProblemKind::PolicyVersion,
            false => ProblemKind::UnknownPolicyField,
        };
        let problem = Problem::new(kind).field(&found.path).in_file(path, found.line);
        add(&mut self.obstacles, problem);
    }

    fn notice(&mut self, text: String) {
        /// Enough for a person.
        const MOST: usize = 10;
        if self.notices.len() < MOST {
            self.notices.push(Notice { rule: "KB-61".to_owned(), text });
        }
    }

    /// The policy and its line; `None` if there is none.
    ///
    /// # Errors
    /// When it contradicts itself (KB-62).
    pub(super) fn policy(
        &self,
        path: &str,
        paths: PathFlavour,
    ) -> Result<Option<(PluginPolicy, u32)>, ConfigError> {
        if self.policy.is_empty() && self.allowlist.is_none() {
            return Ok(None);
        }
        let [policy_line, list_line] = self.lines;
        let refuse = |problem: PolicyProblem| {
            let of_policy = matches!(problem, PolicyProblem::Unknown(_) | PolicyProblem::NoList);
            let (field, line) = match of_policy {
                true => (POLICY, policy_line),
                false => (ALLOWLIST, list_line),
            };
            let problem = Problem::new(ProblemKind::PluginPolicy(problem));
            problem.field(&format!("{field}:")).in_file(path, line)
        };
        let list = self.allowlist.as_ref().map(|list| commands(list)).transpose();
        let policy = list
            .and_then(|list| PluginPolicy::from_config(&self.policy, list.as_deref(), paths))
            .map_err(refuse)?;
        Ok(Some((policy, if policy_line == 0 { list_line } else { policy_line })))
    }
}

/// What the entries name, by one field or the other.
fn commands(list: &[Entry]) -> Result<Vec<String>, PolicyProblem> {
    let command = |(index, entry): (usize, &Entry)| match (&*entry.command, &*entry.name) {
        (command, "") => Ok(command.to_owned()),
        ("", name) => Ok(name.to_owned()),
        (command, name) if command == name => Ok(command.to_owned()),
        _ => Err(PolicyProblem::TwoNames(index + 1)),
    };
    list.iter().enumerate().map(command).collect()
}

/// The fields of the version that it is of, if it is a Preference.
fn version(root: Node<'_>) -> Option<Fields> {
    let text = |field| folded_field(root, field).and_then(|(_, value)| value.as_str());
    match (text("apiVersion")?, text("kind")?) {
        ("kubectl.config.k8s.io/v1alpha1", "Preference") => Some(ALPHA),
        ("kubectl.config.k8s.io/v1beta1", "Preference") => Some(BETA),
        _ => None,
    }
}

/// Where a document asks for plugins to be restricted: the line of the field.
fn request(root: Node<'_>) -> Option<u32> {
    let mut fields = root.fields();
    fields
        .find(|(key, _, value)| is_about_plugins(key) && !value.is_null())
        .map(|(_, line, _)| line)
}

/// The line on which a text that is no YAML says something of plugins.
fn mention(text: &[u8]) -> Option<u32> {
    let mut lines = text.split(|byte| *byte == b'\n').zip(1u32..);
    lines.find(|(line, _)| mentions_plugins(line)).map(|(_, number)| number)
}
