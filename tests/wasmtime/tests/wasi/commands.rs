//! Exec plugins: WASI has no processes.

use crate::embedder::Guest;
use crate::{Embedder, embedder, seen, told};
use kubecred_loopback::{ApiServer, User};
use std::os::unix::fs::PermissionsExt;

/// A plugin that counts its runs and prints a token with their number in it.
fn plugin(embedder: &Embedder) -> String {
    let folder = embedder.folder.path().to_str().expect("text");
    embedder.write(
        "login",
        &format!(
            "#!/bin/sh\necho run >> {folder}/runs\nn=$(wc -l < {folder}/runs)\n\
             echo '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\
             \"status\":{{\"token\":\"'$PREFIX-$1-$n'\"}}}}'\n"
        ),
    );
    let path = embedder.folder.path().join("login");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("a mode");
    path.to_str().expect("text").to_owned()
}

fn user(command: &str) -> String {
    format!(
        "exec:\n  apiVersion: client.authentication.k8s.io/v1\n  command: {command}\n  args: [arg]\n  \
         env: [{{name: PREFIX, value: p}}]\n  interactiveMode: Never"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_refused_by_default_and_the_error_says_what_would_help() {
    let server = ApiServer::builder().start().await.expect("a server");
    let embedder = embedder(&server, &user("login"));
    let ended = embedder.run(&["--embedder-does", "roots", "/version"]).await;
    ended.failed_with(&["\"login\"", "user \"u\"", "WASI has no processes", "run-command"]);
    assert_eq!(server.counters().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_run_by_an_embedder_that_offers_to() {
    let server = ApiServer::builder().start().await.expect("a server");
    server.accounts().allow_token("p-arg-2", User::new("jane"));
    let embedder = embedder(&server, &user("THE-PLUGIN")).with_plugins();
    let command = plugin(&embedder);
    embedder.write("config", &embedder.read("config").replace("THE-PLUGIN", &command));
    let ended = embedder.run(&["--embedder-does", "roots", "/version", "/version"]).await;
    ended.was_good();
    let expected = [(401, "p-arg-1"), (200, "p-arg-2"), (200, "p-arg-2")];
    assert_eq!(told(&server), seen(&expected));
    let ran = embedder.ran.lock().expect("no panic");
    assert_eq!(ran.len(), 2);
    assert_eq!(
        (ran[0].program.as_str(), ran[0].args.as_slice()),
        (&*command, &["arg".to_owned()][..])
    );
    let names: Vec<&str> = ran[0].env.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["PREFIX", "KUBERNETES_EXEC_INFO"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_embedder_says_of_a_plugin_that_fails_is_what_people_read() {
    let server = ApiServer::builder().start().await.expect("a server");
    let embedder = embedder(&server, &user("no-such-plugin")).with_plugins();
    let ended = embedder.run(&["--embedder-does", "roots", "/version"]).await;
    ended.failed_with(&["\"no-such-plugin\"", "not found"]);
    embedder.write("config", &embedder.read("config").replace("no-such-plugin", "/bin/false"));
    let ended = embedder.run(&["--embedder-does", "roots", "/version"]).await;
    ended.failed_with(&["\"/bin/false\"", "exit code 1"]);
    assert_eq!(server.counters().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_imports_plugins_does_not_start_without_them_and_the_plain_one_does() {
    let server = ApiServer::builder().start().await.expect("a server");
    let embedder = embedder(&server, "token: t");
    let error = embedder.try_run(Guest::WithPlugins, &["/version"]).await.expect_err("no import");
    assert!(format!("{error:#}").contains("kubecred:host/commands"), "{error:#}");
    assert!(embedder.try_run(Guest::Plain, &[]).await.is_ok());
}
