//! What the core's source says, in the words of the interface.

use std::collections::{BTreeMap, BTreeSet};
use syn::{
    Attribute, Fields, GenericArgument, ImplItem, Item, ItemEnum, ItemStruct, PathArguments, Type,
};
use syn::{Visibility, punctuated::Punctuated};

/// Types of the core.
#[derive(Debug, Default)]
pub(crate) struct Source {
    shapes: BTreeMap<String, String>,
}

impl Source {
    /// Takes the public types of a file, or only these.
    pub(crate) fn read(&mut self, text: &str, only: Option<&[&str]>) {
        let file = syn::parse_file(text).expect("it is Rust");
        let wanted = |name: &str| only.is_none_or(|only| only.contains(&name));
        let mut found = 0;
        for item in file.items {
            match item {
                Item::Struct(item) if is_public(&item.vis) && wanted(&item.ident.to_string()) => {
                    found += 1;
                    self.structure(&item);
                }
                Item::Enum(item) if is_public(&item.vis) && wanted(&item.ident.to_string()) => {
                    found += 1;
                    self.enumeration(&item);
                }
                _ => {}
            }
        }
        assert!(only.is_none_or(|only| found == only.len()), "{only:?}: found {found}");
    }

    /// All of them by name.
    pub(crate) fn shapes(self) -> BTreeMap<String, String> {
        self.shapes
    }

    fn structure(&mut self, item: &ItemStruct) {
        let name = item.ident.to_string();
        match &item.fields {
            // What it holds stands in its place.
            _ if matches!(name.as_str(), "FileBytes" | "Token" | "Written") => {}
            // There are no generics: each use has a record of its own.
            _ if name == "Job" => {}
            Fields::Named(fields) => {
                let fields = fields.named.iter().map(|field| {
                    let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                    (name, wit(&field.ty))
                });
                self.shapes.insert(kebab(&name), record(fields));
            }
            Fields::Unnamed(fields) => {
                let types = fields.unnamed.iter().map(|field| &field.ty);
                let held: Vec<&Type> = types.filter(|held| !is_marker(held)).collect();
                let alias = tuple(held.into_iter());
                self.shapes.insert(kebab(&name), format!("type {alias}"));
            }
            Fields::Unit => panic!("{name} holds nothing"),
        }
    }

    fn enumeration(&mut self, item: &ItemEnum) {
        let name = match item.ident.to_string().as_str() {
            // It names the wire, and has no values.
            "AuthWire" => return,
            "Error" => "cause".to_owned(),
            name => kebab(name),
        };
        let plain = item.variants.iter().all(|variant| matches!(variant.fields, Fields::Unit));
        let mut cases = Vec::new();
        for variant in &item.variants {
            let case = kebab(&variant.ident.to_string());
            let holds = match &variant.fields {
                Fields::Unit => None,
                Fields::Unnamed(fields) => {
                    let holds = tuple(fields.unnamed.iter().map(|field| &field.ty));
                    self.job(&holds);
                    Some(holds).filter(|holds| holds != "written")
                }
                Fields::Named(fields) => {
                    let record_name = format!("{name}-{case}");
                    let fields = fields.named.iter().map(|field| {
                        let name = field.ident.as_ref().map(ToString::to_string);
                        (name.unwrap_or_default(), wit(&field.ty))
                    });
                    self.shapes.insert(record_name.clone(), record(fields));
                    Some(record_name)
                }
            };
            cases.push(holds.map_or_else(|| case.clone(), |holds| format!("{case}({holds})")));
        }
        if may_grow(&item.attrs) {
            cases.push(if plain { "other".to_owned() } else { "other(string)".to_owned() });
        }
        let kind = if plain { "enum" } else { "variant" };
        self.shapes.insert(name, format!("{kind} {{ {} }}", cases.join(", ")));
    }

