//! The one thread's part: the machine, and its jobs.
//!
//! Calls belong to the root of the plugin, not to the request that happens to be there: so a job is
//! kept until [`Leader::send`] is called from an event of the root.

use crate::host::{Answer, Call, Counter, Host, Level};
use crate::leader_state::Granted;
use crate::settings::Settings;
use kubecred_core::protocol::{FileBytes, Method, ReadFile, SendRequest, WriteFile, Written};
use kubecred_core::{
    Action, ActionId, Authenticator, Completion, Credential, Event, Failure, FailureKind, Input,
    Instant, Job, Now, Policy, Reply, Snapshot,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// The machine calls a job off by itself; this is for a proxy that would wait for ever.
const GRACE: Duration = Duration::from_secs(5);

/// Leads until it is dropped.
#[derive(Debug)]
pub(crate) struct Leader {
    /// Its number in the leader's state.
    pub(crate) epoch: u64,
    machine: Authenticator,
    /// Calls to be made.
    outbox: Vec<Job<SendRequest>>,
    /// Calls that have been made, by the proxy's number.
    calls: BTreeMap<u32, (ActionId, u64)>,
    timeout: Duration,
}

impl Leader {
    pub(crate) fn new(epoch: u64, settings: &Settings, now: Now) -> Self {
        let policy = Policy::default();
        let timeout = policy.request_timeout + GRACE;
        let jitter_seed = now.monotonic.as_millis() ^ epoch;
        Self {
            epoch,
            machine: Authenticator::new(&settings.profile, policy, jitter_seed),
            outbox: Vec::new(),
            calls: BTreeMap::new(),
            timeout,
        }
    }

    /// What a request can have now.
    pub(crate) fn snapshot(&self, now: Now) -> Snapshot<Granted, ()> {
        let granted = |lent: Credential<'_>| Granted {
            generation: lent.generation,
            headers: lent.headers.to_vec(),
        };
        self.machine.snapshot(now, granted).map_error(|_| ())
    }

    /// When to be told of the time.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.machine.poll_timeout()
    }

    /// Whether there are calls that no event of the root has sent yet.
    pub(crate) fn has_unsent(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Whether a call is out whose answer may be the only copy of a refresh token.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.calls.is_empty() || !self.outbox.is_empty()
    }

    /// Tells the machine, and does what it wants done but for calls.
    pub(crate) fn handle(
        &mut self,
        host: &impl Host,
        executor: &JobExecutor<'_>,
        now: Now,
        input: Input,
    ) {
        self.machine.handle_input(now, input);
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::ReadFile(job) => {
                    let outcome = executor.read(host, &job.request);
                    self.machine.handle_input(now, job.done(outcome));
                }
                Action::WriteFile(job) => {
                    let outcome = executor.write(host, &job.request);
                    self.machine.handle_input(now, job.done(outcome));
                }
                Action::RunCommand(job) => {
                    let failure = unsupported("a filter starts no processes");
                    self.machine.handle_input(now, job.done(Err(failure)));
                }
                Action::Provide(job) => {
                    let failure = unsupported("a filter has no token provider");
                    self.machine.handle_input(now, job.done(Err(failure)));
                }
                Action::SendRequest(job) => self.outbox.push(job),
                Action::Cancel(id) => self.forget(id),
                Action::Report(event) => self.report(host, executor, &event),
                // The leader state has the credential, `deadline` the time.
                Action::SetHeaders(_) | Action::RefreshAt(_) => {}
            }
        }
    }

    /// Sends what is to be sent. Only from an event of the root.
    pub(crate) fn send(&mut self, host: &impl Host, executor: &JobExecutor<'_>, now: Now) {
        for job in std::mem::take(&mut self.outbox) {
            let limit = job.request.limit;
            match executor.call(host, &job.request, self.timeout) {
                Ok(call) => {
                    host.count(Counter::CallsSent);
                    self.calls.insert(call, (job.id, limit));
                }
                Err(failure) => {
                    host.count(Counter::CallsFailed);
                    self.handle(host, executor, now, job.done(Err(failure)));
                }
            }
        }
    }

    /// Takes the answer to a call. One that was called off is dropped.
    pub(crate) fn answer(
        &mut self,
        host: &impl Host,
        executor: &JobExecutor<'_>,
        now: Now,
        call: u32,
        answer: Answer,
    ) {
        let Some((id, limit)) = self.calls.remove(&call) else { return };
        let outcome = match answer {
            Answer::Http(answer) if answer.body.len() as u64 <= limit => Ok(Reply::Http(answer)),
            Answer::Http(answer) => Err(too_large(answer.body.len())),
            Answer::TooLarge(bytes) => Err(too_large(bytes)),
            Answer::None => {
                Err(Failure::new(FailureKind::Network, "the proxy got no answer from its cluster"))
            }
        };
        if outcome.is_err() {
            host.count(Counter::CallsFailed);
        }
        self.handle(host, executor, now, Input::Complete(Completion { id, outcome }));
    }

    fn forget(&mut self, id: ActionId) {
        self.outbox.retain(|job| job.id != id);
        self.calls.retain(|_, (flying, _)| *flying != id);
    }

    fn report(&self, host: &impl Host, executor: &JobExecutor<'_>, event: &Event) {
        let user = &executor.settings.profile.authentication.user;
        match event {
            Event::Failed { error, serving, .. } => {
                host.count(Counter::RefreshesFailed);
                let rest = if *serving { "; the old credential stays in use" } else { "" };
                host.log(Level::Warn, &format!("{error}{rest}"));
            }
            Event::Rejected { .. } => {
                host.count(Counter::Rejected);
                host.log(
                    Level::Warn,
                    &format!("user {user:?}: the upstream answered 401; looking for another credential"),
                );
            }
            Event::Renewed { expires, .. } => {
                host.count(Counter::RefreshesSucceeded);
                let seconds = expires.map_or(0, |end| end.as_millis().div_euclid(1000));
                host.show_expiry(u64::try_from(seconds).unwrap_or_default());
                let end = expires.map_or_else(String::new, |end| format!(", good until {end}"));
                host.log(Level::Info, &format!("user {user:?}: has a credential{end}"));
            }
            Event::Withdrawn { .. } => {
                host.log(Level::Warn, &format!("user {user:?}: the credential has expired"));
            }
            Event::NotSaved { error, .. } => host.log(Level::Warn, &error.to_string()),
            Event::ClockSkew { millis, .. } => host.log(
                Level::Warn,
                &format!("user {user:?}: the credential had expired {millis} ms before it came: a clock is wrong"),
            ),
            // `Saved`: where the other threads find it, which is nothing to an operator.
            _ => {}
        }
    }
}

