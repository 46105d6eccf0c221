//! Generated kubeconfigs and flags: an explanation never says anything else than what is done.

use crate::{Files, all, detected, explained, used};
use kubecred_core::kubeconfig::explain::{Explanation, RULES, Reason, Severity, Source};
use kubecred_core::{
    Authorization, Environment, Material, Origin, Overrides, Profile, Proxy, Roots, Secret,
};
use std::collections::{BTreeMap, BTreeSet};

const RUNS: u64 = 800;

/// Stands wherever a secret can.
const CANARY: &str = "hushhush";

/// Xorshift: the same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// Some of the fields, each as likely as it says.
    fn fields(&mut self, fields: &[(usize, &str)]) -> String {
        let chosen: Vec<&str> =
            fields.iter().filter(|(percent, _)| self.chance(*percent)).map(|(_, f)| *f).collect();
        format!("{{{}}}", chosen.join(", "))
    }
}

const SERVERS: &[&str] = &[
    "server: 'https://h:6443'",
    "server: 'https://h/k8s?x=1'",
    "server: 'https://me:hushhush@h'",
    "server: 'h:8080'",
    "server: 'http://h'",
    "server: 'ftp://h'",
];

const NAMES: &[&str] = &["a", "b", "c"];

fn file(random: &mut Random) -> String {
    let mut text = String::new();
    if random.chance(80) {
        text += &format!("current-context: {}\n", random.pick(NAMES));
    }
    text += &list(random, "context", context);
    text += &list(random, "cluster", cluster);
    text += &list(random, "user", user);
    if random.chance(2) {
        text += "nonsense: [\n";
    }
    text
}

fn list(random: &mut Random, kind: &str, body: fn(&mut Random) -> String) -> String {
    let mut text = format!("{kind}s:\n");
    for name in NAMES {
        if random.chance(75) {
            text += &format!("- name: {name}\n  {kind}: {}\n", body(random));
        }
    }
    text
}

fn context(random: &mut Random) -> String {
    let cluster = format!("cluster: {}", random.pick(NAMES));
    let user = format!("user: {}", random.pick(NAMES));
    let namespace = format!("namespace: {}", random.pick(&["ns", "shop", "Bad"]));
    random.fields(&[(95, &cluster), (90, &user), (50, &namespace)])
}

fn cluster(random: &mut Random) -> String {
    let server = random.pick(SERVERS);
    random.fields(&[
        (97, server),
        (20, "certificate-authority: ca.crt"),
        (10, "certificate-authority-data: aHVzaGh1c2g="),
        (15, "insecure-skip-tls-verify: true"),
        (20, "tls-server-name: t"),
        (20, "proxy-url: 'http://me:hushhush@p:1'"),
        (20, "disable-compression: true"),
    ])
}

fn user(random: &mut Random) -> String {
    let exec = format!(
        "exec: {{command: {}, args: [--token=hushhush, --password, hushhush], env: [{{name: E, value: hushhush}}], \
         apiVersion: client.authentication.k8s.io/{}{}}}",
        random.pick(&["login", "./login", "missing-login"]),
        random.pick(&["v1", "v1beta1", "v1alpha1"]),
        random.pick(&["", ", interactiveMode: Never", ", interactiveMode: Always"]),
    );
    let provider = format!(
        "auth-provider: {{name: {}, config: {{client-id: c, idp-issuer-url: 'https://i', \
         refresh-token: hushhush}}}}",
        random.pick(&["oidc", "oidc", "gcp"]),
    );
    random.fields(&[
        (20, "token: hushhush"),
        (20, "tokenFile: tok"),
        (12, "username: hushhush"),
        (12, "password: hushhush"),
        (25, &exec),
        (8, &provider),
        (15, "client-certificate: crt"),
        (10, "client-certificate-data: aHVzaGh1c2g="),
        (17, "client-key: key"),
        (10, "client-key-data: aHVzaGh1c2g="),
        (15, "as: joe"),
        (8, "as-uid: '7'"),
        (8, "as-groups: [g]"),
        (8, "as-user-extra: {k: [hushhush], l: [m]}"),
    ])
}

fn overrides(random: &mut Random) -> Overrides {
    let mut text = |percent, choices: &[&str]| match random.chance(percent) {
        true => random.pick(choices).to_owned(),
        false => String::new(),
    };
    let mut overrides = Overrides {
        context: text(10, NAMES),
        cluster: text(10, NAMES),
        user: text(10, NAMES),
        namespace: text(15, &["other"]),
        server: text(15, &["https://flag", "flag:1"]),
        tls_server_name: text(8, &["flag"]),
        certificate_authority: text(8, &["flag.crt"]),
        proxy_url: text(8, &["http://flag:1"]),
        client_certificate: text(8, &["flag.crt"]),
        client_key: text(8, &["flag.key"]),
        token: text(10, &[CANARY]).into(),
        token_file: text(5, &["flag.tok"]),
        impersonate_user: text(10, &["ann"]),
        impersonate_uid: text(5, &["1"]),
        username: text(6, &[CANARY]),
        password: Secret::from(text(6, &[CANARY])),
        default_server: text(20, &["https://default"]),
        ..Overrides::default()
    };
    overrides.insecure_skip_tls_verify = random.chance(8);
    overrides.disable_compression = random.chance(8);
    overrides.strict = random.chance(10);
    if random.chance(8) {
        overrides.impersonate_groups = vec!["flag".into()];
        overrides.impersonate_extra = BTreeMap::from([("k".into(), vec!["v".into()])]);
    }
    overrides
}

