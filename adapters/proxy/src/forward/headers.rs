//! Headers on the way through (PX-22 to PX-26): what belongs to one connection stays there, who asks
//! is said by the proxy, and the rest passes.

use super::refusal::Refusal;
use crate::hop;
use http::header::{AUTHORIZATION, CONNECTION, HOST, LOCATION, PROXY_AUTHENTICATE, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Version};
use kubecred_tokio::Credential;
use std::net::IpAddr;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The beginning of all headers by which a caller asks to be taken for another.
const IMPERSONATE: &str = "impersonate-";

/// What becomes of `Impersonate-*` headers of callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Impersonation {
    /// They pass if the profile impersonates no one; else they are refused.
    #[default]
    Unless,
    /// They are refused.
    Deny,
    /// They pass, and replace all of the profile's impersonation.
    Pass,
}

/// The protocol that a request of HTTP/1.1 wants to become (PX-34).
pub(crate) fn upgrade(version: Version, headers: &HeaderMap) -> Option<HeaderValue> {
    let wanted = hop::upgrade(headers).filter(|wanted| !wanted.is_empty());
    wanted.filter(|_| version == Version::HTTP_11).cloned()
}

/// Makes the headers of a request those of the request upstream, but for the credential.
pub(crate) fn to_upstream(
    headers: &mut HeaderMap,
    upgrade: Option<&HeaderValue>,
    peer: Option<IpAddr>,
) {
    hop::remove_but_trailers(headers);
    headers.remove(HOST);
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, protocol.clone());
    }
    if let Some(peer) = peer {
        let before = headers.get_all(&X_FORWARDED_FOR).iter();
        let before = before.filter_map(|value| value.to_str().ok()).map(str::to_owned);
        let list: Vec<String> = before.chain([peer.to_string()]).collect();
        if let Ok(value) = HeaderValue::try_from(list.join(", ")) {
            headers.insert(X_FORWARDED_FOR, value);
        }
    }
    // An empty one counts as none (UA-1).
    if headers.get(AUTHORIZATION).is_some_and(HeaderValue::is_empty) {
        headers.remove(AUTHORIZATION);
    }
}

/// Whether the caller asks to be taken for another.
pub(crate) fn impersonates(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with(IMPERSONATE))
}

/// Says whether `Impersonate-*` headers of a caller pass.
pub(crate) fn check_impersonation(
    headers: &HeaderMap,
    rule: Impersonation,
    profile_impersonates: bool,
) -> Result<(), Refusal> {
    let denied = match rule {
        Impersonation::Unless => profile_impersonates,
        Impersonation::Deny => true,
        Impersonation::Pass => false,
    };
    match denied && impersonates(headers) {
        true => Err(Refusal::forbidden(
            "the proxy refuses Impersonate-* headers of callers (--impersonation=pass lets them replace \
             the kubeconfig's)",
        )),
        false => Ok(()),
    }
}

/// Adds the credential; and the profile's impersonation, unless the caller's passed (PX-25).
pub(crate) fn authenticate(headers: &mut HeaderMap, credential: &Credential) {
    if let Some(value) = credential.authorization() {
        headers.insert(AUTHORIZATION, value.clone());
    }
    add_impersonation(headers, credential.headers());
}

/// Adds the profile's impersonation, unless the caller's passed.
pub(crate) fn add_impersonation(headers: &mut HeaderMap, of_profile: &HeaderMap) {
    if impersonates(headers) {
        return;
    }
    for (name, value) in of_profile.iter().filter(|(name, _)| *name != AUTHORIZATION) {
        headers.append(name.clone(), value.clone());
    }
}

