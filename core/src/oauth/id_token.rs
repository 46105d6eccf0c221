//! What an id-token says of itself: when it ends. Nothing is verified, which is the API server's
//! part (OI-11).

use super::json::seconds;
use crate::content::header_text;
use crate::error::IdTokenProblem;
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::borrow::Cow;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use core::fmt;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// base64url as Go has it: without padding, and with no care for bits that mean nothing.
const GO_BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// When the token ends; `None` if it does not say so (OI-11, OI-12).
pub(crate) fn expiry(token: &Secret) -> Result<Option<UnixTime>, IdTokenProblem> {
    header_text(token.expose()).map_err(IdTokenProblem::Content)?;
    let mut parts = token.expose().split(|byte| *byte == b'.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(IdTokenProblem::NotJwt);
    };
    let claims = GO_BASE64URL.decode(payload).map_err(|_| IdTokenProblem::Encoding)?;
    let claims = Zeroizing::new(claims);
    let mut json = serde_json::Deserializer::from_slice(&claims);
    let exp = json.deserialize_map(Exp).and_then(|exp| json.end().map(|()| exp));
    let Some(exp) = exp.map_err(|_| IdTokenProblem::Claims)? else { return Ok(None) };
    let seconds = seconds(exp).ok_or(IdTokenProblem::Expiry)?;
    Ok(Some(UnixTime::from_secs(seconds)))
}

/// The claim `exp`, in any case of letters, as it is written; the last one counts.
struct Exp;

impl<'de> Visitor<'de> for Exp {
    type Value = Option<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut claims: A) -> Result<Self::Value, A::Error> {
        let mut exp = None;
        while let Some(name) = claims.next_key::<Cow<'de, str>>()? {
            if name.eq_ignore_ascii_case("exp") {
                exp = Some(claims.next_value::<&'de RawValue>()?.get());
            } else {
                claims.next_value::<IgnoredAny>()?;
            }
        }
        Ok(exp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ContentProblem;
    use alloc::format;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    fn of(claims: &str) -> Result<Option<UnixTime>, IdTokenProblem> {
        expiry(&format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims)).into())
    }

    #[test]
    fn oi_12_exp_is_an_integer_a_fraction_or_either_in_quotes() {
        let time = UnixTime::from_secs(1_493_851_263);
        for exp in [
            "1493851263",
            "1.493851263e9",
            "1493851263.9",
            "\"1493851263\"",
            "\"1.493851263e9\"",
            " 1493851263 ",
        ] {
            assert_eq!(of(&format!("{{\"a\":1,\"exp\":{exp}}}")), Ok(Some(time)), "{exp}");
            assert_eq!(of(&format!("{{\"EXP\":{exp},\"b\":{{}}}}")), Ok(Some(time)), "{exp}");
        }
        assert_eq!(of("{\"exp\":1,\"exp\":2}"), Ok(Some(UnixTime::from_secs(2))));
        assert_eq!(of("{\"exp\":-1}"), Ok(Some(UnixTime::from_secs(-1))));
        assert_eq!(of("{\"exp\":1e18}"), Ok(Some(UnixTime::from_millis(i64::MAX))));
        assert_eq!(of("{\"iss\":\"x\",\"expires\":5}"), Ok(None));
    }

    #[test]
    fn oi_12_exp_of_another_kind_is_an_error() {
        for exp in ["null", "true", "[1]", "{}", "\"soon\"", "\"\"", "1e400"] {
            assert_eq!(of(&format!("{{\"exp\":{exp}}}")), Err(IdTokenProblem::Expiry), "{exp}");
        }
    }

    #[test]
    fn oi_11_a_jwt_has_three_parts_and_claims_in_the_second() {
        let text = |text: &str| expiry(&text.into());
        for token in ["foobar", "a.b", "a.e30.c.d", ""] {
            assert_eq!(text(token), Err(IdTokenProblem::NotJwt), "{token}");
        }
        for token in ["a.e30=.c", "a.e3.c*.c", "a.!.c", "a.e.c"] {
            assert!(text(token).is_err(), "{token}");
        }
        assert_eq!(text("a.!!.c"), Err(IdTokenProblem::Encoding));
        assert_eq!(text("a.e30=.c"), Err(IdTokenProblem::Encoding));
        for claims in ["", "[]", "1", "{\"exp\":1", "{\"exp\":1} x", "{\"exp\"}"] {
            assert_eq!(of(claims), Err(IdTokenProblem::Claims), "{claims}");
        }
        // Neither head nor signature is looked at.
        assert_eq!(text(".e30."), Ok(None));
        let broken = Err(IdTokenProblem::Content(ContentProblem::NotHeaderText));
        assert_eq!(text("a.e30.c\n"), broken);
    }
}
