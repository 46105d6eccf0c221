//! What the plugin answers. The usual answer is a token that is good, without an expiry.

use super::exec::has_exec;
use crate::axis::{Axis, no, ok};
use crate::case::TOKEN;
use crate::draft::{Draft, Reply};
use serde_json::{Value, json};

pub(crate) const AXES: &[Axis] = &[ANSWERS];

fn text(draft: &mut Draft, text: &str) {
    draft.answers = vec![Reply::Text(text.to_owned())];
}

fn pair() -> Value {
    json!({ "clientCertificateData": "«crt»", "clientKeyData": "«key»" })
}

fn dated(draft: &mut Draft, expiry: Value) {
    draft.answer(json!({ "token": TOKEN, "expirationTimestamp": expiry }));
}

const ANSWERS: Axis = Axis {
    name: "answer",
    with: &["login=exec"],
    applies: has_exec,
    variants: &[
        ok("a certificate", |d| d.answer(pair())),
        ok("a certificate and a token", |d| {
            let mut status = pair();
            status["token"] = json!(TOKEN);
            d.answer(status);
        }),
        ok("a certificate with its path", |d| {
            d.answer(
                json!({ "clientCertificateData": "«chain-crt»", "clientKeyData": "«chain-key»" }),
            );
        }),
        ok("a certificate of the past", |d| {
            let (crt, key) = ("«expired-crt»", "«expired-key»");
            d.answer(json!({ "clientCertificateData": crt, "clientKeyData": key }));
        }),
        ok("an old key", |d| {
            d.answer(json!({ "clientCertificateData": "«rsa-crt»", "clientKeyData": "«rsa-key»" }));
        }),
        ok("refused", |d| d.answer(json!({ "token": "bad" }))),
        ok("refused, then good", |d| {
            let [bad, good] = ["bad", TOKEN].map(|token| Reply::Status(json!({ "token": token })));
            d.answers = vec![bad, good];
        }),
        ok("refused, then a failure", |d| {
            d.answers = vec![Reply::Status(json!({ "token": "bad" })), Reply::Exit(1)];
        }),
        ok("a stranger's certificate, then a good one", |d| {
            let (crt, key) = ("«stranger-crt»", "«stranger-key»");
            let stranger = json!({ "clientCertificateData": crt, "clientKeyData": key });
            d.answers = vec![Reply::Status(stranger), Reply::Status(pair())];
        }),
        ok("with a far expiry", |d| dated(d, json!("2999-12-31T23:59:59Z"))),
        ok("with an offset and a fraction", |d| {
            dated(d, json!("2999-12-31T23:59:59.123456789+05:30"))
        }),
        ok("with an expiry of null", |d| dated(d, json!(null))),
        ok("with the zero time", |d| dated(d, json!("0001-01-01T00:00:00Z"))),
        ok("expired", |d| dated(d, json!("2006-01-02T15:04:05Z"))),
        no("with an empty expiry", |d| dated(d, json!(""))),
        no("with a date", |d| dated(d, json!("2999-01-01"))),
        no("with an expiry in lower case", |d| dated(d, json!("2999-12-31t23:59:59z"))),
        no("with a blank in the expiry", |d| dated(d, json!("2999-12-31 23:59:59Z"))),
        no("with a day that is none", |d| dated(d, json!("2999-02-30T00:00:00Z"))),
        no("with a number as expiry", |d| dated(d, json!(32_503_680_000_u64))),
        no("no status", |d| text(d, r#"{"apiVersion":"«version»","kind":"ExecCredential"}"#)),
        no("status null", |d| {
            text(d, r#"{"apiVersion":"«version»","kind":"ExecCredential","status":null}"#);
        }),
        no("an empty status", |d| d.answer(json!({}))),
        no("an empty token", |d| d.answer(json!({ "token": "" }))),
        no("a certificate only", |d| d.answer(json!({ "clientCertificateData": "«crt»" }))),
        no("a key only", |d| d.answer(json!({ "clientKeyData": "«key»" }))),
        no("a certificate and a token, no key", |d| {
            d.answer(json!({ "clientCertificateData": "«crt»", "token": TOKEN }));
        }),
        no("another's key", |d| {
            d.answer(
                json!({ "clientCertificateData": "«crt»", "clientKeyData": "«stranger-key»" }),
            );
        }),
        no("a certificate that is none", |d| {
            d.answer(json!({ "clientCertificateData": "crt", "clientKeyData": "«key»" }));
        }),
        no("a key that is none", |d| {
            d.answer(json!({ "clientCertificateData": "«crt»", "clientKeyData": "key" }));
        }),
        no("a certificate in base64", |d| {
            let (crt, key) = ("«base64 crt»", "«base64 key»");
            d.answer(json!({ "clientCertificateData": crt, "clientKeyData": key }));
        }),
        no("the other version", |d| {
            let version = r#"{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"good"}}"#;
            text(d, version);
        }),
        no("v1alpha1", |d| {
            text(
                d,
                r#"{"apiVersion":"client.authentication.k8s.io/v1alpha1","kind":"ExecCredential","status":{"token":"good"}}"#,
            );
        }),
        no("no version", |d| text(d, r#"{"kind":"ExecCredential","status":{"token":"good"}}"#)),
        ok("no kind", |d| text(d, r#"{"apiVersion":"«version»","status":{"token":"good"}}"#)),
        no("another kind", |d| {
            text(d, r#"{"apiVersion":"«version»","kind":"TokenReview","status":{"token":"good"}}"#);
        }),
        no("kind in lower case", |d| {
            text(
                d,
                r#"{"apiVersion":"«version»","kind":"execCredential","status":{"token":"good"}}"#,
            );
        }),
        ok("YAML", |d| {
            text(
                d,
                "# of today\napiVersion: «version»\nkind: ExecCredential\nstatus:\n  token: good\n",
            );
        }),
        ok("YAML after a marker", |d| {
            text(d, "---\napiVersion: «version»\nstatus: {token: good}\n...\n");
        }),
        no("YAML with a number as token", |d| {
            text(d, "apiVersion: «version»\nstatus: {token: 12}\n")
        }),
        ok("many fields", |d| {
            text(
                d,
                r#"{"x":[1,{}],"apiVersion":"«version»","spec":{"interactive":true,"cluster":{"server":"s"}},"metadata":{},"status":{"y":null,"token":"good"}}"#,
            );
        }),
        no("a spec of another type", |d| {
            text(
                d,
                r#"{"apiVersion":"«version»","spec":{"interactive":"yes"},"status":{"token":"good"}}"#,
            );
        }),
        ok("a field twice", |d| {
            text(d, r#"{"apiVersion":"«version»","status":{"token":"bad","token":"good"}}"#);
        }),
        ok("a status twice", |d| {
            text(
                d,
                r#"{"apiVersion":"«version»","status":{"expirationTimestamp":"2999-01-01T00:00:00Z"},"status":{"token":"good"}}"#,
            );
        }),
        no("fields in capitals", |d| {
            text(d, r#"{"apiVersion":"«version»","Status":{"Token":"good"}}"#);
        }),
        ok("blank lines around", |d| {
            text(
                d,
                "\n\n  \t{\"apiVersion\":\"«version»\",\"status\":{\"token\":\"good\"}}\n\n\t\n",
            );
        }),
        ok("escapes", |d| {
            text(d, r#"{"apiVersion":"«version»","status":{"token":"g\u006fod\ud83d\ude00\/"}}"#);
        }),
        no("garbage", |d| text(d, "<html>Log in</html>")),
        no("garbage after it", |d| {
            text(d, "{\"apiVersion\":\"«version»\",\"status\":{\"token\":\"good\"}}\nDone.");
        }),
        no("two of them", |d| {
            text(
                d,
                "{\"apiVersion\":\"«version»\",\"status\":{\"token\":\"good\"}}{\"apiVersion\":\"«version»\",\"status\":{\"token\":\"good\"}}",
            );
        }),
        no("garbage before it", |d| {
            text(d, "Hello.\n{\"apiVersion\":\"«version»\",\"status\":{\"token\":\"good\"}}");
        }),
        no("half of it", |d| text(d, r#"{"apiVersion":"«version»","status":{"token":"#)),
        no("a list", |d| text(d, r#"[{"apiVersion":"«version»","status":{"token":"good"}}]"#)),
        no("null", |d| text(d, "null")),
        no("nothing", |d| d.answers = vec![Reply::Shell("true".to_owned())]),
        no("a token with a line break", |d| d.answer(json!({ "token": "go\nod" }))),
        no("a token with a line break at its end", |d| d.answer(json!({ "token": "good\n" }))),
        ok("a token not in ASCII", |d| d.answer(json!({ "token": "gööd" }))),
        ok("a token with blanks around", |d| d.answer(json!({ "token": " good " }))),
        ok("a long token", |d| d.answer(json!({ "token": "long".repeat(1500) }))),
        no("a token that is a number", |d| d.answer(json!({ "token": 12 }))),
        ok("late", |d| {
            d.answers = vec![Reply::Shell(
                "sleep 0.3\necho '{\"apiVersion\":\"«version»\",\"status\":{\"token\":\"good\"}}'"
                    .to_owned(),
            )];
        }),
        ok("with words on standard error", |d| {
            d.answers = vec![Reply::Shell(
                "echo one moment >&2\necho '{\"apiVersion\":\"«version»\",\"status\":{\"token\":\"good\"}}'"
                    .to_owned(),
            )];
        }),
        no("a failure", |d| d.answers = vec![Reply::Exit(1)]),
        no("a failure with a good answer", |d| {
            d.answers = vec![Reply::Shell(
                "echo '{\"apiVersion\":\"«version»\",\"status\":{\"token\":\"good\"}}'\nexit 3"
                    .to_owned(),
            )];
        }),
        no("killed", |d| d.answers = vec![Reply::Shell("kill -9 $$".to_owned())]),
    ],
};
