//! Without secrets (KC-94), and with none forgotten.

use crate::kubeconfig::entries::{AuthProvider, Kubeconfig};
use crate::kubeconfig::extension::Extension;
use crate::redact;
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::string::String;

/// What takes a secret's place.
const REDACTED: &str = "REDACTED";

/// What takes the place of a `*-data` field: it is `DATA+OMITTED` in base64.
const DATA_OMITTED: [u8; 9] = [12, 4, 192, 248, 227, 8, 77, 49, 3];

/// What an `oidc` auth-provider is told that is no secret. Whatever else is in a configuration may
/// be one.
const PUBLIC_SETTINGS: &[&str] =
    &["client-id", "extra-scopes", "idp-certificate-authority", "idp-issuer-url"];

impl Kubeconfig {
    /// Puts `REDACTED` and `DATA+OMITTED` where secrets are.
    ///
    /// kubectl does so for tokens, passwords, certificates and keys. Here it is done for user
    /// names, auth-provider settings, the arguments and variables of exec plugins, and extensions,
    /// too; what URLs say of a user is taken out (KC-94).
    pub fn redact(&mut self) {
        for cluster in self.clusters.values_mut() {
            redact_data(&mut cluster.certificate_authority_data);
            for url in [&mut cluster.server, &mut cluster.proxy_url] {
                *url = redact::url(url);
            }
            redact_content(&mut cluster.certificate_authority);
            cluster.extensions.values_mut().for_each(redact_extension);
        }
        for user in self.users.values_mut() {
            redact_data(&mut user.client_certificate_data);
            redact_data(&mut user.client_key_data);
            redact_secret(&mut user.token);
            redact_secret(&mut user.password);
            redact_text(&mut user.username);
            for path in [&mut user.client_certificate, &mut user.client_key, &mut user.token_file] {
                redact_content(path);
            }
            user.auth_provider.iter_mut().for_each(redact_auth_provider);
            if let Some(exec) = &mut user.exec {
                redact_content(&mut exec.command);
                exec.args.iter_mut().for_each(redact_text);
                exec.env.iter_mut().for_each(|variable| redact_secret(&mut variable.value));
            }
            user.extensions.values_mut().for_each(redact_extension);
        }
        for context in self.contexts.values_mut() {
            context.extensions.values_mut().for_each(redact_extension);
        }
        self.extensions.values_mut().for_each(redact_extension);
        self.preferences.extensions.values_mut().for_each(redact_extension);
    }
}

fn redact_auth_provider(provider: &mut AuthProvider) {
    for (name, value) in &mut provider.config {
        if !PUBLIC_SETTINGS.contains(&name.as_str()) {
            redact_secret(value);
        } else if name == "idp-issuer-url" {
            *value = redact::url(value.expose_str().unwrap_or_default()).into();
        }
    }
}

fn redact_data(data: &mut Secret) {
    if !data.is_empty() {
        *data = Secret::new(DATA_OMITTED);
    }
}

fn redact_secret(secret: &mut Secret) {
    if !secret.is_empty() {
        *secret = REDACTED.into();
    }
}

fn redact_text(text: &mut String) {
    if !text.is_empty() {
        REDACTED.clone_into(text);
    }
}

/// A path is shown, but not the content of a file in the place of one.
fn redact_content(path: &mut String) {
    if redact::no_path(path).is_some() {
        *path = redact::text(path).into_owned();
    }
}

fn redact_extension(extension: &mut Extension) {
    if !extension.is_null() {
        *extension = Extension::new(REDACTED.to_owned().into());
    }
}
