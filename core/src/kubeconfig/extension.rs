//! Extensions: JSON that only its author understands.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The body of a named extension, kept as compact JSON with sorted keys (KC-29). `Debug` hides it:
/// it may hold anything.
#[derive(Clone, PartialEq, Eq)]
pub struct Extension(String);

impl Extension {
    /// From any JSON value.
    pub fn new(mut value: Value) -> Self {
        value.sort_all_objects();
        // `Display` of a value is its compact JSON.
        Self(alloc::format!("{value}"))
    }

    /// The JSON.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// Whether it is null, which does not even reserve its name (KC-27).
    pub(super) fn is_null(&self) -> bool {
        self.0 == "null"
    }

    /// The value.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

impl Default for Extension {
    fn default() -> Self {
        Self("null".to_owned())
    }
}

impl<'de> Deserialize<'de> for Extension {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::new)
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Extension(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kc_29_keys_are_sorted_and_debug_shows_nothing() {
        let extension = Extension::new(serde_json::json!({"z": 1, "a": {"y": "hush", "b": []}}));
        assert_eq!(extension.as_json(), r#"{"a":{"b":[],"y":"hush"},"z":1}"#);
        assert_eq!(alloc::format!("{extension:?}"), "Extension(..)");
    }
}
