//! Where kubecred means to differ from kubectl: each with its rule and reason, and both behaviours
//! held fast. The lesser ones, which only generated kubeconfigs come across, are in
//! `differential/intended.rs`.
//!
//! | rule  | kubectl                                         | kubecred                                | reason |
//! |-------|-------------------------------------------------|-----------------------------------------|--------|
//! | EX-63 | fails with 401 though it holds a new token      | sends the request once more with it     | it is what the user would do next |
//! | TK-7  | keeps a refused token until its minute is up    | reads the file at once, sends once more | the new token is in the file |
//! | EX-62 | runs a plugin twice whose answer has expired    | runs it once, lets the server judge     | a second answer is no newer |
//! | UA-7  | `--token` loses to a `tokenFile`                | `--token` wins                          | who types a flag means it |
//! | KC-60 | calls localhost:8080 without a configuration    | says that there is none                 | nobody means that server |
//! | KC-75 | asks for a user name and a password             | sends no credentials                    | a script has nobody to ask |
//! | KC-79 | `--as` in a pod calls localhost:8080            | stays with the pod's account            | impersonation is no configuration (`in_cluster.rs`) |
//! | KC-72 | `get --raw` leaves out the server's path        | puts it before the path given           | the API is there |
//! | none  | `get --raw` unescapes the path, sorts the query | sends both as they are given            | `a%2Fb` is one name, and raw is raw |
//! | UA-30 | believes a wildcard over a top-level domain     | does not                                | `*.com` is nobody's name (webpki's rule) |
//! | EX-43 | hides the install hint of a missing path        | shows it                                | it says how to get the file |
//! | none  | takes U+2028 as it stands in a kubeconfig       | asks for its escape                     | YAML 1.1 breaks a line there, 1.2 does not |

use crate::case::{Case, TOKEN};
use crate::plugin::Answer;
use kubecred_loopback::ApiServer;
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

#[tokio::test]
async fn ex_63_a_new_token_after_a_401_is_used_at_once() {
    let case = Case::start().await.exec(json!({}));
    let both = case.plugin(&[Answer::token("refused"), Answer::token(TOKEN)]).both().await;
    assert!(!both.kubectl.success && both.kubecred.success, "{}", both.kubecred.stderr);
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer refused"));
    assert_eq!(both.kubectl.plugin_runs, both.kubecred.plugin_runs);
    let [first, second] = both.kubecred.exchanges.as_slice() else { panic!("two requests") };
    assert_eq!(first.header("authorization"), Some("Bearer refused"));
    assert_eq!(second.header("authorization"), Some("Bearer good"));
    let body = String::from_utf8_lossy(&both.kubecred.stdout);
    assert!(body.contains("gitVersion"), "the answer to the second only: {body}");
}

#[tokio::test]
async fn ex_63_a_third_time_is_not_tried() {
    let case = Case::start().await.exec(json!({}));
    let answers = [Answer::token("one"), Answer::token("two"), Answer::token(TOKEN)];
    let both = case.plugin(&answers).both().await.fail_saying(&["unauthorized"]);
    assert_eq!((both.kubectl.exchanges.len(), both.kubecred.exchanges.len()), (1, 2));
}

#[tokio::test]
async fn ex_63_a_new_certificate_after_a_401_is_presented_on_a_new_connection() {
    let case = Case::start().await.exec(json!({}));
    let stranger = kubecred_loopback::Authority::new("somebody else").client("jane", &[]);
    let jane = case.server.authority().client("jane", &[]);
    let answers = [&stranger, &jane].map(|issued| {
        let (certificate, key) = (issued.certificate_pem(), issued.key_pem());
        Answer::credential(&json!({ "clientCertificateData": certificate, "clientKeyData": key }))
    });
    let both = case.plugin(&answers).both().await;
    assert!(!both.kubectl.success && both.kubecred.success, "{}", both.kubecred.stderr);
    let [first, second] = both.kubecred.exchanges.as_slice() else { panic!("two requests") };
    assert_ne!(first.connection, second.connection);
    for (exchange, issued) in [(first, stranger), (second, jane)] {
        let shown = exchange.client_certificate.as_ref().expect("one is presented");
        assert_eq!(shown.chain, issued.chain());
    }
}

