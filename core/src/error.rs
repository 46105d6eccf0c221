//! Why there is no credential: named by source, never with a byte of it.

use crate::failure::Failure;
use crate::redact::{self, quoted};
use crate::time::Seconds;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

pub(crate) use crate::content::{ContentProblem, FileRole};

/// Why a source gave no credential.
///
/// Texts start in lower case, have no full stop, name the file or command at fault, and hold no
/// content of either.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("{}", CannotRead(*role, path, failure))]
    File {
        /// What it is for.
        role: FileRole,
        /// Where it is.
        path: String,
        /// What the host says.
        failure: Failure,
    },
    /// A file was read, and is not what it should be.
    #[error("{role} {} {problem}", quoted(path))]
    FileContent {
        /// What it is for.
        role: FileRole,
        /// Where it is.
        path: String,
        /// What is wrong with it.
        problem: ContentProblem,
    },
    /// Something given outright is not what it should be.
    #[error("{role}{} {problem}", Whose(*role, user))]
    Data {
        /// What it is for.
        role: FileRole,
        /// The kubeconfig entry; empty if there is none.
        user: String,
        /// What is wrong with it.
        problem: ContentProblem,
    },
    /// An exec plugin gave no credential.
    #[error("exec plugin {} of user {}: {problem}{}", quoted(command), quoted(user), Hint(hint))]
    Plugin {
        /// The kubeconfig entry; empty if there is none.
        user: String,
        /// The command as configured.
        command: String,
        /// What went wrong.
        problem: PluginProblem,
        /// How to install it, from the kubeconfig, when it is missing.
        hint: Option<String>,
    },
    /// An OpenID provider gave no id-token.
    #[error("oidc auth-provider of user {}, issuer {issuer}: {problem}", quoted(user))]
    Oidc {
        /// The kubeconfig entry; empty if there is none.
        user: String,
        /// The provider's URL, without user information.
        issuer: String,
        /// What went wrong.
        problem: OidcProblem,
    },
    /// Refreshed tokens could not be written back to where they came from.
    #[error(
        "cannot save the refreshed tokens of user {} in {}: {problem}",
        quoted(user),
        quoted(path)
    )]
    NotSaved {
        /// The kubeconfig entry.
        user: String,
        /// The kubeconfig.
        path: String,
        /// What went wrong.
        problem: SaveProblem,
    },
    /// The API server gave no token for a service account.
    #[error("no token for service account {namespace}/{name}: {problem}")]
    TokenRequest {
        /// The account's namespace.
        namespace: String,
        /// The account's name.
        name: String,
        /// What went wrong.
        problem: TokenRequestProblem,
    },
    /// The program's own token provider gave no token.
    #[error("{}: {problem}", ProviderName(provider))]
    Provider {
        /// Its name, as the profile has it.
        provider: String,
        /// What went wrong.
        problem: ProviderProblem,
    },
    /// The server answered 401 to what the source gave, to one credential after another or to the same
    /// one twice. The source is asked again after a pause, and the rejected credential, which is used
    /// until then, has expired.
    #[error(
        "the server rejected the last credentials (401) and the newest has expired; \
         a new one is fetched after a pause"
    )]
    Rejected,
    /// A host answered a job with the reply of another kind.
    #[error("the host answered with the wrong kind of reply")]
    WrongReply,
}

/// Why a token provider of the program gave no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum ProviderProblem {
    /// It failed, or there is none: in its own words.
    #[error("{0}")]
    NotProvided(Failure),
    /// What it gave cannot be sent as a token.
    #[error("its token {0}")]
    Token(ContentProblem),
}

/// What went wrong with an exec plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum PluginProblem {
    /// It needs a terminal and standard input is none (EX-20).
    #[error("it asks for interactiveMode Always, but standard input is not a terminal")]
    NotATerminal,
    /// It needs standard input, which the program itself is using (EX-20).
    #[error("it asks for interactiveMode Always, but standard input is unavailable{}", Because(.0))]
    StdinUnavailable(String),
    /// The plugin policy is against it (EX-83, EX-84).
    #[error("not allowed: {0}")]
    NotAllowed(String),
    /// No such program (EX-42, EX-43).
    #[error("executable not found")]
    NotFound,
    /// The host could not run it.
    #[error("cannot be run: {0}")]
    NotRun(Failure),
    /// It took longer than the policy's limit.
    #[error("gave no answer within {} s and was stopped", Seconds(*.0))]
    TimedOut(Duration),
    /// It wrote more than the policy's limit of bytes.
    #[error("wrote more than {0} bytes")]
    TooLarge(u64),
    /// It ended with this code; -1 for a signal (EX-41).
    #[error("failed with exit code {0}")]
    Exit(i32),
    /// What it printed is no ExecCredential (EX-50…EX-57).
    #[error("its output is not usable: {0}")]
    Output(OutputProblem),
}

