//! What the OpenID provider gives: codes, ID tokens, refresh tokens that rotate.

use crate::openid_device::{Approved, DeviceCodes, INTERVAL, LIFE};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The name of the only key.
const KEY: &str = "1";

/// The grant type of the device flow (RFC 8628, 3.4).
pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The one client, and what its users get.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) life: Duration,
    pub(crate) groups: Vec<String>,
}

/// Why a token request is refused (RFC 6749, 5.2).
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
}

/// Everything that was given and can still be used.
pub(crate) struct Grants {
    issuer: String,
    client: Client,
    key: EcdsaKeyPair,
    random: SystemRandom,
    given: Mutex<Given>,
    devices: DeviceCodes,
}

#[derive(Default)]
struct Given {
    /// Authorization requests whose page has been shown.
    requests: BTreeMap<String, Pending>,
    /// Codes of users who have logged in.
    codes: BTreeMap<String, (Pending, String)>,
    /// Refresh tokens, each with the login it comes from.
    refresh: BTreeMap<String, Login>,
    /// Refresh tokens that were used, with the number of their login.
    used: BTreeMap<String, u64>,
    logins: u64,
}

#[derive(Clone)]
struct Pending {
    redirect_uri: String,
    state: String,
    nonce: Option<String>,
    challenge: String,
    offline: bool,
}

#[derive(Clone)]
struct Login {
    number: u64,
    user: String,
    nonce: Option<String>,
}

fn invalid_grant<T>(description: &'static str) -> Result<T, Refusal> {
    Err(Refusal { error: "invalid_grant", description })
}

