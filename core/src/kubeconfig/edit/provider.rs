//! The settings of one user's `auth-provider` in one file, and nothing else of it (KC-91).
//!
//! A machine that keeps tokens does this beside its requests, and has no need of the rest.

use super::entry;
use super::error::EditError;
use super::field::{Fields, Fill};
use super::file::not_text;
use super::named;
use crate::kubeconfig::decode::decode;
use crate::kubeconfig::entries::{AuthProvider, Kubeconfig, UserEntry};
use crate::kubeconfig::setting::Entry;
use crate::secret::Secret;
use crate::yaml::patch::{self, Tree};

/// The text of the file with `wanted` for `was`. It has been read back, and holds it.
///
/// # Errors
/// When it cannot be written. Nothing is to be written then.
pub(crate) fn with_auth_provider(
    path: &str,
    bytes: &Secret,
    user: &str,
    was: &AuthProvider,
    wanted: &AuthProvider,
) -> Result<Secret, EditError> {
    let mismatch = || EditError::Mismatch { file: path.into() };
    let document = patch::open(bytes.expose())
        .map_err(|error| EditError::Malformed { file: path.into(), error })?;
    let mut root = document.root().map(Tree::of).unwrap_or_default();
    let mut written = Ok(());
    root.entry(UserEntry::LIST, |list| {
        let places = named::Places::of(list);
        written = places.change(list, (user, user), UserEntry::KIND, |body, _| {
            let mut fields = Fields { body, fill: Fill::Nothing };
            entry::auth_provider(&mut fields, Some(was), Some(wanted))
        });
    });
    written.map_err(|field| not_text(UserEntry::KIND, user, field))?;
    let (contents, _) = patch::apply(bytes.expose(), &document, &root).map_err(|_| mismatch())?;
    let read = decode(path, contents.expose()).map_err(|_| mismatch())?;
    match provider(&read, user) == Some(wanted) {
        true => Ok(contents),
        false => Err(mismatch()),
    }
}

fn provider<'c>(config: &'c Kubeconfig, user: &str) -> Option<&'c AuthProvider> {
    config.users.get(user)?.auth_provider.as_ref()
}
