//! `-o` of commands that print an object: a format by its name, or kubectl's JSONPath templates.

use crate::jsonpath::{Options, Template};
use crate::object_output;
use crate::report::{Exit, Report};
use clap::ValueEnum;
use kubecred_core::Secret;
use serde_json::Value;
use std::fs::File;
use std::io::Read;

/// The most that a template's file may have.
const MAX_TEMPLATE: u64 = 1 << 20;

/// What `-o` says: one of the command's own formats, or a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Output<F> {
    Format(F),
    Template(TemplateSource),
}

/// A template, or the file that holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TemplateSource {
    Text { template: Template, as_json: bool },
    File(String),
}

/// Reads the value of `-o`. A template is parsed at once, so that a mistake in it costs no request.
pub(crate) fn output<F: ValueEnum>(text: &str) -> Result<Output<F>, String> {
    let (kind, value) = text.split_once('=').map_or((text, None), |(kind, v)| (kind, Some(v)));
    let as_json = match (kind, value) {
        ("jsonpath" | "jsonpath-as-json" | "jsonpath-file", None | Some("")) => {
            return Err(format!("a template is missing: -o {kind}=…"));
        }
        ("jsonpath-file", Some(path)) => {
            return Ok(Output::Template(TemplateSource::File(path.to_owned())));
        }
        ("jsonpath", _) => false,
        ("jsonpath-as-json", _) => true,
        _ => {
            let format = F::from_str(text, true).map_err(|_| {
                let names = F::value_variants().iter().filter_map(ValueEnum::to_possible_value);
                let names: Vec<String> = names.map(|name| name.get_name().to_owned()).collect();
                format!(
                    "it must be one of {}, jsonpath=TEMPLATE, jsonpath-as-json=TEMPLATE, jsonpath-file=FILE",
                    names.join(", ")
                )
            })?;
            return Ok(Output::Format(format));
        }
    };
    let template = Template::parse(value.unwrap_or_default()).map_err(|fault| fault.to_string())?;
    Ok(Output::Template(TemplateSource::Text { template, as_json }))
}

/// A template that is ready to print objects.
#[derive(Debug)]
pub(crate) struct Printer {
    template: Template,
    options: Options,
}

impl TemplateSource {
    /// Reads the file, if there is one. `allow_missing` is `--allow-missing-template-keys`.
    pub(crate) fn printer(self, allow_missing: Option<bool>) -> Result<Printer, Report> {
        let (template, as_json) = match self {
            Self::Text { template, as_json } => (template, as_json),
            Self::File(path) => {
                let text = read(&path).map_err(|error| {
                    let text = format_args!("cannot read the template from {path:?}: {error}");
                    Report::new(Exit::Usage, text)
                })?;
                let template = Template::parse(&text).map_err(|fault| {
                    Report::new(Exit::Usage, format_args!("template file {path:?}: {fault}"))
                })?;
                (template, false)
            }
        };
        let allow_missing = allow_missing.unwrap_or(true);
        Ok(Printer { template, options: Options { allow_missing, as_json } })
    }
}

fn read(path: &str) -> std::io::Result<String> {
    let mut text = String::new();
    let count = File::open(path)?.take(MAX_TEMPLATE + 1).read_to_string(&mut text)?;
    match count as u64 > MAX_TEMPLATE {
        true => Err(std::io::Error::other("it is larger than 1 MiB")),
        false => Ok(text),
    }
}

impl Printer {
    /// Prints what the template makes of an object in JSON.
    pub(crate) fn print(&self, json: &Secret) -> Result<(), Report> {
        let object: Value = serde_json::from_slice(json.expose())
            .map_err(|error| Report::new(Exit::Output, error))?;
        let printed = self.template.print(&object, self.options);
        let text = printed.map_err(|fault| {
            Report::new(Exit::Usage, format_args!("the template does not fit the object: {fault}"))
        })?;
        object_output::write(Secret::from(text).expose())
    }
}

/// What an object is printed in.
#[derive(Debug)]
pub(crate) enum Form<F> {
    Format(F),
    Template(Printer),
}

impl<F> Output<F> {
    /// With the template's file read, before anything is asked of a server.
    pub(crate) fn form(self, allow_missing: Option<bool>) -> Result<Form<F>, Report> {
        Ok(match self {
            Self::Format(format) => Form::Format(format),
            Self::Template(source) => Form::Template(source.printer(allow_missing)?),
        })
    }
}
