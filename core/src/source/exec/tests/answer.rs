//! What a plugin's answer means.

use super::*;

const CERTIFICATE: &str = vector!("p256.crt");
const KEY: &str = vector!("p256.pkcs8.key");

fn exit(output: impl Into<Secret>) -> Exit {
    Exit { code: 0, stdout: output.into() }
}

fn answer(output: &str) -> Result<Fetched, OutputProblem> {
    accept(&Exec::new("x"), &exit(output)).map_err(|problem| match problem {
        PluginProblem::Output(problem) => problem,
        other => panic!("{other:?}"),
    })
}

/// An answer of version v1 with this status.
fn status(status: serde_json::Value) -> Result<Fetched, OutputProblem> {
    answer(&serde_json::json!({"apiVersion": V1, "status": status}).to_string())
}

/// The token of an answer that has nothing else.
fn token(output: &str) -> String {
    let fetched = answer(output).unwrap_or_else(|problem| panic!("{problem}: {output}"));
    assert_eq!((fetched.identity, fetched.expires), (None, None));
    fetched.token.unwrap().expose_str().unwrap().to_string()
}

fn malformed(output: &str) -> String {
    match answer(output) {
        Err(OutputProblem::Malformed(text)) => text,
        other => panic!("{other:?}: {output}"),
    }
}

