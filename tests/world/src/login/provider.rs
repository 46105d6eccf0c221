//! An OpenID provider with one user. It signs with Ed25519 by `ring`, which is not what verifies.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use kubecred_core::protocol::{HttpResponse, SendRequest};
use kubecred_core::{Failure, FailureKind, UnixTime};
use ring::digest::{SHA256, SHA512, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What the user does at the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum User {
    /// Logs in at once.
    #[default]
    LogsIn,
    /// Presses "cancel".
    Refuses,
    /// Closes the tab, or is not there.
    IsAway,
}

/// What the provider does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lie {
    /// Nothing.
    #[default]
    None,
    /// Its discovery document names another issuer.
    OtherIssuer,
    /// Its discovery document differs by a last slash.
    IssuerSlash,
    /// The callback has another `iss`.
    CallbackIssuer,
    /// The callback has no `iss`, which discovery promises.
    NoCallbackIssuer,
    /// The callback has another `state`.
    State,
    /// The token has another `nonce`.
    Nonce,
    /// The token is for another client.
    Audience,
    /// The token has another issuer.
    TokenIssuer,
    /// The token has another subject than before.
    Subject,
    /// The token has ended.
    Expired,
    /// The token is not signed.
    Unsigned,
    /// The token has a broken signature.
    Signature,
    /// The token belongs to another access token.
    AccessTokenHash,
    /// There is no ID token.
    NoIdToken,
    /// The token endpoint answers 503.
    Down,
    /// Nothing answers at all.
    Unreachable,
    /// The first answer to a token request is lost, after it has been acted upon.
    AnswerLost,
    /// The token endpoint answers with HTML.
    Html,
    /// It tells all that it was sent.
    Repeats,
    /// It does not know the scope `offline_access`.
    InvalidScope,
    /// It does not know the client by the way that was chosen.
    InvalidClient,
    /// Its token endpoint is in clear.
    InClear,
}

#[derive(Clone, Debug)]
struct Grant {
    nonce: Option<String>,
    challenge: Option<String>,
    redirect_uri: String,
    offline: bool,
}

/// The provider. Its counts say what it was asked.
#[derive(Debug)]
pub struct Provider {
    /// What it does wrong.
    pub lie: Lie,
    /// What its user does.
    pub user: User,
    /// How long its tokens live, in seconds.
    pub life: i64,
    /// A refresh brings another refresh token, and ends the old one.
    pub rotates: bool,
    /// A refresh brings an ID token.
    pub id_token_on_refresh: bool,
    /// Members that its discovery document has beside the usual ones; null takes one out.
    pub discovery: BTreeMap<String, Value>,
    /// Claims that its ID tokens have beside the usual ones.
    pub claims: BTreeMap<String, Value>,
    /// Where its discovery document is.
    pub discovery_path: &'static str,
    /// Refresh tokens are refused.
    pub forgets: bool,
    /// How often each endpoint was asked.
    pub asked: BTreeMap<String, usize>,
    /// Every form that came to the token endpoint.
    pub forms: Vec<BTreeMap<String, String>>,
    /// The queries of the authorization requests.
    pub queries: Vec<BTreeMap<String, String>>,
    /// The queries with which its logout page was opened.
    pub logouts: Vec<BTreeMap<String, String>>,
    /// Whether the token requests had an `Authorization` header.
    pub had_header: Vec<bool>,
    /// How many polls of the device flow are answered with these errors first.
    pub device_errors: Vec<&'static str>,
    /// Where the code of the device flow is entered.
    pub verification_uri: String,
    /// The type of its access tokens.
    pub token_type: String,
    /// All that must be seen nowhere: codes, tokens.
    pub secrets: BTreeSet<String>,
    key: u8,
    codes: BTreeMap<String, Grant>,
    used: BTreeSet<String>,
    refreshable: BTreeMap<String, Grant>,
    pushed: BTreeMap<String, BTreeMap<String, String>>,
    made: usize,
    /// An authorization code or a refresh token came twice.
    pub reused: bool,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            lie: Lie::None,
            user: User::LogsIn,
            life: 3600,
            rotates: true,
            id_token_on_refresh: true,
            discovery: BTreeMap::new(),
            claims: BTreeMap::new(),
            discovery_path: "/.well-known/openid-configuration",
            forgets: false,
            asked: BTreeMap::new(),
            forms: Vec::new(),
            queries: Vec::new(),
            logouts: Vec::new(),
            had_header: Vec::new(),
            device_errors: Vec::new(),
            verification_uri: "https://login.example/enter".into(),
            token_type: "bearer".into(),
            secrets: BTreeSet::new(),
            key: 1,
            codes: BTreeMap::new(),
            used: BTreeSet::new(),
            refreshable: BTreeMap::new(),
            pushed: BTreeMap::new(),
            made: 0,
            reused: false,
        }
    }
}