#[tokio::test]
async fn tk_7_a_token_file_is_read_again_after_a_401() {
    // The file changes while the request is under way, as it does when a token was rotated just
    // before.
    let file: Arc<OnceLock<PathBuf>> = Arc::default();
    let rotated = Arc::clone(&file);
    let server = ApiServer::builder().respond(move |_| {
        fs::write(rotated.get()?, TOKEN).expect("it can be rotated");
        None
    });
    let case = Case::with(server).await.user(json!({ "tokenFile": "token" }));
    file.set(case.directory().join("token")).unwrap();
    let case = case.file("token", "old");
    let kubectl = case.run(&crate::programs::Program::kubectl()).await;
    assert!(!kubectl.success);
    assert_eq!(kubectl.request().header("authorization"), Some("Bearer old"));
    let case = case.file("token", "old");
    let kubecred = case.run(&crate::programs::Program::kubecred()).await;
    assert!(kubecred.success, "{}", kubecred.stderr);
    let tokens = kubecred.exchanges.iter().map(|exchange| exchange.header("authorization"));
    assert_eq!(tokens.collect::<Vec<_>>(), [Some("Bearer old"), Some("Bearer good")]);
}

#[tokio::test]
async fn ex_62_a_token_that_has_expired_is_fetched_once() {
    let status = json!({ "token": TOKEN, "expirationTimestamp": "2006-01-02T15:04:05Z" });
    let case = Case::start().await.exec(json!({})).plugin(&[Answer::credential(&status)]);
    let both = case.both().await.succeed();
    assert_eq!((both.kubectl.plugin_runs.len(), both.kubecred.plugin_runs.len()), (2, 1));
    for run in [&both.kubectl, &both.kubecred] {
        assert_eq!(run.request().header("authorization"), Some("Bearer good"));
    }
}

#[tokio::test]
async fn ua_7_a_token_by_flag_goes_before_a_token_file() {
    let case = Case::start().await.open().user(json!({ "tokenFile": "token" }));
    let case = case.file("token", "of-the-file").flags(&["--token", "of-the-flag"]);
    let both = case.both().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer of-the-file"));
    assert_eq!(both.kubecred.request().header("authorization"), Some("Bearer of-the-flag"));
}

#[tokio::test]
async fn kc_60_without_a_configuration_no_server_is_called() {
    // kubectl's default server may or may not be there; what becomes of that is not ours to
    // compare.
    let case = Case::start().await.without_kubeconfig_flag();
    let kubecred = case.run(&crate::programs::Program::kubecred()).await;
    assert_eq!(kubecred.code, Some(3), "{}", kubecred.stderr);
    assert!(kubecred.stderr.contains("no configuration has been provided"), "{}", kubecred.stderr);
    assert!(!kubecred.stderr.contains("8080"), "{}", kubecred.stderr);
}

#[tokio::test]
async fn kc_75_kb_20_nobody_is_asked_for_a_user_name() {
    let case = Case::start().await;
    let both = case.both().await;
    assert!(String::from_utf8_lossy(&both.kubectl.stdout).contains("Please enter Username"));
    assert!(both.kubectl.exchanges.is_empty());
    assert_eq!(both.kubecred.request().header("authorization"), None);
    assert!(both.kubecred.stdout.is_empty());
    assert_eq!(both.kubecred.code, Some(1), "the server says no");
    // A server that lets anyone in is a use for this.
    let both = case.open().both().await;
    assert!(both.kubecred.success, "{}", both.kubecred.stderr);
}

#[tokio::test]
async fn kb_20_each_names_itself_and_only_kubectl_tells_its_command() {
    let both = Case::start().await.user(json!({ "token": TOKEN })).both().await.succeed();
    for (run, agent, command) in
        [(&both.kubectl, "kubectl", Some("kubectl get")), (&both.kubecred, "kubecred", None)]
    {
        let request = run.request();
        let named = request.header("user-agent").expect("a user agent");
        assert!(named.starts_with(agent) && named.contains('/'), "{named}");
        assert_eq!(request.header("kubectl-command"), command);
        assert_eq!(request.header("kubectl-session").is_some(), command.is_some());
    }
}

