//! The host for threads: one machine behind many of them.
#![cfg(unix)]

#[path = "../examples/threads.rs"]
#[expect(dead_code, reason = "its main is the example's")]
mod threads;

use kubecred_core::{Authentication, Exec, Failure, FailureKind, Oidc, Policy, Profile};
use kubecred_host::AuthError;
use kubecred_host::blocking::Auth;
use std::path::Path;
use std::time::Duration;

fn plugin(script: &str) -> Profile {
    let mut exec = Exec::new("/bin/sh");
    exec.args = vec!["-c".into(), script.into()];
    let mut profile = Profile::new("https://api.example:6443");
    profile.authentication = Authentication::exec(exec);
    profile
}

fn answer(token: &str) -> String {
    format!(
        r#"echo '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":"{token}"}}}}'"#
    )
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

#[test]
fn fifty_threads_run_the_plugin_once() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let script = format!("echo run >> '{}'; sleep 0.2; {}", runs.display(), answer("t"));
    let auth = Auth::from_profile(plugin(&script));
    let threads: Vec<_> = (0..50)
        .map(|_| {
            let auth = auth.clone();
            std::thread::spawn(move || auth.credential().unwrap())
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap().headers()["authorization"], "Bearer t");
    }
    assert_eq!(lines(&runs), 1);
}

#[test]
fn a_401_runs_it_again_once_for_all_threads() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let script =
        format!("echo run >> '{0}'; n=$(wc -l < '{0}'); {1}", runs.display(), answer("token-'$n'"));
    let policy = Policy { min_interval: Duration::ZERO, ..Policy::default() };
    let auth = Auth::builder().policy(policy).profile(plugin(&script));
    let first = auth.credential().unwrap();
    let threads: Vec<_> = (0..20)
        .map(|_| {
            let (auth, refused) = (auth.clone(), first.generation());
            std::thread::spawn(move || auth.unauthorized(refused))
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    assert_eq!(lines(&runs), 2);
    assert_ne!(auth.credential().unwrap().headers(), first.headers());
}

#[test]
fn closing_ends_the_plugin_with_all_that_it_started_and_every_waiting_call() {
    let folder = tempfile::tempdir().unwrap();
    let (started, survived) = (folder.path().join("started"), folder.path().join("survived"));
    let script = format!(
        "(sleep 2; echo x > '{}') & echo x > '{}'; sleep 60",
        survived.display(),
        started.display()
    );
    let auth = Auth::from_profile(plugin(&script));
    let waiting = {
        let auth = auth.clone();
        std::thread::spawn(move || auth.credential())
    };
    while lines(&started) == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    auth.close();
    assert_eq!(waiting.join().unwrap().unwrap_err(), AuthError::Closed);
    std::thread::sleep(Duration::from_millis(2_500));
    assert!(!survived.exists(), "its child was ended, too");
}

#[test]
fn a_plugin_that_ends_is_not_kept_open_by_a_daemon_that_it_started() {
    let auth = Auth::from_profile(plugin(&format!("sleep 30 & {}", answer("t"))));
    assert_eq!(auth.credential().unwrap().headers()["authorization"], "Bearer t");
}

#[test]
fn a_plugin_over_its_time_limit_is_ended() {
    let policy = Policy { command_timeout: Some(Duration::from_millis(300)), ..Policy::default() };
    let auth = Auth::builder().policy(policy).profile(plugin("sleep 60"));
    let error = auth.credential().unwrap_err();
    assert!(matches!(error, AuthError::Source(_)), "{error:?}");
    auth.close();
}

fn openid() -> Profile {
    let mut profile = Profile::new("https://api.example:6443");
    let oidc = Oidc {
        issuer: "https://issuer.example".into(),
        client_id: "c".into(),
        refresh_token: Some("r".into()),
        ..Oidc::default()
    };
    profile.authentication = Authentication::oidc(oidc);
    profile
}

#[test]
fn a_function_that_panics_has_failed_and_its_callers_are_told() {
    let auth = Auth::builder().send_with(|_| panic!("out of cheese")).profile(openid());
    let error = auth.credential().unwrap_err().to_string();
    assert!(error.contains("out of cheese"), "{error}");
    let auth = Auth::builder()
        .send_with(|_| Err(Failure::new(FailureKind::Network, "no route")))
        .profile(openid());
    assert!(auth.credential().unwrap_err().to_string().contains("no route"));
    let auth = Auth::from_profile(openid());
    assert!(auth.credential().unwrap_err().to_string().contains("sends no HTTP"));
}

#[test]
fn the_last_handle_closes_and_events_are_kept_until_they_are_taken() {
    let auth = Auth::from_profile(plugin(&answer("t")));
    auth.credential().unwrap();
    assert!(!auth.take_events().is_empty());
    assert!(auth.take_events().is_empty());
    assert_eq!(auth.stats().succeeded, 1);
}

#[test]
fn the_example_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(
        &path,
        "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n\
         clusters: [{name: k, cluster: {server: 'https://api.example:6443'}}]\n\
         users: [{name: u, user: {token: hunter2}}]\n",
    )
    .unwrap();
    let lines = threads::run(path.to_str().map(str::to_owned)).unwrap();
    assert_eq!(lines.len(), 4);
    for line in lines {
        assert!(line.contains("https://api.example:6443: authorization"), "{line}");
        assert!(!line.contains("hunter2"));
    }
}
