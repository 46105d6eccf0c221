//! Request bodies in Kubernetes' protobuf, as kubectl sends them from 1.32 on: read into the JSON that they stand for.
//!
//! The text begins with `k8s\0`; what follows is a `runtime.Unknown` whose second field holds the object. Only the kinds
//! that this server takes are known.

use serde_json::{Map, Value, json};

const MAGIC: &[u8] = b"k8s\0";

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// What the fields of a message are called and hold.
type Message = &'static [(u64, &'static str, Shape)];

#[derive(Clone, Copy)]
enum Shape {
    Text,
    Texts,
    Number,
    Nested(Message),
    /// A map from strings to lists of strings.
    TextLists,
}

use Shape::{Nested, Number, Text, TextLists, Texts};

const METADATA: Message = &[(1, "name", Text), (3, "namespace", Text), (5, "uid", Text)];

const BOUND_OBJECT: Message =
    &[(1, "kind", Text), (2, "apiVersion", Text), (3, "name", Text), (4, "uid", Text)];

const TOKEN_REQUEST: Message = &[
    (1, "metadata", Nested(METADATA)),
    (
        2,
        "spec",
        Nested(&[
            (1, "audiences", Texts),
            (3, "boundObjectRef", Nested(BOUND_OBJECT)),
            (4, "expirationSeconds", Number),
        ]),
    ),
];

const TOKEN_REVIEW: Message = &[
    (1, "metadata", Nested(METADATA)),
    (2, "spec", Nested(&[(1, "token", Text), (2, "audiences", Texts)])),
];

const SELF_SUBJECT_REVIEW: Message = &[(1, "metadata", Nested(METADATA))];

const RESOURCE: Message = &[
    (1, "namespace", Text),
    (2, "verb", Text),
    (3, "group", Text),
    (4, "version", Text),
    (5, "resource", Text),
    (6, "subresource", Text),
    (7, "name", Text),
];

const SUBJECT_ACCESS_REVIEW: Message = &[
    (1, "metadata", Nested(METADATA)),
    (
        2,
        "spec",
        Nested(&[
            (1, "resourceAttributes", Nested(RESOURCE)),
            (2, "nonResourceAttributes", Nested(&[(1, "path", Text), (2, "verb", Text)])),
            (3, "user", Text),
            (4, "groups", Texts),
            (5, "extra", TextLists),
            (6, "uid", Text),
        ]),
    ),
];

/// The object in a body, with `kind` and `apiVersion`; `None` if it is not well formed, or of a kind that is not known.
pub(crate) fn object(body: &[u8]) -> Option<Value> {
    let mut rest = body.strip_prefix(MAGIC)?;
    let (mut kind, mut version, mut raw) = (String::new(), String::new(), &[][..]);
    while let Some((number, field)) = next(&mut rest)? {
        match (number, field) {
            (1, Field::Bytes(mut type_meta)) => {
                while let Some((number, field)) = next(&mut type_meta)? {
                    match (number, field) {
                        (1, Field::Bytes(text)) => version = self::text(text)?,
                        (2, Field::Bytes(text)) => kind = self::text(text)?,
                        _ => {}
                    }
                }
            }
            (2, Field::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let message = match kind.as_str() {
        "TokenRequest" => TOKEN_REQUEST,
        "TokenReview" => TOKEN_REVIEW,
        "SelfSubjectReview" => SELF_SUBJECT_REVIEW,
        "SubjectAccessReview" => SUBJECT_ACCESS_REVIEW,
        _ => return None,
    };
    let mut object = read(message, raw)?;
    object["kind"] = kind.into();
    object["apiVersion"] = version.into();
    Some(object)
}

fn read(message: Message, mut bytes: &[u8]) -> Option<Value> {
    let mut object = Map::new();
    while let Some((number, field)) = next(&mut bytes)? {
        let Some((_, name, shape)) = message.iter().find(|(own, ..)| *own == number) else {
            continue;
        };
        match (shape, field) {
            (Text, Field::Bytes(bytes)) => {
                object.insert((*name).to_owned(), text(bytes)?.into());
            }
            (Texts, Field::Bytes(bytes)) => {
                let list = object.entry(*name).or_insert_with(|| json!([]));
                list.as_array_mut()?.push(text(bytes)?.into());
            }
            (Number, Field::Varint(number)) => {
                object.insert((*name).to_owned(), number.cast_signed().into());
            }
            (Nested(message), Field::Bytes(bytes)) => {
                object.insert((*name).to_owned(), read(message, bytes)?);
            }
            (TextLists, Field::Bytes(bytes)) => {
                const ENTRY: Message =
                    &[(1, "key", Text), (2, "value", Nested(&[(1, "items", Texts)]))];
                let entry = read(ENTRY, bytes)?;
                let map = object.entry(*name).or_insert_with(|| json!({}));
                let key = entry["key"].as_str().unwrap_or_default();
                map[key] = entry["value"]["items"].clone();
            }
            _ => return None,
        }
    }
    Some(object.into())
}

enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
}

/// The next field: `Some(None)` at the end, `None` if it is not well formed.
fn next<'a>(bytes: &mut &'a [u8]) -> Option<Option<(u64, Field<'a>)>> {
    if bytes.is_empty() {
        return Some(None);
    }
    let key = varint(bytes)?;
    let field = match key & 7 {
        0 => Field::Varint(varint(bytes)?),
        2 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            let (field, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Field::Bytes(field)
        }
        _ => return None,
    };
    Some(Some((key >> 3, field)))
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What kubectl 1.33 sent for `create token web -n prod --duration 10m --audience a --audience b,c
    /// --bound-object-kind Pod --bound-object-name p`.
    #[test]
    fn tr_12_a_protobuf_body_is_the_json_that_it_stands_for() {
        let spec: &[u8] = b"\x0a\x01a\x0a\x03b,c\x1a\x0c\x0a\x03Pod\x12\x02v1\x1a\x01p\x20\xd8\x04";
        let raw = [&[0x0a, 0, 0x12, u8::try_from(spec.len()).unwrap()], spec].concat();
        let type_meta = b"\x0a\x18authentication.k8s.io/v1\x12\x0cTokenRequest";
        let body = [
            MAGIC,
            &[0x0a, u8::try_from(type_meta.len()).unwrap()],
            type_meta,
            &[0x12, u8::try_from(raw.len()).unwrap()],
            &raw,
            b"\x1a\x00\x22\x00",
        ]
        .concat();
        let expected = json!({
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": {},
            "spec": {
                "audiences": ["a", "b,c"], "expirationSeconds": 600,
                "boundObjectRef": { "kind": "Pod", "apiVersion": "v1", "name": "p" },
            },
        });
        assert_eq!(object(&body), Some(expected));
        for cut in 0..body.len() - 4 {
            // Cut short it is refused, or lacks the rest; it never panics.
            let _ = object(&body[..cut]);
        }
        assert_eq!(object(b"{}"), None);
        assert_eq!(object(b"k8s\0\x0a\xff"), None);
    }

    #[test]
    fn maps_of_lists_are_read() {
        let entry = b"\x0a\x01k\x12\x06\x0a\x01v\x0a\x01w";
        let spec =
            [&[0x1a, 1, b'u', 0x2a, u8::try_from(entry.len()).unwrap()], &entry[..]].concat();
        let raw = [&[0x12, u8::try_from(spec.len()).unwrap()], &spec[..]].concat();
        let read = read(SUBJECT_ACCESS_REVIEW, &raw).unwrap();
        assert_eq!(read, json!({ "spec": { "user": "u", "extra": { "k": ["v", "w"] } } }));
    }
}