#[tokio::test]
async fn kc_72_the_path_of_the_server_is_a_prefix() {
    for prefix in ["/k8s/clusters/c-1", "/k8s/clusters/c-1/"] {
        let case = Case::start().await.user(json!({ "token": TOKEN })).get("/version?x=y");
        let server = case.server.url() + prefix;
        let both = case.cluster(json!({ "server": server })).both().await;
        assert_eq!(both.kubectl.request().path_and_query, "/version?x=y");
        let expected = "/k8s/clusters/c-1/version?x=y";
        assert_eq!(both.kubecred.request().path_and_query, expected);
    }
}

#[tokio::test]
async fn the_path_and_the_query_are_sent_as_they_are_given() {
    for (path, rewritten) in [
        ("/version?limit=2&labelSelector=a=b,c", "/version?labelSelector=a%3Db%2Cc&limit=2"),
        ("/api/v1/namespaces/a%2Fb", "/api/v1/namespaces/a/b"),
    ] {
        let both = Case::start().await.user(json!({ "token": TOKEN })).get(path).both().await;
        assert_eq!(both.kubectl.request().path_and_query, rewritten);
        assert_eq!(both.kubecred.request().path_and_query, path);
    }
}

/// I: client-go shows it for names only.
#[tokio::test]
async fn ua_30_a_wildcard_covers_no_top_level_domain() {
    let authority = kubecred_loopback::Authority::new("root");
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    case.server.present(&authority.server(&["*.internal"]));
    let case = case.file("ca.crt", authority.certificate_pem()).cluster(json!({
        "certificate-authority-data": null,
        "certificate-authority": "ca.crt",
        "tls-server-name": "api.internal",
    }));
    let both = case.both().await;
    assert!(both.kubectl.success, "{}", both.kubectl.stderr);
    assert_eq!(both.kubecred.code, Some(5), "{}", both.kubecred.stderr);
    assert!(both.kubecred.exchanges.is_empty());
}

/// I: client-go shows it for names only.
#[tokio::test]
async fn ex_43_the_hint_is_shown_for_a_missing_path_too() {
    let exec = json!({ "command": "./no/login", "installHint": "Ask in the channel." });
    let both = Case::start().await.exec(exec).agree().await.fail_saying(&["no/login"]);
    assert!(!both.kubectl.stderr.contains("Ask in the channel."));
    assert!(both.kubecred.stderr.contains("Ask in the channel."), "{}", both.kubecred.stderr);
}

#[tokio::test]
async fn a_raw_line_separator_in_a_kubeconfig_is_refused() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let extension = json!({ "name": "note", "extension": "a\u{2028}b" });
    let case = case.cluster(json!({ "extensions": [extension] }));
    assert!(case.kubeconfig().contains('\u{2028}'), "it is not escaped");
    let both = case.both().await;
    assert!(both.kubectl.success, "{}", both.kubectl.stderr);
    assert_eq!(both.kubecred.code, Some(3), "{}", both.kubecred.stderr);
    assert!(both.kubecred.stderr.contains("U+2028"), "{}", both.kubecred.stderr);
}

/// I: client-go runs the plugin, and fails when it sends the request.
#[tokio::test]
async fn ua_21_whom_no_header_can_name_is_refused_before_a_plugin_runs() {
    let case = Case::start().await.exec(json!({})).plugin(&[Answer::token(TOKEN)]);
    for user in [
        json!({ "as": "jo\ne" }),
        json!({ "as": "joe", "as-uid": "\n" }),
        json!({ "as": "joe", "as-groups": ["a", "b\r"] }),
        json!({ "as": "joe", "as-user-extra": { "k": ["v\0"] } }),
    ] {
        let case = Case::start().await.exec(json!({})).plugin(&[Answer::token(TOKEN)]).user(user);
        let both = case.both().await.fail_saying(&["header"]);
        assert_eq!((both.kubectl.plugin_runs.len(), both.kubecred.plugin_runs.len()), (1, 0));
        assert_eq!(both.kubecred.code, Some(3), "{}", both.kubecred.stderr);
        assert!(both.kubecred.stderr.contains("user \"main\": as"), "{}", both.kubecred.stderr);
    }
    // A flag is named as one.
    let both = case.flags(&["--as=jo\ne"]).both().await.fail_saying(&["header"]);
    assert!(both.kubecred.stderr.contains("--as"), "{}", both.kubecred.stderr);
    assert!(both.kubecred.plugin_runs.is_empty());
}
