//! What a login needs to know about where it runs: facts for the machine, which decides.

use super::browser::Launchers;
use kubecred_core::exec::KUBERNETES_EXEC_INFO;
use kubecred_core::login::{Desktop, HostFacts};
use std::io::IsTerminal;

/// The facts of this process. `command` says that the user names a program to open a browser with.
#[must_use]
pub fn facts(launchers: &Launchers, command: bool) -> HostFacts {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let info = std::env::var_os(KUBERNETES_EXEC_INFO);
    HostFacts {
        exec_info: info.map(|text| text.to_string_lossy().into_owned()),
        can_prompt: std::io::stdin().is_terminal(),
        desktop: desktop(&set, command || launchers.any()),
    }
}

fn desktop(set: &dyn Fn(&str) -> bool, launcher: bool) -> Desktop {
    let display = set("DISPLAY") || set("WAYLAND_DISPLAY");
    // The Windows side opens it.
    let wsl = set("WSL_DISTRO_NAME") || set("WSL_INTEROP");
    Desktop {
        always_has_display: cfg!(any(target_os = "macos", windows)),
        has_display: display || wsl || set("BROWSER"),
        ssh: set("SSH_CONNECTION") || set("SSH_CLIENT") || set("SSH_TTY"),
        forwarded_display: display,
        launcher,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn lg_13_a_browser_needs_a_display_a_launcher_and_no_bare_ssh_session() {
        let usable =
            |names: &[&str], launcher| desktop(&|name| names.contains(&name), launcher).is_usable();
        assert!(usable(&["DISPLAY"], true));
        assert!(usable(&["WAYLAND_DISPLAY"], true));
        assert!(usable(&["WSL_DISTRO_NAME"], true));
        assert!(usable(&["BROWSER"], true));
        assert!(usable(&["DISPLAY", "SSH_CONNECTION"], true), "a forwarded display");
        assert!(!usable(&["BROWSER", "SSH_TTY"], true));
        assert!(!usable(&["DISPLAY"], false));
        assert!(!usable(&[], true));
    }
}
