//! An OpenID provider whose refresh tokens are good for one use.

use crate::proxy::Sent;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example/realm";

/// Answers calls.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Issuer {
    /// How long an id-token lives, in seconds.
    pub life: u64,
    /// How many it has issued. The refresh token with this number is good, and no other.
    pub issued: u64,
    /// How many refreshes it has refused.
    pub refused: u64,
}

/// A plugin configuration with a user of this issuer, who has a refresh token and no id-token.
pub fn kubeconfig_of(user: &Value) -> Value {
    json!({
        "kubeconfig": {
            "current-context": "here",
            "contexts": [{ "name": "here", "context": { "cluster": "east", "user": "me" } }],
            "clusters": [{ "name": "east", "cluster": { "server": "https://api.example" } }],
            "users": [{ "name": "me", "user": user }],
        },
        "clusters": { "id.example": "issuer" },
    })
}

impl Issuer {
    /// With id-tokens that live for this many seconds.
    pub fn new(life: u64) -> Self {
        Self { life, issued: 0, refused: 0 }
    }

    /// A plugin configuration with its user.
    pub fn plugin() -> Value {
        kubeconfig_of(&json!({ "auth-provider": { "name": "oidc", "config": {
            "idp-issuer-url": ISSUER, "client-id": "kube", "refresh-token": "refresh-0",
        } } }))
    }

    /// The newest token, as it stands in a header.
    pub fn header(&self, now: u64) -> String {
        format!("Bearer {}", self.token(now))
    }

    /// Its answer to a call.
    ///
    /// # Panics
    /// If the call is none that it knows.
    pub fn answer(&mut self, call: &Sent, now: u64) -> (u16, String) {
        assert_eq!((call.cluster.as_str(), call.header(":authority")), ("issuer", "id.example"));
        match (call.header(":method"), call.header(":path")) {
            ("GET", "/realm/.well-known/openid-configuration") => {
                let document = json!({ "token_endpoint": "https://id.example/token" });
                (200, document.to_string())
            }
            ("POST", "/token") => {
                let good = format!("refresh_token=refresh-{}", self.issued);
                if !call.body.split('&').any(|field| field == good) {
                    self.refused += 1;
                    return (400, json!({ "error": "invalid_grant" }).to_string());
                }
                self.issued += 1;
                let refresh = format!("refresh-{}", self.issued);
                let tokens = json!({ "id_token": self.token(now), "refresh_token": refresh });
                (200, tokens.to_string())
            }
            other => panic!("{other:?}"),
        }
    }

    fn token(&self, now: u64) -> String {
        let claims = json!({ "exp": now / 1000 + self.life, "jti": self.issued }).to_string();
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims))
    }
}
