//! From flags and variables to the settings of a login.

use super::flags::{
    ApiVersion, Browser, CacheStorage, GrantType, LoginFlags, Pkce, SYSTEM_ROOTS, wrong,
};
use crate::redact;
use crate::report::{Exit, Report};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kubecred_core::login::{
    BrowserMode, ClientCredential, Grant, ListenAddress, ListenHost, ListenTls, PasswordSource,
    Settings, Storage, TokenKind,
};
use kubecred_core::{ExecApiVersion, Header, Roots, Secret};
use std::net::SocketAddr;
use std::path::PathBuf;

/// kubelogin's ports: what its users have registered as redirects.
const KUBELOGIN_PORTS: [u16; 2] = [8000, 18000];

/// The scopes that kubekey asks for.
const KUBEKEY_SCOPES: [&str; 2] = ["profile", "email"];

/// Whose names the issuer and the client were given by: the defaults are that program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// `--oidc-issuer-url`.
    Kubelogin,
    /// `IDP_ISSUER_URL`.
    Kubekey,
    /// `--issuer`, `KUBECRED_ISSUER_URL`.
    Own,
}

/// A variable; an empty one is an unset one.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The settings, and the folder of the cache if one is named.
pub(super) fn settings(
    flags: &LoginFlags,
    variable: Variables<'_>,
) -> Result<(Settings, Option<PathBuf>), Report> {
    let (dialect, issuer) = issuer(flags, variable)?;
    let client = client(flags, variable)?;
    let mut settings = Settings::new(issuer, client);
    settings.client_credential = client_credential(flags, variable);
    set_flow(&mut settings, flags, dialect)?;
    set_listener(&mut settings, flags, dialect)?;
    set_provider(&mut settings, flags)?;
    settings.storage = match (flags.token_cache_storage, dialect) {
        (Some(CacheStorage::Auto), _) => Storage::Auto,
        (Some(CacheStorage::Disk), _) => Storage::Disk,
        (Some(CacheStorage::Keyring), _) | (None, Dialect::Kubekey) => Storage::Keyring,
        (Some(CacheStorage::None), _) => Storage::None,
        (None, Dialect::Kubelogin | Dialect::Own) => Storage::Auto,
    };
    settings.kubekey = dialect == Dialect::Kubekey;
    settings.api_version = match (flags.own.api_version, dialect) {
        (Some(ApiVersion::V1), _) | (None, Dialect::Own) => ExecApiVersion::V1,
        // As both of them print it (LG-2).
        (Some(ApiVersion::V1beta1), _) | (None, _) => ExecApiVersion::V1Beta1,
    };
    Ok((settings, folder(flags)))
}

/// The folder of the cache, if one is named.
pub(super) fn folder(flags: &LoginFlags) -> Option<PathBuf> {
    flags.token_cache_dir.as_deref().map(home).map(PathBuf::from)
}

/// From now on no secret of the settings is shown.
pub(super) fn learn_secrets(settings: &Settings) {
    if let ClientCredential::Secret(secret) = &settings.client_credential {
        redact::learn(secret);
    }
    if let PasswordSource::Value(password) = &settings.password {
        redact::learn(password);
    }
    settings.request_headers.iter().for_each(|header| redact::learn(&header.value));
}

fn issuer(flags: &LoginFlags, variable: Variables<'_>) -> Result<(Dialect, String), Report> {
    if let Some(issuer) = flags.own.issuer.clone().filter(|issuer| !issuer.is_empty()) {
        return Ok((Dialect::Own, issuer));
    }
    if let Some(issuer) = flags.oidc_issuer_url.clone().filter(|issuer| !issuer.is_empty()) {
        return Ok((Dialect::Kubelogin, issuer));
    }
    let own = variable("KUBECRED_ISSUER_URL").map(|issuer| (Dialect::Own, issuer));
    own.or_else(|| variable("IDP_ISSUER_URL").map(|issuer| (Dialect::Kubekey, issuer))).ok_or_else(
        || {
            Report::new(Exit::Usage, "the URL of the OpenID provider is missing").advise(
                "Set --issuer or --oidc-issuer-url, or KUBECRED_ISSUER_URL or IDP_ISSUER_URL.",
            )
        },
    )
}

