//! Auth-providers: `oidc`, and those that are gone (OI-1, OI-2, OI-27, OI-30…OI-33, UA-4).

use crate::{file, kinds, load, rules, select, text, user};
use kubecred_core::kubeconfig::{AuthProviderProblem, ProblemKind};
use kubecred_core::{
    Authorization, Environment, KubeconfigUser, Material, Oidc, Overrides, Roots, Secret,
};

/// A user whose provider `oidc` has this beside what it must have.
fn with(rest: &str) -> String {
    format!(
        "{{auth-provider: {{name: oidc, config: {{idp-issuer-url: 'https://i', client-id: \
         c{rest}}}}}}}"
    )
}

fn oidc(rest: &str) -> Oidc {
    match user(&with(rest)).unwrap().authentication.authorization {
        Authorization::Oidc(oidc) => *oidc,
        other => panic!("{other:?}"),
    }
}

fn missing(keys: &[&'static str]) -> Vec<ProblemKind> {
    let missing = |key: &&'static str| AuthProviderProblem::Missing(key);
    keys.iter().map(|key| ProblemKind::AuthProvider(missing(key))).collect()
}

#[test]
fn oi_1_the_settings_of_a_provider() {
    let origin = Some(KubeconfigUser { path: "/k/config".into(), user: "u".into() });
    let least = Oidc {
        issuer: "https://i".into(),
        client_id: "c".into(),
        origin: origin.clone(),
        ..Oidc::default()
    };
    assert_eq!(oidc(""), least);
    assert_eq!(oidc(", client-secret: '', id-token: '', refresh-token: '', other: x"), least);
    let all = oidc(", client-secret: s, id-token: a.b.c, refresh-token: r");
    let secret = |text: &str| Some(Secret::from(text));
    let (client_secret, id_token, refresh_token) = (secret("s"), secret("a.b.c"), secret("r"));
    assert_eq!(all, Oidc { client_secret, id_token, refresh_token, ..least });
}

#[test]
fn oi_1_issuer_and_client_must_be_given() {
    for (config, keys) in [
        ("{}", &["idp-issuer-url", "client-id"] as &[_]),
        ("null", &["idp-issuer-url", "client-id"]),
        ("{client-id: c, refresh-token: hush}", &["idp-issuer-url"]),
        ("{idp-issuer-url: i, client-id: ''}", &["client-id"]),
    ] {
        let body = format!("{{auth-provider: {{name: oidc, config: {config}}}}}");
        assert_eq!(kinds(&user(&body)), missing(keys), "{config}");
        assert!(!text(user(&body)).contains("hush"));
    }
    let error = text(user("{auth-provider: {name: oidc, config: {idp-issuer-url: i}}}"));
    let words = "/k/config:8: user \"u\": auth-provider \"oidc\" has no client-id in its config";
    assert!(error.contains(words), "{error}");
}

#[test]
fn oi_1_extra_scopes_have_no_effect_and_are_told_of() {
    assert_eq!(rules(&user(&with(", extra-scopes: groups")).unwrap()), ["OI-1"]);
    assert_eq!(rules(&user(&with("")).unwrap()), [""; 0]);
}

#[test]
fn oi_1_a_certificate_authority_file_is_not_looked_for_beside_the_kubeconfig() {
    let roots = oidc(", idp-certificate-authority: ca.crt").roots;
    assert_eq!(roots, Roots::File("ca.crt".into()));
}

#[test]
fn oi_2_certificate_authority_data_goes_before_a_file() {
    let data = ", idp-certificate-authority-data: Y2E=";
    assert_eq!(oidc(data).roots, Roots::Pem("ca".into()));
    assert_eq!(oidc(&[data, ", idp-certificate-authority: f"].concat()).roots, oidc(data).roots);
}

#[test]
fn oi_2_certificate_authority_data_must_be_base64() {
    let result = user(&with(", idp-certificate-authority-data: 'Y2E'"));
    assert!(matches!(kinds(&result).as_slice(), [ProblemKind::Base64(_)]), "{result:?}");
    let error = text(result);
    let field = "user \"u\": auth-provider.config.idp-certificate-authority-data is not";
    assert!(error.contains(field), "{error}");
}

#[test]
fn oi_27_tokens_go_back_to_the_file_that_has_the_user() {
    let first = "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n\
                 clusters: [{name: k, cluster: {server: 'https://h'}}]\n";
    let second = file("{}", &with(", refresh-token: r"));
    let config = load(&[("/k/first", first), ("/k/second", &second)]).unwrap();
    let profile = config.select(&Overrides::default(), &Environment::default()).unwrap();
    let Authorization::Oidc(oidc) = profile.authentication.authorization else { panic!() };
    let origin = KubeconfigUser { path: "/k/second".into(), user: "u".into() };
    assert_eq!(oidc.origin, Some(origin));
}

#[test]
fn oi_27_a_provider_that_is_in_no_file_is_written_nowhere() {
    let config = load(&[("/k/config", &file("{server: 'https://h'}", &with("")))]).unwrap();
    let auth_provider = config.users["u"].auth_provider.clone();
    let overrides = Overrides { auth_provider, ..Overrides::default() };
    let profile = config.select(&overrides, &Environment::default()).unwrap();
    let Authorization::Oidc(oidc) = profile.authentication.authorization else { panic!() };
    assert_eq!(oidc.origin, None);
}

#[test]
fn ua_2_a_client_certificate_goes_with_a_provider() {
    let body = with("").replacen('{', "{client-certificate: /c, client-key: /k, ", 1);
    let authentication = user(&body).unwrap().authentication;
    assert!(matches!(authentication.authorization, Authorization::Oidc(_)));
    let certificate = authentication.certificate.unwrap().certificate;
    assert_eq!(certificate, Material::File("/c".into()));
}

#[test]
fn ua_4_a_token_goes_before_an_auth_provider() {
    let profile = user(&with("").replacen('{', "{token: t, ", 1)).unwrap();
    assert_eq!(profile.authentication.authorization, Authorization::Token("t".into()));
    assert_eq!(rules(&profile), ["UA-4"]);
    // It is looked up all the same.
    let result = user("{token: t, auth-provider: {name: openstack}}");
    let kind = AuthProviderProblem::Unknown("openstack".into());
    assert_eq!(kinds(&result), [ProblemKind::AuthProvider(kind)]);
    let result = user("{token: t, auth-provider: {name: oidc, config: {client-id: c}}}");
    assert_eq!(kinds(&result), missing(&["idp-issuer-url"]));
}

#[test]
fn oi_30_oi_31_oi_32_oi_33_providers_that_are_not_to_be_had() {
    for (name, words) in [
        ("gcp", "gke-gcloud-auth-plugin"),
        ("azure", "https://github.com/Azure/kubelogin"),
        ("openstack", "\"openstack\" is not known"),
        ("OIDC", "\"OIDC\" is not known"),
        ("''", "\"\" is not known"),
    ] {
        let body = format!("{{auth-provider: {{name: {name}, config: {{refresh-token: hush}}}}}}");
        let error = text(user(&body));
        assert!(error.contains("/k/config:8: user \"u\": auth-provider "), "{error}");
        assert!(error.contains(words) && !error.contains("hush"), "{error}");
        // On plain HTTP nobody asks for it (KC-71).
        assert!(select("{server: 'http://h'}", &body).is_ok());
    }
}