impl Grants {
    pub(crate) fn new(issuer: String, client: Client) -> io::Result<Self> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let unusable = |_| io::Error::other("no key can be made");
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(unusable)?;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random)
            .map_err(|error| io::Error::other(error.to_string()))?;
        let (given, devices) = (Mutex::default(), DeviceCodes::default());
        Ok(Self { issuer, client, key, random, given, devices })
    }

    pub(crate) fn keys(&self) -> Value {
        // The point without compression: a 4, then both coordinates.
        let point = self.key.public_key().as_ref();
        let (x, y) = point.get(1..).unwrap_or_default().split_at(32);
        let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KEY,
            "x": coordinate(x), "y": coordinate(y),
        }] })
    }

    pub(crate) fn refresh_tokens(&self) -> usize {
        self.given().refresh.len()
    }

    /// Takes an authorization request, and gives it a name.
    pub(crate) fn request(&self, query: &BTreeMap<String, String>) -> Result<String, &'static str> {
        let field = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        if field("client_id") != self.client.id {
            return Err("This client is not registered.");
        }
        let redirect = field("redirect_uri");
        if !is_redirect(redirect) {
            return Err("This redirect address is not registered.");
        }
        if field("response_type") != "code" || field("code_challenge_method") != "S256" {
            return Err("Only the code flow with PKCE is possible here.");
        }
        let scopes: Vec<&str> = field("scope").split(' ').collect();
        if !scopes.contains(&"openid") {
            return Err("The scope openid is missing.");
        }
        let pending = Pending {
            redirect_uri: redirect.to_owned(),
            state: field("state").to_owned(),
            nonce: query.get("nonce").cloned(),
            challenge: field("code_challenge").to_owned(),
            offline: scopes.contains(&"offline_access"),
        };
        let name = self.secret();
        self.given().requests.insert(name.clone(), pending);
        Ok(name)
    }

    /// The user has logged in; gives the address to go back to.
    pub(crate) fn log_in(&self, request: &str, user: &str) -> Option<String> {
        let code = self.secret();
        let mut given = self.given();
        let pending = given.requests.remove(request)?;
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let redirect = format!(
            "{}?code={code}&state={}&iss={}",
            pending.redirect_uri,
            encode(&pending.state),
            encode(&self.issuer)
        );
        given.codes.insert(code, (pending, user.to_owned()));
        Some(redirect)
    }

    /// A device authorization request (RFC 8628, 3.1), answered.
    pub(crate) fn begin_device(&self, form: &BTreeMap<String, String>) -> Result<Value, Refusal> {
        if form.get("client_id").is_none_or(|id| *id != self.client.id) {
            return Err(Refusal { error: "invalid_client", description: "it is not registered" });
        }
        let device_code = self.secret();
        let mut random = [0; 8];
        self.random.fill(&mut random).expect("the system has random bytes");
        let user_code = self.devices.begin(device_code.clone(), random, form)?;
        let page = format!("{}/device", self.issuer);
        Ok(json!({
            "device_code": device_code, "user_code": user_code, "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={user_code}"),
            "expires_in": LIFE.as_secs(), "interval": INTERVAL.as_secs(),
        }))
    }

    /// A user enters a user code.
    pub(crate) fn approve_device(&self, user_code: &str, user: &str) -> bool {
        self.devices.approve(user_code, user)
    }

    /// A token request.
    pub(crate) fn token(&self, form: &BTreeMap<String, String>) -> Result<Value, Refusal> {
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if field("client_id") != self.client.id {
            return Err(Refusal { error: "invalid_client", description: "it is not registered" });
        }
        match field("grant_type") {
            "authorization_code" => {
                let Some((pending, user)) = self.given().codes.remove(field("code")) else {
                    return invalid_grant("the code is not known, or was used");
                };
                let verifier = digest(&SHA256, field("code_verifier").as_bytes());
                if URL_SAFE_NO_PAD.encode(verifier) != pending.challenge {
                    return invalid_grant("the verifier does not fit");
                }
                if pending.redirect_uri != field("redirect_uri") {
                    return invalid_grant("the redirect address is another");
                }
                let mut given = self.given();
                given.logins += 1;
                let login = Login { number: given.logins, user, nonce: pending.nonce };
                drop(given);
                Ok(self.tokens(login, pending.offline))
            }
            "refresh_token" => {
                let token = field("refresh_token");
                let mut given = self.given();
                let Some(login) = given.refresh.remove(token) else {
                    // One that was used before has been stolen, once or now (RFC 9700, 4.14).
                    if let Some(number) = given.used.get(token).copied() {
                        given.refresh.retain(|_, login| login.number != number);
                    }
                    return invalid_grant("the refresh token is not known, or was used");
                };
                given.used.insert(token.to_owned(), login.number);
                drop(given);
                Ok(self.tokens(login, true))
            }
            DEVICE_GRANT => {
                let Approved { user, offline } =
                    self.devices.redeem(field("device_code"), field("code_verifier"))?;
                let mut given = self.given();
                given.logins += 1;
                let login = Login { number: given.logins, user, nonce: None };
                drop(given);
                Ok(self.tokens(login, offline))
            }
            _ => Err(Refusal { error: "unsupported_grant_type", description: "not here" }),
        }
    }

    /// Ends a refresh token, and says whether there was one.
    pub(crate) fn revoke(&self, token: &str) -> bool {
        self.given().refresh.remove(token).is_some()
    }

    fn tokens(&self, login: Login, offline: bool) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut claims = json!({
            "iss": self.issuer, "sub": login.user, "aud": self.client.id,
            "iat": now, "exp": now + self.client.life.as_secs(),
            "name": login.user, "email": format!("{}@example.com", login.user),
            "groups": self.client.groups,
        });
        if let Some(nonce) = &login.nonce {
            claims["nonce"] = json!(nonce);
        }
        let mut tokens = json!({
            "token_type": "Bearer",
            "access_token": self.secret(),
            "expires_in": self.client.life.as_secs(),
            "id_token": self.sign(&claims),
        });
        if offline {
            let refresh = self.secret();
            tokens["refresh_token"] = json!(refresh);
            self.given().refresh.insert(refresh, login);
        }
        tokens
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "ES256", "kid": KEY, "typ": "JWT" });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.key.sign(&self.random, signed.as_bytes());
        let signature = signature.expect("the system has random bytes");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn secret(&self) -> String {
        let mut bytes = [0; 24];
        self.random.fill(&mut bytes).expect("the system has random bytes");
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Any port of the loopback address (RFC 8252, 7.3).
fn is_redirect(url: &str) -> bool {
    let rest = url.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.split_once('/'));
    rest.is_some_and(|(port, path)| port.parse::<u16>().is_ok() && path == "callback")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::User;
    use crate::id_token::IdTokens;

    fn grants() -> Grants {
        let client =
            Client { id: "kube".into(), life: Duration::from_secs(60), groups: vec!["dev".into()] };
        Grants::new("http://127.0.0.1:1".into(), client).expect("a key")
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// The verifier and challenge of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const REDIRECT: &str = "http://127.0.0.1:5/callback";

    fn query() -> BTreeMap<String, String> {
        map(&[
            ("client_id", "kube"),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid offline_access"),
            ("state", "s"),
            ("nonce", "n"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
    }

    fn code(grants: &Grants) -> String {
        let Ok(request) = grants.request(&query()) else { panic!("it is in order") };
        let url = grants.log_in(&request, "ann").expect("it was shown");
        assert!(grants.log_in(&request, "eve").is_none());
        let (_, code) = url.split_once("code=").expect("a code");
        code.split('&').next().expect("a code").to_owned()
    }

    fn redeem(grants: &Grants, code: &str, verifier: &str) -> Result<Value, &'static str> {
        let form = map(&[
            ("client_id", "kube"),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", verifier),
        ]);
        grants.token(&form).map_err(|refusal| refusal.error)
    }

    fn refresh(grants: &Grants, token: &Value) -> Result<Value, &'static str> {
        let token = token.as_str().expect("text");
        let form = map(&[
            ("client_id", "kube"),
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
        ]);
        grants.token(&form).map_err(|refusal| refusal.error)
    }

    #[test]
    fn a_code_is_good_once_and_with_its_verifier_and_the_token_verifies() {
        let grants = grants();
        assert_eq!(redeem(&grants, &code(&grants), "another"), Err("invalid_grant"));
        let code = code(&grants);
        let tokens = redeem(&grants, &code, VERIFIER).expect("it is in order");
        assert_eq!(redeem(&grants, &code, VERIFIER), Err("invalid_grant"));
        let believed = IdTokens::new("http://127.0.0.1:1", "kube", grants.keys());
        let token = tokens["id_token"].as_str().expect("text");
        let user = believed.user(token, SystemTime::now());
        assert_eq!(user, Some(User::new("ann").member_of(["dev"])));
        let later = SystemTime::now() + Duration::from_secs(61);
        assert_eq!(believed.user(token, later), None);
    }

    #[test]
    fn refresh_tokens_rotate_and_one_that_is_used_twice_ends_its_login() {
        let grants = grants();
        let first = redeem(&grants, &code(&grants), VERIFIER).expect("it is in order");
        let second = refresh(&grants, &first["refresh_token"]).expect("it is in order");
        assert_eq!(grants.refresh_tokens(), 1);
        assert_eq!(refresh(&grants, &first["refresh_token"]), Err("invalid_grant"));
        assert_eq!(refresh(&grants, &second["refresh_token"]), Err("invalid_grant"));
        let third = redeem(&grants, &code(&grants), VERIFIER).expect("it is in order");
        assert!(grants.revoke(third["refresh_token"].as_str().expect("text")));
        assert_eq!(refresh(&grants, &third["refresh_token"]), Err("invalid_grant"));
    }

    #[test]
    fn a_request_that_is_not_in_order_goes_nowhere() {
        for (name, value) in [
            ("client_id", "other"),
            ("redirect_uri", "http://127.0.0.1.evil.example:5/callback"),
            ("redirect_uri", "https://127.0.0.1:5/callback"),
            ("redirect_uri", "http://127.0.0.1:5/other"),
            ("response_type", "token"),
            ("code_challenge_method", "plain"),
            ("scope", "profile"),
        ] {
            let mut query = query();
            query.insert(name.into(), value.into());
            assert!(grants().request(&query).is_err(), "{name} {value}");
        }
    }
}
