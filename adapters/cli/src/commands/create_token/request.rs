//! What is asked for, and what is refused before anything is sent (TR-14). Texts are kubectl's.

use super::CreateToken;
use crate::report::{Exit, Report};
use kubecred_core::api::bound_object::BoundObjectReference;
use kubecred_core::api::token_request::TokenRequest;
use kubecred_core::kubeconfig::parse_timeout;

/// The kinds that a token may be bound to.
const KINDS: [&str; 3] = ["Node", "Pod", "Secret"];

/// What is asked for.
pub(super) struct Wanted {
    /// The account's name.
    pub(super) name: String,
    /// The call.
    pub(super) request: TokenRequest,
    /// How a flag could be said better.
    pub(super) hint: Option<String>,
}

/// Checks the flags, in kubectl's order.
pub(super) fn wanted(flags: &CreateToken) -> Result<Wanted, Report> {
    let [name] = flags.name.as_slice() else {
        let text = format!("exactly one NAME is required, got {}", flags.name.len());
        return Err(Report::new(Exit::Usage, text)
            .advise("See 'kubecred create-token --help' for help and examples."));
    };
    if name.is_empty() {
        return Err(usage("service account name is required"));
    }
    let mut request = TokenRequest::default();
    let (seconds, hint) = match flags.duration.as_deref() {
        Some(text) => seconds(text)?,
        None => (0, None),
    };
    // Zero is not sent; what is too short is the server's to refuse (TR-13).
    request.spec.expiration_seconds = Some(seconds).filter(|seconds| *seconds != 0);
    if flags.audience.iter().any(String::is_empty) {
        return Err(usage("--audience must not be an empty string"));
    }
    request.spec.audiences.clone_from(&flags.audience);
    request.spec.bound_object_ref = bound_object(flags)?;
    Ok(Wanted { name: name.clone(), request, hint })
}

fn bound_object(flags: &CreateToken) -> Result<Option<BoundObjectReference>, Report> {
    let CreateToken { bound_object_kind, bound_object_name, bound_object_uid, .. } = flags;
    if bound_object_kind.is_empty() {
        for (flag, value) in
            [("--bound-object-name", bound_object_name), ("--bound-object-uid", bound_object_uid)]
        {
            if !value.is_empty() {
                let text = format!("{flag} can only be set if --bound-object-kind is provided");
                return Err(usage(&text));
            }
        }
        return Ok(None);
    }
    if !KINDS.contains(&bound_object_kind.as_str()) {
        let text = format!("supported --bound-object-kind values are {}", KINDS.join(", "));
        return Err(usage(&text));
    }
    if bound_object_name.is_empty() {
        return Err(usage("--bound-object-name is required if --bound-object-kind is provided"));
    }
    Ok(Some(BoundObjectReference {
        kind: bound_object_kind.clone(),
        api_version: "v1".into(),
        name: bound_object_name.clone(),
        uid: bound_object_uid.clone(),
    }))
}

/// A time as Go writes it, in whole seconds; a bare number is one of seconds, with a hint (TR-17).
fn seconds(text: &str) -> Result<(i64, Option<String>), Report> {
    let invalid = || {
        usage(&format!("invalid --duration {text:?}: expected a time such as 10m, 1h30m or 600s"))
    };
    if text.is_empty() {
        return Err(invalid());
    }
    if text.strip_prefix('-').is_some_and(|rest| matches!(parse_timeout(rest), Ok(Some(_)))) {
        return Err(usage("--duration must be greater than or equal to 0"));
    }
    let duration = parse_timeout(text).map_err(|_| invalid())?.unwrap_or_default();
    if duration.subsec_nanos() != 0 {
        return Err(usage("--duration cannot be expressed in units less than seconds"));
    }
    let seconds = i64::try_from(duration.as_secs()).map_err(|_| invalid())?;
    let is_bare = text.bytes().all(|byte| byte.is_ascii_digit()) && seconds != 0;
    let hint = is_bare.then(|| {
        format!("--duration {text} is taken as seconds; kubectl wants the unit: --duration {text}s")
    });
    Ok((seconds, hint))
}

fn usage(text: &str) -> Report {
    Report::new(Exit::Usage, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::create_token::{Output, TokenFormat};
    use crate::connection_flags::ConnectionFlags;

    fn flags(name: &[&str], change: impl FnOnce(&mut CreateToken)) -> CreateToken {
        let mut flags = CreateToken {
            name: name.iter().map(|name| (*name).to_owned()).collect(),
            audience: Vec::new(),
            duration: None,
            bound_object_kind: String::new(),
            bound_object_name: String::new(),
            bound_object_uid: String::new(),
            output: Output::Format(TokenFormat::Token),
            allow_missing_template_keys: None,
            write_kubeconfig: None,
            connection: ConnectionFlags::default(),
        };
        change(&mut flags);
        flags
    }

    #[track_caller]
    fn refused(name: &[&str], change: impl FnOnce(&mut CreateToken)) -> String {
        let report = wanted(&flags(name, change)).err().expect("it is refused");
        report.to_string().lines().next().unwrap().to_owned()
    }

    #[test]
    fn tr_13_zero_is_not_sent_and_what_is_short_is() {
        for (text, sent) in [("0", None), ("0s", None), ("10s", Some(10)), ("1h1m", Some(3660))] {
            let wanted = wanted(&flags(&["web"], |flags| flags.duration = Some(text.into())));
            let wanted = wanted.unwrap_or_else(|report| panic!("{text}: {report}"));
            assert_eq!(wanted.request.spec.expiration_seconds, sent, "{text}");
            assert_eq!(wanted.hint, None);
        }
        let wanted = wanted(&flags(&["web"], |flags| flags.duration = Some("600".into())));
        let wanted = wanted.unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(wanted.request.spec.expiration_seconds, Some(600));
        assert!(wanted.hint.unwrap().ends_with("--duration 600s"));
    }

    #[test]
    fn kb_41_what_kubectl_refuses_is_refused_in_its_words() {
        assert_eq!(refused(&[], |_| {}), "error: exactly one NAME is required, got 0");
        assert_eq!(refused(&["a", "b"], |_| {}), "error: exactly one NAME is required, got 2");
        assert_eq!(refused(&[""], |_| {}), "error: service account name is required");
        let with = |change: fn(&mut CreateToken)| refused(&["web"], change);
        for (text, error) in [
            (
                with(|f| f.duration = Some("-1s".into())),
                "--duration must be greater than or equal to 0",
            ),
            (
                with(|f| f.duration = Some("1.5s".into())),
                "--duration cannot be expressed in units less than seconds",
            ),
            (
                with(|f| f.audience = vec!["a".into(), String::new()]),
                "--audience must not be an empty string",
            ),
            (
                with(|f| f.bound_object_kind = "pod".into()),
                "supported --bound-object-kind values are Node, Pod, Secret",
            ),
            (
                with(|f| f.bound_object_kind = "Pod".into()),
                "--bound-object-name is required if --bound-object-kind is provided",
            ),
            (
                with(|f| f.bound_object_name = "p".into()),
                "--bound-object-name can only be set if --bound-object-kind is provided",
            ),
            (
                with(|f| f.bound_object_uid = "u".into()),
                "--bound-object-uid can only be set if --bound-object-kind is provided",
            ),
        ] {
            assert_eq!(text, format!("error: {error}"));
        }
        assert!(
            with(|f| f.duration = Some("soon".into())).starts_with("error: invalid --duration")
        );
        let empty = with(|f| f.duration = Some(String::new()));
        assert!(empty.starts_with("error: invalid --duration \"\""), "{empty}");
    }
}
