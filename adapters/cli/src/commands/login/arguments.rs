//! The flags of a login as words of a command line: for the kubeconfig that `setup` writes.

use super::flags::{Keyring, LoginFlags, Qr, SYSTEM_ROOTS};
use clap::ValueEnum;

impl LoginFlags {
    /// The same flags for another run, as words of a command line. Files are named as other folders
    /// see them. What is about one run only is left out: `--force-refresh`, `-v`, the password.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut words = Words::default();
        let own = &self.own;
        words.one("issuer", own.issuer.as_ref());
        words.one("oidc-issuer-url", self.oidc_issuer_url.as_ref());
        words.one("client-id", own.client_id.as_ref());
        words.one("oidc-client-id", self.oidc_client_id.as_ref());
        words.one("oidc-client-secret", self.oidc_client_secret.as_ref());
        words.file("oidc-client-secret-file", own.oidc_client_secret_file.as_ref());
        words.one("oidc-redirect-url", self.oidc_redirect_url.as_ref());
        words.each("oidc-extra-scope", &self.oidc_extra_scope);
        words.one("oidc-use-access-token", self.oidc_use_access_token.as_ref());
        words.pairs("oidc-request-header", &self.oidc_request_header);
        words.pairs("oidc-auth-request-extra-params", &self.oidc_auth_request_extra_params);
        words.value("oidc-pkce-method", self.oidc_pkce_method);
        words.one("oidc-use-pkce", self.oidc_use_pkce.as_ref());
        words.value("grant-type", self.grant_type);
        words.each("listen-address", &self.listen_address);
        words.one("skip-open-browser", self.skip_open_browser.as_ref());
        words.value("browser", own.browser);
        words.one("browser-command", self.browser_command.as_ref());
        words.each("browser-arg", &own.browser_arg);
        words.one("authentication-timeout-sec", self.authentication_timeout_sec.as_ref());
        words.file("local-server-cert", self.local_server_cert.as_ref());
        words.file("local-server-key", self.local_server_key.as_ref());
        words.one("open-url-after-authentication", self.open_url_after_authentication.as_ref());
        words.file("token-cache-dir", self.token_cache_dir.as_ref());
        words.value("token-cache-storage", self.token_cache_storage);
        if own.keyring != Keyring::System {
            words.value("keyring", Some(own.keyring));
        }
        self.certificate_authority.iter().for_each(|file| match file.as_str() {
            SYSTEM_ROOTS => words.one("certificate-authority", Some(file)),
            _ => words.file("certificate-authority", Some(file)),
        });
        words.each("certificate-authority-data", &self.certificate_authority_data);
        words.one("insecure-skip-tls-verify", self.insecure_skip_tls_verify.as_ref());
        words.one("username", self.username.as_ref());
        words.file("password-file", own.password_file.as_ref());
        words.one("account", own.account.as_ref());
        words.one("offline-access", own.offline_access.as_ref());
        words.flag("consent", own.consent);
        words.flag("form-post", own.form_post);
        words.one("device-endpoint", own.device_endpoint.as_ref());
        words.one("revocation-endpoint", own.revocation_endpoint.as_ref());
        if own.qr != Qr::Auto {
            words.value("qr", Some(own.qr));
        }
        words.flag("quiet", own.quiet);
        words.0
    }
}

/// Words of a command line, as they are put together.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn one(&mut self, name: &str, value: Option<&impl std::fmt::Display>) {
        self.0.extend(value.map(|value| format!("--{name}={value}")));
    }

    fn each(&mut self, name: &str, values: &[String]) {
        values.iter().for_each(|value| self.one(name, Some(value)));
    }

    fn pairs(&mut self, name: &str, pairs: &[(String, String)]) {
        self.0.extend(pairs.iter().map(|(key, value)| format!("--{name}={key}={value}")));
    }

    fn value(&mut self, name: &str, value: Option<impl ValueEnum>) {
        let value = value.as_ref().and_then(ValueEnum::to_possible_value);
        self.0.extend(value.map(|value| format!("--{name}={}", value.get_name())));
    }

    fn flag(&mut self, name: &str, is_given: bool) {
        self.0.extend(is_given.then(|| format!("--{name}")));
    }

    /// A file, whatever folder the other run is in. `~/` stays: it is understood there too.
    fn file(&mut self, name: &str, path: Option<&String>) {
        let absolute = path.map(|path| match std::path::absolute(path) {
            Ok(absolute) if !path.starts_with("~/") => absolute.to_string_lossy().into_owned(),
            _ => path.clone(),
        });
        self.one(name, absolute.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: LoginFlags,
    }

    fn read(arguments: &[String]) -> Result<LoginFlags, String> {
        let words = std::iter::once("x").chain(arguments.iter().map(String::as_str));
        Line::try_parse_from(words).map(|line| line.flags).map_err(|error| error.to_string())
    }

    /// Flags that are about one run, or have no effect.
    const LEFT_OUT: [&str; 6] = [
        "force-refresh",
        "v",
        "password",
        "api-version",
        "tls-renegotiation-once",
        "tls-renegotiation-freely",
    ];

    #[test]
    fn what_is_written_to_a_kubeconfig_means_what_was_given() {
        let mut given = 0;
        for argument in Line::command().get_arguments() {
            let name = argument.get_long().expect("each has a name").to_owned();
            let is_klog = name.contains('_')
                || ["alsologtostderr", "logtostderr", "stderrthreshold", "vmodule"]
                    .contains(&&*name);
            if is_klog || LEFT_OUT.contains(&&*name) || name == "help" {
                continue;
            }
            let possible = argument.get_possible_values();
            let value = match (argument.get_action().takes_values(), possible.last()) {
                (false, _) => format!("--{name}"),
                (true, Some(value)) => format!("--{name}={}", value.get_name()),
                (true, None) => match argument.get_value_names().and_then(|names| names.first()) {
                    Some(kind) if *kind == "KEY=VALUE" => format!("--{name}=key=a=b"),
                    Some(kind) if *kind == "FILE" || *kind == "FOLDER" => format!("--{name}=/a/b"),
                    Some(kind) if *kind == "SECONDS" => format!("--{name}=7"),
                    Some(kind) if *kind == "BOOL" => format!("--{name}=true"),
                    _ => format!("--{name}=value: x"),
                },
            };
            let flags = read(std::slice::from_ref(&value)).expect("it is in order");
            let again = read(&flags.arguments()).expect("it is in order");
            assert!(
                flags == again && flags != LoginFlags::default(),
                "{value}: {:?}",
                flags.arguments()
            );
            given += 1;
        }
        assert!(given > 35, "only {given} flags were tried");
    }

    #[test]
    fn files_are_named_so_that_any_folder_finds_them() {
        let flags = read(&["--certificate-authority=ca.crt".into()]).expect("it is in order");
        let here = std::env::current_dir().expect("there is one").join("ca.crt");
        assert_eq!(flags.arguments(), [format!("--certificate-authority={}", here.display())]);
        let flags = read(&["--certificate-authority=~/ca.crt".into()]).expect("it is in order");
        assert_eq!(flags.arguments(), ["--certificate-authority=~/ca.crt"]);
        // This is no file.
        let flags = read(&["--certificate-authority=system".into()]).expect("it is in order");
        assert_eq!(flags.arguments(), ["--certificate-authority=system"]);
    }
}
