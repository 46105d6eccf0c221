//! The calls of authentication.k8s.io and authorization.k8s.io: who is this, whose is that token, may they do that?

use crate::Accounts;
use crate::accounts::User;
use crate::api::user_info;
use crate::body::ReplyBody;
use crate::protobuf;
use crate::service_accounts::API_AUDIENCE;
use crate::service_accounts::Granted;
use crate::status::{document, refusal, refusal_of};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::{Value, json};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const AUTHENTICATION: &str = "/apis/authentication.k8s.io/";
const ACCESS_REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/// Decides a SubjectAccessReview: from its `spec` to its `status`.
type Decide = Arc<dyn Fn(&Value) -> Value + Send + Sync>;

/// How the server answers reviews. A clone is the same settings.
#[derive(Clone, Default)]
pub struct Reviews {
    state: Arc<Mutex<State>>,
}

struct State {
    versions: Vec<String>,
    knows_audiences: bool,
    error: Option<String>,
    delay: Duration,
    failures: u64,
    failure: (StatusCode, Option<u32>),
    decide: Decide,
    count: u64,
    seen: Vec<Value>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            versions: vec!["v1".into()],
            knows_audiences: true,
            error: None,
            delay: Duration::ZERO,
            failures: 0,
            failure: (StatusCode::INTERNAL_SERVER_ERROR, None),
            decide: Arc::new(|_| json!({ "allowed": false })),
            count: 0,
            seen: Vec::new(),
        }
    }
}

impl Reviews {
    /// Serves `selfsubjectreviews` in these versions, of `v1`, `v1beta1` and `v1alpha1`; at first in `v1` alone.
    pub fn serve_versions(&self, versions: &[&str]) {
        self.state().versions = versions.iter().map(|version| (*version).to_owned()).collect();
    }

    /// Whether token reviews look at audiences. A server that does not returns none (RV-11).
    pub fn know_audiences(&self, yes: bool) {
        self.state().knows_audiences = yes;
    }

    /// Answers every token review with this error from now on; `None` ends that.
    pub fn answer_error(&self, error: Option<&str>) {
        self.state().error = error.map(str::to_owned);
    }

