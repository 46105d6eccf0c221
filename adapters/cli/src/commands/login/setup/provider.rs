//! What a provider offers, in words.

use crate::redact;
use kubecred_core::login::ProviderFacts;
use std::fmt::Write as _;

/// A table of what it has, then what to know about it.
pub(super) fn describe(facts: &ProviderFacts) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<16} {}", redact::name(value));
    };
    let or_none = |url: &str| if url.is_empty() { "none".to_owned() } else { url.to_owned() };
    row("issuer", &facts.issuer);
    row("authorization", &or_none(&facts.authorization_endpoint));
    row("token", &or_none(&facts.token_endpoint));
    row("keys", &format!("{} at {}", facts.keys, facts.jwks_uri));
    row("signatures", &list(facts.algorithms.as_deref()));
    row("PKCE", &list(facts.pkce_methods.as_deref()));
    row("device flow", &or_none(&facts.device_authorization_endpoint));
    row("revocation", &or_none(&facts.revocation_endpoint));
    row("logout page", &or_none(&facts.end_session_endpoint));
    row("scopes", &list(facts.scopes.as_deref()));
    row("claims", &list(facts.claims.as_deref()));
    for note in notes(facts) {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

fn list(items: Option<&[String]>) -> String {
    match items {
        None => "not listed".to_owned(),
        Some([]) => "none".to_owned(),
        Some(items) => items.join(" "),
    }
}

/// What is missing, and what follows from it.
fn notes(facts: &ProviderFacts) -> Vec<&'static str> {
    let lists = |list: &Option<Vec<String>>, item: &str| {
        list.as_ref().map(|list| list.iter().any(|found| found == item))
    };
    let checks = [
        (
            facts.authorization_endpoint.is_empty(),
            "there is no authorization endpoint: nobody can log in with a browser",
        ),
        (facts.keys == 0, "there is no key that could verify a token: no login will succeed"),
        (
            lists(&facts.pkce_methods, "S256") != Some(true),
            "PKCE with S256 is not listed; kubecred uses it all the same, and most providers take it",
        ),
        (
            facts.device_authorization_endpoint.is_empty(),
            "there is no device flow: a machine without a browser cannot log in, unless you know the \
             endpoint and give it with --device-endpoint",
        ),
        (
            lists(&facts.scopes, "offline_access") != Some(true),
            "offline_access is not listed: if no refresh token comes, you log in again whenever the \
             token ends",
        ),
        (
            lists(&facts.grant_types, "refresh_token") == Some(false),
            "refresh tokens are not among its grant types",
        ),
        (
            facts.revocation_endpoint.is_empty(),
            "there is no revocation endpoint: kubecred logout --revoke cannot end tokens there",
        ),
    ];
    checks.into_iter().filter(|(is, _)| *is).map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> ProviderFacts {
        let url = |path: &str| format!("https://idp.example/{path}");
        let list = |items: &[&str]| Some(items.iter().map(|item| (*item).to_owned()).collect());
        ProviderFacts {
            issuer: url(""),
            authorization_endpoint: url("auth"),
            token_endpoint: url("token"),
            device_authorization_endpoint: url("device"),
            revocation_endpoint: url("revoke"),
            end_session_endpoint: url("end"),
            jwks_uri: url("keys"),
            keys: 2,
            pkce_methods: list(&["S256"]),
            scopes: list(&["openid", "offline_access"]),
            claims: list(&["sub"]),
            grant_types: list(&["authorization_code", "refresh_token"]),
            algorithms: list(&["RS256"]),
        }
    }

    #[test]
    fn a_complete_provider_has_no_notes_and_each_gap_has_one() {
        let text = describe(&complete());
        assert!(!text.contains("note:"), "{text}");
        assert!(text.contains("keys             2 at https://idp.example/keys\n"), "{text}");
        let gaps: [fn(&mut ProviderFacts); 7] = [
            |facts| facts.authorization_endpoint.clear(),
            |facts| facts.keys = 0,
            |facts| facts.pkce_methods = None,
            |facts| facts.device_authorization_endpoint.clear(),
            |facts| facts.scopes = Some(vec!["openid".into()]),
            |facts| facts.grant_types = Some(vec!["authorization_code".into()]),
            |facts| facts.revocation_endpoint.clear(),
        ];
        for gap in gaps {
            let mut facts = complete();
            gap(&mut facts);
            assert_eq!(describe(&facts).matches("note:").count(), 1, "{facts:?}");
        }
    }
}
