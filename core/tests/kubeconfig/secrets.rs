//! KC-94, KC-95 and what they forget: nothing secret is shown, whatever goes wrong.

use crate::{file, load, parse};
use kubecred_core::kubeconfig::{AuthProvider, ExecEntry};
use kubecred_core::{Environment, Overrides};

/// Stands wherever a secret can.
const CANARY: &str = "hushhush";

/// Its base64.
const ENCODED: &str = "aHVzaGh1c2g=";

fn cluster() -> String {
    format!(
        "{{server: 'https://me:{CANARY}@h', proxy-url: 'http://me:{CANARY}@p', \
         certificate-authority-data: {ENCODED}, extensions: [{{name: client.authentication.k8s.io/exec, \
         extension: {{key: {CANARY}}}}}]}}"
    )
}

fn user() -> String {
    format!(
        "{{token: {CANARY}, password: {CANARY}, client-key-data: {ENCODED}, \
         client-certificate-data: {ENCODED}, as: x, as-user-extra: {{k: [{CANARY}]}}, \
         auth-provider: {{name: oidc, config: {{refresh-token: {CANARY}}}}}, \
         exec: {{command: x, args: [{CANARY}], env: [{{name: NAME, value: {CANARY}}}], provideClusterInfo: true, \
         apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}, \
         extensions: [{{name: e, extension: {CANARY}}}]}}"
    )
}

fn is_silent(shown: &str) {
    assert!(!shown.contains(CANARY) && !shown.contains(ENCODED), "{shown}");
}

#[test]
fn kc_95_debug_of_a_kubeconfig_hides_secrets() {
    let config = parse(&file(&cluster(), &user())).unwrap();
    let shown = format!("{config:?} {config:#?}");
    is_silent(&shown);
    assert!(shown.contains("https://***@h") && shown.contains("refresh-token"), "{shown}");
}

#[test]
fn kc_95_debug_of_overrides_and_environment_hides_secrets() {
    let mut overrides = Overrides {
        token: CANARY.into(),
        password: CANARY.into(),
        server: format!("https://me:{CANARY}@h"),
        default_server: format!("https://me:{CANARY}@h"),
        proxy_url: format!("https://me:{CANARY}@h"),
        client_key_data: CANARY.into(),
        client_certificate_data: CANARY.into(),
        certificate_authority_data: CANARY.into(),
        exec: Some(ExecEntry { args: vec![CANARY.into()], ..ExecEntry::default() }),
        auth_provider: Some(AuthProvider {
            config: [("k".to_owned(), CANARY.into())].into(),
            ..AuthProvider::default()
        }),
        ..Overrides::default()
    };
    overrides.add_extra(&format!("k={CANARY}"));
    is_silent(&format!("{overrides:?}"));
    is_silent(&format!("{:?}", Environment::new([("KUBECONFIG", "/k"), ("TOKEN", CANARY)])));
    let environment = Environment::new([("TOKEN", CANARY)]);
    is_silent(&format!("{:?}", kubecred_core::detect(None, overrides, &environment)));
}

#[test]
fn no_problem_of_a_selection_shows_a_secret() {
    let config = parse(&file(&cluster(), &user())).unwrap();
    let error = config.select(&Overrides::default(), &Environment::default()).unwrap_err();
    is_silent(&format!("{error} {error:?}"));
    assert!(error.problems().len() > 1, "{error}");
    is_silent(&format!("{:?}", config.validate()));
    for drop in ["password", "token", "auth-provider", "exec", "client-certificate-data"] {
        let fewer = user().replacen(&format!("{drop}:"), "unknown:", 1);
        let config = parse(&file(&cluster(), &fewer)).unwrap();
        is_silent(&format!("{:?}", config.select(&Overrides::default(), &Environment::default())));
        let plain = cluster().replace("https:", "http:");
        let config = parse(&file(&plain, &fewer)).unwrap();
        is_silent(&format!("{:?}", config.select(&Overrides::default(), &Environment::default())));
    }
}

/// Every field once with its secret in a value of the wrong shape, and the file cut off after every
/// byte.
#[test]
fn no_problem_of_decoding_shows_a_secret() {
    let whole = file(&cluster(), &user());
    for shape in [
        "[SECRET]",
        "{SECRET: SECRET}",
        "!!int SECRET",
        "!!bool SECRET",
        "*SECRET",
        "\"\\qSECRET\"",
        "'SECRET'x",
    ] {
        let value = shape.replace("SECRET", CANARY);
        for key in [
            "token",
            "password",
            "client-key-data",
            "exec",
            "auth-provider",
            "proxy-url",
            "as-user-extra",
            "extensions",
            "args",
            "env",
            "value",
            "refresh-token",
            "name",
            "server",
        ] {
            let broken =
                whole.replacen(&format!("{key}: "), &format!("{key}: {value}, other: "), 1);
            if let Err(error) = load(&[("/k", &broken)]) {
                is_silent(&format!("{error} {error:?}"));
            }
        }
    }
    for end in 0..whole.len() {
        let cut = whole.get(..end).unwrap_or_default();
        if let Err(error) = load(&[("/k", cut)]) {
            is_silent(&format!("{error} {error:?}"));
        }
    }
}
