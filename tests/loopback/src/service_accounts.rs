//! Service accounts: which there are, and the tokens that a TokenRequest makes for them (TR-1…TR-9).

use crate::accounts::User;
use crate::api::{NAMESPACES, PODS};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The audience that stands for the API server itself.
pub const API_AUDIENCE: &str = "https://kubernetes.default.svc";

/// A token lives this long unless it is said otherwise.
const DEFAULT_SECONDS: i64 = 3600;

/// What no request may ask to be below, and beyond.
const LEAST_SECONDS: i64 = 600;
const MOST_SECONDS: i64 = 1 << 32;

/// The service accounts of a server and the objects that their tokens may be bound to. A clone is the same set.
///
/// At first there is the account `default` in each of the server's namespaces, and the server's pods run as it.
#[derive(Clone)]
pub struct ServiceAccounts {
    state: Arc<Mutex<State>>,
}

struct State {
    /// Uids by namespace and name.
    accounts: BTreeMap<(String, String), String>,
    /// Uids by kind, namespace and name.
    objects: BTreeMap<Object, String>,
    minted: HashMap<String, Minted>,
    most_seconds: i64,
    random: RandomState,
    count: u64,
}

/// Kind, namespace and name.
type Object = (String, String, String);

struct Minted {
    account: (String, String),
    uid: String,
    bound: Option<(Object, String)>,
    audiences: Vec<String>,
    id: String,
    expires: SystemTime,
}

/// A token that was granted.
pub(crate) struct Granted {
    pub(crate) token: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) seconds: i64,
    pub(crate) expires: SystemTime,
    /// What a `Warning` header says.
    pub(crate) warning: Option<String>,
}

