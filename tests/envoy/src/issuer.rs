//! An OpenID provider: discovery, and refreshes that bring an id-token and the next refresh token.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response};
use kubecred_loopback::{Accounts, ApiServer};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Who it is.
pub const ISSUER: &str = "https://id.example/realm";

/// The client of the kubeconfig, which has no secret.
pub const CLIENT: &str = "kube";

/// An issuer whose id-tokens an API server accepts for as long as they live. It stops when it is
/// dropped.
#[derive(Debug)]
pub struct Issuer {
    server: ApiServer,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    accounts: Accounts,
    /// How long an id-token lives, in whole seconds.
    life: Duration,
    /// How many were issued. The refresh token with this number is good, and no other.
    issued: u64,
    current: String,
    /// Refreshes that were refused.
    refused: u64,
    fails: bool,
}

impl Issuer {
    /// Starts one whose tokens live for this long, and that these accounts know.
    ///
    /// # Panics
    /// If it cannot listen.
    pub async fn start(accounts: &Accounts, life: Duration) -> Self {
        let state = Arc::new(Mutex::new(State {
            accounts: accounts.clone(),
            life,
            issued: 0,
            current: String::new(),
            refused: 0,
            fails: false,
        }));
        let answering = Arc::clone(&state);
        let server = ApiServer::builder()
            .names(&["id.example"])
            .respond(move |request| Some(lock(&answering).respond(request)))
            .start()
            .await
            .expect("a port of loopback");
        Self { server, state }
    }

    /// Where it listens, and the authority to trust.
    pub fn cluster(&self) -> (SocketAddr, String) {
        (self.server.address(), self.server.authority().certificate_pem().to_owned())
    }

    /// A kubeconfig user who has logged in there, and has a refresh token but no id-token.
    pub fn user(&self) -> Value {
        json!({ "auth-provider": { "name": "oidc", "config": {
            "idp-issuer-url": ISSUER,
            "client-id": CLIENT,
            "refresh-token": "refresh-0",
        } } })
    }

    /// How many id-tokens it has issued.
    pub fn issued(&self) -> u64 {
        lock(&self.state).issued
    }

    /// How many refreshes it has refused: a refresh token is good for one.
    pub fn refused(&self) -> u64 {
        lock(&self.state).refused
    }

    /// The newest id-token is good no longer.
    ///
    /// # Panics
    /// If there is none.
    pub fn revoke(&self) {
        let state = lock(&self.state);
        assert!(state.accounts.revoke_token(&state.current), "it has issued one");
    }

    /// From now on everything is answered with 500, or not any more.
    pub fn fail(&self, yes: bool) {
        lock(&self.state).fails = yes;
    }
}

impl State {
    fn respond(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        match request.uri().path() {
            _ if self.fails => reply(500, &json!({})),
            "/realm/.well-known/openid-configuration" => reply(
                200,
                &json!({ "issuer": ISSUER, "token_endpoint": "https://id.example/token" }),
            ),
            "/token" => self.refresh(request.body()),
            _ => reply(404, &json!({})),
        }
    }

    fn refresh(&mut self, form: &[u8]) -> Response<Bytes> {
        let form = String::from_utf8_lossy(form);
        let expected = [
            "grant_type=refresh_token".to_owned(),
            format!("client_id={CLIENT}"),
            format!("refresh_token=refresh-{}", self.issued),
        ];
        let fields: Vec<&str> = form.split('&').collect();
        if !expected.iter().all(|field| fields.contains(&field.as_str())) {
            self.refused += 1;
            return reply(400, &json!({ "error": "invalid_grant" }));
        }
        self.issued += 1;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
        let end = Duration::from_secs((now + self.life).as_secs());
        let claims = json!({ "iss": ISSUER, "exp": end.as_secs(), "jti": self.issued }).to_string();
        self.current = format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims));
        self.accounts.allow_token_until(&self.current, "ann", UNIX_EPOCH + end);
        let refresh = format!("refresh-{}", self.issued);
        reply(200, &json!({ "id_token": self.current, "refresh_token": refresh }))
    }
}

fn reply(status: u16, body: &Value) -> Response<Bytes> {
    let body = Bytes::from(body.to_string());
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(body)
        .expect("a response")
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
