//! The access log of the gate: a line for each request, through the redacting door.

use super::flags::LogForm;
use crate::{clock, redact};
use kubecred_proxy::gate::Exchange;
use serde_json::json;
use std::io::Write;

/// What writes the log; `None` if there is to be none.
pub(super) fn sink(form: LogForm) -> Option<impl Fn(&Exchange) + Send + Sync + 'static> {
    (form != LogForm::Off).then_some(move |exchange: &Exchange| {
        let line = match form {
            LogForm::Json => json(exchange),
            _ => text(exchange),
        };
        // If standard error is closed, there is nobody to tell.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    })
}

/// One line whatever callers and servers sent.
fn shown(text: &str) -> String {
    redact::name(&redact::hidden(text))
}

fn text(exchange: &Exchange) -> String {
    let Exchange { method, status, duration, .. } = exchange;
    let or_dash =
        |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or_else(|| "-".into());
    let peer = or_dash(exchange.peer.map(|peer| peer.to_string()));
    let user = or_dash(exchange.user.as_deref().map(|user| format!("{:?}", shown(user))));
    let mut line = format!(
        "{} {peer} {user} {method} {} {} {} ms",
        clock::now(),
        shown(&exchange.path),
        status.as_u16(),
        duration.as_millis(),
    );
    if let Some(token) = exchange.token {
        line.push_str(&format!(" {token:?}"));
    }
    if let Some(reason) = &exchange.reason {
        line.push_str(&format!(" ({})", shown(reason)));
    }
    line
}

fn json(exchange: &Exchange) -> String {
    json!({
        "time": clock::now().to_string(),
        "peer": exchange.peer,
        "user": exchange.user.as_deref().map(shown),
        "method": exchange.method.as_str(),
        "path": shown(&exchange.path),
        "status": exchange.status.as_u16(),
        "milliseconds": u64::try_from(exchange.duration.as_millis()).unwrap_or(u64::MAX),
        "token": exchange.token.map(|token| format!("{token:?}")),
        "reason": exchange.reason.as_deref().map(shown),
    })
    .to_string()
}
