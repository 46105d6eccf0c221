//! Device codes of the OpenID provider (RFC 8628): given to a program, approved in a browser,
//! redeemed once.

use crate::openid_grants::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a code can be entered.
pub(crate) const LIFE: Duration = Duration::from_secs(600);

/// How often a program may ask.
pub(crate) const INTERVAL: Duration = Duration::from_secs(1);

/// The letters of a user code: no vowels, so that it is no word (RFC 8628, 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// The codes that are in use.
#[derive(Default)]
pub(crate) struct DeviceCodes(Mutex<BTreeMap<String, Waiting>>);

struct Waiting {
    user_code: String,
    challenge: Option<String>,
    offline: bool,
    begun: Instant,
    user: Option<String>,
}

/// A login that a user has approved.
#[derive(Debug)]
pub(crate) struct Approved {
    pub(crate) user: String,
    pub(crate) offline: bool,
}

impl DeviceCodes {
    /// Takes a request under this device code, and gives the code for the user.
    pub(crate) fn begin(
        &self,
        device_code: String,
        random: [u8; 8],
        query: &BTreeMap<String, String>,
    ) -> Result<String, Refusal> {
        let challenge = query.get("code_challenge").cloned();
        let method = query.get("code_challenge_method").map_or("plain", String::as_str);
        if challenge.is_some() && method != "S256" {
            let description = "the only code_challenge_method is S256";
            return Err(Refusal { error: "invalid_request", description });
        }
        let scope = query.get("scope").map(String::as_str).unwrap_or_default();
        let offline = scope.split(' ').any(|scope| scope == "offline_access");
        let letters = random.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
        let letters: String = letters.iter().collect();
        let user_code = format!("{}-{}", &letters[..4], &letters[4..]);
        let (begun, user) = (Instant::now(), None);
        let waiting = Waiting { user_code: user_code.clone(), challenge, offline, begun, user };
        self.codes().insert(device_code, waiting);
        Ok(user_code)
    }

    /// This user enters a code; says whether there is such a code, that no other user has entered.
    pub(crate) fn approve(&self, user_code: &str, user: &str) -> bool {
        let entered = user_code.trim().to_uppercase();
        let mut codes = self.codes();
        let waits = |code: &&mut Waiting| code.user.is_none() && code.begun.elapsed() < LIFE;
        let code = codes.values_mut().filter(waits).find(|code| code.user_code == entered);
        code.map(|code| code.user = Some(user.to_owned())).is_some()
    }

    /// A token request with this device code. What is not there yet is `authorization_pending`.
    pub(crate) fn redeem(&self, device_code: &str, verifier: &str) -> Result<Approved, Refusal> {
        let refuse = |error, description| Err(Refusal { error, description });
        let mut codes = self.codes();
        let Some(code) = codes.get(device_code) else {
            return refuse("invalid_grant", "the device code is not known, or was used");
        };
        if code.begun.elapsed() >= LIFE {
            codes.remove(device_code);
            return refuse("expired_token", "the device code has ended");
        }
        let Some(user) = code.user.clone() else {
            return refuse("authorization_pending", "the user has not entered the code");
        };
        let offline = code.offline;
        let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let fits = code.challenge.as_ref().is_none_or(|challenge| *challenge == hash);
        codes.remove(device_code);
        if !fits {
            return refuse("invalid_grant", "the verifier does not fit");
        }
        Ok(Approved { user, offline })
    }

    fn codes(&self) -> MutexGuard<'_, BTreeMap<String, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error<T>(result: Result<T, Refusal>) -> Option<&'static str> {
        result.err().map(|refusal| refusal.error)
    }

    fn begin(codes: &DeviceCodes, challenge: Option<&str>) -> String {
        let mut query = BTreeMap::from([("scope".into(), "openid offline_access".into())]);
        if let Some(challenge) = challenge {
            query.insert("code_challenge".into(), challenge.into());
            query.insert("code_challenge_method".into(), "S256".into());
        }
        let Ok(code) = codes.begin("secret".into(), [0, 1, 2, 3, 4, 5, 19, 20], &query) else {
            panic!("it is in order")
        };
        code
    }

    #[test]
    fn a_device_code_waits_for_its_user_and_is_good_once() {
        let codes = DeviceCodes::default();
        assert_eq!(begin(&codes, None), "BCDF-GHZB");
        assert_eq!(error(codes.redeem("secret", "")), Some("authorization_pending"));
        assert_eq!(error(codes.redeem("another", "")), Some("invalid_grant"));
        assert!(!codes.approve("BCDF-GHZC", "eve"));
        assert!(codes.approve(" bcdf-ghzb", "ann"));
        assert!(!codes.approve("BCDF-GHZB", "eve"), "it was entered already");
        let Ok(approved) = codes.redeem("secret", "") else { panic!("it is approved") };
        assert_eq!((approved.user.as_str(), approved.offline), ("ann", true));
        assert_eq!(error(codes.redeem("secret", "")), Some("invalid_grant"));
    }

    #[test]
    fn a_challenge_wants_its_verifier() {
        // Of RFC 7636, appendix B.
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        for (sent, error_code) in [(verifier, None), ("another", Some("invalid_grant"))] {
            let codes = DeviceCodes::default();
            let code = begin(&codes, Some(challenge));
            assert!(codes.approve(&code, "ann"));
            assert_eq!(error(codes.redeem("secret", sent)), error_code);
        }
        let plain = BTreeMap::from([("code_challenge".into(), challenge.into())]);
        let begun = DeviceCodes::default().begin("secret".into(), [0; 8], &plain);
        assert_eq!(error(begun), Some("invalid_request"));
    }
}
