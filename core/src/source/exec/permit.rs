//! The allowlist for exec plugins.

use crate::profile::Exec;
use alloc::format;
use alloc::string::String;

/// Decides whether an allowlist allows a program, and returns the file to run (EX-84…EX-86).
/// `Ok(None)`: the program is allowed, but not found; report
/// [`FailureKind::NotFound`](crate::FailureKind::NotFound).
///
/// `resolve` is the host's look-up: it searches PATH for a name, and checks a path. It returns the
/// path of the executable file, or `None`.
///
/// The program is allowed if there is no list, or if an entry
///
/// 1. is equal to `program`, or
/// 2. is equal to the file that `program` resolves to, or
/// 3. resolves to the same file.
///
/// Symbolic links are not followed, and arguments do not matter. The file that is returned is the
/// one that was checked.
///
/// # Errors
/// If it is not allowed: the text for [`FailureKind::Denied`](crate::FailureKind::Denied).
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
        return Err(format!(
            "{program:?} is not in the allowlist, and no executable of that name is found"
        ));
    };
    // An entry with another file name resolves to another file, so it needs no special case.
    let mut same = |entry: &String| *entry == found || resolve(entry).as_ref() == Some(&found);
    if allowlist.iter().any(|entry| !entry.is_empty() && same(entry)) {
        Ok(Some(found))
    } else {
        Err(format!("{program:?}, found as {found:?}, is not in the allowlist"))
    }
}

/// The error text when no plugin may run (EX-83).
pub(super) fn denied(exec: &Exec) -> String {
    format!("the plugin policy is \"DenyAll\", so {:?} may not run", exec.command)
}
