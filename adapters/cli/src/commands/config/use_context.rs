//! `kubecred config use-context` (KB-3), the one before, and names that are not typed to the end.

use super::Files;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use clap::Args;
use kubecred_core::Kubeconfig;
use kubecred_core::kubeconfig::edit::EditError;
use kubecred_core::redact::quoted;

const HELP: &str = "\
Examples:
  kubecred config use-context prod
  kubecred config use-context arn:aws:eks:eu-west-1     # if only one name begins so
  kubecred config use-context -                         # the one before, as cd -
  kubecred config use prod --kubeconfig staging.yaml

Sets current-context in the first kubeconfig file that exists. The one before is remembered in
KUBECACHEDIR or ~/.kube/cache, for changes made with kubecred.

Exit codes: 0 success; 2 invalid command line; 3 no such context, several that begin with NAME, or
the file cannot be changed; 7 output.";

/// Set the current context
#[derive(Args)]
#[command(alias = "use", after_help = HELP)]
pub(crate) struct UseContext {
    /// Name of the context, or the beginning of one name only; - is the context before
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    connection: ConnectionFlags,
}

/// Which context is meant.
enum Chosen {
    /// It has this name.
    Named,
    /// Its name begins so.
    Begun,
    /// It was the current one before.
    Before,
}

impl Run for UseContext {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection));
        let previous = files.previous();
        let (asked, known) = (self.name.clone(), previous.read());
        let (from, name, chosen) = files.edit(move |config| {
            let from = config.current_context.clone();
            let (name, chosen) = choose(config, &asked, known)?;
            config.use_context(&name)?;
            Ok((from, name, chosen))
        })?;
        if !from.is_empty() && from != name {
            previous.write(&from).unwrap_or_else(|error| {
                files.tell(format_args!("the context before is not remembered: {error}"))
            });
        }
        match chosen {
            Chosen::Begun => files.say(format_args!(
                "Switched to context {name:?}, the only one whose name begins with {:?}.",
                self.name
            )),
            Chosen::Named | Chosen::Before => {
                files.say(format_args!("Switched to context {name:?}."))
            }
        }
    }
}

fn choose(
    config: &Kubeconfig,
    asked: &str,
    before: Option<String>,
) -> Result<(String, Chosen), Report> {
    if config.contexts.contains_key(asked) || asked.is_empty() {
        return Ok((asked.to_owned(), Chosen::Named));
    }
    if asked == "-" {
        let unknown = || {
            Report::new(Exit::Configuration, "no context before the current one is known")
                .advise("kubecred config get-contexts lists the contexts.")
        };
        let name = before.ok_or_else(unknown)?;
        return match config.contexts.contains_key(&name) {
            true => Ok((name, Chosen::Before)),
            false => Err(missing(name)),
        };
    }
    let begun: Vec<&String> =
        config.contexts.keys().filter(|name| name.starts_with(asked)).collect();
    match begun.as_slice() {
        [] => Err(missing(asked.to_owned())),
        [name] => Ok(((*name).clone(), Chosen::Begun)),
        several => {
            let text = format_args!(
                "{} contexts have a name that begins with {}",
                several.len(),
                quoted(asked)
            );
            Err(Report::new(Exit::Configuration, text).missing("context", asked))
        }
    }
}

fn missing(name: String) -> Report {
    EditError::NoSuchEntry { kind: "context", name }.into()
}
