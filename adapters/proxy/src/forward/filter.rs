//! Which requests are let through: kubectl's filter of hosts, paths and methods.

use super::path::ApiPath;
use super::refusal::Refusal;
use http::Method;
use regex::Regex;

/// The hosts that kubectl accepts by default, and all names under `.localhost`, which lead nowhere
/// else (RFC 6761).
pub const ACCEPT_HOSTS: &str = r"^localhost$,^127\.0\.0\.1$,^\[::1\]$,^.+\.localhost$";
/// The paths that are accepted by default: all.
pub const ACCEPT_PATHS: &str = "^.*";
/// The paths that are refused by default: those that run commands in containers.
pub const REJECT_PATHS: &str = "^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach";
/// The methods that are refused by default: none.
pub const REJECT_METHODS: &str = "^$";

/// The patterns of a [`Filter`]: regular expressions, separated by commas, that are looked for in
/// the text. An empty list matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "kubectl's four flags")]
pub struct Patterns {
    /// Hosts that a request may be for: its `Host` header in lower case and without the port.
    pub accept_hosts: String,
    /// Paths that may be asked for.
    pub accept_paths: String,
    /// Paths that may not be asked for, even if they are accepted.
    pub reject_paths: String,
    /// Methods that may not be used.
    pub reject_methods: String,
}

impl Default for Patterns {
    fn default() -> Self {
        Self {
            accept_hosts: ACCEPT_HOSTS.into(),
            accept_paths: ACCEPT_PATHS.into(),
            reject_paths: REJECT_PATHS.into(),
            reject_methods: REJECT_METHODS.into(),
        }
    }
}

/// A pattern that is not a regular expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{flag}: {pattern:?} is not a regular expression: {problem}")]
#[non_exhaustive]
pub struct FilterError {
    /// Which list it is in, as kubectl calls its flag.
    pub flag: &'static str,
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it, in one line.
    pub problem: String,
}

/// Which requests are let through.
#[derive(Clone, Debug)]
pub struct Filter {
    accept_hosts: Vec<Regex>,
    accept_paths: Vec<Regex>,
    reject_paths: Vec<Regex>,
    reject_methods: Vec<Regex>,
    accepts_all_paths: bool,
}

impl Filter {
    /// With these patterns.
    ///
    /// # Errors
    /// When one is not a regular expression.
    pub fn new(patterns: &Patterns) -> Result<Self, FilterError> {
        Ok(Self {
            accept_hosts: compile("--accept-hosts", &patterns.accept_hosts)?,
            accept_paths: compile("--accept-paths", &patterns.accept_paths)?,
            reject_paths: compile("--reject-paths", &patterns.reject_paths)?,
            reject_methods: compile("--reject-methods", &patterns.reject_methods)?,
            accepts_all_paths: patterns.accept_paths == ACCEPT_PATHS,
        })
    }

    /// Whether requests may be for this host: lower case, without a port.
    pub(crate) fn accepts_host(&self, host: &str) -> bool {
        matching(&self.accept_hosts, host).is_some()
    }

    /// In kubectl's order: the path is rejected, the method is, the path is not accepted (PX-12).
    pub(crate) fn check(&self, method: &Method, path: &ApiPath<'_>) -> Result<(), Refusal> {
        for form in path.forms() {
            if let Some(pattern) = matching(&self.reject_paths, form) {
                let hint = match path.runs_commands() {
                    Some(subresource) => format!("; --allow {subresource} lets it through"),
                    None => String::new(),
                };
                return Err(Refusal::forbidden(format!(
                    "the proxy refuses this path (--reject-paths {pattern}){hint}"
                )));
            }
        }
        if let Some(pattern) = matching(&self.reject_methods, method.as_str()) {
            return Err(Refusal::forbidden(format!(
                "the proxy refuses the method {method} (--reject-methods {pattern})"
            )));
        }
        if self.accepts_all_paths {
            return Ok(());
        }
        match path.forms().all(|form| matching(&self.accept_paths, form).is_some()) {
            true => Ok(()),
            false => {
                Err(Refusal::forbidden("the proxy does not accept this path (--accept-paths)"))
            }
        }
    }
}

