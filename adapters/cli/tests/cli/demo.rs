//! The demo: not one request fails, all that was planned comes about, nothing is left behind.

use crate::stage::{Ended, command, ended, start};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

async fn demo(arguments: &[&str]) -> Ended {
    let folder = TempDir::new().unwrap();
    ended(start(command(folder.path()).arg("demo").args(arguments))).await
}

/// The kubeconfig that it speaks of is gone, and no token was printed.
fn is_tidy(ended: &Ended) {
    let (_, kubeconfig) = ended.stderr.split_once("lasts): ").expect("it names its kubeconfig");
    let kubeconfig = Path::new(kubeconfig.lines().next().unwrap());
    assert!(kubeconfig.is_absolute() && !kubeconfig.parent().unwrap().exists(), "{ended:?}");
    let all = [ended.stdout.as_str(), &ended.stderr].concat();
    let secret = |word: &&str| word.len() >= 32 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let secrets: Vec<&str> =
        all.split(|c: char| !c.is_ascii_alphanumeric()).filter(secret).collect();
    assert_eq!(secrets, Vec::<&str>::new());
}

#[tokio::test]
async fn six_seconds_without_a_failed_request() {
    let ended = demo(&["--seconds", "6"]).await;
    let text = ended.good();
    let row = text.lines().find(|line| line.starts_with("all ")).expect("there is a sum");
    let cells: Vec<&str> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let [_, requests, failed, sent_again, _, plugin_runs, rotations] = cells[..] else {
        panic!("{row}")
    };
    let number = |cell: &str| cell.replace(' ', "").parse::<u64>().unwrap();
    assert_eq!(failed, "0", "{text}");
    assert!(number(requests) > 100, "{text}");
    assert!(number(sent_again) > 0, "the server has refused a token: {text}");
    assert!(number(plugin_runs) >= 4, "first, after the 401, failed, and after that: {text}");
    assert!(number(rotations) >= 4, "{text}");
    for word in ["was rejected", "refresh failed", "new certificate", "new token", "bad moment"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    is_tidy(&ended);
}

#[tokio::test]
async fn machines_get_json() {
    let ended = demo(&["--seconds=6", "--json", "--workers=5"]).await;
    let outcome: Value = serde_json::from_str(ended.good()).expect("it is JSON");
    assert_eq!(outcome["failed"], 0);
    assert_eq!(outcome["workers"], 5);
    assert_eq!(outcome["notComeAbout"], serde_json::json!([]));
    let logins = outcome["logins"].as_array().unwrap();
    assert_eq!(logins.len(), 3);
    assert!(logins.iter().all(|login| login["requests"].as_u64() > Some(0)), "{logins:?}");
    assert!(logins.iter().all(|login| login["rotations"].as_u64() > Some(0)), "{logins:?}");
    let times = outcome["timeline"].as_array().unwrap().iter();
    assert!(times.map(|entry| entry["seconds"].as_f64().unwrap()).is_sorted());
    is_tidy(&ended);
}

#[tokio::test]
async fn proxy_and_gate_fail_no_request_that_need_not_fail() {
    let ended = demo(&["proxy", "--seconds=8", "--workers=12", "--json"]).await;
    let outcome: Value = serde_json::from_str(ended.good()).expect("it is JSON");
    assert_eq!((&outcome["failed"], &outcome["workers"]), (&0.into(), &12.into()), "{outcome:#}");
    assert_eq!(outcome["notComeAbout"], serde_json::json!([]));
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{value}: {outcome:#}"));
    let through = outcome["through"].as_array().unwrap();
    let [proxy, gate, short_lived, revoked] = through.as_slice() else { panic!("{outcome:#}") };
    assert!(through.iter().all(|way| number(&way["requests"]) > 0), "{through:#?}");
    assert!(number(&proxy["toldToWait"]) > 0, "the API server was down: {outcome:#}");
    assert_eq!(number(&gate["toldToWait"]), 0, "its verdicts are remembered: {outcome:#}");
    assert!(number(&revoked["refused"]) > 0, "{outcome:#}");
    assert_eq!(number(&gate["refused"]) + number(&short_lived["refused"]), 0, "{outcome:#}");
    assert!(number(&outcome["retries"]) > 0, "the proxy's token was refused: {outcome:#}");
    assert_eq!(number(&outcome["pluginFailures"]), 1, "{outcome:#}");
    assert!(number(&outcome["rotations"]) >= 2, "{outcome:#}");
    let behind = through[1..].iter().map(|way| number(&way["requests"])).sum::<u64>();
    assert!(number(&outcome["tokenReviews"]) < behind, "{outcome:#}");
    let timeline = outcome["timeline"].as_array().unwrap();
    let at = |what: &str| {
        let holds = |entry: &Value| entry["what"].as_str().unwrap().contains(what);
        timeline.iter().position(holds).unwrap_or_else(|| panic!("no {what:?}: {outcome:#}"))
    };
    let order = ["was rejected", "goes down", "told to come back", "is back"];
    assert!(order.map(at).is_sorted(), "{outcome:#}");
    // When the plugin runs next is not the demo's to say: before the outage, or in it.
    assert!(at("was rejected") < at("refresh failed"), "{outcome:#}");
    assert!(at("is back") < at("has an answer again"), "{outcome:#}");
    is_tidy(&ended);
}

#[tokio::test]
async fn proxy_and_gate_are_told_of_in_a_table() {
    let ended = demo(&["proxy", "--seconds=8", "--workers=5"]).await;
    let text = ended.good();
    for word in ["through ", "proxy  ", "gate, revoked token  ", "all  ", "behind the gate: "] {
        assert!(text.lines().any(|line| line.starts_with(word)), "{word}: {text}");
    }
    for word in ["server goes down", "is refused from now on", "by verdicts that it remembers"] {
        let has = text.split_whitespace().collect::<Vec<_>>().join(" ").contains(word);
        assert!(has, "{word}: {text}");
    }
    is_tidy(&ended);
}

#[tokio::test]
async fn ctrl_c_ends_it_with_the_table_so_far() {
    let folder = TempDir::new().unwrap();
    let mut child = start(command(folder.path()).args(["demo", "--seconds=600"]));
    let mut progress = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = progress.next_line().await.unwrap().unwrap();
    while !progress.next_line().await.unwrap().expect("it goes on").contains(" requests, 0 failed")
    {
    }
    kill_process(Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap(), Signal::INT)
        .unwrap();
    let mut stderr = first;
    while let Some(line) = progress.next_line().await.unwrap() {
        stderr = [stderr, line].join("\n");
    }
    let ended = Ended { stderr, ..ended(child).await };
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stdout.lines().any(|line| line.starts_with("all ")), "{ended:?}");
    is_tidy(&ended);
}
