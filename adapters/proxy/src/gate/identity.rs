//! Identity in headers: what a caller may not set, and what the gate sets (RV-18…RV-21, CK-3, CK-4).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue};
use kubecred_core::api::user_info::UserInfo;
use serde_json::json;
use std::collections::BTreeSet;

/// How every name of an identity header begins.
const PREFIX: &[u8] = b"x-remote-";

pub(crate) const USER: HeaderName = HeaderName::from_static("x-remote-user");
pub(crate) const UID: HeaderName = HeaderName::from_static("x-remote-uid");
pub(crate) const GROUP: HeaderName = HeaderName::from_static("x-remote-group");
/// The whole identity as JSON in unpadded base64url.
pub(crate) const IDENTITY: HeaderName = HeaderName::from_static("x-remote-identity");

/// How groups are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Groups {
    /// One header `X-Remote-Group` for each, as Kubernetes has it.
    #[default]
    Repeated,
    /// One header with all, and this between them. A user with a group that contains it is answered
    /// 503 rather than be given two groups.
    Joined(String),
}

/// Why an identity cannot be written into headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Unwritable {
    #[error("the user's name, uid or an extra value is not the text of a header")]
    Text,
    #[error("a group contains the separator of --groups=joined")]
    Separator,
    #[error("there are more groups and extra values than headers can have")]
    TooMany,
}

/// Whether this is an identity header in any spelling: what makes variables of headers, as CGI and
/// WSGI do, writes every other character as `_`, and so reads `X_Remote_User` as the same.
pub(crate) fn is_identity(name: &HeaderName) -> bool {
    let name = name.as_str().as_bytes();
    let plain = |byte: u8| if byte.is_ascii_alphanumeric() { byte } else { b'-' };
    name.len() >= PREFIX.len() && name.iter().zip(PREFIX).all(|(own, byte)| plain(*own) == *byte)
}

/// Removes every identity header that came with a request, in all spellings.
pub(crate) fn remove(headers: &mut HeaderMap) {
    let forged: BTreeSet<_> =
        headers.keys().filter(|name| is_identity(name)).map(HeaderName::to_string).collect();
    for name in forged {
        headers.remove(name.as_str());
    }
}

/// Sets user, uid, groups and extra as a front proxy of Kubernetes does, and the whole identity in
/// one header. What has no value is set empty if `fixed`, so that a copy overwrites what was forged.
pub(crate) fn set(
    headers: &mut HeaderMap,
    user: &UserInfo,
    groups: &Groups,
    fixed: bool,
) -> Result<(), Unwritable> {
    let mut put = |name: HeaderName, text: &str| {
        headers.try_append(name, value(text)?).map(drop).map_err(|_| Unwritable::TooMany)
    };
    put(USER, &user.username)?;
    if fixed || !user.uid.is_empty() {
        put(UID, &user.uid)?;
    }
    let named = user.groups.iter().filter(|group| !group.is_empty());
    match groups {
        Groups::Repeated => {
            let mut count = 0;
            for group in named {
                put(GROUP, group)?;
                count += 1;
            }
            if fixed && count == 0 {
                put(GROUP, "")?;
            }
        }
        Groups::Joined(separator) => {
            let named: Vec<&str> = named.map(String::as_str).collect();
            if named.iter().any(|group| group.contains(separator.as_str())) {
                return Err(Unwritable::Separator);
            }
            put(GROUP, &named.join(separator))?;
        }
    }
    for (key, values) in &user.extra {
        let name = HeaderName::from_bytes(extra_name(key).as_bytes());
        let name = name.map_err(|_| Unwritable::Text)?;
        for text in values {
            put(name.clone(), text)?;
        }
    }
    put(IDENTITY, &encoded(user))
}

/// The text as it is; what a reader would trim is another's name, and what would end the line is
/// none.
fn value(text: &str) -> Result<HeaderValue, Unwritable> {
    if text.trim_matches([' ', '\t']).len() != text.len() {
        return Err(Unwritable::Text);
    }
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| Unwritable::Text)
}

