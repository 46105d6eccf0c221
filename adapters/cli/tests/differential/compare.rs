//! One case: kubectl, then kubecred, and what of the one is not in the other.

use crate::draft::Draft;
use crate::intended::{INTENDED, Instead};
use crate::observation::{Facts, Run};
use crate::programs::Program;
use crate::recipe::Recipe;
use crate::stage::Stage;
use std::fmt::Write as _;

/// What came of a case.
pub(crate) enum Verdict {
    /// Both did the same, with this exit code of kubecred.
    Same(i32),
    /// kubecred did what it means to do instead, for these rules.
    Intended(Vec<&'static str>),
    /// Something else.
    Different(Difference),
}

/// What differs, and of what.
pub(crate) struct Difference {
    pub(crate) lines: String,
    kubectl: String,
    kubecred: String,
}

/// Carries out a recipe with an oracle and with kubecred.
pub(crate) async fn compare(recipe: &Recipe, oracle: &Program) -> Verdict {
    let draft = recipe.draft();
    let mut stage = Stage::start(&draft).await;
    let kubectl = stage.run(&draft, oracle).await;
    let kubecred = stage.run(&draft, &Program::kubecred()).await;
    let code = kubecred.code.unwrap_or(-1);
    let mut ours = facts_of_kubecred(&kubecred);
    let mut expected = facts_of_kubectl(&kubectl, code);
    if expected.differences(&ours).is_empty() {
        return Verdict::Same(code);
    }
    let (mut rules, mut draft, mut theirs) = (Vec::new(), draft, kubectl);
    let kubectl = theirs.stderr.clone();
    for intended in INTENDED {
        if !(intended.about)(&draft, &theirs) {
            continue;
        }
        rules.push(intended.rule);
        match intended.instead {
            Instead::As(change) => {
                change(&mut draft);
                theirs = stage.run(&draft, oracle).await;
                expected = facts_of_kubectl(&theirs, code);
            }
            Instead::Facts(change) => change(&draft, &mut expected),
            Instead::Both(change, combine) => {
                let mut changed = draft.clone();
                change(&mut changed);
                let instead = facts_of_kubectl(&stage.run(&changed, oracle).await, code);
                expected = combine(&draft, expected, instead);
            }
        }
    }
    if recipe.faults() > 1 {
        // Which of them is told of is left open.
        expected.take("failure");
        ours.take("failure");
    }
    let lines = expected.differences(&ours);
    match lines.is_empty() {
        true if rules.is_empty() => Verdict::Same(code),
        true => Verdict::Intended(rules),
        false => Verdict::Different(Difference { lines, kubectl, kubecred: kubecred.stderr }),
    }
}

fn facts_of_kubecred(run: &Run) -> Facts {
    let mut facts = run.facts();
    if !run.success {
        facts.state("failure", kind(run.code.unwrap_or(-1)));
    }
    facts
}

/// The facts of kubectl's run. Its exit code is always 1; what kind of failure it was is in its
/// words, and where these leave open which of several kinds it is, `code` may say.
fn facts_of_kubectl(run: &Run, code: i32) -> Facts {
    let mut facts = run.facts();
    if !run.success {
        let known = FAILURES.iter().find(|(words, _)| run.stderr.contains(words));
        let kinds = known.map_or(&[][..], |(_, kinds)| kinds);
        let said = match kinds {
            _ if kinds.contains(&code) => kind(code),
            [one, ..] => kind(*one),
            [] => "in words that are not in the table of failures",
        };
        facts.state("failure", said);
    }
    facts
}

fn kind(code: i32) -> &'static str {
    match code {
        1 => "the server says no",
        2 => "the command line is wrong",
        3 => "the configuration is wrong",
        4 => "there is no credential",
        5 => "the server is not reached",
        _ => "kubecred ends otherwise",
    }
}

