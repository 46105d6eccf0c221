//! Where a secret stands, and in which form.

use crate::echo::Failure;
use crate::run::Command;
use serde_json::{Value, json};

/// What the secret looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Letters and digits, as bootstrap tokens and legacy tokens are.
    Opaque,
    /// Characters that escapes, base64 and shells treat in a way of their own.
    Odd,
    /// Three parts of base64.
    Jwt,
    /// The content of a key file.
    Pem,
    /// The same as `-data` fields have it.
    Base64OfPem,
    /// A kubeconfig with a token in it.
    Kubeconfig,
}

const SECRETS: [Form; 3] = [Form::Opaque, Form::Odd, Form::Jwt];
const CONTENTS: [Form; 4] = [Form::Jwt, Form::Pem, Form::Base64OfPem, Form::Kubeconfig];

impl Form {
    /// What is looked for.
    pub(crate) fn secret(self) -> String {
        match self {
            Self::Opaque => "canary7b1f4c0d9ehZq2".into(),
            Self::Odd => "-can=ary+7b/1f%4c~0d:9e?hZq".into(),
            Self::Jwt => {
                "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWNhbmFyeQ".into()
            }
            Self::Pem | Self::Base64OfPem => {
                "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIB".into()
            }
            Self::Kubeconfig => "canary7b1f4c0d9e-in-a-file".into(),
        }
    }

    /// What stands in the place.
    pub(crate) fn content(self) -> String {
        use base64::Engine;
        let pem = || {
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", self.secret())
        };
        match self {
            Self::Pem => pem(),
            Self::Base64OfPem => base64::prelude::BASE64_STANDARD.encode(pem()),
            Self::Kubeconfig => {
                format!("apiVersion: v1\nusers:\n- name: u\n  user: {{token: {}}}\n", self.secret())
            }
            _ => self.secret(),
        }
    }
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    // Secrets where secrets belong.
    Token,
    TokenFile,
    TokenFlag,
    TokenFromFile,
    Password,
    PasswordFlag,
    Plugin,
    ServerUserInfo,
    ServerQuery,
    ProxyUserInfo,
    PluginVariable,
    RefreshToken,
    ReviewedToken,
    IssuedToken,
    // Content where a path or a name belongs.
    KubeconfigVariable,
    KubeconfigFlag,
    ContextFlag,
    UserFlag,
    TokenFilePath,
    ClientKeyPath,
    ClientCertificatePath,
    AuthorityPath,
    ClientKeyFlag,
    AuthorityFlag,
    PluginCommand,
    NamespaceFlag,
    RequestPath,
    UnknownFlag,
    ExtraArgument,
    OutputFormat,
}

/// What a place makes of a run.
#[derive(Default)]
pub(crate) struct Setting {
    pub(crate) user: Value,
    pub(crate) cluster: Value,
    pub(crate) arguments: Vec<String>,
    pub(crate) variable: Option<(&'static str, String)>,
    pub(crate) files: Vec<(&'static str, String)>,
    pub(crate) path: Option<String>,
}

impl Place {
    pub(crate) const ALL: [Self; 30] = [
        Self::Token,
        Self::TokenFile,
        Self::TokenFlag,
        Self::TokenFromFile,
        Self::Password,
        Self::PasswordFlag,
        Self::Plugin,
        Self::ServerUserInfo,
        Self::ServerQuery,
        Self::ProxyUserInfo,
        Self::PluginVariable,
        Self::RefreshToken,
        Self::ReviewedToken,
        Self::IssuedToken,
        Self::KubeconfigVariable,
        Self::KubeconfigFlag,
        Self::ContextFlag,
        Self::UserFlag,
        Self::TokenFilePath,
        Self::ClientKeyPath,
        Self::ClientCertificatePath,
        Self::AuthorityPath,
        Self::ClientKeyFlag,
        Self::AuthorityFlag,
        Self::PluginCommand,
        Self::NamespaceFlag,
        Self::RequestPath,
        Self::UnknownFlag,
        Self::ExtraArgument,
        Self::OutputFormat,
    ];

    /// Whether a secret belongs there, so that it is sent.
    fn is_sent(self) -> bool {
        matches!(
            self,
            Self::Token
                | Self::TokenFile
                | Self::TokenFlag
                | Self::TokenFromFile
                | Self::Password
                | Self::PasswordFlag
                | Self::Plugin
                | Self::ReviewedToken
        )
    }

    /// Whether the place is one that the command has.
    pub(crate) fn is_of(self, command: Command) -> bool {
        match self {
            // There the argument is the name of a context, and a name is shown.
            Self::ExtraArgument => command != Command::GetContexts,
            Self::ReviewedToken => command.reviews(),
            Self::IssuedToken => command.creates(),
            // How settings are read is the same for all that ask a server.
            place => place.is_sent() || !command.calls_the_api(),
        }
    }

    pub(crate) fn forms(self) -> &'static [Form] {
        match self {
            Self::ServerUserInfo | Self::ServerQuery | Self::ProxyUserInfo => &SECRETS[..2],
            place if place.is_sent() => &SECRETS,
            Self::PluginVariable | Self::RefreshToken | Self::IssuedToken => &SECRETS,
            Self::UnknownFlag | Self::ExtraArgument | Self::OutputFormat => {
                const { &[Form::Opaque, Form::Jwt, Form::Pem] }
            }
            _ => &CONTENTS,
        }
    }

    /// Content fails by itself, before anything is sent.
    pub(crate) fn failures(self) -> &'static [Failure] {
        match self {
            place if place.is_sent() => &Failure::ALL,
            Self::IssuedToken => const { &[Failure::None, Failure::Warning] },
            _ => const { &[Failure::None, Failure::Refused] },
        }
    }

