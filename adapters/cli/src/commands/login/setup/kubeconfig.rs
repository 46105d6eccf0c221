//! The user entry of a kubeconfig: printed, or written through the editor.

use crate::commands::config::Files;
use crate::commands::login::flags::LoginFlags;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use kubecred_core::kubeconfig::edit::{SetContext, SetUser};
use serde_json::Value;
use std::fmt::Write as _;

const API_VERSION: &str = "client.authentication.k8s.io/v1";

/// kubectl may let the plugin ask, and need not.
const MODE: &str = "IfAvailable";

/// A user that logs in with this program.
pub(super) struct Entry {
    name: String,
    command: String,
    args: Vec<String>,
}

impl Entry {
    pub(super) fn new(name: &str, flags: &LoginFlags) -> Self {
        let args = std::iter::once("get-token".to_owned()).chain(flags.arguments()).collect();
        Self { name: name.to_owned(), command: command(), args }
    }

    /// For a person to copy.
    pub(super) fn text(&self) -> String {
        // JSON's strings are YAML's.
        let quoted = |text: &str| Value::from(text).to_string();
        let mut text = String::from("\nFor the kubeconfig (or run this again with --write):\n");
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "users:\n- name: {}\n  user:\n    exec:\n      apiVersion: {API_VERSION}\n      \
             command: {}\n      interactiveMode: {MODE}\n      args:\n",
            quoted(&self.name),
            quoted(&self.command)
        );
        for argument in &self.args {
            let _ = writeln!(text, "      - {}", quoted(argument));
        }
        text
    }

    /// Writes it, and lets a context use it.
    pub(super) fn write(
        &self,
        flags: &ConnectionFlags,
        context: Option<&str>,
    ) -> Result<(), Report> {
        let files = Files::new(flags);
        let (name, set) = (self.name.clone(), self.set());
        let wanted = context.map(str::to_owned);
        files.edit(move |config| {
            if let Some(context) = &wanted
                && !config.contexts.contains_key(context)
            {
                let text = format!("there is no context {context:?} in the kubeconfig");
                return Err(Report::new(Exit::Configuration, text)
                    .advise("kubecred config get-contexts lists them."));
            }
            config.set_user(&name, set)?;
            if let Some(context) = &wanted {
                let user = Some(name.clone());
                config.set_context(context, SetContext { user, ..SetContext::default() })?;
            }
            Ok(())
        })?;
        files.say(format_args!("User {:?} set.", self.name))?;
        match context {
            Some(context) => files.say(format_args!("Context {context:?} uses it.")),
            None => files.say(format_args!(
                "To use it: kubecred config set-context NAME --user {}",
                self.name
            )),
        }
    }

    fn set(&self) -> SetUser {
        SetUser {
            exec_command: Some(self.command.clone()),
            exec_api_version: Some(API_VERSION.into()),
            exec_args: Some(self.args.clone()),
            exec_interactive_mode: Some(MODE.into()),
            ..SetUser::default()
        }
    }
}

/// The name by which kubectl finds this program, or its path.
fn command() -> String {
    let this = std::env::current_exe().ok();
    let found = kubecred_tokio::find_program("kubecred");
    match (this, found) {
        (Some(this), Some(found)) if is_same(&this, found.as_ref()) => "kubecred".into(),
        (Some(this), _) => this.to_string_lossy().into_owned(),
        (None, _) => "kubecred".into(),
    }
}

fn is_same(one: &std::path::Path, other: &std::path::Path) -> bool {
    let real = |path: &std::path::Path| path.canonicalize().ok();
    real(one).is_some() && real(one) == real(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_printed_entry_is_the_written_one() {
        let args = ["get-token", "--issuer=https://a", "--oidc-extra-scope=it's: \"x\""];
        let args: Vec<String> = args.map(str::to_owned).into();
        let entry = Entry { name: "ann: #1".into(), command: "/a b/kubecred".into(), args };
        let text = entry.text();
        let (_, yaml) = text.split_once('\n').expect("a line break");
        let (_, yaml) = yaml.split_once('\n').expect("a line of words");
        let read: Value = serde_yaml::from_str(yaml).expect("YAML");
        let exec = json!({
            "apiVersion": API_VERSION,
            "command": entry.command,
            "args": entry.args,
            "interactiveMode": MODE,
        });
        assert_eq!(read, json!({ "users": [{ "name": entry.name, "user": { "exec": exec } }] }));
    }
}
