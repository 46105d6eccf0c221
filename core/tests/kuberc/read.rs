//! What of a file counts (KB-60…KB-62).

use crate::{alpha, beta, default, missing, named, notices, read, with_plugin};
use kubecred_core::kubeconfig::{Kuberc, KubercPolicy, PolicyProblem, ProblemKind};
use kubecred_core::{Failure, FailureKind, PluginPolicy};

/// The policy of a file that both who names it and who does not can read.
fn policy(text: &str) -> Option<PluginPolicy> {
    let [named, default] = [named(), default()].map(|kuberc| {
        read(&kuberc, text).unwrap_or_else(|error| panic!("{text}: {error}")).policy().cloned()
    });
    assert_eq!(named, default, "{text}");
    named
}

fn allowlist(entries: &[&str]) -> Option<PluginPolicy> {
    Some(PluginPolicy::Allowlist(entries.iter().map(|entry| (*entry).to_owned()).collect()))
}

/// A file that an error names when it is named; that is left out, with a notice, if it is not.
fn broken(text: &str) -> String {
    let error = read(&named(), text).expect_err(text).to_string();
    assert!(error.contains("/k/rc"), "{error}");
    let policy = read(&default(), text).unwrap();
    policy.clone().apply(&mut with_plugin()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let told = notices(policy);
    assert_eq!(told.len(), 1, "{text}: {told:?}");
    assert!(told[0].0 == "KB-60" && told[0].1.contains("/h/.kube/kuberc"), "{told:?}");
    error
}

/// A file that may ask for a policy and cannot be understood: an error when it is named; if it is
/// not, an error for who runs a plugin, and a notice for others.
fn closed(text: &str) -> String {
    let error = read(&named(), text).expect_err(text).to_string();
    assert!(error.contains("/k/rc"), "{error}");
    let policy = read(&default(), text).unwrap();
    assert_eq!(policy.policy(), None);
    let refused = policy.clone().apply(&mut with_plugin()).expect_err(text).to_string();
    assert!(refused.contains("/h/.kube/kuberc") && refused.contains("KUBERC=off"), "{refused}");
    let told = notices(policy);
    assert!(told.len() == 1 && told[0].1.contains("/h/.kube/kuberc"), "{text}: {told:?}");
    error
}

/// A policy that contradicts itself is an error for everybody.
fn contradicts(fields: &str) -> ProblemKind {
    let text = beta(fields);
    let [named, default] = [named(), default()].map(|kuberc: Kuberc| {
        let error = read(&kuberc, &text).expect_err(fields);
        assert!(error.to_string().contains("credentialPlugin"), "{error}");
        assert_eq!((error.problems().len(), error.problems()[0].line), (1, 3), "{error}");
        error.problems()[0].kind.clone()
    });
    assert_eq!(named, default);
    named
}

#[test]
fn kb_60_only_a_file_that_is_not_named_may_be_missing() {
    assert_eq!(default().read([missing()]).unwrap(), KubercPolicy::default());
    let error = named().read([missing()]).unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "/k/rc: cannot be read: no such file or directory");
}

/// I: kubectl goes on as if there were no policy.
#[test]
fn kb_60_what_cannot_be_read_at_all_may_hold_a_policy() {
    let denied = || [Err(Failure::new(FailureKind::Denied, "permission denied"))];
    assert!(named().read(denied()).is_err());
    let error = default().read(denied()).unwrap().apply(&mut with_plugin()).unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    assert!(default().read([]).unwrap().apply(&mut with_plugin()).is_err(), "nobody read it");
}

/// kubectl 1.33 knows no policies yet, so what later versions do with the fields has no oracle here;
/// for files without them it is the oracle (`kubectl.rs`).
#[test]
fn kb_60_a_broken_file_that_was_not_named_is_left_out() {
    for text in ["a: [", "[]", "text", "a: 1", "# only this", "---\n---\n", "a: 1\n---\nb: 2"] {
        broken(text);
    }
    assert_eq!(
        broken("kind: Preference\napiVersion: kubectl.config.k8s.io/v1"),
        "/k/rc:1: is no Preference of kubectl.config.k8s.io/v1beta1 or \
         kubectl.config.k8s.io/v1alpha1"
    );
    assert_eq!(
        broken(&beta("aliases:\n- name: x\n- name: [hush]")),
        "/k/rc:5: aliases[1].name: expected a string, found a list"
    );
}

