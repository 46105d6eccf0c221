//! Every lint of `kubecred config explain`: a configuration that has it, and one that almost has it
//! and must not.

mod certificates;
mod files;
mod plugins;
mod servers;
mod setup;
mod tokens;

use crate::stage::CANARY;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kubecred_core::kubeconfig::explain::{CODES, Lint, Severity};
use plugins::V1;
use setup::Setup;
use std::collections::BTreeSet;

/// Lints that no command line leads to: of pods, of plugin policies, of libraries. The tests of the
/// core have them.
const ELSEWHERE: &[&str] = &[
    "bad-plugin-policy",
    "missing-entry",
    "no-credential",
    "not-utf8",
    "notice",
    "plugin-cannot-run",
    "pod-instead-of-kubeconfig",
    "problem",
];

/// A lint's code, what has it, and what almost has it.
type Case = (&'static str, Setup, Setup);

#[test]
fn each_lint_is_given_where_it_is_due_and_not_where_it_almost_is() {
    let cases: Vec<Case> = [
        files::of_files(),
        files::of_selections(),
        servers::of_servers(),
        certificates::of_certificates(),
        tokens::of_tokens(),
        plugins::of_plugins(),
        plugins::of_providers(),
    ]
    .concat();
    let tested: BTreeSet<&str> = cases.iter().map(|(code, ..)| *code).collect();
    let all = tested.iter().chain(ELSEWHERE).copied().collect::<BTreeSet<&str>>();
    assert_eq!(
        all,
        CODES.iter().copied().collect(),
        "a lint without a test, or a test without one"
    );
    let mut complaints = Vec::new();
    for (code, has, almost) in &cases {
        let (explanation, said, exit) = has.run();
        match explanation.lints.iter().find(|lint| lint.code == *code) {
            Some(lint) => check_words(lint, &said),
            None => complaints.push(format!("{code} is not given:\n{said}")),
        }
        let expected = if explanation.worst() == Some(Severity::Error) { 3 } else { 0 };
        assert_eq!(exit, Some(expected), "{code}: {said}");
        let codes = almost.codes();
        if codes.iter().any(|given| given == code) {
            complaints.push(format!("{code} is given: {codes:?}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn check_words(lint: &Lint, said: &str) {
    assert!(said.contains(&format!("[{}]\n", lint.code)), "{lint:?}: {said}");
    assert!(!lint.message.is_empty() && !lint.message.ends_with('.'), "{lint:?}");
    let command = lint.advice.starts_with("chmod ");
    assert!(lint.advice.is_empty() || command || lint.advice.ends_with(['.', '?']), "{lint:?}");
}

#[test]
fn strict_makes_a_warning_fail_and_a_note_pass() {
    let insecure = Setup::cluster("{server: 'https://h', insecure-skip-tls-verify: true}");
    assert_eq!(insecure.run().2, Some(0));
    assert_eq!(insecure.flag("--strict").run().2, Some(1));
    let path = Setup::cluster("{server: 'https://h/path'}").flag("--strict");
    let (explanation, _, code) = path.run();
    assert_eq!((explanation.lints.len(), code), (1, Some(0)), "{explanation:?}");
    let error = Setup::cluster("{tls-server-name: x}").flag("--strict");
    assert_eq!(error.run().2, Some(3));
}

#[test]
fn nothing_is_wrong_with_what_is_right() {
    let (explanation, said, code) = Setup::user("{token: t}").run();
    assert_eq!((explanation.lints.as_slice(), code), (&[][..], Some(0)));
    assert!(said.ends_with("\nNo problems found\n"), "{said}");
}

#[test]
fn no_secret_is_shown_in_either_form() {
    let data = BASE64_STANDARD.encode(CANARY);
    let user = format!(
        "{{token: {CANARY}, tokenFile: tok, username: {CANARY}, password: {CANARY}, \
         client-certificate-data: {data}, client-key-data: {data}, as: ann, \
         as-user-extra: {{k: [{CANARY}]}}, exec: {{command: x, args: [{CANARY}], \
         env: [{{name: N, value: {CANARY}}}], {V1}}}, auth-provider: {{name: oidc, config: \
         {{client-secret: {CANARY}, id-token: {CANARY}, idp-issuer-url: 'https://{CANARY}:{CANARY}@i'}}}}, \
         extensions: [{{name: e, extension: {CANARY}}}]}}"
    );
    let cluster = format!(
        "{{server: 'https://{CANARY}:{CANARY}@h', proxy-url: 'http://{CANARY}:{CANARY}@p', \
         certificate-authority-data: {data}}}"
    );
    let broken = Setup::of(&cluster, &user).with("tok", CANARY, 0o600);
    let withheld = Setup::of(&cluster.replace("https://", ""), &user);
    let malformed = Setup::user(&format!("{{token: [{CANARY}], client-key-data: '{CANARY}'}}"));
    let setups = [
        withheld.with("b", broken.files[0].1.clone(), 0o644).variable("KUBECONFIG", "b:config"),
        Setup::of(&cluster, &format!("{{tokenFile: tok, token: {CANARY}}}"))
            .with("tok", CANARY, 0o644),
        broken.clone().flag(&format!("--token={CANARY}")).flag(&format!("--password={CANARY}")),
        broken.variable("HTTPS_PROXY", &format!("{CANARY}:{CANARY}@p")),
        malformed,
    ];
    for setup in setups {
        let (explanation, said, _) = setup.run();
        assert!(!format!("{explanation:?}{said}").contains(CANARY), "{said}");
        assert!(!said.contains(&data), "{said}");
        assert!(!explanation.lints.is_empty());
    }
}
