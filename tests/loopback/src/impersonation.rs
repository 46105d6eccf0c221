//! Acting as someone else: the `Impersonate-*` headers (UA-21, UA-22).

use crate::accounts::{AUTHENTICATED, User};
use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;

const USER: &str = "impersonate-user";
const UID: &str = "impersonate-uid";
const GROUP: &str = "impersonate-group";
const EXTRA: &str = "impersonate-extra-";
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Parts of an impersonation came without the user they belong to, which kube-apiserver answers with 500.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoUser;

/// Who the request acts as: the user named in its headers, or `caller` if none is. Everyone may impersonate anyone here.
pub(crate) fn impersonated(caller: User, headers: &HeaderMap) -> Result<User, NoUser> {
    let target = read(headers);
    if target.name.is_empty() {
        return if target == User::default() { Ok(caller) } else { Err(NoUser) };
    }
    Ok(with_implied_groups(target))
}

fn read(headers: &HeaderMap) -> User {
    let mut user = User::new(headers.get(USER).map(text).unwrap_or_default());
    user.uid = headers.get(UID).map(text).unwrap_or_default();
    user.groups = headers.get_all(GROUP).iter().map(text).collect();
    for (name, value) in headers {
        if let Some(key) = name.as_str().strip_prefix(EXTRA) {
            let key = percent_decode_str(key).decode_utf8_lossy().to_lowercase();
            user.extra.entry(key).or_default().push(text(value));
        }
    }
    user
}

/// kube-apiserver gives a service account the groups it would have had, and everyone but `system:anonymous` the group of
/// those who are somebody.
fn with_implied_groups(mut user: User) -> User {
    if user.groups.is_empty()
        && let Some(account) = user.name.strip_prefix(SERVICE_ACCOUNT)
    {
        let namespace = account.split(':').next().unwrap_or_default();
        user.groups =
            vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")];
    }
    if user.name != "system:anonymous" && !user.is_member_of(AUTHENTICATED) {
        user.groups.push(AUTHENTICATED.into());
    }
    user
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn without_headers_the_caller_is_itself() {
        let jane = User::new("jane").member_of(["developers"]);
        assert_eq!(impersonated(jane.clone(), &headers(&[("accept", "*/*")])), Ok(jane));
    }

    #[test]
    fn ua_21_every_part_is_taken_over() {
        let headers = headers(&[
            ("Impersonate-User", "bob"),
            ("Impersonate-Uid", "u-1"),
            ("Impersonate-Group", "ops"),
            ("Impersonate-Group", "dev"),
            ("Impersonate-Extra-Scopes", "view"),
            ("Impersonate-Extra-Scopes", "edit"),
        ]);
        let user = impersonated("jane".into(), &headers).unwrap();
        assert_eq!(user.name, "bob");
        assert_eq!(user.uid, "u-1");
        assert_eq!(user.groups, ["ops", "dev", "system:authenticated"]);
        assert_eq!(user.extra["scopes"], ["view", "edit"]);
    }

    #[test]
    fn ua_22_extra_keys_are_unescaped_and_lower_case() {
        let lines =
            [("Impersonate-User", "bob"), ("Impersonate-Extra-Test.example.com%2fthing", "x")];
        let user = impersonated("jane".into(), &headers(&lines)).unwrap();
        assert_eq!(user.extra.keys().collect::<Vec<_>>(), ["test.example.com/thing"]);
    }

    #[test]
    fn ua_24_parts_without_a_user_are_refused() {
        let lines = [("Impersonate-User", ""), ("Impersonate-Group", "system:masters")];
        assert_eq!(impersonated("jane".into(), &headers(&lines)), Err(NoUser));
    }

    #[test]
    fn a_service_account_has_its_groups() {
        let headers = headers(&[("Impersonate-User", "system:serviceaccount:prod:deployer")]);
        let user = impersonated("jane".into(), &headers).unwrap();
        assert_eq!(
            user.groups,
            ["system:serviceaccounts", "system:serviceaccounts:prod", "system:authenticated"]
        );
    }
}
