//! A scenario: one server, one directory with everything in it, and how the programs are called
//! there.

use crate::observation::Run;
use crate::plugin::{self, Answer};
use crate::programs::{Ended, Program, run};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubecred_loopback::{ApiServer, ApiServerBuilder, HttpProxy, Issued, ProxyRequest, SocksProxy};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::TempDir;

/// The token that a case's server lets in.
pub(crate) const TOKEN: &str = "good";

/// What the programs get unless a case wants something else.
pub(crate) const PATH: &str = "/version";

/// A scenario. Its directory is where the programs run, and is deleted with it.
#[must_use]
pub(crate) struct Case {
    pub(crate) server: ApiServer,
    directory: TempDir,
    cluster: Map<String, Value>,
    user: Map<String, Value>,
    config: Config,
    flags: Vec<String>,
    environment: BTreeMap<String, String>,
    path: String,
    terminal: bool,
    proxies: Vec<Proxy>,
    within: Vec<String>,
}

/// Where a program finds its kubeconfig.
#[derive(PartialEq)]
enum Config {
    /// In the file `config`, written from the case's cluster and user and named by `--kubeconfig`.
    Written,
    /// Where its environment says: no flag is given, no file is written.
    Elsewhere,
}

/// A proxy that a case looks at.
pub(crate) enum Proxy {
    Http(HttpProxy),
    Socks(SocksProxy),
}

impl Proxy {
    fn requests(&self) -> Vec<ProxyRequest> {
        match self {
            Self::Http(proxy) => proxy.requests(),
            Self::Socks(proxy) => proxy.requests(),
        }
    }
}

impl Case {
    /// A server for `api.internal` and loopback that knows [`TOKEN`], jane's password `secret`, and
    /// the client certificates of its own authority; a kubeconfig that leads to it and has no
    /// credentials.
    pub(crate) async fn start() -> Self {
        Self::with(ApiServer::builder()).await
    }

    /// The same with another server.
    pub(crate) async fn with(server: ApiServerBuilder) -> Self {
        let names = ["api.internal", "localhost", "127.0.0.1", "::1"];
        let server = server.names(&names).start().await.expect("a free port on loopback");
        server.accounts().allow_token(TOKEN, "jane");
        server.accounts().allow_basic("jane", "secret", "jane");
        let directory = TempDir::new().expect("a temporary directory");
        for folder in ["home", plugin::RUNS] {
            fs::create_dir(directory.path().join(folder)).expect("a directory in it");
        }
        let environment = Self::environment(&directory);
        let cluster = json!({
            "server": server.url(),
            "certificate-authority-data": STANDARD.encode(server.authority().certificate_pem()),
        });
        let Value::Object(cluster) = cluster else { unreachable!("it is written so above") };
        Self {
            server,
            directory,
            cluster,
            user: Map::new(),
            config: Config::Written,
            flags: Vec::new(),
            environment,
            path: PATH.into(),
            terminal: false,
            proxies: Vec::new(),
            within: Vec::new(),
        }
    }

    /// Lets in whoever comes, for cases about what is sent and not about what becomes of it.
    pub(crate) fn open(self) -> Self {
        self.server.accounts().accept_any(true);
        self
    }

    /// Adds to the cluster's entry; `null` takes a field out.
    pub(crate) fn cluster(mut self, fields: Value) -> Self {
        merge(&mut self.cluster, fields);
        self
    }

    /// Adds to the user's entry; `null` takes a field out.
    pub(crate) fn user(mut self, fields: Value) -> Self {
        merge(&mut self.user, fields);
        self
    }

    /// Makes the user one with this exec stanza; what it does not say is version v1, `./plugin`,
    /// never interactive.
    pub(crate) fn exec(self, stanza: Value) -> Self {
        let mut whole = Map::new();
        let usual =
            json!({ "apiVersion": plugin::V1, "command": "./plugin", "interactiveMode": "Never" });
        merge(&mut whole, usual);
        merge(&mut whole, stanza);
        self.user(json!({ "exec": whole }))
    }

    /// Puts a recording plugin at `plugin`, which is where [`Case::exec`] looks.
    pub(crate) fn plugin(self, answers: &[Answer]) -> Self {
        self.plugin_at("plugin", answers)
    }

    /// Puts a recording plugin at a path in the case's directory.
    pub(crate) fn plugin_at(self, file: &str, answers: &[Answer]) -> Self {
        plugin::write_plugin(self.directory(), file, answers);
        self
    }

