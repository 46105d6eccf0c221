//! Why a setting is used, or is not: all sentences that explain prints, each with its rule.
//!
//! A sentence must be true for every input for which it is chosen. It states what is in the
//! configuration, and assumes nothing.

use super::explanation::Source;
use crate::kubeconfig::kuberc::POLICY;
use crate::kubeconfig::search::Reason as NamedBy;
use crate::kubeconfig::select::Selection;
use crate::profile::problem::Problem;
use crate::profile::{Authorization, Origin, Profile};
use crate::url::Server;
use core::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident, $text:literal;)*) => {
        /// Why a setting is used or not, as a sentence without a full stop.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The sentence.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

reasons! {
    // What the connection is made of.
    /// No file was found.
    NoKubeconfig, "no kubeconfig found, and not running in a pod";
    /// There are files, and nothing in them says where to connect.
    NothingSelected, "the kubeconfig selects no cluster, and this is not a pod";
    /// No file was found, and this is a pod.
    PodWithoutKubeconfig, "no kubeconfig found; running in a pod";
    /// There are files, nothing in them says where to connect, and this is a pod.
    PodInsteadOfKubeconfig, "the kubeconfig selects no cluster; running in a pod";
    /// No file was found, and `--server` is set.
    FlagsAlone, "no kubeconfig found; --server is set";
    /// No file was found, and there is a default server.
    DefaultsAlone, "no kubeconfig found; using defaults";
    /// `--kubeconfig`.
    ExplicitFile, "--kubeconfig is set; no other kubeconfig is read";
    /// `KUBECONFIG`, without the file in the home directory.
    VariableNotHome, "KUBECONFIG is set; ~/.kube/config is ignored";
    /// `KUBECONFIG`, which names the file in the home directory.
    VariableAndHome, "KUBECONFIG is set; only the files that it names are read";
    /// The file in the home directory.
    HomeFile, "neither --kubeconfig nor KUBECONFIG is set; this is the default file";

    // Settings that are used.
    /// A flag with nothing behind it.
    Flag, "set by a flag";
    /// A flag that masks something.
    FlagMasks, "set by a flag, which takes precedence over the kubeconfig";
    /// A flag with a map that is merged with the kubeconfig's.
    FlagMerged, "set by a flag; merged with the kubeconfig's, key by key";
    /// Only one place says so.
    FromKubeconfig, "from the kubeconfig";
    /// Several files have the entry.
    FirstFile, "from the first file that has this entry";
    /// Several files have a current-context.
    FirstCurrentContext, "the first file that has a current-context";
    /// The only current-context.
    CurrentContext, "the current context";
    /// The context says so.
    FromContext, "set by the context";
    /// `default`.
    DefaultNamespace, "not set; using \"default\"";
    /// The default server.
    DefaultServer, "not set; using the default server";
    /// The pod's variables or files.
    FromPod, "from the pod's service account";
    /// The pod's address of the API server.
    PodServer, "where a pod finds its API server";
    /// The pod's namespace.
    PodNamespace, "the pod's own namespace";
    /// kuberc's policy.
    Policy, "kuberc decides which exec plugins may run, and this user has one";
    /// A header that needs no plugin.
    Header, "sent as `Authorization`; an exec plugin would be ignored";
    /// A user name and password in the server's URL.
    UrlUser, "from the server's URL, which takes precedence over the user's own credentials";
    /// A token beside a token file.
    Fallback, "used until tokenFile has been read once";
    /// A token file beside a token.
    TokenFileFirst, "takes precedence over the user's token";
    /// An exec plugin.
    Plugin, "in use; no token, password or certificate overrides it";
    /// An auth-provider.
    Provider, "in use; no token or password overrides it";
    /// A client certificate or its key.
    Certificate, "used for the TLS client certificate";
    /// `as`.
    Impersonates, "requests impersonate this user";
    /// What goes with `as`.
    Impersonated, "sent together with the user to impersonate";

    // Settings that are not.
    /// Entries are not merged.
    EntryMasked, "an earlier file has this entry, and entries are not merged";
    /// `--server` without `--tls-server-name`.
    OtherServer, "belongs to the server that --server replaces";
    /// A flag of the same kind.
    ReplacedByFlag, "replaced by a flag";
    /// Whom to trust is said by a flag.
    TrustReplaced, "replaced by a flag about verifying the server";
    /// No `as`.
    NothingToImpersonate, "has no effect without `as`, the user to impersonate";
    /// Plain HTTP.
    InClear, "not sent, because the server is not https";
    /// UA-1.
    UrlUserFirst, "the user name in the server's URL is used instead";
    /// A token.
    TokenFirst, "the token is used instead";
    /// A token file.
    TokenFileInstead, "the tokenFile is used instead";
    /// A user name.
    UsernameFirst, "the username is used instead";
    /// An auth-provider.
    ProviderFirst, "the auth-provider is used instead";
    /// A client certificate, with which no plugin is run.
    CertificateFirst, "the client certificate is used instead, and the plugin is not run";
    /// A password alone.
    NoUsername, "has no effect without username";
    /// A key alone.
    NoCertificate, "has no effect without a client certificate";
    /// Something is wrong with it, or beside it.
    Unusable, "invalid; see the errors below";
    /// It is not used, and why is not known.
    NotUsed, "not used";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A reason and the rule behind it; the latter may be empty.
pub(super) type Because = (&'static str, Reason);

/// Why a connection is made of something else than kubeconfigs. `found`: there is a kubeconfig.
/// `server`: `--server` is set.
pub(super) fn source(source: Source, found: bool, server: bool) -> Because {
    match source {
        Source::ServiceAccount if found => ("KC-78", Reason::PodInsteadOfKubeconfig),
        Source::ServiceAccount => ("KC-78", Reason::PodWithoutKubeconfig),
        Source::Flags if server => ("KC-62", Reason::FlagsAlone),
        Source::Flags => ("KC-62", Reason::DefaultsAlone),
        _ if found => ("KC-60", Reason::NothingSelected),
        _ => ("KC-60", Reason::NoKubeconfig),
    }
}

/// Why these kubeconfigs are read. `home`: the one in the home directory is among them.
pub(super) fn files(named_by: NamedBy, home: bool) -> Because {
    match named_by {
        NamedBy::Explicit => ("KC-1", Reason::ExplicitFile),
        NamedBy::Variable if home => ("KC-2", Reason::VariableAndHome),
        NamedBy::Variable => ("KC-2", Reason::VariableNotHome),
        NamedBy::Home => ("KC-2", Reason::HomeFile),
    }
}

/// Why a setting is as it is; `alone` if no other place says anything for it.
pub(super) fn used(name: &str, origin: &Origin, profile: &Profile, alone: bool) -> Because {
    let flag = |rule| (rule, if alone { Reason::Flag } else { Reason::FlagMasks });
    match (name, origin) {
        (POLICY, _) => ("KB-63", Reason::Policy),
        ("request-timeout", _) => ("KC-69", Reason::Flag),
        ("username" | "password", _) if is_of_url(origin) => ("UA-1", Reason::UrlUser),
        ("as-user-extra", Origin::Override(_)) if !alone => ("KC-62", Reason::FlagMerged),
        (_, Origin::Override(_)) => flag(rule_of_flag(name)),
        ("context", _) if !alone => ("KC-33", Reason::FirstCurrentContext),
        ("context", _) => ("KC-41", Reason::CurrentContext),
        ("cluster" | "user", _) => ("KC-42", Reason::FromContext),
        ("namespace", Origin::ServiceAccount(_) | Origin::Variable(_)) => {
            ("IC-8", Reason::PodNamespace)
        }
        ("namespace", Origin::Default) => ("KC-83", Reason::DefaultNamespace),
        ("namespace", _) => ("KC-83", Reason::FromContext),
        ("server", Origin::Default) => ("KC-74", Reason::DefaultServer),
        ("server", Origin::Variable(_)) => ("IC-4", Reason::PodServer),
        ("token" | "tokenFile", _) => token(name, profile),
        ("username" | "password", _) => ("UA-2", Reason::Header),
        ("exec", _) => ("UA-3", Reason::Plugin),
        ("auth-provider", _) => ("UA-2", Reason::Provider),
        (name, _) if name.starts_with("client-") => ("UA-2", Reason::Certificate),
        ("as", _) => ("UA-20", Reason::Impersonates),
        ("as-uid" | "as-groups" | "as-user-extra", _) => ("UA-20", Reason::Impersonated),
        (_, Origin::File { .. }) if alone => ("KC-62", Reason::FromKubeconfig),
        (_, Origin::File { .. }) => ("KC-32", Reason::FirstFile),
        (_, Origin::ServiceAccount(_) | Origin::Variable(_)) => ("IC-5", Reason::FromPod),
        _ => ("KC-48", Reason::NotUsed),
    }
}

/// The rule by which a flag takes precedence.
fn rule_of_flag(name: &str) -> &'static str {
    match name {
        "context" => "KC-41",
        "cluster" | "user" => "KC-42",
        "namespace" => "KC-82",
        "certificate-authority" | "certificate-authority-data" | "insecure-skip-tls-verify" => {
            "KC-63"
        }
        name if name.starts_with("client-") => "KC-65",
        _ => "KC-62",
    }
}

/// Whether a user name stands in the server's URL.
fn is_of_url(origin: &Origin) -> bool {
    match origin {
        Origin::File { entry, .. } => entry.starts_with("cluster"),
        Origin::Override(flag) => flag == "server",
        _ => false,
    }
}

fn token(name: &str, profile: &Profile) -> Because {
    match (&profile.authentication.authorization, name) {
        (Authorization::TokenFile { fallback: Some(_), .. }, "token") => ("UA-7", Reason::Fallback),
        (Authorization::TokenFile { fallback: Some(_), .. }, _) => ("UA-7", Reason::TokenFileFirst),
        _ => ("UA-2", Reason::Header),
    }
}

/// The step at which a setting lost its effect.
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
    problems: &[Problem],
) -> Because {
    match (stage, field) {
        (Ignored::Masked, _) => ("KC-32", Reason::EntryMasked),
        (Ignored::Cleared, "tls-server-name") => ("KC-64", Reason::OtherServer),
        (Ignored::Cleared, "token" | "tokenFile") => ("UA-7", Reason::ReplacedByFlag),
        (Ignored::Cleared, name) if name.starts_with("client-") => {
            ("KC-65", Reason::ReplacedByFlag)
        }
        (Ignored::Cleared, _) => ("KC-63", Reason::TrustReplaced),
        (Ignored::NotUsed, "as-uid" | "as-groups" | "as-user-extra") => {
            ("KC-59", Reason::NothingToImpersonate)
        }
        (Ignored::NotUsed, _) if is_in_clear(profile) => ("KC-71", Reason::InClear),
        (Ignored::NotUsed, _) => not_used(field, profile, selection, problems),
    }
}

/// Whether the server is known not to get credentials.
fn is_in_clear(profile: &Profile) -> bool {
    let server = Server::parse(&profile.cluster.server);
    server.is_some_and(|server| !server.https)
}

/// What is used instead of a credential, on a server that gets them. What is said to be used is so:
/// the profile has it.
fn not_used(
    field: &str,
    profile: &Profile,
    selection: &Selection<'_>,
    problems: &[Problem],
) -> Because {
    let user = &selection.user;
    let title = selection.user_title();
    let faulty = |problem: &&Problem| {
        problem.entry == title && problem.field.split('.').next() == Some(field)
    };
    let has_certificate =
        !user.client_certificate.is_empty() || !user.client_certificate_data.is_empty();
    match field {
        _ if problems.iter().any(|problem| faulty(&problem)) => return ("KC-48", Reason::Unusable),
        "password" if user.username.is_empty() => return ("UA-10", Reason::NoUsername),
        "client-key" | "client-key-data" if !has_certificate => {
            return ("KC-56", Reason::NoCertificate);
        }
        _ => {}
    }
    let used = |name: &str| profile.provenance.iter().find(|known| known.setting == name);
    let header = !field.starts_with("client-");
    if header && used("username").is_some_and(|known| is_of_url(&known.origin)) {
        return ("UA-1", Reason::UrlUserFirst);
    }
    let first = [
        ("token", Reason::TokenFirst),
        ("tokenFile", Reason::TokenFileInstead),
        ("username", Reason::UsernameFirst),
        ("auth-provider", Reason::ProviderFirst),
        ("client-certificate", Reason::CertificateFirst),
        ("client-certificate-data", Reason::CertificateFirst),
    ];
    let rule = match field {
        "exec" => "UA-3",
        "auth-provider" => "UA-4",
        _ => "UA-5",
    };
    // A certificate keeps a plugin from being run, and nothing else (UA-3).
    let counts = |name: &str| header && (!name.starts_with("client-") || field == "exec");
    match first.iter().find(|(name, _)| counts(name) && used(name).is_some()) {
        Some((_, reason)) => (rule, *reason),
        None if !problems.is_empty() => ("KC-48", Reason::Unusable),
        None => ("KC-48", Reason::NotUsed),
    }
}
