//! What a cluster needs to believe the tokens of a login, and to let its user do something.

use crate::commands::login::flags::LoginFlags;
use crate::redact;
use kubecred_core::login::Granted;
use kubecred_core::printable;
use serde_json::Value;
use std::fmt::Write as _;

/// What the API server sees.
pub(super) struct Seen {
    issuer: String,
    audience: String,
    /// The claim that names the user, and its value.
    user: (&'static str, String),
    /// The claim with the groups, if the token has one.
    groups: Option<&'static str>,
    /// The token is an access token, which is for another audience.
    is_access_token: bool,
}

/// Claims in which providers put groups.
const GROUPS: [&str; 2] = ["groups", "roles"];

impl Seen {
    pub(super) fn new(issuer: &str, flags: &LoginFlags, granted: &Granted) -> Self {
        let claims = granted.claims.as_ref().map(|claims| claims.expose());
        let claims: Value =
            claims.and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_default();
        let text = |name: &str| claims[name].as_str().map(str::to_owned);
        // An API server takes an address as a name only if the provider vouches for it.
        let email = text("email").filter(|_| claims["email_verified"] == Value::Bool(true));
        let user = match email {
            Some(email) => ("email", email),
            None => ("sub", text("sub").unwrap_or_default()),
        };
        let groups = GROUPS.into_iter().find(|name| claims[*name].is_array());
        let audience = match &claims["aud"] {
            Value::Array(list) => list.first().and_then(Value::as_str).map(str::to_owned),
            one => one.as_str().map(str::to_owned),
        };
        Self {
            issuer: issuer.to_owned(),
            audience: audience.or_else(|| flags.client_id()).unwrap_or_default(),
            user,
            groups,
            is_access_token: flags.oidc_use_access_token == Some(true),
        }
    }

    /// The prefix that kube-apiserver puts before user names by default: none for addresses.
    fn prefix(&self) -> String {
        match self.user.0 {
            "email" => String::new(),
            _ => format!("{}#", self.issuer),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if self.is_access_token {
            text.push_str(
                "\nThe credential is the access token: put the audience that it has in the place of \
                 the client id below.\n",
            );
        }
        text.push_str("\nFor the cluster, either flags of kube-apiserver:\n");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  --oidc-issuer-url={}", self.issuer);
        let _ = writeln!(text, "  --oidc-client-id={}", self.audience);
        let _ = writeln!(text, "  --oidc-username-claim={}", self.user.0);
        if let Some(groups) = self.groups {
            let _ = writeln!(text, "  --oidc-groups-claim={groups}");
        }
        text.push_str(
            "or a file for its flag --authentication-config (Kubernetes 1.30 and later):\n",
        );
        text.push_str(&self.configuration());
        text.push_str(
            "and, so that the user may look at things (choose a role that fits), for kubectl apply:\n",
        );
        text.push_str(&self.binding());
        printable(&redact::without_sent(&text))
    }

    fn configuration(&self) -> String {
        let mut yaml = format!(
            "  apiVersion: apiserver.config.k8s.io/v1beta1\n  kind: AuthenticationConfiguration\n  \
             jwt:\n  - issuer:\n      url: {}\n      audiences: [{}]\n    claimMappings:\n      \
             username:\n        claim: {}\n        prefix: {}\n",
            quoted(&self.issuer),
            quoted(&self.audience),
            self.user.0,
            quoted(&self.prefix())
        );
        if let Some(groups) = self.groups {
            // Writing to a String cannot fail.
            let _ = write!(yaml, "      groups:\n        claim: {groups}\n        prefix: \"\"\n");
        }
        yaml
    }

    fn binding(&self) -> String {
        format!(
            "  apiVersion: rbac.authorization.k8s.io/v1\n  kind: ClusterRoleBinding\n  metadata:\n    \
             name: oidc-view\n  roleRef:\n    apiGroup: rbac.authorization.k8s.io\n    \
             kind: ClusterRole\n    name: view\n  subjects:\n  \
             - apiGroup: rbac.authorization.k8s.io\n    kind: User\n    name: {}\n",
            quoted(&format!("{}{}", self.prefix(), self.user.1))
        )
    }
}

/// JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seen(claims: &Value) -> Seen {
        let granted = Granted {
            output: "".into(),
            expires: None,
            claims: Some(claims.to_string().into()),
            by: kubecred_core::login::GrantedBy::Login,
        };
        Seen::new("https://idp.example", &LoginFlags::default(), &granted)
    }

    #[test]
    fn an_address_names_the_user_only_if_it_is_verified() {
        let claims = json!({ "sub": "17", "email": "a@b", "email_verified": true, "aud": "kube" });
        let text = seen(&claims).text();
        assert!(text.contains("--oidc-username-claim=email\n"), "{text}");
        assert!(text.contains("name: \"a@b\"\n") && text.contains("prefix: \"\"\n"), "{text}");
        for verified in [json!(false), Value::Null, json!("true")] {
            let claims = json!({ "sub": "17", "email": "a@b", "email_verified": verified });
            let text = seen(&claims).text();
            assert!(text.contains("--oidc-username-claim=sub\n"), "{text}");
            assert!(text.contains("name: \"https://idp.example#17\"\n"), "{text}");
        }
    }

    #[test]
    fn what_is_for_the_cluster_is_yaml_that_says_the_same_as_the_flags() {
        let claims = json!({ "sub": "x: \"#", "groups": ["dev"], "aud": ["kube", "other"] });
        let seen = seen(&claims);
        assert!(seen.text().contains(
            "--oidc-client-id=kube\n  --oidc-username-claim=sub\n  --oidc-groups-claim=groups\n"
        ));
        let config: Value = serde_yaml::from_str(&seen.configuration()).expect("YAML");
        let jwt = &config["jwt"][0];
        assert_eq!(jwt["issuer"], json!({ "url": "https://idp.example", "audiences": ["kube"] }));
        let prefix = "https://idp.example#";
        assert_eq!(jwt["claimMappings"]["username"], json!({ "claim": "sub", "prefix": prefix }));
        assert_eq!(jwt["claimMappings"]["groups"], json!({ "claim": "groups", "prefix": "" }));
        let binding: Value = serde_yaml::from_str(&seen.binding()).expect("YAML");
        assert_eq!(binding["subjects"][0]["name"], format!("{prefix}x: \"#"));
    }
}
