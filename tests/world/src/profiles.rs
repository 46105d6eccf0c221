//! Profiles of every kind of user, and policies of every pace.

use crate::{START_WALL, Span, certificates, openid, secret};
use kubecred_core::policy::{Backoff, Reload, Renewal};
use kubecred_core::protocol::EnvVar;
use kubecred_core::{
    Authentication, Authorization, ClientCertificate, Exec, ExecCluster, Impersonation,
    InteractiveMode, KubeconfigUser, Material, Oidc, Policy, Profile, Roots, StdinState, Token,
    UnixTime,
};

/// The token file.
pub const TOKEN: &str = "/run/token";
/// The client certificate.
pub const CERTIFICATE: &str = "/pki/client.crt";
/// Its key.
pub const KEY: &str = "/pki/client.key";
/// The certificate authority.
pub const ROOTS: &str = "/pki/ca.crt";
/// The certificate authority that only the plugin is told.
pub const PLUGIN_ROOTS: &str = "/pki/plugin-ca.crt";
/// The certificate authority of the OpenID provider.
pub const PROVIDER_ROOTS: &str = "/pki/id-ca.crt";
/// The kubeconfig.
pub const KUBECONFIG: &str = "/home/me/.kube/config";
/// The program's own token provider.
pub const PROVIDER: &str = "vault";
/// The plugin.
pub const PLUGIN: &str = "login";

/// A profile for a server that is reached with this.
pub fn with(authentication: Authentication) -> Profile {
    let mut profile = Profile::new("https://api.example:6443");
    profile.authentication = Authentication { user: "me".into(), ..authentication };
    profile
}

/// Nobody.
pub fn anonymous() -> Profile {
    with(Authentication::default())
}

/// A literal token, `literal`.
pub fn literal() -> Profile {
    with(Authentication::token(secret("literal")))
}

/// A user name and a password.
pub fn basic() -> Profile {
    with(Authentication::basic("alice", secret("password")))
}

/// A token file.
pub fn token_file() -> Profile {
    with(Authentication::token_file(TOKEN))
}

/// A token file, and the literal token `literal` until it can be read.
pub fn token_file_with_literal() -> Profile {
    let fallback = Some(Token(secret("literal").into()));
    let authorization = Authorization::TokenFile { path: TOKEN.into(), fallback };
    with(Authentication { authorization, ..Authentication::default() })
}

fn plugin() -> Exec {
    let mut exec = Exec::new(PLUGIN);
    exec.args = vec![secret("argument")];
    exec.env = vec![EnvVar { name: "PLUGIN_KEY".into(), value: secret("variable").into() }];
    exec.install_hint = "install it".into();
    exec
}

/// A plugin that never talks to a person.
pub fn exec() -> Profile {
    with(Authentication::exec(plugin()))
}

/// A plugin that has the terminal.
pub fn exec_interactive() -> Profile {
    let stdin = StdinState { terminal: true, unavailable: None };
    let interactive_mode = InteractiveMode::IfAvailable;
    with(Authentication::exec(Exec { stdin, interactive_mode, ..plugin() }))
}

/// A plugin that is told of the cluster, and so needs the certificate authority's file first.
pub fn exec_with_roots() -> Profile {
    let cluster = Some(ExecCluster {
        server: "https://api.example:6443".into(),
        certificate_authority: Roots::File(PLUGIN_ROOTS.into()),
        ..ExecCluster::default()
    });
    with(Authentication::exec(Exec { cluster, ..plugin() }))
}

fn provider() -> Oidc {
    Oidc {
        issuer: openid::ISSUER.into(),
        client_id: openid::CLIENT.into(),
        client_secret: Some(secret("client").into()),
        refresh_token: Some(secret("refresh-1").into()),
        ..Oidc::default()
    }
}

/// A refresh token of the OpenID provider, `refresh-1`, that is in no file.
pub fn oidc() -> Profile {
    with(Authentication::oidc(provider()))
}

/// The same from a kubeconfig, and with an id-token, `id-1`, that is good for ten minutes.
pub fn oidc_from_file() -> Profile {
    let end = UnixTime::from_millis(START_WALL + 600_000);
    with(Authentication::oidc(Oidc {
        id_token: Some(openid::id_token("id-1", end).into()),
        roots: Roots::File(PROVIDER_ROOTS.into()),
        origin: Some(KubeconfigUser { path: KUBECONFIG.into(), user: "me".into() }),
        ..provider()
    }))
}

