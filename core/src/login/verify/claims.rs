//! What a verified token says.

use super::problem::TokenProblem;
use crate::oauth::Object;
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// The claims of a token that has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: Vec<String>,
    pub(crate) authorized_party: Option<String>,
    pub(crate) expires: UnixTime,
    pub(crate) not_before: Option<UnixTime>,
    pub(crate) issued: Option<UnixTime>,
    pub(crate) auth_time: Option<UnixTime>,
    pub(crate) auth_context: Option<String>,
    pub(crate) nonce: Option<Secret>,
    pub(crate) access_token_hash: Option<String>,
    pub(crate) name: String,
    pub(crate) picture: String,
    /// The provider left the groups out (LG-81).
    pub(crate) groups_left_out: bool,
    /// All of them, as the provider wrote them.
    pub(crate) json: Secret,
}

impl Claims {
    /// The claims of a token that was verified before, such as one from the cache.
    pub(crate) fn of_verified(token: &Secret) -> Option<Self> {
        let payload = token.expose().split(|byte| *byte == b'.').nth(1)?;
        let json = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?);
        Self::parse(&json).ok()
    }

    /// Reads a payload. `aud` and `sub` may be missing in access tokens, so they are empty then.
    pub(super) fn parse(json: &[u8]) -> Result<Self, TokenProblem> {
        let not_json = TokenProblem::NotJson("payload");
        let claims = Object::parse(json, "it").map_err(|_| not_json.clone())?;
        if claims.has_duplicates() {
            return Err(not_json);
        }
        let text = |name| claims.text(name).map(String::from);
        let name = ["name", "preferred_username", "email"].iter().find_map(|name| text(name));
        Ok(Self {
            issuer: text("iss").ok_or(TokenProblem::Issuer)?,
            subject: text("sub").unwrap_or_default(),
            audience: audience(&claims)?,
            authorized_party: match claims.raw("azp") {
                Some(_) => Some(text("azp").ok_or(TokenProblem::AuthorizedParty)?),
                None => None,
            },
            expires: time(&claims, "exp")?.ok_or(TokenProblem::Time("exp"))?,
            not_before: time(&claims, "nbf")?,
            issued: time(&claims, "iat")?,
            auth_time: time(&claims, "auth_time")?,
            auth_context: text("acr"),
            nonce: claims.secret("nonce"),
            access_token_hash: text("at_hash"),
            name: name.unwrap_or_default(),
            picture: text("picture").filter(|url| is_picture(url)).unwrap_or_default(),
            groups_left_out: has_distributed_groups(&claims),
            json: Secret::new(json),
        })
    }
}

fn audience(claims: &Object<'_>) -> Result<Vec<String>, TokenProblem> {
    match (claims.raw("aud"), claims.text("aud"), claims.strings("aud")) {
        (None, ..) => Ok(Vec::new()),
        (_, Some(one), _) => Ok(vec![one.into()]),
        (.., Some(list)) => Ok(list),
        _ => Err(TokenProblem::Audience),
    }
}

fn time(claims: &Object<'_>, name: &'static str) -> Result<Option<UnixTime>, TokenProblem> {
    if claims.raw(name).is_none() {
        return Ok(None);
    }
    let seconds = claims.seconds(name).ok_or(TokenProblem::Time(name))?;
    Ok(Some(UnixTime::from_secs(seconds)))
}

/// Pages load nothing in clear, and nothing that is not a picture (LG-111).
fn is_picture(url: &str) -> bool {
    let printable = url.bytes().all(|byte| byte.is_ascii_graphic());
    printable && (url.starts_with("https://") || url.starts_with("data:image/"))
}

/// `_claim_names` says that groups are to be fetched elsewhere (OpenID Connect Core 1.0, 5.6.2).
fn has_distributed_groups(claims: &Object<'_>) -> bool {
    let names = claims.raw("_claim_names").unwrap_or_default();
    let names = Object::parse(names.as_bytes(), "it").ok();
    names.is_some_and(|names| names.raw("groups").is_some())
}
