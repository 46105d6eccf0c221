//! Where the tokens of a login are kept, so that a refresh that replaces them can be written back.
//!
//! The machine knows the trait [`Store`] alone. The crate has one implementation, for tokens in a
//! kubeconfig; a program that keeps them elsewhere brings its own:
//! [`Authenticator::with_store`](crate::Authenticator::with_store).

use crate::error::{Error, SaveProblem};
use crate::protocol::{ReadFile, WriteFile};
use crate::secret::Secret;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

/// A file that holds the tokens of one login, beside whatever else is in it.
///
/// Nothing here does I/O: the machine has the file read and written by its host, and asks the store
/// what the content means.
pub trait Store: fmt::Debug + Send + Sync {
    /// The path of the file, as events and errors quote it.
    fn origin(&self) -> &str;

    /// How to read the file; `limit` is the most bytes to take.
    fn read(&self, limit: u64) -> ReadFile {
        ReadFile { path: self.origin().into(), limit }
    }

    /// The tokens that the file holds; `None` if they are not, or no longer, of this login.
    ///
    /// # Errors
    /// The content cannot be understood: says where, never what.
    fn adopt(&self, content: &Secret) -> Result<Option<Tokens>, String>;

    /// What to write so that the file holds these tokens; `None` if it has no place for them.
    ///
    /// # Errors
    /// The content cannot be changed: says where, never what.
    fn edit(&self, content: Secret, tokens: &Tokens) -> Result<Option<WriteFile>, String>;
}

/// What a login brings, and a refresh replaces. Neither is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a login has these two")]
pub struct Tokens {
    /// The id-token.
    pub id: Option<Secret>,
    /// The refresh token.
    pub refresh: Option<Secret>,
}

impl Tokens {
    /// Both tokens; an empty one is none.
    pub fn new(id: Option<&Secret>, refresh: Option<&Secret>) -> Self {
        let filled = |token: Option<&Secret>| token.filter(|token| !token.is_empty()).cloned();
        Self { id: filled(id), refresh: filled(refresh) }
    }
}

/// What is to be done about content that has been read for writing tokens back.
#[derive(Debug)]
pub(crate) enum Edit {
    /// Nothing: it holds them, the entry is gone or about something else (KC-91), or another process
    /// has put newer ones there.
    Leave,
    /// This is to be written.
    Write(WriteFile),
}

/// The tokens of a login as three places have them: in use, in the store, on their way there.
#[derive(Debug)]
pub(crate) struct StoredTokens {
    user: String,
    store: Option<Box<dyn Store>>,
    /// The file that they came from, if nothing here can write to it and that was not reported yet.
    unsupported: Option<String>,
    pub(crate) current: Tokens,
    /// What the store holds, as far as is known.
    stored: Tokens,
    /// What was written there last, while the host has not said whether it has got there.
    write_pending: Option<Tokens>,
}

/// What another process has put into the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Adopted {
    pub(crate) new_id: bool,
    pub(crate) new_refresh: bool,
}

impl StoredTokens {
    /// Tokens of this user, which came from the file `path` if there is one.
    pub(crate) fn new(
        user: &str,
        tokens: Tokens,
        path: Option<&str>,
        store: Option<Box<dyn Store>>,
    ) -> Self {
        let unsupported = path.filter(|_| store.is_none() && tokens.refresh.is_some());
        Self {
            user: user.into(),
            unsupported: unsupported.map(Into::into),
            store,
            stored: tokens.clone(),
            current: tokens,
            write_pending: None,
        }
    }

    /// Whether others may put tokens where these came from.
    pub(crate) fn has_store(&self) -> bool {
        self.store.is_some()
    }

    /// How to read the store, if there is one.
    pub(crate) fn read(&self, limit: u64) -> Option<ReadFile> {
        self.store.as_ref().map(|store| store.read(limit))
    }

    pub(crate) fn path(&self) -> &str {
        self.store.as_ref().map_or("", |store| store.origin())
    }

    /// Takes over what another process has put into the store: a login, or a refresh that used up
    /// the refresh token in use.
    pub(crate) fn adopt(&mut self, content: &Secret) -> Adopted {
        let found = self.store.as_ref().and_then(|store| store.adopt(content).ok().flatten());
        let Some(found) = found.filter(|found| !self.is_ours(found)) else {
            return Adopted::default();
        };
        let adopted = Adopted {
            new_id: found.id != self.current.id,
            new_refresh: found.refresh != self.current.refresh,
        };
        self.stored = found.clone();
        self.current = found;
        self.write_pending = None;
        adopted
    }

    /// The tokens that the store does not hold yet.
    pub(crate) fn unsaved(&self) -> Option<&Tokens> {
        let differ = self.has_store() && self.current != self.stored;
        differ.then_some(&self.current)
    }

    /// The store has been read. What must be written for it to hold the tokens in use?
    pub(crate) fn edit(&mut self, content: Secret) -> Result<Edit, Error> {
        let Some(store) = &self.store else { return Ok(Edit::Leave) };
        let wrong = |text| self.not_saved(SaveProblem::NotEdited(text));
        let Some(found) = store.adopt(&content).map_err(wrong)? else { return Ok(Edit::Leave) };
        if found == self.current {
            self.mark_stored(found);
            return Ok(Edit::Leave);
        }
        if !self.is_ours(&found) {
            return Ok(Edit::Leave);
        }
        match store.edit(content, &self.current).map_err(wrong)? {
            Some(request) => {
                self.write_pending = Some(self.current.clone());
                Ok(Edit::Write(request))
            }
            None => Ok(Edit::Leave),
        }
    }

    /// The store holds these tokens by now.
    pub(crate) fn mark_stored(&mut self, tokens: Tokens) {
        self.stored = tokens;
        self.write_pending = None;
    }

    pub(crate) fn not_saved(&self, problem: SaveProblem) -> Error {
        Error::NotSaved { user: self.user.clone(), path: self.path().into(), problem }
    }

    /// That a refresh will replace tokens which came from a file, and that nothing here can write to
    /// it: said once, before the refresh token is spent.
    pub(crate) fn take_unsupported(&mut self) -> Option<Error> {
        let path = self.unsupported.take()?;
        let problem = SaveProblem::Unsupported;
        Some(Error::NotSaved { user: self.user.clone(), path, problem })
    }

    /// Whether this machine has put them there, or may have, or found them there before.
    fn is_ours(&self, found: &Tokens) -> bool {
        *found == self.stored
            || *found == self.current
            || self.write_pending.as_ref() == Some(found)
    }
}
