//! YAML as kubectl reads it.
//!
//! kubectl reads a kubeconfig in three steps: YAML 1.1 with Go's rules for scalars, the result
//! turned into JSON, the JSON decoded into typed fields (KC-18). What comes out differs from what
//! YAML 1.2 libraries give: `yes` is a boolean, `0123` is the number 83, a merge key overrides the
//! keys written before it, the last of two equal keys wins, and a number in a text field is an
//! error. This module does the same in two steps and without the JSON in between:
//!
//! 1. [`parse`] turns text into a [`Document`]: scalars resolved, merge keys applied, duplicate
//!    keys settled, every limit checked. A document that exists is one that kubectl's reader could
//!    have turned into JSON.
//! 2. [`Node::deserialize`] (or [`from_slice`], in one go) fills any [`serde`] type from it, with
//!    Go's rules for empty values: null is the empty text, list, mapping, zero or `false` (KC-25).
//!
//! Every node knows its line, so that a loader can say where a value came from. No error ever
//! contains a scalar's value: these files are full of tokens and keys.
//!
//! [`to_string`] writes YAML that kubectl, and any other reader, takes for what was written.
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct User { name: String, token: String }
//!
//! let text = b"- name: admin\n  token: abc\n- name: dev\n  token: 0123\n";
//! let document = kubecred_core::yaml::parse(text, &Default::default())?;
//! let users = document.root().unwrap();
//! assert_eq!(users.items().nth(1).unwrap().get("token").unwrap().line(), 4);
//!
//! let error = users.deserialize::<Vec<User>>().err().unwrap();
//! assert_eq!(error.to_string(), "line 4: [1].token: expected a string, found a number");
//! # Ok::<(), kubecred_core::yaml::Error>(())
//! ```

mod budget;
mod compose;
mod de;
mod document;
#[cfg(feature = "edit")]
mod emit;
mod error;
mod event;
mod input;
mod json;
#[cfg_attr(not(feature = "edit"), expect(dead_code, reason = "for changes of a text"))]
mod layout;
#[cfg(feature = "edit")]
pub(crate) mod patch;
#[cfg(feature = "edit")]
mod quote;
mod resolve;
#[cfg_attr(not(feature = "edit"), expect(dead_code, reason = "for changes of a text"))]
mod text;

pub use self::compose::parse;
pub use self::document::{Document, Limits, Node};
#[cfg(feature = "edit")]
pub use self::emit::to_string;
pub use self::error::Error;

pub(crate) use self::compose::parse_with_layout;
pub(crate) use self::error::names_a_field;

use serde::de::DeserializeOwned;

/// Reads the first document of `bytes` into a `T`, within the default [`Limits`].
///
/// An empty input is read as null: the zero value of `T` (KC-10).
///
/// # Errors
/// When the bytes are not such YAML, exceed a limit, or do not fit `T`.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let document = parse(bytes, &Limits::default())?;
    document.root_or_null().deserialize()
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use super::*;

    fn json(text: &str) -> serde_json::Value {
        from_slice(text.as_bytes()).unwrap()
    }

    #[test]
    fn kc_10_empty_documents_are_null() {
        for text in ["", " \n", "# only this\n", "---\n", "null\n", "\u{FEFF}"] {
            assert_eq!(json(text), serde_json::Value::Null, "{text:?}");
            assert_eq!(from_slice::<Vec<String>>(text.as_bytes()).unwrap(), Vec::<String>::new());
        }
        assert!(parse(b"# only this\n", &Limits::default()).unwrap().root().is_none());
    }

    #[test]
    fn kc_19_only_the_first_document_counts() {
        assert_eq!(json("a: 1\n---\n{{{{ not yaml"), json("a: 1"));
        assert_eq!(json("a: 1\n...\ngarbage: ["), json("a: 1"));
        assert_eq!(json("---\n---\na: 1"), serde_json::Value::Null);
    }

    #[test]
    fn kc_21_last_of_equal_keys_wins_and_merges_override_what_is_before() {
        assert_eq!(json("{a: 1, a: 2}"), json("a: 2"));
        let base = "base: &b {x: merged, y: merged}\n";
        assert_eq!(json(&(base.to_string() + "u: {x: own, <<: *b}"))["u"]["x"], "merged");
        assert_eq!(json(&(base.to_string() + "u: {<<: *b, x: own}"))["u"]["x"], "own");
    }

    #[test]
    fn kc_29_values_become_the_json_that_go_writes() {
        let text = "{f: 1.0, o: 010, b: yes, d: 2001-12-14, 0x10: k, 1e6: k, true: k, 1.5: k}";
        let expected =
            r#"{"1.5":"k","16":"k","1e+06":"k","b":true,"d":"2001-12-14","f":1,"o":8,"true":"k"}"#;
        assert_eq!(json(text).to_string(), expected);
    }

    #[test]
    fn errors_name_line_and_field_and_no_value() {
        let text = "users:\n- name: a\n  token: &t ok\n- name: b\n  token: 1234567\n";
        #[derive(serde::Deserialize, Debug)]
        struct File {
            #[expect(dead_code, reason = "only its failure to be read is looked at")]
            users: Vec<User>,
        }
        #[derive(serde::Deserialize, Debug)]
        struct User {
            #[expect(dead_code, reason = "only its failure to be read is looked at")]
            token: String,
        }
        let error = from_slice::<File>(text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "line 5: users[1].token: expected a string, found a number");
        assert_eq!((error.line(), error.path()), (Some(5), "users[1].token"));
    }

    #[test]
    fn a_document_that_cannot_be_composed_is_refused_with_line_and_field() {
        for (text, expected) in [
            ("a:\n- b: 1\n  c: !!int x123", "line 3: a[0].c: not an !!int"),
            ("a:\n- b\n- !!bool x123", "line 3: a[1]: not a !!bool"),
            ("a:\n- b\n- [1, *x123]", "line 3: while parsing node, found unknown anchor"),
            ("a: &x\n- b\n- [1, *x]", "line 3: a[1][1]: an anchored value contains itself"),
            (
                "a:\n  b: 1\n  <<: x123",
                "line 3: a: a merge key needs a mapping or a list of mappings",
            ),
            (
                "a:\n- x: &l [1]\n  z:\n    *l : 1",
                "line 4: a[0].z: a list or a mapping cannot be a key",
            ),
            ("a:\n- {[x]: 1}", "line 2: a[0]: a list or a mapping cannot be a key"),
            (
                "a:\n- {b: [1, .inf]}",
                "line 2: a[0].b[1]: infinity and not-a-number are not supported",
            ),
            ("a:\n- b:\n    ~: 1", "line 3: a[0].b: null or so big a number cannot be a key"),
            ("a: !!binary x12", "line 1: a: !!binary is not valid base64"),
            ("%YAML 1.2\n---\na: 1", "line 2: YAML 1.2 is not read, only 1.1"),
            ("a: 'x123", "line 1: unclosed quote"),
            ("a: @x123", "line 1: unexpected character"),
        ] {
            let error = parse(text.as_bytes(), &Limits::default()).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
