//! No secret shows in what people, logs and transcripts see.
//!
//! Everything secret in the simulated world holds one canary. Each world looks for it in every
//! action that passes, and the laws look for it in every state of the machine; what is left to do
//! here is to bring it to every place where something goes wrong.

use kubecred_core::protocol::{
    Completion, EnvVar, Exit, FileBytes, HttpResponse, Method, SendRequest, SetHeaders, Tls,
    TrustAnchors, WriteFile,
};
use kubecred_core::{
    Action, ActionId, Environment, Event, Generation, Header, Identity, Input, Kubeconfig,
    Overrides, Proxy, Reply, Secret,
};
use world::profiles::{self, CERTIFICATE, KEY, PLUGIN, ROOTS, TOKEN};
use world::{CANARY, Content, Run, Span, World, hides_secrets, secret};

fn canary() -> Secret {
    secret("here").into()
}

#[test]
fn every_profile_hides_its_secrets() {
    for (_, profile) in profiles::all() {
        hides_secrets(&profile);
        let text = serde_json::to_string(&profile).expect("it serialises");
        assert!(!text.contains(CANARY) || text.contains("\"args\""), "only as base64: {text}");
    }
}

#[test]
fn every_input_hides_its_secrets() {
    let replies = [
        Reply::File(FileBytes(canary())),
        Reply::Exit(Exit { code: 0, stdout: canary() }),
        Reply::Http(HttpResponse::new(200, canary())),
    ];
    for reply in replies {
        hides_secrets(&Input::Complete(Completion {
            id: ActionId::from_u64(1),
            outcome: Ok(reply),
        }));
    }
}

#[test]
fn every_action_hides_its_secrets() {
    let id = ActionId::from_u64(1);
    let identity = Identity { certificate: canary(), key: canary() };
    let tls =
        Tls { identity: Some(identity), roots: TrustAnchors::Pem(canary()), ..Tls::default() };
    let header = Header { name: "authorization".into(), value: canary() };
    let send = SendRequest {
        method: Method::Post,
        url: "https://issuer.example/token".into(),
        headers: vec![header.clone()],
        body: canary(),
        tls,
        proxy: Proxy::Url(format!("http://me:{}@proxy:3128", secret("password"))),
        limit: 1,
    };
    let run = kubecred_core::protocol::RunCommand {
        program: "login".into(),
        args: vec![secret("argument")],
        env: vec![EnvVar { name: "KEY".into(), value: canary() }],
        stdin: kubecred_core::protocol::Stdin::Null,
        allowlist: None,
        limit: 1,
    };
    let write =
        WriteFile { path: "/f".into(), contents: canary(), mode: 0o600, replaces: Some(canary()) };
    let set = SetHeaders {
        generation: Generation::from_u64(1),
        headers: vec![header],
        expires: None,
        reconnect: false,
    };
    hides_secrets(&Action::SendRequest(kubecred_core::Job { id, request: send }));
    hides_secrets(&Action::RunCommand(kubecred_core::Job { id, request: run }));
    hides_secrets(&Action::WriteFile(kubecred_core::Job { id, request: write }));
    hides_secrets(&Action::SetHeaders(set));
}

/// What a machine says when it is told this: in errors, events and its own `Debug`.
fn failure_of(world: &mut World) -> String {
    let answer = world.request();
    assert!(answer.as_str().starts_with("error"), "{answer}");
    assert!(!answer.as_str().contains(CANARY), "{answer}");
    hides_secrets(&world.machine);
    let events = world.take_events();
    hides_secrets(&events);
    for event in &events {
        let wire = serde_json::to_string(event).expect("it serialises");
        assert!(!wire.contains(CANARY), "events go to logs: {wire}");
        let Event::Failed { error, .. } = event else { continue };
        assert!(!error.to_string().contains(CANARY), "{error}");
    }
    answer.to_string()
}

#[test]
fn bad_files_do_not_show() {
    let bad = |text: &str| Content::Text(text.replace("CANARY", &secret("in a file")));
    for text in ["CANARY\nCANARY", "CANARY\u{0}"] {
        let mut world = World::new(&profiles::token_file());
        world.file(TOKEN, bad(text));
        failure_of(&mut world);
    }
    let pem = "-----BEGIN CERTIFICATE-----\nCANARY\n-----END CERTIFICATE-----\n";
    for (path, text) in [(KEY, "CANARY"), (CERTIFICATE, "CANARY"), (CERTIFICATE, pem)] {
        let mut world = World::new(&profiles::certificate_files());
        world.file(CERTIFICATE, Content::Certificate("a".into()));
        world.file(KEY, Content::Key("a".into())).file(path, bad(text));
        failure_of(&mut world);
    }
    for text in ["CANARY", pem] {
        let mut world = World::new(&profiles::roots_file());
        world.file(ROOTS, bad(text));
        failure_of(&mut world);
    }
}

