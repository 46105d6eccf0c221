//! What each test sets up.

use kubecred_envoy_tests::{Issuer, Setup};
use kubecred_loopback::ApiServer;
use serde_json::{Value, json};
use std::time::Duration;

/// An API server that knows nobody yet.
pub(crate) async fn api_server() -> ApiServer {
    ApiServer::builder().start().await.expect("a port of loopback")
}

/// A kubeconfig for the server with this one user.
pub(crate) fn kubeconfig(server: &str, user: &Value) -> Value {
    json!({
        "current-context": "here",
        "contexts": [{ "name": "here", "context": { "cluster": "east", "user": "me" } }],
        "clusters": [{ "name": "east", "cluster": { "server": server } }],
        "users": [{ "name": "me", "user": user }],
    })
}

/// A plugin configuration with a kubeconfig with this user.
pub(crate) fn plugin(user: &Value) -> Value {
    json!({ "kubeconfig": kubeconfig("https://api.example", user) })
}

/// Envoy, an API server, and an issuer whose tokens live for this long.
pub(crate) async fn with_issuer(life: u64) -> (ApiServer, Issuer, Setup) {
    let server = api_server().await;
    let issuer = Issuer::start(server.accounts(), Duration::from_secs(life)).await;
    let mut plugin = plugin(&issuer.user());
    plugin["clusters"] = json!({ "id.example": "issuer" });
    let setup = Setup { issuer: Some(issuer.cluster()), ..Setup::new(&plugin, &server) };
    (server, issuer, setup)
}