impl Provider {
    /// Its issuer.
    pub const ISSUER: &'static str = "https://login.example";

    /// How often an endpoint was asked.
    pub fn count(&self, endpoint: &str) -> usize {
        self.asked.get(endpoint).copied().unwrap_or_default()
    }

    /// Signs with another key from now on, and publishes only that one.
    pub fn rotate_keys(&mut self) {
        self.key += 1;
    }

    /// The answer to a request.
    ///
    /// # Errors
    /// There is none.
    pub fn answer(
        &mut self,
        request: &SendRequest,
        now: UnixTime,
    ) -> Result<HttpResponse, Failure> {
        if self.lie == Lie::Unreachable {
            return Err(Failure::new(FailureKind::Network, "connection refused"));
        }
        let path = request.url.strip_prefix(Self::ISSUER).unwrap_or(&request.url).to_owned();
        let path = path.split('?').next().unwrap_or_default().to_owned();
        *self.asked.entry(path.clone()).or_default() += 1;
        let form = form(request.body.expose_str().unwrap_or_default());
        Ok(match path.as_str() {
            path if path == self.discovery_path => respond(200, &self.document()),
            "/keys" => respond(200, &self.keys()),
            "/token" => {
                let header = request.headers.iter().any(|header| header.name == "authorization");
                self.had_header.push(header);
                return self.token(form, now);
            }
            "/device" => self.device(&form),
            "/par" => {
                let uri = format!("urn:example:{}", self.pushed.len());
                self.pushed.insert(uri.clone(), form);
                respond(201, &json!({"request_uri": uri, "expires_in": 60}))
            }
            "/revoke" => respond(200, &json!({})),
            _ => respond(404, &json!({})),
        })
    }

