//! The OpenID provider of this world: it knows which refresh tokens are good, counts how often each
//! was presented, and answers something else when it is told to.

use crate::server::Issued;
use crate::token_request::{Mint, TOKEN_REQUEST};
use crate::{Clocks, OpenIdTokens, START_WALL, secret};
use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use kubecred_core::protocol::{HttpResponse, Method, SendRequest};
use kubecred_core::{Failure, FailureKind, UnixTime};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Who it is.
pub const ISSUER: &str = "https://id.example/realm";
/// Where it says where it refreshes.
pub const DISCOVERY: &str = "https://id.example/realm/.well-known/openid-configuration";
/// Below this a discovery document may have moved to.
pub const MOVED: &str = "https://new.example/";
/// Where it refreshes.
pub const TOKEN_ENDPOINT: &str = "https://id.example/token";
/// The client, whose secret is called `client`.
pub const CLIENT: &str = "kube";

/// How the provider behaves by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenId {
    /// The refresh token that it takes now.
    pub refresh: String,
    /// A refresh token is good for one refresh, which brings the next one.
    pub rotates: bool,
    /// How long an id-token is good, in milliseconds.
    pub life: u64,
    /// How clients say who they are: `client_secret_basic`, `client_secret_post`, `none`.
    pub takes: Vec<String>,
    /// What it says of that in its discovery document.
    pub says: Option<Vec<String>>,
}

impl Default for OpenId {
    fn default() -> Self {
        Self {
            refresh: "refresh-1".into(),
            rotates: true,
            life: 3_600_000,
            takes: vec!["client_secret_basic".into()],
            says: None,
        }
    }
}

/// One answer, in place of what the provider would say by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Http {
    /// This status and this body; `SECRET` in it becomes the refresh token that was presented.
    Answer(u16, String),
    /// A redirect to this URL.
    Moved(String),
    /// A refresh that succeeds, with this id-token and this refresh token by their names, and an
    /// hour to live.
    Tokens(Option<String>, Option<String>),
    /// The host could not send it, or got no answer.
    Fail(FailureKind),
    /// There is no answer.
    Hang,
}

/// An id-token with this name.
pub fn id_token(name: &str, end: UnixTime) -> String {
    let claims = format!("{{\"iss\":\"{ISSUER}\",\"exp\":{}}}", end.as_millis().div_euclid(1000));
    jwt(&claims, name)
}

