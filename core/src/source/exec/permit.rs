//! Which plugins may run.

use crate::profile::{Exec, PluginPolicy};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Decides whether an allowlist lets a program run, and says which file to run (EX-84…EX-86).
///
/// `resolve` is the host's look-up: of a name along PATH, of a path as it stands; `None` if there
/// is nothing that can be run. The answer `Ok(None)` means that the program may run, and cannot be
/// found: [`FailureKind::NotFound`](crate::FailureKind::NotFound).
///
/// With a list, in this order: an entry that says the same as the program lets it run, found or
/// not; a program that is not found may not run; an entry that says the file it was found as lets
/// it run; and so does an entry that is found as the same file. Links are not followed, arguments
/// do not count. What is run is always the file that was looked at.
///
/// # Errors
/// A text for [`FailureKind::Denied`](crate::FailureKind::Denied).
pub fn permit(
    program: &str,
    allowlist: Option<&[String]>,
    resolve: &mut dyn FnMut(&str) -> Option<String>,
) -> Result<Option<String>, String> {
    let found = resolve(program);
    let Some(allowlist) = allowlist else { return Ok(found) };
    if allowlist.iter().any(|entry| entry == program) {
        return Ok(found);
    }
    let Some(found) = found else {
        return Err(format!("{program:?} is not in the allowlist as it stands, and is not found"));
    };
    // Entries of another file name need no exception: they are found as another file.
    let mut same = |entry: &String| *entry == found || resolve(entry).as_ref() == Some(&found);
    if allowlist.iter().any(|entry| !entry.is_empty() && same(entry)) {
        Ok(Some(found))
    } else {
        Err(format!("{program:?}, found as {found:?}, is not in the allowlist"))
    }
}

/// The policy of that name with that list, as a file or a flag gives them (EX-80…EX-82). `None`: no
/// list, which is not the same as an empty one.
///
/// # Errors
/// See [`PolicyProblem`].
pub fn plugin_policy(
    policy: &str,
    allowlist: Option<Vec<String>>,
) -> Result<PluginPolicy, PolicyProblem> {
    let without_list = match policy {
        "" | "AllowAll" => PluginPolicy::AllowAll,
        "DenyAll" => PluginPolicy::DenyAll,
        "Allowlist" => return allowed(allowlist).map(PluginPolicy::Allowlist),
        _ => return Err(PolicyProblem::Unknown(policy.to_owned())),
    };
    match allowlist {
        Some(_) => Err(PolicyProblem::NeedlessList(policy.to_owned())),
        None => Ok(without_list),
    }
}

fn allowed(allowlist: Option<Vec<String>>) -> Result<Vec<String>, PolicyProblem> {
    let entries = allowlist.ok_or(PolicyProblem::NoList)?;
    if entries.is_empty() {
        return Err(PolicyProblem::EmptyList);
    }
    for (index, entry) in entries.iter().enumerate() {
        if entry.is_empty() {
            return Err(PolicyProblem::EmptyEntry(index.saturating_add(1)));
        }
        // Here a path with one name is that name, as client-go has it.
        let cleaned = super::clean(entry);
        let cleaned = cleaned.strip_prefix("./").unwrap_or(&cleaned);
        if entry != cleaned {
            let (entry, cleaned) = (entry.clone(), cleaned.to_owned());
            return Err(PolicyProblem::NotNormal { entry, cleaned });
        }
    }
    Ok(entries)
}

/// What is wrong with a plugin policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyProblem {
    /// There is no such policy (EX-80).
    #[error("unknown plugin policy {0:?} (AllowAll, Allowlist and DenyAll exist)")]
    Unknown(String),
    /// A list beside a policy that has none (EX-81).
    #[error("the plugin policy is {0:?}, and yet there is an allowlist")]
    NeedlessList(String),
    /// `Allowlist` without a list (EX-81).
    #[error("the plugin policy is \"Allowlist\", and there is no allowlist")]
    NoList,
    /// `Allowlist` with an empty list (EX-81).
    #[error("the plugin policy is \"Allowlist\", and the allowlist is empty; use \"DenyAll\"")]
    EmptyList,
    /// An empty entry, counted from 1 (EX-82).
    #[error("entry {0} of the plugin allowlist is empty")]
    EmptyEntry(usize),
    /// An entry that can be said shorter, and so would never match (EX-82).
    #[error("{entry:?} in the plugin allowlist is not in its shortest form, {cleaned:?}")]
    NotNormal {
        /// As it stands.
        entry: String,
        /// As it should.
        cleaned: String,
    },
}

/// Why a plugin may not run when none may (EX-83).
pub(super) fn denied(exec: &Exec) -> String {
    format!("the plugin policy is \"DenyAll\", and so {:?} may not run", exec.command)
}
