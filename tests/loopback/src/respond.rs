//! Which path is answered by what.

use crate::accounts::{Accounts, User};
use crate::api;
use crate::body::ReplyBody;
use crate::caller::Caller;
use crate::exchange::shown_value;
use crate::held::Held;
use crate::impersonation::{NoUser, impersonated};
use crate::reviews;
use crate::status::{document, refusal, text};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A scripted reply to a request, or none.
pub(crate) type Script = Arc<dyn Fn(&Request<Bytes>) -> Option<Response<Bytes>> + Send + Sync>;

/// `/slow` waits no longer than this.
const SLOWEST: Duration = Duration::from_secs(60);

/// Answers a request whose sender has been authenticated as `caller_user`.
pub(crate) async fn reply(
    request: &Parts,
    body: &Bytes,
    caller: &Caller,
    caller_user: User,
    (accounts, held): (&Accounts, &Held),
) -> Response<ReplyBody> {
    let user = match impersonated(caller_user, &request.headers) {
        Ok(user) => user,
        Err(NoUser) => {
            let message =
                "Internal error occurred: impersonation of groups, a uid or extras needs a user";
            return refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message);
        }
    };
    let path = request.uri.path();
    if let Some(reply) = reviews::reply(request, body, accounts, &user).await {
        return reply;
    }
    let found = match path {
        "/echo" => return document(StatusCode::OK, &echo(request, caller, &user)),
        "/healthz" | "/livez" | "/readyz" => text(StatusCode::OK, "ok"),
        "/forbidden" => forbidden(&user, path),
        "/slow" => return slow(request).await,
        "/held" => {
            held.wait().await;
            text(StatusCode::OK, "ok")
        }
        "/big" => big(request),
        _ => match api::object(path) {
            Some(object) if is_watch(request, &object) => watch(&object, held),
            Some(object) => document(StatusCode::OK, &object),
            None => return not_found(),
        },
    };
    only(&Method::GET, request, || found)
}

/// The reply, if the request's method is `method` (or HEAD for GET, whose body hyper leaves out).
fn only(
    method: &Method,
    request: &Parts,
    reply: impl FnOnce() -> Response<ReplyBody>,
) -> Response<ReplyBody> {
    if request.method == *method || (request.method == Method::HEAD && *method == Method::GET) {
        return reply();
    }
    let message = "the server does not allow this method on the requested resource";
    refusal(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
}

fn not_found() -> Response<ReplyBody> {
    refusal(StatusCode::NOT_FOUND, "NotFound", "the server could not find the requested resource")
}

fn forbidden(user: &User, path: &str) -> Response<ReplyBody> {
    let message = format!("forbidden: User \"{}\" cannot get path \"{path}\"", user.name);
    refusal(StatusCode::FORBIDDEN, "Forbidden", &message)
}

/// `/slow?ms=N`: `ok` after N milliseconds.
async fn slow(request: &Parts) -> Response<ReplyBody> {
    let Some(milliseconds) = number(request, "ms") else { return bad_query("ms") };
    tokio::time::sleep(Duration::from_millis(milliseconds).min(SLOWEST)).await;
    only(&Method::GET, request, || text(StatusCode::OK, "ok"))
}

/// `/big?bytes=N`: N bytes of text.
fn big(request: &Parts) -> Response<ReplyBody> {
    let Some(size) = number(request, "bytes") else { return bad_query("bytes") };
    text(StatusCode::OK, "").map(|_| ReplyBody::Filler(size))
}

fn is_watch(request: &Parts, object: &Value) -> bool {
    let mut pairs = request.uri.query().unwrap_or_default().split('&');
    object["items"].is_array() && pairs.any(|pair| matches!(pair, "watch=true" | "watch=1"))
}

/// The items of a list as events; what follows is the test's to send.
fn watch(list: &Value, held: &Held) -> Response<ReplyBody> {
    let items = list["items"].as_array().into_iter().flatten();
    let events = items.map(|item| json!({ "type": "ADDED", "object": item }).to_string() + "\n");
    let events = events.collect::<String>().into();
    document(StatusCode::OK, list).map(|_| ReplyBody::Events(held.watch(events)))
}

/// What was seen of the request, credentials left out.
fn echo(request: &Parts, caller: &Caller, user: &User) -> Value {
    let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        json!([name.as_str(), shown_value(name.as_str(), value.as_bytes())])
    };
    let certificate = caller.certificate.as_ref().map(|certificate| {
        json!({
            "commonName": certificate.common_name,
            "organizations": certificate.organizations,
            "trusted": certificate.trusted,
        })
    });
    json!({
        "method": request.method.as_str(),
        "path": request.uri.path_and_query().map_or("/", |path| path.as_str()),
        "version": format!("{:?}", request.version),
        "headers": request.headers.iter().map(line).collect::<Value>(),
        "user": api::user_info(user),
        "connection": caller.connection,
        "serverName": caller.sni,
        "clientCertificate": certificate,
    })
}

fn number(request: &Parts, name: &str) -> Option<u64> {
    let pairs = request.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(own, _)| *own == name).map(|(_, value)| value);
    values.next()?.parse().ok()
}

fn bad_query(name: &str) -> Response<ReplyBody> {
    let message = format!("the query needs {name}=NUMBER");
    refusal(StatusCode::BAD_REQUEST, "BadRequest", &message)
}
