//! Authorization code with PKCE, received on a loopback address (LG-27…LG-59).

use super::token::field;
use super::{Flow, Goal, Login, Purpose, Stage, Step, wrong_reply};
use crate::credential::Header;
use crate::login::authorization::with_query;
use crate::login::authorization::{Redirect, Request as AuthorizationRequest, Secrets, scope};
use crate::login::callback::{self, Address, Parameters, Request};
use crate::login::outcome::{Event, LoginError, Step as RequestStep};
use crate::login::protocol::{
    Action, Exchange, ExchangeId, Listen, ListenHost, OpenBrowser, RandomBytes, Reply, ResponseBody,
};
use crate::login::provider::endpoint;
use crate::login::settings::{BrowserMode, Grant, Operation};
use crate::oauth::{self, ClientAuthMethod, Object};
use crate::protocol::{Failure, FailureKind};
use crate::secret::Secret;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// The state of a login in the browser.
#[derive(Debug)]
pub(super) struct Code {
    secrets: Secrets,
    /// Secrets for a second authorization request, if the provider refuses the scope
    /// `offline_access` (LG-33).
    spare: Option<Secrets>,
    offline_access: bool,
    redirect: Option<Redirect>,
    /// The URL to which the start address redirects. It contains the state.
    authorization: Secret,
    /// The provider has answered with this state, so it cannot be used again (LG-47).
    burned: bool,
    foreign_reported: bool,
    /// Requests for the result page that came before the result (LG-54).
    waiting: Vec<ExchangeId>,
}

impl Code {
    pub(super) fn nonce(&self) -> &Secret {
        &self.secrets.nonce
    }

    /// Whether the listener is open.
    pub(super) const fn is_listening(&self) -> bool {
        self.redirect.is_some()
    }

    /// Whether the provider has answered, so that the browser will fetch the last page.
    pub(super) const fn is_answered(&self) -> bool {
        self.burned
    }

    pub(super) fn secrets_to_hide(&self) -> Vec<&Secret> {
        let Secrets { state, nonce, verifier, path } = &self.secrets;
        alloc::vec![state, nonce, verifier, path]
    }
}

impl Login {
    /// Checks that there is no pause, before the first request or question (LG-6, LG-99).
    pub(super) fn check_login_allowed(&self) -> Step {
        let workload = matches!(
            self.settings.grant,
            Grant::ClientCredentials | Grant::TokenExchange | Grant::Password
        );
        let pause = self.entry.pause.as_ref().filter(|pause| pause.lasts(self.now.wall));
        if let Some(pause) = pause.filter(|_| self.operation == Operation::Token && !workload) {
            let (until, reason) = (pause.until, pause.reason.clone());
            return Err(LoginError::Paused { until, reason });
        }
        Ok(())
    }

    /// Begins the flow of the settings or, for `auto`, the one that is possible here (LG-12,
    /// LG-14).
    pub(super) fn begin_login(&mut self) -> Step {
        self.limit_run();
        match self.settings.grant {
            Grant::Auto => self.begin_best(),
            Grant::AuthorizationCode => self.draw(Flow::None),
            Grant::Paste => self.begin_paste(),
            Grant::Device => self.begin_device(),
            Grant::Password => self.begin_password(),
            Grant::ClientCredentials => self.client_credentials(),
            Grant::TokenExchange => self.read_subject_again(),
        }
    }

    fn begin_best(&mut self) -> Step {
        let has_device = self
            .provider
            .as_ref()
            .is_some_and(|provider| !provider.device_authorization_endpoint.is_empty());
        if self.settings.username.is_some() {
            return self.begin_password();
        }
        let mode = self.settings.browser;
        let usable = self.facts.desktop.is_usable() || mode == BrowserMode::Always;
        if usable && mode != BrowserMode::Never {
            return self.draw(Flow::None);
        }
        if has_device {
            return self.begin_device();
        }
        if mode == BrowserMode::Never {
            // The address is printed.
            return self.draw(Flow::None);
        }
        if self.facts.can_prompt && self.settings.redirect_uri.is_some() {
            return self.begin_paste();
        }
        let paste = if self.facts.can_prompt {
            "no redirect URI is set for pasting a code"
        } else {
            "nothing can be asked here (is interactiveMode Never?)"
        };
        Err(LoginError::LoginNeeded(alloc::vec![
            "no browser is usable here".into(),
            "the provider has no device_authorization_endpoint".into(),
            paste.into(),
        ]))
    }

