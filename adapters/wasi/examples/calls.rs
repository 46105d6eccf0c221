//! A guest of WASI 0.2: the calls of authentication.k8s.io and
//! authorization.k8s.io, each in a line of its own on standard output.
//!
//! ```sh
//! wasmtime run -S http --env KUBECONFIG=/kube/config --dir ~/.kube::/kube \
//!     target/wasm/kubecred-calls.wasm whoami
//! ```
//!
//! | arguments | prints |
//! | --- | --- |
//! | `whoami` | the user name and the groups |
//! | `create-token NAMESPACE NAME [SECONDS]` | the granted seconds, on standard error the length of the token |
//! | `review FILE [AUDIENCE...]` | whose the token in the file is |
//! | `can USER VERB RESOURCE NAMESPACE` | `yes` or `no` |
//!
//! It is for embedders that know which authorities a server needs: it has no other options.

use kubecred_wasi::kubecred_core::Secret;
use kubecred_wasi::kubecred_core::api::subject_access_review::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kubecred_wasi::kubecred_core::api::token_request::TokenRequest;
use kubecred_wasi::kubecred_core::api::token_review::{TokenReview, Verdict};
use kubecred_wasi::kubecred_core::api::user_info::UserInfo;
use kubecred_wasi::{Auth, Capability, Client};
use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let client = Client::new(Auth::builder().embedder_does(Capability::Roots).load()?)?;
    match words.as_slice() {
        ["whoami"] => {
            let answer = client.whoami()?;
            warn(&answer.warnings);
            let UserInfo { username, groups, .. } = answer.object.status;
            Ok(format!("{username} [{}]", groups.join(" ")))
        }
        ["create-token", namespace, name, seconds @ ..] => {
            let mut wanted = TokenRequest::default();
            wanted.spec.expiration_seconds =
                seconds.first().map(|seconds| seconds.parse()).transpose()?;
            let answer = client.create_token(namespace, name, &wanted)?;
            warn(&answer.warnings);
            eprintln!("a token of {} bytes", answer.object.status.token.len());
            let granted = answer.object.spec.expiration_seconds;
            Ok(granted.map_or_else(String::new, |seconds| format!("{seconds} s")))
        }
        ["review", file, audiences @ ..] => {
            let token = Secret::new(std::fs::read(file)?);
            let audiences: Vec<String> = audiences.iter().map(ToString::to_string).collect();
            let answer = client.review_token(&TokenReview::new(token, audiences.clone()))?;
            match answer.object.verdict(&audiences, &[]) {
                Verdict::Authenticated { user, audiences } => {
                    Ok(format!("{} [{}]", user.username, audiences.join(" ")))
                }
                Verdict::Unauthenticated { reason } => Err(format!("not valid: {reason}").into()),
                Verdict::Error { error } => Err(error.into()),
                other => Err(format!("{other:?}").into()),
            }
        }
        ["can", user, verb, resource, namespace] => {
            let resource_attributes = ResourceAttributes {
                verb: (*verb).to_owned(),
                resource: (*resource).to_owned(),
                namespace: (*namespace).to_owned(),
                ..ResourceAttributes::default()
            };
            let spec = SubjectAccessReviewSpec {
                resource_attributes: Some(resource_attributes),
                user: UserInfo { username: (*user).to_owned(), ..UserInfo::default() },
                ..SubjectAccessReviewSpec::default()
            };
            let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
            let allowed = client.review_access(&review)?.object.status.is_allowed();
            Ok(if allowed { "yes" } else { "no" }.to_owned())
        }
        other => Err(format!("there is no such call: {other:?}").into()),
    }
}

fn warn(warnings: &[String]) {
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
}