fn client(flags: &LoginFlags, variable: Variables<'_>) -> Result<String, Report> {
    let client = flags
        .client_id()
        .or_else(|| variable("KUBECRED_CLIENT_ID"))
        .or_else(|| variable("CLIENT_ID"));
    client.ok_or_else(|| {
        Report::new(Exit::Usage, "the client ID is missing")
            .advise("Set --client-id or --oidc-client-id, or KUBECRED_CLIENT_ID or CLIENT_ID.")
    })
}

fn client_credential(flags: &LoginFlags, variable: Variables<'_>) -> ClientCredential {
    if let Some(file) = &flags.own.oidc_client_secret_file {
        return ClientCredential::SecretFile(home(file));
    }
    let secret = flags.oidc_client_secret.clone().filter(|secret| !secret.is_empty());
    let secret = secret.or_else(|| variable("KUBECRED_CLIENT_SECRET"));
    match secret.or_else(|| variable("CLIENT_SECRET")) {
        Some(secret) => ClientCredential::Secret(Secret::from(secret)),
        None => ClientCredential::Public,
    }
}

fn set_flow(settings: &mut Settings, flags: &LoginFlags, dialect: Dialect) -> Result<(), Report> {
    settings.grant = match flags.grant_type {
        None | Some(GrantType::Auto) => Grant::Auto,
        Some(GrantType::Authcode) => Grant::AuthorizationCode,
        Some(GrantType::AuthcodeKeyboard) => Grant::Paste,
        Some(GrantType::Password) => Grant::Password,
        Some(GrantType::DeviceCode) => Grant::Device,
        Some(GrantType::ClientCredentials) => Grant::ClientCredentials,
    };
    settings.extra_scopes = flags.oidc_extra_scope.clone();
    if dialect == Dialect::Kubekey && settings.extra_scopes.is_empty() {
        settings.extra_scopes = KUBEKEY_SCOPES.map(String::from).into();
    }
    settings.offline_access = flags.own.offline_access;
    settings.consent = flags.own.consent;
    settings.form_post = flags.own.form_post;
    if flags.oidc_use_access_token == Some(true) {
        settings.token = TokenKind::Access;
    }
    settings.extra_params = flags.oidc_auth_request_extra_params.iter().cloned().collect();
    settings.pkce = flags.oidc_pkce_method != Some(Pkce::No) || flags.oidc_use_pkce == Some(true);
    settings.browser = match (flags.own.browser, flags.skip_open_browser) {
        (Some(Browser::Never), _) | (None, Some(true)) => BrowserMode::Never,
        (Some(Browser::Always), _) => BrowserMode::Always,
        (Some(Browser::Auto), _) | (None, _) => BrowserMode::Auto,
    };
    if let Some(program) = &flags.browser_command {
        settings.browser_command = vec![program.clone()];
        settings.browser_command.extend(flags.own.browser_arg.iter().cloned());
    } else if !flags.own.browser_arg.is_empty() {
        return Err(wrong("--browser-arg", "needs --browser-command"));
    }
    if let Some(timeout) = flags.timeout() {
        settings.timeout = timeout;
        settings.device_timeout = timeout;
    }
    settings.url_after_login = flags.open_url_after_authentication.clone();
    settings.account = flags.own.account.clone();
    settings.username = flags.username.clone();
    settings.password = match (&flags.password, &flags.own.password_file) {
        (Some(password), _) => PasswordSource::Value(Secret::from(password.clone())),
        (None, Some(file)) => PasswordSource::File(home(file)),
        (None, None) => PasswordSource::Prompt,
    };
    settings.force_refresh = flags.force_refresh == Some(true);
    Ok(())
}

