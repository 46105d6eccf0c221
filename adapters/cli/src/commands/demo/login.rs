//! The three ways in which the demo logs in.

/// A context of the demo's kubeconfig.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Login {
    /// An exec plugin.
    Plugin,
    /// A client certificate and its key in files.
    Certificate,
    /// A token in a file.
    TokenFile,
}

impl Login {
    /// All of them, in the order in which they are shown.
    pub(crate) const ALL: [Self; 3] = [Self::Plugin, Self::Certificate, Self::TokenFile];

    /// The name of its context and user in the kubeconfig.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::Certificate => "certificate",
            Self::TokenFile => "token-file",
        }
    }

    /// What its workers ask for. The server tells logins apart by it when it knows no user.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Plugin => "/api/v1/namespaces/default/pods",
            Self::Certificate => "/api/v1/namespaces",
            Self::TokenFile => "/version",
        }
    }

    /// The login whose path this is.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|login| login.path() == path)
    }

    /// How many of the workers use it: most have the plugin, and each login has one at least.
    pub(crate) const fn share(self, workers: u32) -> u32 {
        let (certificate, token_file) = (workers.div_ceil(4), workers.div_ceil(8));
        match self {
            Self::Plugin => workers - certificate - token_file,
            Self::Certificate => certificate,
            Self::TokenFile => token_file,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_worker_has_a_login_and_every_login_a_worker() {
        for workers in 3..=1000 {
            let shares = Login::ALL.map(|login| login.share(workers));
            assert_eq!(shares.iter().sum::<u32>(), workers);
            assert!(shares.iter().all(|share| *share > 0), "{workers}: {shares:?}");
        }
    }

    #[test]
    fn paths_tell_logins_apart() {
        assert!(Login::ALL.iter().all(|login| Login::of_path(login.path()) == Some(*login)));
        assert_eq!(Login::of_path("/"), None);
    }
}
