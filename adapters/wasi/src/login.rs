//! Logging in to an OpenID provider with a device code, the one flow for a guest: WASI 0.2 has no
//! browser, no port to listen on, no terminal to ask on and no keyring.

use crate::capability::{Capability, Embedder};
use crate::perform::{Exchange, Host, wait};
use kubecred_core::exec::KUBERNETES_EXEC_INFO;
use kubecred_core::login::{
    Action, BrowserMode, Event, Grant, HostFacts, Input, Login, LoginError, LoginWire, Operation,
    Outcome, Random, RandomBytes, Settings, Storage,
};
use kubecred_core::protocol::{Request, SendRequest};
use kubecred_core::{Failure, FailureKind, Instant, Job, Policy, Secret};
use kubecred_host::net::ProxyVariables;
use kubecred_host::{Clock, environment};
use wasip2::random::random::get_random_bytes;

/// A login with a device code ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)): a code and an
/// address are shown, the user enters the code in any browser, and the guest asks the provider until
/// that is done.
///
/// Every run is a login: nothing is stored, since a guest cannot make a file that only one user may
/// read. Any other flow or storage that the settings ask for is an error that says so.
///
/// ```no_run
/// use kubecred_core::login::{Settings, Success};
/// use kubecred_wasi::{DeviceLogin, kubecred_core};
///
/// let settings = Settings::new("https://login.example.com", "kubernetes");
/// let outcome = DeviceLogin::new(settings).run(|event| eprintln!("{event}"))?;
/// if let Success::Credential(granted) = outcome {
///     print!("{}", granted.output.expose_str().unwrap_or_default());
/// }
/// # Ok::<(), kubecred_core::login::LoginError>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent before it runs"]
pub struct DeviceLogin {
    settings: Settings,
    does: Vec<Capability>,
}

impl DeviceLogin {
    /// With these settings. [`Grant::Auto`] and [`Storage::Auto`] mean what is possible here: the
    /// device flow, and nothing stored.
    pub fn new(settings: Settings) -> Self {
        Self { settings, does: Vec::new() }
    }

    /// As [`Builder::embedder_does`](crate::Builder::embedder_does), for connections to the provider.
    pub fn embedder_does(mut self, capability: Capability) -> Self {
        self.does.push(capability);
        self
    }

    /// Logs in. `tell` gets what the user must see: [`Event::Device`] has the code and the address.
    ///
    /// # Errors
    /// Why there is no credential: see [`LoginError`].
    pub fn run(mut self, tell: impl FnMut(Event)) -> Outcome {
        possible_here(&self.settings).map_err(LoginError::Usage)?;
        self.settings.grant = Grant::Device;
        self.settings.storage = Storage::None;
        self.settings.browser = BrowserMode::Never;
        let environment = environment();
        let host = Host {
            embedder: Embedder { does: self.does, proxies: ProxyVariables::new(&environment) },
            runner: None,
            provider: None,
            in_place: false,
            command_timeout: None,
            request_timeout: Policy::default().request_timeout,
        };
        let exec_info = std::env::var_os(KUBERNETES_EXEC_INFO);
        let facts = HostFacts {
            exec_info: exec_info.map(|text| text.to_string_lossy().into_owned()),
            ..HostFacts::default()
        };
        let login = Login::new(self.settings, Operation::Login);
        let clock = Clock::start();
        Driver { login, clock, host, sent: Vec::new(), wake: None, tell }.run(facts)
    }
}

/// What the settings ask for, if it is not possible in a guest.
fn possible_here(settings: &Settings) -> Result<(), String> {
    let missing = match settings.grant {
        Grant::Auto | Grant::Device => None,
        Grant::AuthorizationCode => {
            Some("the browser flow needs a browser and a port to listen on")
        }
        Grant::Paste => Some("pasting a code needs a terminal to ask on"),
        Grant::Password => Some("the password flow needs a terminal to ask on"),
        Grant::ClientCredentials => Some("client credentials are not offered here"),
        Grant::TokenExchange => Some("the token exchange is not offered here"),
    };
    if let Some(missing) = missing {
        return Err(format!("{missing}; a WASI guest logs in with a device code only"));
    }
    match settings.storage {
        Storage::Auto | Storage::None => Ok(()),
        Storage::Disk => {
            Err("a WASI guest stores no tokens: its files cannot be made private".into())
        }
        Storage::Keyring => Err("a WASI guest stores no tokens: it has no keyring".into()),
    }
}

/// The loop: actions out, inputs in.
struct Driver<T> {
    login: Login,
    clock: Clock,
    host: Host,
    sent: Vec<(Job<SendRequest, LoginWire>, Exchange)>,
    wake: Option<Instant>,
    tell: T,
}

