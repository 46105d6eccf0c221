//! A server that says no: what it says, for people.

use crate::report::{Exit, Report};
use crate::session::Session;
use http::header::LOCATION;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use kubecred_core::{Authentication, Bearer};
use kubecred_tokio::client::Body;
use serde_json::Value;

/// A refusal that is longer than this is not read to its end.
const LIMIT: usize = 1 << 20;

/// What to tell of an answer that is no success.
pub(crate) async fn error_status(response: Response<Body>, session: &Session) -> Report {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, LIMIT).collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    if session.log.is_verbose() {
        session.log.tell(format_args!("body: {}", String::from_utf8_lossy(&body)));
    }
    let report = Report::new(Exit::Refused, text(head.status, &body));
    match (head.status, head.headers.get(LOCATION)) {
        (StatusCode::UNAUTHORIZED, _) => report.advise(who(&session.auth.profile().authentication)),
        (status, Some(place)) if status.is_redirection() => {
            let place = String::from_utf8_lossy(place.as_bytes());
            report.advise(format!("It leads to {place}, where no credential is sent."))
        }
        _ => report,
    }
}

/// A `Status` of the API in its own words; anything else by its status alone.
fn text(status: StatusCode, body: &[u8]) -> String {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let field = |name: &str| said[name].as_str().unwrap_or_default();
    match (field("kind"), field("reason"), field("message")) {
        ("Status", "", message) => format!("the server says no ({status}): {message}"),
        ("Status", reason, message) => {
            format!("the server says no ({reason}, {}): {message}", status.as_u16())
        }
        _ => format!("the server says no: {status}"),
    }
}

/// Whose credential it was that the server did not accept.
fn who(authentication: &Authentication) -> String {
    let what = match (&authentication.bearer, &authentication.certificate) {
        (Bearer::Anonymous, None) => {
            return "No credential was sent: there is none for this server and user.".into();
        }
        (Bearer::Anonymous, Some(_)) => "The client certificate",
        (_, None) => "The credential",
        (_, Some(_)) => "The credential, with a client certificate,",
    };
    let user = match authentication.user.as_str() {
        "" => String::new(),
        user => format!(" of user {user:?}"),
    };
    format!("{what}{user} was not accepted; -v tells where it comes from.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_speaks_for_itself() {
        let body = br#"{"kind":"Status","reason":"Forbidden","message":"not you","code":403}"#;
        let said = text(StatusCode::FORBIDDEN, body);
        assert_eq!(said, "the server says no (Forbidden, 403): not you");
        let said = text(StatusCode::GONE, br#"{"kind":"Status","message":"too old"}"#);
        assert_eq!(said, "the server says no (410 Gone): too old");
    }

    #[test]
    fn what_is_no_status_is_not_repeated() {
        for body in [&b"<html>"[..], b"", b"[1]", b"\"Status\"", br#"{"kind":"Pod","message":"x"}"#]
        {
            assert_eq!(text(StatusCode::BAD_GATEWAY, body), "the server says no: 502 Bad Gateway");
        }
    }
}
