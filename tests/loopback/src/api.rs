//! The objects of a small cluster: discovery, a few namespaces and pods, and the caller's own review.

use crate::accounts::User;
use serde_json::{Value, json};

/// The namespaces that there are.
pub(crate) const NAMESPACES: [&str; 3] = ["default", "kube-public", "kube-system"];

/// The pods that there are, by namespace and name.
pub(crate) const PODS: [(&str, &str); 3] =
    [("default", "web-0"), ("default", "web-1"), ("kube-system", "kube-apiserver")];
const CREATED: &str = "2024-01-01T00:00:00Z";

/// The object at a path, if there is one.
pub(crate) fn object(path: &str) -> Option<Value> {
    Some(match path {
        "/version" => version(),
        "/api" => {
            json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })
        }
        "/api/v1" => core_resources(),
        "/apis" => json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": [group()] }),
        "/apis/authentication.k8s.io" => with_kind(group(), "APIGroup"),
        "/apis/authentication.k8s.io/v1" => authentication_resources(),
        "/api/v1/namespaces" => list("NamespaceList", NAMESPACES.map(namespace).into()),
        _ => return in_namespace(path.strip_prefix("/api/v1/namespaces/")?),
    })
}

/// A user as authentication.k8s.io/v1 writes it; what is empty is left out.
pub(crate) fn user_info(user: &User) -> Value {
    let mut info = json!({ "username": user.name });
    if !user.uid.is_empty() {
        info["uid"] = json!(user.uid);
    }
    if !user.groups.is_empty() {
        info["groups"] = json!(user.groups);
    }
    if !user.extra.is_empty() {
        info["extra"] = json!(user.extra);
    }
    info
}

fn version() -> Value {
    json!({
        "major": "1",
        "minor": "32",
        "gitVersion": "v1.32.0+kubecred-loopback",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": CREATED,
        "goVersion": "none",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

fn in_namespace(rest: &str) -> Option<Value> {
    match rest.split_once('/') {
        None => NAMESPACES.contains(&rest).then(|| with_kind(namespace(rest), "Namespace")),
        Some((name, "pods")) if !name.is_empty() => {
            let here = PODS.iter().filter(|(namespace, _)| *namespace == name);
            Some(list("PodList", here.map(|(namespace, pod)| self::pod(namespace, pod)).collect()))
        }
        Some(_) => None,
    }
}

fn namespace(name: &str) -> Value {
    json!({
        "metadata": {
            "name": name,
            "uid": format!("namespace-{name}"),
            "resourceVersion": "1",
            "creationTimestamp": CREATED,
            "labels": { "kubernetes.io/metadata.name": name },
        },
        "spec": { "finalizers": ["kubernetes"] },
        "status": { "phase": "Active" },
    })
}

fn pod(namespace: &str, name: &str) -> Value {
    json!({
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": format!("pod-{namespace}-{name}"),
            "resourceVersion": "1",
            "creationTimestamp": CREATED,
        },
        "spec": { "containers": [{ "name": "main", "image": "registry.example/main:1" }] },
        "status": { "phase": "Running" },
    })
}

fn list(kind: &str, items: Vec<Value>) -> Value {
    json!({ "kind": kind, "apiVersion": "v1", "metadata": { "resourceVersion": "1" }, "items": items })
}

fn with_kind(mut object: Value, kind: &str) -> Value {
    object["kind"] = kind.into();
    object["apiVersion"] = "v1".into();
    object
}

fn group() -> Value {
    let version = json!({ "groupVersion": "authentication.k8s.io/v1", "version": "v1" });
    json!({ "name": "authentication.k8s.io", "versions": [version], "preferredVersion": version })
}

fn core_resources() -> Value {
    json!({
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            { "name": "namespaces", "singularName": "namespace", "namespaced": false, "kind": "Namespace",
              "verbs": ["get", "list", "watch"], "shortNames": ["ns"] },
            { "name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod",
              "verbs": ["list", "watch"], "shortNames": ["po"] },
            { "name": "serviceaccounts/token", "singularName": "", "namespaced": true,
              "group": "authentication.k8s.io", "version": "v1", "kind": "TokenRequest",
              "verbs": ["create"] },
        ],
    })
}

fn authentication_resources() -> Value {
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": "authentication.k8s.io/v1",
        "resources": [
            { "name": "selfsubjectreviews", "singularName": "selfsubjectreview", "namespaced": false,
              "kind": "SelfSubjectReview", "verbs": ["create"] },
            { "name": "tokenreviews", "singularName": "tokenreview", "namespaced": false,
              "kind": "TokenReview", "verbs": ["create"] },
        ],
    })
}
