//! The sources of credentials, each as pure functions: what to ask a host for, and what its answer
//! means. When to ask is the slot's affair.

pub mod exec;
mod file;
mod oidc;

use crate::credential::Identity;
use crate::error::{Error, FileRole};
use crate::policy::{Policy, Reload};
use crate::profile::{ClientCertificate, Exec, InteractiveMode, Material, Roots};
use crate::protocol::{
    Action, ActionId, Failure, FailureKind, Job, ReadFile, Reply, RunCommand, SendRequest, Stdin,
    WriteFile,
};
use crate::secret::Secret;
use crate::time::{Now, UnixTime};
use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

/// Where one slot's credential comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Files of a client certificate and key; one of the two may be given outright.
    CertificateFiles(ClientCertificate),
    /// An exec plugin of this kubeconfig user.
    Exec { user: String, exec: Box<Exec> },
    /// It was given outright: there is nothing to fetch.
    Fixed,
    /// An OpenID provider.
    Oidc(Box<OidcSource>),
    /// A file of trusted roots.
    RootsFile(String),
    /// A token file, and what to use until it has been read once.
    TokenFile { path: String, fallback: Option<Secret> },
}

/// What a source gave. Which of the three there are depends on the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(crate) authorization: Option<Secret>,
    pub(crate) identity: Option<Identity>,
    pub(crate) roots: Option<Secret>,
    pub(crate) expires: Option<UnixTime>,
}

impl Fetched {
    /// Whether a request or connection would look the same.
    pub(crate) fn same_bytes(&self, other: &Self) -> bool {
        self.authorization == other.authorization
            && self.identity == other.identity
            && self.roots == other.roots
    }
}

/// One job of an acquisition.
#[derive(Debug)]
pub(crate) enum Work {
    Read(ReadFile),
    Run(RunCommand),
    Send(SendRequest),
    Write(WriteFile),
}

impl Work {
    pub(crate) fn action(self, id: ActionId) -> Action {
        match self {
            Self::Read(request) => Action::ReadFile(Job { id, request }),
            Self::Run(request) => Action::RunCommand(Job { id, request }),
            Self::Send(request) => Action::SendRequest(Job { id, request }),
            Self::Write(request) => Action::WriteFile(Job { id, request }),
        }
    }

    /// How long it may take; `None`: as long as it likes.
    pub(crate) fn limit(&self, policy: &Policy) -> Option<Duration> {
        match self {
            Self::Read(_) | Self::Write(_) => Some(policy.file_timeout),
            // A person may be typing.
            Self::Run(RunCommand { stdin: Stdin::Inherit, .. }) => None,
            Self::Run(_) => policy.command_timeout,
            Self::Send(_) => Some(policy.request_timeout),
        }
    }
}

/// How far an acquisition of several jobs has come: what the job in flight is for, with what the
/// ones before it gave.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    Certificate {
        key: Secret,
    },
    /// The key cannot be read; this is to tell whether the certificate can (KC-56).
    CertificateWithoutKey {
        failure: Failure,
    },
    Key,
    Oidc(oidc::Stage),
    Plugin,
    PluginRoots,
    Roots,
    Token,
}

/// What follows from an answer.
#[derive(Debug)]
pub(crate) enum Next {
    Done(Fetched),
    Work(Stage, Work),
}

impl Source {
    /// The first job of an acquisition.
    pub(crate) fn begin(&mut self, now: Now, policy: &Policy) -> Result<Next, Error> {
        let read =
            |path: &String| Work::Read(ReadFile { path: path.clone(), limit: policy.max_reply });
        match self {
            Self::TokenFile { path, .. } => Ok(Next::Work(Stage::Token, read(path))),
            Self::RootsFile(path) => Ok(Next::Work(Stage::Roots, read(path))),
            Self::CertificateFiles(pair) => match &pair.key {
                Material::File(path) => Ok(Next::Work(Stage::Key, read(path))),
                Material::Data(key) => file::certificate(pair, key.clone(), policy),
            },
            Self::Exec { user, exec } => {
                match exec.cluster.as_ref().map(|c| &c.certificate_authority) {
                    Some(Roots::File(path)) => Ok(Next::Work(Stage::PluginRoots, read(path))),
                    Some(Roots::Pem(pem)) => run(user, exec, Some(pem.expose()), policy),
                    _ => run(user, exec, None, policy),
                }
            }
            Self::Fixed => Ok(Next::Done(Fetched::default())),
            Self::Oidc(oidc) => oidc.begin(now, policy),
        }
    }

