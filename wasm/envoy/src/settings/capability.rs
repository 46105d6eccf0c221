//! What a filter can do of what a kubeconfig asks for, and what it cannot.

use super::{Connections, Settings};
use kubecred_core::{Authorization, Environment, Material, Profile, Proxy, Roots, ServiceAccount};

const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

/// Everything that a filter would have to do and cannot.
pub(super) fn problems(settings: &Settings, environment: &Environment) -> Vec<String> {
    let profile = &settings.profile;
    let authentication = &profile.authentication;
    let user = format!("user {:?}", authentication.user);
    let mut problems = Vec::new();
    if settings.connections != Connections::Envoy {
        let why = "a filter makes no connections: set up Envoy's cluster for it, and say so with \
                   \"connections: envoy\"";
        let fields = of_connections(profile, environment);
        problems.extend(fields.into_iter().map(|field| format!("{field}: {why}")));
    }
    match &authentication.authorization {
        Authorization::Exec(exec) => problems.push(format!(
            "{user}: exec: a filter starts no processes, so {:?} cannot be run: use a token, a \
             token file under \"files\", or the auth-provider oidc",
            exec.command
        )),
        Authorization::TokenFile { path, .. } if !settings.files.contains_key(path) => {
            problems.push(format!(
                "{user}: tokenFile: a filter reads no files: put the content of {path:?} under \
                 \"files\""
            ));
        }
        Authorization::Oidc(oidc) if oidc.refresh_token.is_some() => {
            if let Err(why) = settings.target(&oidc.issuer) {
                problems.push(format!("{user}: auth-provider: idp-issuer-url: {why}"));
            }
        }
        _ => {}
    }
    if let Some(account) = &authentication.service_account {
        problems.extend(of_account(settings, account));
    }
    problems
}

/// What is against asking for the tokens of a service account.
fn of_account(settings: &Settings, account: &ServiceAccount) -> Vec<String> {
    let authentication = &settings.profile.authentication;
    let mut problems = Vec::new();
    if account.namespace.is_empty() || account.name.is_empty() {
        problems.push("serviceAccount: namespace and name may not be empty".to_owned());
    }
    if authentication.certificate.is_some() {
        problems.push(format!(
            "serviceAccount: a filter presents no certificate, so tokens cannot be asked for with \
             the client certificate of user {:?}: use a token, a token file under \"files\", or the \
             auth-provider oidc",
            authentication.user
        ));
    }
    if let Err(why) = settings.target(&settings.profile.cluster.server) {
        problems.push(format!("serviceAccount: {why}"));
    }
    problems
}

/// The fields that say how to connect.
fn of_connections(profile: &Profile, environment: &Environment) -> Vec<String> {
    let cluster = &profile.cluster;
    let authentication = &profile.authentication;
    let of_cluster = format!("cluster {:?}", cluster.name);
    let of_user = format!("user {:?}", authentication.user);
    let mut fields = Vec::new();
    let mut add = |there: bool, entry: &str, field: &str| {
        if there {
            fields.push(format!("{entry}: {field}"));
        }
    };
    match &cluster.roots {
        Roots::System => {}
        Roots::File(_) => add(true, &of_cluster, "certificate-authority"),
        Roots::Pem(_) => add(true, &of_cluster, "certificate-authority-data"),
    }
    add(cluster.insecure_skip_tls_verify, &of_cluster, "insecure-skip-tls-verify");
    add(cluster.tls_server_name.is_some(), &of_cluster, "tls-server-name");
    add(matches!(cluster.proxy, Proxy::Url(_)), &of_cluster, "proxy-url");
    if let Some(pair) = &authentication.certificate {
        let field = match pair.certificate {
            Material::Data(_) => "client-certificate-data",
            Material::File(_) => "client-certificate",
        };
        add(true, &of_user, field);
    }
    if let Authorization::Oidc(oidc) = &authentication.authorization {
        let own = oidc.roots != Roots::System;
        add(own, &of_user, "auth-provider: idp-certificate-authority");
    }
    for name in PROXIES {
        add(environment.variable(name).is_some(), "environment", name);
    }
    fields
}

/// Leaves connections to the proxy, so that no request waits for files that only they need.
pub(super) fn leave_connections(profile: &mut Profile) {
    let cluster = &mut profile.cluster;
    cluster.roots = Roots::System;
    cluster.insecure_skip_tls_verify = false;
    cluster.tls_server_name = None;
    cluster.proxy = Proxy::Direct;
    profile.authentication.certificate = None;
    if let Authorization::Oidc(oidc) = &mut profile.authentication.authorization {
        oidc.roots = Roots::System;
    }
}