    /// Waits this long before a token review is answered.
    pub fn delay(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// Answers the next `count` token and access reviews with this HTTP status, and a `Retry-After` of some seconds.
    pub fn fail_next(&self, count: u64, status: StatusCode, retry_after: Option<u32>) {
        let mut state = self.state();
        (state.failures, state.failure) = (count, (status, retry_after));
    }

    /// Decides access reviews: from the `spec` to the `status`. At first nothing is allowed.
    pub fn decide(&self, decide: impl Fn(&Value) -> Value + Send + Sync + 'static) {
        self.state().decide = Arc::new(decide);
    }

    /// How many token reviews were asked.
    pub fn token_reviews(&self) -> u64 {
        self.state().count
    }

    /// The objects that were posted since this was called last, decoded, oldest first.
    pub fn take_posted(&self) -> Vec<Value> {
        std::mem::take(&mut self.state().seen)
    }

    fn take_failure(&self) -> Option<(StatusCode, Option<u32>)> {
        let mut state = self.state();
        let left = state.failures > 0;
        state.failures -= u64::from(left);
        left.then_some(state.failure)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Reviews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Reviews")
            .field("versions", &state.versions)
            .field("count", &state.count)
            .finish_non_exhaustive()
    }
}

/// The answer, if the path is one of these calls'.
pub(crate) async fn reply(
    request: &Parts,
    body: &Bytes,
    accounts: &Accounts,
    user: &User,
) -> Option<Response<ReplyBody>> {
    let path = request.uri.path();
    let call = Call::of(path, accounts.reviews())?;
    if request.method != Method::POST {
        let message = "the server does not allow this method on the requested resource";
        return Some(refusal(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message));
    }
    let (kind, version) = call.type_meta();
    let object = match read(request, body, kind, &version) {
        Ok(object) => object,
        Err(reply) => return Some(*reply),
    };
    accounts.reviews().state().seen.push(object.clone());
    let failure = match call {
        Call::TokenReview | Call::AccessReview => accounts.reviews().take_failure(),
        Call::SelfReview(_) | Call::Token { .. } => None,
    };
    if let Some((status, retry_after)) = failure {
        return Some(failed(status, retry_after));
    }
    Some(match call {
        Call::SelfReview(_) => created(object, "status", json!({ "userInfo": user_info(user) })),
        Call::TokenReview => token_review(object, accounts).await,
        Call::AccessReview => {
            let decide = Arc::clone(&accounts.reviews().state().decide);
            let status = decide(&object["spec"]);
            created(object, "status", status)
        }
        Call::Token { namespace, account } => token(object, accounts, (&namespace, &account)),
    })
}

/// One of the calls.
enum Call {
    /// `selfsubjectreviews` of a version.
    SelfReview(String),
    TokenReview,
    AccessReview,
    Token {
        namespace: String,
        account: String,
    },
}

impl Call {
    fn of(path: &str, reviews: &Reviews) -> Option<Self> {
        if path == ACCESS_REVIEWS {
            return Some(Self::AccessReview);
        }
        if let Some(rest) = path.strip_prefix(AUTHENTICATION) {
            let (version, resource) = rest.split_once('/')?;
            return match resource {
                "tokenreviews" if version == "v1" => Some(Self::TokenReview),
                "selfsubjectreviews" => {
                    let versions = &reviews.state().versions;
                    versions
                        .iter()
                        .any(|own| own == version)
                        .then(|| Self::SelfReview(version.to_owned()))
                }
                _ => None,
            };
        }
        let rest = path.strip_prefix("/api/v1/namespaces/")?.strip_suffix("/token")?;
        let (namespace, account) = rest.split_once("/serviceaccounts/")?;
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
        };
        Some(Self::Token { namespace: decoded(namespace), account: decoded(account) })
    }

    fn type_meta(&self) -> (&'static str, String) {
        let v1 = || "authentication.k8s.io/v1".to_owned();
        match self {
            Self::SelfReview(version) => {
                ("SelfSubjectReview", format!("authentication.k8s.io/{version}"))
            }
            Self::TokenReview => ("TokenReview", v1()),
            Self::AccessReview => ("SubjectAccessReview", "authorization.k8s.io/v1".to_owned()),
            Self::Token { .. } => ("TokenRequest", v1()),
        }
    }
}

/// The object in a body, JSON or protobuf; an API server checks its kind.
fn read(
    request: &Parts,
    body: &Bytes,
    kind: &str,
    version: &str,
) -> Result<Value, Box<Response<ReplyBody>>> {
    let media = request.headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let object = match media.unwrap_or("application/json") {
        protobuf::MEDIA_TYPE => protobuf::object(body),
        media if media.starts_with("application/json") => serde_json::from_slice(body).ok(),
        _ => {
            let message = "the body of the request was in an unknown format";
            return Err(Box::new(refusal(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaType",
                message,
            )));
        }
    };
    // What an object does not say of itself, the path says.
    let object = object.filter(Value::is_object).map(|mut object| {
        for (field, own) in [("kind", kind), ("apiVersion", version)] {
            if object[field].is_null() {
                object[field] = own.into();
            }
        }
        object
    });
    match object {
        Some(object) if object["kind"] == kind && object["apiVersion"] == version => Ok(object),
        Some(_) => {
            let message = format!("the object in the body is not a {kind} of {version}");
            Err(Box::new(refusal(StatusCode::BAD_REQUEST, "BadRequest", &message)))
        }
        None => {
            let message = "the object provided is unrecognized";
            Err(Box::new(refusal(StatusCode::BAD_REQUEST, "BadRequest", message)))
        }
    }
}