fn set_listener(
    settings: &mut Settings,
    flags: &LoginFlags,
    dialect: Dialect,
) -> Result<(), Report> {
    let listen: Result<Vec<_>, _> = flags.listen_address.iter().map(|a| address(a)).collect();
    settings.listen = listen?;
    settings.redirect_uri = flags.oidc_redirect_url.clone();
    if settings.listen.is_empty() {
        let ports: &[u16] = if dialect == Dialect::Kubelogin { &KUBELOGIN_PORTS } else { &[0] };
        let loopback = |port: &u16| ListenAddress { host: ListenHost::Loopback, port: *port };
        settings.listen = ports.iter().map(loopback).collect();
    }
    settings.listen_tls = match (&flags.local_server_cert, &flags.local_server_key) {
        (Some(certificate), Some(key)) => {
            Some(ListenTls { certificate: home(certificate), key: home(key) })
        }
        (None, None) => None,
        (Some(_), None) => {
            return Err(wrong("--local-server-cert", "--local-server-key is missing"));
        }
        (None, Some(_)) => {
            return Err(wrong("--local-server-key", "--local-server-cert is missing"));
        }
    };
    if settings.redirect_uri.is_none() && dialect == Dialect::Kubelogin {
        let scheme = if settings.listen_tls.is_some() { "https" } else { "http" };
        settings.redirect_uri = Some(format!("{scheme}://localhost"));
    }
    Ok(())
}

fn address(text: &str) -> Result<ListenAddress, Report> {
    let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address: SocketAddr = named
        .as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|_| wrong("--listen-address", "expected an address such as 127.0.0.1:8000"))?;
    let host = match address.ip() {
        ip if ip.is_loopback() => ListenHost::Loopback,
        ip => ListenHost::Address(ip),
    };
    Ok(ListenAddress { host, port: address.port() })
}

fn set_provider(settings: &mut Settings, flags: &LoginFlags) -> Result<(), Report> {
    let header = |(name, value): &(String, String)| Header {
        name: name.to_lowercase().into(),
        value: Secret::from(value.as_str()),
    };
    settings.request_headers = flags.oidc_request_header.iter().map(header).collect();
    settings.endpoints.device_authorization = flags.own.device_endpoint.clone();
    settings.endpoints.revocation = flags.own.revocation_endpoint.clone();
    settings.insecure_skip_verify = flags.insecure_skip_tls_verify == Some(true);
    let mut pem = Vec::new();
    for file in flags.certificate_authority.iter().filter(|file| *file != SYSTEM_ROOTS) {
        let bytes = std::fs::read(home(file));
        let bytes = bytes
            .map_err(|error| wrong("--certificate-authority", format_args!("{file}: {error}")))?;
        pem.extend(bytes);
        pem.push(b'\n');
    }
    for data in &flags.certificate_authority_data {
        let bytes = BASE64_STANDARD.decode(data.trim());
        pem.extend(bytes.map_err(|_| wrong("--certificate-authority-data", "not base64"))?);
        pem.push(b'\n');
    }
    if !pem.is_empty() {
        settings.roots = Roots::Pem(Secret::new(pem));
    }
    Ok(())
}

