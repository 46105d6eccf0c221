//! What a login needs: a provider, an API server that believes it, a browser, and a home.

use crate::lines::{self, Lines, PATIENCE};
use crate::provider::{CLIENT, Provider};
use crate::webdriver::Browser;
use kubecred_loopback::{ApiServer, IdTokens};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) struct Place {
    pub(crate) provider: Provider,
    pub(crate) server: ApiServer,
    folder: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    /// ID tokens live for so many seconds.
    pub(crate) async fn new(seconds: u32) -> Self {
        let provider = Provider::start(seconds);
        let server = ApiServer::builder().start().await.expect("a free port on loopback");
        let folder = TempDir::new().expect("a folder");
        let place = Self { provider, server, folder };
        place.write("idp.crt", place.provider.authority.certificate_pem());
        place.write("ca.crt", place.server.authority().certificate_pem());
        // The browser is opened by this, and the address is for the test to open.
        let browser = place.write("browser", "#!/bin/sh\necho \"$1\" >>\"$0.urls\"\n");
        fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).expect("it is ours");
        let keys = place.keys();
        place.server.accounts().trust(IdTokens::new(&place.provider.issuer, CLIENT, keys));
        place
    }

    /// The keys that the provider publishes, read by curl: no code of ours says what is right.
    fn keys(&self) -> Value {
        self.curl("/jwks", &[])
    }

    /// Asks the provider, with the fields of a form if there are any.
    pub(crate) fn curl(&self, path: &str, form: &[&str]) -> Value {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60", "--cacert"]);
        curl.arg(self.path("idp.crt")).arg(format!("{}{path}", self.provider.issuer));
        for field in form {
            curl.arg("--data").arg(field);
        }
        let output = curl.output().expect("curl is needed for this test");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// What is in files of the cache.
    pub(crate) fn cached(&self) -> Vec<String> {
        let folder = self.path(".kube/cache/kubecred/login");
        let files = fs::read_dir(&folder).into_iter().flatten().flatten();
        let entries = files.filter(|file| file.path().extension().is_some_and(|end| end == "json"));
        entries.map(|file| fs::read_to_string(file.path()).expect("text")).collect()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("the folder is ours");
        path
    }

    /// The flags of a login here.
    pub(crate) fn flags(&self) -> Vec<String> {
        vec![
            format!("--oidc-issuer-url={}", self.provider.issuer),
            format!("--oidc-client-id={CLIENT}"),
            format!("--certificate-authority={}", self.path("idp.crt").display()),
            format!("--browser-command={}", self.path("browser").display()),
            "--browser=always".to_owned(),
            "--listen-address=127.0.0.1:0".to_owned(),
            "--oidc-redirect-url=http://127.0.0.1/callback".to_owned(),
            "--oidc-extra-scope=profile,email".to_owned(),
        ]
    }

    /// A program in an environment that has nothing but a home.
    pub(crate) fn clean(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// `kubecred` with a command, the flags of a login, and more.
    pub(crate) fn kubecred(&self, command: &str, more: &[&str]) -> Command {
        let mut kubecred = self.clean(env!("CARGO_BIN_EXE_kubecred"));
        kubecred.arg(command).args(self.flags()).args(more);
        kubecred
    }

    /// A kubeconfig whose user logs in with the plugin.
    pub(crate) fn write_kubeconfig(&self, mode: &str) {
        self.write_kubeconfig_with(mode, &[]);
    }

    /// The same with more flags.
    pub(crate) fn write_kubeconfig_with(&self, mode: &str, more: &[&str]) {
        let more = more.iter().map(|flag| (*flag).to_owned()).collect();
        let args = [vec!["get-token".to_owned()], self.flags(), more].concat();
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "main",
            "clusters": [{ "name": "main", "cluster": {
                "server": self.server.url(), "certificate-authority": "ca.crt" } }],
            "contexts": [{ "name": "main", "context": { "cluster": "main", "user": "main" } }],
            "users": [{ "name": "main", "user": { "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": env!("CARGO_BIN_EXE_kubecred"),
                "args": args,
                "interactiveMode": mode,
            } } }],
        });
        self.write("config", &kubeconfig.to_string());
    }

    pub(crate) fn kubectl(&self) -> Command {
        let mut kubectl = self.clean("kubectl");
        kubectl.args(["--kubeconfig=config", "get", "--raw", "/version"]);
        kubectl
    }

    /// The addresses that a browser was opened with.
    pub(crate) fn opened(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("browser.urls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until the browser was opened this many times, and gives the last address.
    pub(crate) fn wait_opened(&self, count: usize, run: &mut Child) -> String {
        let begin = Instant::now();
        loop {
            let opened = self.opened();
            if let Some(url) = opened.get(count - 1) {
                return url.clone();
            }
            let over = run.try_wait().expect("it is ours").is_some() || begin.elapsed() > PATIENCE;
            if over {
                let _ = run.kill();
                let text = Lines::of(run.stderr.take()).rest();
                panic!("no browser was opened:\n{text}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

pub(crate) fn start(command: &mut Command) -> Child {
    let name = command.get_program().to_owned();
    command.spawn().unwrap_or_else(|error| panic!("{name:?} is needed for this test: {error}"))
}

#[track_caller]
pub(crate) fn ended(mut child: Child) -> Ended {
    let (stdout, stderr) = (Lines::of(child.stdout.take()), Lines::of(child.stderr.take()));
    let code = lines::code(&mut child);
    Ended { code, stdout: stdout.rest(), stderr: stderr.rest() }
}

pub(crate) fn run(command: &mut Command) -> Ended {
    ended(start(command))
}

impl Ended {
    pub(crate) fn is_good(&self) -> bool {
        self.code == Some(0)
    }

    /// It ended well; gives its output.
    #[track_caller]
    pub(crate) fn good(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.stdout
    }

    /// The token of the ExecCredential, which is all that was printed (LG-3).
    #[track_caller]
    pub(crate) fn token(&self) -> String {
        let printed: Value = serde_json::from_str(self.good()).expect("JSON");
        assert_eq!(printed["kind"], "ExecCredential");
        printed["status"]["token"].as_str().expect("a token").to_owned()
    }
}

/// Logs in at the provider's pages as this user, who agrees.
pub(crate) fn log_in(browser: &Browser, url: &str, user: &str) {
    browser.open(url);
    browser.fill("input[name=login]", user);
    browser.fill("input[name=password]", "any");
    browser.click("button[type=submit]");
    browser.wait_for("Authorize");
    browser.click("button[type=submit]");
}

/// Opens the address that a login by device code shows on standard error, and allows it as ann.
pub(crate) fn allow_device(browser: &Browser, child: &mut Child) {
    let stderr = Lines::of(child.stderr.take());
    let mut text = String::new();
    let url = loop {
        let Some(line) = stderr.next() else { panic!("no address was shown:\n{text}") };
        text.push_str(&line);
        let complete = line.split_whitespace().find(|word| word.contains("user_code="));
        if let Some(url) = complete {
            break url.to_owned();
        }
    };
    assert!(text.contains("code"), "{text}");
    browser.open(&url);
    browser.wait_for("Confirm Device");
    browser.click("button[autofocus], button[type=submit]");
    browser.fill("input[name=login]", "ann");
    browser.fill("input[name=password]", "any");
    browser.click("button[type=submit]");
    browser.wait_for("Authorize");
    browser.click("button[type=submit]");
    browser.wait_for("Success");
}

/// Where the pictures of pages are put, to be looked at.
pub(crate) fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("login-pages");
    fs::create_dir_all(&folder).expect("it can be made");
    folder
}

/// A login of `get-token` whose provider gives a refresh token; `with` adds to its environment.
pub(crate) fn log_in_with(place: &Place, more: &[&str], with: impl FnOnce(&mut Command)) -> Ended {
    let browser = Browser::start();
    let count = place.opened().len() + 1;
    let mut command = place.kubecred("get-token", &[&["--consent"], more].concat());
    with(&mut command);
    let mut child = start(&mut command);
    let url = place.wait_opened(count, &mut child);
    log_in(&browser, &url, "ann");
    browser.wait_for("You are logged in.");
    ended(child)
}
