//! What all translations are made of. The component of `wasm/wit/api.wit` includes this file too.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use kubecred_core::Secret;

/// From the core to the interface.
pub(crate) trait Lower {
    /// The same type in the interface.
    type Wit;
    /// The same value.
    fn lower(self) -> Self::Wit;
}

/// From the interface to the core.
pub(crate) trait Lift<Wit>: Sized {
    /// The same value.
    fn lift(wit: Wit) -> Self;
}

// In all of these the type has the same name on both sides, and `wit` is what it means to the caller.

/// Structs whose fields have the same names.
macro_rules! records {
    ($($name:ident $fields:tt)*) => { $(
        lower_records! { $name $fields }
        lift_records! { $name $fields }
    )* };
}

macro_rules! lower_records {
    ($($name:ident { $($field:ident),* $(,)? })*) => { $(
        impl Lower for $name {
            type Wit = wit::$name;
            fn lower(self) -> Self::Wit {
                let Self { $($field),* } = self;
                wit::$name { $($field: $field.lower()),* }
            }
        }
    )* };
}

macro_rules! lift_records {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl Lift<wit::$name> for $name {
            fn lift(wit: wit::$name) -> Self {
                let wit::$name { $($field),* } = wit;
                Self { $($field: Lift::lift($field)),* }
            }
        }
    };
}

/// Enums without fields.
macro_rules! choices {
    ($($name:ident { $($case:ident),* $(,)? })*) => { $(
        impl Lower for $name {
            type Wit = wit::$name;
            fn lower(self) -> Self::Wit {
                match self { $(Self::$case => wit::$name::$case),* }
            }
        }
        impl Lift<wit::$name> for $name {
            fn lift(wit: wit::$name) -> Self {
                match wit { $(wit::$name::$case => Self::$case),* }
            }
        }
    )* };
}

/// Enums whose cases hold nothing; one value; or fields, which are a record in the interface.
macro_rules! variants {
    ($($name:ident $cases:tt)*) => { $(
        lower_variants! { $name $cases }
        lift_variants! { $name $cases }
    )* };
}

macro_rules! lower_variants {
    ($name:ident {
        $($unit:ident),* ; $($one:ident),* ; $($many:ident / $record:ident { $($field:ident),* }),*
    }) => {
        impl Lower for $name {
            type Wit = wit::$name;
            fn lower(self) -> Self::Wit {
                match self {
                    $(Self::$unit => wit::$name::$unit,)*
                    $(Self::$one(value) => wit::$name::$one(value.lower()),)*
                    $(Self::$many { $($field),* } => {
                        wit::$name::$many(wit::$record { $($field: $field.lower()),* })
                    })*
                }
            }
        }
    };
}

macro_rules! lift_variants {
    ($name:ident {
        $($unit:ident),* ; $($one:ident),* ; $($many:ident / $record:ident { $($field:ident),* }),*
    }) => {
        impl Lift<wit::$name> for $name {
            fn lift(wit: wit::$name) -> Self {
                match wit {
                    $(wit::$name::$unit => Self::$unit,)*
                    $(wit::$name::$one(value) => Self::$one(Lift::lift(value)),)*
                    $(wit::$name::$many(wit::$record { $($field),* }) => {
                        Self::$many { $($field: Lift::lift($field)),* }
                    })*
                }
            }
        }
    };
}

/// Enums of which the core may have more cases one day. The interface has `other` for those.
macro_rules! open_choices {
    ($($name:ident { $($case:ident),* $(,)? })*) => { $(
        impl Lower for $name {
            type Wit = wit::$name;
            fn lower(self) -> Self::Wit {
                match self { $(Self::$case => wit::$name::$case,)* _ => wit::$name::Other }
            }
        }
    )* };
}