fn compile(flag: &'static str, list: &str) -> Result<Vec<Regex>, FilterError> {
    let patterns = list.split(',').filter(|pattern| !pattern.is_empty());
    let compile = |pattern: &str| {
        Regex::new(pattern).map_err(|error| {
            let text = error.to_string();
            let problem = text.lines().last().unwrap_or_default();
            let problem = problem.trim_start_matches("error: ").to_owned();
            FilterError { flag, pattern: pattern.to_owned(), problem }
        })
    };
    patterns.map(compile).collect()
}

/// The first pattern that is found in the text.
fn matching<'a>(patterns: &'a [Regex], text: &str) -> Option<&'a Regex> {
    patterns.iter().find(|pattern| pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(filter: &Filter, method: &str, path: &str) -> Option<String> {
        let path = ApiPath::new(path).unwrap();
        filter.check(&method.parse().unwrap(), &path).err().map(|refusal| refusal.message().into())
    }

    #[test]
    fn px_15_by_default_commands_are_refused_and_nothing_else() {
        let filter = Filter::new(&Patterns::default()).unwrap();
        let pod = "/api/v1/namespaces/n/pods/p";
        for way in ["exec", "attach", "%65xec", "exec?command=ls"] {
            let said = refused(&filter, "POST", &format!("{pod}/{way}")).expect(way);
            assert!(said.contains("--reject-paths ^/api/"), "{said}");
        }
        for way in ["portforward", "log", "proxy", ""] {
            assert_eq!(refused(&filter, "DELETE", &format!("{pod}/{way}")), None, "{way}");
        }
        assert_eq!(refused(&filter, "POST", "/apis/x/v1/pods/p/exec"), None);
    }

    /// M: what is decoded counts, `%2F` as a slash. Ours compares without doubled slashes, too.
    #[test]
    fn px_14_no_spelling_of_a_path_gets_around_the_filter() {
        let filter = Filter::new(&Patterns::default()).unwrap();
        for path in [
            "/api/v1/namespaces/n/pods/p/%65xec",
            "/api%2Fv1/namespaces/n/pods/p/exec",
            "//api/v1/namespaces/n/pods/p/exec",
            "/%2Fapi/v1/namespaces/n/pods/p//exec",
        ] {
            assert!(refused(&filter, "GET", path).is_some(), "{path}");
        }
    }

    /// I: kubectl answers with the text `Forbidden`, whatever the reason.
    #[test]
    fn px_12_path_then_method_then_acceptance() {
        let patterns = Patterns {
            accept_paths: "^/api/".into(),
            reject_paths: "secret".into(),
            reject_methods: "DELETE,PUT".into(),
            ..Patterns::default()
        };
        let filter = Filter::new(&patterns).unwrap();
        for (method, path, rule) in [
            ("DELETE", "/apis/secret", "--reject-paths"),
            ("DELETE", "/apis/x", "--reject-methods DELETE"),
            ("GET", "/apis/x", "--accept-paths"),
        ] {
            let said = refused(&filter, method, path).unwrap_or_default();
            assert!(said.contains(rule), "{method} {path}: {said}");
        }
        assert_eq!(refused(&filter, "GET", "/api/x"), None);
    }

    #[test]
    fn px_5_a_pattern_that_is_none_is_named() {
        let patterns = Patterns { accept_paths: "^/ok,(".into(), ..Patterns::default() };
        let error = Filter::new(&patterns).unwrap_err();
        assert_eq!((error.flag, error.pattern.as_str()), ("--accept-paths", "("));
        assert_eq!(
            error.to_string(),
            "--accept-paths: \"(\" is not a regular expression: unclosed group"
        );
    }
}