#[test]
fn bad_plugin_output_does_not_show() {
    let head = r#""apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential""#;
    let outputs = [
        "CANARY".to_owned(),
        "CANARY: {".into(),
        "{\"CANARY\"".into(),
        format!("{{{head},\"status\":{{\"token\":{{\"CANARY\":1}}}}}}"),
        format!("{{{head},\"status\":{{\"token\":[\"CANARY\"]}}}}"),
        format!("{{{head},\"status\":{{\"token\":\"CANARY\\nCANARY\"}}}}"),
        format!("{{{head},\"status\":{{\"clientKeyData\":\"CANARY\"}}}}"),
        format!(
            "{{{head},\"status\":{{\"clientCertificateData\":\"CANARY\",\"clientKeyData\":\
             \"CANARY\"}}}}"
        ),
        format!("{{{head},\"status\":{{\"token\":\"a\",\"expirationTimestamp\":\"CANARY\"}}}}"),
        format!("{{{head},\"status\":\"CANARY\"}}"),
        format!("{{{head},\"status\":{{\"token\":\"CANARY\"}}}} CANARY"),
        format!("{head},status: {{token: CANARY, CANARY}}"),
        "status: {token: [CANARY\n".into(),
        "\"CANARY".into(),
    ];
    for output in outputs {
        let mut world = World::new(&profiles::exec());
        world.program(PLUGIN, &[Run::print(&output.replace("CANARY", &secret("printed")))]);
        failure_of(&mut world);
    }
    let mut world = World::new(&profiles::exec());
    world.program(PLUGIN, &[Run::exit(3)]);
    assert!(failure_of(&mut world).contains("exit code 3"));
}

#[test]
fn kc_27_bad_kubeconfigs_do_not_show_what_they_hold() {
    let good = |user: &str| {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- name: k\n  cluster: \
             {{server: 'https://api'}}\ncontexts:\n- name: c\n  context: {{cluster: k, user: \
             u}}\nusers:\n- name: u\n  user: {user}\n"
        )
    };
    let bad = [
        good("{token: [CANARY]}"),
        good("{token: {CANARY: 1}}"),
        good("{token: CANARY, username: me, password: CANARY}"),
        good("{client-key-data: CANARY}"),
        good("{client-certificate-data: CANARY, client-key-data: '!CANARY'}"),
        good("{client-key-data: Q0FOQVJZ, client-certificate-data: CANARY}"),
        good("{exec: {command: p, args: CANARY}}"),
        good("{exec: {command: p, env: [{name: '', value: CANARY}]}}"),
        good(
            "{exec: {command: p, apiVersion: v9, args: [CANARY], env: [{name: A, value: CANARY}]}}",
        ),
        good("{auth-provider: {name: gone, config: {id-token: CANARY, refresh-token: CANARY}}}"),
        good("{password: CANARY, as-groups: [g]}"),
        good("\"CANARY"),
        good("CANARY"),
        format!("{}\n  token: &a CANARY\n *b", good("{}")),
    ];
    for text in bad {
        let text = text.replace("CANARY", &secret("configured"));
        let selected = Kubeconfig::from_bytes(text.as_bytes()).map(|config| {
            hides_secrets(&config);
            config.select(&Overrides::default(), &Environment::default())
        });
        match selected {
            Ok(Ok(profile)) => hides_secrets(&profile),
            Ok(Err(error)) | Err(error) => {
                hides_secrets(&error);
                assert!(!error.to_string().contains(CANARY), "{error}");
            }
        }
    }
}

#[test]
fn transcripts_hold_names_in_place_of_secrets() {
    let mut count = 0;
    for entry in std::fs::read_dir(world::Transcript::folder()).expect("the transcripts are there")
    {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(!text.contains(CANARY), "{}", path.display());
        hides_secrets(&text);
        count += 1;
    }
    assert!(count >= 10, "{count} transcripts");
}

#[test]
fn a_day_of_failures_shows_nothing() {
    let mut world = World::new(&profiles::certified(profiles::trusting(profiles::exec())));
    world.file(ROOTS, Content::Roots("a".into()));
    world.file(CERTIFICATE, Content::Certificate("a".into())).file(KEY, Content::Key("b".into()));
    world.program(PLUGIN, &[Run::exit(1), Run::print(&secret("junk")), Run::token("good")]);
    for _ in 0..100 {
        world.pass(30.s()).request();
        hides_secrets(&world.machine);
        hides_secrets(&world.take_events());
    }
}
