//! The wire between a host and its machine: what is written reads back the same, and is spelled as
//! it always was.

use kubecred_core::protocol::{
    EnvVar, Exit, FileBytes, HttpResponse, Method, Provide, Provided, ReadFile, RunCommand,
    SendRequest, SetHeaders, SlotName, Stdin, Tls, TrustAnchors, WriteFile, Written,
};
use kubecred_core::{
    Action, ActionId, ContentProblem, Error, Event, Failure, FailureKind, FileRole, Generation,
    Header, Identity, Input, Instant, Job, Now, OutputProblem, PluginProblem, Profile,
    ProviderProblem, Proxy, Reply, SaveProblem, Secret, UnixTime,
};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use std::time::Duration;
use world::script::Script;
use world::{Run, Span, Step, World, profiles};

fn text<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> String {
    let text = serde_json::to_string(value).expect("it serialises");
    let back: T = serde_json::from_str(&text).expect("it reads back");
    assert_eq!(&back, value);
    text
}

fn id() -> ActionId {
    ActionId::from_u64(3)
}

fn job<R>(request: R) -> Job<R> {
    Job { id: id(), request }
}

fn complete(reply: Reply) -> Input {
    Input::Complete(kubecred_core::Completion { id: id(), outcome: Ok(reply) })
}

