//! What stands in the user's files, and in the data that stands for them.

use crate::axis::{Axis, no, ok};
use crate::case::TOKEN;
use crate::draft::{Draft, Node, OTHER_TOKEN};
use serde_json::json;

pub(crate) const AXES: &[Axis] = &[TOKEN_FILES, CERTIFICATES];

fn contents(draft: &mut Draft, text: &str) {
    draft.file("token", text);
}

/// Moves the token file.
fn at(draft: &mut Draft, file: &str, path: &str) {
    draft.file(file, TOKEN);
    draft.user(json!({ "tokenFile": path }));
}

const TOKEN_FILES: Axis = Axis {
    name: "token file",
    with: &["login=token file"],
    applies: |d| d.has("tokenFile"),
    variants: &[
        ok("a line break at its end", |d| contents(d, "good\n")),
        ok("CRLF at its end", |d| contents(d, "good\r\n\r\n")),
        ok("blanks around", |d| contents(d, " \t\n good\u{b}\u{c} \n")),
        ok("wide blanks around", |d| contents(d, "\u{a0}\u{2003}good\u{3000}\u{85}")),
        ok("blanks inside", |d| contents(d, "go od\n")),
        ok("a byte order mark", |d| contents(d, "\u{feff}good\n")),
        ok("not ASCII", |d| contents(d, "gööd\n")),
        no("two lines", |d| contents(d, "good\ngood\n")),
        no("NUL", |d| contents(d, "good\0")),
        no("empty", |d| contents(d, "")),
        no("blanks only", |d| contents(d, " \r\n\t")),
        no("missing", |d| d.user(json!({ "tokenFile": "no/such/token" }))),
        no("a folder", |d| {
            d.files.insert("token".to_owned(), Node::Folder);
        }),
        no("a tilde", |d| d.user(json!({ "tokenFile": "~/token" }))),
        no("a variable", |d| d.user(json!({ "tokenFile": "$HOME/token" }))),
        ok("absolute", |d| at(d, "token", "«dir»/token")),
        ok("in a folder", |d| at(d, "secrets/token", "secrets/token")),
        ok("up and down", |d| at(d, "token", "./no/../token")),
        ok("blanks in the name", |d| at(d, "my token ", "my token ")),
        ok("a link", |d| {
            d.files.insert("current".to_owned(), Node::Link("token".to_owned()));
            d.user(json!({ "tokenFile": "current" }));
        }),
        ok("refused", |d| contents(d, "bad")),
        ok("rotated during the request", |d| {
            contents(d, "bad");
            d.rotated = Some(OTHER_TOKEN.to_owned());
        }),
        ok("empty path", |d| d.user(json!({ "tokenFile": "", "token": TOKEN }))),
    ],
};

/// Where a certificate and a key stand, or half of them.
fn has_certificate(draft: &Draft) -> bool {
    ["client-certificate", "client-certificate-data", "client-key-data"]
        .iter()
        .any(|field| draft.has(field))
}

/// Other contents of the certificate and the key, wherever they stand.
fn pair(draft: &mut Draft, certificate: &str, key: &str) {
    for (name, file, text) in
        [("client-certificate", "client.crt", certificate), ("client-key", "client.key", key)]
    {
        let field = format!("{name}-data");
        if draft.has(name) {
            draft.file(file, text);
        } else if let Some(data) = draft.user.get_mut(&field) {
            *data = json!(in_base64(text));
        }
    }
}

/// The blank for the base64 of what a blank stands for; of other text, the base64.
fn in_base64(text: &str) -> String {
    use base64::Engine as _;
    match text.strip_prefix('«').and_then(|name| name.strip_suffix('»')) {
        Some(name) => format!("«base64 {name}»"),
        None => base64::engine::general_purpose::STANDARD.encode(text),
    }
}

/// Both in files.
fn in_files(draft: &mut Draft) {
    draft.user(json!({
        "client-certificate-data": null, "client-key-data": null,
        "client-certificate": "client.crt", "client-key": "client.key",
    }));
    draft.file("client.crt", "«crt»");
    draft.file("client.key", "«key»");
}

