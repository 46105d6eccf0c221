//! Which rule decides, in a sentence.

use super::explanation::Source;
use crate::kubeconfig::kuberc::POLICY;
use crate::kubeconfig::search::Reason;
use crate::kubeconfig::select::Selection;
use crate::profile::{Bearer, Origin, Profile};
use crate::url::Server;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

type Because = (&'static str, &'static str);

/// Why a connection is made of this.
pub(super) fn source(source: Source, reason: Reason) -> Because {
    match (source, reason) {
        (Source::Nothing, _) => ("KC-60", "nothing is configured, and this is no pod"),
        (Source::Flags, _) => ("KC-62", "flags name a server, which is enough"),
        (Source::ServiceAccount, _) => ("KC-78", "nothing is configured, and this is a pod"),
        (Source::Kubeconfig, Reason::Explicit) => {
            ("KC-1", "--kubeconfig names one file, and no other is read")
        }
        (Source::Kubeconfig, Reason::Variable) => {
            ("KC-2", "KUBECONFIG names the files, and no other is read")
        }
        (Source::Kubeconfig, Reason::Home) => {
            ("KC-2", "nobody names a file, so it is the one in the home directory")
        }
    }
}

/// Why a setting is as it is; `alone` if nobody else says anything for it.
pub(super) fn used(name: &str, origin: &Origin, profile: &Profile, alone: bool) -> Because {
    match (name, origin) {
        ("context", Origin::File { .. }) if !alone => {
            ("KC-33", "the first file that has a current-context decides")
        }
        ("context", Origin::Override(_)) => ("KC-41", "the flag goes before current-context"),
        ("context", _) => ("KC-41", "it is the current context"),
        ("cluster" | "user", Origin::Override(_)) => ("KC-42", "the flag goes before the context"),
        ("cluster" | "user", _) => ("KC-42", "the context names it"),
        ("namespace", Origin::Override(_)) => ("KC-82", "the flag goes before the context"),
        ("namespace", Origin::ServiceAccount(_) | Origin::Variable(_)) => {
            ("IC-8", "it is the pod's own")
        }
        ("namespace", Origin::Default) => ("KC-83", "nobody names one"),
        ("namespace", _) => ("KC-83", "the context names it"),
        (POLICY, _) => ("KB-63", "kuberc says which plugins may run, and this user has one"),
        ("request-timeout", _) => ("KC-69", "the flag says so"),
        ("server", Origin::Default) => ("KC-74", "nobody names one, so it is the default"),
        ("server", Origin::Variable(_)) => ("IC-4", "it is where a pod finds its API server"),
        ("token" | "tokenFile", _) => token(name, profile),
        ("username" | "password", Origin::File { entry, .. }) if entry.starts_with("cluster") => {
            ("UA-1", "it stands in the server's URL, and goes before all that the user has")
        }
        ("username" | "password", Origin::Override(flag)) if flag == "server" => {
            ("UA-1", "it stands in the server's URL, and goes before all that the user has")
        }
        ("username" | "password", _) => ("UA-2", "it makes the header, before any plugin"),
        ("exec", _) => ("UA-3", "nothing goes before the plugin"),
        ("auth-provider", _) => ("UA-2", "nothing goes before the provider"),
        ("certificate-authority", Origin::ServiceAccount(_)) => ("IC-5", "it is the pod's own"),
        (
            "certificate-authority" | "certificate-authority-data" | "insecure-skip-tls-verify",
            Origin::Override(_),
        ) => ("KC-63", "the flag replaces all that the kubeconfig says of trust"),
        (
            "client-certificate" | "client-certificate-data" | "client-key" | "client-key-data",
            Origin::Override(_),
        ) => ("KC-65", "the flag replaces both forms of it"),
        (
            "client-certificate" | "client-certificate-data" | "client-key" | "client-key-data",
            _,
        ) => ("UA-2", "it goes along in the TLS handshake, whatever the header"),
        ("as" | "as-uid" | "as-groups" | "as-user-extra", Origin::File { .. }) => {
            ("UA-20", "the user entry asks for it")
        }
        ("as-user-extra", _) => ("KC-62", "the flag is laid over the kubeconfig's, key by key"),
        (_, Origin::Override(_)) => ("KC-62", "the flag goes before the kubeconfig"),
        (_, Origin::File { .. }) if alone => ("KC-62", "no flag says otherwise"),
        (_, Origin::File { .. }) => ("KC-32", "of several files with the entry the first counts"),
        _ => ("KC-62", "nobody says otherwise"),
    }
}

