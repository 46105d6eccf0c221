//! A server that repeats what it was sent, in many ways.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use bytes::Bytes;
use http::header::{AUTHORIZATION, LOCATION, WARNING};
use http::{Request, Response};
use kubecred_loopback::ApiServer;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};
use std::net::TcpListener;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    None,
    /// Success, with the credential in a `Warning` header.
    Warning,
    /// An error status with the credential in its message, as it is.
    Clear,
    Base64,
    Base64Url,
    Percent,
    /// The whole header in JSON escapes, in another kind of body.
    Escapes,
    /// A redirect with the credential in its Location.
    Location,
    /// Nobody listens.
    Refused,
    /// The server cannot be verified.
    Untrusted,
}

impl Failure {
    pub(crate) const ALL: [Self; 10] = [
        Self::None,
        Self::Warning,
        Self::Clear,
        Self::Base64,
        Self::Base64Url,
        Self::Percent,
        Self::Escapes,
        Self::Location,
        Self::Refused,
        Self::Untrusted,
    ];

    fn path(self) -> String {
        format!("/{self:?}")
    }
}

pub(crate) struct Echo {
    server: ApiServer,
    refused: String,
}

impl Echo {
    pub(crate) async fn start() -> Self {
        let server = ApiServer::builder().respond(|request| Some(answer(request)));
        let server = server.start().await.expect("a free port on loopback");
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let refused = format!("https://{}", closed.local_addr().unwrap());
        drop(closed);
        Self { server, refused }
    }

    pub(crate) fn url(&self, failure: Failure) -> String {
        match failure {
            Failure::Refused => self.refused.clone(),
            // The path of the server's URL goes before that of the request.
            failure => self.server.url() + &failure.path(),
        }
    }

    /// The CA bundle, or one that does not verify it.
    pub(crate) fn authority(&self) -> String {
        self.server.authority().certificate_pem().to_owned()
    }
}

fn answer(request: &Request<Bytes>) -> Response<Bytes> {
    let asked: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let header = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes().to_vec());
    let reviewed = asked["spec"]["token"].as_str().map(|token| token.as_bytes().to_vec());
    let sent = header.or(reviewed).unwrap_or_default();
    let text = String::from_utf8_lossy(&sent).into_owned();
    let status = |code: u16, message: String| {
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure",
            "reason": message, "message": format!("invalid token: {message}"), "code": code,
        });
        Response::builder()
            .status(code)
            .header(WARNING, format!("299 - \"{}\"", message.replace(['"', '\n'], "")))
            .body(Bytes::from(body.to_string()))
            .unwrap()
    };
    let path = request.uri().path();
    let of = |failure: Failure| path.starts_with(&failure.path());
    if of(Failure::Base64Url) {
        return status(403, BASE64_URL_SAFE.encode(&sent));
    }
    if of(Failure::Base64) {
        return status(403, BASE64_STANDARD.encode(&sent));
    }
    if of(Failure::Clear) {
        return status(401, text);
    }
    let percent = percent_encode(&sent, NON_ALPHANUMERIC).to_string();
    if of(Failure::Percent) {
        return status(500, percent);
    }
    if of(Failure::Escapes) {
        let escaped: String = sent.iter().map(|byte| format!("\\u{byte:04x}")).collect();
        let body = format!("{{\"kind\":\"Status\",\"code\":409,\"message\":\"{escaped}\"}}");
        return Response::builder().status(409).body(Bytes::from(body)).unwrap();
    }
    if of(Failure::Location) {
        let response = Response::builder().status(307);
        let location = format!("https://h/{percent}?token={percent}");
        return response.header(LOCATION, location).body(Bytes::new()).unwrap();
    }
    let (object, told) = object(path, &asked, &text);
    let mut response = Response::new(Bytes::from(object.to_string()));
    if of(Failure::Warning)
        && let Ok(warning) = format!("299 - \"it is {told}\"").parse()
    {
        response.headers_mut().insert(WARNING, warning);
    }
    response
}

/// The answer to a question of the API, with what was sent in its fields; and what there is to tell:
/// the token that was issued, if there is one.
fn object(path: &str, asked: &Value, sent: &str) -> (Value, String) {
    let user = json!({ "username": sent, "groups": [sent], "extra": { sent: [sent] } });
    let version = "authentication.k8s.io/v1";
    let (kind, spec, status, told) = match path.rsplit('/').next() {
        Some("selfsubjectreviews") => {
            ("SelfSubjectReview", json!({}), json!({ "userInfo": user }), sent.to_owned())
        }
        Some("tokenreviews") => {
            let token = asked["spec"]["token"].as_str().unwrap_or_default();
            let both = format!("{sent} {token}");
            let user = json!({ "username": both, "groups": [token] });
            let error = format!("of {token}");
            let status = json!({ "authenticated": true, "user": user, "error": error });
            ("TokenReview", asked["spec"].clone(), status, format!("{sent} {token}"))
        }
        Some("token") => {
            // It issues what it is asked for as an audience.
            let token = asked["spec"]["audiences"][0].as_str().unwrap_or("an-issued-token");
            let status = json!({ "token": token, "expirationTimestamp": "2099-01-01T00:00:00Z" });
            let spec = json!({ "audiences": [sent] });
            ("TokenRequest", spec, status, format!("{sent} {token}"))
        }
        _ => return (json!({}), sent.to_owned()),
    };
    let object = json!({ "kind": kind, "apiVersion": version, "spec": spec, "status": status });
    (object, told)
}
