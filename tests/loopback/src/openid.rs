//! A small OpenID provider: discovery, keys, a login page, the code flow with PKCE, the device flow, rotating refresh
//! tokens, revocation.
//! Plain HTTP on loopback, which is where a client may trust it.

use crate::listener::Listener;
use crate::openid_grants::{Client, DEVICE_GRANT, Grants, Refusal};
use crate::openid_pages::{device_page, login_page, message_page};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// The most bytes of a form.
const LARGEST_FORM: usize = 64 * 1024;

/// Something that a provider has done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenIdEvent {
    /// The login page was shown.
    PageShown,
    /// A user has logged in.
    LoggedIn {
        /// Who.
        user: String,
    },
    /// A code was exchanged for tokens.
    CodeRedeemed,
    /// A program began a login with a device code.
    DeviceCodeGiven,
    /// Tokens were given for a refresh token.
    Refreshed,
    /// A refresh token was revoked, and with it what had come of it.
    Revoked,
    /// A token request was refused.
    Refused {
        /// OAuth's word, and why.
        reason: String,
    },
}

type Listen = Box<dyn Fn(OpenIdEvent) + Send + Sync>;

/// How a provider is set up.
pub struct OpenIdSettings {
    /// The public client that is registered; its redirect is any port of `http://127.0.0.1/callback`.
    pub client_id: String,
    /// How long ID tokens live; whole seconds.
    pub life: Duration,
    /// The groups of every user.
    pub groups: Vec<String>,
    /// Whether programs may log users in with a device code (RFC 8628).
    pub device_flow: bool,
    /// Hears what happens.
    pub events: Listen,
}

impl fmt::Debug for OpenIdSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenIdSettings").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// An OpenID provider. It stops when it is dropped.
#[derive(Debug)]
pub struct OpenIdProvider {
    state: Arc<State>,
    _listener: Listener,
}

struct State {
    issuer: String,
    grants: Grants,
    device_flow: bool,
    events: Listen,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl OpenIdProvider {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If there is no port, or no key can be made.
    pub async fn start(settings: OpenIdSettings) -> io::Result<Self> {
        let (set, state) = tokio::sync::watch::channel(None::<Arc<State>>);
        let listener =
            Listener::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), move |stream| {
                let mut state = state.clone();
                async move {
                    // It is set as soon as the port is known.
                    let Ok(state) = state.wait_for(Option::is_some).await.map(|set| set.clone())
                    else {
                        return;
                    };
                    let Some(state) = state else { return };
                    let service = service_fn(move |request| {
                        let state = Arc::clone(&state);
                        async move { Ok::<_, Infallible>(answer(&state, request).await) }
                    });
                    let connection = hyper::server::conn::http1::Builder::new();
                    // A browser that goes away in the middle has itself to blame.
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                }
            })?;
        let issuer = format!("http://{}", listener.address());
        let client =
            Client { id: settings.client_id, life: settings.life, groups: settings.groups };
        let (device_flow, events) = (settings.device_flow, settings.events);
        let grants = Grants::new(issuer.clone(), client)?;
        let state = Arc::new(State { issuer, grants, device_flow, events });
        set.send_replace(Some(Arc::clone(&state)));
        Ok(Self { state, _listener: listener })
    }

    /// Its URL, and the issuer of its tokens.
    pub fn issuer(&self) -> &str {
        &self.state.issuer
    }

    /// The keys by which its tokens are verified: a JWK set.
    pub fn keys(&self) -> Value {
        self.state.grants.keys()
    }

    /// The number of refresh tokens that could still be used.
    pub fn refresh_tokens(&self) -> usize {
        self.state.grants.refresh_tokens()
    }
}

async fn answer(state: &State, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let query = fields(head.uri.query().unwrap_or_default());
    match (&head.method, head.uri.path()) {
        (&Method::GET, "/.well-known/openid-configuration") => json_answer(200, &discovery(state)),
        (&Method::GET, "/keys") => json_answer(200, &state.grants.keys()),
        (&Method::GET, "/authorize") => authorize(state, &query),
        (&Method::GET, "/device") if state.device_flow => {
            let code = query.get("user_code").map(String::as_str).unwrap_or_default();
            html(200, device_page(code))
        }
        (&Method::POST, "/device" | "/device_authorization") if !state.device_flow => no_page(),
        (
            &Method::POST,
            path @ ("/login" | "/token" | "/revoke" | "/device" | "/device_authorization"),
        ) => {
            let Ok(body) = Limited::new(body, LARGEST_FORM).collect().await else {
                return message(413, "This form is too large.");
            };
            let form = fields(&String::from_utf8_lossy(&body.to_bytes()));
            match path {
                "/login" => log_in(state, &form),
                "/token" => token(state, &form),
                "/device" => enter_code(state, &form),
                "/device_authorization" => begin_device(state, &form),
                _ => revoke(state, &form),
            }
        }
        _ => no_page(),
    }
}

