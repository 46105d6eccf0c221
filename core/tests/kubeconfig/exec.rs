//! Exec plugins in kubeconfigs (KC-58, EX-1…EX-4, EX-10, EX-32…EX-36, EX-46, EX-80…EX-82).

use crate::{file, kinds, parse, select, text, user};
use kubecred_core::kubeconfig::{PolicyProblem, ProblemKind};
use kubecred_core::{
    Action, Authentication, Authenticator, Authorization, ConfigError, Environment, Exec,
    ExecApiVersion, ExecCluster, Input, InteractiveMode, Now, Overrides, PluginPolicy, Policy,
    Profile, Roots, StdinState,
};

fn exec(fields: &str) -> Result<Exec, ConfigError> {
    of(user(&format!("{{exec: {{{fields}}}}}")))
}

fn of(profile: Result<Profile, ConfigError>) -> Result<Exec, ConfigError> {
    match profile?.authentication.authorization {
        Authorization::Exec(exec) => Ok(*exec),
        other => panic!("no plugin: {other:?}"),
    }
}

const V1: &str = "apiVersion: client.authentication.k8s.io/v1";

#[test]
fn kc_58_what_a_plugin_must_have() {
    let all = "command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never";
    assert!(exec(all).is_ok());
    let incomplete = || ProblemKind::ExecIncomplete;
    assert_eq!(kinds(&exec("")), [incomplete(), incomplete(), incomplete()]);
    for (missing, field) in [
        (all.replace("command: x", "args: [hush]"), "exec.command"),
        (all.replace(V1, "args: []"), "exec.apiVersion"),
        (all.replace(", interactiveMode: Never", ""), "exec.interactiveMode"),
        ([all, ", env: [{name: '', value: hush}]"].concat(), "exec.env: name"),
    ] {
        let error = text(exec(&missing));
        assert_eq!(
            error,
            format!(
                "invalid configuration: /k/config:8: user \"u\": {field} must be set to use an exec \
                 plugin"
            )
        );
    }
    assert!(exec(&[all, ", env: [{name: A}]"].concat()).is_ok());
    let mode = exec(&all.replace("Never", "never"));
    assert_eq!(kinds(&mode), [ProblemKind::InteractiveMode("never".into())]);
}

#[test]
fn ex_1_versions_are_checked_when_connecting() {
    let with = |version: &str| {
        exec(&format!("command: x, interactiveMode: IfAvailable, apiVersion: {version}"))
    };
    let v1beta1 = with("client.authentication.k8s.io/v1beta1").unwrap();
    assert_eq!(v1beta1.api_version, ExecApiVersion::V1Beta1);
    assert_eq!(v1beta1.interactive_mode, InteractiveMode::IfAvailable);
    for version in
        ["client.authentication.k8s.io/v1alpha1", "v1", "client.authentication.k8s.io/V1"]
    {
        assert_eq!(kinds(&with(version)), [ProblemKind::ExecApiVersion(version.into())]);
        // A token turns the plugin off, not the check.
        let body = format!(
            "{{token: t, exec: {{command: x, interactiveMode: Never, apiVersion: {version}}}}}"
        );
        assert_eq!(kinds(&user(&body)).len(), 1);
    }
}

#[test]
fn kc_30_an_old_plugin_without_a_mode_uses_a_terminal_if_there_is_one() {
    let plugin = exec("command: x, apiVersion: client.authentication.k8s.io/v1beta1").unwrap();
    assert_eq!(plugin.interactive_mode, InteractiveMode::IfAvailable);
}

/// I: in client-go the kubeconfig in memory changes with the hint.
#[test]
fn ex_46_install_hints_are_made_harmless() {
    let fields =
        format!("command: x, {V1}, interactiveMode: Never, installHint: \"\\e[31mrun\\nthis\"");
    let text = file("{server: 'https://h'}", &format!("{{exec: {{{fields}}}}}"));
    let config = parse(&text).unwrap();
    let plugin = of(config.select(&Overrides::default(), &Environment::default())).unwrap();
    assert_eq!(plugin.install_hint, "U+001B[31mrun\nthis");
    let written = &config.users["u"].exec.as_ref().unwrap().install_hint;
    assert_eq!(written, "\u{1b}[31mrun\nthis");
}

