//! What a login knows of its provider: the discovery document and the keys (LG-18…LG-23).

use super::outcome::{LoginError, ProviderFacts, Step};
use super::settings::Settings;
use super::verify::KeySet;
use crate::api::json::{Json, string_size};
use crate::oauth::{self, AnswerProblem, ClientAuthMethod, Object};
use crate::protocol::{HttpResponse, SendRequest};
use crate::redact;
use crate::secret::Secret;
use crate::time::UnixTime;
use crate::url::Url;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

/// How long discovery and keys are kept (LG-22).
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The most bytes of any answer of a provider (LG-21).
pub(super) const MOST_BYTES: u64 = 1024 * 1024;

/// The most items of a list that a person is shown.
const MOST_ITEMS: usize = 100;

/// A provider as it describes itself. A text that is not there is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Provider {
    /// As the document spells it; what tokens must carry (LG-20).
    pub(super) issuer: String,
    pub(super) token_endpoint: String,
    pub(super) authorization_endpoint: String,
    pub(super) device_authorization_endpoint: String,
    pub(super) pushed_authorization_request_endpoint: String,
    pub(super) revocation_endpoint: String,
    pub(super) end_session_endpoint: String,
    pub(super) jwks_uri: String,
    pub(super) auth_methods: Option<Vec<ClientAuthMethod>>,
    /// Algorithms of ID tokens; empty if it lists none.
    pub(super) algorithms: Vec<String>,
    pub(super) offers_offline_access: bool,
    pub(super) requires_pushed_requests: bool,
    /// It promises `iss` in callbacks (RFC 9207, 3).
    pub(super) promises_issuer: bool,
    /// `None`: not fetched yet.
    pub(super) keys: Option<KeySet>,
    document: Secret,
    keys_document: Option<Secret>,
    fetched: UnixTime,
}

impl Provider {
    /// Reads a discovery document. The issuer must be the configured one; a difference of one
    /// trailing slash is accepted, and the document's spelling counts (LG-20).
    pub(super) fn read(
        response: &HttpResponse,
        settings: &Settings,
        now: UnixTime,
    ) -> Result<Self, LoginError> {
        let step = Step::Discovery;
        let metadata = oauth::read_discovery(response).map_err(|problem| wrong(step, problem))?;
        let document = Object::parse(response.body.expose(), "the document")
            .map_err(|detail| LoginError::Malformed { step, detail })?;
        let text = |name| document.text(name).map(String::from).unwrap_or_default();
        let has = |name, value: &str| {
            document.strings(name).unwrap_or_default().iter().any(|found| found == value)
        };
        let extra = &settings.endpoints;
        let given = |given: &Option<String>, name| match given {
            Some(url) => url.clone(),
            None => text(name),
        };
        let device = "device_authorization_endpoint";
        let provider = Self {
            issuer: text("issuer"),
            token_endpoint: metadata.token_endpoint,
            authorization_endpoint: text("authorization_endpoint"),
            device_authorization_endpoint: given(&extra.device_authorization, device),
            pushed_authorization_request_endpoint: text("pushed_authorization_request_endpoint"),
            revocation_endpoint: given(&extra.revocation, "revocation_endpoint"),
            end_session_endpoint: given(&extra.end_session, "end_session_endpoint"),
            jwks_uri: text("jwks_uri"),
            auth_methods: metadata.auth_methods,
            algorithms: document
                .strings("id_token_signing_alg_values_supported")
                .unwrap_or_default(),
            offers_offline_access: has("scopes_supported", "offline_access"),
            requires_pushed_requests: document.is_true("require_pushed_authorization_requests"),
            promises_issuer: document.is_true("authorization_response_iss_parameter_supported"),
            keys: None,
            document: response.body.clone(),
            keys_document: None,
            fetched: now,
        };
        provider.check_issuer(&settings.issuer)?;
        endpoint(&provider.token_endpoint, "token_endpoint")?;
        Ok(provider)
    }

    /// What a person is told of it.
    pub(super) fn facts(&self) -> ProviderFacts {
        let clean = |text: &str| oauth::description(text, &[]);
        let document = Object::parse(self.document.expose(), "the document").ok();
        let list = |name| {
            let strings = document.as_ref()?.strings(name)?;
            Some(strings.iter().take(MOST_ITEMS).map(|text| clean(text)).collect())
        };
        ProviderFacts {
            issuer: clean(&self.issuer),
            authorization_endpoint: clean(&self.authorization_endpoint),
            token_endpoint: clean(&self.token_endpoint),
            device_authorization_endpoint: clean(&self.device_authorization_endpoint),
            revocation_endpoint: clean(&self.revocation_endpoint),
            end_session_endpoint: clean(&self.end_session_endpoint),
            jwks_uri: clean(&self.jwks_uri),
            keys: self.keys.as_ref().map_or(0, KeySet::len),
            pkce_methods: list("code_challenge_methods_supported"),
            scopes: list("scopes_supported"),
            claims: list("claims_supported"),
            grant_types: list("grant_types_supported"),
            algorithms: list("id_token_signing_alg_values_supported"),
        }
    }