    /// Requests all random bytes of the flow at once (LG-28).
    pub(super) fn draw(&mut self, flow: Flow) -> Step {
        self.flow = flow;
        let count = Secrets::BYTES.saturating_mul(2);
        self.job(Purpose::Random, RandomBytes { count }, Action::RandomBytes);
        Ok(())
    }

    pub(super) fn random_drawn(&mut self, outcome: Result<Reply, Failure>) -> Step {
        let bytes = match outcome {
            Ok(Reply::Random(bytes)) => bytes.0,
            Ok(_) => return wrong_reply(),
            Err(failure) => {
                return Err(LoginError::Host { what: "no random bytes".into(), failure });
            }
        };
        let (secrets, spare) = self.split(&bytes).ok_or_else(|| {
            let failure = Failure::new(FailureKind::Other, "they are too few, or not random");
            LoginError::Host { what: "no random bytes".into(), failure }
        })?;
        self.drawn.push(bytes);
        match core::mem::replace(&mut self.flow, Flow::None) {
            Flow::Paste(_) => self.paste(secrets),
            Flow::Device(_) => self.start_device(secrets),
            _ => self.listen(secrets, spare),
        }
    }

    /// Two sets of secrets; `None` if there are too few bytes, or the host repeats itself.
    fn split(&self, bytes: &Secret) -> Option<(Secrets, Secrets)> {
        let bytes = bytes.expose();
        let (first, second) = bytes.split_at_checked(Secrets::BYTES)?;
        let mut parts: Vec<&[u8]> = bytes.chunks(32).collect();
        parts.sort_unstable();
        let repeated = parts.windows(2).any(|pair| pair.first() == pair.last());
        let again = self.drawn.iter().any(|drawn| drawn.expose() == bytes);
        if repeated || again {
            return None;
        }
        Some((Secrets::new(first)?, Secrets::new(second)?))
    }

    fn listen(&mut self, secrets: Secrets, spare: Secrets) -> Step {
        self.flow = Flow::Code(Box::new(Code {
            secrets,
            spare: Some(spare),
            offline_access: self.wants_offline_access(),
            redirect: None,
            authorization: Secret::default(),
            burned: false,
            foreign_reported: false,
            waiting: Vec::new(),
        }));
        let settings = &self.settings;
        let other = |address: &crate::login::ListenAddress| matches!(address.host, ListenHost::Address(ip) if !ip.is_loopback());
        let warns = settings.listen.iter().any(other);
        let pkce = settings.pkce;
        let request =
            Listen { addresses: settings.listen.clone(), tls: settings.listen_tls.clone() };
        if warns {
            self.report(Event::Warning("other machines can reach the address listened on"));
        }
        if !pkce {
            self.report(Event::Warning("PKCE is off: a stolen code can be redeemed"));
        }
        self.job(Purpose::Listen, request, Action::Listen);
        Ok(())
    }

    /// Whether to request `offline_access`: by default if the discovery document lists it (LG-33).
    pub(super) fn wants_offline_access(&self) -> bool {
        let offered = self.provider.as_ref().is_some_and(|provider| provider.offers_offline_access);
        let named = self.settings.extra_scopes.iter().any(|scope| scope == "offline_access");
        self.settings.offline_access.unwrap_or(offered || named)
    }

    pub(super) fn listening(&mut self, outcome: Result<Reply, Failure>) -> Step {
        let listening = match outcome {
            Ok(Reply::Listening(listening)) => listening,
            Ok(_) => return wrong_reply(),
            Err(failure) => {
                let ports: Vec<String> = self
                    .settings
                    .listen
                    .iter()
                    .map(|address| alloc::format!("{}", address.port))
                    .collect();
                let ports = ports.join(", ");
                let what = alloc::format!(
                    "cannot listen for the browser on port {ports} (--listen-address)"
                );
                return Err(LoginError::Host { what, failure });
            }
        };
        let redirect = Redirect::new(&self.settings, listening.port);
        let redirect = redirect.ok_or_else(|| {
            LoginError::Usage("the redirect URI is not an http or https URL".into())
        })?;
        if let Flow::Code(code) = &mut self.flow {
            code.redirect = Some(redirect);
        }
        if self.goal == Goal::EndSession {
            return self.open(self.end_session_url());
        }
        self.request_authorization()
    }

