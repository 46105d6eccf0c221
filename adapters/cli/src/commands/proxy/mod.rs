//! `kubecred proxy`: the API on this machine, with a login put on each request (PX rules).

mod child;
mod contexts;
mod entrance;
mod flags;
mod kubeconfig;

pub(crate) use flags::Proxy;

use super::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report, warn};
use crate::session::{self, Session};
use crate::signals;
use entrance::{Opened, usage};
use flags::{Allowed, ImpersonationRule};
use kubeconfig::WrittenFile;
use kubecred_core::StdinState;
use kubecred_core::kubeconfig::parse_timeout;
use kubecred_proxy::forward::{
    self, AccessLog, Filter, Impersonation, Patterns, REJECT_PATHS, Settings, StatusService,
    Upstreams,
};
use kubecred_proxy::server::{Drain, Listener, Server};
use kubecred_tokio::client::UpstreamOptions;
use std::fs::OpenOptions;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

impl Run for Proxy {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let flags = before.then(self.connection.clone());
        // A command has standard input for itself.
        let unavailable = match self.command.is_empty() {
            true => None,
            false => Some("it is the command's".into()),
        };
        let stdin = StdinState { terminal: std::io::stdin().is_terminal(), unavailable };
        let names = match self.own.all_contexts {
            true => contexts::names(&flags)?,
            false => Vec::new(),
        };
        let settings = self.settings()?;
        let mut code = 0;
        session::serve(flags.clone(), stdin, async |session| {
            code = self.serve(session, settings, (&flags, &names)).await?;
            Ok(())
        })?;
        match code {
            0 => Ok(()),
            code => std::process::exit(code),
        }
    }
}

impl Proxy {
    /// From the login to the end; gives the exit code.
    async fn serve(
        &self,
        session: &Session,
        mut settings: Settings,
        (flags, names): (&ConnectionFlags, &[(String, String)]),
    ) -> Result<i32, Report> {
        let opened = self.open()?;
        settings.token.clone_from(&opened.token);
        settings.names.clone_from(&opened.names);
        let mut upstreams = Upstreams::one(session.auth.clone());
        if !names.is_empty() {
            upstreams = upstreams.with_contexts(contexts::contexts(flags, names, session.log));
        }
        let drain = settings.drain.clone();
        let proxy = forward::Proxy::new(upstreams, settings)
            .map_err(|error| Report::new(Exit::Configuration, error))?;
        let config = kubeconfig::kubeconfig(&opened.entrance, session.auth.profile(), names);
        let mut written = None;
        if let Some(path) = &self.own.write_kubeconfig {
            written = Some(WrittenFile::write(path, &config)?);
        }
        self.serve_status(&proxy)?;
        let place = opened.listener.place();
        let Opened { listener, tls, .. } = opened;
        let server = match tls {
            Some(tls) => Server::new(&drain).tls(tls),
            None => Server::new(&drain),
        };
        let serving = tokio::spawn(server.serve(listener, proxy.clone()));
        let forgetting = tokio::spawn({
            let proxy = proxy.clone();
            async move { proxy.forget_idle_contexts().await }
        });
        let grace = time("--drain-timeout", &self.own.drain_timeout)?;
        let code = if self.command.is_empty() {
            announce(&place.to_string())?;
            until_signal(&drain, grace).await
        } else {
            session.log.tell(format_args!("serving on {place}"));
            self.run_command(&config, &drain).await
        };
        // After the end of draining it takes no time.
        let _ = serving.await;
        forgetting.abort();
        drop(written);
        proxy.close().await;
        code
    }

    async fn run_command(
        &self,
        config: &kubecred_core::Kubeconfig,
        drain: &Drain,
    ) -> Result<i32, Report> {
        let failed =
            |error| Report::new(Exit::Output, format_args!("no temporary folder: {error}"));
        let folder = tempfile::TempDir::with_prefix("kubecred-proxy-").map_err(failed)?;
        let path = folder.path().join("kubeconfig");
        let file = WrittenFile::write(&path, config)?;
        let status = child::run(&self.command, &path).await;
        drain.begin();
        drain.end();
        drop(file);
        status.map(child::code)
    }