fn no_page() -> Response<Full<Bytes>> {
    message(404, "There is no such page here.")
}

fn discovery(state: &State) -> Value {
    let at = |path: &str| format!("{}{path}", state.issuer);
    let mut document = json!({
        "issuer": state.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "revocation_endpoint": at("/revoke"),
        "jwks_uri": at("/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "scopes_supported": ["openid", "profile", "email", "groups", "offline_access"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "authorization_response_iss_parameter_supported": true,
    });
    if state.device_flow {
        document["device_authorization_endpoint"] = json!(at("/device_authorization"));
    }
    document
}

/// Shows the login page, unless the request is not one of our client: then nothing is sent back to it.
fn authorize(state: &State, query: &BTreeMap<String, String>) -> Response<Full<Bytes>> {
    match state.grants.request(query) {
        Ok(request) => {
            (state.events)(OpenIdEvent::PageShown);
            html(200, login_page(&request))
        }
        Err(problem) => message(400, problem),
    }
}

fn log_in(state: &State, form: &BTreeMap<String, String>) -> Response<Full<Bytes>> {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let user = field("user").trim();
    if user.is_empty() {
        return message(400, "A user name is needed.");
    }
    let Some(redirect) = state.grants.log_in(field("request"), user) else {
        return message(400, "This login is over; begin again.");
    };
    (state.events)(OpenIdEvent::LoggedIn { user: user.to_owned() });
    let mut response = message(303, "Back to the program.");
    match HeaderValue::from_str(&redirect) {
        Ok(location) => {
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        Err(_) => message(400, "The redirect address is not one."),
    }
}

fn begin_device(state: &State, form: &BTreeMap<String, String>) -> Response<Full<Bytes>> {
    answer_to_program(state, OpenIdEvent::DeviceCodeGiven, state.grants.begin_device(form))
}

/// A user enters the code that a program shows.
fn enter_code(state: &State, form: &BTreeMap<String, String>) -> Response<Full<Bytes>> {
    let field = |name: &str| form.get(name).map(|value| value.trim()).unwrap_or_default();
    let user = field("user");
    if user.is_empty() {
        return message(400, "A user name is needed.");
    }
    if !state.grants.approve_device(field("user_code"), user) {
        return message(400, "This code is not known, or has been used.");
    }
    (state.events)(OpenIdEvent::LoggedIn { user: user.to_owned() });
    message(200, "You are logged in on your device.")
}

fn token(state: &State, form: &BTreeMap<String, String>) -> Response<Full<Bytes>> {
    let event = match form.get("grant_type").map(String::as_str) {
        Some("authorization_code" | DEVICE_GRANT) => OpenIdEvent::CodeRedeemed,
        _ => OpenIdEvent::Refreshed,
    };
    answer_to_program(state, event, state.grants.token(form))
}

/// Reports the event of an answer that is good, or else the refusal. That a user has not entered a code yet is none.
fn answer_to_program(
    state: &State,
    event: OpenIdEvent,
    result: Result<Value, Refusal>,
) -> Response<Full<Bytes>> {
    match result {
        Ok(answer) => {
            (state.events)(event);
            json_answer(200, &answer)
        }
        Err(Refusal { error, description }) => {
            if error != "authorization_pending" {
                (state.events)(OpenIdEvent::Refused { reason: format!("{error}: {description}") });
            }
            json_answer(400, &json!({ "error": error, "error_description": description }))
        }
    }
}

/// 200 also for a token that is not known (RFC 7009, 2.2).
fn revoke(state: &State, form: &BTreeMap<String, String>) -> Response<Full<Bytes>> {
    if form.get("token").is_some_and(|token| state.grants.revoke(token)) {
        (state.events)(OpenIdEvent::Revoked);
    }
    json_answer(200, &json!({}))
}

/// The fields of a query or a form; of a name that comes twice the last.
fn fields(text: &str) -> BTreeMap<String, String> {
    let decode =
        |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn json_answer(status: u16, value: &Value) -> Response<Full<Bytes>> {
    respond(status, "application/json", value.to_string())
}

fn message(status: u16, text: &str) -> Response<Full<Bytes>> {
    html(status, message_page(text))
}

fn html(status: u16, text: String) -> Response<Full<Bytes>> {
    let mut response = respond(status, "text/html; charset=utf-8", text);
    // The form leads to a redirect to the program's own port, which no `form-action` can name.
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn respond(status: u16, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