/// The same with fields; `other` says it in words.
macro_rules! open_variants {
    ($($name:ident {
        $($unit:ident),* ; $($one:ident),* ; $($many:ident / $record:ident { $($field:ident),* }),*
    })*) => { $(
        impl Lower for $name {
            type Wit = wit::$name;
            fn lower(self) -> Self::Wit {
                match self {
                    $(Self::$unit => wit::$name::$unit,)*
                    $(Self::$one(value) => wit::$name::$one(value.lower()),)*
                    $(Self::$many { $($field),* } => {
                        wit::$name::$many(wit::$record { $($field: $field.lower()),* })
                    })*
                    other => wit::$name::Other(format!("{other:?}")),
                }
            }
        }
    )* };
}

pub(crate) use {
    choices, lift_records, lift_variants, lower_records, lower_variants, open_choices,
    open_variants, records, variants,
};

macro_rules! same {
    ($($type:ty),*) => { $(
        impl Lower for $type {
            type Wit = Self;
            fn lower(self) -> Self {
                self
            }
        }
        impl Lift<Self> for $type {
            fn lift(wit: Self) -> Self {
                wit
            }
        }
    )* };
}

same!(String, bool, u8, u16, u32, u64, i32, i64);

impl<T: Lower> Lower for Vec<T> {
    type Wit = Vec<T::Wit>;
    fn lower(self) -> Self::Wit {
        self.into_iter().map(Lower::lower).collect()
    }
}

impl<W, T: Lift<W>> Lift<Vec<W>> for Vec<T> {
    fn lift(wit: Vec<W>) -> Self {
        wit.into_iter().map(Lift::lift).collect()
    }
}

impl<T: Lower> Lower for Option<T> {
    type Wit = Option<T::Wit>;
    fn lower(self) -> Self::Wit {
        self.map(Lower::lower)
    }
}

impl<W, T: Lift<W>> Lift<Option<W>> for Option<T> {
    fn lift(wit: Option<W>) -> Self {
        wit.map(Lift::lift)
    }
}

impl<T: Lower, E: Lower> Lower for Result<T, E> {
    type Wit = Result<T::Wit, E::Wit>;
    fn lower(self) -> Self::Wit {
        self.map(Lower::lower).map_err(Lower::lower)
    }
}

impl<V, W, T: Lift<V>, E: Lift<W>> Lift<Result<V, W>> for Result<T, E> {
    fn lift(wit: Result<V, W>) -> Self {
        wit.map(Lift::lift).map_err(Lift::lift)
    }
}

impl<A: Lower, B: Lower> Lower for (A, B) {
    type Wit = (A::Wit, B::Wit);
    fn lower(self) -> Self::Wit {
        (self.0.lower(), self.1.lower())
    }
}

impl<V, W, A: Lift<V>, B: Lift<W>> Lift<(V, W)> for (A, B) {
    fn lift(wit: (V, W)) -> Self {
        (Lift::lift(wit.0), Lift::lift(wit.1))
    }
}

impl<K: Lower, V: Lower> Lower for BTreeMap<K, V> {
    type Wit = Vec<(K::Wit, V::Wit)>;
    fn lower(self) -> Self::Wit {
        self.into_iter().map(Lower::lower).collect()
    }
}

impl<KW, VW, K: Lift<KW> + Ord, V: Lift<VW>> Lift<Vec<(KW, VW)>> for BTreeMap<K, V> {
    fn lift(wit: Vec<(KW, VW)>) -> Self {
        let mut map = Self::new();
        // One by one: `collect` would bring a sort for each type of map along, 15 KB of code.
        for (key, value) in wit {
            map.insert(Lift::lift(key), Lift::lift(value));
        }
        map
    }
}

impl<T: Lower> Lower for Box<T> {
    type Wit = T::Wit;
    fn lower(self) -> Self::Wit {
        (*self).lower()
    }
}

impl<W, T: Lift<W>> Lift<W> for Box<T> {
    fn lift(wit: W) -> Self {
        Self::new(T::lift(wit))
    }
}

/// The interface needs bytes that are its own. The copy leaves the component at once; that memory
/// is not wiped (see the component's README).
impl Lower for Secret {
    type Wit = Vec<u8>;
    fn lower(self) -> Self::Wit {
        self.expose().to_vec()
    }
}

impl Lift<Vec<u8>> for Secret {
    fn lift(wit: Vec<u8>) -> Self {
        Self::new(wit)
    }
}