    /// Makes the authorization request. It is pushed first if the provider requires that (LG-35).
    fn request_authorization(&mut self) -> Step {
        let Some(provider) = &self.provider else { return wrong_reply() };
        let Flow::Code(code) = &self.flow else { return wrong_reply() };
        let Some(redirect) = &code.redirect else { return wrong_reply() };
        let scope = scope(&self.settings, code.offline_access);
        let consent = code.offline_access && (self.settings.consent || self.entry.wants_consent);
        let request = AuthorizationRequest {
            settings: &self.settings,
            secrets: &code.secrets,
            redirect_uri: &redirect.uri,
            scope: &scope,
            consent,
        };
        let name = "authorization_endpoint";
        let authorization = endpoint(&provider.authorization_endpoint, name)?;
        if provider.requires_pushed_requests || self.settings.pushed {
            let name = "pushed_authorization_request_endpoint";
            let url = endpoint(&provider.pushed_authorization_request_endpoint, name)?;
            let mut form = Vec::new();
            for (name, value) in request.parameters() {
                form.push(field(&name, &*value));
            }
            let method = self.usual_method();
            let request = self.client_request(url, &form, method);
            self.job(Purpose::Pushed, request, Action::SendRequest);
            return Ok(());
        }
        let url = with_query(authorization, &request.parameters());
        self.open(url)
    }

    /// How the client authenticates in requests that are not repeated with another method.
    pub(super) fn usual_method(&self) -> ClientAuthMethod {
        use crate::login::settings::ClientCredential::{Secret, SecretFile};
        let has_secret = matches!(self.settings.client_credential, Secret(_) | SecretFile(_));
        let methods = self.provider.as_ref().and_then(|provider| provider.auth_methods.as_deref());
        if !has_secret {
            return ClientAuthMethod::Body;
        }
        ClientAuthMethod::order(self.entry.auth_method, methods, true).0
    }

    pub(super) fn pushed(&mut self, outcome: Result<Reply, Failure>) -> Step {
        let step = RequestStep::Authorization;
        let response = match outcome {
            Ok(Reply::Http(response)) => response,
            Ok(_) => return wrong_reply(),
            Err(failure) => return Err(LoginError::NotSent { step, failure }),
        };
        let answer = oauth::read_answer(&response, &self.secrets());
        if let oauth::Answer::Refused { problem, .. } = answer {
            return Err(crate::login::provider::wrong(step, problem));
        }
        let uri = Object::parse(response.body.expose(), "the answer")
            .ok()
            .and_then(|answer| answer.text("request_uri").map(String::from));
        let Some(uri) = uri else {
            let detail = "request_uri is missing".into();
            return Err(LoginError::Malformed { step, detail });
        };
        let Some(provider) = &self.provider else { return wrong_reply() };
        let client_id = self.settings.client_id.clone();
        let parameters: [(Cow<'_, str>, Cow<'_, str>); 2] =
            [("client_id".into(), client_id.into()), ("request_uri".into(), uri.into())];
        let url = with_query(&provider.authorization_endpoint, &parameters);
        self.open(url)
    }

