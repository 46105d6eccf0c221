//! Code of the program that panics has failed: its callers are told so at once, whatever the policy,
//! and the next attempt is made as after any failure.

use kubecred_core::policy::Backoff;
use kubecred_core::protocol::{Exit, RunCommand};
use kubecred_core::{Authentication, Exec, Policy, Profile};
use kubecred_tokio::{
    Auth, AuthError, CommandFuture, CommandRunner, ProvidedToken, TokenFuture, TokenProvider,
};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const SERVER: &str = "https://api.example";

/// Longer than any call here takes, and shorter than the limit of a job: `client_go` has none.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Called,
    Polled,
}

/// Panics the first time that it is asked.
#[derive(Debug)]
struct Panicking {
    when: When,
    calls: AtomicU32,
}

impl Panicking {
    fn new(when: When) -> Self {
        Self { when, calls: AtomicU32::new(0) }
    }

    /// Counts a call, and says whether it is the first.
    fn is_first(&self) -> bool {
        let first = self.calls.fetch_add(1, Ordering::SeqCst) == 0;
        assert!(!(first && self.when == When::Called), "the vault is sealed");
        first
    }
}

async fn poll(first: bool) {
    tokio::task::yield_now().await;
    assert!(!first, "the vault is sealed");
}

impl TokenProvider for Panicking {
    fn token(&self) -> TokenFuture<'_> {
        let first = self.is_first();
        Box::pin(async move {
            poll(first).await;
            Ok(ProvidedToken::new("unsealed"))
        })
    }
}

impl CommandRunner for Panicking {
    fn run<'a>(&'a self, _: &'a RunCommand) -> CommandFuture<'a> {
        let first = self.is_first();
        Box::pin(async move {
            poll(first).await;
            let stdout = r#"{"apiVersion":"client.authentication.k8s.io/v1",
                "kind":"ExecCredential","status":{"token":"unsealed"}}"#;
            Ok(Exit { code: 0, stdout: stdout.into() })
        })
    }
}

/// Each policy, without a pause that a test would have to wait for.
fn policies() -> [Policy; 2] {
    let (initial, max) = (Duration::from_millis(10), Duration::from_millis(20));
    [Policy::default(), Policy::client_go()].map(|policy| Policy {
        min_interval: Duration::ZERO,
        backoff: Backoff { initial, max },
        ..policy
    })
}

/// All who wait are told of the panic, and those who ask later get the token.
async fn tells_of_the_panic(auth: &Auth, what: &str) {
    let within = async {
        let (one, two) = tokio::join!(auth.credential(), auth.credential());
        for outcome in [one, two] {
            let error = outcome.expect_err("its source has panicked");
            assert!(matches!(error, AuthError::Source(_)), "{what}: {error:?}");
            assert!(
                error.to_string().contains("it panicked: the vault is sealed"),
                "{what}: {error}"
            );
        }
        loop {
            match auth.credential().await {
                Ok(credential) => break credential,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let credential = tokio::time::timeout(PATIENCE, within).await;
    let credential = credential.unwrap_or_else(|_| panic!("{what}: callers wait for ever"));
    assert_eq!(credential.headers()["authorization"], "Bearer unsealed", "{what}");
}

#[tokio::test]
async fn a_token_provider_that_panics_has_failed_under_each_policy() {
    for policy in policies() {
        for when in [When::Called, When::Polled] {
            let auth = Auth::builder()
                .policy(policy.clone())
                .with_token_provider(Panicking::new(when))
                .profile(Profile::new(SERVER));
            tells_of_the_panic(&auth, &format!("{when:?}, {:?}", policy.renewal)).await;
        }
    }
}

#[tokio::test]
async fn a_command_runner_that_panics_has_failed_under_each_policy() {
    for policy in policies() {
        for when in [When::Called, When::Polled] {
            let mut profile = Profile::new(SERVER);
            profile.authentication = Authentication::exec(Exec::new("login"));
            let auth = Auth::builder()
                .policy(policy.clone())
                .command_runner(Panicking::new(when))
                .profile(profile);
            tells_of_the_panic(&auth, &format!("{when:?}, {:?}", policy.renewal)).await;
        }
    }
}
