//! An entry of the cache: what a login brought, for later runs (LG-90, LG-91).

use super::settings::{Grant, Settings, TokenKind};
use super::verify::Claims;
use crate::api::json::{Json, string_size};
use crate::oauth::{ClientAuthMethod, Object};
use crate::printable::printable;
use crate::secret::Secret;
use crate::time::{Now, UnixTime};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;
use core::time::Duration;
use sha2::{Digest, Sha256};

/// The version of the format. An entry of another one is none.
const VERSION: i64 = 1;

/// The shortest and the longest pause after a login that was not completed (LG-99).
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LAST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// What is kept of a login. Times are whole seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) subject: String,
    /// What is printed: an ID token or an access token. Verified before it was stored.
    pub(crate) token: Option<Secret>,
    /// When it was got, and when it ends.
    pub(crate) issued: Option<UnixTime>,
    pub(crate) expires: Option<UnixTime>,
    /// The ID token, if another token is printed; what a refresh is compared with (LG-77).
    pub(crate) id_token: Option<Secret>,
    /// The refresh token, unless it is in the keyring.
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) refresh_in_keyring: bool,
    /// How the client says who it is; learned (LG-24).
    pub(crate) auth_method: Option<ClientAuthMethod>,
    /// The last login brought no refresh token though one was asked for (LG-33).
    pub(crate) wants_consent: bool,
    pub(crate) pause: Option<Pause>,
    pub(crate) failed: Option<Failed>,
}

/// No browser opens before its end (LG-99).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) until: UnixTime,
    pub(crate) length: Duration,
    pub(crate) reason: String,
}

/// How the last login failed, for those who waited for it (LG-98).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) at: UnixTime,
    pub(crate) reason: String,
}

impl Pause {
    /// The pause that follows: the first, or twice the last one.
    pub(crate) fn after(last: Option<&Self>, now: UnixTime, reason: String) -> Self {
        let doubled = last.map(|last| last.length.saturating_mul(2));
        let length = doubled.unwrap_or(FIRST_PAUSE).clamp(FIRST_PAUSE, LAST_PAUSE);
        Self { until: now.saturating_add(length), length, reason }
    }

    /// Whether it lasts. A clock that was set back cannot make it longer than it was meant to be.
    pub(crate) fn lasts(&self, now: UnixTime) -> bool {
        let left = self.until.since(now);
        left > Duration::ZERO && left <= self.length
    }
}

impl Entry {
    /// Reads an entry. Another version, bad JSON, a cut file, another issuer or client: none
    /// (LG-91).
    pub(crate) fn parse(json: &[u8], settings: &Settings) -> Option<Self> {
        let object = Object::parse(json, "it").ok()?;
        if object.seconds("version") != Some(VERSION) || object.has_duplicates() {
            return None;
        }
        let text = |name| object.text(name).map(String::from);
        // Reasons are shown to a person, and any program of the user can have written the file.
        let reason = |name| object.text(name).map(|text| printable(&text)).unwrap_or_default();
        let time = |name| object.seconds(name).map(UnixTime::from_secs);
        let entry = Self {
            issuer: text("issuer")?,
            client_id: text("client_id")?,
            subject: text("subject").unwrap_or_default(),
            token: object.secret("token"),
            issued: time("issued"),
            expires: time("expires"),
            id_token: object.secret("id_token"),
            refresh_token: object.secret("refresh_token"),
            refresh_in_keyring: object.is_true("refresh_in_keyring"),
            auth_method: match object.text("auth_method").as_deref() {
                Some("basic") => Some(ClientAuthMethod::Basic),
                Some("body") => Some(ClientAuthMethod::Body),
                _ => None,
            },
            wants_consent: object.is_true("wants_consent"),
            pause: time("pause_until").zip(object.seconds("pause_length")).map(
                |(until, length)| Pause {
                    until,
                    length: Duration::from_secs(u64::try_from(length).unwrap_or_default()),
                    reason: reason("pause_reason"),
                },
            ),
            failed: time("failed_at").map(|at| Failed { at, reason: reason("failed_reason") }),
        };
        let same = entry.issuer == settings.issuer && entry.client_id == settings.client_id;
        same.then_some(entry)
    }

