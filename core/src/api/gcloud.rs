//! What `gcloud config config-helper` prints: an access token and its end, in a form of Google's
//! own. Clients of the removed auth-provider `gcp` read it; it is not an `ExecCredential`.

use super::document::{Fields, Value};
use crate::secret::Secret;
use crate::time::UnixTime;

/// The part that a Kubernetes client needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigHelper {
    /// `credential.access_token`; not empty.
    pub(crate) token: Secret,
    /// `credential.token_expiry`; `None` if it is missing or not an RFC 3339 time.
    pub(crate) expires: Option<UnixTime>,
}

const READ: Fields = Fields { read: &["access_token", "credential", "token_expiry"], raw: None };

impl ConfigHelper {
    /// Reads gcloud's output: JSON (`--format=json`), or YAML (its default) with the feature
    /// `kubeconfig`. `None` if it is anything else.
    pub(crate) fn from_output(text: &[u8]) -> Option<Self> {
        let document = Value::from_output(text, READ);
        let (mut token, mut expires) = (None, None);
        for (name, value) in document.ok()?.map("the document").ok()? {
            if name != "credential" {
                continue;
            }
            for (name, value) in value.map(name).ok()? {
                match name {
                    "access_token" => token = value.text(name).ok()?,
                    "token_expiry" => {
                        let text = value.text(name).ok()?;
                        let time = text.as_ref().and_then(Secret::expose_str);
                        expires = time.and_then(UnixTime::parse_rfc3339);
                    }
                    _ => {}
                }
            }
        }
        let token = token.filter(|token| !token.is_empty())?;
        Some(Self { token, expires })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_of_gcloud_are_read_and_nothing_else() {
        let json = br#"{"configuration":{"active_configuration":"default"},
            "credential":{"access_token":"ya29.x","id_token":"e.y.J",
            "token_expiry":"2026-11-30T18:00:00Z"},"sentinels":{}}"#;
        let yaml = b"configuration:\n  active_configuration: default\ncredential:\n  \
            access_token: ya29.x\n  token_expiry: '2026-11-30T18:00:00Z'\n";
        let end = UnixTime::parse_rfc3339("2026-11-30T18:00:00Z");
        for text in [json.as_slice(), yaml] {
            let read = ConfigHelper::from_output(text).unwrap();
            assert_eq!((read.token.expose(), read.expires), (b"ya29.x".as_slice(), end));
        }
        for text in [
            "",
            "null",
            "{",
            "[]",
            r#"{"credential":null}"#,
            r#"{"credential":{"access_token":""}}"#,
            r#"{"credential":{"access_token":7}}"#,
            r#"{"access_token":"x"}"#,
            r#"{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"x"}}"#,
        ] {
            assert_eq!(ConfigHelper::from_output(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn an_end_that_is_missing_or_not_a_time_is_not_known() {
        for end in ["", r#","token_expiry":null"#, r#","token_expiry":"soon""#] {
            let text = ["{\"credential\":{\"access_token\":\"t\"", end, "}}"].concat();
            let read = ConfigHelper::from_output(text.as_bytes()).unwrap();
            assert_eq!(read.expires, None, "{text}");
        }
    }
}
