//! The flows without a callback: paste, password, client credentials, token exchange (LG-107…
//! LG-110).

use super::token::{Form, field};
use super::{Flow, Login, Purpose, Step, wrong_reply};
use crate::login::authorization::{Request as AuthorizationRequest, Secrets, scope, with_query};
use crate::login::callback;
use crate::login::outcome::{Event, LoginError, Step as Request};
use crate::login::protocol::{Action, Prompt, PromptFor, Reply};
use crate::login::provider::endpoint;
use crate::login::settings::{PasswordSource, TokenKind};
use crate::oauth;
use crate::protocol::Failure;
use crate::secret::Secret;
use alloc::boxed::Box;
use alloc::string::String;

impl Login {
    /// Checks that the user can be asked. Otherwise the flow fails at once, and names the setting
    /// (LG-6).
    fn check_prompt(&self, flow: &str) -> Step {
        if self.facts.can_prompt {
            return Ok(());
        }
        let reason = alloc::format!(
            "the {flow} flow has to ask for something, and nothing can be asked here \
             (no terminal, or interactiveMode Never)"
        );
        Err(LoginError::LoginNeeded(alloc::vec![reason]))
    }

    pub(super) fn begin_paste(&mut self) -> Step {
        self.check_prompt("paste")?;
        let empty = Secrets::new(&[0; Secrets::BYTES]).ok_or(LoginError::WrongReply)?;
        self.draw(Flow::Paste(Box::new(empty)))
    }

    pub(super) fn paste(&mut self, secrets: Secrets) -> Step {
        let Some(provider) = &self.provider else { return wrong_reply() };
        let offline = self.wants_offline_access();
        let scope = scope(&self.settings, offline);
        let redirect_uri = self.settings.redirect_uri.clone().unwrap_or_default();
        let request = AuthorizationRequest {
            settings: &self.settings,
            secrets: &secrets,
            redirect_uri: &redirect_uri,
            scope: &scope,
            consent: offline && (self.settings.consent || self.entry.wants_consent),
        };
        let authorization = endpoint(&provider.authorization_endpoint, "authorization_endpoint")?;
        let url = with_query(authorization, &request.parameters());
        self.flow = Flow::Paste(Box::new(secrets));
        self.report(Event::VisitAndPaste { url });
        self.ask(PromptFor::Code);
        Ok(())
    }

    fn ask(&mut self, what: PromptFor) {
        self.job(Purpose::Ask(what), Prompt { what }, Action::Prompt);
    }

    pub(super) fn typed(&mut self, what: PromptFor, outcome: Result<Reply, Failure>) -> Step {
        let typed = match outcome {
            Ok(Reply::Typed(typed)) => typed.0,
            Ok(_) => return wrong_reply(),
            Err(failure) => {
                return Err(LoginError::Host { what: "cannot ask for it".into(), failure });
            }
        };
        match what {
            PromptFor::Code => self.pasted(&typed),
            PromptFor::UserName => {
                let name = typed.expose_str().map(str::trim).filter(|name| !name.is_empty());
                let name =
                    name.ok_or_else(|| LoginError::Usage("no user name was given".into()))?;
                self.flow = Flow::Password { username: Some(name.into()) };
                self.ask_for_password()
            }
            PromptFor::Password => {
                self.files.password = Some(typed);
                self.ask_for_password()
            }
        }
    }

