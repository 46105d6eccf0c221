//! The handle over real files and real plugins: one run for a crowd, rotation, failure, the end.

use crate::plugin::Plugin;
use kubecred_core::protocol::SlotName;
use kubecred_core::{
    Authentication, ClientCertificate, Event, Exec, Generation, InteractiveMode, Material, Policy,
    Profile, StdinState,
};
use kubecred_tokio::{
    Auth, AuthError, Client, ClientError, Credential, PluginStderr, ProvidedToken,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const SERVER: &str = "https://127.0.0.1:6443";

fn profile(authentication: Authentication) -> Profile {
    Profile { authentication, ..Profile::new(SERVER) }
}

/// The default, in a hurry.
fn fast() -> Policy {
    let mut policy = Policy { min_interval: Duration::from_millis(1), ..Policy::default() };
    policy.backoff.initial = Duration::from_millis(20);
    policy.backoff.max = Duration::from_millis(50);
    policy
}

fn with_plugin(plugin: &Plugin) -> Profile {
    profile(Authentication::exec(Exec::new(plugin.path())))
}

fn bearer(credential: &Credential) -> &str {
    credential.headers()["authorization"].to_str().unwrap()
}

#[tokio::test]
async fn a_literal_token_is_there_at_once() {
    let auth = Auth::from_profile(profile(Authentication::token("t")));
    let credential = auth.try_credential().unwrap().unwrap();
    assert_eq!(bearer(&credential), "Bearer t");
    assert!(credential.headers()["authorization"].is_sensitive());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ex_72_ten_thousand_callers_on_a_cold_start_run_the_plugin_once() {
    let plugin = Plugin::counting();
    let auth = Auth::from_profile(with_plugin(&plugin));
    assert_eq!(plugin.runs(), 0, "nothing runs before somebody asks");
    let callers: Vec<_> = (0..10_000)
        .map(|_| {
            let auth = auth.clone();
            tokio::spawn(async move { auth.credential().await })
        })
        .collect();
    for caller in callers {
        assert_eq!(bearer(&caller.await.unwrap().unwrap()), "Bearer token-1");
    }
    assert_eq!(plugin.runs(), 1);
    assert_eq!(auth.stats().started, 1);
}

/// The machine needs longer for the hint, which it makes safe to print, than it would pause.
#[tokio::test]
async fn ex_65_a_failure_is_told_even_if_the_pause_after_it_is_over_by_then() {
    let hint = "\u{1b}".repeat(300_000);
    let exec = Exec { install_hint: hint, ..Exec::new("no-such-plugin") };
    let mut policy = fast();
    (policy.backoff.initial, policy.backoff.max) =
        (Duration::from_millis(1), Duration::from_millis(2));
    let profile = profile(Authentication::exec(exec));
    let auth = Auth::builder().policy(policy).profile(profile);
    let failed = tokio::time::timeout(Duration::from_secs(300), auth.credential());
    assert!(failed.await.expect("an answer").unwrap_err().to_string().contains("not found"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ex_63_a_thousand_401s_cause_one_run_and_everybody_may_retry() {
    let plugin = Plugin::counting();
    let auth = Auth::builder().policy(fast()).profile(with_plugin(&plugin));
    let first = auth.credential().await.unwrap();
    let callers: Vec<_> = (0..1000)
        .map(|_| {
            let (auth, refused) = (auth.clone(), first.generation());
            tokio::spawn(async move { auth.unauthorized(refused).await })
        })
        .collect();
    for caller in callers {
        assert!(caller.await.unwrap());
    }
    assert_eq!(bearer(&auth.credential().await.unwrap()), "Bearer token-2");
    assert_eq!(plugin.runs(), 2);
}

#[tokio::test]
async fn ex_64_after_a_401_with_nothing_newer_a_retry_is_useless() {
    let auth = Auth::from_profile(profile(Authentication::token("t")));
    let credential = auth.credential().await.unwrap();
    assert!(!auth.unauthorized(credential.generation()).await);

    let plugin = Plugin::printing_once();
    let auth = Auth::builder().policy(fast()).profile(with_plugin(&plugin));
    let credential = auth.credential().await.unwrap();
    assert!(!auth.unauthorized(credential.generation()).await, "the refresh fails");
    assert_eq!(auth.credential().await.unwrap().generation(), credential.generation());
}

#[tokio::test]
async fn ex_65_a_failure_with_nothing_held_is_told_and_tried_again_after_the_pause() {
    let plugin = Plugin::failing_first();
    let auth = Auth::builder().policy(fast()).profile(with_plugin(&plugin));
    let mut events = auth.events();
    let error = auth.credential().await.unwrap_err();
    assert!(error.to_string().contains("exit code 1"), "{error}");
    assert_eq!(auth.try_credential().unwrap_err(), error, "the pause is not over");
    let Some(Event::Failed { slot: SlotName::Authorization, retry_at, .. }) = events.next().await
    else {
        panic!()
    };
    let said = retry_at.to_string();
    assert!(said.as_str() > "2025", "a time of the wall clock: {said}");
    let credential = loop {
        match auth.credential().await {
            Ok(credential) => break credential,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert_eq!((bearer(&credential), plugin.runs()), ("Bearer token-2", 2));
}

#[tokio::test]
async fn tk_4_a_token_file_is_read_again_and_the_new_token_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "one\n").unwrap();
    let mut policy = fast();
    policy.token_file.every = Duration::from_millis(30);
    policy.token_file.leeway = Duration::from_millis(20);
    let token_file = Authentication::token_file(path.to_str().unwrap());
    let auth = Auth::builder().policy(policy).profile(profile(token_file));
    assert_eq!(bearer(&auth.credential().await.unwrap()), "Bearer one");
    std::fs::write(&path, "two\n").unwrap();
    let rotated = loop {
        let credential = auth.credential().await.unwrap();
        if bearer(&credential) != "Bearer one" {
            break credential;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(bearer(&rotated), "Bearer two");
    // TK-5: the last good one stays when the file goes.
    std::fs::remove_file(&path).unwrap();
    let mut events = auth.events();
    loop {
        assert_eq!(bearer(&auth.credential().await.unwrap()), "Bearer two");
        let failed = async { events.next().await };
        if let Ok(Some(Event::Failed { serving, .. })) =
            tokio::time::timeout(Duration::from_millis(1), failed).await
        {
            assert!(serving);
            break;
        }
    }
}

#[tokio::test]
async fn a_credential_that_ended_is_not_handed_out_again() {
    let plugin = Plugin::counting_with_life(Duration::from_secs(2));
    let policy = Policy { renewal: kubecred_core::policy::Renewal::WhenExpired, ..fast() };
    let auth = Auth::builder().policy(policy).profile(with_plugin(&plugin));
    let first = auth.credential().await.unwrap();
    let end = first.expires().unwrap();
    let second = loop {
        let credential = auth.credential().await.unwrap();
        if credential.generation() != first.generation() {
            break credential;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(second.expires().unwrap() > end);
    assert_eq!(bearer(&second), "Bearer token-2");
}

#[tokio::test]
async fn ex_23_a_hanging_plugin_is_stopped_after_the_limit_with_all_it_started() {
    let plugin = Plugin::hanging();
    let policy = Policy { command_timeout: Some(Duration::from_millis(300)), ..fast() };
    let auth = Auth::builder().policy(policy).profile(with_plugin(&plugin));
    let (outcome, lifeline) = tokio::join!(auth.credential(), plugin.lifeline());
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("was stopped"), "{error}");
    lifeline.ends().await;
}

#[tokio::test]
async fn close_stops_the_plugin_and_ends_every_wait() {
    let plugin = Plugin::hanging();
    let auth = Auth::from_profile(with_plugin(&plugin));
    let waiting = tokio::spawn({
        let auth = auth.clone();
        async move { auth.credential().await }
    });
    let lifeline = plugin.lifeline().await;
    let mut events = auth.events();
    auth.close().await;
    lifeline.ends().await;
    assert_eq!(waiting.await.unwrap().unwrap_err(), AuthError::Closed);
    assert_eq!(auth.credential().await.unwrap_err(), AuthError::Closed);
    assert_eq!(auth.try_credential().unwrap_err(), AuthError::Closed);
    assert!(events.next().await.is_none());
    assert!(auth.events().next().await.is_none());
    auth.close().await; // once more does no harm
}

#[tokio::test]
async fn dropping_the_last_handle_stops_the_plugin() {
    let plugin = Plugin::hanging();
    let auth = Auth::from_profile(with_plugin(&plugin));
    let asking = {
        let auth = auth.clone();
        tokio::spawn(async move { auth.credential().await.map(drop) })
    };
    let lifeline = plugin.lifeline().await;
    asking.abort();
    drop(auth);
    lifeline.ends().await;
}

#[test]
fn a_runtime_that_goes_away_leaves_nobody_waiting() {
    let plugin = Plugin::hanging();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let auth = runtime.block_on(async { Auth::from_profile(with_plugin(&plugin)) });
    assert!(auth.try_credential().unwrap().is_none());
    runtime.shutdown_background();
    let other = tokio::runtime::Runtime::new().unwrap();
    assert_eq!(other.block_on(auth.credential()).unwrap_err(), AuthError::Closed);
}

#[tokio::test]
async fn a_token_provider_follows_the_same_rules_as_a_plugin() {
    let runs = Arc::new(AtomicU32::new(0));
    let auth = Auth::builder()
        .policy(fast())
        .with_token_provider({
            let runs = Arc::clone(&runs);
            move || {
                let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
                async move {
                    match run {
                        3.. => Err("the vault is sealed"),
                        run => Ok(ProvidedToken::new(format!("provided-{run}"))),
                    }
                }
            }
        })
        .profile(Profile::new(SERVER));
    let (one, two) = tokio::join!(auth.credential(), auth.credential());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((bearer(&one), bearer(&two)), ("Bearer provided-1", "Bearer provided-1"));
    assert!(auth.unauthorized(one.generation()).await);
    let two = auth.credential().await.unwrap();
    assert_eq!(bearer(&two), "Bearer provided-2");

    let mut events = auth.events();
    assert!(!auth.unauthorized(two.generation()).await);
    loop {
        if let Some(Event::Failed { error, .. }) = events.next().await {
            assert!(error.to_string().contains("the vault is sealed"), "{error}");
            break;
        }
    }
}

#[tokio::test]
async fn ex_20_what_is_said_of_standard_input_reaches_the_plugins_source() {
    let mut exec = Exec::new("/bin/true");
    exec.interactive_mode = InteractiveMode::Always;
    let unavailable = Some("it is used for the manifest".to_owned());
    let auth = Auth::builder()
        .stdin(StdinState { terminal: true, unavailable })
        .profile(profile(Authentication::exec(exec)));
    let error = auth.credential().await.unwrap_err().to_string();
    assert!(error.contains("it is used for the manifest"), "{error}");
}

#[tokio::test]
async fn no_secret_is_seen_in_any_debug_or_error() {
    const CANARY: &str = "canary-9f2c";
    let plugin = Plugin::saying(&format!("echo not json {CANARY}; echo {CANARY} >&2; exit 0"));
    let mut exec = Exec::new(plugin.path());
    exec.args = vec![CANARY.into()];
    let mut failing = profile(Authentication::exec(exec));
    failing.cluster.server = format!("https://me:{CANARY}@127.0.0.1");
    let auth = Auth::builder().plugin_stderr(PluginStderr::Discard).profile(failing);
    let mut events = auth.events();
    let error = auth.credential().await.unwrap_err();
    let event = events.next().await;
    let token = Auth::builder()
        .with_token_provider(|| async { Ok::<_, String>(ProvidedToken::new(CANARY)) });
    let seen = format!("{auth:?} {error} {error:?} {event:?} {token:?}");
    assert!(!seen.contains(CANARY), "{seen}");

    let token = token.profile(Profile::new(SERVER));
    let credential = token.credential().await.unwrap();
    let seen = format!("{token:?} {credential:?} {:?}", credential.headers());
    assert!(!seen.contains(CANARY), "{seen}");
    assert!(bearer(&credential).contains(CANARY));
}

/// I: client-go says nothing, and does not run the plugin.
#[tokio::test]
async fn ua_3_a_plugin_beside_a_certificate_is_not_run_and_everybody_is_told() {
    let plugin = Plugin::counting();
    let mut profile = with_plugin(&plugin);
    let material = |path: &str| Material::File(path.into());
    profile.authentication.certificate =
        Some(ClientCertificate { certificate: material("/crt"), key: material("/key") });
    let auth = Auth::from_profile(profile.clone());
    let error = auth.credential().await.unwrap_err();
    assert!(matches!(error, AuthError::Profile(_)), "{error:?}");
    assert!(error.to_string().contains("client certificate and an exec plugin"), "{error}");
    assert_eq!(auth.try_credential().unwrap_err(), error);
    assert!(!auth.unauthorized(Generation::from_u64(0)).await);
    assert_eq!((plugin.runs(), auth.stats().started), (0, 0));
    let error = Client::new(auth.clone()).unwrap_err();
    assert!(matches!(error, ClientError::Auth(AuthError::Profile(_))), "{error:?}");
    auth.close().await;
    assert_eq!(auth.credential().await.unwrap_err(), AuthError::Closed);

    // A provider is no plugin: nothing is wrong here but that the files are missing.
    let provider = || async { Ok::<_, String>(ProvidedToken::new("t")) };
    let auth = Auth::builder().with_token_provider(provider).profile(profile.clone());
    let error = auth.credential().await.unwrap_err();
    assert!(matches!(error, AuthError::Source(_)), "{error:?}");

    profile.authentication.certificate = None;
    profile.cluster.server = "http://api".into();
    let error = Auth::from_profile(profile).credential().await.unwrap_err();
    assert!(error.to_string().contains("in clear"), "{error}");
}
