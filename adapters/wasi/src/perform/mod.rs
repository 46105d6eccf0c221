//! From a job to its answer: the things that a machine can want done.

mod command;
mod exchange;
mod wait;
mod write;

pub use command::CommandRunner;
#[cfg(feature = "run-command")]
pub use command::EmbedderCommands;

pub(crate) use exchange::{Answer, Exchange, Incoming, Message};
pub(crate) use wait::wait;

use crate::capability::{ConnectionSettings, Embedder};
use kubecred_core::protocol::{
    Exit, FileBytes, Method, Provide, Provided, ReadFile, RunCommand, SendRequest, WriteFile,
    Written,
};
use kubecred_core::{Failure, FailureKind};
use kubecred_host::fs::read_file;
use kubecred_host::net::parse_url;
use kubecred_host::{ProvidedToken, ProviderError, no_provider, provided};
use std::time::Duration;

/// Gives a token.
pub(crate) type Provider = dyn Fn() -> Result<ProvidedToken, ProviderError>;

/// What the jobs need from this guest and its embedder.
pub(crate) struct Host {
    pub(crate) embedder: Embedder,
    pub(crate) runner: Option<Box<dyn CommandRunner>>,
    pub(crate) provider: Option<Box<Provider>>,
    pub(crate) in_place: bool,
    /// How long a plugin may run that no person is talking to.
    pub(crate) command_timeout: Option<Duration>,
    /// How long a source's request may take.
    pub(crate) request_timeout: Duration,
}

impl Host {
    pub(crate) fn read(&self, request: &ReadFile) -> Result<FileBytes, Failure> {
        read_file(&request.path, request.limit).map(FileBytes)
    }

    pub(crate) fn run(&self, request: &RunCommand) -> Result<Exit, Failure> {
        command::run(self.runner.as_deref(), request, self.command_timeout)
    }

    pub(crate) fn provide(&self, request: &Provide) -> Result<Provided, Failure> {
        let provider = self.provider.as_ref().ok_or_else(no_provider)?;
        provided(provider(), request)
    }

    pub(crate) fn write(&self, request: &WriteFile) -> Result<Written, Failure> {
        match self.in_place {
            true => write::write(request).map(|()| Written),
            false => Err(write::refusal()),
        }
    }

    /// Sends it off, and does not follow redirects: the credentials are for whom they were
    /// addressed to.
    pub(crate) fn send(&self, request: &SendRequest) -> Result<Exchange, Failure> {
        let url = parse_url(&request.url).map_err(|_| unsupported("the URL is not one"))?;
        let message = Message {
            method: match request.method {
                Method::Get => http::Method::GET,
                Method::Post => http::Method::POST,
            },
            url,
            headers: request.headers.iter().map(|h| (&*h.name, h.value.expose())).collect(),
            body: request.body.expose(),
            timeout: Some(self.request_timeout),
        };
        message.check()?;
        let settings = ConnectionSettings::from(&request.tls);
        let admitted = self.embedder.admits(&message.url, &settings, &request.proxy);
        admitted.map_err(|missing| unsupported(&missing.to_string()))?;
        Exchange::start(&message, request.limit)
    }
}

fn unsupported(why: &str) -> Failure {
    Failure::new(FailureKind::Unsupported, why)
}
