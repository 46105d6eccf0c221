//! What one run of a program did, broken into facts that two runs must share.

use crate::plugin::PluginRun;
use kubecred_loopback::{Exchange, ProxyRequest};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Headers in which kubectl names itself, and nothing that a server acts upon.
const OWN_HEADERS: [(&str, &str); 3] = [
    ("user-agent", "each program has its own name"),
    ("kubectl-command", "KB-20: which kubectl command is at work, for the server's statistics"),
    ("kubectl-session", "KB-20: a random number for each start of kubectl"),
];

/// One run of one program.
pub(crate) struct Run {
    pub(crate) program: String,
    pub(crate) success: bool,
    /// The exit status; none if a signal ended it. The programs mean different things by it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) plugin_runs: Vec<PluginRun>,
    pub(crate) proxied: Vec<ProxyRequest>,
}

impl Run {
    /// The only request of a run that must have sent one.
    pub(crate) fn request(&self) -> &Exchange {
        match self.exchanges.as_slice() {
            [exchange] => exchange,
            other => panic!("{} sent {} requests:\n{}", self.program, other.len(), self.stderr),
        }
    }

    /// The only plugin run of a run that must have had one.
    pub(crate) fn plugin_run(&self) -> &PluginRun {
        match self.plugin_runs.as_slice() {
            [run] => run,
            other => panic!("{} ran plugins {} times:\n{}", self.program, other.len(), self.stderr),
        }
    }

    /// Everything that must be the same in another program's run.
    pub(crate) fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        facts.shown("exit", if self.success { "success" } else { "failure" });
        facts.shown("standard output", &String::from_utf8_lossy(&self.stdout));
        facts.shown("requests", &self.exchanges.len().to_string());
        let first = self.exchanges.first().map_or(0, |exchange| exchange.connection);
        for (index, exchange) in self.exchanges.iter().enumerate() {
            exchange_facts(&mut facts, &format!("request {}", index + 1), exchange, first);
        }
        facts.shown("plugin runs", &self.plugin_runs.len().to_string());
        for (index, run) in self.plugin_runs.iter().enumerate() {
            plugin_facts(&mut facts, &format!("plugin run {}", index + 1), run);
        }
        for (index, request) in self.proxied.iter().enumerate() {
            facts.shown(&format!("proxy request {}", index + 1), &format!("{request:?}"));
        }
        facts
    }
}

fn exchange_facts(facts: &mut Facts, at: &str, exchange: &Exchange, first_connection: u64) {
    facts.shown(&format!("{at}: method"), exchange.method.as_str());
    facts.shown(&format!("{at}: path and query"), &exchange.path_and_query);
    facts.shown(&format!("{at}: authority"), exchange.authority.as_deref().unwrap_or("none"));
    facts.shown(&format!("{at}: HTTP version"), &format!("{:?}", exchange.version));
    facts.shown(&format!("{at}: SNI"), exchange.sni.as_deref().unwrap_or("none"));
    facts.shown(&format!("{at}: status"), exchange.status.as_str());
    let connection = exchange.connection - first_connection + 1;
    facts.shown(&format!("{at}: connection"), &connection.to_string());
    let names: BTreeSet<&str> = exchange.headers.iter().map(|(name, _)| name.as_str()).collect();
    for name in names.into_iter().filter(|name| OWN_HEADERS.iter().all(|(own, _)| own != name)) {
        let values = exchange.headers.iter().filter(|(own, _)| own == name);
        let values: Vec<_> = values.map(|(_, value)| String::from_utf8_lossy(value)).collect();
        facts.header(&format!("{at}: header {name}"), name, &values.join(" | "));
    }
    if let Some(certificate) = &exchange.client_certificate {
        let user = certificate.common_name.as_deref().unwrap_or("nobody");
        let chain: Vec<u8> = certificate.chain.iter().flat_map(|der| der.to_vec()).collect();
        let shown = format!("{user}, {} in the chain", certificate.chain.len());
        facts.insert(&format!("{at}: client certificate"), chain, shown);
    }
}

fn plugin_facts(facts: &mut Facts, at: &str, run: &PluginRun) {
    facts.shown(&format!("{at}: name"), &run.name);
    facts.shown(&format!("{at}: stdin"), &run.stdin);
    facts.shown(&format!("{at}: working directory"), &run.directory);
    facts.shown(&format!("{at}: arguments"), &format!("{:?}", run.arguments));
    for (name, value) in &run.environment {
        let at = format!("{at}: variable {name}");
        match name.as_str() {
            // It may hold the password of a proxy.
            "KUBERNETES_EXEC_INFO" if !value.contains('@') => facts.shown(&at, value),
            "PATH" | "HOME" | "PWD" => facts.shown(&at, value),
            _ => facts.secret(&at, value),
        }
    }
}

