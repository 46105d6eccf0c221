//! Guests of WASI 0.2 in wasmtime: adapters/wasi's examples, built by `wasm/build`, in a preopened
//! folder with a kubeconfig, against a real API server over real TLS.

mod calls;
mod commands;
mod connections;
mod embedder;
mod login;
mod oidc;
mod rotation;
mod start;

use embedder::Embedder;
use kubecred_loopback::{ApiServer, Authority};
use std::fmt::Write;

/// A kubeconfig for a server, with this of a cluster and this of a user, each line of YAML.
fn kubeconfig(server: &str, cluster: &str, user: &str) -> String {
    let mut text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         clusters:\n- name: c\n  cluster:\n    server: {server}\n"
    );
    let indented = |lines: &str| lines.lines().fold(String::new(), |t, l| t + "    " + l + "\n");
    text += &indented(cluster);
    write!(text, "users:\n- name: u\n  user:\n{}", indented(user)).expect("text");
    text
}

/// What trusts this authority.
fn trusting(authority: &Authority) -> String {
    format!("certificate-authority-data: {}", base64(authority.certificate_pem()))
}

fn base64(text: impl AsRef<[u8]>) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(text)
}

/// An embedder whose HTTP trusts this server, and whose guest has a kubeconfig for it with this user.
fn embedder(server: &ApiServer, user: &str) -> Embedder {
    let cluster = trusting(server.authority());
    Embedder::new().trust(server.authority()).kubeconfig(&kubeconfig(&server.url(), &cluster, user))
}

/// What the server has been told: status, and the bearer token.
fn told(server: &ApiServer) -> Vec<(u16, String)> {
    let exchanges = server.take_exchanges().into_iter();
    let told = exchanges.map(|exchange| {
        let token = exchange.header("authorization").unwrap_or("nothing");
        (exchange.status.as_u16(), token.trim_start_matches("Bearer ").to_owned())
    });
    told.collect()
}

fn seen(expected: &[(u16, &str)]) -> Vec<(u16, String)> {
    expected.iter().map(|(status, token)| (*status, (*token).to_owned())).collect()
}
