//! Acting as somebody else: one header for each part, escaped as Kubernetes wants it.

use crate::case::{Case, TOKEN};
use serde_json::json;

#[tokio::test]
async fn ua_21_each_part_has_its_header() {
    let user = json!({
        "token": TOKEN,
        "as": "system:serviceaccount:a:b",
        "as-uid": "07f9",
        "as-groups": ["b", "a", "b", "with space"],
        "as-user-extra": { "scopes": ["view", "edit"], "empty": [] },
    });
    let both = Case::start().await.user(user).agree().await.succeed();
    let request = both.kubectl.request();
    assert_eq!(request.header("impersonate-user"), Some("system:serviceaccount:a:b"));
    assert_eq!(request.header("impersonate-uid"), Some("07f9"));
    assert_eq!(request.header_all("impersonate-group"), ["b", "a", "b", "with space"]);
    assert_eq!(request.header_all("impersonate-extra-scopes"), ["view", "edit"]);
    assert_eq!(request.header("impersonate-extra-empty"), None);
    assert_eq!(request.header("authorization"), Some("Bearer good"));
}

#[tokio::test]
async fn ua_22_the_keys_of_extras_are_escaped() {
    let extra = json!({
        "test.example.com/thing": ["1"],
        "a%20b": ["2"],
        "almost%zz": ["3"],
        "with space": ["4"],
        "caf\u{e9}": ["5"],
        "!#$&'*+-.^_`|~": ["6"],
        "@=:": ["7"],
    });
    let user = json!({ "token": TOKEN, "as": "joe", "as-user-extra": extra });
    let both = Case::start().await.user(user).agree().await.succeed();
    let request = both.kubectl.request();
    for (name, value) in [
        ("test.example.com%2fthing", "1"),
        ("a%2520b", "2"),
        ("almost%25zz", "3"),
        ("with%20space", "4"),
        ("caf%c3%a9", "5"),
        ("!#$&'*+-.^_`|~", "6"),
        ("%40%3d%3a", "7"),
    ] {
        assert_eq!(request.header(&format!("impersonate-extra-{name}")), Some(value), "{name}");
    }
}

#[tokio::test]
async fn kc_59_groups_need_a_user() {
    let user = json!({ "token": TOKEN, "as-groups": ["readers"] });
    let both = Case::start().await.user(user).agree().await;
    assert!(both.fail_saying(&["uid, groups or", "main"]).kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn kc_66_the_flag_keeps_the_groups_of_the_kubeconfig() {
    let user = json!({ "token": TOKEN, "as": "joe", "as-groups": ["readers"] });
    let case = Case::start().await.user(user).flags(&["--as", "jim", "--as-uid", "7"]);
    let both = case.agree().await.succeed();
    let request = both.kubectl.request();
    assert_eq!(request.header("impersonate-user"), Some("jim"));
    assert_eq!(request.header("impersonate-uid"), Some("7"));
    assert_eq!(request.header_all("impersonate-group"), ["readers"]);
}

#[tokio::test]
async fn kc_67_groups_by_flag_are_not_split_at_commas() {
    let user = json!({ "token": TOKEN, "as-groups": ["readers"] });
    let flags = ["--as=jim", "--as-group=a,b", "--as-group=c"];
    let both = Case::start().await.user(user).flags(&flags).agree().await.succeed();
    assert_eq!(both.kubectl.request().header_all("impersonate-group"), ["a,b", "c"]);
}
