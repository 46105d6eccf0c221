//! `kubecred config explain`, as people see it.

use std::process::Command;
use tempfile::TempDir;

const OURS: &str = "\
current-context: prod
contexts:
- name: prod
  context: {cluster: east, user: ann}
clusters:
- name: east
  cluster:
    server: https://east.example:6443
    insecure-skip-tls-verify: true
users:
- name: ann
  user:
    token: eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDAwMDB9.c2ln
    exec:
      command: aws
      args: [eks, get-token]
      apiVersion: client.authentication.k8s.io/v1
      interactiveMode: Never
";

const THEIRS: &str = "\
current-context: staging
clusters:
- name: east
  cluster: {server: 'https://old.example', proxy-url: 'http://me:pw@proxy:3128'}
";

const EXPECTED: &str = r#"Kubeconfig, named by KUBECONFIG
  read     ours
  read     theirs
  missing  gone
  These files count: KUBECONFIG names the files, and no other is read (KC-2)

Settings
  context                   prod
                            ours:1: the first file that has a current-context
                            decides (KC-33)
                            masks staging, theirs:1
  cluster                   east
                            ours:4, context "prod": the context names it (KC-42)
  server                    https://east.example:6443
                            ours:8, cluster "east": of several files with the
                            entry the first counts (KC-32)
                            masks https://old.example, theirs:4, cluster "east"
  insecure-skip-tls-verify  true
                            ours:9, cluster "east": no flag says otherwise
                            (KC-62)
  user                      ann
                            ours:4, context "prod": the context names it (KC-42)
  namespace                 shop
                            --namespace: the flag goes before the context
                            (KC-82)

Settings without effect
  proxy-url  http://***@proxy:3128
             theirs:4, cluster "east": an earlier file has the entry, and only
             that one counts (KC-32)

Credentials
  token  (hidden) a JWT until 2023-11-14T22:13:20Z
         ours:13, user "ann": it makes the header, before any plugin (UA-2)

Credentials without effect
  exec  aws (and 2 arguments)
        ours:14, user "ann": the token goes before it, and the plugin is not run
        (UA-3)

Found 1 error, 1 warning, 3 notes
  error    expired-token: the token ended at 2023-11-14T22:13:20Z, as it says
           itself (not verified) (OI-12)
           ours:13, user "ann"
           Get a new one: the server refuses this one.
  warning  insecure: the server is not verified: whoever answers gets the
           credential (UA-31)
           ours:9, cluster "east"
           Name its authority with certificate-authority instead.
  note     plugin-not-run: user "ann" has a token, so that its exec plugin is
           not run (UA-3)
           ours:14, user "ann"
  note     missing-file: gone is not there (KC-8)
           $KUBECONFIG
  note     masked-entry: cluster "east" is not used: the one in ours goes before
           it (KC-32)
           theirs:3, cluster "east"
           Rename one of them if both are meant.
"#;

#[test]
fn the_whole_page() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    for (name, text) in [("ours", OURS), ("theirs", THEIRS)] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubecred"));
    command.args(["config", "explain", "--namespace=ns/shop"]).current_dir(folder.path());
    command.env_clear().env("KUBECONFIG", "ours:theirs:gone");
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), EXPECTED);
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(3), &b""[..]));
}
