//! The types of `settings.wit`.

use super::{
    Lift, Lower, choices, lift_records, lift_variants, lower_records, lower_variants,
    open_variants, records, variants,
};
use crate::wit::settings as wit;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use kubecred_core::kubeconfig::{AuthProvider, ExecEntry};
use kubecred_core::protocol::EnvVar;
use kubecred_core::{
    Authentication, Authorization, ClientCertificate, Cluster, ConfigError, Environment, Exec,
    ExecApiVersion, ExecCluster, Failure, FailureKind, Impersonation, InteractiveMode,
    KubeconfigUser, Material, Namespace, Notice, Oidc, Origin, Overrides, PathFlavour,
    PluginPolicy, Profile, Provenance, Proxy, Roots, ServiceAccount, StdinState, Token,
};

records! {
    Failure { kind, detail }
    Profile {
        context, cluster, authentication, namespace, timeout, provenance, notices,
    }
    Cluster {
        name, server, roots, tls_server_name, insecure_skip_tls_verify, proxy, disable_compression,
    }
    Authentication { user, authorization, certificate, impersonation, service_account }
    ServiceAccount { namespace, name, lifetime }
    ClientCertificate { certificate, key }
    Impersonation { user, uid, groups, extra }
    Exec {
        command, args, env, api_version, install_hint, interactive_mode, cluster, stdin, policy,
    }
    Oidc { issuer, client_id, client_secret, id_token, refresh_token, roots, origin }
    KubeconfigUser { path, user }
    EnvVar { name, value }
    StdinState { terminal, unavailable }
    ExecCluster {
        server, tls_server_name, insecure_skip_tls_verify, certificate_authority, proxy_url,
        disable_compression, config,
    }
    Namespace { name, overridden }
    Provenance { setting, origin }
    Notice { rule, text }
    Environment { variables, not_utf8, paths, working_directory, stdin, plugin_policy }
    ExecEntry {
        command, args, env, api_version, install_hint, provide_cluster_info, interactive_mode,
    }
    AuthProvider { name, config }
    Overrides {
        context, cluster, user, namespace, server, tls_server_name, insecure_skip_tls_verify,
        certificate_authority, certificate_authority_data, proxy_url, disable_compression,
        client_certificate, client_certificate_data, client_key, client_key_data, token,
        token_file, impersonate_user, impersonate_uid, impersonate_groups, impersonate_extra,
        username, password, exec, auth_provider, timeout, default_server, strict,
    }
}

choices! {
    FailureKind {
        Conflict, Denied, Network, NotFound, Other, TimedOut, TooLarge, Unsupported,
    }
    ExecApiVersion { V1, V1Beta1 }
    InteractiveMode { Always, IfAvailable, Never }
    PathFlavour { Unix, Windows }
}

variants! {
    Roots { System; File, Pem; }
    Proxy { Direct, Environment; Url; }
    Authorization {
        Anonymous; Exec, Oidc, Provided, Token;
        Basic / AuthorizationBasic { username, password },
        TokenFile / AuthorizationTokenFile { path, fallback }
    }
    Material { ; Data, File; }
    PluginPolicy { AllowAll, DenyAll; Allowlist; }
}

open_variants! {
    Origin {
        Default; Override, ServiceAccount, Variable;
        File / OriginFile { path, entry, line }
    }
}

impl Lift<wit::Origin> for Origin {
    fn lift(wit: wit::Origin) -> Self {
        match wit {
            // Nothing depends on it, and there is no way to say "I do not know".
            wit::Origin::Default | wit::Origin::Other(_) => Self::Default,
            wit::Origin::File(wit::OriginFile { path, entry, line }) => {
                Self::File { path, entry, line }
            }
            wit::Origin::Override(flag) => Self::Override(flag),
            wit::Origin::ServiceAccount(path) => Self::ServiceAccount(path),
            wit::Origin::Variable(name) => Self::Variable(name),
        }
    }
}

impl Lower for Token {
    type Wit = Vec<u8>;
    fn lower(self) -> Self::Wit {
        self.0.lower()
    }
}

impl Lift<Vec<u8>> for Token {
    fn lift(wit: Vec<u8>) -> Self {
        Self(Lift::lift(wit))
    }
}

impl Lower for ConfigError {
    type Wit = wit::ConfigError;
    fn lower(self) -> Self::Wit {
        let problem = |problem: &kubecred_core::kubeconfig::Problem| wit::Problem {
            file: problem.file.clone(),
            line: problem.line,
            entry: problem.entry.clone(),
            field: problem.field.clone(),
            text: problem.kind.to_string(),
        };
        wit::ConfigError {
            message: self.to_string(),
            problems: self.problems().iter().map(problem).collect(),
            empty_config: self.is_empty_config(),
            not_found: self.is_not_found(),
            context_not_found: self.is_context_not_found(),
            invalid: self.is_invalid(),
            not_in_cluster: self.is_not_in_cluster(),
        }
    }
}
