//! Contexts and clusters.

use crate::beside::agree;

#[test]
fn kb_3_use_context() {
    agree(&[
        "use-context a.b",
        "use a.b",
        "use-context nope",
        "use ''",
        "use-context",
        "use-context dev a.b",
        "current-context",
    ]);
}

#[test]
fn kb_10_set_context() {
    agree(&[
        "set-context dev --namespace=other",
        "set-context dev --namespace=",
        "set-context dev --cluster=10.0.0.1 --user=p",
        "set-context new",
        "set-context new --cluster=c --user=nobody --namespace=n",
        "set-context --current --user=q",
        "set-context dev --current",
        "set-context dev",
        "set-context",
        "set-context ''",
        "set-context dev a.b",
        "set-context dev --bogus=1",
        "--cluster=early set-context dev",
        "--namespace=early set-context --current --namespace=late",
    ]);
}

#[test]
fn kb_10_rename_context() {
    agree(&[
        "rename-context dev prod",
        "rename-context a.b b.a",
        "rename-context dev a.b",
        "rename-context dev dev",
        "rename-context nope other",
        "rename-context dev ''",
        "rename-context '' other",
        "rename-context dev",
    ]);
}

#[test]
fn kb_10_deleting_does_not_ask_who_needs_it() {
    agree(&[
        "delete-context a.b",
        "delete-context dev",
        "delete-context nope",
        "delete-cluster c",
        "delete-cluster nope",
        "delete-user u",
        "delete-user nope",
        "delete-user",
    ]);
}

#[test]
fn kb_9_set_cluster() {
    agree(&[
        "set-cluster c --server=https://q",
        "set-cluster c --server=https://q --tls-server-name=n",
        "set-cluster c --server=",
        "set-cluster c --tls-server-name=n",
        "set-cluster c --insecure-skip-tls-verify",
        "set-cluster c --insecure-skip-tls-verify=true",
        "set-cluster c --insecure-skip-tls-verify=false",
        "set-cluster 10.0.0.1 --insecure-skip-tls-verify=false",
        "set-cluster 10.0.0.1 --insecure-skip-tls-verify=maybe",
        "set-cluster 10.0.0.1 --certificate-authority=cert.pem",
        "set-cluster c --certificate-authority=cert.pem --insecure-skip-tls-verify=true",
        "set-cluster c --certificate-authority=cert.pem --insecure-skip-tls-verify=false",
        "set-cluster c --certificate-authority=cert.pem --embed-certs",
        "set-cluster filed --certificate-authority=cert.pem --embed-certs=true",
        "set-cluster filed --certificate-authority=empty.pem --embed-certs",
        "set-cluster c --certificate-authority=cert.pem --embed-certs=false",
        "set-cluster c --certificate-authority=/etc/ssl/ca.pem",
        "set-cluster c --certificate-authority=../ca.pem",
        "set-cluster c --certificate-authority=none.pem",
        "set-cluster c --certificate-authority=none.pem --embed-certs",
        "set-cluster c --embed-certs",
        "set-cluster c --certificate-authority= --embed-certs",
        "set-cluster c --embed-certs=maybe",
        "set-cluster c --proxy-url=socks5://p:1",
        "set-cluster c --proxy-url=",
        "set-cluster c",
        "set-cluster new",
        "set-cluster new --server=https://n --embed-certs=false",
        "set-cluster ''",
        "set-cluster",
        "set-cluster c filed",
        "--server=https://early set-cluster c",
    ]);
}