/// What kubectl says of failures, and the exit codes of kubecred that mean the same.
const FAILURES: &[(&str, &[i32])] = &[
    ("You must be logged in to the server", &[1]),
    ("Error from server", &[1]),
    ("unknown flag", &[2]),
    ("invalid argument", &[2]),
    ("Invalid timeout value", &[2]),
    ("error loading config file", &[3]),
    ("error: stat ", &[3]),
    ("invalid configuration", &[3]),
    ("does not exist", &[3]),
    ("was not found for specified context", &[3]),
    // What is wrong with an entry, and the file that it names.
    ("found [token basicAuth], only one is allowed", &[3]),
    ("username/password or bearer token may be set, but not both", &[3]),
    ("are both specified for ", &[3]),
    ("must be specified for ", &[3]),
    ("invalid interactiveMode for ", &[3]),
    ("cannot be provided in combination with an exec plugin", &[3]),
    ("without impersonating a user", &[3]),
    ("invalid 'proxy-url'", &[3]),
    ("unable to read certificate-authority", &[3]),
    ("specifying a root certificates file with the insecure flag", &[3]),
    ("unable to load root certificates", &[3]),
    ("host must be a URL or a host:port pair", &[3]),
    ("unsupported protocol scheme", &[3]),
    ("invalid URL escape", &[3]),
    ("invalid character \" \" in host name", &[3]),
    ("net/url: invalid control character in URL", &[3]),
    ("lookup https:127.0.0.1", &[3]),
    ("address 70000: invalid port", &[3]),
    ("port number out of range 70000", &[3]),
    // A server name that is none: kubectl asks the server for it, which complains.
    ("remote error: tls: illegal parameter", &[3]),
    ("exec plugin: invalid apiVersion", &[3]),
    ("no Auth Provider found", &[3]),
    ("auth plugin has been removed", &[3]),
    ("Must provide idp-issuer-url", &[3]),
    ("Must provide client-id", &[3]),
    ("illegal base64 data", &[3]),
    // Its server if nobody names one (KC-60).
    ("The connection to the server localhost:8080 was refused", &[3]),
    ("unable to read client-cert", &[4]),
    ("unable to read client-key", &[4]),
    ("error: open ", &[4]),
    // Of a token, a certificate or a key; of an authority.
    ("is a directory", &[4, 3]),
    ("getting credentials: ", &[4]),
    ("invalid header field value", &[4]),
    ("Loading client cert failed", &[4]),
    ("tls: private key does not match public key", &[4]),
    ("tls: failed to find any PEM data", &[4]),
    ("tls: failed to parse private key", &[4]),
    ("tls: found a certificate rather than a key", &[4]),
    ("tls: failed to find certificate PEM data", &[4]),
    ("x509: malformed certificate", &[4]),
    ("No valid id-token", &[4]),
    ("ID Token is not a valid JWT", &[4]),
    ("The connection to the server", &[5]),
    ("Unable to connect to the server", &[5]),
];

impl Difference {
    /// What a person needs to see first: the choices that it takes, ready to be pasted into
    /// `chosen.rs`, and what differs.
    pub(crate) fn report(&self, recipe: &Recipe, oracle: &Program) -> String {
        let mut report = format!("{recipe},\n{}", self.lines);
        for (name, said) in [(oracle.name.as_str(), &self.kubectl), ("kubecred", &self.kubecred)] {
            // Writing to a String does not fail.
            let _ = writeln!(report, "  {name} says: {}", said.trim().replace('\n', "\n    "));
        }
        report
    }
}

/// Leaves choices out as long as there is a difference: the shortest way to see one.
pub(crate) async fn shorten(
    recipe: &Recipe,
    oracle: &Program,
    found: Difference,
) -> (Recipe, Difference) {
    let mut shortest = (recipe.clone(), found);
    'shorter: loop {
        for simpler in shortest.0.simpler() {
            if let Verdict::Different(difference) = compare(&simpler, oracle).await {
                shortest = (simpler, difference);
                continue 'shorter;
            }
        }
        return shortest;
    }
}

/// The kubeconfig of a recipe, blanks and all, with everything around it, for whoever wants to see
/// more.
pub(crate) fn details(recipe: &Recipe) -> String {
    let usual = Draft::usual();
    let draft = recipe.draft();
    let mut text = crate::layout::yaml(&draft.kubeconfig());
    let mut more = |what: &str, changed: bool, value: String| {
        if changed {
            let _ = writeln!(text, "# {what}: {value}");
        }
    };
    more("flags", draft.flags != usual.flags, format!("{:?}", draft.flags));
    more("environment", draft.environment != usual.environment, format!("{:?}", draft.environment));
    more("files", draft.files != usual.files, format!("{:?}", draft.files));
    more("answers", draft.answers != usual.answers, format!("{:?}", draft.answers));
    more("path", draft.path != usual.path, draft.path.clone());
    text
}
