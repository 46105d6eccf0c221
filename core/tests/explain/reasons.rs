//! Every sentence that says why a setting is used or not: an input of which it is said, and one
//! that is almost the same and of which it is not.

use crate::{Files, NOW, all, read};
use kubecred_core::kubeconfig::Kuberc;
use kubecred_core::kubeconfig::explain::{Explanation, Reason, explain};
use kubecred_core::{Environment, Overrides, Secret};
use std::collections::BTreeSet;

const HOME: &str = "/h/.kube/config";
const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount/";
const EXEC: &str =
    "exec: {command: login, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}";
const OIDC: &str =
    "auth-provider: {name: oidc, config: {idp-issuer-url: 'https://i', client-id: c}}";

/// What is explained.
#[derive(Clone, Default)]
struct Input {
    files: Files,
    variables: Vec<(&'static str, &'static str)>,
    explicit: Option<&'static str>,
    overrides: Overrides,
    kuberc: Option<&'static str>,
}

/// A kubeconfig in the home directory with a cluster and a user of these fields.
fn of(cluster: &str, user: &str) -> Input {
    Input::default().file(HOME, &text("x", cluster, user))
}

fn user(user: &str) -> Input {
    of("server: 'https://h'", user)
}

fn text(context: &str, cluster: &str, user: &str) -> String {
    format!(
        "current-context: {context}\n\
         contexts: [{{name: {context}, context: {{cluster: c, user: u, namespace: ns}}}}]\n\
         clusters: [{{name: c, cluster: {{{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]\n"
    )
}

impl Input {
    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }

    fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    fn pod(self) -> Self {
        let file = |input: Self, name: &str, text: &str| input.file(&[FOLDER, name].concat(), text);
        let pod = self.variable("KUBERNETES_SERVICE_HOST", "10.0.0.1");
        let pod = file(pod.variable("KUBERNETES_SERVICE_PORT", "443"), "token", "t0ken");
        file(pod, "namespace", "shop")
    }

    fn flags(mut self, set: impl FnOnce(&mut Overrides)) -> Self {
        set(&mut self.overrides);
        self
    }

    fn replace(mut self, from: &str, to: &str) -> Self {
        for text in self.files.values_mut() {
            *text = text.replace(from, to);
        }
        self
    }

    fn explained(self) -> Explanation {
        let mut variables = vec![("HOME", "/h")];
        variables.extend(self.variables);
        let environment = Environment::new(variables);
        let mut request = explain(self.explicit, self.overrides, &environment);
        if let Some(text) = self.kuberc {
            let kuberc = Kuberc::search(Some("/k"), &environment).unwrap().unwrap();
            request = request.with_kuberc(kuberc.read([Ok(Secret::from(text))]).unwrap());
        }
        let reads: Vec<_> = request.paths().iter().map(|path| read(&self.files, path)).collect();
        let inputs = request.open(reads);
        let reads: Vec<_> = inputs.paths().iter().map(|path| read(&self.files, path)).collect();
        let programs = inputs.programs().iter().map(|name| Ok(format!("/bin/{name}"))).collect();
        inputs.finish(reads, programs, NOW)
    }
}

fn reasons(input: Input) -> BTreeSet<String> {
    let explanation = input.explained();
    let settings = all(&explanation).map(|setting| setting.reason.clone());
    settings.chain([explanation.search.reason.clone()]).collect()
}

fn cases() -> Vec<(Reason, Input, Input)> {
    [of_sources(), of_flags(), of_files(), of_credentials(), of_ignored(), of_replaced()].concat()
}