/// `X-Remote-Extra-` and the key, of which each byte that may not stand in a header's name, and `%`,
/// is written as `%XX` (RV-19).
fn extra_name(key: &str) -> String {
    let mut name = "x-remote-extra-".to_owned();
    for byte in key.bytes() {
        match byte {
            b'%' => name.push_str("%25"),
            b'!' | b'#' | b'$' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`'
            | b'|' | b'~' => name.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            byte => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name
}

/// The `UserInfo` as JSON in unpadded base64url (CK-4).
fn encoded(user: &UserInfo) -> String {
    let json = json!({
        "username": user.username, "uid": user.uid, "groups": user.groups, "extra": user.extra,
    });
    BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> UserInfo {
        UserInfo {
            username: "ann".into(),
            uid: "7".into(),
            groups: vec!["a".into(), "b,c".into()],
            extra: [("example.com/Role %".to_owned(), vec!["x".to_owned(), "y z".to_owned()])]
                .into(),
        }
    }

    fn lines(headers: &HeaderMap, name: &str) -> Vec<String> {
        let all = headers.get_all(name).iter();
        all.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    }

    #[test]
    fn rv_18_rv_19_identity_is_written_as_a_front_proxy_writes_it() {
        let mut headers = HeaderMap::new();
        set(&mut headers, &ann(), &Groups::Repeated, false).unwrap();
        assert_eq!(lines(&headers, "x-remote-user"), ["ann"]);
        assert_eq!(lines(&headers, "x-remote-uid"), ["7"]);
        assert_eq!(lines(&headers, "x-remote-group"), ["a", "b,c"]);
        assert_eq!(lines(&headers, "x-remote-extra-example.com%2frole%20%25"), ["x", "y z"]);
        let identity = BASE64_URL_SAFE_NO_PAD.decode(headers[IDENTITY].as_bytes()).unwrap();
        let identity: serde_json::Value = serde_json::from_slice(&identity).unwrap();
        assert_eq!(identity["groups"][1], "b,c");
        assert_eq!(identity["extra"]["example.com/Role %"][1], "y z");
    }

    #[test]
    fn rv_18_every_spelling_of_an_identity_header_is_removed() {
        let forged = [
            "X-Remote-User",
            "x_remote_user",
            "X-Remote_Group",
            "X-REMOTE-EXTRA-foo",
            "x-remote-uid",
            "X-Remote-Identity",
            "X.Remote.User",
            "X-Remote-",
        ];
        let mut headers = HeaderMap::new();
        for name in forged.iter().chain(&["x-remote", "x-remotely", "host", "xremote-user"]) {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), "x".parse().unwrap());
        }
        headers.append("x-remote-group", "y".parse().unwrap());
        remove(&mut headers);
        let left: BTreeSet<&str> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["host", "x-remote", "x-remotely", "xremote-user"].into());
    }

    #[test]
    fn ck_3_ck_4_the_set_is_fixed_and_groups_are_joined_or_refused() {
        let nameless = UserInfo { username: "ann".into(), ..UserInfo::default() };
        let mut headers = HeaderMap::new();
        set(&mut headers, &nameless, &Groups::Repeated, true).unwrap();
        for name in ["x-remote-uid", "x-remote-group"] {
            assert_eq!(lines(&headers, name), [""], "{name}");
        }
        let mut headers = HeaderMap::new();
        set(&mut headers, &ann(), &Groups::Joined("|".into()), true).unwrap();
        assert_eq!(lines(&headers, "x-remote-group"), ["a|b,c"]);
        let refused = set(&mut HeaderMap::new(), &ann(), &Groups::Joined(",".into()), true);
        assert_eq!(refused, Err(Unwritable::Separator));
    }

    #[test]
    fn a_name_that_a_header_would_change_is_not_written() {
        for name in [" ann", "ann\t", "an\nn", "an\rn", "an\0n"] {
            let user = UserInfo { username: name.into(), ..UserInfo::default() };
            let outcome = set(&mut HeaderMap::new(), &user, &Groups::Repeated, false);
            assert_eq!(outcome, Err(Unwritable::Text), "{name:?}");
        }
        let umlaut = UserInfo { username: "änn".into(), ..UserInfo::default() };
        set(&mut HeaderMap::new(), &umlaut, &Groups::Repeated, false).unwrap();
        let extra = (0..40_000).map(|number| (format!("k{number}"), vec!["v".to_owned()]));
        let many = UserInfo { extra: extra.collect(), ..umlaut };
        let outcome = set(&mut HeaderMap::new(), &many, &Groups::Repeated, false);
        assert_eq!(outcome, Err(Unwritable::TooMany));
    }
}
