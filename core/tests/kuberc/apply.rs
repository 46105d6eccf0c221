//! What it does to a profile (KB-63).

use crate::{beta, default, named, read, with_plugin};
use kubecred_core::kubeconfig::{Kubeconfig, Kuberc};
use kubecred_core::{
    Action, Authenticator, Authorization, Environment, Error, Input, Now, Origin, Overrides,
    PluginPolicy, Policy, Profile, Unavailable,
};

const DENY: &str = "credentialPluginPolicy: DenyAll";

fn policy_of(profile: &Profile) -> &PluginPolicy {
    match &profile.authentication.authorization {
        Authorization::Exec(exec) => &exec.policy,
        other => panic!("no plugin: {other:?}"),
    }
}

#[test]
fn kb_63_the_policy_goes_to_who_runs_a_plugin_and_says_where_it_is_from() {
    let mut profile = with_plugin();
    read(&named(), &beta(DENY)).unwrap().apply(&mut profile).unwrap();
    assert_eq!(policy_of(&profile), &PluginPolicy::DenyAll);
    let [known] = profile.provenance.as_slice() else { panic!("{profile:?}") };
    let origin = Origin::File { path: "/k/rc".into(), entry: String::new(), line: 3 };
    assert_eq!((known.setting.as_str(), &known.origin), ("credentialPluginPolicy", &origin));

    let mut machine = Authenticator::new(&profile, Policy::default(), 0);
    machine.handle_input(Now::default(), Input::Demand);
    while let Some(action) = machine.poll_action() {
        assert!(!matches!(action, Action::RunCommand(_)), "{action:?}");
    }
    let Err(Unavailable::Failed(Error::Plugin { problem, .. })) =
        machine.credential(Now::default())
    else {
        panic!("{:?}", machine.credential(Now::default()))
    };
    assert!(problem.to_string().contains("DenyAll"), "{problem}");
}

#[test]
fn kb_63_without_a_plugin_nothing_changes() {
    let before = Profile::new("https://h");
    let mut profile = before.clone();
    read(&default(), &beta(DENY)).unwrap().apply(&mut profile).unwrap();
    assert_eq!(profile, before);

    // A token turns the plugin off (UA-3).
    let config = Kubeconfig::from_bytes(
        b"{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],
        clusters: [{name: k, cluster: {server: 'https://h'}}], users: [{name: u, user: {token: t,
        exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}}]}",
    );
    let mut profile =
        config.unwrap().select(&Overrides::default(), &Environment::default()).unwrap();
    let before = profile.clone();
    read(&default(), &beta(DENY)).unwrap().apply(&mut profile).unwrap();
    assert_eq!(profile, before);
}

#[test]
fn kb_63_what_is_forbidden_already_stays_forbidden() {
    let list = "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{command: a}]";
    let listed = PluginPolicy::Allowlist(vec!["a".into()]);
    for (before, fields, after) in [
        (PluginPolicy::DenyAll, "credentialPluginPolicy: AllowAll", PluginPolicy::DenyAll),
        (PluginPolicy::DenyAll, list, PluginPolicy::DenyAll),
        (PluginPolicy::AllowAll, list, listed.clone()),
        (listed.clone(), "", listed.clone()),
        (listed, DENY, PluginPolicy::DenyAll),
    ] {
        let mut profile = with_plugin();
        if let Authorization::Exec(exec) = &mut profile.authentication.authorization {
            exec.policy = before;
        }
        read(&default(), &beta(fields)).unwrap().apply(&mut profile).unwrap();
        assert_eq!(policy_of(&profile), &after, "{fields}");
    }
}

#[test]
fn kb_60_no_file_is_no_restriction() {
    let off = Kuberc::search(None, &Environment::new([("KUBERC", "off")])).unwrap();
    assert_eq!(off, None);
    let mut profile = with_plugin();
    default().read([crate::missing()]).unwrap().apply(&mut profile).unwrap();
    assert_eq!(profile, with_plugin());
}