    /// What the answer to the job of this stage means.
    pub(crate) fn accept(
        &mut self,
        now: Now,
        stage: Stage,
        reply: Reply,
        policy: &Policy,
    ) -> Result<Next, Error> {
        match (self, stage, reply) {
            (Self::TokenFile { path, .. }, Stage::Token, Reply::File(bytes)) => {
                file::token(path, &bytes.0).map(Next::Done)
            }
            (Self::RootsFile(path), Stage::Roots, Reply::File(bytes)) => {
                file::roots(path, bytes.0).map(Next::Done)
            }
            (Self::CertificateFiles(pair), Stage::Key, Reply::File(bytes)) => {
                file::certificate(pair, bytes.0, policy)
            }
            (Self::CertificateFiles(pair), Stage::Certificate { key }, Reply::File(bytes)) => {
                file::pair(pair, bytes.0, key).map(Next::Done)
            }
            (
                source @ Self::CertificateFiles(_),
                Stage::CertificateWithoutKey { failure },
                Reply::File(_),
            ) => Err(source.explain(&Stage::Key, failure, None, policy)),
            (Self::Exec { user, exec }, Stage::PluginRoots, Reply::File(bytes)) => {
                run(user, exec, Some(bytes.0.expose()), policy)
            }
            (Self::Exec { user, exec }, Stage::Plugin, Reply::Exit(exit)) => {
                let fetched =
                    exec::accept(exec, &exit).map_err(|problem| plugin(user, exec, problem))?;
                Ok(Next::Done(Fetched {
                    authorization: fetched.token.map(|token| file::bearer(token.expose())),
                    identity: fetched.identity,
                    roots: None,
                    expires: fetched.expires,
                }))
            }
            (Self::Oidc(oidc), Stage::Oidc(stage), reply) => oidc.accept(now, stage, reply, policy),
            _ => Err(Error::WrongReply),
        }
    }

    /// What follows from a host's failure at this stage: an error or, if this was only worth a try,
    /// the next job. `waited`: for how long, if the machine itself called the job off.
    pub(crate) fn recover(
        &mut self,
        now: Now,
        stage: &Stage,
        failure: Failure,
        waited: Option<Duration>,
        policy: &Policy,
    ) -> Result<Next, Error> {
        match (self, stage) {
            (Self::Oidc(oidc), Stage::Oidc(stage)) => {
                oidc.recover(now, stage, failure, waited, policy)
            }
            // Who has lost both files is told so at once. A read that hung is not followed by one.
            (
                Self::CertificateFiles(ClientCertificate {
                    certificate: Material::File(path),
                    key: Material::File(_),
                }),
                Stage::Key,
            ) if waited.is_none() => {
                let work = Work::Read(ReadFile { path: path.clone(), limit: policy.max_reply });
                Ok(Next::Work(Stage::CertificateWithoutKey { failure }, work))
            }
            (
                source @ Self::CertificateFiles(_),
                Stage::CertificateWithoutKey { failure: of_key },
            ) => Err(source.neither(of_key, failure, waited, policy)),
            (source, stage) => Err(source.explain(stage, failure, waited, policy)),
        }
    }

    /// The error that a host's failure at this stage is.
    fn explain(
        &self,
        stage: &Stage,
        failure: Failure,
        waited: Option<Duration>,
        policy: &Policy,
    ) -> Error {
        let file = |role, path: &String, failure| Error::File { role, path: path.clone(), failure };
        let failure = match waited {
            Some(limit) if !matches!(stage, Stage::Plugin) => {
                let detail = alloc::format!("not read within {} s", limit.as_secs_f32());
                Failure::new(FailureKind::TimedOut, detail)
            }
            _ => failure,
        };
        match (self, stage) {
            (Self::TokenFile { path, .. }, _) => file(FileRole::Token, path, failure),
            (Self::RootsFile(path), _) => file(FileRole::Roots, path, failure),
            (Self::CertificateFiles(pair), stage) => {
                let (role, material) = match stage {
                    Stage::Key => (FileRole::ClientKey, &pair.key),
                    _ => (FileRole::ClientCertificate, &pair.certificate),
                };
                match material {
                    Material::File(path) => file(role, path, failure),
                    Material::Data(_) => Error::WrongReply,
                }
            }
            (Self::Exec { exec, .. }, Stage::PluginRoots) => {
                match exec.cluster.as_ref().map(|c| &c.certificate_authority) {
                    Some(Roots::File(path)) => file(FileRole::Roots, path, failure),
                    _ => Error::WrongReply,
                }
            }
            (Self::Exec { user, exec }, _) => {
                exec::explain(exec, user, failure, waited, policy.max_reply)
            }
            (Self::Fixed | Self::Oidc(_), _) => Error::WrongReply,
        }
    }