impl<T: FnMut(Event)> Driver<T> {
    fn run(mut self, facts: HostFacts) -> Outcome {
        self.input(Input::Start(facts));
        loop {
            while let Some(action) = self.login.poll_action() {
                if let Action::Finish(outcome) = action {
                    return outcome;
                }
                if let Some(input) = self.perform(action) {
                    self.input(input);
                }
            }
            let input = self.next_input();
            self.input(input);
        }
    }

    fn input(&mut self, input: Input) {
        self.login.handle_input(self.clock.now(), input);
    }

    /// The answer, if the job has one at once.
    fn perform(&mut self, action: Action) -> Option<Input> {
        Some(match action {
            Action::ReadFile(job) => {
                let read = self.host.read(&job.request);
                job.done(read)
            }
            Action::SendRequest(job) => match self.host.send(&job.request) {
                Ok(exchange) => {
                    self.sent.push((job, exchange));
                    return None;
                }
                Err(failure) => job.done(Err(failure)),
            },
            Action::RandomBytes(job) => random(job),
            Action::ReadEntry(job) => refuse(job, "a cache of tokens"),
            Action::WriteEntry(job) => refuse(job, "a cache of tokens"),
            Action::DeleteEntry(job) => refuse(job, "a cache of tokens"),
            Action::KeyringGet(job) => refuse(job, "a keyring"),
            Action::KeyringSet(job) => refuse(job, "a keyring"),
            Action::KeyringDelete(job) => refuse(job, "a keyring"),
            Action::Lock(job) => refuse(job, "locks"),
            Action::Listen(job) => refuse(job, "ports to listen on"),
            Action::OpenBrowser(job) => refuse(job, "a browser"),
            Action::Prompt(job) => refuse(job, "a terminal to ask on"),
            Action::Cancel(id) => {
                self.sent.retain(|(job, _)| job.id != id);
                return None;
            }
            Action::RefreshAt(at) => {
                self.wake = Some(at);
                return None;
            }
            Action::Report(event) => {
                (self.tell)(event);
                return None;
            }
            // There is no listener and no lock; the outcome is taken out before.
            Action::Respond(_) | Action::StopListening | Action::Unlock | Action::Finish(_) => {
                return None;
            }
        })
    }

    /// Waits for an answer, or for the time that the machine named.
    fn next_input(&mut self) -> Input {
        loop {
            for index in 0..self.sent.len() {
                if let Some(outcome) = self.sent[index].1.look() {
                    let (job, exchange) = self.sent.swap_remove(index);
                    drop(exchange);
                    return job.done(outcome);
                }
            }
            let left = self.wake.map(|at| at.since(self.clock.now().monotonic));
            if left.is_none_or(|left| left.is_zero()) && (left.is_some() || self.sent.is_empty()) {
                self.wake = None;
                return Input::Tick;
            }
            let ready: Vec<_> = self.sent.iter().filter_map(|(_, sent)| sent.ready()).collect();
            wait(&ready, left);
        }
    }
}

/// From `wasi:random`, which is the embedder's cryptographic source.
fn random(job: Job<RandomBytes, LoginWire>) -> Input {
    let bytes = get_random_bytes(job.request.count as u64);
    job.done(Ok(Random(Secret::new(bytes))))
}

fn refuse<R: Request<LoginWire>>(job: Job<R, LoginWire>, what: &str) -> Input {
    job.done(Err(Failure::new(FailureKind::Unsupported, format!("WASI has no {what}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_or_a_storage_that_a_guest_cannot_offer_is_refused_with_its_reason() {
        let with = |grant, storage| {
            let mut settings = Settings::new("https://login.example", "kube");
            (settings.grant, settings.storage) = (grant, storage);
            let mut told = Vec::new();
            let outcome = DeviceLogin::new(settings).run(|event| told.push(event));
            assert_eq!(told, []);
            let error = outcome.expect_err("it is not possible");
            assert_eq!(error.exit_code(), 2);
            error.to_string()
        };
        for (grant, reason) in [
            (Grant::AuthorizationCode, "a browser"),
            (Grant::Paste, "a terminal"),
            (Grant::Password, "a terminal"),
            (Grant::ClientCredentials, "not offered"),
            (Grant::TokenExchange, "not offered"),
        ] {
            let text = with(grant, Storage::Auto);
            assert!(text.contains(reason) && text.contains("device code only"), "{text}");
        }
        assert!(with(Grant::Device, Storage::Keyring).contains("keyring"));
        assert!(with(Grant::Auto, Storage::Disk).contains("private"));
    }
}
