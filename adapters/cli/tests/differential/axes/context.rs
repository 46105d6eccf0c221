//! What is chosen: the context, and what it leads to.

use crate::axis::{Axis, always, no, ok};
use crate::draft::{MAIN, OTHER};
use serde_json::json;

pub(crate) const AXES: &[Axis] = &[CONTEXTS, ROOTS];

const CONTEXTS: Axis = Axis {
    name: "context",
    with: &[],
    applies: always,
    variants: &[
        ok("a namespace", |d| d.context(json!({ "namespace": "team-a" }))),
        ok("a namespace that is none", |d| d.context(json!({ "namespace": "Not A Label!" }))),
        ok("the other user", |d| d.context(json!({ "user": OTHER }))),
        ok("the other cluster", |d| d.context(json!({ "cluster": OTHER }))),
        ok("a user that is missing", |d| d.context(json!({ "user": "nobody" }))),
        ok("no user", |d| d.context(json!({ "user": null }))),
        ok("an empty user", |d| d.context(json!({ "user": "" }))),
        no("a cluster that is missing", |d| d.context(json!({ "cluster": "nowhere" }))),
        no("no cluster", |d| d.context(json!({ "cluster": null }))),
        ok("extensions", |d| {
            d.context(
                json!({ "extensions": [{ "name": "context_info", "extension": { "v": 1 } }] }),
            );
        }),
        no("extensions that are none", |d| d.context(json!({ "extensions": "none" }))),
        no("a namespace that is a number", |d| d.context(json!({ "namespace": 12 }))),
    ],
};

const ROOTS: Axis = Axis {
    name: "root",
    with: &[],
    applies: always,
    variants: &[
        no("no current-context", |d| d.root(json!({ "current-context": null }))),
        no("an empty current-context", |d| d.root(json!({ "current-context": "" }))),
        no("a current-context that is missing", |d| d.root(json!({ "current-context": "gone" }))),
        ok("the other current-context", |d| d.root(json!({ "current-context": OTHER }))),
        ok("no kind and no apiVersion", |d| d.root(json!({ "kind": null, "apiVersion": null }))),
        ok("an empty kind and apiVersion", |d| d.root(json!({ "kind": "", "apiVersion": "" }))),
        no("another kind", |d| d.root(json!({ "kind": "Pod" }))),
        no("kind in lower case", |d| d.root(json!({ "kind": "config" }))),
        no("another apiVersion", |d| d.root(json!({ "apiVersion": "v2" }))),
        no("a group in apiVersion", |d| d.root(json!({ "apiVersion": "a/v1" }))),
        no("apiVersion a second time in capitals", |d| d.root(json!({ "APIVERSION": "v2" }))),
        ok("unknown fields", |d| d.root(json!({ "Clusters": [], "x": { "y": [1] } }))),
        ok("preferences", |d| d.root(json!({ "preferences": { "colors": true } }))),
        no("preferences that are none", |d| d.root(json!({ "preferences": { "colors": "yes" } }))),
        no("users that are a mapping", |d| d.root(json!({ "users": { MAIN: {} } }))),
        ok("no users", |d| d.root(json!({ "users": null }))),
        no("no clusters", |d| d.root(json!({ "clusters": [] }))),
        no("no contexts", |d| d.root(json!({ "contexts": [] }))),
        no("a context twice", |d| {
            let context = json!({ "name": MAIN, "context": { "cluster": MAIN, "user": MAIN } });
            d.root(json!({ "contexts": [context, context] }));
        }),
        ok("a user without a body", |d| {
            d.root(json!({ "users": [{ "name": MAIN }, { "name": OTHER, "user": {} }] }));
        }),
        no("a number as a name", |d| d.root(json!({ "users": [{ "name": 12, "user": {} }] }))),
        no("a cluster without a body", |d| d.root(json!({ "clusters": [{ "name": MAIN }] }))),
        no("an entry that is null", |d| d.root(json!({ "clusters": [null] }))),
    ],
};