    /// The error of a pair of which no file can be read: it names both.
    fn neither(
        &self,
        of_key: &Failure,
        of_certificate: Failure,
        waited: Option<Duration>,
        policy: &Policy,
    ) -> Error {
        let certificate = Stage::CertificateWithoutKey { failure: of_key.clone() };
        let also = self.explain(&certificate, of_certificate, waited, policy);
        let detail = alloc::format!("{of_key}; and {also}");
        self.explain(&Stage::Key, Failure::new(of_key.kind, detail), None, policy)
    }

    /// The source, if it has tokens to write back.
    pub(crate) fn oidc(&mut self) -> Option<&mut OidcSource> {
        match self {
            Self::Oidc(oidc) => Some(oidc),
            _ => None,
        }
    }

    /// What to serve while nothing has ever been fetched.
    pub(crate) fn fallback(&self) -> Option<Fetched> {
        match self {
            Self::TokenFile { fallback: Some(authorization), .. } => {
                Some(Fetched { authorization: Some(authorization.clone()), ..Fetched::default() })
            }
            _ => None,
        }
    }

    /// Whether a person may be asked something: then only a person's request starts it.
    pub(crate) fn talks_to_a_person(&self) -> bool {
        match self {
            Self::Exec { exec, .. } => {
                exec.interactive_mode != InteractiveMode::Never
                    && exec.stdin.terminal
                    && exec.stdin.unavailable.is_none()
            }
            _ => false,
        }
    }

    /// How often to fetch again what has no end of its own.
    pub(crate) fn reload(&self, policy: &Policy) -> Option<Reload> {
        match self {
            Self::TokenFile { .. } => Some(policy.token_file),
            Self::CertificateFiles(_) => Some(policy.certificate_files),
            Self::RootsFile(_) => Some(policy.roots_file),
            Self::Exec { .. } | Self::Fixed | Self::Oidc(_) => None,
        }
    }

    /// How long before its end to renew what lives for `life`; `None`: not before.
    pub(crate) fn lead(&self, life: Duration, policy: &Policy) -> Option<Duration> {
        match self {
            Self::Oidc(oidc) if !oidc.can_refresh() => None,
            _ => policy.renewal.lead(life),
        }
    }

    /// How long before its end what is held is not used any more if there can be another.
    pub(crate) fn leeway(&self, policy: &Policy) -> Option<Duration> {
        match self {
            Self::Oidc(oidc) if oidc.can_refresh() => Some(policy.id_token_leeway),
            _ => None,
        }
    }

    /// Whether a 401 is a reason to fetch again.
    pub(crate) fn answers_for_401(&self) -> bool {
        match self {
            Self::CertificateFiles(_) | Self::Exec { .. } | Self::TokenFile { .. } => true,
            Self::Fixed | Self::RootsFile(_) => false,
            Self::Oidc(oidc) => oidc.has_more(),
        }
    }
}

fn run(user: &str, exec: &Exec, roots: Option<&[u8]>, policy: &Policy) -> Result<Next, Error> {
    exec::request(exec, roots, policy.max_reply)
        .map(|command| Next::Work(Stage::Plugin, Work::Run(command)))
        .map_err(|problem| plugin(user, exec, problem))
}

fn plugin(user: &str, exec: &Exec, problem: crate::error::PluginProblem) -> Error {
    Error::Plugin { user: user.into(), command: exec.command.clone(), problem, hint: None }
}

pub(crate) use file::{basic, fixed_pair, fixed_roots, fixed_token};
pub(crate) use oidc::{Edit, OidcSource, Tokens, id_token};