/// A path whose `~/` is the home directory: in a kubeconfig no shell replaces it.
fn home(path: &str) -> String {
    let rest = path.strip_prefix("~/");
    match (rest, std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest).to_string_lossy().into_owned(),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: LoginFlags,
    }

    fn read(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Settings, String> {
        let line =
            Line::try_parse_from(["x"].iter().chain(arguments)).map_err(|e| e.to_string())?;
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned()).filter(|value| !value.is_empty())
        };
        settings(&line.flags, &variable).map(|(s, _)| s).map_err(|report| report.to_string())
    }

    const KUBELOGIN: [&str; 2] = ["--oidc-issuer-url=https://a", "--oidc-client-id=c"];

    #[test]
    fn kubelogins_flags_bring_its_ports_its_redirect_and_its_version() {
        let settings = read(&KUBELOGIN, &[]).unwrap();
        let ports: Vec<u16> = settings.listen.iter().map(|address| address.port).collect();
        assert_eq!(ports, [8000, 18000]);
        assert_eq!(settings.redirect_uri.as_deref(), Some("http://localhost"));
        assert_eq!(settings.api_version, ExecApiVersion::V1Beta1);
        assert_eq!(settings.storage, Storage::Auto);
    }

    #[test]
    fn our_variables_bring_a_free_port_and_kubekeys_its_scopes_and_the_keyring() {
        let own = [("KUBECRED_ISSUER_URL", "https://a"), ("KUBECRED_CLIENT_ID", "c")];
        let settings = read(&[], &own).unwrap();
        assert_eq!((settings.listen[0].port, settings.redirect_uri), (0, None));
        assert_eq!(settings.api_version, ExecApiVersion::V1);
        let kubekey = [("IDP_ISSUER_URL", "https://a"), ("CLIENT_ID", "c"), ("CLIENT_SECRET", "")];
        let settings = read(&[], &kubekey).unwrap();
        assert_eq!(settings.extra_scopes, ["profile", "email"]);
        assert_eq!((settings.storage, settings.listen[0].port), (Storage::Keyring, 0));
        assert_eq!(settings.client_credential, ClientCredential::Public);
        assert_eq!(settings.api_version, ExecApiVersion::V1Beta1);
        // Ours go before kubekey's.
        let both = [own.as_slice(), &kubekey].concat();
        assert_eq!(read(&[], &both).unwrap().storage, Storage::Auto);
    }

    #[test]
    fn every_flag_of_kubelogin_is_understood() {
        let more = [
            "--oidc-client-secret=s",
            "--oidc-redirect-url=http://localhost:0/cb",
            "--oidc-extra-scope=email,groups",
            "--oidc-extra-scope=profile",
            "--oidc-use-access-token",
            "--oidc-request-header=Origin=https://b",
            "--oidc-auth-request-extra-params=audience=x,resource=y=z",
            "--force-refresh",
            "--token-cache-dir=/x",
            "--token-cache-storage=disk",
            "--insecure-skip-tls-verify",
            "--tls-renegotiation-once",
            "--tls-renegotiation-freely",
            "--oidc-pkce-method=S256",
            "--oidc-use-pkce",
            "--grant-type=device-code",
            "--listen-address=127.0.0.1:9000,0.0.0.0:9001",
            "--skip-open-browser",
            "--browser-command=firefox",
            "--authentication-timeout-sec=60",
            "--local-server-cert=/c",
            "--local-server-key=/k",
            "--open-url-after-authentication=https://done",
            "--username=ann",
            "--password=p",
            "-v1",
            "--logtostderr",
            "--vmodule=x",
        ];
        let settings = read(&[&KUBELOGIN[..], &more].concat(), &[]).unwrap();
        assert_eq!(settings.extra_scopes, ["email", "groups", "profile"]);
        assert_eq!(settings.token, TokenKind::Access);
        assert_eq!(settings.request_headers[0].name, "origin");
        let params: Vec<_> = settings.extra_params.iter().collect();
        assert_eq!(
            params,
            [(&"audience".into(), &"x".into()), (&"resource".into(), &"y=z".into())]
        );
        assert_eq!((settings.grant, settings.storage), (Grant::Device, Storage::Disk));
        assert_eq!(settings.listen[0], ListenAddress { host: ListenHost::Loopback, port: 9000 });
        let any = ListenHost::Address([0, 0, 0, 0].into());
        assert_eq!(settings.listen[1], ListenAddress { host: any, port: 9001 });
        assert_eq!(settings.browser, BrowserMode::Never);
        assert_eq!(settings.timeout.as_secs(), 60);
        assert!(settings.force_refresh && settings.pkce && settings.insecure_skip_verify);
        assert!(settings.listen_tls.is_some());
    }

    #[test]
    fn lg_56_and_other_wrong_flags_are_usage_errors_that_name_the_flag() {
        for (flag, name) in [
            ("--local-server-cert=/c", "--local-server-key is missing"),
            ("--local-server-key=/k", "--local-server-cert is missing"),
            ("--listen-address=8000", "--listen-address"),
            ("--certificate-authority=/no/such", "/no/such"),
            ("--certificate-authority-data=?", "--certificate-authority-data"),
            ("--browser-arg=x", "--browser-command"),
            ("--oidc-request-header=x", "--oidc-request-header"),
        ] {
            let error = read(&[&KUBELOGIN[..], &[flag]].concat(), &[]).unwrap_err();
            assert!(error.contains(name), "{flag}: {error}");
        }
        assert!(read(&[], &[]).unwrap_err().contains("--oidc-issuer-url"));
        assert!(read(&KUBELOGIN[..1], &[]).unwrap_err().contains("--oidc-client-id"));
        assert!(read(&[], &[("IDP_ISSUER_URL", ""), ("CLIENT_ID", "c")]).is_err());
    }
}
