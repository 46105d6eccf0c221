//! Which method takes effect (UA-2, UA-3, UA-5…UA-11, UA-20, UA-31, KC-56, KC-57, KC-59).

use crate::{kinds, rules, select, text, user};
use kubecred_core::kubeconfig::ProblemKind;
use kubecred_core::{Authorization, Material, Roots, Secret, Token};

const EXEC: &str =
    "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}";

fn authorization(body: &str) -> Authorization {
    user(body).unwrap().authentication.authorization
}

#[test]
fn ua_2_each_method_by_itself() {
    assert_eq!(authorization("{}"), Authorization::Anonymous);
    assert_eq!(authorization("{token: t}"), Authorization::Token("t".into()));
    let basic = Authorization::Basic { username: "me".into(), password: "pw".into() };
    assert_eq!(authorization("{username: me, password: pw}"), basic);
    assert!(
        matches!(authorization(&format!("{{{EXEC}}}")), Authorization::Exec(exec) if exec.command == "x")
    );
    let profile = user("{token: t, client-certificate: /c, client-key-data: a2V5}").unwrap();
    let pair = profile.authentication.certificate.unwrap();
    assert_eq!(pair.certificate, Material::File("/c".into()));
    assert_eq!(pair.key, Material::Data("key".into()));
    assert_eq!(profile.authentication.authorization, Authorization::Token("t".into()));
}

#[test]
fn ua_3_a_plugin_is_off_beside_anything_static() {
    for (body, named) in [
        ("token: t", "token"),
        ("tokenFile: /t", "tokenFile"),
        ("username: me", "username"),
        ("client-certificate: c, client-key: k", "client certificate"),
    ] {
        let profile = user(&format!("{{{EXEC}, {body}}}")).unwrap();
        assert!(!matches!(profile.authentication.authorization, Authorization::Exec(_)), "{body}");
        assert_eq!(rules(&profile), ["UA-3"], "{body}");
        assert!(profile.notices[0].text.contains(named), "{:?}", profile.notices);
    }
    for body in ["password: pw", "client-key: k"] {
        let profile = user(&format!("{{{EXEC}, {body}}}")).unwrap();
        assert!(matches!(profile.authentication.authorization, Authorization::Exec(_)), "{body}");
    }
}

#[test]
fn ua_5_basic_and_a_token_file_are_too_much() {
    let result = user("{username: me, password: hush, tokenFile: /t}");
    assert_eq!(kinds(&result), [ProblemKind::SeveralMethods("tokenFile")]);
    assert!(!text(result).contains("hush"));
    // A password alone is no basic authentication.
    assert!(matches!(
        authorization("{password: hush, tokenFile: /t}"),
        Authorization::TokenFile { .. }
    ));
}

#[test]
fn ua_6_kc_58_a_plugin_and_an_auth_provider_exclude_each_other() {
    let result = user(&format!("{{{EXEC}, auth-provider: {{name: oidc}}}}"));
    assert_eq!(kinds(&result), [ProblemKind::ExecAndAuthProvider]);
}

#[test]
fn ua_7_a_token_is_the_fallback_of_a_token_file() {
    let fallback = Some(Token("t".into()));
    assert_eq!(
        authorization("{token: t, tokenFile: tok}"),
        Authorization::TokenFile { path: "/k/tok".into(), fallback }
    );
    let path = "/k/tok".to_owned();
    assert_eq!(
        authorization("{tokenFile: tok}"),
        Authorization::TokenFile { path, fallback: None }
    );
}

#[test]
fn ua_10_a_password_alone_sends_nothing() {
    let profile = user("{password: hush}").unwrap();
    assert_eq!(profile.authentication.authorization, Authorization::Anonymous);
    assert_eq!(rules(&profile), ["UA-10"]);
    let empty = Authorization::Basic { username: "a:b".into(), password: Secret::default() };
    assert_eq!(authorization("{username: 'a:b'}"), empty);
}

#[test]
fn kc_56_certificates_and_keys() {
    for (body, expected) in [
        (
            "client-certificate: c, client-certificate-data: Yw==, client-key: k",
            vec![ProblemKind::FileAndData("client-certificate")],
        ),
        (
            "client-certificate: c, client-key: k, client-key-data: aw==",
            vec![ProblemKind::FileAndData("client-key")],
        ),
        ("client-certificate-data: Yw==", vec![ProblemKind::CertificateWithoutKey]),
        (
            "client-certificate: c, client-certificate-data: Yw==, client-key: k, client-key-data: aw==",
            vec![
                ProblemKind::FileAndData("client-certificate"),
                ProblemKind::FileAndData("client-key"),
            ],
        ),
        ("client-key: k, client-key-data: aw==", vec![]),
    ] {
        assert_eq!(kinds(&user(&format!("{{{body}}}"))), expected, "{body}");
    }
    let profile = user("{client-key: k}").unwrap();
    assert_eq!(
        (profile.authentication.certificate.clone(), rules(&profile)),
        (None, vec!["KC-56"])
    );
}

#[test]
fn kc_57_only_a_literal_token_and_basic_conflict() {
    for body in ["token: t, username: u", "token: t, password: p"] {
        let result = user(&format!("{{{body}}}"));
        assert_eq!(kinds(&result), [ProblemKind::SeveralMethods("token")], "{body}");
    }
    let fine = format!("{{token: t, tokenFile: f, client-certificate: c, client-key: k, {EXEC}}}");
    assert!(user(&fine).is_ok());
}

#[test]
fn kc_59_ua_20_impersonation_needs_a_user() {
    for body in ["as-uid: i", "as-groups: [g]", "as-user-extra: {k: [v]}", "as-user-extra: {k: []}"]
    {
        let result = user(&format!("{{{body}}}"));
        assert_eq!(kinds(&result), [ProblemKind::ImpersonationWithoutUser], "{body}");
    }
    let profile =
        user("{as: a, as-uid: i, as-groups: [g, g, ''], as-user-extra: {K%: [v, w], e: []}}")
            .unwrap();
    let impersonation = profile.authentication.impersonation;
    assert_eq!(impersonation.groups, ["g", "g", ""]);
    assert_eq!(impersonation.extra[0], ("K%".to_owned(), vec!["v".to_owned(), "w".to_owned()]));
    assert_eq!(impersonation.extra[1], ("e".to_owned(), vec![]));
}

#[test]
fn ua_11_ua_31_roots() {
    let roots = |body: &str| select(&format!("{{server: 'https://h', {body}}}"), "{}");
    let of = |body: &str| roots(body).unwrap().cluster.roots;
    assert_eq!(of(""), Roots::System);
    assert_eq!(of("certificate-authority: ca"), Roots::File("/k/ca".into()));
    assert_eq!(of("certificate-authority-data: Y2E="), Roots::Pem("ca".into()));
    assert!(roots("insecure-skip-tls-verify: true").unwrap().cluster.insecure_skip_tls_verify);
    for (body, field) in [
        ("certificate-authority: ca, insecure-skip-tls-verify: true", "certificate-authority"),
        (
            "certificate-authority-data: Y2E=, insecure-skip-tls-verify: true",
            "certificate-authority-data",
        ),
    ] {
        assert_eq!(kinds(&roots(body)), [ProblemKind::RootsAndInsecure(field)]);
    }
}