/// What is wrong with an ExecCredential that a plugin printed (EX-50…EX-57).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum OutputProblem {
    /// Neither JSON nor YAML of the right shape; says where, not what (EX-50, EX-51, EX-54).
    #[error("decoding it failed: {0}")]
    Malformed(String),
    /// `apiVersion` is missing (EX-52).
    #[error("it has no apiVersion (configured is {configured:?})")]
    NoApiVersion {
        /// What the kubeconfig says.
        configured: String,
    },
    /// It is what `gcloud config config-helper` prints, which has no `apiVersion` either.
    #[error(
        "it is the output of gcloud config config-helper, which is not an ExecCredential; put \
         `kubecred cache --` before gcloud to translate it, or use gke-gcloud-auth-plugin"
    )]
    ConfigHelper,
    /// `apiVersion` is another than the configured one (EX-52).
    #[error("the plugin is configured for {configured:?} and returned {returned:?}")]
    ApiVersion {
        /// What the kubeconfig says.
        configured: String,
        /// What the plugin says.
        returned: String,
    },
    /// `kind` is not `ExecCredential` (EX-53).
    #[error("its kind is {0:?}, not \"ExecCredential\"")]
    Kind(String),
    /// `status` is missing (EX-55).
    #[error("it has no status field")]
    NoStatus,
    /// `status` holds nothing to use (EX-55).
    #[error("its status has neither a token nor a client certificate and key")]
    NoCredential,
    /// `status` holds one half of a pair (EX-55).
    #[error("its status has only one of clientCertificateData and clientKeyData")]
    HalfPair,
    /// `clientCertificateData` or `clientKeyData` is not usable (EX-55).
    #[error("its {0} {1}")]
    Pair(FileRole, ContentProblem),
    /// `token` is not usable (EX-56).
    #[error("its token {0}")]
    Token(ContentProblem),
    /// `expirationTimestamp` is not an RFC 3339 time (EX-57).
    #[error("its expirationTimestamp is not an RFC 3339 time")]
    Expiration,
}

/// Why there is no id-token (OI-11…OI-24).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum OidcProblem {
    /// There is none that is still good, and nothing to get another with (OI-13).
    #[error("there is no valid id-token, and no refresh-token to get one with; log in again")]
    NoRefreshToken,
    /// The one in hand is none, and there is nothing to get another with (OI-11, OI-12).
    #[error("the id-token {0}, and there is no refresh-token to get another with; log in again")]
    IdToken(IdTokenProblem),
    /// No request can be made of the issuer.
    #[error("idp-issuer-url is not an http or https URL with a host")]
    BadIssuer,
    /// The refresh token and the client's secret would be sent in clear. To a loopback address
    /// they may be.
    #[error("the {0} is plain http, and secrets would be sent to it in clear; it must be https")]
    InClear(Endpoint),
    /// The host could not send the request, or got no answer.
    #[error("{step}: {failure}")]
    NotSent {
        /// Which request.
        step: OidcStep,
        /// What the host says.
        failure: Failure,
    },
    /// The provider answered with this status, and not in the words of OAuth 2.0 (OI-20, OI-23).
    #[error("{step}: the provider answered with status {status}{}{}", Because(message), Redirect(*step, *status))]
    Status {
        /// Which request.
        step: OidcStep,
        /// The HTTP status.
        status: u16,
        /// What it says of it, cut and made safe to print; may be empty.
        message: String,
    },
    /// The provider's answer cannot be read; says where, not what (OI-20).
    #[error("{step}: the answer is not usable: {detail}")]
    Malformed {
        /// Which request.
        step: OidcStep,
        /// What is wrong with it.
        detail: String,
    },
    /// The discovery document does not say where to refresh (OI-20).
    #[error("discovery: the answer has no token_endpoint that is a URL")]
    NoTokenEndpoint,
    /// The provider refused, in the words of OAuth 2.0 (OI-23; RFC 6749, 5.2).
    #[error("refresh: the provider refused: {code}{}{}", Because(description), Advice(code))]
    Refused {
        /// `invalid_grant`, `invalid_client`, …
        code: String,
        /// The provider's own words, cut and made safe to print; may be empty.
        description: String,
    },
    /// The provider's answer to a refresh has no id-token (OI-24).
    #[error(
        "refresh: the provider's answer has no id_token: perhaps the scope openid was not asked \
         for at login, or the provider gives none when refreshing"
    )]
    NoIdToken,
    /// The provider's answer to a refresh has an id-token that is none (OI-25).
    #[error("refresh: the provider's id_token {0}")]
    NewIdToken(IdTokenProblem),
}

