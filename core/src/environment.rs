//! What a process knows of the world around it, captured once.

use crate::path::PathFlavour;
use crate::profile::problem::{ConfigError, Problem, ProblemKind};
use crate::profile::{PluginPolicy, StdinState};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The variables, working directory and standard input of the process for which connections are
/// made.
///
/// ```
/// use kubecred_core::Environment;
///
/// let environment = Environment::new([("HOME", "/home/me")]).in_directory("/work");
/// assert_eq!(environment.home(), "/home/me");
/// ```
///
/// `Debug` shows the names of variables, not what they hold.
#[derive(Clone, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct Environment {
    /// The variables whose values are UTF-8.
    pub variables: BTreeMap<String, String>,
    /// The names of the variables whose values are not. Where one of them is needed, that is an
    /// error which names it: it never counts as unset.
    pub not_utf8: Vec<String>,
    /// How file paths are spelled.
    pub paths: PathFlavour,
    /// Absolute. Empty if there is none or it is unknown: relative paths stay relative then.
    pub working_directory: String,
    /// What there is to say of standard input. Goes into each [`Exec`](crate::Exec).
    pub stdin: StdinState,
    /// Which exec plugins may be run. Goes into each [`Exec`](crate::Exec).
    pub plugin_policy: PluginPolicy,
}

impl Environment {
    /// With these variables, Unix paths, no known working directory, no terminal, and all plugins
    /// allowed.
    pub fn new<N: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { variables: variables.collect(), ..Self::default() }
    }

    /// With variables of these names, whose values are not UTF-8.
    #[must_use]
    pub fn with_not_utf8<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        Self { not_utf8: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// With this working directory.
    #[must_use]
    pub fn in_directory(self, working_directory: impl Into<String>) -> Self {
        Self { working_directory: working_directory.into(), ..self }
    }

    /// With paths of this flavour.
    #[must_use]
    pub fn with_paths(self, paths: PathFlavour) -> Self {
        Self { paths, ..self }
    }

    /// With this standard input.
    #[must_use]
    pub fn with_stdin(self, stdin: StdinState) -> Self {
        Self { stdin, ..self }
    }

    /// With this policy for exec plugins.
    #[must_use]
    pub fn with_plugin_policy(self, plugin_policy: PluginPolicy) -> Self {
        Self { plugin_policy, ..self }
    }

    /// What a variable holds, if it is set and not empty.
    ///
    /// # Errors
    /// When it is set, and not UTF-8.
    ///
    /// ```
    /// use kubecred_core::Environment;
    ///
    /// let environment = Environment::new([("HOME", "/home/me")]).with_not_utf8(["KUBECONFIG"]);
    /// assert_eq!(environment.text("HOME"), Ok(Some("/home/me")));
    /// assert_eq!(environment.text("KUBERC"), Ok(None));
    /// let error = environment.text("KUBECONFIG").unwrap_err();
    /// assert_eq!(error.to_string(), "invalid configuration: $KUBECONFIG is not UTF-8");
    /// ```
    pub fn text(&self, name: &str) -> Result<Option<&str>, ConfigError> {
        let same = |known: &String| match self.paths {
            PathFlavour::Unix => known == name,
            PathFlavour::Windows => known.eq_ignore_ascii_case(name),
        };
        match self.not_utf8.iter().find(|known| same(known)) {
            Some(known) => {
                let field = ["$", known].concat();
                Err(Problem::new(ProblemKind::NotUtf8).field(&field).into())
            }
            None => Ok(self.variable(name)),
        }
    }

    /// Fails if one of these variables is set, and not UTF-8.
    pub(crate) fn check(&self, names: &[&str]) -> Result<(), ConfigError> {
        names.iter().try_for_each(|name| self.text(name).map(drop))
    }

    /// What a variable holds, if it is set, not empty, and UTF-8. On Windows the case of the name
    /// does not matter.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let value = match (self.variables.get(name), self.paths) {
            (Some(value), _) => Some(value),
            (None, PathFlavour::Unix) => None,
            (None, PathFlavour::Windows) => self
                .variables
                .iter()
                .find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value)),
        };
        value.map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The home directory: `HOME`, and nothing else (KC-14). On Windows the first of `HOME`,
    /// `USERPROFILE` and `HOMEDRIVE` with `HOMEPATH` that is set (KC-15, step 4). Empty if none is.
    pub fn home(&self) -> String {
        match self.paths {
            PathFlavour::Unix => self.variable("HOME").unwrap_or_default().into(),
            PathFlavour::Windows => [self.variable("HOME"), self.variable("USERPROFILE")]
                .into_iter()
                .flatten()
                .map(String::from)
                .next()
                .or_else(|| self.home_drive())
                .unwrap_or_default(),
        }
    }

    /// The folders that may hold `.kube/config`, the first one that does being the home directory
    /// for this purpose (KC-15, step 1). On Unix there is one.
    ///
    /// # Errors
    /// When a variable that names one is not UTF-8.
    pub(crate) fn homes(&self) -> Result<Vec<String>, ConfigError> {
        Ok(match self.paths {
            PathFlavour::Unix => {
                self.check(&["HOME"])?;
                [self.home()].into()
            }
            PathFlavour::Windows => {
                self.check(&["HOME", "HOMEDRIVE", "HOMEPATH", "USERPROFILE"])?;
                let home = self.variable("HOME").map(String::from);
                let profile = self.variable("USERPROFILE").map(String::from);
                let mut homes: Vec<String> = Vec::new();
                for folder in [home, self.home_drive(), profile].into_iter().flatten() {
                    if !homes.contains(&folder) {
                        homes.push(folder);
                    }
                }
                if homes.is_empty() {
                    homes.push(String::new());
                }
                homes
            }
        })
    }

    fn home_drive(&self) -> Option<String> {
        Some([self.variable("HOMEDRIVE")?, self.variable("HOMEPATH")?].concat())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys())
            .field("not_utf8", &self.not_utf8)
            .field("paths", &self.paths)
            .field("working_directory", &self.working_directory)
            .field("stdin", &self.stdin)
            .field("plugin_policy", &self.plugin_policy)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn debug_names_variables_and_hides_what_they_hold() {
        let shown = format!("{:?}", Environment::new([("API_TOKEN", "hush")]));
        assert!(shown.contains("API_TOKEN") && !shown.contains("hush"), "{shown}");
    }

    #[test]
    fn kc_14_home_is_the_variable_and_nothing_else() {
        assert_eq!(Environment::new([("HOME", "/h"), ("USERPROFILE", "/u")]).home(), "/h");
        assert_eq!(Environment::new([("USERPROFILE", "/u")]).home(), "");
    }

    #[test]
    fn kc_15_windows_has_two_orders() {
        let windows = |variables: &[(&str, &str)]| {
            Environment::new(variables.iter().copied()).with_paths(PathFlavour::Windows)
        };
        let all = [
            ("Home", r"H:\"),
            ("HOMEDRIVE", "D:"),
            ("HOMEPATH", r"\me"),
            ("USERPROFILE", r"C:\Users\me"),
        ];
        assert_eq!(windows(&all).homes().unwrap(), [r"H:\", r"D:\me", r"C:\Users\me"]);
        assert_eq!(windows(&all).home(), r"H:\");
        assert_eq!(windows(&all[1..]).home(), r"C:\Users\me");
        assert_eq!(windows(&all[1..3]).home(), r"D:\me");
        assert_eq!(windows(&all[1..2]).homes().unwrap(), [""]);
    }
}
