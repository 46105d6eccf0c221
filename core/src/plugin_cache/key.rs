//! Which runs of plugins may share an answer (LG-122).

use crate::api::exec_credential::ExecCredential;
use crate::profile::{ExecCluster, Roots};
use crate::secret::Secret;
use alloc::string::String;
use alloc::vec::Vec;

/// Variables that are not part of the key: they change from one terminal, folder or command to the
/// next, and no known plugin chooses an identity by them. `KUBERNETES_EXEC_INFO` counts by its
/// content, see [`KeyInput::asked`].
pub const VOLATILE: &[&str] = &[
    "_",
    "COLORTERM",
    "COLUMNS",
    "KUBERNETES_EXEC_INFO",
    "LINES",
    "OLDPWD",
    "PWD",
    "SHLVL",
    "TERM",
    "TERM_PROGRAM",
    "TERM_PROGRAM_VERSION",
    "TERM_SESSION_ID",
    "TMUX",
    "TMUX_PANE",
    "WINDOWID",
    "XDG_SESSION_ID",
];

/// Everything that can make two runs of a plugin give different credentials.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a host gives all of it")]
pub struct KeyInput<'a> {
    /// The program's file, as it was found.
    pub program: &'a str,
    /// Its arguments.
    pub args: &'a [String],
    /// The working directory, if an argument or a variable names a file by a relative path.
    pub directory: Option<&'a [u8]>,
    /// The user id of the process; zero where there is none.
    pub user: u32,
    /// What the plugin is asked for: the version and the cluster count; `interactive` does not.
    pub asked: &'a ExecCredential,
    /// The environment, in any order.
    pub environment: Vec<(&'a [u8], &'a [u8])>,
    /// Only these variables count; `None`: all but [`VOLATILE`].
    pub only: Option<&'a [String]>,
}

impl KeyInput<'_> {
    /// One text for all of it, to be hashed with SHA-256: equal for equal inputs only, since each
    /// part says its length. It holds the environment, so it is a secret.
    #[must_use]
    pub fn canonical(&self) -> Secret {
        let mut parts: Vec<(&str, &[u8])> = Vec::new();
        parts.push(("version", b"1"));
        let user = self.user.to_be_bytes();
        parts.push(("user", &user));
        parts.push(("program", self.program.as_bytes()));
        parts.extend(self.args.iter().map(|arg| ("argument", arg.as_bytes())));
        parts.extend(self.directory.map(|path| ("directory", path)));
        parts.push(("apiVersion", self.asked.api_version.as_str().as_bytes()));
        if let Some(cluster) = &self.asked.spec.cluster {
            push_cluster(&mut parts, cluster);
        }
        let mut variables: Vec<_> =
            self.environment.iter().filter(|(name, _)| self.counts(name)).collect();
        variables.sort_unstable();
        for (name, value) in variables {
            parts.push(("variable", name));
            parts.push(("value", value));
        }
        join(&parts)
    }

    fn counts(&self, name: &[u8]) -> bool {
        match self.only {
            Some(names) => names.iter().any(|only| only.as_bytes() == name),
            None => !VOLATILE.iter().any(|volatile| volatile.as_bytes() == name),
        }
    }
}

fn push_cluster<'a>(parts: &mut Vec<(&'a str, &'a [u8])>, cluster: &'a ExecCluster) {
    let flag = |set: bool| if set { b"1".as_slice() } else { b"0" };
    let authority = match &cluster.certificate_authority {
        Roots::File(path) => ("authority file", path.as_bytes()),
        Roots::Pem(pem) => ("authority", pem.expose()),
        Roots::System => ("authority of the system", b"".as_slice()),
    };
    parts.push(("server", cluster.server.as_bytes()));
    parts.push(("tls-server-name", cluster.tls_server_name.as_bytes()));
    parts.push(("insecure-skip-tls-verify", flag(cluster.insecure_skip_tls_verify)));
    parts.push(authority);
    parts.push(("proxy-url", cluster.proxy_url.as_bytes()));
    parts.push(("disable-compression", flag(cluster.disable_compression)));
    parts.extend(cluster.config.as_ref().map(|config| ("config", config.as_bytes())));
}

