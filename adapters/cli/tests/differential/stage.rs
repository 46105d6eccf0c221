//! A draft carried out: its server runs, its files are written, its blanks are filled in.

use crate::blanks::{AUTHORITY, Blanks};
use crate::case::{Case, Proxy};
use crate::draft::{Draft, Node, ProxyKind, Reply};
use crate::layout::Written;
use crate::observation::Run;
use crate::plugin::{Answer, V1, V1BETA1, write_plugin};
use crate::programs::Program;
use kubecred_loopback::{ApiServer, HttpProxy, SocksProxy};
use std::fs;
use std::net::Ipv6Addr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A server with everything around it, for a draft and others that differ from it in text only.
pub(crate) struct Stage {
    case: Case,
    blanks: Blanks,
    /// The token file that changes, and what it changes to, with the next request.
    rotation: Rotation,
}

type Rotation = Arc<Mutex<Option<(PathBuf, String)>>>;

impl Stage {
    pub(crate) async fn start(draft: &Draft) -> Self {
        let rotation = Rotation::default();
        let rotates = Arc::clone(&rotation);
        let mut server = ApiServer::builder().authority(&AUTHORITY).respond(move |_| {
            let rotation = rotates.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some((file, token)) = rotation {
                fs::write(file, token).expect("the token file is rotated");
            }
            None
        });
        if draft.plain_http {
            server = server.plain_http();
        }
        if draft.listen_on_ipv6 {
            server = server.listen(Ipv6Addr::LOCALHOST.into());
        }
        let mut case = Case::with(server).await;
        case.server.accounts().allow_token(crate::draft::OTHER_TOKEN, "joe");
        let mut blanks = Blanks::new();
        if let Some(kind) = draft.proxy {
            let (proxy, address) = proxy(&case, kind, draft).await;
            blanks.set("proxy", address);
            case = case.proxy(proxy);
        }
        blanks.set("port", case.server.address().port().to_string());
        blanks.set("dir", case.directory().to_string_lossy());
        blanks.set("path", std::env::var("PATH").expect("PATH is set, and text"));
        Self { case, blanks, rotation }
    }

    /// Runs a program as the draft has it, with everything as it was at first.
    pub(crate) async fn run(&mut self, draft: &Draft, program: &Program) -> Run {
        let mut draft = draft.clone();
        // Where the layout reads it, it has no blanks any more.
        let config = self.blanks.fill_json(&draft.kubeconfig());
        let written = Written::new(&draft, config);
        draft.files.extend(written.files);
        for (name, node) in &draft.files {
            put(&self.case.directory().join(name), &self.blanks.fill_node(node));
        }
        let answers: Vec<Answer> = draft.answers.iter().map(|r| self.answer(&draft, r)).collect();
        for place in &draft.plugins {
            write_plugin(self.case.directory(), place, &answers);
        }
        let rotated = draft.rotated.as_ref().map(|token| {
            let file = self.case.directory().join(draft.user_text("tokenFile").unwrap_or("token"));
            (file, token.clone())
        });
        *self.rotation.lock().unwrap_or_else(PoisonError::into_inner) = rotated;
        let flags = written.flags.iter().chain(&draft.flags).map(|flag| self.blanks.fill(flag));
        let flags = flags.collect();
        let of_layout = written.environment.into_iter().map(|(name, value)| (name, Some(value)));
        let environment = of_layout.chain(draft.environment.clone());
        let fill = |(name, value): (String, Option<String>)| {
            (name, value.map(|value| self.blanks.fill(&value)))
        };
        let environment: Vec<_> = environment.map(fill).collect();
        self.case.call_with(flags, environment, &draft.path, draft.terminal);
        self.case.run(program).await
    }

    fn answer(&self, draft: &Draft, reply: &Reply) -> Answer {
        let stanza = draft.stanza().and_then(|stanza| stanza.get("apiVersion"));
        let version = if stanza.is_some_and(|version| version == V1BETA1) { V1BETA1 } else { V1 };
        let fill = |text: &str| self.blanks.fill(&text.replace("«version»", version));
        match reply {
            Reply::Status(status) => Answer::versioned(version, &self.blanks.fill_json(status)),
            Reply::Text(text) => Answer::Print(fill(text)),
            Reply::Exit(status) => Answer::Fail(*status),
            Reply::Shell(script) => Answer::Do(fill(script)),
        }
    }
}

/// A proxy that leads to the case's server by any of its names, and its address.
async fn proxy(case: &Case, kind: ProxyKind, draft: &Draft) -> (Proxy, String) {
    const INTERNAL: &str = "api.internal:443";
    let server = case.server.address();
    // Proxies that ask for a name and a password let nobody in without.
    let asks = format!("{draft:?}").contains("jane:s");
    if kind == ProxyKind::Socks {
        let proxy = SocksProxy::builder().route(INTERNAL, server);
        let proxy = if asks { proxy.credentials("jane", "s3cret") } else { proxy };
        let proxy = proxy.start().await.expect("a free port on loopback");
        let address = proxy.address().to_string();
        return (Proxy::Socks(proxy), address);
    }
    let proxy = HttpProxy::builder().route(INTERNAL, server);
    let proxy = if kind == ProxyKind::Https { proxy.tls(&AUTHORITY) } else { proxy };
    let proxy = if asks { proxy.credentials("jane", "s3cret") } else { proxy };
    let proxy = proxy.start().await.expect("a free port on loopback");
    let address = proxy.address().to_string();
    (Proxy::Http(proxy), address)
}

fn put(path: &Path, node: &Node) {
    let folder = path.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).expect("a folder for the file");
    match node {
        Node::Text(text) => fs::write(path, text).expect("the file is written"),
        Node::Folder => fs::create_dir_all(path).expect("a folder"),
        Node::Link(target) => {
            let _ = fs::remove_file(path); // of the run before
            symlink(target, path).expect("a link");
        }
    }
}
