//! Tokens that the program itself gives: from a cloud's SDK, a vault, a test.
//!
//! ```text
//!  due ─▶ the program is asked ─▶ token, and perhaps its end
//! ```
//!
//! Renewed ahead of its end, and asked for again after a 401. What it says when it fails is for people:
//! it goes through the redacting door.

use super::{CredentialParts, JobFailure, JobRequest, Lifecycle, Progress, Source};
use crate::content::{ContentProblem, header_text};
use crate::cx::Cx;
use crate::error::{Error, ProviderProblem};
use crate::policy::Policy;
use crate::protocol::{Failure, Provide, Provided, Reply};
use crate::redact;
use alloc::string::String;

/// A token provider of the program.
#[derive(Debug)]
pub(crate) struct ProvidedSource {
    provider: String,
}

impl ProvidedSource {
    pub(crate) fn new(provider: &str) -> Self {
        Self { provider: provider.into() }
    }

    fn failed(&self, problem: ProviderProblem) -> Error {
        Error::Provider { provider: self.provider.clone(), problem }
    }
}

impl Source for ProvidedSource {
    fn begin(&mut self, cx: &Cx<'_>) -> Result<Progress, Error> {
        let (provider, limit) = (self.provider.clone(), cx.policy.max_reply);
        Ok(Progress::Request(JobRequest::Provide(Provide { provider, limit })))
    }

    fn accept(&mut self, _: &Cx<'_>, reply: Reply) -> Result<Progress, Error> {
        let Reply::Provided(Provided { token, expires }) = reply else {
            return Err(Error::WrongReply);
        };
        if token.is_empty() {
            return Err(self.failed(ProviderProblem::Token(ContentProblem::Empty)));
        }
        header_text(token.expose()).map_err(|p| self.failed(ProviderProblem::Token(p)))?;
        Ok(Progress::Done(CredentialParts { expires, ..CredentialParts::bearer(token.expose()) }))
    }

    fn recover(&mut self, _: &Cx<'_>, job: JobFailure) -> Result<Progress, Error> {
        let Failure { kind, detail } = job.of_request();
        let failure = Failure::new(kind, redact::text(&detail));
        Err(self.failed(ProviderProblem::NotProvided(failure)))
    }

    fn lifecycle(&self, policy: &Policy) -> Lifecycle {
        Lifecycle::renewed(policy)
    }
}
