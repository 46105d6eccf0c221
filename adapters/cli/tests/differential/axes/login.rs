//! Which credentials the user has, and what they are. The usual one is a token.

use crate::axis::{Axis, always, no, ok};
use crate::case::TOKEN;
use crate::draft::{Draft, OTHER_TOKEN, PLUGIN};
use crate::plugin::{V1, V1BETA1};
use serde_json::json;

pub(crate) const AXES: &[Axis] = &[LOGIN, TOKENS, PASSWORDS, PROVIDERS, IMPERSONATION];

/// An unsigned token that has not expired: `{"exp":32503680000}`.
const JWT: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjMyNTAzNjgwMDAwfQ.c2ln";

fn token_file(draft: &mut Draft) {
    draft.user_is(json!({ "tokenFile": "token" }));
    draft.file("token", TOKEN);
}

fn password(draft: &mut Draft) {
    draft.user_is(json!({ "username": "jane", "password": "secret" }));
}

fn certificate_files(draft: &mut Draft) {
    draft.user_is(json!({ "client-certificate": "client.crt", "client-key": "client.key" }));
    draft.file("client.crt", "«crt»");
    draft.file("client.key", "«key»");
}

fn certificate_data(draft: &mut Draft) {
    draft.user_is(json!({
        "client-certificate-data": "«base64 crt»",
        "client-key-data": "«base64 key»",
    }));
}

fn exec(draft: &mut Draft) {
    draft.user_is(json!({}));
    draft.exec(json!({ "apiVersion": V1, "command": "./plugin", "interactiveMode": "Never" }));
    draft.plugins = vec![PLUGIN.to_owned()];
}

fn oidc(draft: &mut Draft) {
    let config = json!({
        "idp-issuer-url": "https://127.0.0.1:1",
        "client-id": "kubernetes",
        "id-token": JWT,
    });
    draft.user_is(json!({ "auth-provider": { "name": "oidc", "config": config } }));
}

const LOGIN: Axis = Axis {
    name: "login",
    with: &[],
    applies: always,
    variants: &[
        ok("nothing", |d| d.user_is(json!({}))),
        ok("token file", token_file),
        ok("token and token file", |d| {
            token_file(d);
            d.user(json!({ "token": OTHER_TOKEN }));
        }),
        ok("token, and a token file that is missing", |d| {
            d.user_is(json!({ "token": TOKEN, "tokenFile": "no/such/file" }));
        }),
        ok("token, and a token file that is empty", |d| {
            token_file(d);
            d.user(json!({ "token": OTHER_TOKEN }));
            d.file("token", "");
        }),
        ok("password", password),
        no("token and password", |d| {
            password(d);
            d.user(json!({ "token": TOKEN }));
        }),
        no("token file and password", |d| {
            password(d);
            d.user(json!({ "tokenFile": "token" }));
            d.file("token", TOKEN);
        }),
        ok("certificate files", certificate_files),
        ok("certificate data", certificate_data),
        ok("certificate and token", |d| {
            certificate_data(d);
            d.user(json!({ "token": TOKEN }));
        }),
        ok("certificate and token file", |d| {
            certificate_files(d);
            d.user(json!({ "tokenFile": "token" }));
            d.file("token", TOKEN);
        }),
        ok("certificate and password", |d| {
            certificate_data(d);
            d.user(json!({ "username": "jane", "password": "secret" }));
        }),
        ok("exec", exec),
        ok("exec v1beta1", |d| {
            exec(d);
            d.exec(json!({ "apiVersion": V1BETA1 }));
        }),
        ok("exec and token", |d| {
            exec(d);
            d.user(json!({ "token": OTHER_TOKEN }));
        }),
        ok("exec and token file", |d| {
            exec(d);
            d.user(json!({ "tokenFile": "token" }));
            d.file("token", OTHER_TOKEN);
        }),
        ok("exec and password", |d| {
            exec(d);
            d.user(json!({ "username": "jane", "password": "secret" }));
        }),
        ok("exec and a password without a name", |d| {
            exec(d);
            d.user(json!({ "password": "secret" }));
        }),
        ok("exec and certificate", |d| {
            certificate_data(d);
            let pair = std::mem::take(&mut d.user);
            exec(d);
            d.user.extend(pair);
        }),
        no("exec and certificate without key", |d| {
            exec(d);
            d.user(json!({ "client-certificate-data": "«base64 crt»" }));
        }),
        ok("exec and key without certificate", |d| {
            exec(d);
            d.user(json!({ "client-key-data": "«base64 key»" }));
        }),
        no("exec and auth-provider", |d| {
            oidc(d);
            let provider = std::mem::take(&mut d.user);
            exec(d);
            d.user.extend(provider);
        }),
        ok("oidc", oidc),
        ok("oidc and token", |d| {
            oidc(d);
            d.user(json!({ "token": TOKEN }));
        }),
        ok("oidc and password", |d| {
            oidc(d);
            d.user(json!({ "username": "jane", "password": "secret" }));
        }),
        ok("oidc and certificate", |d| {
            certificate_data(d);
            let pair = std::mem::take(&mut d.user);
            oidc(d);
            d.user.extend(pair);
        }),
    ],
};

