//! Verification: signatures of other implementations, and tokens with one thing wrong each.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use kubecred_core::login::TokenProblem;
use kubecred_core::login::verify::{Expected, KeySet, Nonce, access_token, id_token, is_jwt};
use kubecred_core::{Secret, UnixTime};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_100;

fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
}

fn algorithms() -> Vec<String> {
    let all = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519";
    all.split(' ').map(String::from).collect()
}

/// Verifies with the usual expectations, changed by `change`.
fn check(
    token: &str,
    keys: &KeySet,
    change: impl for<'e> FnOnce(&mut Expected<'e>),
) -> Result<(), TokenProblem> {
    let (nonce, listed) = (Secret::from("n-0S6_WzA2Mj"), algorithms());
    let mut expected = Expected {
        issuer: "https://login.example",
        client_id: "kubernetes",
        algorithms: &listed,
        nonce: Nonce::Sent(&nonce),
        access_token: None,
        before: None,
        max_age: None,
        acr_values: None,
        now: UnixTime::from_secs(NOW),
    };
    change(&mut expected);
    id_token(&token.into(), keys, &expected).map(drop)
}

/// Tokens that Node's OpenSSL has signed, with their keys.
fn by_node() -> Vec<(String, Value, String)> {
    let made: Vec<Value> = serde_json::from_str(include_str!("vectors/node.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    made.iter().map(|one| (text(&one["alg"]), one["key"].clone(), text(&one["token"]))).collect()
}

#[test]
fn lg_66_tokens_of_every_algorithm_by_openssl_verify_and_tampered_ones_do_not() {
    let made = by_node();
    assert_eq!(made.len(), 12);
    for (alg, key, token) in made.into_iter().filter(|(alg, ..)| alg != "short") {
        let keys = set(&[key]);
        assert_eq!(check(&token, &keys, |_| {}), Ok(()), "{alg}");
        let (message, signature) = token.rsplit_once('.').unwrap();
        let mut bytes = BASE64.decode(signature).unwrap();
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            bytes[at] ^= 1;
            let bad = format!("{message}.{}", BASE64.encode(&bytes));
            assert_eq!(check(&bad, &keys, |_| {}), Err(TokenProblem::Signature), "{alg} {at}");
            bytes[at] ^= 1;
        }
        // LG-68: exactly as long as it must be.
        for bad in [&bytes[1..], &[&[0], &bytes[..]].concat(), &[&bytes[..], &[0]].concat(), &[]] {
            let bad = format!("{message}.{}", BASE64.encode(bad));
            assert_eq!(check(&bad, &keys, |_| {}), Err(TokenProblem::Signature), "{alg}");
        }
        let one = [String::from("HS256")];
        let unlisted = check(&token, &keys, |expected| expected.algorithms = kept(&one));
        assert_eq!(unlisted, Err(TokenProblem::Algorithm(alg.clone())));
        // LG-66: a provider that lists none means RS256.
        let unlisted = check(&token, &keys, |expected| expected.algorithms = &[]);
        assert_eq!(unlisted.is_ok(), alg == "RS256");
    }
}

/// A list that lives for as long as the test.
fn kept(list: &[String]) -> &'static [String] {
    Box::leak(list.to_vec().into_boxed_slice())
}

#[test]
fn lg_68_an_rsa_key_of_1024_bits_is_refused() {
    let (_, key, token) = by_node().into_iter().find(|(alg, ..)| alg == "short").unwrap();
    assert_eq!(check(&token, &set(&[key]), |_| {}), Err(TokenProblem::KeySize));
    let huge =
        json!({"kty": "RSA", "kid": "short", "e": "AQAB", "n": BASE64.encode(vec![0xff; 1025])});
    assert_eq!(check(&token, &set(&[huge]), |_| {}), Err(TokenProblem::KeySize));
}

fn claims() -> Value {
    json!({
        "iss": "https://login.example", "aud": "kubernetes", "sub": "anne",
        "nonce": "n-0S6_WzA2Mj", "iat": 1_800_000_000, "exp": 1_800_003_600,
    })
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap()
}

fn own_key() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": BASE64.encode(pair().public_key())})
}

/// Signed by ring, whatever is in it.
fn signed(header: &str, claims: &str) -> String {
    let message = [BASE64.encode(header), BASE64.encode(claims)].join(".");
    format!("{message}.{}", BASE64.encode(pair().sign(message.as_bytes())))
}