    /// `/metrics` and the like, on their own port.
    fn serve_status(&self, proxy: &forward::Proxy) -> Result<(), Report> {
        let Some(address) = self.own.metrics_address else { return Ok(()) };
        let listener = Listener::tcp(address);
        let listener = listener.map_err(|error| Report::new(Exit::ErrorStatus, error))?;
        // If standard error is closed, there is no one to tell.
        let _ = writeln!(std::io::stderr(), "Metrics on {}", listener.place());
        // It goes on while requests end.
        tokio::spawn(Server::new(&Drain::new()).serve(listener, StatusService::new(proxy)));
        Ok(())
    }

    fn settings(&self) -> Result<Settings, Report> {
        let reject_paths = match self.own.allow.is_empty() {
            true => self.reject_paths.clone(),
            false => self.rejected(),
        };
        let filter = Filter::new(&Patterns {
            accept_hosts: self.accept_hosts.clone(),
            accept_paths: self.accept_paths.clone(),
            reject_paths,
            reject_methods: self.reject_methods.clone(),
        });
        let filter = filter.map_err(|error| usage(&error.to_string()))?;
        if let Some(www) = self.www.as_ref().filter(|www| !www.is_dir()) {
            warn(&format!("--www: {www:?} is not a directory"));
        }
        let keep_alive = time("--keepalive", &self.keepalive)?;
        let mut settings = Settings::default();
        settings.filter = Some(filter).filter(|_| !self.disable_filter);
        settings.allow_origins.clone_from(&self.own.allow_origin);
        settings.api_prefix.clone_from(&self.api_prefix);
        settings.files = self.www.clone().map(|www| (www, self.www_prefix.clone()));
        settings.upstream = UpstreamOptions {
            without_server_path: !self.append_server_path,
            keep_alive: Some(keep_alive).filter(|pace| !pace.is_zero()),
        };
        settings.impersonation = match self.own.impersonation {
            None => Impersonation::Unless,
            Some(ImpersonationRule::Deny) => Impersonation::Deny,
            Some(ImpersonationRule::Pass) => Impersonation::Pass,
        };
        settings.upstream_headers.clone_from(&self.own.upstream_header);
        settings.access_log = self.own.access_log.as_deref().map(access_log).transpose()?;
        settings.problems = Some(Arc::new(warn));
        Ok(settings)
    }

    /// kubectl's default without what is allowed.
    fn rejected(&self) -> String {
        let allowed = |pattern: &&str| {
            !self.own.allow.iter().any(|allowed| match allowed {
                Allowed::Exec => pattern.ends_with("/exec"),
                Allowed::Attach => pattern.ends_with("/attach"),
            })
        };
        REJECT_PATHS.split(',').filter(allowed).collect::<Vec<_>>().join(",")
    }
}

/// kubectl's line, by which scripts know the port.
fn announce(place: &str) -> Result<(), Report> {
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "Starting to serve on {place}").and_then(|()| stdout.flush());
    written.map_err(|error| Report::output(&error))
}

/// Serves until a signal, then lets requests end. A second signal cuts them.
async fn until_signal(drain: &Drain, grace: Duration) -> Result<i32, Report> {
    let stopped = signals::ended().await;
    let cut = tokio::select! {
        cut = drain.run(std::future::ready(()), grace) => cut,
        _ = signals::ended() => {
            let cut = drain.open();
            drain.end();
            cut
        }
    };
    match cut {
        0 => Ok(0),
        1 => Err(stopped.advise("One connection was cut.")),
        cut => Err(stopped.advise(format!("{cut} connections were cut."))),
    }
}

fn access_log(path: &Path) -> Result<AccessLog, Report> {
    if path == Path::new("-") {
        // If standard error is closed, there is nowhere to log.
        return Ok(Arc::new(|record| drop(writeln!(std::io::stderr(), "{record}"))));
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| {
        Report::new(Exit::Output, format_args!("cannot write the access log {path:?}: {error}"))
    })?;
    let file = Mutex::new(file);
    Ok(Arc::new(move |record| {
        let line = format!("{record}\n");
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that cannot be written holds up no request.
        let _ = file.write_all(line.as_bytes());
    }))
}

fn time(flag: &str, text: &str) -> Result<Duration, Report> {
    let time = parse_timeout(text);
    let time = time.map_err(|_| usage(&format!("{flag}: say a time, such as 10s or 1m30s")))?;
    Ok(time.unwrap_or_default())
}
