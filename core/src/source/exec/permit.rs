//! Which plugins may run.

use crate::profile::Exec;
use alloc::format;
use alloc::string::String;

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
        return Err(format!(
            "{program:?} is not in the allowlist as it stands, and nothing that can be run is \
             found by that name"
        ));
    };
    // Entries of another file name need no exception: they are found as another file.
    let mut same = |entry: &String| *entry == found || resolve(entry).as_ref() == Some(&found);
    if allowlist.iter().any(|entry| !entry.is_empty() && same(entry)) {
        Ok(Some(found))
    } else {
        Err(format!("{program:?}, found as {found:?}, is not in the allowlist"))
    }
}

/// Why a plugin may not run when none may (EX-83).
pub(super) fn denied(exec: &Exec) -> String {
    format!("the plugin policy is \"DenyAll\", and so {:?} may not run", exec.command)
}
