//! Opening a URL in the user's browser.

use kubecred_core::{Failure, FailureKind};
use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// A launcher that ends within this time without success has failed; one that goes on is a browser
/// in the foreground.
const AT_ONCE: Duration = Duration::from_secs(1);

/// How a browser is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launchers {
    /// `BROWSER`: commands separated by colons, `%s` in them standing for the URL.
    variable: Option<OsString>,
    /// Whether what it starts may write to standard error (`-v`).
    stderr: bool,
}

impl Launchers {
    /// With this process's `BROWSER`. `stderr`: what is started may write to standard error.
    #[must_use]
    pub fn from_env(stderr: bool) -> Self {
        let variable = std::env::var_os("BROWSER").filter(|value| !value.is_empty());
        Self { variable, stderr }
    }

    /// Whether there is anything to try.
    #[must_use]
    pub fn any(&self) -> bool {
        self.variable.is_some()
            || cfg!(any(target_os = "macos", windows))
            || ["xdg-open", "gio", "gnome-open", "kde-open", "wslview"]
                .into_iter()
                .any(|name| kubecred_host::process::find_program(name).is_some())
    }

    /// Opens it with this command, or else with the first launcher that works.
    ///
    /// Children get the null device for standard input and output, which is the credential's alone
    /// (LG-5).
    ///
    /// # Errors
    /// Nothing could be started, or all failed within a second; says which, and why.
    pub async fn open(&self, url: &str, command: &[String]) -> Result<(), Failure> {
        if let Some((program, args)) = command.split_first() {
            let mut command = std::process::Command::new(program);
            command.args(args).arg(url);
            return self
                .start(command)
                .await
                .map_err(|why| Failure::new(FailureKind::NotFound, format!("{program}: {why}")));
        }
        let mut problems = Vec::new();
        for command in self.commands(url) {
            let name = command.get_program().to_string_lossy().into_owned();
            match self.start(command).await {
                Ok(()) => return Ok(()),
                Err(why) => problems.push(format!("{name}: {why}")),
            }
        }
        let text = match problems.is_empty() {
            true => "no program to open a browser with was found".to_owned(),
            false => problems.join("; "),
        };
        Err(Failure::new(FailureKind::NotFound, text))
    }

    fn commands(&self, url: &str) -> Vec<std::process::Command> {
        let variable = self.variable.as_ref().and_then(|value| value.to_str()).unwrap_or_default();
        let of_variable = variable.split(':').filter_map(|command| from_variable(command, url));
        of_variable.chain(open::commands(url)).collect()
    }

    async fn start(&self, command: std::process::Command) -> Result<(), String> {
        let mut command = Command::from(command);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(if self.stderr { Stdio::inherit() } else { Stdio::null() });
        // Ctrl-C in the terminal must not end the browser.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        match tokio::time::timeout(AT_ONCE, child.wait()).await {
            Ok(Ok(status)) if !status.success() => Err(format!("it failed ({status})")),
            Ok(Err(error)) => Err(error.to_string()),
            // It goes on, and is left alone.
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }
}

/// A command of `BROWSER`: words, with `%s` for the URL, or else the URL comes last.
fn from_variable(command: &str, url: &str) -> Option<std::process::Command> {
    let mut words = command.split_whitespace();
    let mut made = std::process::Command::new(words.next()?);
    let mut placed = false;
    for word in words {
        placed |= word.contains("%s");
        made.arg(word.replace("%s", url));
    }
    if !placed {
        made.arg(url);
    }
    Some(made)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn words(command: &std::process::Command) -> Vec<String> {
        let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
        std::iter::once(command.get_program().to_string_lossy().into_owned()).chain(args).collect()
    }

    #[test]
    fn browser_goes_before_the_systems_launchers_with_its_words_and_marks() {
        let launchers =
            Launchers { variable: Some("firefox -P work:lynx --go=%s".into()), stderr: false };
        let commands = launchers.commands("http://127.0.0.1:1/x");
        assert_eq!(words(&commands[0]), ["firefox", "-P", "work", "http://127.0.0.1:1/x"]);
        assert_eq!(words(&commands[1]), ["lynx", "--go=http://127.0.0.1:1/x"]);
    }

    #[tokio::test]
    async fn lg_15_a_launcher_that_fails_at_once_is_passed_over_and_all_are_named() {
        let launchers = Launchers::default();
        let open = async |command: &[&str]| {
            let command: Vec<String> = command.iter().map(|word| (*word).into()).collect();
            launchers.open("http://127.0.0.1:1/x", &command).await
        };
        assert_eq!(open(&["/bin/sh", "-c", "exit 0"]).await, Ok(()));
        assert_eq!(open(&["/bin/sh", "-c", "exec sleep 30"]).await, Ok(()));
        let failure = open(&["/bin/sh", "-c", "exit 3"]).await.unwrap_err();
        assert!(failure.detail.starts_with("/bin/sh: it failed"), "{failure}");
        assert_eq!(open(&["/no/such/browser"]).await.unwrap_err().kind, FailureKind::NotFound);
    }

    #[tokio::test]
    async fn lg_5_a_browser_cannot_write_to_standard_output_or_read_standard_input() {
        let folder = tempfile::tempdir().unwrap();
        let seen = folder.path().join("seen");
        let script = format!(
            "exec 3<&0 4>&1 5>&2; \
             readlink /proc/self/fd/3 /proc/self/fd/4 /proc/self/fd/5 >'{}'",
            seen.display()
        );
        let command = ["/bin/sh".to_owned(), "-c".to_owned(), script];
        Launchers::default().open("http://127.0.0.1:1/x", &command).await.unwrap();
        let seen = std::fs::read_to_string(seen).unwrap();
        assert_eq!(seen, "/dev/null\n/dev/null\n/dev/null\n");
    }
}
