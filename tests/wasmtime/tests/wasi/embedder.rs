//! An embedder of a guest: directories, variables, clocks, HTTP that trusts whom it was told to, and,
//! if wanted, plugins.

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use kubecred_core::protocol::{EnvVar, RunCommand, Stdin};
use kubecred_core::{Failure, FailureKind};
use kubecred_loopback::{Authority, Issued};
use kubecred_tokio::{CommandRunner, SystemCommands};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{
    FsPerms, HostMonotonicClock, HostWallClock, I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView,
    WasiView,
};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../adapters/wasi/wit",
        world: "with-commands",
        imports: { default: async },
    });
}
use bindings::kubecred::host::commands;

/// The most that a guest may print.
const PRINT: usize = 1 << 20;

/// An example of adapters/wasi.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guest {
    /// `get`.
    Plain,
    /// `get` with the import for plugins.
    WithPlugins,
    /// `calls`.
    Calls,
    /// `login`.
    Login,
}

/// What a guest is given.
pub(crate) struct Embedder {
    pub(crate) folder: TempDir,
    preopens: Vec<(PathBuf, String, FsPerms)>,
    variables: BTreeMap<String, String>,
    roots: RootCertStore,
    identity: Option<Issued>,
    plugins: bool,
    /// What was run.
    pub(crate) ran: Arc<Mutex<Vec<RunCommand>>>,
    pub(crate) clock: Clock,
}

/// How a guest ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) good: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Whether it failed, and said all of this.
    #[track_caller]
    pub(crate) fn failed_with(&self, parts: &[&str]) {
        assert!(!self.good, "{self:?}");
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not in {self:?}");
        }
    }

    #[track_caller]
    pub(crate) fn was_good(&self) {
        assert!(self.good, "{self:?}");
    }
}

/// The standard error of a guest that runs.
#[derive(Clone, Debug)]
pub(crate) struct Shown(MemoryOutputPipe);

impl Default for Shown {
    fn default() -> Self {
        Self(MemoryOutputPipe::new(PRINT))
    }
}

impl Shown {
    /// What was printed so far.
    pub(crate) fn text(&self) -> String {
        text(&self.0)
    }
}

fn text(pipe: &MemoryOutputPipe) -> String {
    String::from_utf8_lossy(&pipe.contents()).into_owned()
}

impl Embedder {
    /// A folder of its own as `/kube`, and nothing else.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let preopens = vec![(folder.path().to_owned(), "/kube".into(), FsPerms::ReadOnly)];
        Self {
            folder,
            preopens,
            variables: BTreeMap::new(),
            roots: RootCertStore::empty(),
            identity: None,
            plugins: false,
            ran: Arc::default(),
            clock: Clock::default(),
        }
    }

    /// Its HTTP trusts this authority, and no other.
    pub(crate) fn trust(mut self, authority: &Authority) -> Self {
        self.roots.add(authority.certificate_der().clone()).expect("a certificate");
        self
    }

    /// Its HTTP presents this.
    pub(crate) fn present(mut self, identity: &Issued) -> Self {
        self.identity = Some(identity.clone());
        self
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("the folder can be written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect("the file is there")
    }

    /// The kubeconfig, which `KUBECONFIG` names.
    pub(crate) fn kubeconfig(self, text: &str) -> Self {
        self.write("config", text);
        self.variable("KUBECONFIG", "/kube/config")
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The folder under another name, too.
    pub(crate) fn preopen(mut self, name: &str, perms: FsPerms) -> Self {
        self.preopens.push((self.folder.path().to_owned(), name.into(), perms));
        self
    }

    /// The guest may write to `/kube`.
    pub(crate) fn writable(mut self) -> Self {
        self.preopens[0].2 = FsPerms::ReadWrite;
        self
    }

    /// Runs plugins for the guest that imports that.
    pub(crate) fn with_plugins(mut self) -> Self {
        self.plugins = true;
        self
    }

    /// Runs the example with these arguments to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        let guest = if self.plugins { Guest::WithPlugins } else { Guest::Plain };
        self.try_run(guest, arguments).await.expect("the guest can be started")
    }

    /// Makes one of the typed calls.
    pub(crate) async fn call(&self, arguments: &[&str]) -> Ended {
        self.try_run(Guest::Calls, arguments).await.expect("the guest can be started")
    }

    /// The same, with the guest that is wanted.
    pub(crate) async fn try_run(
        &self,
        guest: Guest,
        arguments: &[&str],
    ) -> wasmtime::Result<Ended> {
        self.run_showing(guest, arguments, Shown::default()).await
    }

    /// The same; what the guest prints on standard error can be read while it runs.
    pub(crate) async fn run_showing(
        &self,
        guest: Guest,
        arguments: &[&str],
        Shown(stderr): Shown,
    ) -> wasmtime::Result<Ended> {
        let stdout = MemoryOutputPipe::new(PRINT);
        let mut context = WasiCtxBuilder::new();
        context.stdout(stdout.clone()).stderr(stderr.clone());
        context.wall_clock(self.clock.clone()).monotonic_clock(self.clock.clone());
        context.arg("get").args(arguments);
        for (name, value) in &self.variables {
            context.env(name, value);
        }
        for (folder, name, perms) in &self.preopens {
            context.preopened_dir(folder, name, *perms)?;
        }
        let state = State {
            context: context.build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            hooks: Hooks { tls: self.tls() },
            ran: Arc::clone(&self.ran),
        };
        let component = component(guest);
        let mut linker = Linker::new(component.engine());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        if self.plugins {
            commands::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut State| state)?;
        }
        let mut store = Store::new(component.engine(), state);
        let command = Command::instantiate_async(&mut store, component, &linker).await?;
        let good = match command.wasi_cli_run().call_run(&mut store).await {
            Ok(outcome) => outcome.is_ok(),
            Err(error) => error.downcast::<I32Exit>()?.0 == 0,
        };
        drop(store);
        Ok(Ended { good, stdout: text(&stdout), stderr: text(&stderr) })
    }

    fn tls(&self) -> Arc<ClientConfig> {
        let provider = Arc::new(crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_root_certificates(self.roots.clone());
        Arc::new(match &self.identity {
            None => builder.with_no_client_auth(),
            Some(issued) => builder
                .with_client_auth_cert(issued.chain().to_vec(), issued.key_der())
                .expect("a pair"),
        })
    }
}

