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
  KUBECONFIG is set; ~/.kube/config is ignored

Settings
  context                   prod # ours:1: the first file that has a current-context
                            # overrides staging, theirs:1
  cluster                   east # ours:4, context "prod": set by the context
  server                    https://east.example:6443 # ours:8, cluster "east": from the first file that has this entry
                            # overrides https://old.example, theirs:4, cluster "east"
  insecure-skip-tls-verify  true # ours:9, cluster "east": from the kubeconfig
  user                      ann # ours:4, context "prod": set by the context
  namespace                 shop # --namespace: set by a flag

Settings without effect
  proxy-url  http://***@proxy:3128 # theirs:4, cluster "east": an earlier file has this entry, and entries are not merged

Credentials
  token  (hidden) JWT, expires 2023-11-14T22:13:20Z # ours:13, user "ann": sent as `Authorization`; an exec plugin would be ignored

Credentials without effect
  exec  aws eks get-token # ours:14, user "ann": the token is used instead

Found 1 error, 1 warning, 3 notes
  error    ours:13, user "ann": the token expired at 2023-11-14T22:13:20Z by its own exp claim (not verified). Get a new one. [expired-token]
  warning  ours:9, cluster "east": the server's certificate is not verified: anyone who answers gets the credentials. Set certificate-authority instead. [insecure]
  note     ours:14, user "ann": has a token, so its exec plugin is not run [plugin-not-run]
  note     $KUBECONFIG: gone does not exist [missing-file]
  note     theirs:3, cluster "east": is not used; the one in ours is. Rename one of them to use both. [masked-entry]
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

#[test]
fn rules_are_named_with_v_and_listed_with_rules() {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubecred"));
        command.args(["config", "explain"]).args(arguments).env_clear();
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(!run(&[]).contains("KC-"), "{}", run(&[]));
    assert!(run(&["-v"]).contains("and not running in a pod (KC-60)"), "{}", run(&["-v"]));
    let rules = run(&["--rules"]);
    assert!(rules.lines().any(|line| line.starts_with("KC-60 ")), "{rules}");
}
