//! `kind` and `apiVersion` of an answer, as an error may quote them. A plugin or server that answers
//! with something else may answer with anything, even a token: only what has the right form is shown.

use alloc::string::String;

const HIDDEN: &str = "(not shown)";

/// An `apiVersion`: `v1`, `apps/v1`, `client.authentication.k8s.io/v1alpha1`.
pub(crate) fn version(text: &str) -> String {
    let (group, version) = text.rsplit_once('/').unwrap_or(("", text));
    let known = matches!(group, "" | "apps" | "autoscaling" | "batch" | "policy");
    if (known || is_kubernetes(group)) && is_version(version) { text } else { HIDDEN }.into()
}

/// A `kind`: letters.
pub(crate) fn kind(text: &str) -> String {
    let letters = text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if letters { text } else { HIDDEN }.into()
}

/// A group of Kubernetes itself: `rbac.authorization.k8s.io`.
fn is_kubernetes(group: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'.';
    group.strip_suffix(".k8s.io").is_some_and(|name| name.len() <= 32 && name.bytes().all(letter))
}

/// `v1`, `v1beta1`.
fn is_version(text: &str) -> bool {
    let number = |text: &str| {
        (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let Some(version) = text.strip_prefix('v') else { return false };
    match version.split_once("alpha").or_else(|| version.split_once("beta")) {
        Some((version, stage)) => number(version) && number(stage),
        None => number(version),
    }
}