/// Makes the headers of an answer those for the caller. `under` is what was cut off the caller's
/// path, without a slash at its end: a redirect to a path of the server is one to a path under it.
pub(crate) fn from_upstream(headers: &mut HeaderMap, under: &str) {
    hop::remove(headers);
    headers.remove(PROXY_AUTHENTICATE);
    if under.is_empty() {
        return;
    }
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    // With two slashes it would be another host.
    let path = location.filter(|to| to.starts_with('/') && !to.starts_with("//"));
    let moved = path.and_then(|path| HeaderValue::try_from(format!("{under}{path}")).ok());
    if let Some(moved) = moved {
        headers.insert(LOCATION, moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        headers
    }

    fn sent(lines: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut headers = map(lines);
        to_upstream(&mut headers, None, Some([127, 0, 0, 1].into()));
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        headers.iter().map(text).collect()
    }

    #[test]
    fn px_23_what_belongs_to_the_connection_stays_there() {
        let lines = [
            ("host", "localhost"),
            ("connection", "close, X-Mine"),
            ("connection", "x-other"),
            ("x-mine", "1"),
            ("x-other", "1"),
            ("keep-alive", "1"),
            ("proxy-authorization", "Basic x"),
            ("proxy-connection", "close"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("te", "gzip, trailers"),
            ("x-forwarded-for", "9.9.9.9"),
            ("x-forwarded-proto", "https"),
            ("cookie", "a=b"),
            ("x-remote-user", "root"),
            ("authorization", ""),
        ];
        let mut left = sent(&lines);
        left.sort();
        let expected = [
            ("cookie", "a=b"),
            ("te", "trailers"),
            ("x-forwarded-for", "9.9.9.9, 127.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("x-remote-user", "root"),
        ];
        assert_eq!(left, expected.map(|(name, value)| (name.into(), value.into())));
    }

    #[test]
    fn px_34_an_upgrade_needs_both_headers() {
        let both = map(&[("connection", "keep-alive, Upgrade"), ("upgrade", "foo/1")]);
        assert_eq!(upgrade(Version::HTTP_11, &both).unwrap(), "foo/1");
        assert_eq!(upgrade(Version::HTTP_2, &both), None);
        assert_eq!(upgrade(Version::HTTP_11, &map(&[("upgrade", "foo/1")])), None);
        assert_eq!(upgrade(Version::HTTP_11, &map(&[("connection", "upgrade")])), None);
        let mut sent = both.clone();
        to_upstream(&mut sent, Some(&"foo/1".parse().unwrap()), None);
        assert_eq!(
            (&sent[CONNECTION], &sent[UPGRADE]),
            (&"Upgrade".parse().unwrap(), &"foo/1".parse().unwrap())
        );
    }

    #[test]
    fn px_26_redirects_stay_under_what_was_cut_off() {
        for (under, location, moved) in [
            ("", "/a", "/a"),
            ("/custom", "/a?b", "/custom/a?b"),
            ("/clusters/c", "https://elsewhere/a", "https://elsewhere/a"),
            ("/clusters/c", "//elsewhere/a", "//elsewhere/a"),
            ("/clusters/c", "a/b", "a/b"),
        ] {
            let mut headers = map(&[("location", location)]);
            from_upstream(&mut headers, under);
            assert_eq!(headers[LOCATION], moved, "{under} {location}");
        }
    }

    /// I: kubectl mixes a caller's groups with those of the kubeconfig.
    #[test]
    fn px_25_impersonation_is_never_mixed() {
        let of_profile = map(&[
            ("authorization", "Bearer x"),
            ("impersonate-user", "p"),
            ("impersonate-group", "g"),
        ]);
        let mut plain = HeaderMap::new();
        add_impersonation(&mut plain, &of_profile);
        assert_eq!(plain, map(&[("impersonate-user", "p"), ("impersonate-group", "g")]));
        let callers = map(&[("impersonate-extra-x", "1")]);
        let mut own = callers.clone();
        add_impersonation(&mut own, &of_profile);
        assert_eq!(own, callers);

        for (rule, profile, refused) in [
            (Impersonation::Unless, true, true),
            (Impersonation::Unless, false, false),
            (Impersonation::Deny, false, true),
            (Impersonation::Pass, true, false),
        ] {
            let outcome = check_impersonation(&callers, rule, profile);
            assert_eq!(outcome.is_err(), refused, "{rule:?} {profile}");
            assert!(check_impersonation(&HeaderMap::new(), rule, profile).is_ok());
        }
    }
}
