//! Things that have a name and are no file, or no file that anybody would want to read, in the place
//! of each file that the program reads.

use super::{Expected, LITTLE, none, run};
use crate::stage::{CANARY, Stage};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use tokio::process::Child;

/// A kubeconfig may have 16 MiB: those, the last step of a buffer on its way there, and the program.
const MUCH: u64 = 64;

/// What stands in the place of a file, by its path.
struct Things {
    /// With the reason why a kubeconfig is not read from it, and why nothing else is.
    each: Vec<(String, &'static str, &'static str)>,
    _writer: Child,
    _socket: UnixListener,
}

impl Things {
    fn new(stage: &Stage) -> Self {
        let folder = stage.folder.path();
        let at = |name: &str| folder.join(name).to_str().expect("text").to_owned();
        for name in ["lonely", "endless"] {
            mknodat(CWD, folder.join(name), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        }
        let sh = "while :; do cat /dev/zero >endless; done";
        let mut writer = crate::stage::clean("/bin/sh".as_ref(), folder);
        let writer = crate::stage::start(writer.args(["-c", sh]));
        let socket = UnixListener::bind(at("socket")).unwrap();
        symlink("loop", at("loop")).unwrap();
        File::create(at("sparse")).unwrap().set_len(100 << 20).unwrap();
        let mut dense = File::create(at("dense")).unwrap();
        for _ in 0..100 {
            dense.write_all(&vec![b'#'; 1 << 20]).unwrap();
        }
        let (large, irregular) = ("more than", "not a regular file");
        let things = [
            (at("lonely"), "no process writes to this pipe", irregular),
            (at("endless"), large, irregular),
            (at("sparse"), large, large),
            (at("dense"), large, large),
            (at("socket"), "No such device", irregular),
            (at("loop"), "symbolic link", "symbolic link"),
            (at(""), "Is a directory", irregular),
            ("/dev/zero".to_owned(), large, irregular),
            ("/dev/urandom".to_owned(), large, irregular),
            ("/proc/self/mem".to_owned(), "Input/output error", "Input/output error"),
        ];
        Self { each: things.into(), _writer: writer, _socket: socket }
    }
}

#[tokio::test]
async fn a_kubeconfig_that_is_no_file_is_refused() {
    let stage = Stage::new().await;
    let mut faults = Vec::new();
    for (path, reason, _) in &Things::new(&stage).each {
        let arguments = ["get", "/version", "--kubeconfig", path];
        let ended = run(&stage, &format!("kubeconfig {path}"), MUCH, &arguments).await;
        Expected::new(3, &[path, reason]).check(path, &ended, &mut faults);
    }
    none(&faults);
}

#[tokio::test]
async fn a_file_to_embed_that_is_no_file_is_refused() {
    let stage = Stage::new().await;
    stage.kubeconfig_with(json!({}), json!({}));
    let before = std::fs::read(stage.folder.path().join("config")).unwrap();
    let mut faults = Vec::new();
    for (path, reason, _) in &Things::new(&stage).each {
        let (flag, case) = ("--certificate-authority", format!("embed {path}"));
        let arguments = ["config", "set-cluster", "here", "--embed-certs", flag, path];
        let ended = run(&stage, &case, MUCH, &arguments).await;
        Expected::new(3, &[flag, path, reason]).check(&case, &ended, &mut faults);
    }
    none(&faults);
    assert_eq!(std::fs::read(stage.folder.path().join("config")).unwrap(), before);
}

#[tokio::test]
async fn a_credential_or_authority_that_is_no_file_is_refused() {
    let stage = Stage::new().await;
    stage.write_pair(&stage.server.authority().client("ann", &[]));
    let mut faults = Vec::new();
    for (path, _, reason) in &Things::new(&stage).each {
        let users = [
            ("token", 4, json!({}), json!({ "tokenFile": path })),
            (
                "client certificate",
                4,
                json!({}),
                json!({ "client-certificate": path, "client-key": "client.key" }),
            ),
            (
                "client key",
                4,
                json!({}),
                json!({ "client-certificate": "client.crt", "client-key": path }),
            ),
            (
                "certificate authority",
                3,
                json!({ "certificate-authority": path }),
                json!({ "token": CANARY }),
            ),
        ];
        for (role, code, cluster, user) in users {
            stage.kubeconfig_with(cluster, user);
            let case = format!("{role} {path}");
            let ended = run(&stage, &case, LITTLE, &["get", "/version"]).await;
            Expected::new(code, &[role, path, reason]).check(&case, &ended, &mut faults);
        }
    }
    assert_eq!(stage.server.counters().requests, 0);
    none(&faults);
}

#[tokio::test]
async fn a_credential_or_authority_that_is_no_text_is_refused() {
    let stage = Stage::new().await;
    stage.write_pair(&stage.server.authority().client("ann", &[]));
    let chain = stage.server.authority().certificate_pem().repeat(10_000);
    let contents: [(&str, Vec<u8>); 8] = [
        ("empty", b"".into()),
        ("blanks", vec![b'\n'; 900_000]),
        ("nul", [CANARY.as_bytes(), b"\0", CANARY.as_bytes()].concat()),
        ("zeros", vec![0; 900_000]),
        ("utf-16", CANARY.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("lines", [CANARY, "\n"].concat().repeat(20_000).into_bytes()),
        ("blocks", b"-----BEGIN CERTIFICATE-----\n".repeat(30_000)),
        ("chain", chain.into_bytes()),
    ];
    let mut faults = Vec::new();
    for (content, bytes) in contents {
        let path = stage.folder.path().join(content);
        std::fs::write(&path, bytes).unwrap();
        let path = path.to_str().unwrap();
        for (role, code, cluster, user) in [
            ("token", 4, json!({}), json!({ "tokenFile": path })),
            (
                "client certificate",
                4,
                json!({}),
                json!({ "client-certificate": path, "client-key": "client.key" }),
            ),
            (
                "client key",
                4,
                json!({}),
                json!({ "client-certificate": "client.crt", "client-key": path }),
            ),
            ("certificate authority", 3, json!({ "certificate-authority": path }), json!({})),
        ] {
            if (role, content) == ("certificate authority", "empty") {
                continue; // trusts nobody (UA-33)
            }
            stage.kubeconfig_with(cluster, user);
            let case = format!("{role} {content}");
            let ended = run(&stage, &case, LITTLE, &["get", "/version"]).await;
            Expected::new(code, &[role, path]).check(&case, &ended, &mut faults);
        }
    }
    assert_eq!(stage.server.counters().requests, 0);
    none(&faults);
}