    fn job(&mut self, holds: &str) {
        if let Some(request) = holds.strip_suffix("-job") {
            let fields = [("id", "action-id"), ("request", request)];
            let fields = fields.map(|(name, holds)| (name.to_owned(), holds.to_owned()));
            self.shapes.insert(holds.to_owned(), record(fields));
        }
    }
}

/// The public methods of a type that take it.
pub(crate) fn methods(text: &str, of: &str) -> BTreeSet<String> {
    let file = syn::parse_file(text).expect("it is Rust");
    let of = |item| match item {
        Item::Impl(block) if block.trait_.is_none() && wit(&block.self_ty) == of => {
            Some(block.items)
        }
        _ => None,
    };
    let methods = file.items.into_iter().filter_map(of).flatten().filter_map(|item| match item {
        ImplItem::Fn(item) if is_public(&item.vis) && item.sig.receiver().is_some() => {
            Some(kebab(&item.sig.ident.to_string()))
        }
        _ => None,
    });
    methods.collect()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// A `PhantomData`, which holds nothing.
fn is_marker(rust: &Type) -> bool {
    matches!(rust, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "PhantomData"))
}

fn may_grow(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("non_exhaustive"))
}

fn record(fields: impl IntoIterator<Item = (String, String)>) -> String {
    let fields = fields.into_iter().map(|(name, holds)| format!("{}: {holds}", kebab(&name)));
    format!("record {{ {} }}", fields.collect::<Vec<_>>().join(", "))
}

fn tuple<'a>(types: impl ExactSizeIterator<Item = &'a Type>) -> String {
    let several = types.len() > 1;
    let types: Vec<String> = types.map(wit).collect();
    if several { format!("tuple<{}>", types.join(", ")) } else { types.concat() }
}

/// A type in the words of the interface.
fn wit(rust: &Type) -> String {
    match rust {
        Type::Reference(reference) => wit(&reference.elem),
        Type::Slice(slice) => format!("list<{}>", wit(&slice.elem)),
        Type::Tuple(types) => tuple(types.elems.iter()),
        Type::Path(path) => {
            let last = path.path.segments.last().expect("a path ends somewhere");
            let arguments = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => types_in(&arguments.args),
                _ => Vec::new(),
            };
            named(&last.ident.to_string(), &arguments)
        }
        _ => panic!("a type for which an interface has no word"),
    }
}

fn types_in(arguments: &Punctuated<GenericArgument, syn::token::Comma>) -> Vec<String> {
    let types = arguments.iter().filter_map(|argument| match argument {
        GenericArgument::Type(argument) => Some(wit(argument)),
        _ => None,
    });
    types.collect()
}

fn named(name: &str, arguments: &[String]) -> String {
    match (name, arguments) {
        ("String" | "str", []) => "string".into(),
        ("Secret" | "FileBytes" | "Token", []) => "list<u8>".into(),
        ("bool" | "u8" | "u16" | "u32" | "u64", []) => name.into(),
        ("i32", []) => "s32".into(),
        ("i64", []) => "s64".into(),
        // An interface has no recursive types: an error within an error is its text.
        ("Box", [inner]) if inner == "error" => "string".into(),
        ("Box" | "Cow", [inner]) => inner.clone(),
        ("Vec", [inner]) => format!("list<{inner}>"),
        ("Option", [inner]) => format!("option<{inner}>"),
        ("Result", [ok, error]) => format!("result<{ok}, {error}>"),
        ("BTreeMap", [key, value]) => format!("list<tuple<{key}, {value}>>"),
        ("Job", [request, ..]) => format!("{request}-job"),
        // Of the authenticator's wire, which is the only one that the interface has.
        ("ActionId" | "Completion", [_]) => kebab(name),
        (name, []) => kebab(name),
        _ => panic!("there is no such type in an interface: {name} of {arguments:?}"),
    }
}

fn kebab(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(if letter == '_' { '-' } else { letter.to_ascii_lowercase() });
    }
    text
}