    fn document(&self) -> Value {
        let issuer = match self.lie {
            Lie::OtherIssuer => "https://other.example".to_owned(),
            Lie::IssuerSlash => [Self::ISSUER, "/"].concat(),
            _ => Self::ISSUER.to_owned(),
        };
        let scheme = if self.lie == Lie::InClear { "http" } else { "https" };
        let mut document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{}/authorize", Self::ISSUER),
            "token_endpoint": format!("{scheme}://login.example/token"),
            "jwks_uri": format!("{}/keys", Self::ISSUER),
            "id_token_signing_alg_values_supported": ["RS256", "EdDSA"],
            "scopes_supported": ["openid", "offline_access"],
            "authorization_response_iss_parameter_supported": true,
            "device_authorization_endpoint": format!("{}/device", Self::ISSUER),
            "revocation_endpoint": format!("{}/revoke", Self::ISSUER),
            "end_session_endpoint": format!("{}/logout", Self::ISSUER),
            "pushed_authorization_request_endpoint": format!("{}/par", Self::ISSUER),
        });
        if let Value::Object(members) = &mut document {
            for (name, value) in &self.discovery {
                members.insert(name.clone(), value.clone());
                if value.is_null() {
                    members.remove(name);
                }
            }
        }
        document
    }

    fn pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[self.key; 32]).expect("32 bytes are a seed")
    }

    fn keys(&self) -> Value {
        let x = BASE64.encode(self.pair().public_key().as_ref());
        let kid = format!("key-{}", self.key);
        json!({"keys": [
            {"kty": "oct", "k": "AAAA", "kid": kid},
            {"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "alg": "EdDSA", "x": x},
        ]})
    }

    fn secret(&mut self, what: &str) -> String {
        self.made += 1;
        let secret = format!("{what}-canary-{}-{}", self.made, "x".repeat(16));
        self.secrets.insert(secret.clone());
        secret
    }

    /// A user goes to this address; where the browser is sent from there. `None`: nowhere.
    pub fn authorize(&mut self, url: &str) -> Option<String> {
        if let Some((_, query)) = url.split_once("/logout?") {
            self.logouts.push(form(query));
            return None;
        }
        *self.asked.entry("/authorize".into()).or_default() += 1;
        let mut query = form(url.split_once('?').map_or("", |(_, query)| query));
        if let Some(pushed) = query.get("request_uri").and_then(|uri| self.pushed.get(uri)) {
            query = pushed.clone();
        }
        self.queries.push(query.clone());
        let redirect_uri = query.get("redirect_uri")?.clone();
        let state = match self.lie {
            Lie::State => "another-state".to_owned(),
            _ => query.get("state")?.clone(),
        };
        let scope = query.get("scope").cloned().unwrap_or_default();
        let offline = scope.split(' ').any(|scope| scope == "offline_access");
        let issuer = match self.lie {
            Lie::CallbackIssuer => "&iss=https%3A%2F%2Fother.example",
            Lie::NoCallbackIssuer => "",
            _ => "&iss=https%3A%2F%2Flogin.example",
        };
        let answer = match self.user {
            _ if offline && self.lie == Lie::InvalidScope => "error=invalid_scope".to_owned(),
            User::IsAway => return None,
            User::Refuses => "error=access_denied&error_description=no%1b%5b31m+thanks".to_owned(),
            User::LogsIn => {
                let code = self.secret("code");
                let grant = Grant {
                    nonce: query.get("nonce").cloned(),
                    challenge: query.get("code_challenge").cloned(),
                    redirect_uri: redirect_uri.clone(),
                    offline,
                };
                self.codes.insert(code.clone(), grant);
                format!("code={code}")
            }
        };
        let joint = if redirect_uri.contains('?') { '&' } else { '?' };
        Some(format!("{redirect_uri}{joint}{answer}&state={state}{issuer}"))
    }

    fn device(&mut self, form: &BTreeMap<String, String>) -> HttpResponse {
        let code = self.secret("device");
        let grant = Grant {
            nonce: None,
            challenge: form.get("code_challenge").cloned(),
            redirect_uri: String::new(),
            offline: true,
        };
        self.codes.insert(code.clone(), grant);
        respond(
            200,
            &json!({
                "device_code": code, "user_code": "WDJB-MJHT", "expires_in": "1800", "interval": 5,
                "verification_uri": self.verification_uri,
            }),
        )
    }

    fn token(
        &mut self,
        form: BTreeMap<String, String>,
        now: UnixTime,
    ) -> Result<HttpResponse, Failure> {
        self.forms.push(form.clone());
        match self.lie {
            Lie::Down => return Ok(respond(503, &json!({}))),
            Lie::Html => {
                return Ok(HttpResponse::new(200, "<html>hush-html</html>"));
            }
            Lie::Repeats => {
                let all = format!("{form:?}");
                let answer = json!({"error": "invalid_target", "error_description": all});
                return Ok(respond(400, &answer));
            }
            Lie::InvalidClient => {
                self.lie = Lie::None;
                return Ok(respond(401, &json!({"error": "invalid_client"})));
            }
            _ => {}
        }
        let text = |name: &str| form.get(name).cloned().unwrap_or_default();
        let grant = match text("grant_type").as_str() {
            "authorization_code" => self.redeem(&text("code"), &form),
            "refresh_token" => self.refresh(&text("refresh_token")),
            kind if kind.ends_with("device_code") => {
                if let Some(error) = self.device_errors.pop() {
                    return match error {
                        "lost" => Err(Failure::new(FailureKind::Network, "connection reset")),
                        error => Ok(respond(400, &json!({"error": error}))),
                    };
                }
                match self.user {
                    User::IsAway => Err("authorization_pending"),
                    User::Refuses => Err("access_denied"),
                    User::LogsIn => self.redeem(&text("device_code"), &form),
                }
            }
            "client_credentials" | "password" => Ok(plain_grant(false)),
            kind if kind.ends_with("token-exchange") => Ok(plain_grant(false)),
            _ => Err("unsupported_grant_type"),
        };
        match grant {
            Err(error) => Ok(respond(400, &json!({"error": error}))),
            Ok(grant) => {
                let kind = text("grant_type");
                let answer = self.grant(&grant, &kind, &form, now);
                if self.lie == Lie::AnswerLost {
                    self.lie = Lie::None;
                    return Err(Failure::new(FailureKind::Network, "connection reset"));
                }
                Ok(answer)
            }
        }
    }

    fn redeem(
        &mut self,
        code: &str,
        form: &BTreeMap<String, String>,
    ) -> Result<Grant, &'static str> {
        if !self.used.insert(code.to_owned()) {
            // A device code is polled with until there is an answer, and one may be lost (RFC 8628,
            // section 3.5); an authorization code is sent once.
            self.reused |= form.contains_key("code");
            return Err("invalid_grant");
        }
        let grant = self.codes.get(code).cloned().ok_or("invalid_grant")?;
        let redirect = form.get("redirect_uri").cloned().unwrap_or_default();
        let verifier = form.get("code_verifier").map(|verifier| {
            self.secrets.insert(verifier.clone());
            BASE64.encode(digest(&SHA256, verifier.as_bytes()))
        });
        let good = redirect == grant.redirect_uri && verifier == grant.challenge;
        if good { Ok(grant) } else { Err("invalid_grant") }
    }

    fn refresh(&mut self, token: &str) -> Result<Grant, &'static str> {
        if self.forgets {
            return Err("invalid_grant");
        }
        let Some(grant) = self.refreshable.get(token).cloned() else {
            self.reused |= self.used.contains(token);
            return Err("invalid_grant");
        };
        if self.rotates {
            self.refreshable.remove(token);
            self.used.insert(token.to_owned());
        }
        Ok(grant)
    }

    fn grant(
        &mut self,
        grant: &Grant,
        kind: &str,
        form: &BTreeMap<String, String>,
        now: UnixTime,
    ) -> HttpResponse {
        let is_refresh = kind == "refresh_token";
        let access = self.secret("access");
        let mut answer = json!({
            "access_token": access, "token_type": self.token_type, "expires_in": self.life.to_string(),
        });
        if let Some(kind) = form.get("requested_token_type") {
            answer["issued_token_type"] = json!(kind);
        }
        let scoped = form.contains_key("scope");
        if self.lie != Lie::NoIdToken && (!is_refresh || self.id_token_on_refresh || scoped) {
            answer["id_token"] = json!(self.id_token(grant, &access, now));
        }
        if grant.offline && (!is_refresh || self.rotates) {
            let token = self.secret("refresh");
            self.refreshable.insert(token.clone(), grant.clone());
            answer["refresh_token"] = json!(token);
        }
        respond(200, &answer)
    }

    fn id_token(&mut self, grant: &Grant, access: &str, now: UnixTime) -> String {
        let now = now.as_millis() / 1000;
        let hash = digest(&SHA512, access.as_bytes());
        let mut claims = json!({
            "iss": match self.lie {
                Lie::IssuerSlash => "https://login.example/",
                Lie::TokenIssuer => "https://other.example",
                _ => Self::ISSUER,
            },
            "aud": if self.lie == Lie::Audience { "other" } else { "kubernetes" },
            "sub": if self.lie == Lie::Subject { "mallory" } else { "anne" },
            "name": "Anne <b>", "iat": now, "jti": self.made,
            "exp": if self.lie == Lie::Expired { now - 60 } else { now + self.life },
            "at_hash": match self.lie {
                Lie::AccessTokenHash => BASE64.encode([7; 32]),
                _ => BASE64.encode(&hash.as_ref()[..32]),
            },
        });
        if let Some(nonce) = &grant.nonce {
            claims["nonce"] = json!(if self.lie == Lie::Nonce { "another" } else { nonce });
        }
        for (name, value) in &self.claims {
            claims[name.as_str()] = value.clone();
        }
        let alg = if self.lie == Lie::Unsigned { "none" } else { "EdDSA" };
        let header = json!({"alg": alg, "kid": format!("key-{}", self.key)});
        let message =
            [BASE64.encode(header.to_string()), BASE64.encode(claims.to_string())].join(".");
        let mut signature = self.pair().sign(message.as_bytes()).as_ref().to_vec();
        match self.lie {
            Lie::Unsigned => signature.clear(),
            Lie::Signature => signature[0] ^= 1,
            _ => {}
        }
        let token = format!("{message}.{}", BASE64.encode(signature));
        self.secrets.insert(token.clone());
        token
    }
}

fn plain_grant(offline: bool) -> Grant {
    Grant { nonce: None, challenge: None, redirect_uri: String::new(), offline }
}

fn respond(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::new(status, body.to_string())
}

/// The fields of a form or query.
pub(super) fn form(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'%' => {
                    let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                    let digits = std::str::from_utf8(&digits).unwrap_or("0");
                    bytes.push(u8::from_str_radix(digits, 16).unwrap_or(b'?'));
                }
                b'+' => bytes.push(b' '),
                byte => bytes.push(byte),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}