/// I: kubectl leaves out a default file that is broken, and the policy with it.
#[test]
fn kb_60_a_broken_file_that_may_ask_for_a_policy_lets_no_plugin_run() {
    for text in [
        "credentialPluginPolicy: DenyAll",
        "credentialPluginPolicy: DenyAll\n  : [",
        "- credentialPluginPolicy: DenyAll",
        "kind: Preference\napiVersion: kubectl.config.k8s.io/v1\ncredentialPluginPolicy: DenyAll",
        "kind: Preferences\napiVersion: kubectl.config.k8s.io/v1beta1\ncredentialPluginAllowlist: []",
        &beta("credentialPluginPolicy: [DenyAll]"),
        &beta("credentialPluginPolicy: no"),
        &beta("credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: login"),
        &beta("credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [login]"),
        &beta("credentialPluginPolicy: DenyAll\ndefaults: {}"),
        "c\0r\0e\0d\0e\0n\0t\0i\0a\0l\0P\0l\0u\0g\0i\0n\0P\0o\0l\0i\0c\0y\0",
    ] {
        closed(text);
    }
}

#[test]
fn kb_61_the_first_document_that_can_be_read_counts() {
    let deny = beta("credentialPluginPolicy: DenyAll");
    let allow = beta("credentialPluginPolicy: AllowAll");
    assert_eq!(policy(&format!("{deny}---\n{allow}")), Some(PluginPolicy::DenyAll));
    assert_eq!(policy(&format!("{allow}---\n{deny}")), Some(PluginPolicy::AllowAll));
    for before in ["", "---\n", "\n\n", "# x\n", "a: 1\n", "a: [\n", "kind: Preference\n", "{}\n"] {
        assert_eq!(
            policy(&format!("{before}---\n{deny}")),
            Some(PluginPolicy::DenyAll),
            "{before}"
        );
    }
    let odd = alpha("overrides: [{command: get, flags: 1}]");
    assert_eq!(policy(&format!("{odd}--- # next\n{deny}")), Some(PluginPolicy::DenyAll));
    assert_eq!(policy(&alpha("")), None);
    assert_eq!(policy(&beta("defaults: []")), None);
    assert_eq!(policy(""), None);
    let upper = "KIND: Preference\nApiVersion: kubectl.config.k8s.io/v1beta1\n\
        credentialPluginPolicy: DenyAll";
    assert_eq!(policy(upper), Some(PluginPolicy::DenyAll));
    let json = r#"{"kind": "Preference", "apiVersion": "kubectl.config.k8s.io/v1beta1",
        "credentialPluginPolicy": "DenyAll"}"#;
    assert_eq!(policy(json), Some(PluginPolicy::DenyAll));
}

/// I: kubectl passes over it without a word.
#[test]
fn kb_61_a_policy_in_a_document_that_does_not_count_is_not_passed_over() {
    let deny = beta("credentialPluginPolicy: DenyAll");
    let newer = deny.replace("v1beta1", "v1");
    for (text, line) in [
        (format!("{}---\n{deny}", alpha("aliases: []")), 7),
        (format!("{}---\n{deny}", beta("aliases: []")), 7),
        (format!("{newer}---\n{}", alpha("")), 3),
        (format!("{}---\na: [\n credentialPluginPolicy", alpha("")), 6),
    ] {
        let error = closed(&text);
        let place = format!("/k/rc:{line}: sets a policy");
        assert!(error.starts_with(&place), "{place}: {error}");
    }
}