    /// Opens the start address in the browser, and prints it (LG-36, LG-37). For the second request
    /// of a flow, redirects the page that is waiting in the browser instead.
    fn open(&mut self, url: String) -> Step {
        let Flow::Code(code) = &mut self.flow else { return wrong_reply() };
        code.authorization = Secret::from(&*url);
        if code.spare.is_none() {
            let location = url;
            let waiting = core::mem::take(&mut code.waiting);
            for exchange in waiting {
                self.redirect(exchange, &location);
            }
            return Ok(());
        }
        let Some(redirect) = &code.redirect else { return wrong_reply() };
        let path = code.secrets.path.expose_str().unwrap_or_default();
        let local = alloc::format!("{}/login/{path}", redirect.origin);
        let remote = url;
        let mode = self.settings.browser;
        let usable = self.facts.desktop.is_usable() || mode == BrowserMode::Always;
        let ends = self.goal == Goal::EndSession;
        let opens = match self.settings.grant {
            _ if ends => true,
            Grant::Auto => usable && mode != BrowserMode::Never,
            _ => mode == BrowserMode::Always || usable && mode == BrowserMode::Auto,
        };
        self.report(match ends {
            true => Event::EndSession { url: local.clone() },
            false => Event::Visit { local: local.clone(), remote, opened: opens },
        });
        if opens {
            let command = self.settings.browser_command.clone();
            self.job(Purpose::Open, OpenBrowser { url: local, command }, Action::OpenBrowser);
        }
        Ok(())
    }

    /// If the browser cannot be opened, `auto` ends this flow and begins the device flow. Other
    /// grants go on, since the address has been printed (LG-15).
    pub(super) fn opened(&mut self, outcome: Result<Reply, Failure>) -> Step {
        let failure = match outcome {
            Ok(Reply::Opened(_)) => return Ok(()),
            Ok(_) => return wrong_reply(),
            Err(failure) => failure,
        };
        self.report(Event::BrowserNotOpened(failure));
        let has_device = self
            .provider
            .as_ref()
            .is_some_and(|provider| !provider.device_authorization_endpoint.is_empty());
        // Not if the browser has come back all the same.
        let is_login = self.goal != Goal::EndSession;
        let untouched = is_login && matches!(&self.flow, Flow::Code(code) if !code.burned);
        if self.settings.grant == Grant::Auto && has_device && untouched {
            if let Flow::Code(code) = core::mem::replace(&mut self.flow, Flow::None) {
                for exchange in code.waiting {
                    self.respond_with(exchange, 404, Vec::new(), ResponseBody::Empty);
                }
            }
            self.actions.push_back(Action::StopListening);
            return self.begin_device();
        }
        Ok(())
    }

    /// A request to the loopback address. It gets one response, now or when the result is known.
    pub(super) fn arrived(&mut self, exchange: Exchange) {
        let running = matches!(self.stage, Stage::Running | Stage::Ending | Stage::Delivering(_));
        let Flow::Code(code) = &self.flow else {
            return self.respond(&exchange, 404, ResponseBody::Empty);
        };
        let (Some(redirect), true) = (&code.redirect, running) else {
            return self.respond(&exchange, 404, ResponseBody::Empty);
        };
        let provider = self.provider.as_ref();
        let endpoint = provider.map_or("", |provider| &*provider.authorization_endpoint);
        let address = Address {
            redirect,
            secrets: &code.secrets,
            form_post: self.settings.form_post,
            provider_origin: origin(endpoint),
        };
        match callback::judge(&exchange, &address) {
            Request::Refused(status) => self.respond(&exchange, status, ResponseBody::Empty),
            Request::Prefetch => self.respond(&exchange, 503, ResponseBody::Empty),
            Request::Foreign => self.foreign(&exchange),
            Request::Start if code.burned => self.already_answered(&exchange),
            Request::Start => {
                let location = code.authorization.clone();
                self.redirect(exchange.id, location.expose_str().unwrap_or_default());
                if self.goal == Goal::EndSession {
                    let step = self.logged_out();
                    self.settle(step);
                }
            }
            // A logout has no answer.
            Request::Answer(_) if self.goal == Goal::EndSession => self.foreign(&exchange),
            Request::Answer(_) if code.burned => self.already_answered(&exchange),
            Request::Answer(answer) => {
                let step = self.answered(&exchange, &answer);
                self.settle(step);
            }
            Request::Result => self.result_wanted(exchange.id),
        }
    }

    fn foreign(&mut self, exchange: &Exchange) {
        let text = "This request does not belong to a login that is running here.";
        self.respond(exchange, 400, ResponseBody::Text(text));
        if let Flow::Code(code) = &mut self.flow
            && !core::mem::replace(&mut code.foreign_reported, true)
        {
            self.report(Event::ForeignCallbacks);
        }
    }

