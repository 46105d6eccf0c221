//! Pods, policies, broken files, and the form on the wire.

use crate::{Files, explained, read, used};
use kubecred_core::kubeconfig::explain::{
    CODES, Explanation, FileFacts, FileState, RULES, Severity, Source, explain,
};
use kubecred_core::{Environment, Failure, FailureKind, Origin, Overrides, PluginPolicy};

const CA: &str = include_str!("../../../tests/vectors/certificates/p256.crt");
const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount/";

const PLUGIN: &str = "
current-context: x
contexts: [{name: x, context: {cluster: c, user: u, namespace: ns}}]
clusters: [{name: c, cluster: {server: 'https://h'}}]
users:
- name: u
  user:
    exec: {command: login, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}
";

fn pod() -> (Files, Environment) {
    let file = |name: &str, text: &str| ([FOLDER, name].concat(), text.to_owned());
    let files = [file("token", "t0ken\n"), file("ca.crt", CA), file("namespace", "shop")];
    let variables = [("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("KUBERNETES_SERVICE_PORT", "443")];
    (files.into(), Environment::new(variables.into_iter().chain([("HOME", "/h")])))
}

fn codes(explanation: &Explanation) -> Vec<&str> {
    explanation.lints.iter().map(|lint| lint.code.as_str()).collect()
}

#[test]
fn a_pods_account_is_explained_with_what_it_was_taken_for_the_lack_of() {
    let (files, environment) = pod();
    let explanation = explained(&files, &Overrides::default(), &environment);
    assert_eq!(explanation.search.source, Source::ServiceAccount);
    assert_eq!(explanation.search.files[0].state, FileState::Missing);
    let server = used(&explanation, "server").unwrap();
    assert_eq!(server.value, "https://10.0.0.1:443");
    assert_eq!(server.origin, Origin::Variable("KUBERNETES_SERVICE_HOST".into()));
    let namespace = used(&explanation, "namespace").unwrap();
    assert_eq!((namespace.value.as_str(), namespace.rule.as_str()), ("shop", "IC-8"));
    let token = used(&explanation, "tokenFile").unwrap();
    assert_eq!(token.origin, Origin::ServiceAccount([FOLDER, "token"].concat()));
    assert_eq!(explanation.lints, [], "the kubelet's files are as they must be");

    let overrides = Overrides { server: "https://flag".into(), ..Overrides::default() };
    let explanation = explained(&files, &overrides, &environment);
    assert_eq!(explanation.search.source, Source::Flags, "{explanation:#?}");
}

#[test]
fn a_flag_masks_what_the_pod_has() {
    let (files, environment) = pod();
    let overrides = Overrides { token: "mine".into(), ..Overrides::default() };
    let explanation = explained(&files, &overrides, &environment);
    let token = used(&explanation, "token").unwrap();
    assert_eq!(token.origin, Origin::Override("token".into()));
    assert_eq!(token.masked[0].origin, Origin::ServiceAccount([FOLDER, "token"].concat()));
    let file = explanation.credentials.iter().find(|setting| setting.name == "tokenFile").unwrap();
    assert_eq!((file.used, file.rule.as_str()), (false, "UA-7"));
}

#[test]
fn a_pod_is_taken_instead_of_a_kubeconfig_that_names_no_server() {
    let (mut files, environment) = pod();
    files.insert("/h/.kube/config".into(), "users: [{name: u}]".into());
    files.insert([FOLDER, "ca.crt"].concat(), "nonsense".into());
    let explanation = explained(&files, &Overrides::default(), &environment);
    assert_eq!(codes(&explanation), ["pod-instead-of-kubeconfig", "bad-authority"]);
    let strict = Overrides { strict: true, ..Overrides::default() };
    let explanation = explained(&files, &strict, &environment);
    assert_eq!(explanation.worst(), Some(Severity::Error), "{explanation:#?}");
    assert_eq!(codes(&explanation)[0], "no-context");
    files.remove("/h/.kube/config");
    let explanation = explained(&files, &strict, &environment);
    assert_eq!(explanation.search.source, Source::ServiceAccount);
    assert_eq!(codes(&explanation)[0], "bad-authority");
}

#[test]
fn ex_83_the_policy_for_plugins_is_explained() {
    let files = Files::from([("/h/.kube/config".to_owned(), PLUGIN.to_owned())]);
    let environment = Environment::new([("HOME", "/h")]);
    let with = |policy| {
        let environment = environment.clone().with_plugin_policy(policy);
        explained(&files, &Overrides::default(), &environment)
    };
    assert_eq!(codes(&with(PluginPolicy::AllowAll)), [""; 0]);
    assert_eq!(codes(&with(PluginPolicy::DenyAll)), ["plugin-not-allowed"]);
    let list = |entry: &str| PluginPolicy::Allowlist(vec![entry.to_owned()]);
    assert_eq!(codes(&with(list("other"))), ["plugin-not-allowed"]);
    assert_eq!(codes(&with(list("login"))), [""; 0]);
    assert_eq!(codes(&with(list("a/../b"))), ["bad-plugin-policy"]);
}

#[test]
fn kc_44_who_is_strict_is_told_of_an_error_and_others_of_a_warning() {
    let text = PLUGIN.replace("user: u,", "user: v,");
    let files = Files::from([("/h/.kube/config".to_owned(), text)]);
    let environment = Environment::new([("HOME", "/h")]);
    for (strict, code, severity) in
        [(false, "missing-user", Severity::Warning), (true, "missing-entry", Severity::Error)]
    {
        let overrides = Overrides { strict, ..Overrides::default() };
        let explanation = explained(&files, &overrides, &environment);
        let lint = &explanation.lints[0];
        assert_eq!((lint.code.as_str(), lint.severity), (code, severity));
        let place =
            Origin::File { path: "/h/.kube/config".into(), entry: "context \"x\"".into(), line: 3 };
        assert_eq!(lint.origin, place);
    }
}

#[test]
fn what_can_be_read_is_explained_beside_what_cannot() {
    let broken = "users:\n- name: u\n  user: {token: 1}\n- {name: u}\n".to_owned();
    let files = Files::from([("/a".to_owned(), broken), ("/b".to_owned(), PLUGIN.to_owned())]);
    let environment = Environment::new([("KUBECONFIG", "/a:/b")]);
    let explanation = explained(&files, &Overrides::default(), &environment);
    assert_eq!(codes(&explanation), ["malformed-kubeconfig", "duplicate-name"]);
    let lines = explanation.lints.iter().map(|lint| match &lint.origin {
        Origin::File { path, line, .. } => (path.as_str(), *line),
        other => panic!("{other:?}"),
    });
    assert_eq!(lines.collect::<Vec<_>>(), [("/a", 3), ("/a", 4)]);
    let states = explanation.search.files.iter().map(|file| file.state);
    assert_eq!(states.collect::<Vec<_>>(), [FileState::Broken, FileState::Read]);
    assert_eq!(used(&explanation, "server").unwrap().value, "https://h");
}

#[test]
fn every_problem_of_the_selection_is_told() {
    let text = PLUGIN
        .replace("'https://h'", "'ftp://h', proxy-url: 'p:1'")
        .replace(
            "user:\n    exec",
            "user:\n    as-uid: '1'\n    token: t\n    username: ann\n    exec",
        )
        .replace(", interactiveMode: Never", "");
    let files = Files::from([("/h/.kube/config".to_owned(), text)]);
    let environment = Environment::new([("HOME", "/h")]);
    let explanation = explained(&files, &Overrides::default(), &environment);
    let expected = [
        "incomplete-plugin",
        "several-methods",
        "impersonation-without-user",
        "bad-proxy",
        "bad-server",
    ];
    assert_eq!(&codes(&explanation)[..5], expected);
}

#[test]
fn a_host_that_answers_nothing_is_told_so() {
    let environment = Environment::new([("KUBECONFIG", "/a:/b")]);
    let request = explain(None, Overrides::default(), &environment);
    let explanation = request.open([]).finish([], Vec::new(), crate::NOW);
    assert_eq!(codes(&explanation), ["unreadable-kubeconfig"; 2]);
    assert!(explanation.lints[0].message.contains("the host did not read it"));
}

#[test]
fn on_windows_the_first_home_that_has_a_file_is_the_last_one_looked_at() {
    let variables = [("HOME", r"C:\a"), ("USERPROFILE", r"C:\b")];
    let environment = Environment::new(variables).with_paths(kubecred_core::PathFlavour::Windows);
    let request = explain(None, Overrides::default(), &environment);
    let files = Files::from([(request.paths()[0].clone(), PLUGIN.to_owned())]);
    let explanation = explained(&files, &Overrides::default(), &environment);
    let states = explanation.search.files.iter().map(|file| file.state);
    assert_eq!(states.collect::<Vec<_>>(), [FileState::Read, FileState::Skipped]);
}

#[test]
fn a_plugin_is_told_to_be_missing_with_its_hint() {
    let text = PLUGIN.replace("command: login", "command: /x/missing-login, installHint: Ask.");
    let files = Files::from([("/h/.kube/config".to_owned(), text)]);
    let environment = Environment::new([("HOME", "/h")]);
    let explanation = explained(&files, &Overrides::default(), &environment);
    assert_eq!(codes(&explanation), ["plugin-not-found"]);
    assert!(explanation.lints[0].message.contains("Ask."), "{explanation:?}");
}

#[test]
fn a_kubeconfig_that_may_not_be_read_is_an_error_and_a_key_that_may_not_is_one() {
    let text =
        PLUGIN.replace("    exec: ", "    client-certificate: c\n    client-key: k\n    x: ");
    let environment = Environment::new([("HOME", "/h")]);
    let denied = || Failure::new(FailureKind::Denied, "permission denied");
    let request = explain(None, Overrides::default(), &environment);
    let explanation = request.open([Err(denied())]).finish([], Vec::new(), crate::NOW);
    assert_eq!(codes(&explanation), ["unreadable-kubeconfig"]);

    let files = Files::from([("/h/.kube/config".to_owned(), text)]);
    let request = explain(None, Overrides::default(), &environment);
    let inputs = request.open([read(&files, "/h/.kube/config")]);
    assert_eq!(inputs.paths(), ["/h/.kube/c", "/h/.kube/k"]);
    let certificate = FileFacts { contents: CA.into(), mode: None };
    let explanation = inputs.finish([Ok(certificate), Err(denied())], Vec::new(), crate::NOW);
    let lint = &explanation.lints[0];
    assert_eq!((lint.code.as_str(), lint.severity), ("unreadable-file", Severity::Error));
    assert!(matches!(&lint.origin, Origin::File { line: 9, .. }), "{lint:?}");
}

#[test]
fn the_codes_are_sorted_and_stand_once() {
    assert!(CODES.is_sorted_by(|a, b| a < b));
}

#[cfg(feature = "serde")]
#[test]
fn the_json_says_its_version_and_is_read_back() {
    let (files, environment) = pod();
    let overrides = Overrides { token: "mine".into(), ..Overrides::default() };
    let explanation = explained(&files, &overrides, &environment);
    let json = serde_json::to_string(&explanation).unwrap();
    assert!(json.starts_with(r#"{"kind":"Explanation","apiVersion":"explain.kubecred/v1","#));
    assert_eq!(serde_json::from_str::<Explanation>(&json).unwrap(), explanation);
    let other = json.replace("kubecred/v1", "kubecred/v2");
    assert!(serde_json::from_str::<Explanation>(&other).is_err());
}

#[test]
fn the_rules_are_those_of_the_list() {
    let list = include_str!("../../../tests/rules/rules.tsv");
    let known: std::collections::BTreeMap<&str, &str> = list
        .lines()
        .filter_map(|line| Some((line.split('\t').next()?, line.split('\t').nth(3)?)))
        .collect();
    for (id, text) in RULES {
        assert_eq!(known.get(id), Some(text), "{id}");
    }
}