#[test]
fn every_input_reads_back_as_it_was() {
    let bytes = || Secret::new([0, 255, 10]);
    let inputs = [
        (Input::Tick, r#""tick""#),
        (Input::Demand, r#""demand""#),
        (Input::DemandConnection, r#""demand-connection""#),
        (Input::Close, r#""close""#),
        (Input::Reject(Generation::from_u64(7)), r#"{"reject":7}"#),
        (
            complete(Reply::File(FileBytes(bytes()))),
            r#"{"complete":{"id":3,"outcome":{"Ok":{"file":"AP8K"}}}}"#,
        ),
        (
            complete(Reply::Exit(Exit { code: -1, stdout: bytes() })),
            r#"{"complete":{"id":3,"outcome":{"Ok":{"exit":{"code":-1,"stdout":"AP8K"}}}}}"#,
        ),
        (
            complete(Reply::Http(HttpResponse::new(200, bytes()))),
            r#"{"complete":{"id":3,"outcome":{"Ok":{"http":{"status":200,"headers":[],"body":"AP8K"}}}}}"#,
        ),
        (
            complete(Reply::Provided(Provided {
                token: bytes(),
                expires: Some(UnixTime::from_millis(5)),
            })),
            r#"{"complete":{"id":3,"outcome":{"Ok":{"provided":{"token":"AP8K","expires":5}}}}}"#,
        ),
        (
            complete(Reply::Written(Written)),
            r#"{"complete":{"id":3,"outcome":{"Ok":{"written":null}}}}"#,
        ),
        (
            job(ReadFile { path: "/t".into(), limit: 1 })
                .done(Err(Failure::new(FailureKind::NotFound, "gone"))),
            r#"{"complete":{"id":3,"outcome":{"Err":{"kind":"not-found","detail":"gone"}}}}"#,
        ),
    ];
    for (input, wire) in inputs {
        assert_eq!(text(&input), wire);
    }
}

#[test]
fn every_kind_of_failure_has_its_name() {
    use FailureKind::{Conflict, Denied, Network, NotFound, Other};
    use FailureKind::{TimedOut, TooLarge, Unsupported};
    let kinds = [Conflict, Denied, Network, NotFound, Other, TimedOut, TooLarge, Unsupported];
    let names: Vec<String> = kinds.iter().map(text).collect();
    let expected = [
        "conflict",
        "denied",
        "network",
        "not-found",
        "other",
        "timed-out",
        "too-large",
        "unsupported",
    ];
    assert_eq!(names, expected.map(|name| format!("\"{name}\"")));
}

fn actions() -> Vec<(Action, &'static str)> {
    let header = Header { name: "authorization".into(), value: "x".into() };
    let identity = Identity { certificate: "c".into(), key: "k".into() };
    vec![
        (
            Action::ReadFile(job(ReadFile { path: "/t".into(), limit: 9 })),
            r#"{"read-file":{"id":3,"request":{"path":"/t","limit":9}}}"#,
        ),
        (
            Action::RunCommand(job(RunCommand {
                program: "p".into(),
                args: vec!["a".into()],
                env: vec![EnvVar { name: "N".into(), value: "v".into() }],
                stdin: Stdin::Null,
                allowlist: Some(vec!["p".into()]),
                limit: 9,
            })),
            r#"{"run-command":{"id":3,"request":{"program":"p","args":["a"],"env":[{"name":"N","value":"dg=="}],"stdin":"null","allowlist":["p"],"limit":9}}}"#,
        ),
        (
            Action::SendRequest(job(SendRequest {
                method: Method::Post,
                url: "https://i/t".into(),
                headers: vec![header.clone()],
                body: "b".into(),
                tls: Tls {
                    roots: TrustAnchors::Pem("r".into()),
                    identity: Some(identity),
                    server_name: Some("s".into()),
                    insecure_skip_verify: true,
                },
                proxy: Proxy::Url("http://p".into()),
                limit: 9,
            })),
            r#"{"send-request":{"id":3,"request":{"method":"POST","url":"https://i/t","headers":[{"name":"authorization","value":"eA=="}],"body":"Yg==","tls":{"roots":{"pem":"cg=="},"identity":{"certificate":"Yw==","key":"aw=="},"server_name":"s","insecure_skip_verify":true},"proxy":{"url":"http://p"},"limit":9}}}"#,
        ),
        (
            Action::WriteFile(job(WriteFile {
                path: "/w".into(),
                contents: "c".into(),
                mode: 0o600,
                replaces: None,
            })),
            r#"{"write-file":{"id":3,"request":{"path":"/w","contents":"Yw==","mode":384,"replaces":null}}}"#,
        ),
        (
            Action::WriteFile(job(WriteFile {
                path: "/w".into(),
                contents: "c".into(),
                mode: 0o600,
                replaces: Some("b".into()),
            })),
            r#"{"write-file":{"id":3,"request":{"path":"/w","contents":"Yw==","mode":384,"replaces":"Yg=="}}}"#,
        ),
        (
            Action::Provide(job(Provide { provider: "vault".into(), limit: 9 })),
            r#"{"provide":{"id":3,"request":{"provider":"vault","limit":9}}}"#,
        ),
        (Action::Cancel(id()), r#"{"cancel":3}"#),
        (Action::RefreshAt(Instant::from_millis(5)), r#"{"refresh-at":5}"#),
        (
            Action::SetHeaders(SetHeaders {
                generation: Generation::from_u64(2),
                headers: vec![header],
                expires: Some(UnixTime::from_millis(-5)),
                reconnect: true,
            }),
            r#"{"set-headers":{"generation":2,"headers":[{"name":"authorization","value":"eA=="}],"expires":-5,"reconnect":true}}"#,
        ),
        (
            Action::Report(Event::Withdrawn {
                slot: SlotName::Authorization,
                generation: Generation::from_u64(2),
            }),
            r#"{"report":{"withdrawn":{"slot":"authorization","generation":2}}}"#,
        ),
    ]
}

#[test]
fn every_action_reads_back_as_it_was() {
    for (action, wire) in actions() {
        assert_eq!(text(&action), wire);
    }
}

#[test]
fn every_event_and_error_reads_back_as_it_was() {
    let failure = || Failure::new(FailureKind::Other, "no");
    let problems = [
        PluginProblem::NotATerminal,
        PluginProblem::StdinUnavailable("used".into()),
        PluginProblem::NotAllowed("no".into()),
        PluginProblem::NotFound,
        PluginProblem::NotRun(failure()),
        PluginProblem::TimedOut(Duration::from_millis(1500)),
        PluginProblem::TooLarge(9),
        PluginProblem::Exit(-1),
        PluginProblem::Output(OutputProblem::NoStatus),
        PluginProblem::Output(OutputProblem::Pair(FileRole::ClientKey, ContentProblem::NoPem)),
        PluginProblem::Output(OutputProblem::Token(ContentProblem::NotHeaderText)),
    ];
    let plugin = |problem| Error::Plugin {
        user: "u".into(),
        command: "c".into(),
        problem,
        hint: Some("h".into()),
    };
    let (role, path, problem) = (FileRole::Token, "/t".to_owned(), ContentProblem::Empty);
    let mut errors: Vec<Error> = problems.into_iter().map(plugin).collect();
    errors.extend([Error::Rejected, Error::WrongReply]);
    for problem in [ProviderProblem::NotProvided(failure()), ProviderProblem::Token(problem)] {
        errors.push(Error::Provider { provider: "vault".into(), problem });
    }
    errors.extend(oidc_errors());
    errors.push(Error::File { role, path: path.clone(), failure: failure() });
    errors.push(Error::FileContent { role, path, problem });
    errors.push(Error::Data { role: FileRole::Basic, user: "u".into(), problem });
    for error in errors {
        let (slot, retry_at) = (SlotName::Identity, UnixTime::from_millis(9));
        text(&Event::Failed { slot, error, retry_at, serving: true });
    }
    let generation = Generation::from_u64(1);
    text(&Event::Rejected { generation });
    let slot = SlotName::Roots;
    text(&Event::Renewed { slot, generation, expires: Some(UnixTime::from_millis(1)) });
    text(&Event::ClockSkew { slot, millis: 5 });
    text(&Event::Saved { path: "/k".into() });
    for problem in [
        SaveProblem::NotRead(failure()),
        SaveProblem::NotWritten(failure()),
        SaveProblem::NotEdited("line 1".into()),
        SaveProblem::WrongReply,
    ] {
        let error = Error::NotSaved { user: "u".into(), path: "/k".into(), problem };
        text(&Event::NotSaved { error, retry_at: Some(UnixTime::from_millis(9)) });
    }
    assert_eq!(text(&Now::from_millis(1, -2)), r#"{"monotonic":1,"wall":-2}"#);
}

fn oidc_errors() -> Vec<Error> {
    use kubecred_core::{Endpoint, IdTokenProblem, OidcProblem, OidcStep};
    let (step, detail) = (OidcStep::Refresh, "at line 1".to_owned());
    let content = IdTokenProblem::Content(ContentProblem::NotHeaderText);
    let failure = Failure::new(FailureKind::Network, "no");
    let problems = [
        OidcProblem::NoRefreshToken,
        OidcProblem::IdToken(content),
        OidcProblem::NewIdToken(IdTokenProblem::NoExpiry),
        OidcProblem::BadIssuer,
        OidcProblem::InClear(Endpoint::Token),
        OidcProblem::NotSent { step: OidcStep::Discovery, failure },
        OidcProblem::Status { step, status: 404, message: String::from("no such realm") },
        OidcProblem::Malformed { step, detail },
        OidcProblem::NoTokenEndpoint,
        OidcProblem::Refused { code: "invalid_grant".into(), description: "d".into() },
        OidcProblem::NoIdToken,
    ];
    let error = |problem| Error::Oidc { user: "u".into(), issuer: "https://i".into(), problem };
    problems.into_iter().map(error).collect()
}

#[test]
fn times_and_ids_survive_readers_that_know_only_doubles() {
    // 2^53 ms is a quarter of a million years.
    let last = (1_u64 << 53) - 1;
    for number in [0, 1, last] {
        assert_eq!(text(&Instant::from_millis(number)), number.to_string());
        let id: ActionId = ActionId::from_u64(number);
        assert_eq!(text(&id), number.to_string());
    }
}

#[test]
fn every_profile_reads_back_as_it_was() {
    for (_, profile) in profiles::all() {
        text(&profile);
    }
}

#[test]
fn a_scenario_can_be_written_down_and_played_again() {
    let mut world = World::new(&profiles::exec());
    world.program("login", &[Run::token("first").living(1.h()), Run::exit(1), Run::token("x")]);
    world.request().is("200 as first");
    world.at(50.minutes()).request();
    world.perform(Step::Suspend(5_000));
    world.revoke("first").request();
    world.perform(Step::Close);
    let steps: Vec<Step> =
        serde_json::from_str(&text(&world.steps().to_vec())).expect("it reads back");
    let mut again = World::new(&profiles::exec());
    again.replay(&steps);
    assert_eq!(again.transcript().as_str(), world.transcript().as_str());
}

#[test]
fn two_hundred_random_scripts_speak_only_the_wire() {
    for seed in 0..200 {
        // The eleventh law is checked for each input and action on the way.
        world::laws::hold(&Script::random(1_000_000 + seed, 20));
    }
}

#[test]
fn ex_4_an_unknown_mode_cannot_be_told_over_the_wire() {
    let written = serde_json::to_string(&profiles::exec()).expect("it is written");
    assert!(written.contains("\"Never\""), "{written}");
    for mode in ["\"Sometimes\"", "\"never\"", "\"\"", "null"] {
        let changed = written.replace("\"Never\"", mode);
        assert!(serde_json::from_str::<Profile>(&changed).is_err(), "{mode}");
    }
}