    fn already_answered(&mut self, exchange: &Exchange) {
        let text = "This login has already been answered. You may close this page.";
        self.respond(exchange, 409, ResponseBody::Text(text));
    }

    fn redirect(&mut self, exchange: ExchangeId, location: &str) {
        let name = Cow::Borrowed("location");
        let header = Header { name, value: location.into() };
        self.respond_with(exchange, 303, alloc::vec![header], ResponseBody::Empty);
    }

    /// Takes the provider's first answer with the right state.
    fn answered(&mut self, exchange: &Exchange, answer: &Parameters) -> Step {
        let Some(provider) = &self.provider else { return wrong_reply() };
        let checked = callback::check(answer, &provider.issuer, provider.promises_issuer);
        let Flow::Code(code) = &mut self.flow else { return wrong_reply() };
        code.burned = true;
        let added = code.offline_access && self.settings.offline_access.is_none();
        if let Ok(Err(("invalid_scope", _))) = &checked
            && added
            && let Some(spare) = code.spare.take()
        {
            // Once more, without the scope `offline_access`, which the user did not request
            // (LG-33).
            code.secrets = spare;
            code.offline_access = false;
            code.burned = false;
            code.waiting.push(exchange.id);
            return self.request_authorization();
        }
        // Redirect, so that code and state do not stay in the address bar (LG-53).
        let path = code.secrets.path.expose_str().unwrap_or_default();
        let location = ["/done/", path].concat();
        let redirect_uri = code.redirect.as_ref().map(|redirect| redirect.uri.clone());
        let verifier = code.secrets.verifier.clone();
        self.redirect(exchange.id, &location);
        let code = match checked {
            Ok(Ok(code)) => code.clone(),
            Ok(Err((error, description))) => {
                let secrets = self.secrets();
                return Err(LoginError::Refused {
                    step: RequestStep::Authorization,
                    code: oauth::code(error, &secrets),
                    description: oauth::description(description, &secrets),
                });
            }
            Err(problem) => return Err(LoginError::Callback(problem.into())),
        };
        self.redeem(code, redirect_uri.unwrap_or_default(), verifier)
    }

    /// Sends the code to the token endpoint, once (LG-60).
    pub(super) fn redeem(&mut self, code: Secret, redirect_uri: String, verifier: Secret) -> Step {
        let mut form = alloc::vec![
            field("grant_type", "authorization_code"),
            (String::from("code"), code),
            field("redirect_uri", redirect_uri),
        ];
        if self.settings.pkce {
            form.push((String::from("code_verifier"), verifier));
        }
        self.goal = Goal::Login;
        self.call_token_endpoint(RequestStep::Token, form)
    }

    /// Responds with the result page, when the result is known (LG-54).
    fn result_wanted(&mut self, exchange: ExchangeId) {
        if self.outcome.is_some() {
            self.show_result(exchange);
            if matches!(self.stage, Stage::Delivering(_)) {
                self.stop_delivering();
            }
        } else if let Flow::Code(code) = &mut self.flow {
            code.waiting.push(exchange);
        }
    }

    /// Answers the requests that wait for the result. Returns whether there was one.
    pub(super) fn show_results(&mut self) -> bool {
        let Flow::Code(code) = &mut self.flow else { return false };
        let waiting = core::mem::take(&mut code.waiting);
        let any = !waiting.is_empty();
        waiting.into_iter().for_each(|exchange| self.show_result(exchange));
        any
    }

    fn show_result(&mut self, exchange: ExchangeId) {
        let page = self.result_page();
        let url = self.settings.url_after_login.clone();
        match (page, url) {
            (crate::login::Page::Success(_), Some(url)) => self.redirect(exchange, &url),
            (page, _) => {
                let status = match &page {
                    crate::login::Page::Success(_) => 200,
                    crate::login::Page::Failure { .. } => self.failure_status(),
                };
                self.respond_with(exchange, status, Vec::new(), ResponseBody::Page(page));
            }
        }
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at.saturating_add(3));
    let rest = url.get(start..).unwrap_or_default();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    url.get(..start.saturating_add(end)).unwrap_or(url)
}

/// How long the browser has to fetch its last page (LG-55).
pub(super) const DELIVERY: Duration = Duration::from_millis(500);