fn of_sources() -> Vec<(Reason, Input, Input)> {
    let nothing = Input::default;
    let listed = |list| {
        let input = Input::default().file("/k", &text("x", "server: h", "token: t"));
        let input = input.file(HOME, &text("x", "server: h", ""));
        input.variable("KUBECONFIG", list)
    };
    let empty = || Input::default().file(HOME, "users: [{name: u}]");
    let explicit = || Input { explicit: Some("/k"), ..listed("/k") };
    let server = || nothing().flags(|flags| flags.server = "https://f".into());
    let default = || nothing().flags(|flags| flags.default_server = "https://f".into());
    vec![
        (Reason::NoKubeconfig, nothing(), empty()),
        (Reason::NothingSelected, empty(), nothing()),
        (Reason::PodWithoutKubeconfig, nothing().pod(), empty().pod()),
        (Reason::PodInsteadOfKubeconfig, empty().pod(), user("token: t").pod()),
        (Reason::FlagsAlone, server(), user("token: t").flags(|flags| flags.server = "h".into())),
        (Reason::DefaultsAlone, default().flags(|flags| flags.context = "y".into()), server()),
        (Reason::ExplicitFile, explicit(), listed("/k")),
        (Reason::VariableNotHome, listed("/k"), listed("/k:/h/.kube/config")),
        (Reason::VariableAndHome, listed("/k:/h/.kube/config"), listed("/k")),
        (Reason::HomeFile, user("token: t"), listed("/k")),
    ]
}

fn of_flags() -> Vec<(Reason, Input, Input)> {
    let with = |set: fn(&mut Overrides)| user("token: t").flags(set);
    let extra = |flags: &mut Overrides| {
        flags.impersonate_user = "jane".into();
        flags.add_extra("k=v");
    };
    let merged = user("as: ann, as-user-extra: {k: [w]}").flags(extra);
    vec![
        (
            Reason::Flag,
            with(|flags| flags.proxy_url = "http://p".into()),
            of("server: 'https://h', proxy-url: 'http://q'", "token: t"),
        ),
        (
            Reason::FlagMasks,
            with(|flags| flags.namespace = "other".into()),
            with(|flags| flags.proxy_url = "http://p".into()),
        ),
        (Reason::FlagMerged, merged, user("as: ann").flags(extra)),
        (
            Reason::ReplacedByFlag,
            user("tokenFile: t").flags(|flags| flags.token = "t".into()),
            user("tokenFile: t"),
        ),
    ]
}

fn of_files() -> Vec<(Reason, Input, Input)> {
    let two = |context: &str, cluster: &str| {
        let input = user("token: t").file("/b", &text(context, cluster, ""));
        input.variable("KUBECONFIG", "/h/.kube/config:/b")
    };
    let insecure = "server: 'https://h', insecure-skip-tls-verify: true";
    vec![
        (Reason::FromKubeconfig, user("token: t"), Input::default()),
        (Reason::FirstFile, two("x", "server: 'https://i'"), user("token: t")),
        (Reason::FirstCurrentContext, two("other", "server: h"), user("token: t")),
        (Reason::CurrentContext, user("token: t"), two("other", "server: h")),
        (
            Reason::FromContext,
            user("token: t"),
            user("").flags(|flags| {
                (flags.cluster, flags.user) = ("c".into(), "u".into());
                flags.namespace = "n".into();
            }),
        ),
        (
            Reason::DefaultNamespace,
            user("token: t").replace(", namespace: ns", ""),
            user("token: t"),
        ),
        (
            Reason::DefaultServer,
            of("tls-server-name: t", "").flags(|flags| flags.default_server = "https://d".into()),
            user("").flags(|flags| flags.default_server = "https://d".into()),
        ),
        (Reason::PodServer, Input::default().pod(), user("token: t")),
        (Reason::PodNamespace, Input::default().pod(), user("token: t")),
        (
            Reason::FromPod,
            Input::default().pod().file(
                &[FOLDER, "ca.crt"].concat(),
                include_str!("../../../tests/vectors/certificates/p256.crt"),
            ),
            of(insecure, "token: t"),
        ),
        (Reason::EntryMasked, two("x", "proxy-url: 'http://p'"), two("x", "server: h")),
        (
            Reason::OtherServer,
            of("server: 'https://h', tls-server-name: t", "")
                .flags(|flags| flags.server = "https://i".into()),
            of("server: 'https://h', tls-server-name: t", ""),
        ),
        (
            Reason::TrustReplaced,
            of(insecure, "").flags(|flags| flags.certificate_authority = "/ca".into()),
            of(insecure, ""),
        ),
    ]
}

