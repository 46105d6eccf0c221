//! The types of `credentials.wit`.

use super::{
    Lift, Lower, choices, lift_records, lift_variants, lower_records, lower_variants, open_choices,
    open_variants, records, variants,
};
use crate::wit::credentials as wit;
use alloc::format;
use alloc::string::ToString;
use kubecred_core::policy::{Backoff, Reload, Renewal};
use kubecred_core::protocol::{
    Exit, FileBytes, HttpResponse, Method, Provide, Provided, ReadFile, RunCommand, SendRequest,
    SetHeaders, SlotName, Stdin, Tls, TrustAnchors, WriteFile, Written,
};
use kubecred_core::{
    Action, ActionId, Completion, ConnectionParts, ContentProblem, Credential, Endpoint, Error,
    Event, FileRole, Generation, Header, IdTokenProblem, Identity, Input, Job, Now, OidcProblem,
    OidcStep, OutputProblem, PluginProblem, Policy, ProviderProblem, Reply, SaveProblem, Stats,
    TokenRequestProblem, Unavailable,
};

records! {
    Now { monotonic, wall }
    Completion { id, outcome }
    Exit { code, stdout }
    HttpResponse { status, headers, body }
    Provide { provider, limit }
    Provided { token, expires }
    ReadFile { path, limit }
    RunCommand { program, args, env, stdin, allowlist, limit }
    SendRequest { method, url, headers, body, tls, proxy, limit }
    Tls { roots, identity, server_name, insecure_skip_verify }
    WriteFile { path, contents, mode, replaces }
    Identity { certificate, key }
    SetHeaders { generation, headers, expires, reconnect }
    Policy {
        renewal, min_interval, clock_skew_grace, token_file, certificate_files, roots_file, id_token_leeway,
        backoff, file_timeout, command_timeout, request_timeout, max_reply,
    }
    Reload { every, leeway }
    Backoff { initial, max }
}

/// There are no generics in the interface.
macro_rules! jobs {
    ($($request:ident, $job:ident;)*) => { $(
        impl Lower for Job<$request> {
            type Wit = wit::$job;
            fn lower(self) -> Self::Wit {
                wit::$job { id: self.id.lower(), request: self.request.lower() }
            }
        }
        impl Lift<wit::$job> for Job<$request> {
            fn lift(wit: wit::$job) -> Self {
                Self { id: Lift::lift(wit.id), request: Lift::lift(wit.request) }
            }
        }
    )* };
}

jobs! {
    ReadFile, ReadFileJob;
    RunCommand, RunCommandJob;
    SendRequest, SendRequestJob;
    WriteFile, WriteFileJob;
    Provide, ProvideJob;
}

choices! {
    Stdin { Inherit, Null }
    Method { Get, Post }
    OidcStep { Discovery, Refresh }
    Endpoint { Issuer, Token }
}

variants! {
    Input { Tick, Demand, DemandConnection, Close; Complete, Reject; }
    TrustAnchors { System; Pem; }
    Renewal { WhenExpired; ; Ahead / RenewalAhead { margin, percent } }
}

lower_variants! {
    Action {
        ; ReadFile, RunCommand, SendRequest, WriteFile, Provide, Cancel, SetHeaders, RefreshAt, Report;
    }
}

open_choices! {
    SlotName { Roots, Identity, BootstrapIdentity, BootstrapAuthorization, Authorization }
    FileRole {
        ClientCertificate, ClientKey, Roots, Token, Basic, Impersonation,
    }
    ContentProblem {
        Empty, NotHeaderText, NoPem, BadCertificate, BadKey, PairMismatch,
    }
}

open_variants! {
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
    PluginProblem {
        NotATerminal, NotFound;
        StdinUnavailable, NotAllowed, NotRun, TimedOut, TooLarge, Exit, Output;
    }
    OidcProblem {
        NoRefreshToken, BadIssuer, NoTokenEndpoint, NoIdToken;
        IdToken, InClear, NewIdToken;
        NotSent / OidcProblemNotSent { step, failure },
        Status / OidcProblemStatus { step, status, message },
        Malformed / OidcProblemMalformed { step, detail },
        Refused / OidcProblemRefused { code, description }
    }
    ProviderProblem { ; NotProvided, Token; }
    SaveProblem { WrongReply, Unsupported; NotRead, NotWritten, NotEdited; }
    IdTokenProblem { NotJwt, Encoding, Claims, NoExpiry, Expiry; Content; }
}