fn token(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims();
    change(&mut claims);
    signed(r#"{"alg":"EdDSA","kid":"k"}"#, &claims.to_string())
}

fn of(token: &str) -> Result<(), TokenProblem> {
    check(token, &set(&[own_key()]), |_| {})
}

#[test]
fn lg_66_signatures_by_ring_verify() {
    let random = SystemRandom::new();
    let pem = include_str!("vectors/rsa.pem");
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let rsa = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(der).unwrap()).unwrap();
    let public = rsa.public();
    let parts: ring::rsa::PublicKeyComponents<Vec<u8>> = public.into();
    let key = json!({
        "kty": "RSA",
        "n": BASE64.encode(&parts.n),
        "e": BASE64.encode(&parts.e),
    });
    let payload = BASE64.encode(claims().to_string());
    let encodings: [(&str, &dyn RsaEncoding); 6] = [
        ("RS256", &RSA_PKCS1_SHA256),
        ("RS384", &RSA_PKCS1_SHA384),
        ("RS512", &RSA_PKCS1_SHA512),
        ("PS256", &RSA_PSS_SHA256),
        ("PS384", &RSA_PSS_SHA384),
        ("PS512", &RSA_PSS_SHA512),
    ];
    for (alg, encoding) in encodings {
        let message = format!("{}.{payload}", BASE64.encode(format!("{{\"alg\":\"{alg}\"}}")));
        let mut signature = vec![0; public.modulus_len()];
        rsa.sign(encoding, &random, message.as_bytes(), &mut signature).unwrap();
        let token = format!("{message}.{}", BASE64.encode(signature));
        assert_eq!(check(&token, &set(std::slice::from_ref(&key)), |_| {}), Ok(()), "{alg}");
    }
    for (alg, curve, algorithm, size) in [
        ("ES256", "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING, 32),
        ("ES384", "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING, 48),
    ] {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(size);
        let key = json!({"kty": "EC", "crv": curve, "x": BASE64.encode(x), "y": BASE64.encode(y)});
        let message = format!("{}.{payload}", BASE64.encode(format!("{{\"alg\":\"{alg}\"}}")));
        let signature = pair.sign(&random, message.as_bytes()).unwrap();
        let token = format!("{message}.{}", BASE64.encode(signature));
        assert_eq!(check(&token, &set(&[key]), |_| {}), Ok(()), "{alg}");
    }
    assert_eq!(of(&token(|_| {})), Ok(()));
}

#[test]
fn lg_65_the_form_of_a_token_is_strict() {
    let good = token(|_| {});
    for (bad, problem) in [
        (good.replacen('.', "", 1), TokenProblem::NotJwt),
        (String::new(), TokenProblem::NotJwt),
        (format!("{good}.x"), TokenProblem::NotJwt),
        (format!("{good}.x.y"), TokenProblem::Encrypted),
        (format!("{good}="), TokenProblem::Encoding("signature")),
        (format!("={good}"), TokenProblem::Encoding("header")),
        (good.replacen('.', "=.", 1), TokenProblem::Encoding("header")),
        (signed("[]", "{}"), TokenProblem::NotJson("header")),
        (signed("null", "{}"), TokenProblem::NotJson("header")),
        (
            signed(r#"{"alg":"none","alg":"EdDSA","kid":"k"}"#, "{}"),
            TokenProblem::NotJson("header"),
        ),
    ] {
        assert_eq!(of(&bad), Err(problem), "{bad}");
    }
    let header = r#"{"alg":"EdDSA","kid":"k"}"#;
    let twice = claims().to_string().replacen('{', r#"{"sub":"mallory","#, 1);
    for payload in ["[]", "x", "", &twice] {
        assert_eq!(
            of(&signed(header, payload)),
            Err(TokenProblem::NotJson("payload")),
            "{payload}"
        );
    }
}

#[test]
fn lg_66_none_and_symmetric_algorithms_are_refused_whatever_discovery_lists() {
    let listed = ["none", "HS256", "EdDSA", "eyJ.hush"].map(String::from);
    let x = BASE64.encode(pair().public_key());
    let keys = set(&[own_key(), json!({"kty": "oct", "kid": "k", "k": x})]);
    for alg in ["none", "None", "HS256", "HS512", "", "eddsa", "ES256K"] {
        let token = signed(&format!(r#"{{"alg":"{alg}","kid":"k"}}"#), &claims().to_string());
        let listed = kept(&listed);
        let result = check(&token, &keys, |expected| expected.algorithms = listed);
        let shown = if alg.is_empty() { "(not shown)" } else { alg };
        assert_eq!(result, Err(TokenProblem::Algorithm(shown.into())));
        // Without a signature at all.
        let unsigned = [token.rsplit_once('.').unwrap().0, ""].join(".");
        assert!(check(&unsigned, &keys, |_| {}).is_err());
    }
}

#[test]
fn lg_67_the_key_is_the_one_with_the_id_and_must_fit() {
    let with = |member: &str, value: Value| {
        let mut key = own_key();
        key[member] = value;
        key
    };
    let good = token(|_| {});
    for (key, verifies) in [
        (own_key(), true),
        (with("use", json!("sig")), true),
        (with("key_ops", json!(["verify"])), true),
        (with("alg", json!("Ed25519")), true),
        (with("kid", json!("other")), false),
        (with("kid", json!(null)), false),
        (with("use", json!("enc")), false),
        (with("key_ops", json!(["sign"])), false),
        (with("alg", json!("ES256")), false),
        (with("alg", json!("none")), false),
        (with("crv", json!("X25519")), false),
        (with("kty", json!("EC")), false),
    ] {
        let expected = if verifies { Ok(()) } else { Err(TokenProblem::UnknownKey) };
        assert_eq!(check(&good, &set(std::slice::from_ref(&key)), |_| {}), expected, "{key}");
    }
    // Without an id any that fits.
    let anonymous = signed(r#"{"alg":"EdDSA"}"#, &claims().to_string());
    let other = json!({"kty": "OKP", "crv": "Ed25519", "x": BASE64.encode([7; 32])});
    assert_eq!(check(&anonymous, &set(&[other, own_key()]), |_| {}), Ok(()));
    // Keys in the header are never used.
    let mut header = json!({"alg": "EdDSA", "jwk": own_key(), "jku": "https://evil.example"});
    header["kid"] = json!("unknown");
    let token = signed(&header.to_string(), &claims().to_string());
    assert_eq!(check(&token, &set(&[own_key()]), |_| {}), Err(TokenProblem::UnknownKey));
    assert_eq!(check(&token, &KeySet::default(), |_| {}), Err(TokenProblem::UnknownKey));
}

#[test]
fn lg_70_critical_header_parameters_are_refused() {
    for crit in [r#"["exp"]"#, r#"["b64"]"#, "[]", "1"] {
        let header = format!(r#"{{"alg":"EdDSA","kid":"k","crit":{crit},"b64":true}}"#);
        assert_eq!(of(&signed(&header, &claims().to_string())), Err(TokenProblem::Critical));
    }
}

#[test]
fn lg_71_lg_72_lg_74_lg_76_a_token_with_one_claim_wrong_is_refused() {
    let long = "x".repeat(256);
    for (name, value, problem) in [
        ("iss", json!("https://login.example/"), TokenProblem::Issuer),
        ("iss", json!(null), TokenProblem::Issuer),
        ("iss", json!(["https://login.example"]), TokenProblem::Issuer),
        ("aud", json!("other"), TokenProblem::Audience),
        ("aud", json!(null), TokenProblem::Audience),
        ("aud", json!([]), TokenProblem::Audience),
        ("aud", json!({"kubernetes": 1}), TokenProblem::Audience),
        ("aud", json!(["kubernetes", "other"]), TokenProblem::AuthorizedParty),
        ("azp", json!("other"), TokenProblem::AuthorizedParty),
        ("azp", json!(7), TokenProblem::AuthorizedParty),
        ("nonce", json!("another"), TokenProblem::Nonce),
        ("nonce", json!(null), TokenProblem::Nonce),
        ("sub", json!(null), TokenProblem::Subject),
        ("sub", json!(""), TokenProblem::Subject),
        ("sub", json!(7), TokenProblem::Subject),
        ("sub", json!(long), TokenProblem::Subject),
        ("exp", json!(null), TokenProblem::Time("exp")),
        ("exp", json!("soon"), TokenProblem::Time("exp")),
        ("iat", json!([]), TokenProblem::Time("iat")),
    ] {
        assert_eq!(
            of(&token(|claims| claims[name] = value.clone())),
            Err(problem),
            "{name} {value}"
        );
    }
    for (name, value) in [
        ("aud", json!(["kubernetes"])),
        ("azp", json!("kubernetes")),
        ("exp", json!("1800003600")),
        ("sub", json!("x".repeat(255))),
        ("iat", json!(null)),
    ] {
        assert_eq!(of(&token(|claims| claims[name] = value.clone())), Ok(()), "{name} {value}");
    }
    let both = token(|claims| {
        claims["aud"] = json!(["other", "kubernetes"]);
        claims["azp"] = json!("kubernetes");
    });
    assert_eq!(of(&both), Ok(()));
    // LG-74: where none was sent it is not looked at.
    let other = token(|claims| claims["nonce"] = json!("another"));
    assert_eq!(check(&other, &set(&[own_key()]), |expected| expected.nonce = Nonce::Any), Ok(()));
}

#[test]
fn lg_73_a_small_difference_of_clocks_is_forgiven_and_a_larger_one_explained() {
    for (name, offset, good) in [
        ("exp", -29, true),
        ("exp", -30, false),
        ("nbf", 300, true),
        ("nbf", 301, false),
        ("iat", 300, true),
        ("iat", 301, false),
    ] {
        let result = of(&token(|claims| claims[name] = json!(NOW + offset)));
        assert_eq!(result.is_ok(), good, "{name} {offset}: {result:?}");
        if let Err(problem) = result {
            let text = problem.to_string();
            assert!(text.contains("clock") && text.matches("2027-01-15T").count() >= 2, "{text}");
        }
    }
    let old = of(&token(|claims| claims["exp"] = json!(NOW - 100_000))).unwrap_err().to_string();
    assert!(!old.contains("clock"), "{old}");
}

#[test]
fn lg_75_the_access_token_beside_it_must_be_its_own() {
    let access = Secret::from("access");
    let hash = ring::digest::digest(&ring::digest::SHA512, access.expose());
    let hash = BASE64.encode(&hash.as_ref()[..32]);
    let leaked: &'static Secret = Box::leak(Box::new(access));
    for (value, problem) in [
        (json!(hash), None),
        (json!(null), None),
        (json!(hash[1..]), Some(TokenProblem::AccessTokenHash)),
        (json!("x"), Some(TokenProblem::AccessTokenHash)),
    ] {
        let token = token(|claims| claims["at_hash"] = value.clone());
        let keys = set(&[own_key()]);
        let result = check(&token, &keys, |expected| expected.access_token = Some(leaked));
        assert_eq!(result.err(), problem, "{value}");
        assert_eq!(check(&token, &keys, |_| {}), Ok(()));
    }
}

#[test]
fn lg_78_auth_time_and_acr_are_checked_when_they_were_asked_for() {
    let keys = set(&[own_key()]);
    for (value, good) in [(json!(NOW - 60), true), (json!(NOW - 200), false), (json!(null), false)]
    {
        let token = token(|claims| claims["auth_time"] = value.clone());
        let result = check(&token, &keys, |expected| expected.max_age = Some(100));
        assert_eq!(result.is_ok(), good, "{value}");
        assert_eq!(check(&token, &keys, |_| {}), Ok(()));
    }
    for (value, good) in [(json!("gold"), true), (json!("tin"), false), (json!(null), false)] {
        let token = token(|claims| claims["acr"] = value.clone());
        let result = check(&token, &keys, |expected| expected.acr_values = Some("silver gold"));
        assert_eq!(result.is_ok(), good, "{value}");
    }
}

#[test]
fn lg_80_a_jwt_access_token_is_verified_but_for_its_audience() {
    let keys = set(&[own_key()]);
    let verified = |token: &str| {
        let now = UnixTime::from_secs(NOW);
        access_token(&token.into(), &keys, "https://login.example", now).map(drop)
    };
    assert_eq!(verified(&token(|claims| claims["aud"] = json!("api"))), Ok(()));
    assert_eq!(verified(&token(|claims| claims["iss"] = json!("x"))), Err(TokenProblem::Issuer));
    assert!(verified(&token(|claims| claims["exp"] = json!(NOW - 60))).is_err());
    let bad = token(|_| {}).replace('.', ".A");
    assert!(verified(&bad).is_err());
    for (text, jwt) in [("opaque", false), ("a.b.c", false), ("e30.e30.x", true), ("a.b", false)] {
        assert_eq!(is_jwt(&text.into()), jwt, "{text}");
    }
}
