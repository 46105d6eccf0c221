//! Without secrets (KC-94), and with none forgotten.

use crate::kubeconfig::entries::{
    AuthProvider, ClusterEntry, ContextEntry, ExecEntry, Kubeconfig, UserEntry,
};
use crate::kubeconfig::extension::Extension;
use crate::kubeconfig::setting::{Entry, FieldMut, Form};
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
        redact_entries::<ClusterEntry>(self);
        redact_entries::<UserEntry>(self);
        redact_entries::<ContextEntry>(self);
        self.extensions.values_mut().for_each(redact_extension);
        self.preferences.extensions.values_mut().for_each(redact_extension);
    }
}

fn redact_entries<E: Entry>(config: &mut Kubeconfig) {
    for entry in E::of_mut(config).values_mut() {
        for setting in E::SETTINGS {
            redact_field((setting.get_mut)(entry), setting.form);
        }
    }
}

fn redact_field(field: FieldMut<'_>, form: Form) {
    match field {
        FieldMut::Text(text) => match form {
            Form::Url => *text = redact::url(text),
            Form::Path => redact_content(text),
            Form::Hidden => redact_text(text),
            Form::Plain | Form::Certificates | Form::Token => {}
        },
        FieldMut::Secret(secret) => redact_secret(secret),
        FieldMut::Data(data) => redact_data(data),
        FieldMut::Flag(_) | FieldMut::Texts(_) | FieldMut::Lists(_) => {}
        FieldMut::Provider(provider) => provider.iter_mut().for_each(redact_auth_provider),
        FieldMut::Exec(exec) => exec.iter_mut().for_each(redact_exec),
        FieldMut::Extensions(extensions) => {
            extensions.values_mut().for_each(redact_extension);
        }
    }
}

fn redact_exec(exec: &mut ExecEntry) {
    redact_content(&mut exec.command);
    exec.args.iter_mut().for_each(redact_text);
    exec.env.iter_mut().for_each(|variable| redact_secret(&mut variable.value));
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
