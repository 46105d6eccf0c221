//! The other half of what the component only lowers: actions, events and errors.
//!
//! The interface has a case `other` where the core may grow; that it never comes while both are of
//! one version is part of the proof, and so it is a panic here.

use crate::convert::{Lift, lift_variants};
use crate::wit::credentials as wit;
use kubecred_core::protocol::SlotName;
use kubecred_core::{
    Action, ContentProblem, Error, Event, FileRole, IdTokenProblem, OidcProblem, OutputProblem,
    PluginProblem, ProviderProblem, SaveProblem, Stats, TokenRequestProblem,
};

/// The error in the core's words, which are the component's.
pub(crate) fn describe(error: wit::Error) -> String {
    let message = error.message.clone();
    assert_eq!(Error::lift(error).to_string(), message, "the cause and the message differ");
    message
}

lift_variants! {
    Action {
        ; ReadFile, RunCommand, SendRequest, WriteFile, Provide, Cancel, SetHeaders, RefreshAt, Report;
    }
}

/// Enums with a case that is not the core's.
macro_rules! lift_open {
    ($($name:ident {
        $($unit:ident),* ; $($one:ident),* ; $($many:ident / $record:ident { $($field:ident),* }),*
    })*) => { $(
        impl Lift<wit::$name> for $name {
            fn lift(wit: wit::$name) -> Self {
                match wit {
                    $(wit::$name::$unit => Self::$unit,)*
                    $(wit::$name::$one(value) => Self::$one(Lift::lift(value)),)*
                    $(wit::$name::$many(wit::$record { $($field),* }) => {
                        Self::$many { $($field: Lift::lift($field)),* }
                    })*
                    other => panic!("the component is of another version: {other:?}"),
                }
            }
        }
    )* };
}

lift_open! {
    Event {
        ; ;
        Failed / EventFailed { slot, error, retry_at, serving },
        Rejected / EventRejected { generation },
        Renewed / EventRenewed { slot, generation, expires },
        Saved / EventSaved { path },
        NotSaved / EventNotSaved { error, retry_at },
        Withdrawn / EventWithdrawn { slot, generation },
        ClockSkew / EventClockSkew { slot, millis }
    }
    SlotName { Roots, Identity, BootstrapIdentity, BootstrapAuthorization, Authorization ; ; }
    FileRole { ClientCertificate, ClientKey, Roots, Token, Basic, Impersonation ; ; }
    ContentProblem { Empty, NotHeaderText, NoPem, BadCertificate, BadKey, PairMismatch ; ; }
    PluginProblem {
        NotATerminal, NotFound ;
        StdinUnavailable, NotAllowed, NotRun, TimedOut, TooLarge, Exit, Output ;
    }
    OidcProblem {
        NoRefreshToken, BadIssuer, NoTokenEndpoint, NoIdToken ;
        IdToken, InClear, NewIdToken ;
        NotSent / OidcProblemNotSent { step, failure },
        Status / OidcProblemStatus { step, status, message },
        Malformed / OidcProblemMalformed { step, detail },
        Refused / OidcProblemRefused { code, description }
    }
    ProviderProblem { ; NotProvided, Token ; }
    SaveProblem { WrongReply, Unsupported ; NotRead, NotWritten, NotEdited ; }
    IdTokenProblem { NotJwt, Encoding, Claims, NoExpiry, Expiry ; Content ; }
}

