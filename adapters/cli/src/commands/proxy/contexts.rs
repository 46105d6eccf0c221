//! Every context of the kubeconfig, for `/clusters/NAME/`.

use crate::commands::config::Files;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use crate::settings;
use crate::verbose_log::VerboseLog;
use kubecred_core::StdinState;
use kubecred_proxy::forward::Contexts;
use kubecred_tokio::Auth;

/// Names and namespaces of the contexts that there are.
pub(super) fn names(flags: &ConnectionFlags) -> Result<Vec<(String, String)>, Report> {
    let chain = Files::new(flags).read()?;
    let contexts = chain.config().contexts.iter();
    let names: Vec<_> =
        contexts.map(|(name, context)| (name.clone(), context.namespace.clone())).collect();
    if names.is_empty() {
        let text = "--all-contexts: there is no kubeconfig with a context";
        return Err(Report::new(Exit::Configuration, text));
    }
    Ok(names)
}

/// The contexts, each opened with the flags that hold for all.
pub(super) fn contexts(
    flags: &ConnectionFlags,
    names: &[(String, String)],
    log: VerboseLog,
) -> Contexts {
    // What chooses one server or one login is for the default context.
    let flags = ConnectionFlags {
        cluster: None,
        user: None,
        server: None,
        token: None,
        token_from: None,
        username: None,
        password: None,
        password_from: None,
        ..flags.clone()
    };
    let names: Vec<String> = names.iter().map(|(name, _)| name.clone()).collect();
    Contexts::new(names, move |name| {
        let flags = ConnectionFlags { context: Some(name.to_owned()), ..flags.clone() };
        Box::pin(async move {
            let opening = tokio::task::spawn_blocking(move || open(&flags, log));
            opening.await.map_err(|error| error.to_string())?
        })
    })
}

fn open(flags: &ConnectionFlags, log: VerboseLog) -> Result<Auth, String> {
    // No one is at the terminal for it.
    let stdin = StdinState {
        terminal: false,
        unavailable: Some("the proxy logs in while it serves".into()),
    };
    let profile = || {
        let policy = settings::plugin_policy(flags, log)?;
        let mut profile = settings::profile(flags, stdin, log)?;
        policy.apply(&mut profile).map_err(|error| settings::explain(&error))?;
        Ok(profile)
    };
    let profile = profile().map_err(|report: Report| report.to_string())?;
    let auth = Auth::from_profile(profile);
    drop(log.follow(&auth));
    Ok(auth)
}