#[test]
fn ex_32_ex_36_what_a_plugin_is_told_of_the_cluster() {
    let plugin = |cluster: &str, more: &str| {
        let user = format!("{{exec: {{command: x, {V1}, interactiveMode: Never, {more}}}}}");
        of(select(cluster, &user)).unwrap().cluster
    };
    let cluster = "{server: 'https://h/p?q', tls-server-name: tls, certificate-authority: ca, \
        proxy-url: 'http://p', disable-compression: true, extensions: [{name: other, extension: 1}, \
        {name: client.authentication.k8s.io/exec, extension: {other: bar, audience: foo}}]}";
    assert_eq!(plugin(cluster, "provideClusterInfo: false"), None);
    assert_eq!(
        plugin(cluster, "provideClusterInfo: true"),
        Some(ExecCluster {
            server: "https://h/p".into(),
            tls_server_name: "tls".into(),
            insecure_skip_tls_verify: false,
            certificate_authority: Roots::File("/k/ca".into()),
            proxy_url: "http://p".into(),
            disable_compression: true,
            config: Some(r#"{"audience":"foo","other":"bar"}"#.into()),
        })
    );
    let bare =
        plugin("{server: 'https://h', insecure-skip-tls-verify: true}", "provideClusterInfo: true");
    let bare = bare.unwrap();
    assert_eq!((bare.config, bare.insecure_skip_tls_verify), (None, true));
    assert_eq!(bare.certificate_authority, Roots::System);
}

/// I: in client-go both plugins end up with the second cluster's configuration.
#[test]
fn ex_34_two_clusters_of_one_user_do_not_share() {
    let mut text = file(
        "{server: 'https://1', extensions: [{name: client.authentication.k8s.io/exec, extension: one}]}",
        &format!(
            "{{exec: {{command: x, {V1}, interactiveMode: Never, provideClusterInfo: true}}}}"
        ),
    );
    text = text.replace("users:", "- name: l\n  cluster: {server: 'https://2'}\nusers:");
    let config = parse(&text).unwrap();
    let of = |cluster: &str| {
        let overrides = Overrides { cluster: cluster.into(), ..Overrides::default() };
        of(config.select(&overrides, &Environment::default())).unwrap().cluster.unwrap()
    };
    let (first, second) = (of("k"), of("l"));
    assert_eq!((first.config.as_deref(), second.config), (Some("\"one\""), None));
    assert_eq!((first.server.as_str(), second.server.as_str()), ("https://1", "https://2"));
}

#[test]
fn ex_80_ex_82_the_policy_goes_along_and_must_make_sense() {
    let config = parse(&file(
        "{server: 'https://h'}",
        &format!("{{exec: {{command: x, {V1}, interactiveMode: Never}}}}"),
    ))
    .unwrap();
    let with = |policy: PluginPolicy| {
        let stdin = StdinState { terminal: true, unavailable: Some("busy".into()) };
        let environment = Environment::default().with_plugin_policy(policy).with_stdin(stdin);
        of(config.select(&Overrides::default(), &environment))
    };
    let plugin = with(PluginPolicy::DenyAll).unwrap();
    assert_eq!(plugin.policy, PluginPolicy::DenyAll);
    assert_eq!(plugin.stdin.unavailable.as_deref(), Some("busy"));
    let result = with(PluginPolicy::Allowlist(vec![]));
    assert_eq!(kinds(&result), [ProblemKind::PluginPolicy(PolicyProblem::EmptyList)]);
    let result = with(PluginPolicy::Allowlist(vec!["./x".into()]));
    assert!(text(result).contains("write \"x\""));
}

/// In a kubeconfig and in a profile by hand: nothing is asked for with it.
#[test]
fn ex_2_a_policy_that_makes_no_sense_is_found_before_anything_is_run() {
    let text = file(
        "{server: 'https://h'}",
        &format!("{{exec: {{command: x, {V1}, interactiveMode: Never}}}}"),
    );
    let config = parse(&text).unwrap();
    for policy in [vec![], vec![String::new()], vec!["/a/../b".into()]] {
        let policy = PluginPolicy::Allowlist(policy);
        let environment = Environment::default().with_plugin_policy(policy.clone());
        let selected = config.select(&Overrides::default(), &environment);
        let [ProblemKind::PluginPolicy(problem)] = &kinds(&selected)[..] else {
            panic!("{selected:?}")
        };
        let mut by_hand = Profile::new("https://h");
        by_hand.authentication = Authentication::exec(Exec { policy, ..Exec::new("x") });
        assert_eq!(kinds(&by_hand.check()), [ProblemKind::PluginPolicy(problem.clone())]);
    }
}

#[test]
fn ex_3_names_of_variables_may_be_anything_but_empty() {
    let names = ["PATH", "a b", "A=B", "über", "1", "$X", "-"];
    let pairs = names.map(|name| format!("{{name: '{name}', value: v}}")).join(", ");
    let fields = format!("command: x, {V1}, interactiveMode: Never, env: [{pairs}]");
    let plugin = exec(&fields).unwrap();
    let found: Vec<&str> = plugin.env.iter().map(|pair| pair.name.as_str()).collect();
    assert_eq!(found, names);
    let unnamed = fields.replace("name: 'PATH'", "name: ''");
    assert_eq!(kinds(&exec(&unnamed)), [ProblemKind::ExecIncomplete]);
}

#[test]
fn ex_4_a_missing_or_unknown_mode_never_runs() {
    for mode in ["", ", interactiveMode: ''", ", interactiveMode: ~", ", interactiveMode: ALWAYS"] {
        let found = exec(&format!("command: x, {V1}{mode}"));
        assert_eq!(kinds(&found).len(), 1, "{mode}");
    }
}

#[test]
fn ex_10_a_command_by_hand_may_be_anything_and_stays_as_it_is() {
    for command in ["plug", "bin/plug", "./plug", "../plug", "~/plug", "$PLUG", "a b", r"C:\p.exe"]
    {
        let mut profile = Profile::new("https://h");
        profile.authentication = Authentication::exec(Exec::new(command));
        assert_eq!(profile.check(), Ok(()), "{command}");
        let mut machine = Authenticator::new(&profile, Policy::default(), 0);
        machine.handle_input(Now::from_millis(0, 0), Input::Demand);
        let Some(Action::RunCommand(job)) = machine.poll_action() else { panic!("{command}") };
        assert_eq!(job.request.program, command);
    }
}
