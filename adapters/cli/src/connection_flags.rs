//! kubectl's global flags: which server, and as whom (KC-67).

use clap::{Arg, Args};

/// The heading over kubectl's flags.
const CONNECTION: &str = "Which server, and as whom (as in kubectl)";

/// How to find the server, and who to be: kubectl's global flags.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = CONNECTION)]
pub(crate) struct ConnectionFlags {
    /// Kubeconfig file to use; no other is read
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<String>,
    /// File of preferences, which may say which login plugins are to run
    #[arg(long, value_name = "FILE")]
    pub(crate) kuberc: Option<String>,
    /// Kubeconfig context to use
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Kubeconfig cluster to use
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
    /// Kubeconfig user to use
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Namespace for requests that name none; a path says its own
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// URL of the API server
    #[arg(short, long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Name to ask the server for and to verify, instead of the host's
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_server_name: Option<String>,
    /// PEM file with the only authorities that may vouch for the server
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate_authority: Option<String>,
    /// Do not verify the server: whoever answers gets the credential
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    pub(crate) insecure_skip_tls_verify: Option<bool>,
    /// Proxy to go through: an http, https or socks5 URL
    #[arg(long, value_name = "URL")]
    pub(crate) proxy_url: Option<String>,
    /// Do not ask for compressed answers
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    pub(crate) disable_compression: Option<bool>,
    /// Bearer token. Others on this machine may see it in the list of processes
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// PEM file with a client certificate
    #[arg(long, value_name = "FILE")]
    pub(crate) client_certificate: Option<String>,
    /// PEM file with its key
    #[arg(long, value_name = "FILE")]
    pub(crate) client_key: Option<String>,
    /// User name for basic authentication
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Password for basic authentication. Visible like --token
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) password: Option<String>,
    /// User to impersonate
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) as_user: Option<String>,
    /// Uid to impersonate
    #[arg(long, value_name = "UID")]
    pub(crate) as_uid: Option<String>,
    /// Group to impersonate; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) as_group: Vec<String>,
    /// Extra attribute to impersonate; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) as_user_extra: Vec<(String, String)>,
    /// Time for everything, login plugin included: 30 (seconds), 1.5h, 2m30s; 0 is no limit
    #[arg(long, value_name = "TIME")]
    pub(crate) request_timeout: Option<String>,
    /// Tell on standard error what was read, chosen and done; never a secret
    #[arg(short, long, help_heading = None)]
    pub(crate) verbose: bool,
}

impl ConnectionFlags {
    /// What was said before the command, followed by what was said after it: the last word counts,
    /// lists grow.
    pub(crate) fn then(self, after: Self) -> Self {
        Self {
            kubeconfig: after.kubeconfig.or(self.kubeconfig),
            kuberc: after.kuberc.or(self.kuberc),
            context: after.context.or(self.context),
            cluster: after.cluster.or(self.cluster),
            user: after.user.or(self.user),
            namespace: after.namespace.or(self.namespace),
            server: after.server.or(self.server),
            tls_server_name: after.tls_server_name.or(self.tls_server_name),
            certificate_authority: after.certificate_authority.or(self.certificate_authority),
            insecure_skip_tls_verify: after
                .insecure_skip_tls_verify
                .or(self.insecure_skip_tls_verify),
            proxy_url: after.proxy_url.or(self.proxy_url),
            disable_compression: after.disable_compression.or(self.disable_compression),
            token: after.token.or(self.token),
            client_certificate: after.client_certificate.or(self.client_certificate),
            client_key: after.client_key.or(self.client_key),
            username: after.username.or(self.username),
            password: after.password.or(self.password),
            as_user: after.as_user.or(self.as_user),
            as_uid: after.as_uid.or(self.as_uid),
            as_group: [self.as_group, after.as_group].concat(),
            as_user_extra: [self.as_user_extra, after.as_user_extra].concat(),
            request_timeout: after.request_timeout.or(self.request_timeout),
            verbose: self.verbose || after.verbose,
        }
    }
}

/// Leaves a flag out of the help if it is one of kubectl's.
pub(crate) fn hide_connection(flag: Arg) -> Arg {
    let common = flag.get_help_heading() == Some(CONNECTION);
    flag.hide(common)
}

/// A boolean as Go's flags spell it.
pub(crate) fn go_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("say true or false".into()),
    }
}

/// Split at the first `=`. (kubectl drops an item without one; here it is an error.)
fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.into(), value.into())),
        _ => Err("say KEY=VALUE".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    #[command(args_override_self = true)]
    struct Alone {
        #[command(flatten)]
        flags: ConnectionFlags,
    }

    fn flags(arguments: &[&str]) -> ConnectionFlags {
        let arguments = ["kubecred"].iter().chain(arguments);
        Alone::try_parse_from(arguments).unwrap_or_else(|e| panic!("{e}")).flags
    }

    #[test]
    fn kc_67_the_last_of_several_counts_and_lists_grow() {
        let before = flags(&["--context=a", "--as-group=one,two", "-s", "https://a"]);
        let flags = before.then(flags(&[
            "--context=b",
            "--context=c",
            "--as-group=three",
            "--as-user-extra=k=v=w",
            "--as-user-extra",
            "k=",
        ]));
        assert_eq!(flags.context.as_deref(), Some("c"));
        assert_eq!(flags.server.as_deref(), Some("https://a"), "said before the command");
        assert_eq!(flags.as_group, ["one,two", "three"], "not split at commas");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(flags.as_user_extra, [pair("k", "v=w"), pair("k", "")]);
    }

    #[test]
    fn kc_67_a_boolean_takes_its_value_only_after_an_equals_sign() {
        let said = |arguments: &[&str]| flags(arguments).insecure_skip_tls_verify;
        assert_eq!(said(&["--insecure-skip-tls-verify"]), Some(true));
        assert_eq!(said(&["--insecure-skip-tls-verify=F"]), Some(false));
        assert_eq!(said(&[]), None);
    }
}
