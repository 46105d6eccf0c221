//! What a refresh or a login needs first: files of the settings, the discovery document, keys.

use super::{Goal, Login, Purpose, Step, wrong_reply};
use crate::login::entry;
use crate::login::outcome::{Event, LoginError, Step as Request};
use crate::login::protocol::{Action, ReadEntry, Reply, WriteEntry};
use crate::login::provider::{self, MOST_BYTES, Provider, discovery_urls};
use crate::login::settings::{ClientCredential, PasswordSource};
use crate::login::verify::Claims;
use crate::oauth::Trail;
use crate::profile::Roots;
use crate::protocol::{Failure, ReadFile};
use crate::secret::Secret;
use alloc::string::String;

impl Login {
    /// Sets the goal, and gets what it needs.
    pub(super) fn set_goal(&mut self, goal: Goal) -> Step {
        self.goal = goal;
        if goal == Goal::Login {
            self.check_login_allowed()?;
        }
        self.prepare()
    }

    /// Gets the next missing file or document. If none is missing, goes on to the goal.
    pub(super) fn prepare(&mut self) -> Step {
        if let (Roots::File(path), None) = (&self.settings.roots, &self.files.roots) {
            let path = path.clone();
            return self.read_file(Purpose::Roots, path);
        }
        match &self.settings.client_credential {
            ClientCredential::SecretFile(path) if self.files.client_secret.is_none() => {
                let path = path.clone();
                return self.read_file(Purpose::ClientSecret, path);
            }
            ClientCredential::AssertionFile(path) if self.files.assertion.is_none() => {
                let path = path.clone();
                return self.read_file(Purpose::Assertion, path);
            }
            _ => {}
        }
        if self.provider.is_none() {
            return self.find_provider();
        }
        match self.goal {
            Goal::Refresh => self.refresh(),
            Goal::Login => self.begin_login(),
            Goal::Revoke => self.revoke_next(),
            Goal::Adopt => self.adopt(),
            Goal::Inspect => self.inspected(),
            Goal::Nothing | Goal::EndSession => Ok(()),
        }
    }

    fn read_file(&mut self, purpose: Purpose, path: String) -> Step {
        self.job(purpose, ReadFile { path, limit: MOST_BYTES }, Action::ReadFile);
        Ok(())
    }

    pub(super) fn read_subject(&mut self, first: bool) -> Step {
        let exchange = self.settings.exchange.as_ref();
        let path = exchange.map(|exchange| exchange.subject_token_file.clone());
        self.read_file(Purpose::Subject { first }, path.unwrap_or_default())
    }

    pub(super) fn read_password(&mut self, path: String) -> Step {
        self.read_file(Purpose::Password, path)
    }