    fn check_issuer(&self, configured: &str) -> Result<(), LoginError> {
        let bare = |url: &'_ str| -> String { url.strip_suffix('/').unwrap_or(url).into() };
        if bare(&self.issuer) == bare(configured) {
            return Ok(());
        }
        let found = oauth::description(&redact::url(&self.issuer), &[]);
        Err(LoginError::IssuerMismatch { configured: redact::url(configured), found })
    }

    /// Takes the answer of `jwks_uri`.
    pub(super) fn read_keys(&mut self, response: &HttpResponse) -> Result<(), LoginError> {
        let step = Step::Keys;
        if response.status != 200 {
            return Err(wrong(step, AnswerProblem::status(response, &[])));
        }
        let keys = KeySet::parse(response.body.expose());
        self.keys = Some(keys.map_err(|detail| LoginError::Malformed { step, detail })?);
        self.keys_document = Some(response.body.clone());
        Ok(())
    }

    /// Reads what [`Provider::to_json`] wrote, unless it is too old or broken.
    pub(super) fn from_entry(json: &[u8], settings: &Settings, now: UnixTime) -> Option<Self> {
        let object = Object::parse(json, "it").ok()?;
        let fetched = UnixTime::from_secs(object.seconds("fetched")?);
        // Neither old nor, since a clock was set back, from the future.
        if fetched > now || now.since(fetched) >= KEPT_FOR || object.seconds("version") != Some(1) {
            return None;
        }
        let answer = |name| {
            let body = object.secret(name)?;
            Some(HttpResponse::new(200, body))
        };
        let mut provider = Self::read(&answer("document")?, settings, fetched).ok()?;
        if let Some(keys) = answer("keys") {
            provider.read_keys(&keys).ok()?;
        }
        Some(provider)
    }

    /// For the cache.
    pub(super) fn to_json(&self) -> Option<Secret> {
        let document = self.document.expose_str()?;
        let keys = match &self.keys_document {
            Some(keys) => Some(keys.expose_str()?),
            None => None,
        };
        let size = string_size(document).saturating_add(keys.map_or(0, string_size));
        let mut json = Json::with_capacity(size.saturating_add(256));
        let fetched = self.fetched.as_millis().div_euclid(1000).to_string();
        json.plain("{\"version\":1,\"fetched\":").plain(&fetched);
        json.plain(",\"document\":").string(document);
        if let Some(keys) = keys {
            json.plain(",\"keys\":").string(keys);
        }
        json.plain("}\n");
        Some(Secret::new(json.bytes()))
    }
}

/// Checks the issuer of the settings (LG-18).
pub(super) fn check_issuer(issuer: &str) -> Result<(), LoginError> {
    let usage = |problem: &str| {
        let issuer = redact::url(issuer);
        Err(LoginError::Usage(alloc::format!("the issuer {issuer:?} {problem}")))
    };
    match oauth::check_endpoint(issuer) {
        Err(oauth::EndpointProblem::NotUrl) => return usage("is not a URL"),
        Err(oauth::EndpointProblem::InClear) => return usage("is not an https URL"),
        Ok(()) => {}
    }
    if issuer.contains(['?', '#']) {
        return usage("has a query or a fragment");
    }
    if Url::parse(issuer).is_none_or(|url| url.user.is_some()) {
        return usage("has a user name before its host");
    }
    Ok(())
}

/// Checks an endpoint that something is sent to, or opened in the browser (LG-21).
pub(super) fn endpoint<'u>(url: &'u str, name: &'static str) -> Result<&'u str, LoginError> {
    if url.is_empty() {
        return Err(LoginError::NoEndpoint(name));
    }
    oauth::check_endpoint(url).map(|()| url).map_err(|_| LoginError::InClear(name))
}

/// The request for the discovery document, or for the keys: nothing secret goes along.
pub(super) fn get(url: &str, settings: &Settings) -> SendRequest {
    let mut request =
        oauth::discovery_request(url, settings.tls(), settings.proxy.clone(), MOST_BYTES);
    request.headers.extend(settings.request_headers.iter().cloned());
    request
}

/// Where the discovery document is, and where else it may be (LG-19): OpenID Connect Discovery 1.0
/// appends to the issuer, RFC 8414 puts the well-known path before the issuer's own.
pub(super) fn discovery_urls(issuer: &str) -> [String; 2] {
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    let host = issuer.find("://").and_then(|at| issuer.get(at.saturating_add(3)..));
    let path = host.and_then(|rest| rest.find('/').and_then(|at| rest.get(at..))).unwrap_or("");
    let origin = issuer.strip_suffix(path).unwrap_or(issuer);
    [
        [issuer, "/.well-known/openid-configuration"].concat(),
        [origin, "/.well-known/oauth-authorization-server", path].concat(),
    ]
}

/// The error of an answer that is of no use.
pub(super) fn wrong(step: Step, problem: AnswerProblem) -> LoginError {
    match problem {
        AnswerProblem::Status { status, message } => LoginError::Status { step, status, message },
        AnswerProblem::Malformed(detail) => LoginError::Malformed { step, detail },
        AnswerProblem::Refused { code, description } => {
            LoginError::Refused { step, code, description }
        }
    }
}
