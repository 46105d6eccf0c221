//! What every host promises, whatever it is built on: the same scenarios in tokio, WASI (its calls,
//! natively) and threads.
#![cfg(unix)]

mod host;
mod one_place;
mod plugin;
mod service_account;

use host::{Choices, Provider, each_host};
use kubecred_core::policy::Renewal;
use kubecred_core::{Authentication, Environment, PluginPolicy, Policy, Profile};
use kubecred_host::{AuthError, ProvidedToken};
use plugin::Plugin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

#[test]
fn a_policy_of_the_program_never_allows_what_the_profile_forbids() {
    each_host(|host| {
        let plugin = Plugin::new();
        plugin.answers("token-1", None);
        for forbidden in [PluginPolicy::DenyAll, PluginPolicy::Allowlist(vec!["other".into()])] {
            let mut profile = plugin.profile();
            plugin::exec(&mut profile).policy = forbidden;
            let choices = Choices { plugin_policy: Some(PluginPolicy::AllowAll), ..host.into() };
            let error = choices.start(profile).credential().unwrap_err();
            assert!(
                error.to_string().contains("may not run")
                    || error.to_string().contains("allowlist"),
                "{error}"
            );
            assert_eq!(plugin.runs(), 0);
        }
        let choices = Choices { plugin_policy: Some(PluginPolicy::DenyAll), ..host.into() };
        assert!(choices.start(plugin.profile()).credential().is_err());
        assert_eq!(plugin.runs(), 0);
    });
}

#[test]
fn ua_3_kc_71_a_profile_that_makes_no_sense_is_an_error_and_not_a_request_without_credentials() {
    each_host(|host| {
        let mut profile = Profile::new("http://api.example");
        profile.authentication = Authentication::token("hunter2");
        let auth = Choices::from(host).start(profile);
        let error = auth.credential().unwrap_err();
        assert!(matches!(error, AuthError::Profile(_)), "{error:?}");
        assert!(error.to_string().contains("in clear"), "{error}");
        assert!(std::error::Error::source(&error).is_some(), "it says what is wrong");
        assert!(!format!("{error:?}").contains("hunter2"));
    });
}

#[test]
fn a_401_for_a_credential_that_has_ended_meanwhile_fetches_another() {
    each_host(|host| {
        let plugin = Plugin::new();
        let policy = Policy { min_interval: Duration::ZERO, ..Policy::client_go() };
        assert_eq!(policy.renewal, Renewal::WhenExpired);
        let auth = Choices { policy, ..host.into() }.start(plugin.profile());
        plugin.answers("token-1", Some(Duration::from_secs(2)));
        let first = auth.credential().unwrap();
        plugin.answers("token-2", None);
        while auth
            .try_credential()
            .unwrap()
            .is_some_and(|now| now.generation() == first.generation())
        {
            std::thread::sleep(Duration::from_millis(50));
            if plugin.runs() > 1 {
                break;
            }
        }
        assert!(auth.unauthorized(first.generation()), "there is a newer one");
        let second = auth.credential().unwrap();
        assert_eq!(second.headers()["authorization"], "Bearer token-2");
    });
}

#[test]
fn a_rejected_credential_that_ends_while_it_is_fetched_anew_is_not_waited_for_in_vain() {
    each_host(|host| {
        let plugin = Plugin::new();
        let policy = Policy { min_interval: Duration::ZERO, ..Policy::client_go() };
        let auth = Choices { policy, ..host.into() }.start(plugin.profile());
        plugin.answers("token-1", Some(Duration::from_secs(2)));
        let first = auth.credential().unwrap();
        plugin.answers("token-2", None);
        std::thread::sleep(Duration::from_millis(2_100)); // a request in flight, under way when it ends
        assert!(auth.unauthorized(first.generation()));
    });
}

#[test]
fn kc_2_a_variable_that_is_not_utf8_is_an_error_that_names_it() {
    each_host(|host| {
        let load = |environment: Environment| {
            let outcome = Choices { environment: Some(environment), ..host.into() }.load();
            outcome.map(drop).unwrap_err().to_string()
        };
        let bad = |name: &str| Environment::new([("HOME", "/nonexistent")]).with_not_utf8([name]);
        assert!(load(bad("KUBECONFIG")).contains("$KUBECONFIG is not UTF-8"));
        let home = Environment::default().with_not_utf8(["HOME"]);
        assert!(load(home).contains("$HOME is not UTF-8"));
        for name in ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "POD_NAMESPACE"] {
            let said = load(bad(name));
            assert!(said.contains(&format!("${name} is not UTF-8")), "{said}");
        }
    });
}

#[test]
fn a_failing_plugin_is_not_run_for_every_question() {
    each_host(|host| {
        let plugin = Plugin::new();
        plugin.fails();
        let auth = Choices::from(host).start(plugin.profile());
        assert!(auth.credential().is_err());
        let runs = plugin.runs();
        for _ in 0..10_000 {
            assert!(auth.try_credential().is_err());
        }
        assert!(plugin.runs() <= runs + 1, "{} runs", plugin.runs());
    });
}

#[test]
fn a_token_provider_is_asked_once_again_after_a_401_and_quoted_when_it_fails() {
    each_host(|host| {
        let asked = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&asked);
        let provider: Provider =
            Arc::new(move || match counter.fetch_add(1, Ordering::SeqCst) + 1 {
                3 => Err("the vault is sealed".into()),
                run => {
                    let end = SystemTime::now() + Duration::from_secs(3600);
                    Ok(ProvidedToken::new(format!("token-{run}")).expires_at(end))
                }
            });
        let policy = Policy { min_interval: Duration::ZERO, ..Policy::default() };
        let mut profile = Profile::new("https://api.example:6443");
        profile.authentication = Authentication::token("of the profile, which does not count");
        let choices = Choices { policy, provider: Some(provider), ..host.into() };
        let auth = choices.start(profile);
        let first = auth.credential().unwrap();
        assert_eq!(first.headers()["authorization"], "Bearer token-1");
        assert!(first.expires().is_some());
        assert_eq!(auth.credential().unwrap().generation(), first.generation());
        assert!(auth.unauthorized(first.generation()));
        let second = auth.credential().unwrap();
        assert_eq!(second.headers()["authorization"], "Bearer token-2");
        assert!(!auth.unauthorized(second.generation()), "it fails");
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn a_profile_that_wants_a_provider_where_the_program_has_none_says_so() {
    each_host(|host| {
        let mut profile = Profile::new("https://api.example:6443");
        profile.authentication = Authentication::provided("vault");
        let error = Choices::from(host).start(profile).credential().unwrap_err().to_string();
        let said = "the program's token provider \"vault\": this program has no token provider";
        assert!(error.ends_with(said), "{error}");
    });
}

#[test]
fn what_is_closed_stays_closed() {
    each_host(|host| {
        let mut profile = Profile::new("https://api.example");
        profile.authentication = Authentication::token("hunter2");
        let auth = Choices::from(host).start(profile);
        assert!(auth.credential().is_ok());
        auth.close();
        assert_eq!(auth.credential().unwrap_err(), AuthError::Closed);
    });
}
