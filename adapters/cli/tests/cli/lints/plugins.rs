//! Exec plugins and auth-providers.

use super::Case;
use super::setup::Setup;
use super::tokens::jwt;

fn exec(fields: &str) -> Setup {
    Setup::user(&format!("{{exec: {{{fields}}}}}"))
}

pub(super) const V1: &str = "apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never";
const V1BETA1: &str = "apiVersion: client.authentication.k8s.io/v1beta1";

/// A plugin, and a line of kuberc in the home directory.
fn kuberc(line: &str) -> Setup {
    let text = format!("apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n{line}\n");
    exec(&format!("command: sh, {V1}")).with(".kube/kuberc", text, 0o600)
}

/// Commands, modes, versions, policies.
pub(super) fn of_plugins() -> Vec<Case> {
    vec![
        (
            "plugin-not-found",
            exec(&format!("command: no-such-login, {V1}")),
            exec(&format!("command: sh, {V1}")),
        ),
        (
            "plugin-not-run",
            exec(&format!("command: sh, {V1}")).flag("--token=t"),
            exec(&format!("command: sh, {V1}")),
        ),
        (
            "plugin-needs-terminal",
            exec(
                "command: sh, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always",
            ),
            exec(&format!("command: sh, {V1}")),
        ),
        (
            "incomplete-plugin",
            exec("command: sh, apiVersion: client.authentication.k8s.io/v1"),
            exec(&format!("command: sh, {V1BETA1}")),
        ),
        (
            "kubectl-plugin-not-found",
            exec(&format!("command: bin/kubectl, args: [no-such-plugin], {V1}")).with(
                "bin/kubectl",
                "",
                0o755,
            ),
            exec(&format!("command: bin/kubectl, args: [config, view], {V1}")).with(
                "bin/kubectl",
                "",
                0o755,
            ),
        ),
        (
            "unknown-interactive-mode",
            exec(&format!("command: sh, {V1BETA1}, interactiveMode: never")),
            exec(&format!("command: sh, {V1BETA1}, interactiveMode: Never")),
        ),
        (
            "unknown-plugin-version",
            exec("command: sh, apiVersion: client.authentication.k8s.io/v1alpha1"),
            exec(&format!("command: sh, {V1}")),
        ),
        (
            "relative-plugin",
            exec(&format!("command: ./login, {V1}")).with("login", "", 0o755),
            exec(&format!("command: /bin/sh, {V1}")),
        ),
        (
            "plugin-not-allowed",
            kuberc("credentialPluginPolicy: DenyAll"),
            kuberc("credentialPluginPolicy: AllowAll"),
        ),
        (
            "unusable-kuberc",
            kuberc("credentialPluginPolciy: DenyAll"),
            kuberc("credentialPluginPolciy: DenyAll").variable("KUBERC", "off"),
        ),
        (
            "kuberc",
            kuberc("credentialPluginPolciy: DenyAll").flag("--token=t"),
            kuberc("credentialPluginPolicy: DenyAll").flag("--token=t"),
        ),
    ]
}

/// The auth-provider oidc, and those that are gone.
pub(super) fn of_providers() -> Vec<Case> {
    let oidc = "auth-provider: {name: oidc, config: {idp-issuer-url: 'https://i', client-id: c";
    vec![
        (
            "unusable-auth-provider",
            Setup::user("{auth-provider: {name: gcp}}"),
            Setup::user(&format!("{{{oidc}, id-token: {}}}}}}}", jwt(17_000_000_000))),
        ),
        (
            "oidc",
            Setup::user(&format!("{{{oidc}, id-token: {}}}}}}}", jwt(1_700_000_000))),
            Setup::user(&format!(
                "{{{oidc}, refresh-token: r, id-token: {}}}}}}}",
                jwt(1_700_000_000)
            )),
        ),
        (
            "id-token-expired",
            Setup::user(&format!(
                "{{{oidc}, refresh-token: r, id-token: {}}}}}}}",
                jwt(1_700_000_000)
            )),
            Setup::user(&format!(
                "{{{oidc}, refresh-token: r, id-token: {}}}}}}}",
                jwt(17_000_000_000)
            )),
        ),
        (
            "auth-provider-not-used",
            Setup::user(&format!("{{token: t, {oidc}}}}}}}")),
            Setup::user(&format!("{{{oidc}, id-token: t}}}}}}")),
        ),
        (
            "scopes-not-used",
            Setup::user(&format!("{{{oidc}, extra-scopes: s}}}}}}")),
            Setup::user(&format!("{{{oidc}}}}}}}")),
        ),
    ]
}
