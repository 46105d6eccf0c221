//! The cache: reading an entry, the lock, and storing tokens (LG-82…LG-100).

use super::{Goal, Login, Purpose, Step, granted, wrong_reply};
use crate::login::entry::Entry;
use crate::login::outcome::{Event, Granted, GrantedBy, LoginError, Status, Success};
use crate::login::protocol::{Action, KeyringGet, KeyringSet, Lock, ReadEntry, Reply, WriteEntry};
use crate::login::settings::{Operation, Storage};
use crate::protocol::{Failure, FailureKind};
use crate::secret::Secret;
use crate::source::exec;
use alloc::string::String;
use core::time::Duration;

/// The largest size of an entry, in bytes.
const MOST_BYTES: u64 = 1024 * 1024;

/// The limit of a call to the keyring (LG-96).
pub(super) const KEYRING_TIMEOUT: Duration = Duration::from_secs(2);

impl Login {
    /// Reads the entry, first without the lock and then with it (LG-98).
    pub(super) fn read_entry(&mut self, locked: bool) -> Step {
        match self.settings.storage {
            Storage::None => return self.use_entry(locked),
            Storage::Keyring => {
                let request = KeyringGet {
                    service: self.settings.keyring_service.clone(),
                    account: self.key.clone(),
                    timeout: KEYRING_TIMEOUT,
                };
                self.job(Purpose::EntryItem { locked }, request, Action::KeyringGet);
            }
            Storage::Auto | Storage::Disk => {
                let request = ReadEntry { key: self.key.clone(), limit: MOST_BYTES };
                self.job(Purpose::Entry { locked }, request, Action::ReadEntry);
            }
        }
        Ok(())
    }

    /// A store that cannot be read is treated as empty, so that the user can log in.
    pub(super) fn entry_read(&mut self, locked: bool, outcome: Result<Reply, Failure>) -> Step {
        let bytes = match outcome {
            Ok(Reply::Entry(bytes)) => bytes.0,
            Ok(Reply::Item(item)) => item.0,
            Ok(_) => return wrong_reply(),
            Err(failure) if self.settings.storage == Storage::Keyring => {
                self.report_keyring(failure);
                None
            }
            Err(_) => None,
        };
        let entry = bytes.and_then(|bytes| Entry::parse(bytes.expose(), &self.settings));
        self.entry = entry.unwrap_or_default();
        // Where the last run found no keyring that could be used, this has been said (LG-96).
        self.keyring_reported |=
            self.settings.storage == Storage::Auto && self.entry.refresh_token.is_some();
        self.use_entry(locked)
    }

    fn use_entry(&mut self, locked: bool) -> Step {
        match self.operation {
            Operation::Status => {
                let status = self.status();
                self.end(Ok(Success::Status(status)));
                return Ok(());
            }
            Operation::Logout { .. } => return self.log_out(),
            Operation::Inspect => return self.inspect(),
            Operation::Login => {}
            Operation::Token => {
                // If this run waited for another process, that process's token is used, even with
                // --force-refresh.
                let is_new = !self.settings.force_refresh || self.waiting_since.is_some();
                if is_new && self.entry.is_fresh(self.now) {
                    return self.print_entry(GrantedBy::Cache);
                }
            }
        }
        if !locked {
            return self.lock(false);
        }
        self.fail_with_the_other()?;
        self.get_new_token()
    }

    /// If the login of the process that this one waited for failed, this one fails too (LG-98).
    fn fail_with_the_other(&self) -> Step {
        let (Some(since), Some(failed)) = (self.waiting_since, &self.entry.failed) else {
            return Ok(());
        };
        // The entry stores whole seconds.
        let meanwhile = failed.at.saturating_add(Duration::from_secs(1)) > since;
        if meanwhile { Err(LoginError::FailedElsewhere(failed.reason.clone())) } else { Ok(()) }
    }

    /// Refreshes if there is a refresh token, and otherwise logs in.
    fn get_new_token(&mut self) -> Step {
        if self.operation == Operation::Token {
            if let Some(token) = self.entry.refresh_token.clone() {
                self.refresh_token = Some(token);
                return self.set_goal(Goal::Refresh);
            }
            if self.entry.refresh_in_keyring {
                let request = KeyringGet {
                    service: self.settings.keyring_service.clone(),
                    account: self.key.clone(),
                    timeout: KEYRING_TIMEOUT,
                };
                self.job(Purpose::RefreshItem, request, Action::KeyringGet);
                return Ok(());
            }
        }
        if self.asks_for_kubekeys_token() {
            return Ok(());
        }
        self.set_goal(Goal::Login)
    }

    pub(super) fn refresh_item_read(&mut self, outcome: Result<Reply, Failure>) -> Step {
        match outcome {
            Ok(Reply::Item(item)) => self.refresh_token = item.0.filter(|item| !item.is_empty()),
            Ok(_) => return wrong_reply(),
            Err(failure) => self.report_keyring(failure),
        }
        if self.goal == Goal::Revoke {
            return self.begin_revocation();
        }
        let goal = if self.refresh_token.is_some() { Goal::Refresh } else { Goal::Login };
        self.set_goal(goal)
    }

