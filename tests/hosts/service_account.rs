//! Being a service account, against a real server over real TLS: the same scenario in tokio and in
//! threads. (WASI's calls need an embedder: `tests/wasmtime`.)

use crate::host::{Choices, Kind, kinds};
use kubecred_core::protocol::HttpResponse;
use kubecred_core::protocol::SendRequest;
use kubecred_core::{
    Authentication, Failure, Material, Policy, Profile, Proxy, Roots, ServiceAccount,
};
use kubecred_loopback::{ApiServer, User};
use kubecred_tokio::RequestSender;
use std::time::Duration;
use tokio::runtime::Runtime;

/// For hosts without HTTP of their own.
pub(crate) struct Sender {
    runtime: Runtime,
    sender: RequestSender,
}

impl Sender {
    pub(crate) fn new() -> Self {
        Self { runtime: Runtime::new().unwrap(), sender: RequestSender::from_env() }
    }

    pub(crate) fn send(&self, request: &SendRequest) -> Result<HttpResponse, Failure> {
        self.runtime.block_on(self.sender.send(request))
    }
}

const PATH: &str = "/api/v1/namespaces/prod/serviceaccounts/deployer/token";

fn server(runtime: &Runtime) -> ApiServer {
    let server = runtime.block_on(ApiServer::builder().start()).unwrap();
    server.accounts().service_accounts().add("prod", "deployer");
    server
}

fn profile(server: &ApiServer, bootstrap: Authentication) -> Profile {
    let mut profile = Profile::new(server.url());
    profile.cluster.roots = Roots::Pem(server.authority().certificate_pem().into());
    profile.cluster.proxy = Proxy::Direct;
    profile.authentication = Authentication::service_account("prod", "deployer", bootstrap);
    profile
}

fn both(scenario: fn(Kind)) {
    kinds(&[Kind::Threads, Kind::Tokio], scenario);
}

#[test]
fn tr_21_the_token_is_asked_for_with_the_login_and_nothing_else_is_sent_with_it() {
    both(|host| {
        let runtime = Runtime::new().unwrap();
        let server = server(&runtime);
        server.accounts().allow_token("boot", User::new("ci"));
        let mut profile = profile(&server, Authentication::token("boot"));
        let lifetime = Some(Duration::from_secs(900));
        profile.authentication.service_account =
            Some(ServiceAccount { lifetime, ..profile.authentication.service_account.unwrap() });
        let policy = Policy { min_interval: Duration::ZERO, ..Policy::default() };
        let auth = Choices { policy, ..host.into() }.start(profile);

        let first = auth.credential().unwrap();
        let header = first.headers()["authorization"].to_str().unwrap().to_owned();
        assert!(header.starts_with("Bearer ey"), "a token of the server's");
        assert!(first.identity().is_none() && first.expires().is_some());
        let asked = server.take_exchanges();
        assert_eq!(asked.len(), 1);
        assert_eq!((asked[0].status.as_u16(), asked[0].path_and_query.as_str()), (201, PATH));
        assert_eq!(asked[0].header("authorization"), Some("Bearer boot"));
        assert_eq!(auth.credential().unwrap().generation(), first.generation());

        // A 401 to the token brings another one; the login is not fetched again for it.
        assert!(auth.unauthorized(first.generation()));
        let second = auth.credential().unwrap();
        assert_ne!(second.headers(), first.headers());
        assert_eq!(server.take_exchanges().len(), 1);

        // The account is gone: nothing is made, and the error names it.
        assert!(server.accounts().service_accounts().delete("prod", "deployer"));
        assert!(!auth.unauthorized(second.generation()));
        auth.close();
    });
}

#[test]
fn tr_21_a_login_that_is_refused_is_blamed_and_the_account_named() {
    both(|host| {
        let runtime = Runtime::new().unwrap();
        let server = server(&runtime);
        let auth = Choices::from(host).start(profile(&server, Authentication::token("stranger")));
        let error = auth.credential().unwrap_err().to_string();
        assert!(error.contains("no token for service account prod/deployer: the login"), "{error}");
        assert!(!error.contains("stranger"), "{error}");
    });
}

#[test]
fn tr_21_a_bootstrap_certificate_goes_into_the_tls_of_the_token_request_alone() {
    both(|host| {
        let runtime = Runtime::new().unwrap();
        let server = server(&runtime);
        let issued = server.authority().client("ci", &[]);
        let certificate = Material::Data(issued.certificate_pem().into());
        let key = Material::Data(issued.key_pem().into());
        let login = Authentication::certificate(certificate, key);
        let auth = Choices::from(host).start(profile(&server, login));
        let credential = auth.credential().unwrap();
        assert!(credential.identity().is_none());
        let asked = server.take_exchanges();
        let presented = asked[0].client_certificate.as_ref().unwrap();
        assert_eq!(presented.common_name.as_deref(), Some("ci"));
        assert_eq!(asked[0].header("authorization"), None);
    });
}