fn of_credentials() -> Vec<(Reason, Input, Input)> {
    let policy = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n\
                  credentialPluginPolicy: AllowAll\n";
    let kuberc = |user_fields: &str| Input { kuberc: Some(policy), ..user(user_fields) };
    let pair = "client-certificate: /crt, client-key: /key";
    vec![
        (Reason::Policy, kuberc(EXEC), kuberc("token: t")),
        (Reason::Header, user("token: t"), user(EXEC)),
        (Reason::UrlUser, of("server: 'https://me:pw@h'", ""), user("username: me")),
        (Reason::Fallback, user("token: t, tokenFile: /t"), user("tokenFile: /t")),
        (Reason::TokenFileFirst, user("token: t, tokenFile: /t"), user("tokenFile: /t")),
        (Reason::Plugin, user(EXEC), user(&format!("{EXEC}, token: t"))),
        (Reason::Provider, user(OIDC), user(&format!("{OIDC}, token: t"))),
        (Reason::Certificate, user(pair), user("client-key: /key")),
        (Reason::Impersonates, user("as: ann"), user("token: t")),
        (Reason::Impersonated, user("as: ann, as-uid: '1'"), user("as: ann")),
    ]
}

fn of_ignored() -> Vec<(Reason, Input, Input)> {
    let alpha = EXEC.replace("v1,", "v1alpha1,");
    vec![
        (Reason::NothingToImpersonate, user("as-uid: '1'"), user("as: ann, as-uid: '1'")),
        (Reason::InClear, of("server: 'http://h'", "token: t"), user("token: t")),
        (Reason::NoUsername, user("password: p"), user("username: me, password: p")),
        (
            Reason::NoCertificate,
            user("client-key: /key"),
            user("client-certificate: /crt, client-key: /key"),
        ),
        (Reason::Unusable, user(&alpha), user(&format!("{EXEC}, token: t"))),
        // Nothing else leads there: it is what is said if all else fails.
    ]
}

fn of_replaced() -> Vec<(Reason, Input, Input)> {
    let with = |fields: &str| user(&format!("{EXEC}, {fields}"));
    let pair = "client-certificate: /crt, client-key: /key";
    let url = "server: 'https://me:pw@h'";
    vec![
        (Reason::UrlUserFirst, of(url, EXEC), of(url, "")),
        (Reason::TokenFirst, with("token: t"), with("tokenFile: /t")),
        (Reason::TokenFileInstead, with("tokenFile: /t"), with("token: t")),
        (Reason::UsernameFirst, with("username: me"), with("token: t")),
        (Reason::ProviderFirst, with(OIDC), user(OIDC)),
        (Reason::CertificateFirst, with(pair), with("client-key: /key")),
    ]
}

#[test]
fn each_reason_is_given_where_it_is_true_and_not_where_it_almost_is() {
    let cases = cases();
    let told: BTreeSet<Reason> = cases.iter().map(|(reason, ..)| *reason).collect();
    let untold: Vec<_> = Reason::ALL.iter().filter(|reason| !told.contains(reason)).collect();
    assert_eq!(untold, [&Reason::NotUsed], "reasons without a case");
    let mut wrong = Vec::new();
    for (reason, has, almost) in cases {
        let (has, almost) = (reasons(has), reasons(almost));
        if !has.contains(reason.as_str()) {
            wrong.push(format!("{reason:?} is not given: {has:#?}"));
        }
        if almost.contains(reason.as_str()) {
            wrong.push(format!("{reason:?} is given: {almost:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A plugin of a version that is gone is not run, and nothing is used instead of it.
#[test]
fn ex_1_no_reason_is_invented_for_what_cannot_be_used() {
    let alpha = EXEC.replace("v1,", "v1alpha1,");
    for fields in [alpha.clone(), format!("{alpha}, client-key: /key")] {
        let explanation = user(&fields).explained();
        let exec = explanation.credentials.iter().find(|setting| setting.name == "exec").unwrap();
        assert_eq!((exec.used, exec.reason.as_str()), (false, Reason::Unusable.as_str()));
    }
}
