//! Logging out of everything that this program keeps for this user (LG-115).

use super::entries;
use super::keyring::{Keyring, KeyringChoice};
use crate::folder::Folder;
use kubecred_core::{Failure, FailureKind};
use kubecred_host::fs::failure;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// The limit of a call to the keyring (LG-96).
const LIMIT: Duration = Duration::from_secs(2);

/// How an entry says that its refresh token is in the keyring.
const IN_KEYRING: &[u8] = b"\"refresh_in_keyring\":true";

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forgotten {
    /// The number of logins.
    pub logins: usize,
    /// There were items in a keyring, or may have been, and it cannot be asked any more.
    pub no_keyring: Option<Failure>,
}

/// Removes all logins of this user: files of the cache folder `cache` by the names that this program
/// gives them, and items of the service `service` in the keyring. Nothing is revoked, other files
/// stay, and so do the folders and the locks, which hold no secret.
///
/// # Errors
/// If a file cannot be removed, or the keyring is there and refuses: an entry whose keyring item
/// stays is kept.
pub fn forget_all(
    cache: Option<PathBuf>,
    keyring: KeyringChoice,
    service: &str,
) -> Result<Forgotten, Failure> {
    let other = |error: std::io::Error| Failure::new(FailureKind::Other, error.to_string());
    let folder = entries(cache.as_ref());
    let folder = folder.map_err(|why| Failure::new(FailureKind::Unsupported, why))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(other)?;
    let forgotten = runtime.block_on(forget(folder, &Keyring::new(keyring), service));
    runtime.shutdown_background();
    forgotten
}

async fn forget(
    mut folder: Folder,
    keyring: &Keyring,
    service: &str,
) -> Result<Forgotten, Failure> {
    let list = |folder: &Folder, ending| folder.names(ending).map_err(|error| failure(&error));
    let files: BTreeSet<String> = list(&folder, ".json")?.into_iter().collect();
    let remove = |folder: &Folder, key: &str| {
        folder.remove(&[key, ".json"].concat()).map_err(|error| failure(&error))
    };
    // A login that is in the keyring alone has left its lock.
    let mut keys: BTreeSet<String> = list(&folder, ".lock")?.into_iter().collect();
    keys.extend(files.iter().cloned());
    let mut forgotten = Forgotten::default();
    for key in keys.iter().filter(|key| is_key(key)) {
        let entry = folder.read(&[key, ".json"].concat()).ok().flatten();
        let has_item = entry.is_some_and(|entry| {
            entry.expose().windows(IN_KEYRING.len()).any(|part| part == IN_KEYRING)
        });
        let item = match keyring.get(service, key, LIMIT).await {
            Ok(item) => item.is_some(),
            // It has found an item, or the entry speaks of one, and it would stay.
            Err(failure) if failure.kind == FailureKind::Denied => return Err(failure),
            Err(failure) if has_item && failure.kind != FailureKind::Unsupported => {
                return Err(failure);
            }
            Err(failure) => {
                let without_keyring =
                    files.contains(key) || failure.kind == FailureKind::Unsupported;
                if has_item || !without_keyring {
                    forgotten.no_keyring.get_or_insert(failure);
                }
                false
            }
        };
        if item {
            keyring.delete(service, key, LIMIT).await?;
        }
        remove(&folder, key)?;
        forgotten.logins += usize::from(item || files.contains(key));
    }
    for key in files.iter().filter(|key| key.strip_prefix("provider-").is_some_and(is_key)) {
        remove(&folder, key)?;
    }
    Ok(forgotten)
}

/// Whether this is the name of an entry: a SHA-256 in hexadecimal digits (LG-90).
fn is_key(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lg_115_only_what_this_program_has_made_is_removed() {
        let base = tempfile::tempdir().unwrap();
        let folder = Folder::open(base.path(), &["kubecred", "login"]).unwrap();
        let (one, two) = ("0123456789abcdef".repeat(4), "f".repeat(64));
        let ours = [format!("{one}.json"), format!("{two}.json"), format!("provider-{one}.json")];
        let others = [
            format!("{one}.lock"),
            format!("{}.json", "F".repeat(64)),
            format!("{}.json", "f".repeat(63)),
            "notes.json".into(),
            "provider-x.json".into(),
            format!("{one}.yaml"),
        ];
        for name in ours.iter().chain(&others) {
            folder.write(name, b"{}").unwrap();
        }
        std::fs::write(base.path().join("kubecred/mine"), "").unwrap();
        let forget = || forget_all(Some(base.path().into()), KeyringChoice::System, "test");
        let forgotten = forget().unwrap();
        assert_eq!(forgotten.logins, 2);
        let names = |folder: &Folder| -> BTreeSet<String> {
            folder.names("").unwrap().into_iter().collect()
        };
        assert_eq!(names(&folder), others.iter().cloned().collect());
        assert!(base.path().join("kubecred/mine").exists());
        assert_eq!(forget().unwrap(), Forgotten::default());
    }
}