impl Lower for Error {
    type Wit = wit::Error;
    fn lower(self) -> Self::Wit {
        let message = self.to_string();
        let cause = match self {
            Self::File { role, path, failure } => wit::Cause::File(wit::CauseFile {
                role: role.lower(),
                path,
                failure: failure.lower(),
            }),
            Self::FileContent { role, path, problem } => {
                let (role, problem) = (role.lower(), problem.lower());
                wit::Cause::FileContent(wit::CauseFileContent { role, path, problem })
            }
            Self::Data { role, user, problem } => {
                let (role, problem) = (role.lower(), problem.lower());
                wit::Cause::Data(wit::CauseData { role, user, problem })
            }
            Self::Plugin { user, command, problem, hint } => {
                let problem = problem.lower();
                wit::Cause::Plugin(wit::CausePlugin { user, command, problem, hint })
            }
            Self::Oidc { user, issuer, problem } => {
                let problem = problem.lower();
                wit::Cause::Oidc(wit::CauseOidc { user, issuer, problem })
            }
            Self::NotSaved { user, path, problem } => {
                let problem = problem.lower();
                wit::Cause::NotSaved(wit::CauseNotSaved { user, path, problem })
            }
            Self::TokenRequest { namespace, name, problem } => {
                let problem = problem.lower();
                wit::Cause::TokenRequest(wit::CauseTokenRequest { namespace, name, problem })
            }
            Self::Provider { provider, problem } => {
                let problem = problem.lower();
                wit::Cause::Provider(wit::CauseProvider { provider, problem })
            }
            Self::Rejected => wit::Cause::Rejected,
            Self::WrongReply => wit::Cause::WrongReply,
            _ => wit::Cause::Other(message.clone()),
        };
        wit::Error { message, cause }
    }
}

impl Lower for TokenRequestProblem {
    type Wit = wit::TokenRequestProblem;
    fn lower(self) -> Self::Wit {
        use wit::TokenRequestProblem as Wit;
        use wit::{TokenRequestProblemBootstrapRejected, TokenRequestProblemStatus};
        match self {
            Self::Bootstrap(error) => Wit::Bootstrap(error.to_string()),
            Self::BootstrapRejected { status, message } => {
                Wit::BootstrapRejected(TokenRequestProblemBootstrapRejected { status, message })
            }
            Self::NotFound(message) => Wit::NotFound(message),
            Self::Replaced(message) => Wit::Replaced(message),
            Self::Status { status, message } => {
                Wit::Status(TokenRequestProblemStatus { status, message })
            }
            Self::NotSent(failure) => Wit::NotSent(failure.lower()),
            Self::Malformed(detail) => Wit::Malformed(detail),
            Self::NoToken => Wit::NoToken,
            Self::Token(problem) => Wit::Token(problem.lower()),
            Self::Name(name) => Wit::Name(name),
            other => Wit::Other(other.to_string()),
        }
    }
}

impl Lower for OutputProblem {
    type Wit = wit::OutputProblem;
    fn lower(self) -> Self::Wit {
        match self {
            Self::Malformed(text) => wit::OutputProblem::Malformed(text),
            Self::NoApiVersion { configured } => {
                wit::OutputProblem::NoApiVersion(wit::OutputProblemNoApiVersion { configured })
            }
            Self::ApiVersion { configured, returned } => {
                let versions = wit::OutputProblemApiVersion { configured, returned };
                wit::OutputProblem::ApiVersion(versions)
            }
            Self::ConfigHelper => wit::OutputProblem::ConfigHelper,
            Self::Kind(kind) => wit::OutputProblem::Kind(kind),
            Self::NoStatus => wit::OutputProblem::NoStatus,
            Self::NoCredential => wit::OutputProblem::NoCredential,
            Self::HalfPair => wit::OutputProblem::HalfPair,
            Self::Pair(role, problem) => wit::OutputProblem::Pair((role.lower(), problem.lower())),
            Self::Token(problem) => wit::OutputProblem::Token(problem.lower()),
            Self::Expiration => wit::OutputProblem::Expiration,
            other => wit::OutputProblem::Other(other.to_string()),
        }
    }
}

