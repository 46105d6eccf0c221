//! How a login ends, and what the user is told meanwhile.

use super::verify::TokenProblem;
use crate::error::Because;
use crate::protocol::Failure;
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// How a login ended.
pub type Outcome = Result<Success, LoginError>;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host must act on each")]
pub enum Success {
    /// There is a credential.
    Credential(Granted),
    /// Nothing is stored under this key any more.
    LoggedOut,
    /// What is stored.
    Status(Status),
    /// What the provider offers.
    Provider(ProviderFacts),
}

/// A credential.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Granted {
    /// The `ExecCredential` to print on standard output, with its line break (LG-3).
    pub output: Secret,
    /// When the token ends, if that is known.
    pub expires: Option<UnixTime>,
    /// The verified claims of the ID token as a JSON object, if there is an ID token.
    pub claims: Option<Secret>,
    /// How it was got.
    pub by: GrantedBy,
}

/// How a credential was got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "plain data")]
pub enum GrantedBy {
    /// From the cache, without the network.
    Cache,
    /// By a refresh token.
    Refresh,
    /// By a login.
    Login,
}

/// What is stored under a key (LG-118).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Status {
    /// The name of the entry in the cache folder, and of the item in the keyring.
    pub key: String,
    /// Who is logged in (the claim `sub`), if anyone.
    pub subject: Option<String>,
    /// When the stored token ends.
    pub expires: Option<UnixTime>,
    /// There is a refresh token.
    pub refreshable: bool,
    /// The refresh token is in the keyring.
    pub in_keyring: bool,
    /// No browser opens before this (LG-99).
    pub paused_until: Option<UnixTime>,
    /// The verified claims of the stored ID token as a JSON object.
    pub claims: Option<Secret>,
    /// A credential can be had without a person: the token is still good, or can be refreshed.
    pub usable: bool,
}

/// What a provider says of itself in its discovery document. A text that is not there is empty; all
/// of them are cleaned and cut (LG-114), and lists have at most a hundred items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct ProviderFacts {
    /// Its issuer, as it spells it: what tokens carry (LG-20).
    pub issuer: String,
    /// Where the browser goes.
    pub authorization_endpoint: String,
    /// Where codes and refresh tokens are presented.
    pub token_endpoint: String,
    /// Where the device flow begins (RFC 8628).
    pub device_authorization_endpoint: String,
    /// Where tokens are revoked (RFC 7009).
    pub revocation_endpoint: String,
    /// Its own logout page.
    pub end_session_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// How many of its keys can verify tokens.
    pub keys: usize,
    /// PKCE methods (RFC 7636); `None` if it says nothing of PKCE.
    pub pkce_methods: Option<Vec<String>>,
    /// Scopes; `None` if it lists none.
    pub scopes: Option<Vec<String>>,
    /// Claims; `None` if it lists none.
    pub claims: Option<Vec<String>>,
    /// Grant types; `None` if it lists none.
    pub grant_types: Option<Vec<String>>,
    /// Signature algorithms of ID tokens; `None` if it lists none.
    pub algorithms: Option<Vec<String>>,
}