fn token(name: &str, profile: &Profile) -> Because {
    match (&profile.authentication.bearer, name) {
        (Bearer::TokenFile { fallback: Some(_), .. }, "token") => {
            ("UA-7", "it stands in until the file has been read once")
        }
        (Bearer::TokenFile { fallback: Some(_), .. }, _) => {
            ("UA-7", "the file goes before the token beside it")
        }
        _ => ("UA-2", "it makes the header, before any plugin"),
    }
}

/// At which stage a setting got lost.
#[derive(Clone, Copy)]
pub(super) enum Ignored {
    /// Another entry of the same name is taken, and does not have it.
    Masked,
    /// A flag took it out.
    Cleared,
    /// It is there, and something else is used.
    NotUsed,
}

/// Why a setting has no effect.
pub(super) fn ignored(
    field: &str,
    stage: Ignored,
    profile: &Profile,
    selection: &Selection<'_>,
) -> (&'static str, String) {
    let (rule, because) = match (stage, field) {
        (Ignored::Masked, _) => {
            ("KC-32", "an earlier file has the entry, and only that one counts")
        }
        (Ignored::Cleared, "tls-server-name") => {
            ("KC-64", "it belongs to the server that --server replaces")
        }
        (Ignored::Cleared, "token" | "tokenFile") => ("UA-7", "a flag brings another token"),
        (Ignored::Cleared, "client-certificate" | "client-certificate-data") => {
            ("KC-65", "a flag brings another certificate")
        }
        (Ignored::Cleared, "client-key" | "client-key-data") => {
            ("KC-65", "a flag brings another key")
        }
        (Ignored::Cleared, _) => ("KC-63", "a flag says otherwise whom to trust"),
        (Ignored::NotUsed, "as-uid" | "as-groups" | "as-user-extra") => {
            ("KC-59", "there is no user name (as) that it could go with")
        }
        (Ignored::NotUsed, _) if !profile.cluster.is_https() => {
            ("KC-71", "the server is not https, and gets no credentials")
        }
        (Ignored::NotUsed, _) => return not_used(field, selection),
    };
    (rule, because.to_owned())
}

/// What goes before a credential, on a server that gets them.
fn not_used(field: &str, selection: &Selection<'_>) -> (&'static str, String) {
    let user = &selection.user;
    let before = [
        ("token", !user.token.is_empty()),
        ("tokenFile", !user.token_file.is_empty()),
        ("username", !user.username.is_empty()),
        ("auth-provider", user.auth_provider.is_some()),
        ("client certificate", true),
    ];
    let server = Server::parse(&selection.cluster.server);
    let header = !field.starts_with("client-");
    if header && server.is_some_and(|server| server.user.is_some()) {
        return ("UA-1", "the user name in the server's URL goes before it".to_owned());
    }
    let first = before.iter().find(|(_, given)| *given).map_or("", |(name, _)| name);
    match field {
        "exec" if user.auth_provider.is_some() => {
            ("UA-6", "it cannot go with an auth-provider".to_owned())
        }
        "exec" => ("UA-3", format!("the {first} goes before it, and the plugin is not run")),
        "auth-provider" if first == "auth-provider" => {
            ("OI-1", "it cannot be used as it stands".to_owned())
        }
        "auth-provider" => ("UA-4", format!("the {first} goes before it")),
        "password" if user.username.is_empty() => {
            ("UA-10", "there is no username to go with it".to_owned())
        }
        "username" | "password" => ("UA-5", format!("the {first} makes the header")),
        "client-key" | "client-key-data" => {
            ("KC-56", "there is no client certificate to go with it".to_owned())
        }
        "client-certificate" | "client-certificate-data" => {
            ("KC-56", "there is no client key to go with it".to_owned())
        }
        _ => ("KC-48", "the configuration cannot be used as it stands".to_owned()),
    }
}