impl Lift<wit::Error> for Error {
    fn lift(wit: wit::Error) -> Self {
        match wit.cause {
            wit::Cause::File(wit::CauseFile { role, path, failure }) => {
                Self::File { role: Lift::lift(role), path, failure: Lift::lift(failure) }
            }
            wit::Cause::FileContent(wit::CauseFileContent { role, path, problem }) => {
                Self::FileContent { role: Lift::lift(role), path, problem: Lift::lift(problem) }
            }
            wit::Cause::Data(wit::CauseData { role, user, problem }) => {
                Self::Data { role: Lift::lift(role), user, problem: Lift::lift(problem) }
            }
            wit::Cause::Plugin(wit::CausePlugin { user, command, problem, hint }) => {
                Self::Plugin { user, command, problem: Lift::lift(problem), hint }
            }
            wit::Cause::Oidc(wit::CauseOidc { user, issuer, problem }) => {
                Self::Oidc { user, issuer, problem: Lift::lift(problem) }
            }
            wit::Cause::NotSaved(wit::CauseNotSaved { user, path, problem }) => {
                Self::NotSaved { user, path, problem: Lift::lift(problem) }
            }
            wit::Cause::TokenRequest(wit::CauseTokenRequest { namespace, name, problem }) => {
                Self::TokenRequest { namespace, name, problem: Lift::lift(problem) }
            }
            wit::Cause::Provider(wit::CauseProvider { provider, problem }) => {
                Self::Provider { provider, problem: Lift::lift(problem) }
            }
            wit::Cause::Rejected => Self::Rejected,
            wit::Cause::WrongReply => Self::WrongReply,
            wit::Cause::Other(text) => panic!("the component is of another version: {text}"),
        }
    }
}

impl Lift<wit::TokenRequestProblem> for TokenRequestProblem {
    fn lift(wit: wit::TokenRequestProblem) -> Self {
        use wit::TokenRequestProblem as Wit;
        use wit::{TokenRequestProblemBootstrapRejected, TokenRequestProblemStatus};
        match wit {
            // The interface has no recursive types; the words are the same.
            Wit::Bootstrap(text) => {
                Self::Malformed(format!("the login that asks for it failed: {text}"))
            }
            Wit::BootstrapRejected(TokenRequestProblemBootstrapRejected { status, message }) => {
                Self::BootstrapRejected { status, message }
            }
            Wit::NotFound(message) => Self::NotFound(message),
            Wit::Replaced(message) => Self::Replaced(message),
            Wit::Status(TokenRequestProblemStatus { status, message }) => {
                Self::Status { status, message }
            }
            Wit::NotSent(failure) => Self::NotSent(Lift::lift(failure)),
            Wit::Malformed(detail) => Self::Malformed(detail),
            Wit::NoToken => Self::NoToken,
            Wit::Token(problem) => Self::Token(Lift::lift(problem)),
            Wit::Name(name) => Self::Name(name),
            Wit::Other(text) => panic!("the component is of another version: {text}"),
        }
    }
}

impl Lift<wit::OutputProblem> for OutputProblem {
    fn lift(wit: wit::OutputProblem) -> Self {
        match wit {
            wit::OutputProblem::Malformed(text) => Self::Malformed(text),
            wit::OutputProblem::NoApiVersion(versions) => {
                Self::NoApiVersion { configured: versions.configured }
            }
            wit::OutputProblem::ApiVersion(versions) => {
                let wit::OutputProblemApiVersion { configured, returned } = versions;
                Self::ApiVersion { configured, returned }
            }
            wit::OutputProblem::ConfigHelper => Self::ConfigHelper,
            wit::OutputProblem::Kind(kind) => Self::Kind(kind),
            wit::OutputProblem::NoStatus => Self::NoStatus,
            wit::OutputProblem::NoCredential => Self::NoCredential,
            wit::OutputProblem::HalfPair => Self::HalfPair,
            wit::OutputProblem::Pair((role, problem)) => {
                Self::Pair(Lift::lift(role), Lift::lift(problem))
            }
            wit::OutputProblem::Token(problem) => Self::Token(Lift::lift(problem)),
            wit::OutputProblem::Expiration => Self::Expiration,
            wit::OutputProblem::Other(text) => {
                panic!("the component is of another version: {text}")
            }
        }
    }
}

impl Lift<wit::Stats> for Stats {
    fn lift(wit: wit::Stats) -> Self {
        let mut stats = Self::default();
        let wit::Stats { started, succeeded, failed, cancelled, rejected, ignored } = wit;
        (stats.started, stats.succeeded, stats.failed) = (started, succeeded, failed);
        (stats.cancelled, stats.rejected, stats.ignored) = (cancelled, rejected, ignored);
        stats
    }
}
