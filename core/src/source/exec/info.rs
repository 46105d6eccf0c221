//! `KUBERNETES_EXEC_INFO`, the input of a plugin: written for plugins, and read by programs that
//! are plugins themselves.

use crate::api::exec_credential::{ExecCredential, Unchecked};
use crate::api::json::{Json, string_size};
use crate::api::word;
use crate::error::{OutputProblem, PluginProblem};
use crate::profile::{Exec, ExecApiVersion, ExecCluster, Profile, Proxy, Roots};
use crate::protocol::{Failure, FailureKind};
use crate::secret::Secret;
use alloc::string::String;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The variable's value, byte for byte as client-go writes it (EX-31…EX-36).
pub(super) fn exec_info(
    exec: &Exec,
    interactive: bool,
    ca: Option<&[u8]>,
) -> Result<Secret, PluginProblem> {
    let ca = match exec.cluster.as_ref().map(|cluster| &cluster.certificate_authority) {
        Some(Roots::Pem(pem)) => pem.expose(),
        Some(Roots::File(_)) => ca.unwrap_or_default(),
        Some(Roots::System) | None => &[],
    };
    let mut json = Json::with_capacity(size(exec.cluster.as_ref(), ca));
    json.plain(r#"{"kind":"ExecCredential","apiVersion":"#).string(exec.api_version.as_str());
    json.plain(r#","spec":{"#);
    if let Some(cluster) = &exec.cluster {
        write_cluster(&mut json, cluster, ca)?;
    }
    json.plain(if interactive { r#""interactive":true"# } else { r#""interactive":false"# });
    json.plain("}}\n");
    Ok(Secret::new(json.bytes()))
}

fn write_cluster(json: &mut Json, cluster: &ExecCluster, ca: &[u8]) -> Result<(), PluginProblem> {
    json.plain(r#""cluster":{"server":"#).string(&cluster.server);
    if !cluster.tls_server_name.is_empty() {
        json.plain(r#","tls-server-name":"#).string(&cluster.tls_server_name);
    }
    if cluster.insecure_skip_tls_verify {
        json.plain(r#","insecure-skip-tls-verify":true"#);
    }
    if !ca.is_empty() {
        json.plain(r#","certificate-authority-data":"#).string(&BASE64_STANDARD.encode(ca));
    }
    if !cluster.proxy_url.is_empty() {
        json.plain(r#","proxy-url":"#).string(&cluster.proxy_url);
    }
    if cluster.disable_compression {
        json.plain(r#","disable-compression":true"#);
    }
    json.plain(r#","config":"#);
    match &cluster.config {
        Some(config) if serde_json::from_str::<serde::de::IgnoredAny>(config).is_ok() => {
            json.compact(config);
        }
        Some(_) => {
            let what = "the cluster's extension client.authentication.k8s.io/exec is not JSON";
            return Err(PluginProblem::NotRun(Failure::new(FailureKind::Other, what)));
        }
        None => drop(json.plain("null")),
    }
    json.plain("},");
    Ok(())
}

fn size(cluster: Option<&ExecCluster>, ca: &[u8]) -> usize {
    let Some(cluster) = cluster else { return 256 };
    let config = cluster.config.as_deref().unwrap_or_default();
    [&*cluster.server, &cluster.tls_server_name, &cluster.proxy_url, config]
        .into_iter()
        .map(string_size)
        .fold(512usize.saturating_add(ca.len().saturating_mul(2)), usize::saturating_add)
}

/// Reads the value of `KUBERNETES_EXEC_INFO`, for a program that is a plugin (EX-37).
///
/// # Errors
/// See [`InfoProblem`].
pub fn parse_info(text: &str) -> Result<ExecCredential, InfoProblem> {
    if text.trim().is_empty() {
        return Err(InfoProblem::Unset);
    }
    let decode = |problem| InfoProblem::Decode(OutputProblem::Malformed(problem));
    let info = Unchecked::from_json(text.as_bytes()).map_err(decode)?;
    let Some(api_version) = ExecApiVersion::parse(&info.api_version) else {
        return Err(InfoProblem::ApiVersion(word::version(&info.api_version)));
    };
    if info.kind != "ExecCredential" {
        return Err(InfoProblem::Kind(word::kind(&info.kind)));
    }
    info.check(api_version).map_err(InfoProblem::Decode)
}

/// The cluster in `KUBERNETES_EXEC_INFO` as an anonymous profile, for a plugin that sends requests
/// to the API server itself (EX-37).
///
/// # Errors
/// See [`InfoProblem`].
pub fn info_profile(text: &str) -> Result<Profile, InfoProblem> {
    let cluster = parse_info(text)?.spec.cluster.ok_or(InfoProblem::NoCluster)?;
    let proxy = match cluster.proxy_url {
        url if url.is_empty() => Proxy::Environment,
        url if is_proxy_url(&url) => Proxy::Url(url),
        _ => return Err(InfoProblem::ProxyUrl),
    };
    let mut profile = Profile::new(cluster.server);
    profile.cluster.roots = cluster.certificate_authority;
    profile.cluster.tls_server_name = Some(cluster.tls_server_name).filter(|name| !name.is_empty());
    profile.cluster.insecure_skip_tls_verify = cluster.insecure_skip_tls_verify;
    profile.cluster.proxy = proxy;
    profile.cluster.disable_compression = cluster.disable_compression;
    Ok(profile)
}

/// Whether it has a known scheme and a host, and only characters that a URL can have.
fn is_proxy_url(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    matches!(scheme, "http" | "https" | "socks5")
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Why `KUBERNETES_EXEC_INFO` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InfoProblem {
    /// The variable is unset or empty: the plugin was started by hand, or the kubeconfig has an old
    /// apiVersion.
    #[error("KUBERNETES_EXEC_INFO is unset or empty (was this started by kubectl?)")]
    Unset,
    /// It is not JSON of the right shape.
    #[error("KUBERNETES_EXEC_INFO cannot be read: {0}")]
    Decode(OutputProblem),
    /// Its `apiVersion` is unknown.
    #[error(
        "KUBERNETES_EXEC_INFO has apiVersion {0:?}, not client.authentication.k8s.io/v1 or /v1beta1"
    )]
    ApiVersion(String),
    /// Its kind is not `ExecCredential`.
    #[error("KUBERNETES_EXEC_INFO has kind {0:?}, not \"ExecCredential\"")]
    Kind(String),
    /// It has no cluster.
    #[error("KUBERNETES_EXEC_INFO has no cluster (set provideClusterInfo in the kubeconfig)")]
    NoCluster,
    /// Its `proxy-url` is not a proxy URL.
    #[error("KUBERNETES_EXEC_INFO has a proxy-url that is not an http, https or socks5 URL")]
    ProxyUrl,
}