/// A JWT with these claims. Its name stands where the signature would.
pub fn jwt(claims: &str, name: &str) -> String {
    format!("e30.{}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims), secret(name))
}

/// When a JWT ends, as it says itself.
pub(crate) fn end(token: &[u8]) -> Option<UnixTime> {
    let claims = token.split(|byte| *byte == b'.').nth(1)?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims["exp"].as_i64().map(UnixTime::from_secs)
}

/// A kubeconfig with tokens of this provider.
pub(crate) fn kubeconfig(tokens: &OpenIdTokens) -> String {
    let end = |life: i64| UnixTime::from_millis(START_WALL + life);
    let id = tokens.id.as_ref().map(|(name, life)| id_token(name, end(*life)));
    let refresh = tokens.refresh.as_ref().map(|name| secret(name));
    let line = |key: &str, value: Option<String>| {
        value.map_or_else(String::new, |value| format!("        {key}: {value}\n"))
    };
    format!(
        "# my clusters\napiVersion: v1\nkind: Config\nusers:\n- name: me\n  user:\n    auth-provider:\n      \
         name: oidc\n      config:\n        idp-issuer-url: {ISSUER}\n        client-id: {CLIENT}\n{}{}",
        line("id-token", id),
        line("refresh-token", refresh),
    )
}

#[derive(Debug, Default)]
pub(crate) struct Provider {
    pub(crate) behaviour: OpenId,
    pub(crate) scripted: BTreeMap<String, VecDeque<Http>>,
    /// How often something was asked for.
    pub(crate) asked: BTreeMap<String, u64>,
    /// How often each refresh token was presented by a client that is known.
    pub(crate) presented: BTreeMap<String, u64>,
    /// What each refresh looked like: the client's way to say who it is.
    pub(crate) styles: Vec<String>,
    /// Not a provider's: the API server's TokenRequest.
    pub(crate) mint: Mint,
    serial: u64,
}

impl Provider {
    /// `None`: there is no answer.
    pub(crate) fn answer(
        &mut self,
        request: &SendRequest,
        clocks: &Clocks,
        issued: &mut Issued,
    ) -> Option<Result<HttpResponse, Failure>> {
        *self.asked.entry(request.url.clone()).or_default() += 1;
        let form = form(request);
        let now = clocks.true_wall();
        let scripted = self.scripted.get_mut(&request.url).and_then(VecDeque::pop_front);
        Some(Ok(match scripted {
            Some(Http::Hang) => return None,
            Some(Http::Fail(kind)) => return Some(Err(Failure::new(kind, ""))),
            Some(Http::Answer(status, body)) => {
                let presented = form.get("refresh_token").cloned().unwrap_or_default();
                response(status, &body.replace("SECRET", &presented))
            }
            Some(Http::Moved(location)) => {
                let mut moved = response(301, "");
                moved.push_header("location", location.as_bytes());
                moved
            }
            Some(Http::Tokens(id, refresh)) => {
                let end = UnixTime::from_millis(now.as_millis() + 3_600_000);
                self.tokens(id, refresh, end, issued)
            }
            None => match request.url.as_str() {
                DISCOVERY => self.discovery(),
                TOKEN_ENDPOINT => self.refresh(request, &form, now, issued),
                TOKEN_REQUEST => self.mint.answer(request, now, issued),
                _ => return Some(Err(Failure::new(FailureKind::Network, "no such server"))),
            },
        }))
    }

    fn discovery(&self) -> HttpResponse {
        let mut document = serde_json::json!({"issuer": ISSUER, "token_endpoint": TOKEN_ENDPOINT});
        if let Some(says) = &self.behaviour.says {
            document["token_endpoint_auth_methods_supported"] = says.clone().into();
        }
        response(200, &document.to_string())
    }

    fn refresh(
        &mut self,
        request: &SendRequest,
        form: &BTreeMap<String, String>,
        now: UnixTime,
        issued: &mut Issued,
    ) -> HttpResponse {
        assert_eq!(request.method, Method::Post);
        assert_eq!(form.get("grant_type").map(String::as_str), Some("refresh_token"));
        let style = style(request, form);
        self.styles.push(style.clone());
        if !self.behaviour.takes.contains(&style) {
            return response(401, r#"{"error":"invalid_client"}"#);
        }
        let presented = name(form.get("refresh_token").map(String::as_str).unwrap_or_default());
        let before = self.presented.entry(presented.clone()).or_default();
        *before += 1;
        if presented != self.behaviour.refresh {
            if *before > 1 || !presented.starts_with("refresh") {
                // Whoever presents a used one may have stolen it: nobody's is good any more.
                self.behaviour.refresh = "none".into();
            }
            let body = format!(
                "{{\"error\":\"invalid_grant\",\"error_description\":\"Token {} is dead\"}}",
                secret(&presented)
            );
            return response(400, &body);
        }
        self.serial += 1;
        let id = format!("id-{}", self.serial + 1);
        let end = UnixTime::from_millis(now.as_millis() + self.behaviour.life as i64);
        let refresh = self.behaviour.rotates.then(|| format!("refresh-{}", self.serial + 1));
        self.tokens(Some(id), refresh, end, issued)
    }

    fn tokens(
        &mut self,
        id: Option<String>,
        refresh: Option<String>,
        end: UnixTime,
        issued: &mut Issued,
    ) -> HttpResponse {
        let mut answer = serde_json::json!({"token_type": "Bearer", "access_token": secret("a")});
        if let Some(name) = id {
            issued.record(&name, Some(end));
            answer["id_token"] = id_token(&name, end).into();
        }
        if let Some(name) = refresh {
            answer["refresh_token"] = secret(&name).into();
            self.behaviour.refresh = name;
        }
        response(200, &answer.to_string())
    }
}

fn response(status: u16, body: &str) -> HttpResponse {
    let mut answer = HttpResponse::new(status, body);
    answer.push_header("content-type", b"application/json");
    answer
}

/// `client_secret_basic`, `client_secret_post` or `none`; `unknown` for a client that is not ours.
fn style(request: &SendRequest, form: &BTreeMap<String, String>) -> String {
    let header = request.headers.iter().find(|header| header.name == "authorization");
    if let Some(header) = header {
        let text = header.value.expose_str().expect("a header is text");
        let encoded = text.strip_prefix("Basic ").expect("it is basic authentication");
        let pair = BASE64_STANDARD.decode(encoded).expect("it is base64");
        let right = pair == format!("{CLIENT}:{}", secret("client")).into_bytes();
        return if right { "client_secret_basic" } else { "unknown" }.into();
    }
    let field = |name: &str| form.get(name).map(String::as_str);
    match (field("client_id"), field("client_secret")) {
        (Some(CLIENT), None) => "none",
        (Some(CLIENT), Some(text)) if text == secret("client") => "client_secret_post",
        _ => "unknown",
    }
    .into()
}

fn form(request: &SendRequest) -> BTreeMap<String, String> {
    let body = request.body.expose_str().expect("a form is text");
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), unescaped(value))).collect()
}

fn unescaped(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_at(2);
        result.push(char::from(u8::from_str_radix(code, 16).expect("two digits")));
        result += rest;
    }
    result
}

/// The name of a secret.
fn name(secret: &str) -> String {
    secret.strip_prefix(crate::CANARY).unwrap_or("a stranger").to_owned()
}