/// The settings that a profile was made of, as seen from the profile.
fn made_of(profile: &Profile) -> BTreeSet<&'static str> {
    let (cluster, who) = (&profile.cluster, &profile.authentication);
    let certificate = who.certificate.as_ref();
    let material = |material: &Material, file, data| match material {
        Material::File(_) => file,
        Material::Data(_) => data,
    };
    let mut names = BTreeSet::from(["server", "namespace"]);
    let mut add = |name, given: bool| {
        if given {
            names.insert(name);
        }
    };
    add("context", profile.context.is_some());
    add("cluster", !cluster.name.is_empty());
    add("user", !who.user.is_empty());
    add("certificate-authority", matches!(cluster.roots, Roots::File(_)));
    add("certificate-authority-data", matches!(cluster.roots, Roots::Pem(_)));
    add("tls-server-name", cluster.tls_server_name.is_some());
    add("insecure-skip-tls-verify", cluster.insecure_skip_tls_verify);
    add("proxy-url", matches!(cluster.proxy, Proxy::Url(_)));
    add("disable-compression", cluster.disable_compression);
    if let Some(pair) = certificate {
        let name = material(&pair.certificate, "client-certificate", "client-certificate-data");
        add(name, true);
        add(material(&pair.key, "client-key", "client-key-data"), true);
    }
    match &who.authorization {
        Authorization::Anonymous => {}
        Authorization::Basic { password, .. } => {
            add("username", true);
            add("password", !password.is_empty());
        }
        Authorization::Exec(_) => add("exec", true),
        Authorization::Oidc(_) => add("auth-provider", true),
        Authorization::Token(_) => add("token", true),
        Authorization::Provided(_) => unreachable!("no kubeconfig says so"),
        Authorization::TokenFile { fallback, .. } => {
            add("tokenFile", true);
            add("token", fallback.is_some());
        }
    }
    add("as", !who.impersonation.user.is_empty());
    add("as-uid", !who.impersonation.uid.is_empty());
    add("as-groups", !who.impersonation.groups.is_empty());
    add("as-user-extra", !who.impersonation.extra.is_empty());
    names
}

/// What is shown of a setting, as seen from the profile; `None` for secrets.
fn value(profile: &Profile, name: &str) -> Option<String> {
    let (cluster, who) = (&profile.cluster, &profile.authentication);
    let pair = who.certificate.as_ref();
    let file = |material: &Material| match material {
        Material::File(path) => Some(path.clone()),
        Material::Data(_) => None,
    };
    match (name, &who.authorization) {
        ("context", _) => profile.context.clone(),
        ("cluster", _) => Some(cluster.name.clone()),
        ("user", _) => Some(who.user.clone()),
        ("namespace", _) => Some(profile.namespace.name.clone()),
        ("server", _) => Some(cluster.server.replace("me:hushhush@", "***@")),
        ("tls-server-name", _) => cluster.tls_server_name.clone(),
        ("certificate-authority", _) => match &cluster.roots {
            Roots::File(path) => Some(path.clone()),
            _ => None,
        },
        ("proxy-url", _) => match &cluster.proxy {
            Proxy::Url(url) => Some(url.replace("me:hushhush@", "***@")),
            _ => None,
        },
        ("client-certificate", _) => file(&pair?.certificate),
        ("client-key", _) => file(&pair?.key),
        ("tokenFile", Authorization::TokenFile { path, .. }) => Some(path.clone()),
        ("exec", Authorization::Exec(exec)) => {
            let line = format!("{} --token=*** --password ***, with E", exec.command);
            let is_found = !exec.command.contains("missing-");
            Some(if is_found { format!("{line} (found as /bin/{})", exec.command) } else { line })
        }
        ("as", _) => Some(who.impersonation.user.clone()),
        ("as-uid", _) => Some(who.impersonation.uid.clone()),
        ("as-groups", _) => Some(who.impersonation.groups.join(", ")),
        _ => None,
    }
}