    pub(crate) fn setting(self, form: Form, server: &str) -> Setting {
        let content = form.content();
        let mut setting = Setting { user: json!({}), cluster: json!({}), ..Setting::default() };
        let flag = |name: &str| vec![format!("{name}={content}")];
        let path = |field: &str| json!({ field: content });
        match self {
            Self::Token => setting.user = path("token"),
            Self::TokenFile => {
                setting.user = json!({ "tokenFile": "token" });
                setting.files = vec![("token", content)];
            }
            Self::TokenFlag => setting.arguments = vec!["--token".into(), content],
            Self::TokenFromFile => {
                setting.arguments = vec!["--token-from=token".into()];
                setting.files = vec![("token", content)];
            }
            Self::Password => setting.user = json!({ "username": "ann", "password": content }),
            Self::PasswordFlag => {
                setting.arguments = vec!["--username=ann".into(), "--password".into(), content];
            }
            Self::Plugin => {
                setting.user = plugin("./login");
                let credential = json!({
                    "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                    "status": { "token": content },
                });
                setting.files = vec![("answer", credential.to_string())];
            }
            Self::ServerUserInfo => {
                let host = server.trim_start_matches("https://");
                setting.cluster = json!({ "server": format!("bob:{content}@{host}") });
            }
            Self::ServerQuery => {
                setting.cluster = json!({ "server": format!("{server}?token={content}") });
            }
            Self::ProxyUserInfo => {
                setting.cluster =
                    json!({ "proxy-url": format!("http://bob:{content}@127.0.0.1:1") });
            }
            Self::PluginVariable => {
                setting.user = plugin("./absent");
                setting.user["exec"]["env"] = json!([{ "name": "SECRET", "value": content }]);
            }
            Self::RefreshToken => {
                setting.user = json!({ "auth-provider": { "name": "oidc", "config": {
                    "idp-issuer-url": "https://127.0.0.1:1", "client-id": "app",
                    "client-secret": content, "refresh-token": content, "id-token": content,
                }}});
            }
            Self::ReviewedToken => setting.files = vec![("reviewed", content)],
            Self::IssuedToken => setting.arguments = flag("--audience"),
            Self::KubeconfigVariable => setting.variable = Some(("KUBECONFIG", content)),
            Self::KubeconfigFlag => setting.arguments = flag("--kubeconfig"),
            Self::ContextFlag => setting.arguments = flag("--context"),
            Self::UserFlag => setting.arguments = flag("--user"),
            Self::TokenFilePath => setting.user = path("tokenFile"),
            Self::ClientKeyPath => {
                setting.user = path("client-key");
                setting.user["client-certificate"] = "ca.crt".into();
            }
            Self::ClientCertificatePath => {
                setting.user = path("client-certificate");
                setting.user["client-key"] = "ca.crt".into();
            }
            Self::AuthorityPath => setting.cluster = path("certificate-authority"),
            Self::ClientKeyFlag => {
                setting.arguments = flag("--client-key");
                setting.arguments.push("--client-certificate=ca.crt".into());
            }
            Self::AuthorityFlag => setting.arguments = flag("--certificate-authority"),
            Self::PluginCommand => setting.user = plugin(&content),
            Self::NamespaceFlag => setting.arguments = flag("--namespace"),
            Self::RequestPath => setting.path = Some(content),
            Self::UnknownFlag => setting.arguments = flag("--tokn"),
            Self::ExtraArgument => setting.arguments = vec![content.replace('-', "_")],
            Self::OutputFormat => setting.arguments = flag("--output"),
        }
        setting
    }
}

fn plugin(command: &str) -> Value {
    json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": command,
        "interactiveMode": "Never",
    }})
}
