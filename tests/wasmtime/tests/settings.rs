//! Kubeconfigs through the component: the same profile, and the same complaints, as natively.

use kubecred_core::kubeconfig::{Kubeconfig, search};
use kubecred_core::{
    ConfigError, DetectionStep, Environment, Failure, FailureKind, Overrides, Profile, Secret,
    detect,
};
use kubecred_wasm_tests::Settings;

const KUBECONFIG: &str = r#"
current-context: dev
contexts:
- {name: dev, context: {cluster: here, user: plugin, namespace: shop}}
- {name: prod, context: {cluster: there, user: token}}
- {name: broken, context: {cluster: none, user: nobody}}
clusters:
- {name: here, cluster: {server: "https://127.0.0.1:6443", certificate-authority: ca.crt, proxy-url: "socks5://p:1"}}
- {name: there, cluster: {server: "https://prod", certificate-authority-data: LS0tLS1CRUdJTg==, tls-server-name: api}}
- {name: none, cluster: {}}
users:
- name: plugin
  user:
    as: jane
    as-groups: [dev, ops]
    as-user-extra: {scopes: [a, b]}
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./login
      args: [get-token, "--for=here"]
      env: [{name: MODE, value: quiet}]
      interactiveMode: IfAvailable
      provideClusterInfo: true
      installHint: apt install login
- {name: token, user: {tokenFile: token, client-certificate: c.crt, client-key: c.key}}
- name: oidc
  user:
    auth-provider:
      name: oidc
      config: {idp-issuer-url: "https://idp", client-id: me, client-secret: s, refresh-token: r}
- {name: basic, user: {username: me, password: pass}}
"#;

fn environment() -> Environment {
    Environment::new([("KUBECONFIG", "/etc/a:conf/b"), ("HOME", "/home/me")]).in_directory("/work")
}

fn missing() -> Failure {
    Failure::new(FailureKind::NotFound, "no such file")
}

fn reads() -> Vec<Result<Secret, Failure>> {
    vec![Err(missing()), Ok(Secret::from(KUBECONFIG))]
}

fn overrides(change: impl FnOnce(&mut Overrides)) -> Overrides {
    let mut overrides = Overrides::default();
    change(&mut overrides);
    overrides
}

#[test]
fn every_choice_in_a_kubeconfig_comes_out_the_same() {
    let mut settings = Settings::new();
    let searched = search(None, &environment());
    assert_eq!(settings.search(None, &environment()), searched.paths());
    let config = searched.load(reads()).expect("it loads");
    settings.load(reads()).expect("it loads");
    assert_eq!(settings.contexts(), config.contexts.keys().cloned().collect::<Vec<_>>());
    let choices = [
        overrides(|_| {}),
        overrides(|o| o.context = "prod".into()),
        overrides(|o| o.user = "oidc".into()),
        overrides(|o| o.user = "basic".into()),
        overrides(|o| {
            (o.token, o.server) = ("t0ken".into(), "https://other".into());
            o.insecure_skip_tls_verify = true;
            o.impersonate_extra.insert("k".into(), vec!["v".into()]);
            o.timeout = Some(std::time::Duration::from_millis(1500));
        }),
    ];
    for overrides in choices {
        let profile = config.select(&overrides, &environment()).expect("it can be selected");
        assert_eq!(settings.select(&overrides, &environment()), Ok(profile));
    }
}

#[test]
fn what_is_wrong_is_said_in_the_same_words() {
    let mut settings = Settings::new();
    settings.search(None, &environment());
    settings.load(reads()).expect("it loads");
    let config = search(None, &environment()).load(reads()).expect("it loads");
    let nobody = Environment::default();
    for name in ["broken", "absent"] {
        let overrides = overrides(|o| o.context = name.into());
        let native = config.select(&overrides, &nobody).expect_err("it is wrong");
        assert_eq!(settings.select(&overrides, &nobody), Err(told(&native)));
    }
    for text in
        ["", "a: [", "users: [{name: a, user: {token: 1}}, {name: a}]", "\u{0}", "kind: Pod"]
    {
        let reads = || -> Vec<_> { vec![Err(missing()), Ok(Secret::from(text))] };
        let native = search(None, &environment()).load(reads());
        assert_eq!(settings.load(reads()), native.map(|_| ()).map_err(|error| told(&error)));
    }
    let native = Kubeconfig::from_bytes(b"- 1").expect_err("it is wrong");
    assert_eq!(settings.from_bytes(b"- 1"), Err(told(&native)));
    let profile = Profile::new("nowhere");
    let native = profile.check().expect_err("it is wrong");
    assert_eq!(settings.check(&profile), Err(told(&native)));
}

/// The message, with every problem and class of the error.
fn told(error: &ConfigError) -> String {
    let problems = error.problems().iter();
    let problems =
        problems.map(|p| format!("{} {} {} {} {}", p.file, p.line, p.entry, p.field, p.kind));
    let classes = [
        error.is_empty_config(),
        error.is_not_found(),
        error.is_context_not_found(),
        error.is_invalid(),
        error.is_not_in_cluster(),
    ];
    format!("{error} {:?} {classes:?}", problems.collect::<Vec<_>>())
}

#[test]
fn a_pod_is_detected_step_by_step() {
    let environment = Environment::new([
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("KUBERNETES_SERVICE_PORT", "443"),
        ("HOME", "/root"),
    ]);
    let read = |path: &String| match path.rsplit('/').next() {
        Some("token") => Ok(Secret::from("t0ken")),
        Some("namespace") => Ok(Secret::from("shop")),
        _ => Err(missing()),
    };
    let mut detection = detect(None, Overrides::default(), &environment);
    let mut asked = Vec::new();
    let native = loop {
        asked.push(detection.reads().to_vec());
        let reads = detection.reads().iter().map(read).collect();
        match detection.feed(reads).expect("this is a pod") {
            DetectionStep::Read(next) => detection = *next,
            DetectionStep::Done(profile) => break *profile,
        }
    };
    let mut settings = Settings::new();
    let (profile, steps) = settings.detect(&Overrides::default(), &environment, read);
    assert_eq!(profile, Ok(native));
    assert_eq!(steps, asked);
}

#[test]
fn the_deepest_document_that_is_taken_does_not_overflow_the_components_stack() {
    let mut settings = Settings::new();
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!("extensions: [{{name: e, extension: {open}{close}}}]")
    };
    let native = |text: &str| Kubeconfig::from_bytes(text.as_bytes());
    // By halves to the depth at which the native reader begins to refuse.
    let (mut taken, mut refused) = (1, 1 << 20);
    while refused - taken > 1 {
        let middle = (taken + refused) / 2;
        *(if native(&nested(middle)).is_ok() { &mut taken } else { &mut refused }) = middle;
    }
    assert!(taken > 10, "{taken} deep is taken");
    for depth in [taken, refused, 100_000] {
        let text = nested(depth);
        let native = native(&text).map(|_| ()).map_err(|error| told(&error));
        assert_eq!(settings.from_bytes(text.as_bytes()), native, "{depth} deep");
    }
}