const CERTIFICATES: Axis = Axis {
    name: "certificate",
    with: &["login=certificate files"],
    applies: has_certificate,
    variants: &[
        ok("in data, its key in a file", |d| {
            in_files(d);
            d.user(
                json!({ "client-certificate": null, "client-certificate-data": "«base64 crt»" }),
            );
        }),
        ok("in a file, its key in data", |d| {
            in_files(d);
            d.user(json!({ "client-key": null, "client-key-data": "«base64 key»" }));
        }),
        no("in a file and in data", |d| {
            in_files(d);
            d.user(json!({ "client-certificate-data": "«base64 crt»" }));
        }),
        no("key in a file and in data", |d| {
            in_files(d);
            d.user(json!({ "client-key-data": "«base64 key»" }));
        }),
        no("without key", |d| {
            in_files(d);
            d.user(json!({ "client-key": null }));
        }),
        ok("key without certificate", |d| {
            in_files(d);
            d.user(json!({ "client-certificate": null }));
        }),
        ok("missing key without certificate", |d| {
            in_files(d);
            d.user(json!({ "client-certificate": null, "client-key": "no/such/key" }));
        }),
        no("another's key", |d| pair(d, "«crt»", "«stranger-key»")),
        ok("expired", |d| pair(d, "«expired-crt»", "«expired-key»")),
        ok("a stranger's", |d| pair(d, "«stranger-crt»", "«stranger-key»")),
        ok("with its path", |d| pair(d, "«chain-crt»", "«chain-key»")),
        ok("RSA with a key of PKCS #1", |d| pair(d, "«rsa-crt»", "«rsa-key»")),
        ok("P-256 with a key of SEC 1", |d| pair(d, "«p256-crt»", "«p256-sec1-key»")),
        ok("P-384 with a key of SEC 1", |d| pair(d, "«p384-crt»", "«p384-sec1-key»")),
        ok("Ed25519", |d| pair(d, "«ed25519-crt»", "«ed25519-key»")),
        ok("a key with its parameters", |d| pair(d, "«p256-crt»", "«p256-parameters-key»")),
        no("an encrypted key", |d| pair(d, "«p256-crt»", "«p256-encrypted-key»")),
        ok("both in one", |d| pair(d, "«crt-and-key»", "«crt-and-key»")),
        ok("text around", |d| pair(d, "«crt-in-text»", "«key-in-text»")),
        ok("CRLF", |d| pair(d, "«crlf-crt»", "«crlf-key»")),
        no("no PEM", |d| pair(d, "certificate", "«key»")),
        no("a key that is no PEM", |d| pair(d, "«crt»", "key")),
        no("a certificate for a key", |d| pair(d, "«crt»", "«crt»")),
        no("a key for a certificate", |d| pair(d, "«key»", "«key»")),
        no("PEM of nothing", |d| pair(d, "«hollow»", "«key»")),
        no("empty files", |d| {
            in_files(d);
            d.file("client.crt", "");
            d.file("client.key", "");
        }),
        no("missing", |d| {
            in_files(d);
            d.user(json!({ "client-certificate": "no/such/certificate" }));
        }),
        no("key missing", |d| {
            in_files(d);
            d.user(json!({ "client-key": "no/such/key" }));
        }),
        no("a folder", |d| {
            in_files(d);
            d.user(json!({ "client-certificate": "home" }));
        }),
        ok("in a folder", |d| {
            in_files(d);
            d.user(
                json!({ "client-certificate": "pki/a.crt", "client-key": "./pki/../pki/a.key" }),
            );
            d.file("pki/a.crt", "«crt»");
            d.file("pki/a.key", "«key»");
        }),
        ok("absolute", |d| {
            in_files(d);
            d.user(json!({ "client-certificate": "«dir»/client.crt", "client-key": "«dir»/client.key" }));
        }),
        no("no base64", |d| {
            in_files(d);
            d.user(json!({ "client-key": null, "client-key-data": "a b=" }));
        }),
        ok("base64 in lines", |d| {
            in_files(d);
            d.user(json!({ "client-key": null, "client-key-data": "«base64-lines key»" }));
        }),
    ],
};