/// What `wasm/build` makes, compiled once for all tests of a process.
fn component(guest: Guest) -> &'static Component {
    use std::sync::OnceLock;
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    static COMPILED: [OnceLock<Component>; 4] = [const { OnceLock::new() }; 4];
    let (name, place) = match guest {
        Guest::Plain => ("kubecred-get.wasm", &COMPILED[0]),
        Guest::WithPlugins => ("kubecred-get-plugins.wasm", &COMPILED[1]),
        Guest::Calls => ("kubecred-calls.wasm", &COMPILED[2]),
        Guest::Login => ("kubecred-login.wasm", &COMPILED[3]),
    };
    place.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm").join(name);
        let bytes = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}: run wasm/build first", path.display()));
        let engine = ENGINE.get_or_init(Engine::default);
        Component::from_binary(engine, &bytes).expect("it is a component")
    })
}

/// The true time, and whatever a test puts on top.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    start: Instant,
    /// In milliseconds.
    ahead: Arc<AtomicU64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { start: Instant::now(), ahead: Arc::default() }
    }
}

impl Clock {
    pub(crate) fn advance(&self, time: Duration) {
        self.ahead.fetch_add(u64::try_from(time.as_millis()).expect("short"), Ordering::SeqCst);
    }

    fn ahead(&self) -> Duration {
        Duration::from_millis(self.ahead.load(Ordering::SeqCst))
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.expect("after 1970") + self.ahead()
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from((self.start.elapsed() + self.ahead()).as_nanos()).expect("before 2554")
    }
}

struct State {
    context: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
    ran: Arc<Mutex<Vec<RunCommand>>>,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.context, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

impl commands::Host for State {
    async fn run_command(
        &mut self,
        command: commands::Command,
    ) -> Result<commands::Exit, commands::Failure> {
        let variable = |(name, value): (String, String)| EnvVar { name, value: value.into() };
        let request = RunCommand {
            program: command.program,
            args: command.args,
            env: command.env.into_iter().map(variable).collect(),
            stdin: Stdin::Null,
            allowlist: command.allowlist,
            limit: command.limit,
        };
        self.ran.lock().expect("no panic").push(request.clone());
        let limit = command.timeout_ms.map_or(Duration::MAX, Duration::from_millis);
        let runner = SystemCommands::default();
        let late = |_| Failure::new(FailureKind::TimedOut, "");
        let outcome = tokio::time::timeout(limit, runner.run(&request)).await.map_err(late);
        let exit = outcome.and_then(|outcome| outcome).map_err(|failure| commands::Failure {
            kind: kind(failure.kind),
            detail: failure.detail,
        })?;
        Ok(commands::Exit { code: exit.code, stdout: exit.stdout.expose().to_vec() })
    }
}

fn kind(kind: FailureKind) -> commands::FailureKind {
    match kind {
        FailureKind::Denied => commands::FailureKind::Denied,
        FailureKind::NotFound => commands::FailureKind::NotFound,
        FailureKind::TimedOut => commands::FailureKind::TimedOut,
        FailureKind::TooLarge => commands::FailureKind::TooLarge,
        FailureKind::Unsupported => commands::FailureKind::Unsupported,
        FailureKind::Conflict | FailureKind::Network | FailureKind::Other => {
            commands::FailureKind::Other
        }
    }
}

/// HTTP with the embedder's own idea of TLS, which is what a `wasi:http` guest depends on.
struct Hooks {
    tls: Arc<ClientConfig>,
}

type Driving = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Driving,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Driving), Error>> + Send> {
        let tls = Arc::clone(&self.tls);
        Box::new(send(request, tls))
    }
}

async fn send(
    mut request: Request<WasiBody>,
    tls: Arc<ClientConfig>,
) -> Result<(Response<WasiBody>, Driving), Error> {
    let uri = request.uri().clone();
    let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
    let stream = TcpStream::connect(authority.as_str()).await.map_err(Error::Connect)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse::<Uri>().map_err(|_| Error::HttpRequestUriInvalid)?;
    if uri.scheme_str() == Some("http") {
        return exchange(TokioIo::new(stream), request).await;
    }
    let name = ServerName::try_from(authority.host().to_owned());
    let name = name.map_err(|_| Error::HttpRequestUriInvalid)?;
    let stream = TlsConnector::from(tls).connect(name, stream).await.map_err(Error::Tls)?;
    exchange(TokioIo::new(stream), request).await
}

async fn exchange<S>(
    stream: S,
    request: Request<WasiBody>,
) -> Result<(Response<WasiBody>, Driving), Error>
where
    S: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake::<_, WasiBody>(stream).await?;
    let driving = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let body = |body: hyper::body::Incoming| body.map_err(Error::from).boxed_unsync();
    let ended = async move {
        let _ = driving.await; // what went wrong, the body says
        Ok(())
    };
    Ok((response.map(body), Box::new(ended)))
}

/// The body of an answer that a test's server makes up.
pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Response<Bytes> {
    Response::builder().status(status).body(body.into()).expect("a response")
}