    /// Writes it; `None` if a token is not UTF-8, which no good one is.
    pub(crate) fn to_json(&self) -> Option<Secret> {
        let seconds = |time: UnixTime| time.as_millis().div_euclid(1000).to_string();
        let (pause, failed) = (self.pause.as_ref(), self.failed.as_ref());
        let method = self.auth_method.map(|method| match method {
            ClientAuthMethod::Basic => "basic",
            ClientAuthMethod::Body => "body",
        });
        let texts = [
            ("issuer", Some(self.issuer.as_str())),
            ("client_id", Some(&self.client_id)),
            ("subject", Some(&self.subject)),
            ("token", text_of(self.token.as_ref())?),
            ("id_token", text_of(self.id_token.as_ref())?),
            ("refresh_token", text_of(self.refresh_token.as_ref())?),
            ("auth_method", method),
            ("pause_reason", pause.map(|pause| &*pause.reason)),
            ("failed_reason", failed.map(|failed| &*failed.reason)),
        ];
        let numbers = [
            ("issued", self.issued.map(seconds)),
            ("expires", self.expires.map(seconds)),
            ("pause_until", pause.map(|pause| seconds(pause.until))),
            ("pause_length", pause.map(|pause| pause.length.as_secs().to_string())),
            ("failed_at", failed.map(|failed| seconds(failed.at))),
        ];
        let size: usize = texts.iter().filter_map(|(_, text)| text.map(string_size)).sum();
        let mut json = Json::with_capacity(size.saturating_add(1024));
        json.plain("{\"version\":").plain(&VERSION.to_string());
        for (name, text) in texts {
            if let Some(text) = text {
                json.plain(",").string(name).plain(":").string(text);
            }
        }
        for (name, number) in numbers {
            if let Some(number) = number {
                json.plain(",").string(name).plain(":").plain(&number);
            }
        }
        for (name, flag) in
            [("refresh_in_keyring", self.refresh_in_keyring), ("wants_consent", self.wants_consent)]
        {
            if flag {
                json.plain(",").string(name).plain(":true");
            }
        }
        json.plain("}\n");
        Some(Secret::new(json.bytes()))
    }

    /// The ID token, whichever token is printed.
    pub(crate) fn stored_id_token(&self, kind: TokenKind) -> Option<&Secret> {
        match kind {
            TokenKind::Id => self.token.as_ref(),
            TokenKind::Access => self.id_token.as_ref(),
        }
    }

    /// The claims of the stored ID token, which was verified before it was stored.
    pub(crate) fn claims(&self, kind: TokenKind) -> Option<Claims> {
        self.stored_id_token(kind).and_then(Claims::of_verified)
    }

    /// How long before its end a token is not printed any more: 60 s, or a tenth of its life if
    /// that is less (LG-82).
    pub(crate) fn margin(&self) -> Duration {
        let life = self.expires.zip(self.issued).map(|(end, start)| end.since(start));
        life.map_or(Duration::from_secs(60), |life| (life / 10).min(Duration::from_secs(60)))
    }

    /// Whether the token can be printed (LG-82). One without an end is used once only.
    pub(crate) fn is_fresh(&self, now: Now) -> bool {
        let left = self.expires.map(|end| end.since(now.wall));
        self.token.is_some() && left.is_some_and(|left| left > self.margin())
    }

    /// Whether the token has not ended.
    pub(crate) fn is_valid(&self, now: Now) -> bool {
        self.token.is_some() && self.expires.is_some_and(|end| end > now.wall)
    }

    /// Forgets the tokens, not what was learned of the provider.
    pub(crate) fn forget_refresh_token(&mut self) {
        self.refresh_token = None;
        self.refresh_in_keyring = false;
    }
}

/// The text of a token that may be missing; `None` if it is no text.
fn text_of(secret: Option<&Secret>) -> Option<Option<&str>> {
    match secret {
        Some(secret) => secret.expose_str().map(Some),
        None => Some(None),
    }
}

/// Parameters that do not change which token comes.
const COSMETIC: [&str; 8] = [
    "access_type",
    "display",
    "id_token_hint",
    "login_hint",
    "max_age",
    "prompt",
    "response_mode",
    "ui_locales",
];

/// The name of the entry of these settings: a hash of what decides which token comes, and of
/// nothing else (LG-90). `subject` is that of the file of a token exchange.
pub(crate) fn key(settings: &Settings, subject: Option<&str>) -> String {
    let mut scopes: Vec<&str> = settings.extra_scopes.iter().map(String::as_str).collect();
    scopes.extend(settings.openid.then_some("openid"));
    scopes.sort_unstable();
    scopes.dedup();
    let whose = match settings.grant {
        Grant::ClientCredentials => "client",
        Grant::TokenExchange => "exchange",
        _ => "user",
    };
    let kind = match settings.token {
        TokenKind::Id => "id",
        TokenKind::Access => "access",
    };
    let account = settings.account.as_ref().or(settings.username.as_ref());
    let mut parts = alloc::vec!["kubecred login 1", &settings.issuer, &settings.client_id];
    parts.extend([whose, kind, account.map_or("", String::as_str), subject.unwrap_or_default()]);
    // How many scopes there are, so that none of them is taken for a parameter.
    let count = scopes.len().to_string();
    parts.push(&count);
    parts.extend(scopes);
    for (name, value) in &settings.extra_params {
        if !COSMETIC.contains(&name.as_str()) {
            parts.extend([name.as_str(), value]);
        }
    }
    digest(&parts)
}

/// The name of the entry of a provider's discovery document and keys (LG-22).
pub(crate) fn provider_key(issuer: &str) -> String {
    ["provider-", &digest(&["kubecred provider 1", issuer])].concat()
}

/// Each part with its length before it, so that no two lists have one text.
fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut text = String::new();
    for byte in hash.finalize() {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
    }
    text
}