    /// Takes what the user pasted: the address, whose state and `iss` are checked, or only the
    /// code, which is accepted with PKCE (LG-107).
    fn pasted(&mut self, typed: &Secret) -> Step {
        let Flow::Paste(secrets) = &self.flow else { return wrong_reply() };
        let Some(provider) = &self.provider else { return wrong_reply() };
        let text = typed.expose_str().map(str::trim).unwrap_or_default();
        let is_address = text.contains("://") || text.contains("code=") || text.contains("error=");
        let foreign = |text: &str| Err(LoginError::Callback(text.into()));
        let code = if is_address {
            let query = text.split_once('?').map_or(text, |(_, query)| query);
            let query = query.split('#').next().unwrap_or_default();
            let Some(answer) = callback::parse(query) else {
                return foreign("has a parameter twice");
            };
            let state = answer.state.as_ref();
            if !state.is_some_and(|state| callback::equal(state, &secrets.state)) {
                return foreign("belongs to another login (state)");
            }
            match callback::check(&answer, &provider.issuer, provider.promises_issuer) {
                Ok(Ok(code)) => code.clone(),
                Ok(Err((error, description))) => {
                    let hidden = self.secrets();
                    return Err(LoginError::Refused {
                        step: Request::Authorization,
                        code: oauth::code(error, &hidden),
                        description: oauth::description(description, &hidden),
                    });
                }
                Err(problem) => return foreign(problem),
            }
        } else if text.is_empty() {
            return foreign("is empty");
        } else if !self.settings.pkce {
            return foreign("is a bare code, which is not safe without PKCE; paste the address");
        } else {
            Secret::from(text)
        };
        let verifier = secrets.verifier.clone();
        let redirect_uri = self.settings.redirect_uri.clone().unwrap_or_default();
        self.redeem(code, redirect_uri, verifier)
    }

    /// The password grant, which should not be used (LG-17).
    pub(super) fn begin_password(&mut self) -> Step {
        self.report(Event::Warning("the password grant should not be used; prefer another flow"));
        self.flow = Flow::Password { username: self.settings.username.clone() };
        self.ask_for_password()
    }

    /// Asks for the user name and password, if they are missing, and then requests the token
    /// (LG-110).
    pub(super) fn ask_for_password(&mut self) -> Step {
        let Flow::Password { username } = &self.flow else { return wrong_reply() };
        let Some(username) = username.clone() else {
            self.check_prompt("password")?;
            self.ask(PromptFor::UserName);
            return Ok(());
        };
        let password = match (&self.settings.password, &self.files.password) {
            (_, Some(password)) | (PasswordSource::Value(password), None) => password.clone(),
            (PasswordSource::File(path), None) => {
                let path = path.clone();
                return self.read_password(path);
            }
            (PasswordSource::Prompt, None) => {
                self.check_prompt("password")?;
                self.ask(PromptFor::Password);
                return Ok(());
            }
        };
        let scope = scope(&self.settings, self.wants_offline_access());
        let form = alloc::vec![
            field("grant_type", "password"),
            field("username", username),
            (String::from("password"), password),
            field("scope", scope),
        ];
        self.call_token_endpoint(Request::Token, form)
    }

    /// The client credentials grant: without a user and without a refresh token (LG-108).
    pub(super) fn client_credentials(&mut self) -> Step {
        self.flow = Flow::Client;
        let mut form = alloc::vec![field("grant_type", "client_credentials")];
        self.add_scope_and_extras(&mut form);
        self.call_token_endpoint(Request::Token, form)
    }

    pub(super) fn read_subject_again(&mut self) -> Step {
        self.flow = Flow::Exchange;
        if self.files.subject.is_some() { self.exchange() } else { self.read_subject(false) }
    }

    /// The token exchange: sends the token in the file, and gets another one (RFC 8693, 2.1;
    /// LG-109).
    pub(super) fn exchange(&mut self) -> Step {
        let (Some(exchange), Some(subject)) = (&self.settings.exchange, &self.files.subject) else {
            return wrong_reply();
        };
        let default = match self.settings.token {
            TokenKind::Id => "urn:ietf:params:oauth:token-type:id_token",
            TokenKind::Access => "urn:ietf:params:oauth:token-type:access_token",
        };
        let requested = exchange.requested_token_type.as_deref().unwrap_or(default);
        let mut form = alloc::vec![
            field("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            (String::from("subject_token"), subject.clone()),
            field("subject_token_type", &*exchange.subject_token_type),
            field("requested_token_type", requested),
        ];
        self.add_scope_and_extras(&mut form);
        self.call_token_endpoint(Request::Token, form)
    }

    /// The scopes of a workload: the configured ones, and no others.
    fn add_scope_and_extras(&self, form: &mut Form) {
        let scopes = self.settings.extra_scopes.join(" ");
        if !scopes.is_empty() {
            form.push(field("scope", scopes));
        }
        for (name, value) in &self.settings.extra_params {
            form.push(field(name, &**value));
        }
    }
}