/// A token provider of the program.
pub fn provided() -> Profile {
    with(Authentication::provided(PROVIDER))
}

/// A client certificate and key in files.
pub fn certificate_files() -> Profile {
    with(Authentication::certificate(
        Material::File(CERTIFICATE.into()),
        Material::File(KEY.into()),
    ))
}

/// The client certificate `a`, given outright.
pub fn certificate_data() -> Profile {
    let certificate = Material::Data(certificates::certificate("a").into());
    with(Authentication::certificate(certificate, Material::Data(certificates::key("a").into())))
}

/// The client certificate `a`, given outright, and its key in a file.
pub fn certificate_mixed() -> Profile {
    let certificate = Material::Data(certificates::certificate("a").into());
    with(Authentication::certificate(certificate, Material::File(KEY.into())))
}

/// Nobody, with a certificate authority in a file.
pub fn roots_file() -> Profile {
    trusting(anonymous())
}

/// The same, with a certificate authority in a file.
pub fn trusting(mut profile: Profile) -> Profile {
    profile.cluster.roots = Roots::File(ROOTS.into());
    profile
}

/// The same, with a client certificate in files.
pub fn certified(mut profile: Profile) -> Profile {
    let certificate = Material::File(CERTIFICATE.into());
    let pair = ClientCertificate { certificate, key: Material::File(KEY.into()) };
    profile.authentication.certificate = Some(pair);
    profile
}

/// The same, passing for `jane`.
pub fn impersonating(mut profile: Profile) -> Profile {
    profile.authentication.impersonation = Impersonation {
        user: "jane".into(),
        uid: "42".into(),
        groups: vec!["dev".into(), "ops".into()],
        extra: vec![("scopes".into(), vec!["a".into(), "b".into()])],
    };
    profile
}

/// The service account `deployer`, whose tokens are asked for with this login.
pub fn service_account(bootstrap: Profile) -> Profile {
    let bootstrap = bootstrap.authentication;
    with(Authentication::service_account("prod", "deployer", bootstrap))
}

/// One of each, with a name.
pub fn all() -> Vec<(&'static str, Profile)> {
    vec![
        ("anonymous", anonymous()),
        ("literal", literal()),
        ("basic", basic()),
        ("token file", token_file()),
        ("token file with literal", token_file_with_literal()),
        ("exec", exec()),
        ("exec interactive", exec_interactive()),
        ("exec with roots", exec_with_roots()),
        ("oidc", oidc()),
        ("oidc from a file", oidc_from_file()),
        ("certificate files", certificate_files()),
        ("certificate data", certificate_data()),
        ("certificate mixed", certificate_mixed()),
        ("roots file", roots_file()),
        ("token file, certificate files, roots", certified(trusting(token_file()))),
        ("exec, certificate files, roots", certified(trusting(exec()))),
        ("exec with roots, roots", trusting(exec_with_roots())),
        ("literal, roots, impersonation", impersonating(trusting(literal()))),
        ("exec interactive, roots", trusting(exec_interactive())),
        ("service account by exec", service_account(exec())),
        ("provided", provided()),
        (
            "service account by certificate files, roots",
            trusting(service_account(certificate_files())),
        ),
    ]
}

/// Policies of every pace, with a name.
pub fn policies() -> Vec<(&'static str, Policy)> {
    let tiny = Reload { every: 40.ms(), leeway: 10.ms() };
    let hasty = Policy {
        renewal: Renewal::Ahead { margin: 5.ms(), percent: 50 },
        min_interval: 10.ms(),
        clock_skew_grace: 20.ms(),
        token_file: tiny,
        certificate_files: tiny,
        roots_file: tiny,
        id_token_leeway: 5.ms(),
        backoff: Backoff { initial: 10.ms(), max: 80.ms() },
        file_timeout: 30.ms(),
        command_timeout: Some(50.ms()),
        request_timeout: 50.ms(),
        max_reply: 1 << 16,
    };
    vec![("default", Policy::default()), ("client-go", Policy::client_go()), ("hasty", hasty)]
}