    /// Takes the lock. The first attempt does not wait, so that the user can be told before the
    /// second one does (LG-97).
    fn lock(&mut self, again: bool) -> Step {
        self.limit_run();
        if !self.keeps_anything() {
            return self.read_entry(true);
        }
        let timeout = if again { self.settings.timeout } else { Duration::ZERO };
        let note = String::from(match self.operation {
            Operation::Login => "login",
            _ => "get-token",
        });
        let request = Lock { key: self.key.clone(), note, timeout };
        self.job(Purpose::Lock { again }, request, Action::Lock);
        Ok(())
    }

    pub(super) fn lock_answered(&mut self, again: bool, outcome: Result<Reply, Failure>) -> Step {
        match outcome {
            Ok(Reply::Locked(_)) => self.locked = true,
            Ok(_) => return wrong_reply(),
            Err(failure) if failure.kind == FailureKind::Conflict && !again => {
                self.waiting_since = Some(self.now.wall);
                self.report(Event::Waiting { holder: failure.detail });
                return self.lock(true);
            }
            Err(failure) if failure.kind == FailureKind::Conflict => {
                let (limit, flag) = (self.settings.timeout, "--authentication-timeout-sec");
                return Err(LoginError::TimedOut { limit, flag });
            }
            Err(failure) => self.report(Event::NoLock(failure)),
        }
        self.limit_run();
        self.read_entry(true)
    }

    /// Stores the tokens: the refresh token in the keyring, if the settings want that, and then the
    /// rest. A new refresh token is stored before the credential is printed (LG-86).
    pub(super) fn store(&mut self) -> Step {
        match self.settings.storage {
            Storage::None => self.entry_stored_or_not(),
            Storage::Disk => self.write_entry(),
            Storage::Auto => match self.entry.refresh_token.clone() {
                Some(token) => self.keyring_set(token),
                None => self.write_entry(),
            },
            Storage::Keyring => match self.entry.to_json() {
                Some(json) => self.keyring_set(json),
                None => self.entry_stored_or_not(),
            },
        }
    }

    fn keyring_set(&mut self, secret: Secret) -> Step {
        let request = KeyringSet {
            service: self.settings.keyring_service.clone(),
            account: self.key.clone(),
            secret,
            timeout: KEYRING_TIMEOUT,
        };
        self.job(Purpose::StoreItem, request, Action::KeyringSet);
        Ok(())
    }

    pub(super) fn item_stored(&mut self, outcome: Result<Reply, Failure>) -> Step {
        let stored = match outcome {
            Ok(Reply::Stored(_)) => true,
            Ok(_) => return wrong_reply(),
            Err(failure) => {
                self.report_keyring(failure);
                false
            }
        };
        if self.settings.storage == Storage::Keyring {
            return self.entry_stored_or_not();
        }
        self.entry.refresh_in_keyring = stored;
        if stored {
            self.entry.refresh_token = None;
        }
        self.write_entry()
    }

    pub(super) fn write_entry(&mut self) -> Step {
        let Some(contents) = self.entry.to_json() else { return self.entry_stored_or_not() };
        let request = WriteEntry { key: self.key.clone(), contents };
        self.job(Purpose::StoreEntry, request, Action::WriteEntry);
        Ok(())
    }

    /// If storing fails, that is a warning (LG-94).
    pub(super) fn entry_stored(&mut self, outcome: Result<Reply, Failure>) -> Step {
        match outcome {
            Ok(Reply::Stored(_)) => {}
            Ok(_) => return wrong_reply(),
            Err(failure) => self.report(Event::NotStored(failure)),
        }
        self.entry_stored_or_not()
    }

    fn entry_stored_or_not(&mut self) -> Step {
        self.entry_changed = false;
        if self.stage == super::Stage::Ending {
            self.finish();
            return Ok(());
        }
        self.store_provider()
    }

    /// Finishes with the token of the entry.
    pub(super) fn print_entry(&mut self, by: GrantedBy) -> Step {
        let token = self.entry.token.clone().ok_or(LoginError::NoToken("token"))?;
        let margin = self.entry.margin();
        // client-go runs the plugin again only after this time, so the margin is subtracted
        // (LG-83).
        let expires = self.entry.expires.map(|end| {
            let early = crate::time::UnixTime::from_millis(
                end.as_millis().saturating_sub(i64::try_from(margin.as_millis()).unwrap_or(0)),
            );
            early.max(self.now.wall).min(end.max(self.now.wall))
        });
        let output = exec::credential_json(self.api_version, Some(&token), None, expires);
        let output =
            output.ok_or(LoginError::Token(crate::login::verify::TokenProblem::NotHeaderText))?;
        let claims = self.entry.claims(self.settings.token).map(|claims| claims.json);
        self.end(granted(Granted { output, expires: self.entry.expires, claims, by }));
        Ok(())
    }

    fn status(&self) -> Status {
        let entry = &self.entry;
        let claims = entry.claims(self.settings.token);
        let refreshable = entry.refresh_token.is_some() || entry.refresh_in_keyring;
        let pause = entry.pause.as_ref().filter(|pause| pause.lasts(self.now.wall));
        Status {
            key: self.key.clone(),
            subject: Some(entry.subject.clone()).filter(|subject| !subject.is_empty()),
            expires: entry.expires,
            refreshable,
            in_keyring: entry.refresh_in_keyring
                || refreshable && self.settings.storage == Storage::Keyring,
            paused_until: pause.map(|pause| pause.until),
            claims: claims.map(|claims| claims.json),
            usable: entry.is_fresh(self.now) || refreshable,
        }
    }
}