fn v1(rest: &str) -> String {
    format!(r#"{{"apiVersion":"{V1}",{rest}}}"#)
}

#[test]
fn ex_40_exit_zero_with_a_token_is_enough_in_both_versions() {
    for (api_version, text) in [(ExecApiVersion::V1, V1), (ExecApiVersion::V1Beta1, BETA)] {
        let exec = Exec { api_version, ..Exec::new("x") };
        let output = format!(
            r#"{{"kind":"ExecCredential","apiVersion":"{text}","status":{{"token":"foo-bar"}}}}"#
        );
        let fetched = accept(&exec, &exit(&*output)).unwrap();
        let token = Some(Secret::from("foo-bar"));
        assert_eq!(fetched, Fetched { token, identity: None, expires: None });
    }
}

#[test]
fn ex_41_a_bad_exit_code_counts_whatever_was_printed() {
    for code in [1, 73, -1, i32::MIN] {
        let good = v1(r#""status":{"token":"hush"}"#);
        let problem = accept(&Exec::new("x"), &Exit { code, stdout: good.into() }).unwrap_err();
        assert_eq!(problem, PluginProblem::Exit(code));
        assert!(problem.to_string().ends_with(&code.to_string()));
    }
}

#[test]
fn ex_50_json_if_it_starts_with_a_brace_else_yaml() {
    for start in ["", " ", "\n\t\r\n "] {
        assert_eq!(token(&format!("{start}{}", v1(r#""status":{"token":"t"}"#))), "t");
    }
    let yaml = [
        format!("apiVersion: {V1}\nstatus:\n  token: t\n"),
        format!(
            "---\n# comment\nkind: ExecCredential\napiVersion: \"{V1}\"\nstatus: {{token: t}}\n"
        ),
        format!("apiVersion: {V1}\nstatus: {{token: t}}\n---\nanother: [document"),
        format!("\u{feff}{}", v1(r#""status":{"token":"t"}"#)),
    ];
    for output in yaml {
        assert_eq!(token(&output), "t");
    }
    let text = malformed(&format!("apiVersion: {V1}\nstatus:\n  token: 0123\n"));
    assert_eq!(text, "status.token is a number, not a string");
}

#[test]
fn ex_51_text_around_json_is_an_error() {
    let good = v1(r#""status":{"token":"hush"}"#);
    for output in [
        format!("{good} x"),
        format!("{good}{good}"),
        format!("{good}}}"),
        format!("Updated 1 component: hush\n{good}"),
        format!("hush\n{good}"),
        good[..good.len() - 1].to_string(),
        good[..good.len() - 4].to_string(),
        "hush".to_string(),
        "[1, \"hush\"]".to_string(),
        "12345".to_string(),
        "{hush".to_string(),
        "{\"hush".to_string(),
        "{'hush': 1}".to_string(),
    ] {
        assert!(!malformed(&output).contains("hush"), "{output}");
    }
    assert_eq!(token(&format!("{good} \n\t")), "hush");
    assert!(accept(&Exec::new("x"), &exit(vec![b'{', b'"', 0xff, b'"', b'}'])).is_err());
    assert!(accept(&Exec::new("x"), &exit(vec![0xff, 0xfe, 0x00])).is_err());
}

#[test]
fn ex_52_version_must_be_the_configured_one() {
    let configured = || V1.to_string();
    let missing = OutputProblem::NoApiVersion { configured: configured() };
    let version = |value: &str| {
        answer(&format!(r#"{{"apiVersion":{value},"status":{{"token":"t"}}}}"#)).unwrap_err()
    };
    for output in ["", " \n", "null", "{}", r#"{"status":{"token":"t"}}"#, "status: {token: t}"] {
        assert_eq!(answer(output), Err(missing.clone()), "{output:?}");
    }
    assert_eq!(version("null"), missing);
    assert_eq!(version("\"\""), missing);
    for (returned, shown) in [
        (BETA, BETA),
        ("client.authentication.k8s.io/v1alpha1", "client.authentication.k8s.io/v1alpha1"),
        ("v1", "v1"),
        ("apps/v1", "apps/v1"),
        ("eyJhbGciOi.hush", "(not shown)"),
        ("hush/v1", "(not shown)"),
        ("v1hush", "(not shown)"),
    ] {
        let (configured, returned_text) = (configured(), shown.to_string());
        let expected = OutputProblem::ApiVersion { configured, returned: returned_text };
        assert_eq!(version(&format!("{returned:?}")), expected);
    }
    assert_eq!(
        malformed(r#"{"apiVersion":1,"status":{"token":"t"}}"#),
        "apiVersion is a number, not a string"
    );
}

#[test]
fn ex_53_kind_may_be_missing_and_not_another() {
    for kind in ["null", "\"\"", "\"ExecCredential\""] {
        assert_eq!(token(&v1(&format!(r#""kind":{kind},"status":{{"token":"t"}}"#))), "t");
    }
    for (kind, shown) in
        [("Config", "Config"), ("execcredential", "execcredential"), ("eyJ.hush", "(not shown)")]
    {
        let problem = answer(&v1(&format!(r#""kind":"{kind}","status":{{"token":1}}"#)));
        assert_eq!(problem, Err(OutputProblem::Kind(shown.into())), "before the rest is read");
    }
}

#[test]
fn ex_54_unknown_fields_are_passed_over_whatever_they_hold() {
    let deep = format!("{}{}", "[".repeat(3000), "]".repeat(3000));
    for unknown in ["1", "1e999", "{\"token\":1}", "[]", "\"\\ud800\"", &deep] {
        assert_eq!(
            token(&v1(&format!(r#""x":{unknown},"status":{{"y":{unknown},"token":"t"}}"#))),
            "t"
        );
    }
    assert_eq!(token(&v1(r#""metadata":3,"token":4,"status":{"token":"t","kind":5}"#)), "t");
}

#[test]
fn ex_54_names_are_case_sensitive() {
    assert_eq!(answer(&v1(r#""Status":{"token":"t"}"#)), Err(OutputProblem::NoStatus));
    assert_eq!(answer(&v1(r#""status":{"Token":"t"}"#)), Err(OutputProblem::NoCredential));
}

/// What Go's decoder makes of a field that is there twice.
#[test]
fn ex_54_the_last_of_equal_keys_wins() {
    assert_eq!(token(&v1(r#""status":{"token":"a","token":"b"}"#)), "b");
    assert_eq!(
        token(&format!(r#"{{"apiVersion":"v1","apiVersion":"{V1}","status":{{"token":"t"}}}}"#)),
        "t"
    );
    assert_eq!(token(&v1(r#""status":{"token":"a"},"status":{}"#)), "a", "it goes on filling");
    assert_eq!(token(&v1(r#""status":{"token":"a","token":null}"#)), "a");
    assert_eq!(
        token(&v1(
            r#""status":{"token":"a","expirationTimestamp":"2000-01-01T00:00:00Z","expirationTimestamp":null}"#
        )),
        "a"
    );
    assert_eq!(
        answer(&v1(r#""status":{"token":"a"},"status":null"#)),
        Err(OutputProblem::NoStatus)
    );
    assert_eq!(
        answer(&v1(r#""status":{"token":"a"},"status":null,"status":{}"#)),
        Err(OutputProblem::NoCredential)
    );
    malformed(&v1(r#""status":{"token":1,"token":"a"}"#));
    malformed(&v1(r#""spec":{"interactive":"x"},"spec":null,"status":{"token":"a"}"#));
    let yaml = format!("apiVersion: {V1}\nstatus: {{token: a}}\nstatus: {{}}\n");
    assert_eq!(answer(&yaml), Err(OutputProblem::NoCredential), "YAML keeps the last alone");
}

/// A canary of every wrong type in every field, in JSON and in YAML: refused, named, never shown.
#[test]
fn ex_54_wrong_types_are_named_and_not_shown() {
    let texts = [
        "kind",
        "apiVersion",
        "status.token",
        "status.clientKeyData",
        "status.clientCertificateData",
        "status.expirationTimestamp",
        "spec.cluster.server",
        "spec.cluster.tls-server-name",
        "spec.cluster.proxy-url",
        "spec.cluster.certificate-authority-data",
    ];
    let booleans = [
        "spec.interactive",
        "spec.cluster.insecure-skip-tls-verify",
        "spec.cluster.disable-compression",
    ];
    let maps = ["spec", "spec.cluster", "status"];
    let canaries = [
        ("a string", r#""hunter2""#),
        ("a number", "7355608"),
        ("a number", "-73556.08"),
        ("a boolean", "true"),
        ("a list", r#"["hunter2"]"#),
        ("a map", r#"{"hunter2":"hunter2"}"#),
    ];
    let fields = texts
        .map(|path| (path, "a string"))
        .into_iter()
        .chain(booleans.map(|path| (path, "a boolean")))
        .chain(maps.map(|path| (path, "a map")));
    let mut seen = 0;
    for (path, wanted) in fields {
        for (found, canary) in canaries.iter().filter(|(found, _)| *found != wanted) {
            let json = nested(path, canary);
            for output in [json.clone(), format!("--- {json}")] {
                let text = malformed(&output);
                assert_eq!(text, format!("{path} is {found}, not {wanted}"));
                seen += 1;
            }
        }
    }
    assert_eq!(seen, (texts.len() + booleans.len() + maps.len()) * 5 * 2);
}

/// A v1 answer with this value at this path, and a good token unless that is the path.
fn nested(path: &str, value: &str) -> String {
    let fields: Vec<&str> = path.split('.').collect();
    let inner = fields[1..]
        .iter()
        .rev()
        .fold(value.to_string(), |value, name| format!("{{{name:?}:{value}}}"));
    let head =
        if path == "apiVersion" { String::new() } else { format!("\"apiVersion\":\"{V1}\",") };
    format!("{{{head}\"status\":{{\"token\":\"hunter2\"}},{:?}:{inner}}}", fields[0])
}

#[test]
fn ex_54_wrong_base64_in_spec_is_an_error() {
    let spec = |data: &str| {
        v1(&format!(
            r#""spec":{{"cluster":{{"certificate-authority-data":{data}}}}},"status":{{"token":"t"}}"#
        ))
    };
    for good in ["null", r#""""#, r#""YQ==""#, r#""Y\nQ=\r\n=""#] {
        assert_eq!(token(&spec(good)), "t");
    }
    for bad in [r#""*""#, r#""YQ""#, r#""Y Q==""#] {
        assert_eq!(malformed(&spec(bad)), "spec.cluster.certificate-authority-data is not base64");
    }
}

#[test]
fn ex_55_checks_come_in_order() {
    let pair = |certificate: &str, key: &str| serde_json::json!({"token": "t", "clientCertificateData": certificate, "clientKeyData": key});
    assert_eq!(answer(&v1(r#""spec":{}"#)), Err(OutputProblem::NoStatus));
    assert_eq!(answer(&v1(r#""status":null"#)), Err(OutputProblem::NoStatus));
    assert_eq!(answer(&v1(r#""status":{}"#)), Err(OutputProblem::NoCredential));
    assert_eq!(
        answer(&v1(r#""status":{"token":"","clientKeyData":null}"#)),
        Err(OutputProblem::NoCredential)
    );
    for half in [pair(CERTIFICATE, ""), pair("", KEY)] {
        assert_eq!(status(half), Err(OutputProblem::HalfPair), "even with a token");
    }
    let bad = |role, problem| Err(OutputProblem::Pair(role, problem));
    assert_eq!(status(pair("x", KEY)), bad(FileRole::ClientCertificate, ContentProblem::NoPem));
    assert_eq!(status(pair(CERTIFICATE, "x")), bad(FileRole::ClientKey, ContentProblem::BadKey));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(
        status(pair(broken, KEY)),
        bad(FileRole::ClientCertificate, ContentProblem::BadCertificate)
    );
    let other = vector!("p256-other.pkcs8.key");
    assert_eq!(
        status(pair(CERTIFICATE, other)),
        bad(FileRole::ClientCertificate, ContentProblem::PairMismatch)
    );
}

#[test]
fn ex_56_token_and_pair_are_both_used_as_they_are() {
    let chain = vector!("chain.crt");
    let fetched = status(serde_json::json!({
        "token": " a\tb ",
        "clientCertificateData": chain,
        "clientKeyData": vector!("chain.key"),
    }));
    let fetched = fetched.unwrap();
    assert_eq!(fetched.token, Some(Secret::from(" a\tb ")), "not trimmed");
    let identity = fetched.identity.unwrap();
    assert_eq!(identity.certificate, Secret::from(chain));
    assert_eq!(identity.key, Secret::from(vector!("chain.key")));
    let alone =
        status(serde_json::json!({"clientCertificateData": CERTIFICATE, "clientKeyData": KEY}));
    assert_eq!(alone.unwrap().token, None);
}

#[test]
fn ex_56_a_token_that_no_header_can_carry_is_refused_here() {
    for bad in ["a\n", "a\nb", "\r", "a\0", "a\u{7f}"] {
        let problem = OutputProblem::Token(ContentProblem::NotHeaderText);
        assert_eq!(status(serde_json::json!({"token": bad})), Err(problem));
    }
    assert!(status(serde_json::json!({"token": "é"})).is_ok());
}

#[test]
fn ex_57_expiration_is_rfc_3339_or_none() {
    let expires = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        status(serde_json::json!({"token": "t", "expirationTimestamp": value})).map(|f| f.expires)
    };
    let utc = UnixTime::from_secs(1_136_214_245);
    for good in [
        "2006-01-02T15:04:05Z",
        "2006-01-02T17:04:05+02:00",
        "2006-01-01T23:34:05.0-15:30",
        "2006-01-02T15:04:05.0000000009Z",
    ] {
        assert_eq!(expires(&format!("{good:?}")), Ok(Some(utc)), "{good}");
    }
    for none in ["null", r#""0001-01-01T00:00:00Z""#, r#""0001-01-01T01:00:00+01:00""#] {
        assert_eq!(expires(none), Ok(None), "{none}");
    }
    for bad in [
        "",
        "soon",
        "1136214245",
        "2006-01-02",
        "2006-01-02 15:04:05Z",
        "2006-01-02T15:04:05",
        "2006-01-02T15:04:05+0100",
        "2006-13-02T15:04:05Z",
        "2006-01-02T24:04:05Z",
    ] {
        assert_eq!(expires(&format!("{bad:?}")), Err(OutputProblem::Expiration), "{bad}");
    }
    assert!(matches!(expires("1136214245"), Err(OutputProblem::Malformed(_))));
    let yaml = format!(
        "apiVersion: {V1}\nstatus: {{token: t, expirationTimestamp: 2006-01-02T15:04:05Z}}"
    );
    assert_eq!(answer(&yaml).unwrap().expires, Some(utc));
}

#[test]
fn ex_61_the_certificate_s_own_end_counts_too() {
    let expires = |certificate: &str, timestamp: Option<&str>| {
        let answer = serde_json::json!({"clientCertificateData": certificate, "clientKeyData": KEY, "expirationTimestamp": timestamp});
        status(answer).unwrap().expires.map(|expires| expires.to_string())
    };
    let expired = vector!("expired.crt");
    let never = vector!("never.crt");
    let (end, early, late) =
        ("2021-01-01T00:00:00Z", "2020-06-01T00:00:00Z", "2022-01-01T00:00:00Z");
    assert_eq!(expires(expired, None).as_deref(), Some(end));
    assert_eq!(expires(expired, Some(early)).as_deref(), Some(early));
    assert_eq!(expires(expired, Some(late)).as_deref(), Some(end));
    assert_eq!(expires(never, None), None);
    assert_eq!(expires(never, Some(late)).as_deref(), Some(late));
}

/// Every prefix of a good answer, and every byte of it changed: an answer, and never the token.
#[test]
fn hostile_output_never_shows() {
    let json = v1(r#""status":{"token":"hunter2\u0041","expirationTimestamp":"hunter2"}"#);
    let yaml = format!(
        "apiVersion: {V1}\nstatus:\n  token: \"hunter2\\x41\"\n  expirationTimestamp: hunter2\n"
    );
    let mut refused = 0;
    for good in [json, yaml] {
        for at in 0..good.len() {
            for byte in
                [b'"', b'{', b'}', b'[', b':', b'\n', b'\\', b'&', b'*', b'!', 0, 0x1f, 0xff]
            {
                let mut bytes = good.clone().into_bytes();
                bytes[at] = byte;
                for output in [bytes.clone(), bytes[..at].to_vec()] {
                    if let Err(problem) = accept(&Exec::new("x"), &exit(output)) {
                        refused += 1;
                        let shown = format!("{problem} {problem:?}");
                        assert!(!shown.contains("hunter") && !shown.contains("unter2"), "{shown}");
                    }
                }
            }
        }
    }
    assert!(refused > 2000, "{refused}");
}

#[test]
fn what_a_plugin_writes_with_this_crate_is_read_by_it() {
    let identity = Identity { certificate: CERTIFICATE.into(), key: KEY.into() };
    let expires = UnixTime::from_secs(1_136_214_245);
    let odd = Secret::from("a\"\\<&>\té");
    for api_version in [ExecApiVersion::V1, ExecApiVersion::V1Beta1] {
        let exec = Exec { api_version, ..Exec::new("x") };
        for (token, identity, expires) in [
            (Some(&odd), None, None),
            (Some(&odd), Some(&identity), Some(expires)),
            (None, Some(&identity), Some(expires)),
        ] {
            let text = credential_json(api_version, token, identity, expires).unwrap();
            assert!(text.expose().ends_with(b"}}\n"));
            let fetched = accept(&exec, &exit(text)).unwrap();
            assert_eq!((fetched.token.as_ref(), fetched.identity.as_ref()), (token, identity));
            if expires.is_some() {
                assert_eq!(fetched.expires, expires);
            }
        }
    }
    let token = Secret::from("t");
    let text = credential_json(ExecApiVersion::V1, Some(&token), None, Some(expires)).unwrap();
    let expected = concat!(
        r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","#,
        r#""spec":{"interactive":false},"#,
        r#""status":{"expirationTimestamp":"2006-01-02T15:04:05Z","token":"t"}}"#,
        "\n"
    );
    assert_eq!(text.expose_str(), Some(expected));
    let latin1 = Secret::new([0xe9]);
    assert_eq!(credential_json(ExecApiVersion::V1, Some(&latin1), None, None), None);
}

/// Certificates of the fixtures do not end soon: the tests above do not depend on the day.
#[test]
fn fixtures_live_long() {
    let end = certificate::not_after(CERTIFICATE.as_bytes()).unwrap().unwrap();
    assert!(end > UnixTime::parse_rfc3339("2100-01-01T00:00:00Z").unwrap());
}