/// Why a request was refused: HTTP status, reason and message of the `Status`.
pub(crate) type Refused = (u16, &'static str, String);

impl ServiceAccounts {
    fn new(namespaces: &[&str], pods: &[(&str, &str)]) -> Self {
        let state = State {
            accounts: BTreeMap::new(),
            objects: BTreeMap::new(),
            minted: HashMap::new(),
            most_seconds: MOST_SECONDS,
            random: RandomState::new(),
            count: 0,
        };
        let all = Self { state: Arc::new(Mutex::new(state)) };
        for namespace in namespaces {
            all.add(namespace, "default");
        }
        for (namespace, pod) in pods {
            all.add_object("Pod", namespace, pod, &format!("pod-{namespace}-{pod}"));
        }
        all
    }

    /// Makes an account, with a uid that no other has.
    pub fn add(&self, namespace: &str, name: &str) {
        let mut state = self.state();
        let uid = state.fresh("account");
        state.accounts.insert((namespace.to_owned(), name.to_owned()), uid);
    }

    /// Deletes an account, and with it its tokens. Says whether it was there.
    pub fn delete(&self, namespace: &str, name: &str) -> bool {
        self.state().accounts.remove(&(namespace.to_owned(), name.to_owned())).is_some()
    }

    /// Makes an object that tokens may be bound to: a `Pod`, `Secret` or `Node` (whose namespace is empty).
    pub fn add_object(&self, kind: &str, namespace: &str, name: &str, uid: &str) {
        self.state().objects.insert(object(kind, namespace, name), uid.to_owned());
    }

    /// Deletes such an object, and with it the tokens bound to it. Says whether it was there.
    pub fn delete_object(&self, kind: &str, namespace: &str, name: &str) -> bool {
        self.state().objects.remove(&object(kind, namespace, name)).is_some()
    }

    /// Lets tokens live no longer than this. A longer request is shortened with a `Warning` header, as a server with
    /// `--service-account-max-token-expiration` does it; here even below ten minutes.
    pub fn limit_life(&self, most: Duration) {
        self.state().most_seconds = i64::try_from(most.as_secs()).unwrap_or(MOST_SECONDS);
    }

    /// How many tokens were made.
    pub fn minted(&self) -> usize {
        self.state().minted.len()
    }

    /// Makes the token that is asked for in `spec`.
    pub(crate) fn mint(
        &self,
        namespace: &str,
        name: &str,
        spec: &Value,
        now: SystemTime,
    ) -> Result<Granted, Refused> {
        let mut state = self.state();
        let asked = spec["expirationSeconds"].as_i64().unwrap_or(DEFAULT_SECONDS);
        if let Some(problem) = duration_problem(asked) {
            let message = format!(
                "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: \
                 Invalid value: {asked}: {problem}"
            );
            return Err((422, "Invalid", message));
        }
        let account = (namespace.to_owned(), name.to_owned());
        let Some(uid) = state.accounts.get(&account).cloned() else {
            return Err((404, "NotFound", format!("serviceaccounts \"{name}\" not found")));
        };
        let bound = state.bound_object(namespace, &spec["boundObjectRef"])?;
        let list = spec["audiences"].as_array();
        let mut audiences: Vec<String> = list
            .map(|list| list.iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect())
            .unwrap_or_default();
        if audiences.is_empty() {
            audiences.push(API_AUDIENCE.to_owned());
        }
        let seconds = asked.min(state.most_seconds);
        let warning = (seconds < asked).then(|| {
            format!("requested expiration of {asked} seconds shortened to {seconds} seconds")
        });
        let expires = now + Duration::from_secs(seconds.unsigned_abs());
        let id = state.fresh("token");
        let minted = Minted { account, uid, bound, audiences: audiences.clone(), id, expires };
        let token = state.sign(&minted.claims(now));
        state.minted.insert(token.clone(), minted);
        Ok(Granted { token, audiences, seconds, expires, warning })
    }

    /// Whose token this is and for which audiences, while it is good.
    pub(crate) fn owner(&self, token: &str, now: SystemTime) -> Option<(User, Vec<String>)> {
        let state = self.state();
        let minted = state.minted.get(token)?;
        let is_good = now < minted.expires
            && state.accounts.get(&minted.account) == Some(&minted.uid)
            && minted
                .bound
                .as_ref()
                .is_none_or(|(object, uid)| state.objects.get(object) == Some(uid));
        is_good.then(|| (minted.user(), minted.audiences.clone()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ServiceAccounts {
    fn default() -> Self {
        Self::new(&NAMESPACES, &PODS)
    }
}

impl fmt::Debug for ServiceAccounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("ServiceAccounts")
            .field("accounts", &state.accounts)
            .field("minted", &state.minted.len())
            .finish_non_exhaustive()
    }
}

impl State {
    /// The object of a `boundObjectRef`, which must be there and have the uid that is asked for.
    fn bound_object(
        &self,
        namespace: &str,
        reference: &Value,
    ) -> Result<Option<(Object, String)>, Refused> {
        let Some(kind) = reference["kind"].as_str() else { return Ok(None) };
        let name = reference["name"].as_str().unwrap_or_default();
        if !["Pod", "Secret", "Node"].contains(&kind) || reference["apiVersion"] != "v1" {
            let version = reference["apiVersion"].as_str().unwrap_or_default();
            let message = format!("cannot bind token to object of type {version}, Kind={kind}");
            return Err((400, "BadRequest", message));
        }
        let namespace = if kind == "Node" { "" } else { namespace };
        let object = object(kind, namespace, name);
        let Some(uid) = self.objects.get(&object) else {
            let resource = format!("{}s", kind.to_lowercase());
            return Err((404, "NotFound", format!("{resource} \"{name}\" not found")));
        };
        match reference["uid"].as_str().unwrap_or_default() {
            "" => Ok(Some((object, uid.clone()))),
            asked if asked == uid => Ok(Some((object, uid.clone()))),
            asked => Err((
                409,
                "Conflict",
                format!(
                    "Operation cannot be fulfilled on {kind} \"{name}\": the UID in the bound object \
                     reference ({asked}) does not match the UID in record. The object might have been \
                     deleted and then recreated"
                ),
            )),
        }
    }

    /// A text that was not made before, and cannot be guessed.
    fn fresh(&mut self, what: &str) -> String {
        self.count += 1;
        let high = self.random.hash_one((self.count, 0));
        let low = self.random.hash_one((self.count, 1));
        format!("{what}-{high:016x}{low:016x}")
    }

    /// The claims as a JWT. Its signature is a text that cannot be guessed, and the server knows its tokens by heart.
    fn sign(&mut self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "kid": "loopback", "typ": "JWT" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signature = URL_SAFE_NO_PAD.encode(self.fresh("signature"));
        format!("{}.{}.{signature}", part(&header), part(claims))
    }
}

impl Minted {
    fn claims(&self, now: SystemTime) -> Value {
        let seconds =
            |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let (namespace, name) = &self.account;
        let mut place = json!({
            "namespace": namespace,
            "serviceaccount": { "name": name, "uid": self.uid },
        });
        if let Some(((kind, _, name), uid)) = &self.bound {
            place[kind.to_lowercase()] = json!({ "name": name, "uid": uid });
        }
        json!({
            "aud": self.audiences,
            "exp": seconds(self.expires),
            "iat": seconds(now),
            "iss": API_AUDIENCE,
            "jti": self.id,
            "kubernetes.io": place,
            "nbf": seconds(now),
            "sub": format!("system:serviceaccount:{namespace}:{name}"),
        })
    }

    fn user(&self) -> User {
        let (namespace, name) = &self.account;
        let mut user = User::new(format!("system:serviceaccount:{namespace}:{name}")).member_of([
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
        ]);
        user.uid.clone_from(&self.uid);
        let mut extra = |key: &str, value: &str| {
            user.extra
                .insert(format!("authentication.kubernetes.io/{key}"), vec![value.to_owned()]);
        };
        extra("credential-id", &format!("JTI={}", self.id));
        match &self.bound {
            Some(((kind, _, name), uid)) if kind != "Secret" => {
                extra(&format!("{}-name", kind.to_lowercase()), name);
                extra(&format!("{}-uid", kind.to_lowercase()), uid);
            }
            _ => {}
        }
        user
    }
}

fn object(kind: &str, namespace: &str, name: &str) -> Object {
    (kind.to_owned(), namespace.to_owned(), name.to_owned())
}

fn duration_problem(seconds: i64) -> Option<&'static str> {
    match seconds {
        ..LEAST_SECONDS => Some("may not specify a duration less than 10 minutes"),
        LEAST_SECONDS..=MOST_SECONDS => None,
        _ => Some("may not specify a duration larger than 2^32 seconds"),
    }
}
