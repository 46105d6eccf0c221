//! A server that answers with an error status: what it says, for people.

use crate::report::{Exit, Report};
use crate::session::Session;
use crate::{origin, redact};
use http::header::LOCATION;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use kubecred_core::one_line;
use kubecred_core::redact::{quoted, url};
use kubecred_core::{Authentication, Authorization, Profile};
use kubecred_tokio::client::Body;
use serde_json::Value;

/// No more of an answer is read.
const LIMIT: usize = 1 << 20;

/// What to tell of an answer that is no success. `target` is what was asked for.
pub(crate) async fn error_status(
    response: Response<Body>,
    target: &str,
    session: &Session,
) -> Report {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, LIMIT).collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    // What was sent must be known before what came back is shown.
    redact::learn_credential(&session.auth);
    if session.log.is_verbose() {
        let body = String::from_utf8_lossy(&body);
        session.log.tell(format_args!("body: {}", one_line(&body)));
    }
    let profile = session.auth.profile();
    let report = Report::new(Exit::ErrorStatus, text(head.status, target, &body));
    match (head.status, head.headers.get(LOCATION)) {
        (StatusCode::UNAUTHORIZED, _) => report.advise(who(profile)),
        (status, Some(place)) if status.is_redirection() => {
            let place = String::from_utf8_lossy(place.as_bytes());
            let place = one_line(&url(&place));
            report.advise(format!("It redirects to {place}, where no credential is sent."))
        }
        _ => report,
    }
}

/// The status and, of a `Status` object, its message.
fn text(status: StatusCode, target: &str, body: &[u8]) -> String {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let field = |name: &str| match said["kind"] == "Status" {
        true => one_line(said[name].as_str().unwrap_or_default()),
        false => String::new(),
    };
    let (reason, message) = (field("reason"), field("message"));
    let known = status.canonical_reason().unwrap_or_default().replace(' ', "");
    let reason = match reason.as_str() {
        "" => String::new(),
        reason if reason == known => String::new(),
        reason if is_word(reason) => format!(" ({reason})"),
        _ => String::new(),
    };
    let message = match message.as_str() {
        "" => String::new(),
        message if message == known => String::new(),
        message => format!(": {message}"),
    };
    format!("{status}{reason} from {target}{message}")
}

/// Reasons of the API are words such as `AlreadyExists`.
fn is_word(reason: &str) -> bool {
    reason.len() <= 64 && reason.chars().all(|char| char.is_ascii_alphabetic())
}

/// Whose credential it was that the server did not accept, and where it is from.
fn who(profile: &Profile) -> String {
    let Authentication { authorization, certificate, user, .. } = &profile.authentication;
    let what = match (authorization, certificate) {
        (Authorization::Anonymous, None) => {
            let place = origin::of(profile, &["user"]);
            return match user.as_str() {
                "" => "No credential was sent: no user is set; config explain says why.".into(),
                user => format!(
                    "No credential was sent: user {}{place} does not exist, or has none.",
                    quoted(user)
                ),
            };
        }
        (Authorization::Anonymous, Some(_)) => "client certificate",
        (_, None) => "credential",
        (_, Some(_)) => "credential, with a client certificate,",
    };
    let user = match user.as_str() {
        "" => String::new(),
        user => format!(" of user {}", quoted(user)),
    };
    let place = origin::of(profile, origin::CREDENTIALS);
    format!("The server did not accept the {what}{user}{place}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: &str = "https://h/x";

    #[test]
    fn a_status_speaks_for_itself() {
        for (status, body, said) in [
            (
                403,
                r#"{"kind":"Status","reason":"Forbidden","message":"not you"}"#,
                "403 Forbidden from https://h/x: not you",
            ),
            (
                410,
                r#"{"kind":"Status","reason":"Expired","message":"too old"}"#,
                "410 Gone (Expired) from https://h/x: too old",
            ),
            (410, r#"{"kind":"Status","message":"too old"}"#, "410 Gone from https://h/x: too old"),
            (
                401,
                r#"{"kind":"Status","reason":"Unauthorized","message":"Unauthorized"}"#,
                "401 Unauthorized from https://h/x",
            ),
            (
                409,
                r#"{"kind":"Status","message":"a\nwarning: b\u202e"}"#,
                "409 Conflict from https://h/x: a warning: bU+202E",
            ),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(text(status, TARGET, body.as_bytes()), said);
        }
    }

    #[test]
    fn what_is_no_status_is_not_repeated() {
        for body in [&b"<html>"[..], b"", b"[1]", b"\"Status\"", br#"{"kind":"Pod","message":"x"}"#]
        {
            let said = text(StatusCode::BAD_GATEWAY, TARGET, body);
            assert_eq!(said, "502 Bad Gateway from https://h/x");
        }
    }
}