/// Why there is no credential. Texts are in lower case, name what failed on what, and hold no
/// secret and no unchecked word of the provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// A setting, or `KUBERNETES_EXEC_INFO`, is wrong.
    #[error("{0}")]
    Usage(String),
    /// A person would have to log in, and that is not possible here.
    #[error("you have to log in, and cannot do so here: {}", Reasons(.0))]
    LoginNeeded(Vec<String>),
    /// A login was abandoned or ran out of time a short while ago (LG-99).
    #[error(
        "the last login was not completed ({reason}); no browser opens before {until}; \
         run `kubecred login` to log in now"
    )]
    Paused {
        /// Until when.
        until: UnixTime,
        /// How the last login ended.
        reason: String,
    },
    /// Another process logged in for the same key, this one waited, and that login failed (LG-98).
    #[error("the login of another process failed: {0}")]
    FailedElsewhere(String),
    /// A request to the provider could not be sent, or got no answer.
    #[error("{step}: {failure}")]
    NotSent {
        /// Which request.
        step: Step,
        /// What the host says.
        failure: Failure,
    },
    /// The provider answered with this status, and not in the words of OAuth 2.0.
    #[error("{step}: the provider answered with status {status}{}", Because(message))]
    Status {
        /// Which request.
        step: Step,
        /// The HTTP status.
        status: u16,
        /// What it says of it, cleaned and cut; may be empty.
        message: String,
    },
    /// The provider's answer cannot be used; says where, not what.
    #[error("{step}: the answer is not usable: {detail}")]
    Malformed {
        /// Which request.
        step: Step,
        /// What is wrong with it.
        detail: String,
    },
    /// The provider refused, in the words of OAuth 2.0.
    #[error("{step}: the provider refused: {}", Refusal(code, description))]
    Refused {
        /// Which request.
        step: Step,
        /// `access_denied`, `invalid_client`, …
        code: String,
        /// The provider's own words, cleaned and cut; may be empty.
        description: String,
    },
    /// The discovery document names another issuer (LG-20).
    #[error("the provider's issuer is {found:?}, but the configured issuer is {configured:?}")]
    IssuerMismatch {
        /// As configured.
        configured: String,
        /// As the document has it.
        found: String,
    },
    /// The provider has no such endpoint.
    #[error("the provider's discovery document has no {0}")]
    NoEndpoint(&'static str),
    /// An endpoint would get secrets in clear (LG-21).
    #[error("the provider's {0} is not an https URL")]
    InClear(&'static str),
    /// The token that came is not to be trusted (LG-65…LG-80).
    #[error("the provider's token {0}")]
    Token(TokenProblem),
    /// The answer has no token of the kind that is wanted (LG-88).
    #[error(
        "the provider gave no {0}: ask for the scope openid, and check that the client may have one"
    )]
    NoToken(&'static str),
    /// The callback is not usable (LG-57, LG-59).
    #[error("the answer that came through the browser {0}")]
    Callback(String),
    /// The host could not do something that the login cannot do without.
    #[error("{what}: {failure}")]
    Host {
        /// What.
        what: String,
        /// What the host says.
        failure: Failure,
    },
    /// The limit of the login has passed (LG-11).
    #[error("timed out after {} s ({flag})", .limit.as_secs())]
    TimedOut {
        /// The limit.
        limit: Duration,
        /// The flag that sets it.
        flag: &'static str,
    },
    /// The user or the system ended it (LG-10).
    #[error("interrupted")]
    Interrupted,
    /// The machine was not started, or a job was answered with the reply of another kind.
    #[error("the host answered with the wrong kind of reply")]
    WrongReply,
}

impl LoginError {
    /// The program's exit code (LG-9): 2 usage, 3 a login is needed and not possible now, 4 refused
    /// by the provider, 5 network, 6 out of time or abandoned, 130 interrupted (the host puts the
    /// number of its signal there), 1 anything else.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::LoginNeeded(_) | Self::Paused { .. } => 3,
            Self::Refused { .. } => 4,
            Self::NotSent { .. } => 5,
            Self::TimedOut { .. } | Self::FailedElsewhere(_) => 6,
            Self::Interrupted => 130,
            _ => 1,
        }
    }
}

struct Reasons<'a>(&'a [String]);

impl fmt::Display for Reasons<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, reason) in self.0.iter().enumerate() {
            write!(f, "{}{reason}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

struct Refusal<'a>(&'a str, &'a str);

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(code, description) = self;
        match *code {
            "access_denied" => f.write_str("access was denied (access_denied)")?,
            "login_required" => f.write_str("no user is logged in there (login_required)")?,
            "temporarily_unavailable" => {
                f.write_str("it is overloaded or being maintained (temporarily_unavailable)")?;
            }
            code => f.write_str(code)?,
        }
        if description.is_empty() { Ok(()) } else { write!(f, ": {description}") }
    }
}

/// A request to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// The discovery document.
    Discovery,
    /// The provider's keys.
    Keys,
    /// The authorization request, in the browser or pushed.
    Authorization,
    /// The device authorization request.
    DeviceAuthorization,
    /// The token request of a login.
    Token,
    /// The token request of a refresh.
    Refresh,
    /// The revocation request.
    Revocation,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "discovery",
            Self::Keys => "keys of the provider",
            Self::Authorization => "authorization request",
            Self::DeviceAuthorization => "device authorization request",
            Self::Token => "token request",
            Self::Refresh => "refresh",
            Self::Revocation => "revocation",
        })
    }
}