impl Lower for Reply {
    type Wit = wit::Reply;
    fn lower(self) -> Self::Wit {
        match self {
            Self::File(FileBytes(bytes)) => wit::Reply::File(bytes.lower()),
            Self::Exit(exit) => wit::Reply::Exit(exit.lower()),
            Self::Http(response) => wit::Reply::Http(response.lower()),
            Self::Written(Written) => wit::Reply::Written,
            Self::Provided(provided) => wit::Reply::Provided(provided.lower()),
        }
    }
}

impl Lift<wit::Reply> for Reply {
    fn lift(wit: wit::Reply) -> Self {
        match wit {
            wit::Reply::File(bytes) => Self::File(FileBytes(Lift::lift(bytes))),
            wit::Reply::Exit(exit) => Self::Exit(Lift::lift(exit)),
            wit::Reply::Http(response) => Self::Http(Lift::lift(response)),
            wit::Reply::Written => Self::Written(Written),
            wit::Reply::Provided(provided) => Self::Provided(Lift::lift(provided)),
        }
    }
}

impl Lower for Header {
    type Wit = wit::Header;
    fn lower(self) -> Self::Wit {
        wit::Header { name: self.name.into_owned(), value: self.value.lower() }
    }
}

impl Lift<wit::Header> for Header {
    fn lift(wit: wit::Header) -> Self {
        Self { name: wit.name.into(), value: Lift::lift(wit.value) }
    }
}

impl Lower for Credential<'_> {
    type Wit = wit::Credential;
    fn lower(self) -> Self::Wit {
        wit::Credential {
            generation: self.generation.lower(),
            headers: self.headers.to_vec().lower(),
            identity: self.identity.cloned().lower(),
            roots: self.roots.map(<[u8]>::to_vec),
            expires: self.expires.lower(),
            good_until: self.good_until.lower(),
            demand: self.demand,
        }
    }
}

impl Lower for ConnectionParts<'_> {
    type Wit = wit::ConnectionParts;
    fn lower(self) -> Self::Wit {
        wit::ConnectionParts {
            identity: self.identity.cloned().lower(),
            roots: self.roots.map(<[u8]>::to_vec),
            expires: self.expires.lower(),
            good_until: self.good_until.lower(),
            demand: self.demand,
        }
    }
}

impl Lower for Unavailable<'_> {
    type Wit = wit::Unavailable;
    fn lower(self) -> Self::Wit {
        match self {
            Self::Closed => wit::Unavailable::Closed,
            Self::Failed(error) => wit::Unavailable::Failed(error.clone().lower()),
            Self::Pending => wit::Unavailable::Pending,
        }
    }
}

impl Lower for Stats {
    type Wit = wit::Stats;
    fn lower(self) -> Self::Wit {
        wit::Stats {
            started: self.started,
            succeeded: self.succeeded,
            failed: self.failed,
            cancelled: self.cancelled,
            rejected: self.rejected,
            ignored: self.ignored,
        }
    }
}

impl Lower for ActionId {
    type Wit = wit::ActionId;
    fn lower(self) -> Self::Wit {
        self.as_u64()
    }
}

impl Lift<wit::ActionId> for ActionId {
    fn lift(wit: wit::ActionId) -> Self {
        Self::from_u64(wit)
    }
}

impl Lower for Generation {
    type Wit = wit::Generation;
    fn lower(self) -> Self::Wit {
        self.as_u64()
    }
}

impl Lift<wit::Generation> for Generation {
    fn lift(wit: wit::Generation) -> Self {
        Self::from_u64(wit)
    }
}
