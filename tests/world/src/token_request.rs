//! TokenRequest, as the API server of this world answers it.

use crate::server::Issued;
use crate::{Served, secret};
use kubecred_core::protocol::{HttpResponse, Method, SendRequest};
use kubecred_core::{Generation, UnixTime};

/// The service account `deployer` of the namespace `prod`: where its tokens are asked for.
pub const TOKEN_REQUEST: &str =
    "https://api.example:6443/api/v1/namespaces/prod/serviceaccounts/deployer/token";

/// Mints `sa-1`, `sa-2`, … for a caller whose credential is good, for as long as was asked, or an
/// hour. Others are told 401, in a `Status`.
#[derive(Debug, Default)]
pub(crate) struct Mint {
    serial: u64,
    /// The caller of each TokenRequest, as the server saw it.
    pub(crate) callers: Vec<String>,
}

impl Mint {
    pub(crate) fn answer(
        &mut self,
        request: &SendRequest,
        now: UnixTime,
        issued: &mut Issued,
    ) -> HttpResponse {
        assert_eq!(request.method, Method::Post);
        let caller = Served {
            identity: request.tls.identity.clone(),
            ..Served::new(Generation::default(), request.headers.clone())
        };
        self.callers.push(crate::server::whom(&caller));
        if !issued.accepts(&caller, now) {
            return reply(401, &status(401, "Unauthorized", "Unauthorized"));
        }
        let asked: serde_json::Value =
            serde_json::from_slice(request.body.expose()).expect("a TokenRequest is JSON");
        let seconds = asked["spec"]["expirationSeconds"].as_i64().unwrap_or(3600);
        self.serial += 1;
        let name = format!("sa-{}", self.serial);
        let end = UnixTime::from_secs(now.as_millis().div_euclid(1000) + seconds);
        issued.record(&name, Some(end));
        reply(201, &granted(&name, Some(seconds), Some(end)))
    }
}

/// A TokenRequest that was granted.
pub fn granted(name: &str, seconds: Option<i64>, end: Option<UnixTime>) -> String {
    let mut answer = serde_json::json!({
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "spec": { "audiences": ["https://kubernetes.default.svc"] },
        "status": { "token": secret(name) },
    });
    if let Some(seconds) = seconds {
        answer["spec"]["expirationSeconds"] = seconds.into();
    }
    if let Some(end) = end {
        answer["status"]["expirationTimestamp"] = end.to_string().into();
    }
    answer.to_string()
}

/// A `Status` that says no.
pub fn status(code: u16, reason: &str, message: &str) -> String {
    serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": code, "reason": reason, "message": message,
    })
    .to_string()
}

fn reply(status: u16, body: &str) -> HttpResponse {
    let mut answer = HttpResponse::new(status, body);
    answer.push_header("content-type", b"application/json");
    answer
}