const TOKENS: Axis = Axis {
    name: "token",
    with: &[],
    applies: |d| d.has("token"),
    variants: &[
        ok("refused", |d| d.user(json!({ "token": "bad" }))),
        ok("digits", |d| d.user(json!({ "token": "0123" }))),
        ok("blanks inside", |d| d.user(json!({ "token": "a b\tc" }))),
        ok("blanks around", |d| d.user(json!({ "token": "  good  " }))),
        no("a line break at its end", |d| d.user(json!({ "token": "good\n" }))),
        no("a control character", |d| d.user(json!({ "token": "go\u{7}od" }))),
        ok("not ASCII", |d| d.user(json!({ "token": "gööd\u{1f600}" }))),
        ok("long", |d| d.user(json!({ "token": "long".repeat(1500) }))),
        ok("a blank", |d| d.user(json!({ "token": " " }))),
        ok("a tag", |d| d.user(json!({ "token": "<&>\"'" }))),
        no("a number", |d| d.user(json!({ "token": 1234 }))),
        no("a list", |d| d.user(json!({ "token": ["good"] }))),
    ],
};

const PASSWORDS: Axis = Axis {
    name: "password",
    with: &["login=password"],
    applies: |d| d.has("username"),
    variants: &[
        ok("wrong", |d| d.user(json!({ "password": "wrong" }))),
        ok("empty", |d| d.user(json!({ "password": "" }))),
        ok("none", |d| d.user(json!({ "password": null }))),
        ok("a colon in it", |d| d.user(json!({ "password": "a:b:" }))),
        ok("a colon in the name", |d| d.user(json!({ "username": "ja:ne" }))),
        ok("not ASCII", |d| d.user(json!({ "username": "jäne", "password": "pässword" }))),
        ok("line breaks", |d| d.user(json!({ "password": "two\nlines\n" }))),
        ok("no name", |d| d.user(json!({ "username": null }))),
        ok("an empty name", |d| d.user(json!({ "username": "" }))),
        ok("a long one", |d| d.user(json!({ "password": "long".repeat(1000) }))),
    ],
};

