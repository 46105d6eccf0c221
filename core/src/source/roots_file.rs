//! A file of trusted roots.

use super::{CredentialParts, JobFailure, Lifecycle, Progress, Source, read};
use crate::certificate;
use crate::content::FileRole;
use crate::cx::Cx;
use crate::error::Error;
use crate::policy::Policy;
use crate::protocol::Reply;
use crate::secret::Secret;
use alloc::string::String;

/// A CA file, read again from time to time.
#[derive(Debug)]
pub(crate) struct RootsFile {
    path: String,
}

impl RootsFile {
    pub(crate) fn new(path: &str) -> Self {
        Self { path: path.into() }
    }
}

impl Source for RootsFile {
    fn begin(&mut self, cx: &Cx<'_>) -> Result<Progress, Error> {
        Ok(read(&self.path, cx))
    }

    fn accept(&mut self, _: &Cx<'_>, reply: Reply) -> Result<Progress, Error> {
        let Reply::File(bytes) = reply else { return Err(Error::WrongReply) };
        let roots = Some(checked(&self.path, bytes.0)?);
        Ok(Progress::Done(CredentialParts { roots, ..CredentialParts::default() }))
    }

    fn recover(&mut self, _: &Cx<'_>, job: JobFailure) -> Result<Progress, Error> {
        let (role, path) = (FileRole::Roots, self.path.clone());
        Err(Error::File { role, path, failure: job.of_file() })
    }

    fn lifecycle(&self, policy: &Policy) -> Lifecycle {
        // A 401 says nothing about whom we trust.
        Lifecycle { refetch_on_401: false, ..Lifecycle::reloaded(policy, policy.roots_file) }
    }
}

/// What a CA file holds, if that can be used. An empty one trusts nothing (UA-33).
pub(super) fn checked(path: &str, content: Secret) -> Result<Secret, Error> {
    let wrong = |problem| Error::FileContent { role: FileRole::Roots, path: path.into(), problem };
    certificate::check_roots(content.expose()).map_err(wrong)?;
    Ok(content)
}