#[test]
fn kb_61_what_is_not_known_or_there_twice_is_told_and_left_out() {
    let text = alpha(
        "oops: hush\naliases:\n- {name: x, more: hush}\n- {name: y, name: z}\nkind: Preference\n\
         \"odd key\": hush",
    );
    let told: Vec<String> =
        notices(read(&named(), &text).unwrap()).into_iter().map(|(_, text)| text).collect();
    assert_eq!(
        told,
        [
            "/k/rc:3: oops is not known and left out",
            "/k/rc:5: aliases[0].more is not known and left out",
            "/k/rc:8: ? is not known and left out",
            "/k/rc:6: name is there twice; the last one counts",
            "/k/rc:7: kind is there twice; the last one counts",
        ]
    );
    let twice = beta("credentialPluginPolicy: AllowAll\ncredentialPluginPolicy: DenyAll");
    let read = read(&default(), &twice).unwrap();
    assert_eq!(read.policy(), Some(&PluginPolicy::DenyAll));
    assert_eq!(notices(read).len(), 1);
}

/// I: kubectl leaves them out like any other, and so the restriction, too.
#[test]
fn kb_61_a_restriction_that_is_not_known_is_not_left_out() {
    for fields in [
        "credentialPluginPolicies: DenyAll",
        "credentialpluginpolicy: DenyAll",
        "'credentialPlugin Policy': DenyAll",
        "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{command: a, digest: b}]",
        "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{command: a, Name: b}]",
    ] {
        let error = closed(&beta(fields));
        assert!(error.contains("is an unknown field, which may forbid"), "{error}");
    }
    assert_eq!(
        closed(&alpha("credentialPluginPolicy: DenyAll")),
        "/k/rc:3: credentialPluginPolicy needs apiVersion kubectl.config.k8s.io/v1beta1"
    );
}

#[test]
fn kb_62_policy_and_allowlist() {
    let of = |fields: &str| policy(&beta(fields));
    assert_eq!(of("credentialPluginPolicy: ''"), None);
    assert_eq!(of("credentialPluginPolicy:"), None);
    assert_eq!(of("credentialPluginPolicy: ~\ncredentialPluginAllowlist: ~"), None);
    assert_eq!(of("credentialPluginPolicy: AllowAll"), Some(PluginPolicy::AllowAll));
    assert_eq!(
        of("credentialPluginPolicy: DenyAll\ncredentialPluginAllowlist:"),
        Some(PluginPolicy::DenyAll)
    );
    for entries in [
        "[{command: a}, {command: /b}]",
        "[{name: a}, {name: /b}]",
        "[{name: a, command: a}, {name: '', command: /b}]",
        "[{name: a, command: }, {command: /b, name: ~}]",
    ] {
        let fields =
            format!("credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: {entries}");
        assert_eq!(of(&fields), allowlist(&["a", "/b"]), "{entries}");
    }
}

#[test]
fn kb_62_a_policy_that_contradicts_itself_is_an_error_named_or_not() {
    let with_list = |entries: &str| {
        contradicts(&format!(
            "credentialPluginAllowlist: {entries}\ncredentialPluginPolicy: Allowlist"
        ))
    };
    let policy = ProblemKind::PluginPolicy;
    assert_eq!(
        contradicts("credentialPluginPolicy: denyall"),
        policy(PolicyProblem::Unknown("denyall".into()))
    );
    assert_eq!(contradicts("credentialPluginPolicy: Allowlist"), policy(PolicyProblem::NoList));
    for (name, entries) in [("", "[]"), ("AllowAll", "[]"), ("DenyAll", "[{command: a}]")] {
        let fields =
            format!("credentialPluginAllowlist: {entries}\ncredentialPluginPolicy: '{name}'");
        assert_eq!(contradicts(&fields), policy(PolicyProblem::ListWithout(name.into())));
    }
    assert_eq!(with_list("[]"), policy(PolicyProblem::EmptyList));
    assert_eq!(with_list("[{command: a}, {}]"), policy(PolicyProblem::EmptyEntry(2)));
    assert_eq!(with_list("[~]"), policy(PolicyProblem::EmptyEntry(1)));
    assert_eq!(with_list("[{command: a, name: b}]"), policy(PolicyProblem::TwoNames(1)));
    let problem = PolicyProblem::NotClean { path: "./x".into(), clean: "x".into() };
    assert_eq!(with_list("[{command: ./x}]"), policy(problem));
}