    pub(super) fn file_read(&mut self, purpose: Purpose, outcome: Result<Reply, Failure>) -> Step {
        let what = match purpose {
            Purpose::Roots => "certificate authority",
            Purpose::ClientSecret => "client secret",
            Purpose::Assertion => "client assertion",
            Purpose::Password => "password",
            _ => "subject token",
        };
        let path = self.path_of(purpose);
        let bytes = match outcome {
            Ok(Reply::File(bytes)) => bytes.0,
            Ok(_) => return wrong_reply(),
            Err(failure) => {
                let what = alloc::format!("cannot read the {what} {path:?}");
                return Err(LoginError::Host { what, failure });
            }
        };
        if purpose == Purpose::Roots {
            self.files.roots = Some(bytes);
            return self.prepare();
        }
        let text = bytes.expose_str().map(|text| text.trim_end_matches(['\r', '\n']));
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            let text = alloc::format!("the {what} {path:?} is empty or not text");
            return Err(LoginError::Usage(text));
        };
        let secret = Some(Secret::from(text));
        match purpose {
            Purpose::ClientSecret => self.files.client_secret = secret,
            Purpose::Assertion => self.files.assertion = secret,
            Purpose::Password => {
                self.files.password = secret;
                return self.ask_for_password();
            }
            Purpose::Subject { first } => {
                self.files.subject = secret;
                if !first {
                    return self.exchange();
                }
                let claims = self.files.subject.as_ref().and_then(Claims::of_verified);
                let subject = claims.map(|claims| claims.subject);
                self.key = entry::key(&self.settings, subject.as_deref());
                return self.read_entry(false);
            }
            _ => {}
        }
        self.prepare()
    }

    fn path_of(&self, purpose: Purpose) -> String {
        let settings = &self.settings;
        let path = match (purpose, &settings.client_credential) {
            (Purpose::Roots, _) => match &settings.roots {
                Roots::File(path) => Some(path),
                _ => None,
            },
            (Purpose::ClientSecret, ClientCredential::SecretFile(path))
            | (Purpose::Assertion, ClientCredential::AssertionFile(path)) => Some(path),
            (Purpose::Password, _) => match &settings.password {
                PasswordSource::File(path) => Some(path),
                _ => None,
            },
            _ => settings.exchange.as_ref().map(|exchange| &exchange.subject_token_file),
        };
        path.cloned().unwrap_or_default()
    }

    /// Gets the provider's metadata, from the cache or by discovery (LG-22).
    fn find_provider(&mut self) -> Step {
        let anew = self.goal == Goal::Inspect;
        if self.keeps_anything() && !self.provider_entry_read && !anew {
            let key = entry::provider_key(&self.settings.issuer);
            let request = ReadEntry { key, limit: MOST_BYTES.saturating_mul(2) };
            self.job(Purpose::ProviderEntry, request, Action::ReadEntry);
            return Ok(());
        }
        self.discover(false)
    }

    pub(super) fn provider_entry_read(&mut self, outcome: Result<Reply, Failure>) -> Step {
        self.provider_entry_read = true;
        if let Ok(Reply::Entry(bytes)) = &outcome
            && let Some(json) = &bytes.0
        {
            self.provider = Provider::from_entry(json.expose(), &self.settings, self.now.wall);
        }
        self.prepare()
    }

    fn discover(&mut self, fallback: bool) -> Step {
        let [first, second] = discovery_urls(&self.settings.issuer);
        let url = if fallback { second } else { first };
        self.ask_for_discovery(fallback, Trail::new(url));
        Ok(())
    }

    fn ask_for_discovery(&mut self, fallback: bool, trail: Trail) {
        let mut request = provider::get(&trail.url, &self.settings);
        request.tls = self.tls();
        if !trail.is_at(&self.settings.issuer) {
            // They are for the provider that was configured.
            let given = &self.settings.request_headers;
            request.headers.retain(|header| !given.contains(header));
        }
        self.trail = trail;
        self.job(Purpose::Discovery { fallback }, request, Action::SendRequest);
    }

    fn get(&mut self, purpose: Purpose, url: &str) {
        let mut request = provider::get(url, &self.settings);
        request.tls = self.tls();
        self.job(purpose, request, Action::SendRequest);
    }

    pub(super) fn discovered(&mut self, fallback: bool, outcome: Result<Reply, Failure>) -> Step {
        let response = match outcome {
            Ok(Reply::Http(response)) => response,
            Ok(_) => return wrong_reply(),
            Err(failure) => return self.discovery_failed(failure),
        };
        if response.status == 404 && !fallback {
            return self.discover(true);
        }
        let read = match self.trail.follow(&response) {
            Ok(Some(trail)) => {
                self.ask_for_discovery(fallback, trail);
                return Ok(());
            }
            Ok(None) => Provider::read(&response, &self.settings, self.now.wall),
            Err(problem) => Err(provider::wrong(Request::Discovery, problem)),
        };
        let provider = match read {
            Ok(provider) => provider,
            // If the provider cannot be reached, a cached token that is still valid is used
            // (LG-84).
            Err(error) if self.goal == Goal::Refresh => return self.refresh_failed(error),
            Err(error) => return Err(error),
        };
        if provider.issuer != self.settings.issuer {
            self.report(Event::IssuerSlash { found: provider.issuer.clone() });
        }
        self.provider = Some(provider);
        self.provider_changed = true;
        self.prepare()
    }

    fn discovery_failed(&mut self, failure: Failure) -> Step {
        let error = LoginError::NotSent { step: Request::Discovery, failure };
        match self.goal {
            Goal::Refresh => self.refresh_failed(error),
            Goal::Revoke => self.not_revoked(error),
            _ => Err(error),
        }
    }

    /// Fetches the provider's keys.
    pub(super) fn fetch_keys(&mut self) -> Step {
        let uri = self.provider.as_ref().map(|provider| provider.jwks_uri.clone());
        let uri = uri.unwrap_or_default();
        let uri = provider::endpoint(&uri, "jwks_uri")?;
        self.get(Purpose::Keys, uri);
        Ok(())
    }

    pub(super) fn keys_read(&mut self, outcome: Result<Reply, Failure>) -> Step {
        let response = match outcome {
            Ok(Reply::Http(response)) => response,
            Ok(_) => return wrong_reply(),
            Err(failure) => {
                return Err(LoginError::NotSent { step: Request::Keys, failure });
            }
        };
        if let Some(provider) = &mut self.provider {
            provider.read_keys(&response)?;
            self.provider_changed = true;
        }
        match self.goal {
            Goal::Inspect => self.inspected(),
            Goal::Adopt => self.adopt(),
            _ => self.verify(),
        }
    }

    /// Caches the discovery document and the keys for later runs. A failure is ignored.
    pub(super) fn store_provider(&mut self) -> Step {
        let json = self.provider.as_ref().filter(|_| self.provider_changed);
        let json = json.and_then(Provider::to_json);
        match json {
            Some(contents) if self.keeps_anything() => {
                let key = entry::provider_key(&self.settings.issuer);
                let request = WriteEntry { key, contents };
                self.job(Purpose::StoreProvider, request, Action::WriteEntry);
                Ok(())
            }
            _ => self.print(),
        }
    }

    pub(super) fn provider_stored(&mut self) -> Step {
        self.print()
    }
}
