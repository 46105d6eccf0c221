//! What `wasm/wit` says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use wit_parser::{Resolve, Type, TypeDefKind, TypeId};

/// The interfaces of a folder.
#[derive(Debug)]
pub(crate) struct Interface {
    resolve: Resolve,
}

impl Interface {
    pub(crate) fn read(folder: &Path) -> Self {
        let mut resolve = Resolve::default();
        resolve.push_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        Self { resolve }
    }

    /// All types of these interfaces by name.
    pub(crate) fn shapes(&self, of: &[&str]) -> BTreeMap<String, String> {
        let mut shapes = BTreeMap::new();
        let named = |name: &Option<String>| name.as_deref().is_some_and(|name| of.contains(&name));
        let interfaces = self.resolve.interfaces.iter().map(|(_, interface)| interface);
        for interface in interfaces.filter(|interface| named(&interface.name)) {
            for (name, id) in &interface.types {
                if let Some(shape) = self.shape(*id, name) {
                    let before = shapes.insert(name.clone(), shape);
                    assert_eq!(before, None, "{name} is there twice");
                }
            }
        }
        shapes
    }

    /// The methods of a resource.
    pub(crate) fn methods(&self, resource: &str) -> BTreeSet<String> {
        let prefix = format!("[method]{resource}.");
        let interfaces = self.resolve.interfaces.iter();
        let names = interfaces.flat_map(|(_, interface)| interface.functions.keys());
        names.filter_map(|name| Some(name.strip_prefix(&prefix)?.to_owned())).collect()
    }

    /// `None` for a name that another interface has lent.
    fn shape(&self, id: TypeId, name: &str) -> Option<String> {
        let shape = match &self.resolve.types[id].kind {
            TypeDefKind::Type(Type::Id(lent))
                if self.resolve.types[*lent].name.as_deref() == Some(name) =>
            {
                return None;
            }
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter();
                list(
                    "record",
                    fields.map(|field| format!("{}: {}", field.name, self.wit(field.ty))),
                )
            }
            TypeDefKind::Enum(kind) => {
                list("enum", kind.cases.iter().map(|case| case.name.clone()))
            }
            TypeDefKind::Variant(kind) => list(
                "variant",
                kind.cases.iter().map(|case| match case.ty {
                    Some(holds) => format!("{}({})", case.name, self.wit(holds)),
                    None => case.name.clone(),
                }),
            ),
            TypeDefKind::Type(inner) => format!("type {}", self.wit(*inner)),
            TypeDefKind::Resource => "resource".into(),
            other => panic!("{name}: {other:?}"),
        };
        Some(shape)
    }

    fn wit(&self, holds: Type) -> String {
        let id = match holds {
            Type::Id(id) => id,
            Type::Bool => return "bool".into(),
            Type::U8 => return "u8".into(),
            Type::U16 => return "u16".into(),
            Type::U32 => return "u32".into(),
            Type::U64 => return "u64".into(),
            Type::S32 => return "s32".into(),
            Type::S64 => return "s64".into(),
            Type::String => return "string".into(),
            other => panic!("the core has no such type: {other:?}"),
        };
        let definition = &self.resolve.types[id];
        if let Some(name) = &definition.name {
            return name.clone();
        }
        let or_none =
            |holds: Option<Type>| holds.map_or_else(|| "_".into(), |holds| self.wit(holds));
        match &definition.kind {
            TypeDefKind::List(inner) => format!("list<{}>", self.wit(*inner)),
            TypeDefKind::Option(inner) => format!("option<{}>", self.wit(*inner)),
            TypeDefKind::Result(result) => {
                format!("result<{}, {}>", or_none(result.ok), or_none(result.err))
            }
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<String> = tuple.types.iter().map(|inner| self.wit(*inner)).collect();
                format!("tuple<{}>", types.join(", "))
            }
            TypeDefKind::Handle(handle) => format!("{handle:?}"),
            other => panic!("the core has no such type: {other:?}"),
        }
    }
}

fn list(kind: &str, elements: impl Iterator<Item = String>) -> String {
    format!("{kind} {{ {} }}", elements.collect::<Vec<_>>().join(", "))
}