#[test]
fn what_is_said_to_be_used_is_what_is_used() {
    let (mut good, mut bad, mut masked) = (0, 0, 0);
    for seed in 1..=RUNS {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let (first, second) = (file(&mut random), file(&mut random));
        let files = Files::from([("/k/a".to_owned(), first), ("/l/b".to_owned(), second)]);
        let overrides = overrides(&mut random);
        let list = random.pick(&["/k/a:/l/b", "/gone:/l/b:/k/a", "/k/a"]);
        let environment = Environment::new([("KUBECONFIG", list)]).in_directory("/w");
        let explanation = explained(&files, &overrides, &environment);
        let context = || format!("seed {seed}\n{list} {overrides:?}\n{files:#?}\n{explanation:#?}");
        let shown = format!("{explanation:?}");
        assert!(!shown.contains(CANARY) && !shown.contains("aHVzaGh1c2g"), "{}", context());
        match detected(&files, &overrides, &environment) {
            Ok(profile) => {
                good += 1;
                agrees(&explanation, &profile, &context);
            }
            Err(error) => {
                bad += 1;
                let errors = explanation.lints.iter().filter(|l| l.severity == Severity::Error);
                let said: Vec<&str> = errors.map(|lint| lint.message.as_str()).collect();
                for problem in error.problems() {
                    let text = problem.to_string();
                    assert!(said.iter().any(|said| text.ends_with(said)), "{text} {}", context());
                }
            }
        }
        masked += all(&explanation).filter(|setting| !setting.masked.is_empty()).count();
        one_place_each(&explanation, &context);
    }
    // A generator that makes the same all the time would prove nothing.
    assert!(good > 150 && bad > 150 && masked > 150, "{good} {bad} {masked}");
}

fn agrees(explanation: &Explanation, profile: &Profile, context: &dyn Fn() -> String) {
    let names = all(explanation).filter(|setting| setting.used).map(|setting| &*setting.name);
    assert_eq!(names.collect::<BTreeSet<_>>(), made_of(profile), "{}", context());
    for setting in all(explanation).filter(|setting| setting.used) {
        if let Some(value) = value(profile, &setting.name) {
            assert_eq!(setting.value, value, "{} {}", setting.name, context());
        }
        let known = profile.provenance.iter().find(|known| known.setting == setting.name);
        assert_eq!(known.map(|known| &known.origin), Some(&setting.origin), "{}", context());
    }
    assert_ne!(explanation.search.source, Source::Nothing, "{}", context());
    for notice in &profile.notices {
        let said = explanation
            .lints
            .iter()
            .any(|lint| lint.rule == notice.rule && notice.text.ends_with(&lint.message));
        assert!(said, "{notice:?} {}", context());
    }
}

/// No place is heard and masked, or masked twice; and nothing is used and ignored.
fn one_place_each(explanation: &Explanation, context: &dyn Fn() -> String) {
    let mut names = BTreeSet::new();
    for setting in all(explanation) {
        assert!(names.insert(&setting.name), "{} twice {}", setting.name, context());
        let mut places = vec![&setting.origin];
        for masked in &setting.masked {
            assert!(!places.contains(&&masked.origin), "{} {}", setting.name, context());
            places.push(&masked.origin);
        }
        assert!(RULES.iter().any(|(id, _)| *id == setting.rule), "{} {}", setting.rule, context());
        assert!(Reason::ALL.iter().any(|known| known.as_str() == setting.reason), "{}", context());
    }
}

#[test]
fn without_a_flag_what_it_masked_is_heard() {
    let mut compared = 0;
    for seed in 1..=RUNS / 2 {
        let mut random = Random(seed.wrapping_mul(0xD134_2543_DE82_EF95) | 1);
        let (first, second) = (file(&mut random), file(&mut random));
        let files = Files::from([("/k/a".to_owned(), first), ("/l/b".to_owned(), second)]);
        let environment = Environment::new([("KUBECONFIG", "/k/a:/l/b")]).in_directory("/w");
        let with = overrides(&mut random);
        for name in ["namespace", "server", "proxy-url", "as", "context"] {
            let mut without = with.clone();
            match name {
                "namespace" => without.namespace.clear(),
                "server" => without.server.clear(),
                "proxy-url" => without.proxy_url.clear(),
                "as" => without.impersonate_user.clear(),
                _ => without.context.clear(),
            }
            let (Ok(_), Ok(_)) =
                (detected(&files, &with, &environment), detected(&files, &without, &environment))
            else {
                continue;
            };
            if with == without {
                continue;
            }
            let before = explained(&files, &with, &environment);
            let after = explained(&files, &without, &environment);
            let masked = used(&before, name).and_then(|setting| setting.masked.first());
            let heard = used(&after, name).filter(|setting| setting.origin != Origin::Default);
            let place = |origin: &Origin| format!("{origin:?}");
            assert_eq!(
                masked.map(|masked| place(&masked.origin)),
                heard.map(|heard| place(&heard.origin)),
                "{name}, seed {seed} {files:#?} {with:?} {before:#?}"
            );
            compared += 1;
        }
    }
    assert!(compared > 30, "{compared}");
}