async fn token_review(object: Value, accounts: &Accounts) -> Response<ReplyBody> {
    let (delay, error, knows) = {
        let mut state = accounts.reviews().state();
        state.count += 1;
        (state.delay, state.error.clone(), state.knows_audiences)
    };
    tokio::time::sleep(delay).await;
    let bad = |message: &str| refusal(StatusCode::BAD_REQUEST, "BadRequest", message);
    if object["metadata"]["namespace"].as_str().is_some_and(|namespace| !namespace.is_empty()) {
        return bad("namespace is not allowed on this type: tokenreviews");
    }
    let token = object["spec"]["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        return bad("token is required for TokenReview in authentication");
    }
    if let Some(error) = error {
        return created(object, "status", json!({ "user": {}, "error": error }));
    }
    let asked: Vec<String> = match object["spec"]["audiences"].as_array() {
        Some(list) if knows && !list.is_empty() => {
            list.iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect()
        }
        _ => vec![API_AUDIENCE.to_owned()],
    };
    let status = match accounts.owner(token, SystemTime::now()) {
        None => json!({ "user": {}, "error": "invalid bearer token" }),
        Some((user, audiences)) => {
            let common: Vec<_> = asked.iter().filter(|one| audiences.contains(one)).collect();
            match (common.is_empty(), knows) {
                (true, _) => {
                    let error = format!(
                        "token audiences {audiences:?} is invalid for the target audiences {asked:?}"
                    );
                    json!({ "user": {}, "error": error })
                }
                (false, true) => {
                    json!({ "authenticated": true, "user": user_info(&user), "audiences": common })
                }
                (false, false) => json!({ "authenticated": true, "user": user_info(&user) }),
            }
        }
    };
    created(object, "status", status)
}

fn token(object: Value, accounts: &Accounts, place: (&str, &str)) -> Response<ReplyBody> {
    let (namespace, account) = place;
    for (field, own) in [("name", account), ("namespace", namespace)] {
        let given = object["metadata"][field].as_str().unwrap_or_default();
        if !given.is_empty() && given != own {
            let message = format!(
                "TokenRequest.authentication.k8s.io \"{given}\" is invalid: metadata.{field}: Invalid value: \
                 \"{given}\": must match the service account {field}"
            );
            return refusal(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", &message);
        }
    }
    let now = SystemTime::now();
    let granted = match accounts.service_accounts().mint(namespace, account, &object["spec"], now) {
        Ok(granted) => granted,
        Err((status, reason, message)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return refusal_of(status, reason, &message, account);
        }
    };
    let Granted { token, audiences, seconds, expires, warning } = granted;
    let mut object = object;
    object["metadata"] = json!({
        "name": account, "namespace": namespace, "creationTimestamp": rfc_3339(now),
    });
    object["spec"]["audiences"] = json!(audiences);
    object["spec"]["expirationSeconds"] = seconds.into();
    let status = json!({ "token": token, "expirationTimestamp": rfc_3339(expires) });
    let mut reply = created(object, "status", status);
    if let Some(warning) = warning.and_then(|text| format!("299 - \"{text}\"").parse().ok()) {
        reply.headers_mut().insert(HeaderName::from_static("warning"), warning);
    }
    reply
}

/// The object with a field set, and 201.
fn created(mut object: Value, field: &str, value: Value) -> Response<ReplyBody> {
    object[field] = value;
    document(StatusCode::CREATED, &object)
}

fn failed(status: StatusCode, retry_after: Option<u32>) -> Response<ReplyBody> {
    let reason = match status {
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        StatusCode::FORBIDDEN => "Forbidden",
        _ => "InternalError",
    };
    let mut reply = refusal(status, reason, "the server was told to fail");
    if let Some(seconds) = retry_after {
        reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    reply
}

fn rfc_3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let time =
        i64::try_from(seconds).ok().and_then(|s| time::OffsetDateTime::from_unix_timestamp(s).ok());
    let time = time.unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}