/// What is compared, by a name for people. A value is compared whole and shown as far as it is no
/// secret.
#[derive(Default)]
pub(crate) struct Facts {
    facts: BTreeMap<String, (Vec<u8>, String)>,
}

impl Facts {
    fn shown(&mut self, what: &str, value: &str) {
        self.insert(what, value.as_bytes().to_vec(), value.to_owned());
    }

    fn secret(&mut self, what: &str, value: &str) {
        self.insert(what, value.as_bytes().to_vec(), format!("({} bytes)", value.len()));
    }

    fn header(&mut self, what: &str, name: &str, value: &str) {
        match (name, value.split_once(' ')) {
            ("authorization" | "proxy-authorization", Some((scheme, rest))) => {
                let shown = format!("{scheme} ({} bytes)", rest.len());
                self.insert(what, value.as_bytes().to_vec(), shown);
            }
            ("authorization" | "proxy-authorization" | "cookie", _) => self.secret(what, value),
            _ => self.shown(what, value),
        }
    }

    fn insert(&mut self, what: &str, value: Vec<u8>, shown: String) {
        self.facts.insert(what.to_owned(), (value, shown));
    }

    /// Replaces a fact that depends on the moment by what does not; for `what` that is not there,
    /// does nothing.
    pub(crate) fn replace(&mut self, what: &str, with: &str) {
        if let Some(fact) = self.facts.get_mut(what) {
            *fact = (with.as_bytes().to_vec(), with.to_owned());
        }
    }

    /// What is known of one fact, as text.
    pub(crate) fn text(&self, what: &str) -> Option<Cow<'_, str>> {
        self.facts.get(what).map(|fact| String::from_utf8_lossy(&fact.0))
    }

    /// States a fact, whatever was stated of it before.
    pub(crate) fn state(&mut self, what: &str, value: &str) {
        self.shown(what, value);
    }

    /// Takes out the facts whose names start so.
    pub(crate) fn take(&mut self, prefix: &str) -> Self {
        let (taken, kept) = std::mem::take(&mut self.facts)
            .into_iter()
            .partition(|(name, _)| name.starts_with(prefix));
        self.facts = kept;
        Self { facts: taken }
    }

    /// Adds facts, with another start of their names.
    pub(crate) fn add(&mut self, other: Self, prefix: &str, with: &str) {
        let renamed = |name: String| match name.strip_prefix(prefix) {
            Some(rest) => format!("{with}{rest}"),
            None => name,
        };
        self.facts.extend(other.facts.into_iter().map(|(name, fact)| (renamed(name), fact)));
    }

    /// A line for each fact that is not the same, `-` for ours and `+` for theirs. Empty if all
    /// are.
    pub(crate) fn differences(&self, other: &Self) -> String {
        let mut lines = String::new();
        let names: BTreeSet<&String> = self.facts.keys().chain(other.facts.keys()).collect();
        for name in names {
            let (ours, theirs) = (self.facts.get(name), other.facts.get(name));
            if ours.map(|fact| &fact.0) == theirs.map(|fact| &fact.0) {
                continue;
            }
            let shown = |fact: Option<&(Vec<u8>, String)>| {
                fact.map_or("(nothing)", |fact| fact.1.as_str()).to_owned()
            };
            let _ = writeln!(lines, "  {name}\n    - {}\n    + {}", shown(ours), shown(theirs));
        }
        lines
    }
}

#[test]
fn differences_are_found_and_show_no_secret() {
    let mut one = Facts::default();
    let mut other = Facts::default();
    for (facts, token) in [(&mut one, "Bearer hunter2"), (&mut other, "Bearer hunter3")] {
        facts.shown("request 1: SNI", "none");
        facts.header("request 1: header authorization", "authorization", token);
    }
    other.shown("request 1: header accept", "*/*");
    assert_eq!(one.differences(&one), "");
    let differences = one.differences(&other);
    assert!(differences.contains("header authorization\n    - Bearer (7 bytes)"), "{differences}");
    assert!(differences.contains("header accept\n    - (nothing)\n    + */*"), "{differences}");
    assert!(!differences.contains("hunter") && !differences.contains("SNI"), "{differences}");
}