/// What the user is told while a login runs. `Display` is a line or a few of plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Another process holds the lock, and this one waits for it (LG-97).
    Waiting {
        /// What the other says of itself.
        holder: String,
    },
    /// The address to open, as a browser was not opened or for the case that it did not come up.
    Visit {
        /// The start address on this machine.
        local: String,
        /// The provider's address, for a browser on another machine. It holds the state of the
        /// login, which is for the user's eyes only.
        remote: String,
        /// The browser has been opened with it.
        opened: bool,
    },
    /// The address to open before pasting what it ends at (LG-107).
    VisitAndPaste {
        /// The provider's address.
        url: String,
    },
    /// The code to enter at the provider (LG-102).
    Device {
        /// The code.
        code: String,
        /// Where to enter it.
        url: String,
        /// An address that has the code in it.
        complete: Option<String>,
        /// How long it can be entered.
        expires_in: Duration,
    },
    /// The browser could not be opened.
    BrowserNotOpened(Failure),
    /// Requests came that belong to no login here (LG-46). Said once.
    ForeignCallbacks,
    /// The refresh failed, and the cached token, which is still good, is used (LG-84).
    RefreshFailed(LoginError),
    /// The provider does not take the refresh token any more (LG-85).
    RefreshTokenRefused(LoginError),
    /// What came could not be stored (LG-94).
    NotStored(Failure),
    /// The keyring cannot be used (LG-96). Said once.
    NoKeyring(Failure),
    /// No lock could be had (LG-97).
    NoLock(Failure),
    /// The issuer that discovery names differs by a last slash (LG-20).
    IssuerSlash {
        /// As the document has it; what tokens must carry.
        found: String,
    },
    /// A setting weakens the login.
    Warning(&'static str),
    /// The token is larger than many API servers take in a header (LG-81).
    LargeToken {
        /// Its size in bytes.
        bytes: usize,
    },
    /// The provider left the groups out of the token (LG-81).
    GroupsLeftOut,
    /// The tokens could not be revoked; they are removed here all the same (LG-116).
    NotRevoked(LoginError),
    /// The address of the provider's own logout page (LG-117).
    EndSession {
        /// A start address on this machine, or the provider's.
        url: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { holder } => write!(f, "waiting for another login: {holder}"),
            Self::Visit { local, remote, opened } => {
                let verb = if *opened { "The browser was opened at" } else { "Open" };
                write!(f, "{verb} {local}\n(from another machine: {remote})")
            }
            Self::VisitAndPaste { url } => write!(f, "Open {url}"),
            Self::Device { code, url, complete, expires_in } => {
                write!(f, "Open {url} and enter the code {code}")?;
                if let Some(complete) = complete {
                    write!(f, "\nor open {complete}")?;
                }
                write!(f, "\nThe code can be used for {} s.", expires_in.as_secs())
            }
            Self::BrowserNotOpened(failure) => write!(f, "cannot open a browser: {failure}"),
            Self::ForeignCallbacks => {
                f.write_str("requests that do not belong to this login came to its address")
            }
            Self::RefreshFailed(error) => write!(f, "using the cached token: {error}"),
            Self::RefreshTokenRefused(error) => write!(f, "{error}"),
            Self::NotStored(failure) => write!(f, "cannot store the tokens: {failure}"),
            Self::NoKeyring(failure) => write!(f, "cannot use the keyring: {failure}"),
            Self::NoLock(failure) => {
                write!(f, "continuing without a lock on the cache: {failure}")
            }
            Self::IssuerSlash { found } => {
                write!(f, "the provider spells its issuer {found} (a last slash differs)")
            }
            Self::Warning(text) => write!(f, "warning: {text}"),
            Self::LargeToken { bytes } => write!(
                f,
                "the token has {bytes} bytes; an API server may refuse a header of that size"
            ),
            Self::GroupsLeftOut => f.write_str(
                "the provider left the groups out of the token (there are too many); the API \
                 server does not see them",
            ),
            Self::NotRevoked(error) => write!(f, "the tokens were not revoked: {error}"),
            Self::EndSession { url } => write!(f, "Open {url} to log out at the provider"),
        }
    }
}
