//! A login with the auth-provider `oidc`, from a real provider on loopback.

use crate::stage::{CANARY, Stage};
use bytes::Bytes;
use http::{Request, Response};
use kubecred_loopback::ApiServer;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// JWTs that end in the year 3000; they differ by what stands for a signature.
const OLD: &str = "e30.eyJleHAiOjMyNTAzNjgwMDAwfQ.old";
const NEW: &str = "e30.eyJleHAiOjMyNTAzNjgwMDAwfQ.canary-7b1f4c0d9e";

/// A server that is its users' OpenID provider as well. `refreshed` runs when it gives out a token.
async fn stage(refreshed: impl Fn(&Stage) + Send + Sync + 'static) -> Arc<Stage> {
    let home: Arc<OnceLock<Arc<Stage>>> = Arc::default();
    let known = Arc::clone(&home);
    let answer = move |request: &Request<Bytes>| {
        let stage = known.get()?;
        let issuer = stage.server.url();
        let json: Value = match request.uri().path() {
            "/.well-known/openid-configuration" => {
                json!({ "issuer": issuer, "token_endpoint": format!("{issuer}/token") })
            }
            "/token" => {
                refreshed(stage);
                json!({ "id_token": NEW, "refresh_token": CANARY, "token_type": "Bearer" })
            }
            _ => return None,
        };
        let reply = Response::builder().header("content-type", "application/json");
        Some(reply.body(json.to_string().into()).unwrap())
    };
    let stage = Arc::new(Stage::with(ApiServer::builder().respond(answer)).await);
    assert!(home.set(Arc::clone(&stage)).is_ok());
    stage.accounts().allow_token(NEW, "ann");
    let authority = stage.folder.path().join("ca.crt");
    stage.kubeconfig(json!({ "auth-provider": { "name": "oidc", "config": {
        "client-id": "me",
        "id-token": OLD,
        "idp-certificate-authority": authority,
        "idp-issuer-url": stage.server.url(),
        "refresh-token": "refresh-1",
    }}}));
    stage
}

#[tokio::test]
async fn oi_27_a_401_to_an_id_token_refreshes_it_and_it_is_saved() {
    let stage = stage(|_| {}).await;
    let ended = stage.kubecred(&["get", "/version"]).await;
    assert!(ended.good().contains("gitVersion"), "{ended:?}");
    assert_eq!(ended.stderr, "");
    let saved = std::fs::read_to_string(stage.folder.path().join("config")).unwrap();
    assert!(saved.contains(NEW) && saved.contains(CANARY) && !saved.contains(OLD), "{saved}");
}

/// I: client-go throws the new tokens away and fails.
#[tokio::test]
async fn oi_26_tokens_that_cannot_be_saved_are_told_of_without_being_asked() {
    let stage = stage(|stage| {
        let _ = std::fs::remove_file(stage.folder.path().join("config"));
    })
    .await;
    let ended = stage.kubecred(&["get", "/version"]).await;
    assert!(ended.good().contains("gitVersion"), "{ended:?}");
    let said = &ended.stderr;
    assert!(said.starts_with("warning: cannot save the refreshed tokens"), "{said}");
    assert!(said.contains("config") && said.contains("log in again"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    ended.hides_the_canary();
}
