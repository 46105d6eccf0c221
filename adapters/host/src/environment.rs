//! What this process knows of the world around it.

use kubecred_core::{Environment, PathFlavour, StdinState};
use std::env;
use std::io::IsTerminal;

/// The variables, the working directory and the standard input of this process.
///
/// A variable whose value is not UTF-8 is kept by its name, so that whatever needs it fails and
/// names it ([`Environment::text`]); it never counts as unset. A working directory that is not
/// UTF-8 is left out: relative paths stay relative then, and mean the same.
///
/// A WASI guest has no standard input that it could lend to a plugin, and says so.
pub fn environment() -> Environment {
    let mut not_utf8 = Vec::new();
    let mut variables = Vec::new();
    for (name, value) in env::vars_os() {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => variables.push((name, value)),
            (Ok(name), Err(_)) => not_utf8.push(name),
            (Err(_), _) => {} // no variable that anything here reads has such a name
        }
    }
    let directory =
        env::current_dir().ok().and_then(|path| path.into_os_string().into_string().ok());
    Environment::new(variables)
        .with_not_utf8(not_utf8)
        .in_directory(directory.unwrap_or_default())
        .with_paths(if cfg!(windows) { PathFlavour::Windows } else { PathFlavour::Unix })
        .with_stdin(stdin())
}

fn stdin() -> StdinState {
    let unavailable =
        cfg!(target_os = "wasi").then(|| "a WASI guest has none to lend to a program".to_owned());
    let terminal = unavailable.is_none() && std::io::stdin().is_terminal();
    StdinState { terminal, unavailable }
}

/// What a variable of this process holds, as the system has it; `None` if it is unset or empty.
/// For variables whose text does not matter (`DISABLE_HTTP2`, `NO_COLOR`).
pub fn variable_os(name: &str) -> Option<std::ffi::OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
