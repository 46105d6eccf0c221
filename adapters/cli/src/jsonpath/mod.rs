//! kubectl's JSONPath templates: `{.users[*].name}`, `{range .items[*]}{.a}{"\n"}{end}`.
//!
//! They are a language of their own, older than RFC 9535 and other than it: text around actions in
//! braces, `range` and `end`, filters with one comparison, missing fields that are empty. No crate has
//! it. What kubectl does is done here too, oddities included, with these exceptions: a number in a
//! filter is compared by its value (kubectl refuses to compare whole numbers with others); a large whole
//! number is written in full (kubectl: `1.23e+11`); fields of
//! an object come in the order of their names (kubectl's order is by chance); an error says where in
//! the template it is, and shows nothing of the object; and what would take for ever is refused.
//!
//! [`template`] parses, [`find`] evaluates, [`text`] prints.

mod compare;
mod find;
mod scan;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod unquote;

use serde_json::Value;
use std::fmt;

/// A parsed template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template {
    nodes: Vec<template::Node>,
}

/// How a template is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// A field that is missing is empty, and no error.
    pub(crate) allow_missing: bool,
    /// Each action prints a JSON list of what it found.
    pub(crate) as_json: bool,
}

/// What is wrong with a template, or with it and an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Where in the template: counted in characters from 1.
    pub(crate) place: usize,
    /// What is wrong there.
    pub(crate) problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at character {} of the template", self.problem, self.place)
    }
}

impl Template {
    /// Parses a template.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        template::parse(text).map(|nodes| Self { nodes })
    }

    /// What it prints of an object.
    pub(crate) fn print(&self, object: &Value, options: Options) -> Result<String, Fault> {
        let results = find::results(&self.nodes, object, options.allow_missing)?;
        let mut printed = String::new();
        for found in &results {
            text::print(found, options.as_json, &mut printed);
        }
        Ok(printed)
    }
}
