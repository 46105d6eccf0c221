//! ID tokens of an OpenID provider, verified as kube-apiserver does it with an AuthenticationConfiguration: by the
//! provider's keys, its issuer and one audience. Signatures are ring's, so that what logs in does not judge itself.

use crate::accounts::User;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is believed of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTokens {
    issuer: String,
    audience: String,
    keys: Value,
}

impl IdTokens {
    /// Tokens of this issuer for this audience, signed by one of these keys: a JWK set.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, keys: Value) -> Self {
        Self { issuer: issuer.into(), audience: audience.into(), keys }
    }

    /// The user whom a token names: `sub`, with the groups of the claim `groups`.
    pub(crate) fn user(&self, token: &str, now: SystemTime) -> Option<User> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
        let key = self.keys["keys"].as_array()?.iter().find(|key| key["kid"] == header["kid"])?;
        if !verifies(key, header["alg"].as_str()?, signed.as_bytes(), &decode(signature)?) {
            return None;
        }
        let claims: Value = serde_json::from_slice(&decode(claims)?).ok()?;
        let audience = match &claims["aud"] {
            Value::Array(list) => list.iter().any(|one| *one == self.audience),
            one => *one == self.audience,
        };
        let now = now.duration_since(UNIX_EPOCH).ok()?.as_secs();
        let alive = claims["exp"].as_u64().is_some_and(|end| now < end);
        if claims["iss"] != self.issuer || !audience || !alive {
            return None;
        }
        let groups = claims["groups"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Some(User::new(claims["sub"].as_str()?).member_of(groups))
    }
}

fn verifies(key: &Value, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
    let part = |name: &str| key[name].as_str().and_then(decode).unwrap_or_default();
    match algorithm {
        "RS256" => RsaPublicKeyComponents { n: part("n"), e: part("e") }
            .verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            .is_ok(),
        "ES256" => {
            let point = [&[4], &*part("x"), &*part("y")].concat();
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
            key.verify(signed, signature).is_ok()
        }
        _ => false,
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    /// The key and signature of RFC 7515, A.3: ES256.
    #[test]
    fn a_signature_is_verified_and_a_changed_text_is_not() {
        let key = json!({
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        });
        let signed = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                      cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = decode(
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        );
        let signature = signature.expect("base64");
        assert!(verifies(&key, "ES256", signed.as_bytes(), &signature));
        assert!(!verifies(&key, "ES256", signed.replace('J', "K").as_bytes(), &signature));
        assert!(!verifies(&key, "none", signed.as_bytes(), &signature));
        // By its key it is good, but it is for nobody here.
        let tokens = IdTokens::new("joe", "kube", json!({ "keys": [key] }));
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature));
        assert_eq!(tokens.user(&token, UNIX_EPOCH + Duration::from_secs(1)), None);
    }
}