const PROVIDERS: Axis = Axis {
    name: "auth-provider",
    with: &["login=oidc"],
    applies: |d| d.has("auth-provider"),
    variants: &[
        ok("a value of null", |d| {
            let config = d.user["auth-provider"]["config"].as_object_mut().expect("it is there");
            config.insert("client-secret".to_owned(), json!(null));
        }),
        ok("expiry as a float", |d| {
            // {"exp":3.250368e10}
            d.provider(json!({ "id-token": "e30.eyJleHAiOjMuMjUwMzY4ZTEwfQ.c2ln" }));
        }),
        ok("expiry as text", |d| {
            // {"exp":"32503680000"}
            d.provider(json!({ "id-token": "e30.eyJleHAiOiIzMjUwMzY4MDAwMCJ9.c2ln" }));
        }),
        // {"exp":1}
        no("expired", |d| d.provider(json!({ "id-token": "e30.eyJleHAiOjF9.c2ln" }))),
        no("without expiry", |d| d.provider(json!({ "id-token": "e30.e30.c2ln" }))),
        no("no id-token", |d| d.provider(json!({ "id-token": null }))),
        no("no JWT", |d| d.provider(json!({ "id-token": "good" }))),
        no("no issuer", |d| d.provider(json!({ "idp-issuer-url": null }))),
        no("no client", |d| d.provider(json!({ "client-id": null }))),
        no("an authority that is missing", |d| {
            d.provider(json!({ "idp-certificate-authority": "no/such/file" }));
        }),
        no("an authority that is no base64", |d| {
            d.provider(json!({ "idp-certificate-authority-data": "%" }));
        }),
        no("gcp", |d| d.user["auth-provider"]["name"] = json!("gcp")),
        no("azure", |d| d.user["auth-provider"]["name"] = json!("azure")),
        no("unknown", |d| d.user["auth-provider"]["name"] = json!("OIDC")),
        no("no name", |d| d.user["auth-provider"]["name"] = json!("")),
        no("a number in it", |d| d.provider(json!({ "client-secret": 12 }))),
    ],
};

const IMPERSONATION: Axis = Axis {
    name: "impersonation",
    with: &[],
    applies: always,
    variants: &[
        ok("user", |d| d.user(json!({ "as": "joe" }))),
        ok("user and groups", |d| d.user(json!({ "as": "joe", "as-groups": ["b", "a"] }))),
        ok("groups twice and empty", |d| {
            d.user(json!({ "as": "joe", "as-groups": ["a", "", "a"] }));
        }),
        ok("no groups", |d| d.user(json!({ "as": "joe", "as-groups": [] }))),
        ok("uid", |d| d.user(json!({ "as": "joe", "as-uid": "12-34" }))),
        ok("extra", |d| {
            d.user(json!({ "as": "joe", "as-user-extra": { "scopes": ["view", "edit"] } }));
        }),
        ok("extra with odd keys", |d| {
            let extra = json!({
                "Example.com/Scope%20s": ["a"], "ünï": ["b"], "a b": ["c"], "x:y@z=": ["d"],
                "almost%zz": ["e"], "!#$&'*+-.^_`|~": ["f"], "UPPER-case": ["g"],
            });
            d.user(json!({ "as": "joe", "as-user-extra": extra }));
        }),
        ok("extra with odd values", |d| {
            let extra = json!({ "k": ["", " ", "a, b", "é", "%2f"], "none": [] });
            d.user(json!({ "as": "joe", "as-user-extra": extra }));
        }),
        ok("extra with an empty key", |d| {
            d.user(json!({ "as": "joe", "as-user-extra": { "": ["v"] } }));
        }),
        ok("everything", |d| {
            let extra = json!({ "k": ["v"] });
            d.user(json!({
                "as": "system:serviceaccount:a:b", "as-uid": "7",
                "as-groups": ["system:masters"], "as-user-extra": extra,
            }));
        }),
        ok("not ASCII", |d| d.user(json!({ "as": "jöe", "as-groups": ["größe"] }))),
        ok("blanks around", |d| d.user(json!({ "as": " joe ", "as-groups": [" a "] }))),
        ok("an empty user", |d| d.user(json!({ "as": "", "as-groups": [] }))),
        no("a line break in the user", |d| d.user(json!({ "as": "jo\ne" }))),
        no("a line break in a group", |d| d.user(json!({ "as": "joe", "as-groups": ["a\r\nb"] }))),
        no("a line break in a value", |d| {
            d.user(json!({ "as": "joe", "as-user-extra": { "k": ["a\nb"] } }));
        }),
        no("groups without a user", |d| d.user(json!({ "as-groups": ["a"] }))),
        no("uid without a user", |d| d.user(json!({ "as-uid": "7" }))),
        no("extra without a user", |d| d.user(json!({ "as-user-extra": { "k": ["v"] } }))),
        no("extra that is no list", |d| {
            d.user(json!({ "as": "joe", "as-user-extra": { "k": "v" } }));
        }),
    ],
};
