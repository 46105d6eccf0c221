//! kubectl's global flags, which choose the server and the user (KC-67).

use crate::report::{Exit, Report};
use crate::{redact, secret_file};
use clap::{Arg, Args};
use kubecred_core::Secret;

/// The heading over kubectl's flags.
const CONNECTION: &str = "Server and credentials (kubectl's flags)";

/// kubectl's global flags, which choose the server and the user.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = CONNECTION)]
pub(crate) struct ConnectionFlags {
    /// Kubeconfig file, instead of KUBECONFIG and ~/.kube/config
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<String>,
    /// kubectl's preferences file, which may restrict exec plugins
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
    /// Namespace (kubecred get ignores it: PATH contains the namespace)
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// URL of the API server
    #[arg(short, long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Name for SNI and verification (default: the URL's host)
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_server_name: Option<String>,
    /// CA bundle used to verify the server (PEM file)
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate_authority: Option<String>,
    /// Do not verify the server's certificate. Anyone who intercepts the connection gets the
    /// credential
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    pub(crate) insecure_skip_tls_verify: Option<bool>,
    /// Proxy: an http, https or socks5 URL
    #[arg(long, value_name = "URL")]
    pub(crate) proxy_url: Option<String>,
    /// Do not request compressed responses
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    pub(crate) disable_compression: Option<bool>,
    /// Bearer token. Other users of this machine can see it in the process list; use --token-from
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// File to read the bearer token from; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) token_from: Option<String>,
    /// Client certificate (PEM file)
    #[arg(long, value_name = "FILE")]
    pub(crate) client_certificate: Option<String>,
    /// Key of the client certificate (PEM file)
    #[arg(long, value_name = "FILE")]
    pub(crate) client_key: Option<String>,
    /// User name for basic authentication
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Password for basic authentication. Other users can see it, as with --token
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) password: Option<String>,
    /// File to read the password from; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) password_from: Option<String>,
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
    /// Time limit for the whole command, including the exec plugin: 30 (seconds), 1.5h, 2m30s; 0
    /// means no limit
    #[arg(long, value_name = "TIME")]
    pub(crate) request_timeout: Option<String>,
    /// Log to standard error what is read, chosen and done, without secrets. 0 is silent; levels
    /// above 0, such as -v=6, all mean the same
    #[arg(short, long, alias = "v", value_name = "LEVEL", help_heading = None, num_args = 0..=1,
          require_equals = true, default_missing_value = "1")]
    pub(crate) verbose: Option<u32>,
}

impl ConnectionFlags {
    /// The flags before the command, followed by those after it: the last value counts, lists are
    /// joined.
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
            token_from: match after.token {
                Some(_) => after.token_from,
                None => after.token_from.or(self.token_from),
            },
            token: after.token.or(self.token),
            client_certificate: after.client_certificate.or(self.client_certificate),
            client_key: after.client_key.or(self.client_key),
            username: after.username.or(self.username),
            password_from: match after.password {
                Some(_) => after.password_from,
                None => after.password_from.or(self.password_from),
            },
            password: after.password.or(self.password),
            as_user: after.as_user.or(self.as_user),
            as_uid: after.as_uid.or(self.as_uid),
            as_group: [self.as_group, after.as_group].concat(),
            as_user_extra: [self.as_user_extra, after.as_user_extra].concat(),
            request_timeout: after.request_timeout.or(self.request_timeout),
            verbose: after.verbose.or(self.verbose),
        }
    }

    /// Whether `-v` is given, with a level above 0.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose.is_some_and(|level| level > 0)
    }

    /// With the token and the password from the files that are named for them. Blocks while it
    /// reads. From now on neither is shown.
    ///
    /// # Errors
    /// When a file cannot be read, or a secret is given twice.
    pub(crate) fn with_secrets_read(mut self) -> Result<Self, Report> {
        for (flag, value, file) in [
            ("--token", &mut self.token, self.token_from.take()),
            ("--password", &mut self.password, self.password_from.take()),
        ] {
            if let Some(file) = file {
                if value.is_some() {
                    let text = format_args!("invalid command line: both {flag} and {flag}-from");
                    return Err(Report::new(Exit::Usage, text).advise("Give one of them."));
                }
                let secret = secret_file::read(&[flag, "-from"].concat(), &file)?;
                *value = secret.expose_str().map(str::to_owned);
            }
            redact::learn(&Secret::from(value.as_deref().unwrap_or_default()));
        }
        Ok(self)
    }
}

/// Lets the value of a flag begin with `-`, as kubectl's flags do: tokens and names may. Not where
/// the value can be left out: what follows is the next flag.
pub(crate) fn allow_hyphen_values(flag: Arg) -> Arg {
    let takes_value = flag.get_action().takes_values() && !flag.is_positional();
    let optional = flag.get_num_args().is_some_and(|count| count.min_values() == 0);
    match takes_value && !optional && !flag.is_require_equals_set() {
        true => flag.allow_hyphen_values(true),
        false => flag,
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
        _ => Err("expected true or false".into()),
    }
}

/// Split at the first `=`. (kubectl drops an item without one; here it is an error.)
pub(crate) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.into(), value.into())),
        _ => Err("expected KEY=VALUE".into()),
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
