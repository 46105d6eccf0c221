//! The header set of a request: `authorization`, then `impersonate-*`.

use crate::content::header_text;
use crate::credential::Header;
use crate::error::{Error, FileRole};
use crate::profile::Impersonation;
use crate::secret::Secret;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// The `impersonate-*` headers (UA-21). Parts without a user name send an empty one: the server
/// then refuses, where leaving them out would act with the caller's own rights (UA-24). An error is
/// about this `user` of the kubeconfig.
pub(crate) fn impersonation(who: &Impersonation, user: &str) -> Result<Vec<Header>, Error> {
    let mut headers = Vec::new();
    if *who == Impersonation::default() {
        return Ok(headers);
    }
    let wrong = |problem| Error::Data { role: FileRole::Impersonation, user: user.into(), problem };
    let mut push = |name: Cow<'static, str>, value: &str| {
        header_text(value.as_bytes()).map_err(wrong)?;
        headers.push(Header { name, value: Secret::from(value) });
        Ok(())
    };
    push(Cow::Borrowed("impersonate-user"), &who.user)?;
    if !who.uid.is_empty() {
        push(Cow::Borrowed("impersonate-uid"), &who.uid)?;
    }
    for group in &who.groups {
        push(Cow::Borrowed("impersonate-group"), group)?;
    }
    for (key, values) in &who.extra {
        for value in values {
            push(Cow::Owned(format!("impersonate-extra-{}", escaped(key))), value)?;
        }
    }
    Ok(headers)
}

/// The authorization header's entry in a set.
pub(crate) fn authorization(value: &Secret) -> Header {
    Header { name: Cow::Borrowed("authorization"), value: value.clone() }
}

/// An extra key as part of a header name: what is no token character, and `%`, as `%xx` of its
/// UTF-8 bytes, all in lower case, since header names have none (UA-22).
fn escaped(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'%' => name.push_str("%25"),
            b'!' | b'#' | b'$' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`'
            | b'|' | b'~' => name.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(byte.to_ascii_lowercase())),
            // Writing to a String cannot fail.
            _ => _ = write!(name, "%{byte:02x}"),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    fn lines(who: &Impersonation) -> Vec<String> {
        let text = |h: &Header| format!("{}: {}", h.name, h.value.expose_str().unwrap());
        impersonation(who, "dev").unwrap().iter().map(text).collect()
    }

    #[test]
    fn ua_21_user_uid_groups_and_extra_in_order() {
        let who = Impersonation {
            user: "jane".into(),
            uid: "42".into(),
            groups: vec!["b".into(), "a".into(), "b".into(), String::new()],
            extra: vec![
                ("none".into(), vec![]),
                ("scopes".into(), vec!["view".into(), "edit".into()]),
            ],
        };
        assert_eq!(
            lines(&who),
            [
                "impersonate-user: jane",
                "impersonate-uid: 42",
                "impersonate-group: b",
                "impersonate-group: a",
                "impersonate-group: b",
                "impersonate-group: ",
                "impersonate-extra-scopes: view",
                "impersonate-extra-scopes: edit",
            ]
        );
        assert!(lines(&Impersonation::default()).is_empty());
    }

    #[test]
    fn ua_22_extra_keys_are_escaped() {
        for (key, name) in [
            ("test.example.com/thing.thing", "test.example.com%2fthing.thing"),
            ("a%20b", "a%2520b"),
            ("almost%zz", "almost%25zz"),
            ("ümlaut", "%c3%bcmlaut"),
            ("!#$&'*+-.^_`|~", "!#$&'*+-.^_`|~"),
            ("@=:", "%40%3d%3a"),
        ] {
            assert_eq!(escaped(key), name);
        }
    }

    #[test]
    fn ua_24_groups_without_a_user_send_an_empty_user() {
        let who = Impersonation { groups: vec!["g".into()], ..Impersonation::default() };
        assert_eq!(lines(&who), ["impersonate-user: ", "impersonate-group: g"]);
    }

    #[test]
    fn a_line_break_in_an_impersonated_name_is_an_error() {
        let who = Impersonation { user: "a\nb".into(), ..Impersonation::default() };
        let error = impersonation(&who, "dev").unwrap_err().to_string();
        assert!(error.starts_with("impersonation of user \"dev\" contains"), "{error}");
    }
}
