//! Who may come in: tokens and passwords, changeable while the server runs.

use crate::caller::Caller;
use crate::id_token::IdTokens;
use crate::reviews::Reviews;
use crate::service_accounts::{API_AUDIENCE, ServiceAccounts};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// The group of everyone whose credentials were accepted.
pub(crate) const AUTHENTICATED: &str = "system:authenticated";

/// A user as the API server knows it: the `UserInfo` of authentication.k8s.io/v1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The user's name.
    pub name: String,
    /// An identifier that outlives renaming; often empty.
    pub uid: String,
    /// The groups, in order.
    pub groups: Vec<String>,
    /// Further attributes by key.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// A user in no group. The server adds `system:authenticated` to whomever it lets in.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The same user in these groups too.
    #[must_use]
    pub fn member_of<G: Into<String>>(mut self, groups: impl IntoIterator<Item = G>) -> Self {
        self.groups.extend(groups.into_iter().map(Into::into));
        self
    }

    /// The user that the server takes someone for whom it knows nothing of.
    fn anonymous() -> Self {
        Self::new("system:anonymous").member_of(["system:unauthenticated"])
    }

    pub(crate) fn is_member_of(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }
}

impl From<&str> for User {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// The tokens and passwords that an [`ApiServer`](crate::ApiServer) accepts. A clone is the same set of accounts.
///
/// A client certificate needs no account: it is accepted if the server's client authority issued it.
#[derive(Clone, Default)]
pub struct Accounts {
    state: Arc<Mutex<State>>,
    service_accounts: ServiceAccounts,
    reviews: Reviews,
}

#[derive(Default)]
struct State {
    tokens: HashMap<String, Token>,
    passwords: HashMap<(String, String), User>,
    everyone: bool,
    rejections: u64,
    id_tokens: Vec<IdTokens>,
}

struct Token {
    user: User,
    expires: Option<SystemTime>,
}

impl Accounts {
    /// Accepts `token` as `user` until it is revoked. Replaces what was said of the token before.
    pub fn allow_token(&self, token: &str, user: impl Into<User>) {
        self.insert(token, Token { user: user.into(), expires: None });
    }

    /// Accepts `token` as `user` before the moment `expires`, by the system's clock.
    pub fn allow_token_until(&self, token: &str, user: impl Into<User>, expires: SystemTime) {
        self.insert(token, Token { user: user.into(), expires: Some(expires) });
    }

    /// Accepts `token` no longer. Says whether it was known.
    pub fn revoke_token(&self, token: &str) -> bool {
        self.state().tokens.remove(token).is_some()
    }

    /// Accepts the ID tokens of a provider, too.
    pub fn trust(&self, id_tokens: IdTokens) {
        self.state().id_tokens.push(id_tokens);
    }

    /// Accepts a user name and a password as `user`.
    pub fn allow_basic(&self, name: &str, password: &str, user: impl Into<User>) {
        self.state().passwords.insert((name.to_owned(), password.to_owned()), user.into());
    }

    /// Accepts a user name and a password no longer. Says whether they were known.
    pub fn revoke_basic(&self, name: &str, password: &str) -> bool {
        self.state().passwords.remove(&(name.to_owned(), password.to_owned())).is_some()
    }

    /// Whether to let in everyone: whoever brings no credential the server knows is `system:anonymous`.
    pub fn accept_any(&self, yes: bool) {
        self.state().everyone = yes;
    }

    /// The service accounts, whose tokens a TokenRequest makes.
    pub fn service_accounts(&self) -> &ServiceAccounts {
        &self.service_accounts
    }

    /// How reviews are answered.
    pub fn reviews(&self) -> &Reviews {
        &self.reviews
    }

    /// Answers 401 to the next `count` requests, whatever they carry. Counts given before are forgotten.
    pub fn reject_next(&self, count: u64) {
        self.state().rejections = count;
    }

    /// How many of the requests given to [`reject_next`](Self::reject_next) are still to come.
    pub fn rejections_left(&self) -> u64 {
        self.state().rejections
    }

    /// Takes one of the rejections asked for, if one is left.
    pub(crate) fn take_rejection(&self) -> bool {
        let mut state = self.state();
        let left = state.rejections > 0;
        state.rejections -= u64::from(left);
        left
    }

    /// Who sends this request: by certificate, else by bearer token, else by password, as kube-apiserver asks them.
    /// One that fails does not stop the next. `None` means 401.
    pub(crate) fn authenticate(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Option<User> {
        let by_certificate =
            || caller.certificate.as_ref().and_then(|certificate| certificate.user(now));
        let by_header = || self.by_header(headers, now);
        match by_certificate().or_else(by_header) {
            Some(user) if user.is_member_of(AUTHENTICATED) => Some(user),
            Some(user) => Some(user.member_of([AUTHENTICATED])),
            None => self.state().everyone.then(User::anonymous),
        }
    }

    fn by_header(&self, headers: &HeaderMap, now: SystemTime) -> Option<User> {
        let (scheme, value) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            let (user, audiences) = self.owner(value, now)?;
            audiences.iter().any(|audience| audience == API_AUDIENCE).then_some(user)
        } else if scheme.eq_ignore_ascii_case("basic") {
            self.state().passwords.get(&basic_credentials(value)?).cloned()
        } else {
            None
        }
    }

    /// Whose token this is and for which audiences, while it is good. Those that were not made by a TokenRequest are for
    /// the API server.
    pub(crate) fn owner(&self, token: &str, now: SystemTime) -> Option<(User, Vec<String>)> {
        let state = self.state();
        let (user, audiences) = match state.tokens.get(token) {
            Some(Token { expires: Some(expires), .. }) if now >= *expires => return None,
            Some(token) => (token.user.clone(), vec![API_AUDIENCE.to_owned()]),
            None => match state.id_tokens.iter().find_map(|tokens| tokens.user(token, now)) {
                Some(user) => (user, vec![API_AUDIENCE.to_owned()]),
                None => self.service_accounts.owner(token, now)?,
            },
        };
        let is_known = user.is_member_of(AUTHENTICATED);
        Some((if is_known { user } else { user.member_of([AUTHENTICATED]) }, audiences))
    }

    fn insert(&self, token: &str, what: Token) {
        self.state().tokens.insert(token.to_owned(), what);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Accounts")
            .field("tokens", &state.tokens.len())
            .field("passwords", &state.passwords.len())
            .field("everyone", &state.everyone)
            .field("rejections", &state.rejections)
            .finish()
    }
}

/// The name and password in what follows `Basic ` (RFC 7617); a password may have colons, a name may not.
pub(crate) fn basic_credentials(encoded: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}