/// Label, length, bytes of each part, in a buffer of the right size: one that grew would leave
/// copies behind.
fn join(parts: &[(&str, &[u8])]) -> Secret {
    let size = |(label, bytes): &(&str, &[u8])| label.len() + bytes.len() + 9;
    let mut text = Vec::with_capacity(parts.iter().map(size).sum());
    for (label, bytes) in parts {
        text.extend_from_slice(label.as_bytes());
        text.push(0);
        text.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        text.extend_from_slice(bytes);
    }
    Secret::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::ExecApiVersion;
    use alloc::borrow::ToOwned;
    use alloc::vec;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    struct Run {
        program: &'static str,
        args: Vec<String>,
        directory: Option<&'static [u8]>,
        user: u32,
        asked: ExecCredential,
        environment: Vec<(&'static str, &'static str)>,
        only: Option<Vec<String>>,
    }

    impl Run {
        fn new() -> Self {
            let mut asked = ExecCredential::default();
            asked.spec.cluster =
                Some(ExecCluster { server: "https://a".into(), ..ExecCluster::default() });
            Self {
                program: "/usr/bin/aws",
                args: strings(&["eks", "get-token"]),
                directory: None,
                user: 1000,
                asked,
                environment: vec![("HOME", "/home/ann"), ("AWS_PROFILE", "dev"), ("PWD", "/a")],
                only: None,
            }
        }

        fn with(change: impl FnOnce(&mut Self)) -> Secret {
            let mut run = Self::new();
            change(&mut run);
            run.key()
        }

        fn key(&self) -> Secret {
            KeyInput {
                program: self.program,
                args: &self.args,
                directory: self.directory,
                user: self.user,
                asked: &self.asked,
                environment: self
                    .environment
                    .iter()
                    .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
                    .collect(),
                only: self.only.as_deref(),
            }
            .canonical()
        }
    }

    /// What is changed, and how.
    type Change = (&'static str, fn(&mut Run));

    fn cluster(run: &mut Run) -> &mut ExecCluster {
        run.asked.spec.cluster.as_mut().unwrap()
    }

    #[test]
    fn lg_122_runs_that_could_give_different_identities_never_share_a_key() {
        let changes: &[Change] = &[
            ("program", |run| run.program = "/usr/local/bin/aws"),
            ("arguments", |run| run.args.push("--role-arn=x".into())),
            ("split arguments", |run| run.args = strings(&["eks get-token"])),
            ("order of arguments", |run| run.args.reverse()),
            ("directory", |run| run.directory = Some(b"/srv")),
            ("user", |run| run.user = 0),
            ("version", |run| run.asked.api_version = ExecApiVersion::V1Beta1),
            ("no cluster", |run| run.asked.spec.cluster = None),
            ("server", |run| cluster(run).server = "https://b".into()),
            ("name", |run| cluster(run).tls_server_name = "b".into()),
            ("authority", |run| cluster(run).certificate_authority = Roots::Pem("pem".into())),
            ("authority file", |run| {
                cluster(run).certificate_authority = Roots::File("pem".into());
            }),
            ("verification", |run| cluster(run).insecure_skip_tls_verify = true),
            ("compression", |run| cluster(run).disable_compression = true),
            ("proxy", |run| cluster(run).proxy_url = "http://p".into()),
            ("config", |run| cluster(run).config = Some("{}".into())),
            ("variable", |run| run.environment[1].1 = "prod"),
            ("new variable", |run| run.environment.push(("AWS_REGION", ""))),
            ("variable gone", |run| run.environment.retain(|(name, _)| *name != "AWS_PROFILE")),
            ("name and value", |run| run.environment[1] = ("AWS_PROFILEd", "ev")),
        ];
        let mut keys = vec![("as it is", Run::new().key())];
        for (what, change) in changes {
            let key = Run::with(*change);
            for (other, known) in &keys {
                assert_ne!(&key, known, "{what} and {other}");
            }
            keys.push((what, key));
        }
    }

    #[test]
    fn lg_122_what_gives_no_other_identity_is_not_in_the_key() {
        let key = Run::new().key();
        let same: &[Change] = &[
            ("interactive", |run| run.asked.spec.interactive = true),
            ("order of variables", |run| run.environment.reverse()),
            ("working directory", |run| run.environment[2].1 = "/b"),
            ("terminal", |run| run.environment.push(("TERM", "dumb"))),
            ("the question", |run| run.environment.push(("KUBERNETES_EXEC_INFO", "{}"))),
        ];
        for (what, change) in same {
            assert_eq!(Run::with(*change), key, "{what}");
        }
    }

    #[test]
    fn lg_122_key_env_narrows_the_environment_to_what_it_names() {
        let narrowed = |change: fn(&mut Run)| {
            Run::with(|run| {
                run.only = Some(strings(&["AWS_PROFILE", "PWD"]));
                change(run);
            })
        };
        let key = narrowed(|_| ());
        assert_eq!(narrowed(|run| run.environment[0].1 = "/root"), key);
        assert_ne!(narrowed(|run| run.environment[1].1 = "prod"), key);
        assert_ne!(narrowed(|run| run.environment[2].1 = "/b"), key, "volatile, but named");
    }
}