/// Why there is no token for a service account (TR-15, TR-21).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum TokenRequestProblem {
    /// The login that asks for it has no credential.
    #[error("the login that asks for it failed: {0}")]
    Bootstrap(Box<Error>),
    /// The server does not accept the login that asks for it (401), or does not let it ask (403: it
    /// needs `create` on `serviceaccounts/token`).
    #[error("the login that asks for it was refused ({status}): {message}")]
    BootstrapRejected {
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// There is no such account (404). It is not created.
    #[error("the service account does not exist: {0}")]
    NotFound(String),
    /// The account, or the object that the token is bound to, was replaced by another (409).
    #[error("it was replaced by another of the same name: {0}")]
    Replaced(String),
    /// The server answered with another error.
    #[error("the server answered with status {status}: {message}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The host could not send the request, or got no answer.
    #[error("the request could not be sent: {0}")]
    NotSent(Failure),
    /// The answer cannot be read; says where, not what.
    #[error("{0}")]
    Malformed(String),
    /// The answer holds no token.
    #[error("no token in server response")]
    NoToken,
    /// The token cannot be sent.
    #[error("the token {0}")]
    Token(ContentProblem),
    /// Namespace or name is no path segment.
    #[error("{0:?} is no valid name")]
    Name(String),
}

/// Why refreshed tokens are not in the kubeconfig (OI-26).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum SaveProblem {
    /// The host could not read it.
    #[error("it cannot be read: {0}")]
    NotRead(Failure),
    /// The host could not write it.
    #[error("it cannot be written: {0}")]
    NotWritten(Failure),
    /// It is not such that a token of it could be replaced; says where, never what.
    #[error("{0}")]
    NotEdited(String),
    /// The host answered with the reply to another kind of job.
    #[error("the host answered with the wrong kind of reply")]
    WrongReply,
    /// This build of the crate cannot change such files, and no store was given that can. Said
    /// before the refresh token is used, since it may be of no use afterwards.
    #[error("this build cannot write to it; who starts from it later may have to log in again")]
    Unsupported,
}

/// A request to an OpenID provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "a refresh takes these two")]
pub enum OidcStep {
    /// Where to refresh.
    Discovery,
    /// The refresh.
    Refresh,
}

impl fmt::Display for OidcStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "discovery",
            Self::Refresh => "refresh",
        })
    }
}

/// A place that secrets are sent to, or that says where to send them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "a refresh needs these two")]
pub enum Endpoint {
    /// `idp-issuer-url`.
    Issuer,
    /// The `token_endpoint` that the issuer names.
    Token,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Issuer => "idp-issuer-url",
            Self::Token => "token_endpoint that the provider names",
        })
    }
}

/// What is wrong with an id-token (OI-11, OI-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum IdTokenProblem {
    /// It has not three parts with dots between them.
    #[error("is not a JWT")]
    NotJwt,
    /// The second part is not base64 for URLs, without padding.
    #[error("has a payload that is not base64url")]
    Encoding,
    /// The second part is no map in JSON.
    #[error("has a payload that is not JSON")]
    Claims,
    /// It does not say when it ends.
    #[error("has no exp claim")]
    NoExpiry,
    /// It does not say in numbers when it ends.
    #[error("has an exp claim that is not a number")]
    Expiry,
    /// It cannot be sent.
    #[error("{0}")]
    Content(ContentProblem),
}

struct CannotRead<'a>(FileRole, &'a str, &'a Failure);

impl fmt::Display for CannotRead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(role, path, failure) = self;
        let Some(content) = redact::no_path(path) else {
            return write!(f, "cannot read {role} {}: {failure}", quoted(path));
        };
        write!(f, "{content} stands where the path of a file with the {role} belongs")?;
        match role {
            FileRole::ClientCertificate => {
                f.write_str("; name a file, or give it in base64 in client-certificate-data")
            }
            FileRole::ClientKey => {
                f.write_str("; name a file, or give it in base64 in client-key-data")
            }
            FileRole::Roots => {
                f.write_str("; name a file, or give it in base64 in certificate-authority-data")
            }
            FileRole::Token => f.write_str("; name a file, or give it as token"),
            _ => Ok(()),
        }
    }
}

struct Redirect(OidcStep, u16);

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(OidcStep::Refresh, 300..=399) => f.write_str(" (redirects are not followed)"),
            _ => Ok(()),
        }
    }
}

struct Advice<'a>(&'a str);

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "invalid_grant" => f.write_str("; log in again"),
            _ => Ok(()),
        }
    }
}

/// The entry that has it: authorities are the cluster's.
struct Whose<'a>(FileRole, &'a str);

impl fmt::Display for Whose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(FileRole::Roots, _) => f.write_str(" of the cluster"),
            Self(_, user) => write!(f, " of user {}", quoted(user)),
        }
    }
}

struct ProviderName<'a>(&'a str);

impl fmt::Display for ProviderName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("the program's token provider"),
            name => write!(f, "the program's token provider {}", quoted(name)),
        }
    }
}

struct Hint<'a>(&'a Option<String>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(hint) => write!(f, "\n\n{hint}"),
            None => Ok(()),
        }
    }
}

pub(crate) struct Because<'a>(pub(crate) &'a str);

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}
