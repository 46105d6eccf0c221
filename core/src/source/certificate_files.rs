//! Files of a client certificate and key (UA-34).
//!
//! ```text
//!        key file                 certificate file
//!  idle ─────────▶ key ─────────▶ certificate ─────────▶ done, if they belong together
//!                   │ cannot be read
//!                   └───────────▶ certificate without key ───▶ an error that names what is missing
//! ```

use super::{CredentialParts, JobFailure, Lifecycle, Progress, Source, read};
use crate::certificate;
use crate::content::{ContentProblem, FileRole};
use crate::credential::Identity;
use crate::cx::Cx;
use crate::error::Error;
use crate::policy::Policy;
use crate::profile::{ClientCertificate, Material};
use crate::protocol::{Failure, Reply};
use crate::secret::Secret;
use alloc::format;
use core::mem;

/// A certificate and its key; one of the two may be given outright.
#[derive(Debug)]
pub(crate) struct CertificateFiles {
    pair: ClientCertificate,
    state: State,
}

/// What the job in flight is for.
#[derive(Debug)]
enum State {
    Idle,
    Key,
    Certificate {
        key: Secret,
    },
    /// The key cannot be read; this is to tell whether the certificate can (KC-56).
    CertificateWithoutKey {
        failure: Failure,
    },
}

impl CertificateFiles {
    pub(crate) fn new(pair: &ClientCertificate) -> Self {
        Self { pair: pair.clone(), state: State::Idle }
    }

    /// The key is at hand. It is read first, since who replaces a pair in two steps mostly writes
    /// the certificate first; either way [`matched`] notices a torn one.
    fn certificate(&mut self, key: Secret, cx: &Cx<'_>) -> Result<Progress, Error> {
        match &self.pair.certificate {
            Material::Data(certificate) => {
                matched(&self.pair, certificate.clone(), key).map(Progress::Done)
            }
            Material::File(path) => {
                self.state = State::Certificate { key };
                Ok(read(path, cx))
            }
        }
    }

    /// That one of the files cannot be read.
    fn unreadable(&self, role: FileRole, failure: Failure) -> Error {
        let material = match role {
            FileRole::ClientKey => &self.pair.key,
            _ => &self.pair.certificate,
        };
        match material {
            Material::File(path) => Error::File { role, path: path.clone(), failure },
            Material::Data(_) => Error::WrongReply,
        }
    }
}

impl Source for CertificateFiles {
    fn begin(&mut self, cx: &Cx<'_>) -> Result<Progress, Error> {
        match &self.pair.key {
            Material::File(path) => {
                self.state = State::Key;
                Ok(read(path, cx))
            }
            Material::Data(key) => self.certificate(key.clone(), cx),
        }
    }

    fn accept(&mut self, cx: &Cx<'_>, reply: Reply) -> Result<Progress, Error> {
        let Reply::File(bytes) = reply else { return Err(Error::WrongReply) };
        match mem::replace(&mut self.state, State::Idle) {
            State::Key => self.certificate(bytes.0, cx),
            State::Certificate { key } => matched(&self.pair, bytes.0, key).map(Progress::Done),
            State::CertificateWithoutKey { failure } => {
                Err(self.unreadable(FileRole::ClientKey, failure))
            }
            State::Idle => Err(Error::WrongReply),
        }
    }

    fn recover(&mut self, cx: &Cx<'_>, job: JobFailure) -> Result<Progress, Error> {
        match mem::replace(&mut self.state, State::Idle) {
            State::Key => match &self.pair.certificate {
                // A user who has lost both files is told so at once. A read that hung is not
                // followed by one.
                Material::File(path) if job.waited.is_none() => {
                    self.state = State::CertificateWithoutKey { failure: job.failure };
                    Ok(read(path, cx))
                }
                _ => Err(self.unreadable(FileRole::ClientKey, job.of_file())),
            },
            State::CertificateWithoutKey { failure } => {
                let also = self.unreadable(FileRole::ClientCertificate, job.of_file());
                let detail = format!("{failure}; and {also}");
                Err(self.unreadable(FileRole::ClientKey, Failure::new(failure.kind, detail)))
            }
            State::Certificate { .. } | State::Idle => {
                Err(self.unreadable(FileRole::ClientCertificate, job.of_file()))
            }
        }
    }

    fn lifecycle(&self, policy: &Policy) -> Lifecycle {
        Lifecycle::reloaded(policy, policy.certificate_files)
    }
}

/// Certificate and key, if they belong together.
pub(super) fn matched(
    pair: &ClientCertificate,
    certificate: Secret,
    key: Secret,
) -> Result<CredentialParts, Error> {
    let wrong = |problem| {
        let (role, material) = match problem {
            ContentProblem::BadKey => (FileRole::ClientKey, &pair.key),
            _ => (FileRole::ClientCertificate, &pair.certificate),
        };
        match material {
            Material::File(path) => Error::FileContent { role, path: path.clone(), problem },
            Material::Data(_) => Error::Data { role, user: "".into(), problem },
        }
    };
    certificate::check_pair(certificate.expose(), key.expose()).map_err(wrong)?;
    let expires = certificate::not_after(certificate.expose()).map_err(wrong)?;
    let identity = Some(Identity { certificate, key });
    Ok(CredentialParts { identity, expires, ..CredentialParts::default() })
}