/// What jobs are done with: files are entries of the configuration, and servers the proxy's
/// clusters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobExecutor<'a> {
    pub(crate) settings: &'a Settings,
    /// Under which name to write what all threads have in common.
    pub(crate) name: &'a str,
}

impl JobExecutor<'_> {
    /// A file of the configuration, as it was written last.
    fn read(&self, host: &impl Host, request: &ReadFile) -> Result<FileBytes, Failure> {
        let written = host.read(&self.written(&request.path)).map(|(bytes, _)| bytes);
        let given = || self.settings.files.get(&request.path).cloned();
        let bytes = written.or_else(given).ok_or_else(|| {
            Failure::new(FailureKind::NotFound, "not among the files of the configuration")
        })?;
        match bytes.len() as u64 > request.limit {
            true => Err(too_large(bytes.len())),
            false => Ok(FileBytes(bytes)),
        }
    }

    /// Keeps a file for the other threads and for whoever leads next. It is on no disk.
    fn write(&self, host: &impl Host, request: &WriteFile) -> Result<Written, Failure> {
        let read = ReadFile { path: request.path.clone(), limit: u64::MAX };
        let before = self.read(host, &read)?;
        if request.replaces.as_ref().is_some_and(|replaces| *replaces != before.0) {
            return Err(Failure::new(FailureKind::Conflict, "another thread has written it"));
        }
        host.write(&self.written(&request.path), request.contents.expose(), None);
        Ok(Written)
    }

    fn written(&self, path: &str) -> String {
        [self.name, ".file.", path].concat()
    }

    fn call(
        &self,
        host: &impl Host,
        request: &SendRequest,
        timeout: Duration,
    ) -> Result<u32, Failure> {
        let target = self.settings.target(&request.url).map_err(|why| unsupported(&why))?;
        let call = Call {
            cluster: target.cluster,
            method: match request.method {
                Method::Get => "GET",
                Method::Post => "POST",
            },
            scheme: &target.scheme,
            authority: target.authority,
            path: &target.path,
            headers: &request.headers,
            body: &request.body,
            timeout,
        };
        let failed = |why: String| {
            Failure::new(FailureKind::Network, format!("cluster {:?}: {why}", target.cluster))
        };
        host.call(&call).map_err(|unsent| failed(unsent.0))
    }
}

fn unsupported(why: &str) -> Failure {
    Failure::new(FailureKind::Unsupported, why)
}

fn too_large(bytes: usize) -> Failure {
    Failure::new(FailureKind::TooLarge, format!("{bytes} bytes"))
}