    /// Writes a file in the case's directory.
    pub(crate) fn file(self, name: &str, contents: &str) -> Self {
        let path = self.directory().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("a directory for the file");
        }
        fs::write(path, contents).expect("the file is written");
        self
    }

    /// Writes `client.crt` and `client.key`.
    pub(crate) fn client_files(self, issued: &Issued) -> Self {
        self.file("client.crt", issued.certificate_pem()).file("client.key", issued.key_pem())
    }

    /// Gives the programs these flags, after `--kubeconfig` if that is given.
    pub(crate) fn flags(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// Sets a variable for the programs, which else have `HOME` and `PATH` only.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Gets this path instead of [`PATH`].
    pub(crate) fn get(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Gives the programs a terminal as their standard input, instead of the null device.
    pub(crate) fn terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// Looks at this proxy too.
    pub(crate) fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxies.push(proxy);
        self
    }

    /// Leaves it to the programs to find a kubeconfig.
    pub(crate) fn without_kubeconfig_flag(mut self) -> Self {
        self.config = Config::Elsewhere;
        self
    }

    /// Runs the programs within this command line: its words come first.
    #[cfg(target_os = "linux")]
    pub(crate) fn within(mut self, words: &[&str]) -> Self {
        self.within = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Says anew how the programs are called, kubeconfig included: with these flags, this
    /// environment over `HOME` and `PATH` (without a value a variable is not set), for this path.
    pub(crate) fn call_with(
        &mut self,
        flags: Vec<String>,
        environment: impl IntoIterator<Item = (String, Option<String>)>,
        path: &str,
        terminal: bool,
    ) {
        self.config = Config::Elsewhere;
        self.flags = flags;
        path.clone_into(&mut self.path);
        self.terminal = terminal;
        self.environment = Self::environment(&self.directory);
        for (name, value) in environment {
            match value {
                Some(value) => self.environment.insert(name, value),
                None => self.environment.remove(&name),
            };
        }
    }

    /// What every program has in its environment.
    fn environment(directory: &TempDir) -> BTreeMap<String, String> {
        let home = directory.path().join("home").to_string_lossy().into_owned();
        let path = std::env::var("PATH").expect("PATH is set, and text");
        [("HOME".into(), home), ("PATH".into(), path)].into()
    }

    /// Where the programs run.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The kubeconfig that leads to the case's cluster as the case's user, both named `main`.
    pub(crate) fn kubeconfig(&self) -> String {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "main",
            "clusters": [{ "name": "main", "cluster": self.cluster }],
            "users": [{ "name": "main", "user": self.user }],
            "contexts": [{ "name": "main", "context": { "cluster": "main", "user": "main" } }],
        });
        serde_yaml::to_string(&config).expect("JSON can be written as YAML")
    }

    /// Runs kubectl, then kubecred, and holds them to doing the same.
    pub(crate) async fn agree(&self) -> Both {
        let both = self.both().await;
        let differences = both.kubectl.facts().differences(&both.kubecred.facts());
        assert!(differences.is_empty(), "{}", both.report(&differences));
        both
    }

    /// Runs kubectl, then kubecred.
    pub(crate) async fn both(&self) -> Both {
        let kubectl = self.run(&Program::kubectl()).await;
        let kubecred = self.run(&Program::kubecred()).await;
        Both { kubectl, kubecred }
    }

    /// Runs one program and takes down what it did.
    pub(crate) async fn run(&self, program: &Program) -> Run {
        let mut flags = Vec::new();
        if self.config == Config::Written {
            fs::write(self.directory().join("config"), self.kubeconfig()).expect("it is written");
            flags.extend(["--kubeconfig".to_owned(), "config".to_owned()]);
        }
        flags.extend(self.flags.iter().cloned());
        let mut line = self.within.clone();
        line.extend(program.command_line(&flags, &self.path));
        // The other end of the terminal stays open until the program has ended.
        let (_terminal, stdin) =
            if self.terminal { open_terminal() } else { (None, Stdio::null()) };
        let asked: Vec<usize> = self.proxies.iter().map(|proxy| proxy.requests().len()).collect();
        self.server.take_exchanges();
        let Ended { status, stdout, stderr } =
            run(&line, self.directory(), &self.environment, stdin).await;
        let since = |(proxy, asked): (&Proxy, usize)| proxy.requests().split_off(asked);
        Run {
            program: program.name.clone(),
            success: status.success(),
            code: status.code(),
            stdout,
            stderr,
            exchanges: self.server.take_exchanges(),
            plugin_runs: plugin::take_runs(self.directory()),
            proxied: self.proxies.iter().zip(asked).flat_map(since).collect(),
        }
    }
}

/// What both programs did.
pub(crate) struct Both {
    pub(crate) kubectl: Run,
    pub(crate) kubecred: Run,
}

impl Both {
    /// Holds both to having succeeded.
    pub(crate) fn succeed(self) -> Self {
        assert!(self.kubectl.success && self.kubecred.success, "{}", self.report(""));
        self
    }

    /// Holds both to having failed, and both messages to saying all this, in whatever case of
    /// letters.
    pub(crate) fn fail_saying(self, facts: &[&str]) -> Self {
        for run in [&self.kubectl, &self.kubecred] {
            assert!(!run.success, "{}", self.report(""));
            for fact in facts {
                let says = run.stderr.to_lowercase().contains(&fact.to_lowercase());
                assert!(says, "{} does not say {fact:?}\n{}", run.program, self.report(""));
            }
        }
        self
    }

    fn report(&self, differences: &str) -> String {
        let Self { kubectl, kubecred } = self;
        format!(
            "kubectl (-) and kubecred (+)\n{differences}kubectl says:\n{}\nkubecred says:\n{}",
            kubectl.stderr, kubecred.stderr
        )
    }
}

fn merge(into: &mut Map<String, Value>, fields: Value) {
    let Value::Object(fields) = fields else { panic!("the fields of an entry") };
    for (name, value) in fields {
        match value {
            Value::Null => into.remove(&name),
            value => into.insert(name, value),
        };
    }
}

/// A pseudo-terminal: the end to keep, and the end for a program's standard input.
fn open_terminal() -> (Option<std::os::fd::OwnedFd>, Stdio) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&ours).expect("it is ours");
    unlockpt(&ours).expect("it can be opened");
    let name = ptsname(&ours, Vec::new()).expect("it has a name");
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(name.as_bytes()));
    // The test has no controlling terminal that this could become, or has one already.
    let theirs = File::options().read(true).write(true).open(path).expect("its other end");
    // Whoever asks the person there, who is nobody, hears that there will be no answer (Ctrl-D).
    rustix::io::write(&ours, b"\x04").expect("it can be typed at");
    (Some(ours), theirs.into())
}
