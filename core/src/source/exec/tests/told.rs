//! What a plugin is told, and how it reads that.

use super::*;

fn command(exec: &Exec) -> RunCommand {
    request(exec, None, 1 << 20).unwrap()
}

fn info(exec: &Exec, ca: Option<&[u8]>) -> String {
    let command = request(exec, ca, 1 << 20).unwrap();
    let last = command.env.last().unwrap();
    assert_eq!(last.name, KUBERNETES_EXEC_INFO);
    last.value.expose_str().unwrap().to_string()
}

fn with_cluster(cluster: ExecCluster) -> Exec {
    Exec { cluster: Some(cluster), ..Exec::new("x") }
}

fn pair(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.into(), value: value.into() }
}

#[test]
fn ex_31_minimal_form_is_byte_for_byte() {
    assert_eq!(
        info(&Exec::new("x"), None),
        "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\
         \"spec\":{\"interactive\":false}}\n"
    );
    let beta = Exec { api_version: ExecApiVersion::V1Beta1, ..Exec::new("x") };
    assert_eq!(info(&beta, None), info(&Exec::new("x"), None).replace(V1, BETA));
}

/// The three modes, with and without a terminal, with standard input free, in use, and in use
/// with a message.
#[test]
fn ex_20_interactive_matrix() {
    use InteractiveMode::{Always, IfAvailable, Never};
    let used = |message: &str| Some(message.to_string());
    let unavailable = |message: &str| Err(PluginProblem::StdinUnavailable(message.into()));
    let matrix = [
        (Never, false, None, Ok(false)),
        (Never, false, used(""), Ok(false)),
        (Never, true, None, Ok(false)),
        (Never, true, used("m"), Ok(false)),
        (IfAvailable, false, None, Ok(false)),
        (IfAvailable, false, used(""), Ok(false)),
        (IfAvailable, true, None, Ok(true)),
        (IfAvailable, true, used(""), Ok(false)),
        (IfAvailable, true, used("m"), Ok(false)),
        (Always, false, None, Err(PluginProblem::NotATerminal)),
        (Always, false, used("m"), Err(PluginProblem::NotATerminal)),
        (Always, true, None, Ok(true)),
        (Always, true, used(""), unavailable("")),
        (Always, true, used("some message"), unavailable("some message")),
    ];
    for (interactive_mode, terminal, unavailable, expected) in matrix {
        let stdin = StdinState { terminal, unavailable };
        let exec = Exec { interactive_mode, stdin, ..Exec::new("x") };
        match (request(&exec, None, 1), expected) {
            (Ok(command), Ok(interactive)) => {
                let stdin = if interactive { Stdin::Inherit } else { Stdin::Null };
                assert_eq!(command.stdin, stdin, "{exec:?}");
                let told = info(&exec, None);
                assert!(told.contains(&format!("\"interactive\":{interactive}}}}}\n")), "{told}");
            }
            (found, expected) => assert_eq!(found.err(), expected.err(), "{exec:?}"),
        }
    }
}

#[test]
fn ex_20_errors_name_the_reason() {
    let text = PluginProblem::NotATerminal.to_string();
    assert!(text.ends_with("standard input is not a terminal"), "{text}");
    let text = PluginProblem::StdinUnavailable(String::new()).to_string();
    assert!(text.ends_with("standard input is unavailable"), "{text}");
    let text = PluginProblem::StdinUnavailable("kubectl apply -f -".into()).to_string();
    assert!(text.ends_with("standard input is unavailable: kubectl apply -f -"), "{text}");
}

#[test]
fn ex_21_interactivity_comes_before_policy() {
    let mut exec = Exec::new("x");
    exec.policy = PluginPolicy::DenyAll;
    exec.interactive_mode = InteractiveMode::Always;
    assert_eq!(request(&exec, None, 1), Err(PluginProblem::NotATerminal));
    exec.interactive_mode = InteractiveMode::Never;
    assert!(matches!(request(&exec, None, 1), Err(PluginProblem::NotAllowed(_))));
}

/// I: client-go makes `plug` of `./plug`, and looks it up on PATH.
#[test]
fn ex_11_paths_are_cleaned_and_stay_paths() {
    let cases = [
        ("plug", "plug"),
        ("./plug", "./plug"),
        ("a/../b//c", "b/c"),
        ("a/../plug", "./plug"),
        ("bin/./plug", "bin/plug"),
        ("../bin/plug", "../bin/plug"),
        ("bin/../../plug", "../plug"),
        ("/usr//bin/../lib/./plug/", "/usr/lib/plug"),
        ("/../plug", "/plug"),
        ("///usr/plug", "/usr/plug"),
        ("//server/share/plug.exe", "//server/share/plug.exe"),
        (r"C:\bin\..\plug.exe", r"C:\bin\..\plug.exe"),
        ("~/plug", "~/plug"),
        ("", ""),
    ];
    for (configured, run) in cases {
        assert_eq!(command(&Exec::new(configured)).program, run, "{configured}");
    }
}

#[test]
fn ex_30_configured_pairs_come_in_order_and_the_info_last() {
    let mut exec = Exec::new("x");
    exec.args = vec!["a b".into(), "$HOME".into(), "~".into()];
    exec.env = vec![pair("A", "1"), pair(KUBERNETES_EXEC_INFO, "mine"), pair("A", "2")];
    let command = command(&exec);
    assert_eq!(command.args, exec.args, "no shell, no expansion (EX-15)");
    assert_eq!(command.env.len(), 4);
    assert_eq!(command.env[..3], exec.env);
    assert_eq!(command.env[3].name, KUBERNETES_EXEC_INFO);
    assert_ne!(command.env[3].value, Secret::from("mine"));
}

#[test]
fn ex_32_members_stand_in_order_and_only_if_set() {
    let cluster = ExecCluster {
        server: "foo".into(),
        tls_server_name: "bar".into(),
        insecure_skip_tls_verify: true,
        certificate_authority: Roots::Pem("baz".into()),
        proxy_url: "http://proxy".into(),
        disable_compression: true,
        config: Some(r#"{ "apiVersion": "group/v1", "kind": "PluginConfig" }"#.into()),
    };
    let expected = concat!(
        r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","#,
        r#""spec":{"cluster":{"server":"foo","tls-server-name":"bar","#,
        r#""insecure-skip-tls-verify":true,"certificate-authority-data":"YmF6","#,
        r#""proxy-url":"http://proxy","disable-compression":true,"#,
        r#""config":{"apiVersion":"group/v1","kind":"PluginConfig"}},"interactive":false}}"#,
        "\n"
    );
    assert_eq!(info(&with_cluster(cluster), None), expected);
    let empty = info(&with_cluster(ExecCluster::default()), None);
    assert!(empty.contains(r#""spec":{"cluster":{"server":"","config":null},"interactive""#));
}

#[test]
fn ex_33_html_and_line_separators_are_escaped_in_strings_and_in_config() {
    let text = "<b>&\u{2028}\u{2029}\"\\/\u{1}\u{1f}\u{7f}\u{8}\u{c}\n\r\té";
    let escaped = concat!(
        r"\u003cb\u003e\u0026\u2028\u2029\",
        "\"",
        r"\\/\u0001\u001f",
        "\u{7f}",
        r"\b\f\n\r\té"
    );
    let cluster = ExecCluster {
        server: text.into(),
        config: Some(
            " {\t\"z<\" : [ \"a \\\" \\\\\" , \"\u{2028}\" ],\r\n\"a\": \"\\u003c\" }\n".into(),
        ),
        ..ExecCluster::default()
    };
    let told = info(&with_cluster(cluster), None);
    assert!(told.contains(&format!("\"server\":\"{escaped}\"")), "{told}");
    let config = r#""config":{"z\u003c":["a \" \\","\u2028"],"a":"\u003c"}"#;
    assert!(told.contains(config), "{told}");
}

#[test]
fn ex_34_config_is_any_json_and_nothing_else() {
    let told = |config: &str| {
        let config = Some(config.to_string());
        request(&with_cluster(ExecCluster { config, ..ExecCluster::default() }), None, 1)
    };
    for config in ["null", "3", "-1.5e300", "\"t\"", "[]", "{}", "[[{\"a\":[true]}]]"] {
        let command = told(config).unwrap();
        let text = command.env[0].value.expose_str().unwrap().to_string();
        assert!(text.contains(&format!("\"config\":{config}}}")), "{text}");
    }
    for config in ["", "{", "{}}", "hush: yes", "{\"a\":hush}", "'hush'"] {
        let error = told(config).unwrap_err();
        assert!(matches!(error, PluginProblem::NotRun(_)));
        assert!(!error.to_string().contains("hush"));
    }
}

/// client-go's table for the CA: data, file, none; data wins.
#[test]
fn ex_35_authority_is_the_data_or_the_bytes_of_the_file() {
    let told = |certificate_authority, ca| {
        info(&with_cluster(ExecCluster { certificate_authority, ..ExecCluster::default() }), ca)
    };
    let data = || Roots::Pem("data".into());
    let file = || Roots::File("ca.crt".into());
    let member = |base64: &str| format!("\"certificate-authority-data\":\"{base64}\"");
    assert!(told(data(), None).contains(&member("ZGF0YQ==")));
    assert!(told(data(), Some(b"file")).contains(&member("ZGF0YQ==")));
    assert!(told(file(), Some(b"\xff\x00")).contains(&member("/wA=")));
    for text in
        [told(file(), Some(b"")), told(Roots::System, None), told(Roots::Pem("".into()), None)]
    {
        assert!(!text.contains("certificate-authority"), "{text}");
    }
}

#[test]
fn ex_36_server_and_proxy_are_told_as_they_are() {
    let server = "https://host\n:6443/p?q".to_string();
    let cluster = ExecCluster { server, proxy_url: "socks5://p:1".into(), ..Default::default() };
    let told = info(&with_cluster(cluster), None);
    assert!(told.contains(r#""server":"https://host\n:6443/p?q","proxy-url":"socks5://p:1""#));
}

#[test]
fn what_is_told_never_shows() {
    let mut exec = with_cluster(ExecCluster {
        proxy_url: "http://user:hush@proxy".into(),
        config: Some(r#"{"k":"hush"}"#.into()),
        ..ExecCluster::default()
    });
    exec.args = vec!["--token=hush".into()];
    exec.env = vec![pair("TOKEN", "hush")];
    let shown = format!("{:?}", command(&exec));
    assert!(!shown.contains("hush"), "{shown}");
}

/// A plugin reads back what it was told, whatever that was.
#[test]
fn ex_37_what_is_told_can_be_read() {
    let full = ExecCluster {
        server: "https://a\"<&>\u{2028}é".into(),
        tls_server_name: "b\\".into(),
        insecure_skip_tls_verify: true,
        certificate_authority: Roots::Pem(vector!("rsa.crt").into()),
        proxy_url: "https://proxy:3128".into(),
        disable_compression: true,
        config: Some(r#"{"z":[1,2.50,"\u003c"],"a":null}"#.into()),
    };
    for cluster in [None, Some(ExecCluster::default()), Some(full)] {
        for api_version in [ExecApiVersion::V1, ExecApiVersion::V1Beta1] {
            let mut exec = Exec { api_version, cluster: cluster.clone(), ..Exec::new("x") };
            exec.interactive_mode = InteractiveMode::IfAvailable;
            exec.stdin.terminal = true;
            let read = parse_info(&info(&exec, None)).unwrap();
            assert_eq!((read.api_version, read.spec.interactive), (api_version, true));
            assert_eq!(read.spec.cluster, cluster);
            assert_eq!(read.status, None);
        }
    }
}

/// client-go's table for the plugin's side.
#[test]
fn ex_37_plugin_reads_any_known_version_and_says_what_is_wrong() {
    for version in [V1, BETA] {
        let text = format!(
            r#"{{"kind":"ExecCredential","apiVersion":"{version}","spec":{{"cluster":{{
                "server":"https://foo","tls-server-name":"bar","config":null,
                "proxy-url":"http://p:1","certificate-authority-data":"YmF6"}}}}}}"#
        );
        let mut expected = Profile::new("https://foo");
        expected.cluster.tls_server_name = Some("bar".into());
        expected.cluster.proxy = Proxy::Url("http://p:1".into());
        expected.cluster.roots = Roots::Pem("baz".into());
        assert_eq!(info_profile(&text), Ok(expected));
    }
    let info = |kind: &str, version: &str, spec: &str| {
        format!(r#"{{"kind":"{kind}","apiVersion":"{version}","spec":{spec}}}"#)
    };
    let bad = |text: &str| info_profile(text).unwrap_err();
    assert_eq!(bad(""), InfoProblem::Unset);
    assert_eq!(bad(" \n"), InfoProblem::Unset);
    assert!(matches!(bad("garbage"), InfoProblem::Decode(_)));
    assert_eq!(bad(&info("Pod", V1, "{}")), InfoProblem::Kind("Pod".into()));
    assert_eq!(bad(&info("ExecCredential", "v1", "{}")), InfoProblem::ApiVersion("v1".into()));
    assert_eq!(bad(&info("ExecCredential", V1, "{}")), InfoProblem::NoCluster);
    assert_eq!(bad(&info("ExecCredential", V1, r#"{"cluster":null}"#)), InfoProblem::NoCluster);
    for proxy in ["me:hush", "http://a b", "ftp://p", "http://"] {
        let spec = format!(r#"{{"cluster":{{"proxy-url":"{proxy}"}}}}"#);
        assert_eq!(bad(&info("ExecCredential", V1, &spec)), InfoProblem::ProxyUrl);
    }
    let wrong = info("ExecCredential", V1, r#"{"cluster":{"server":["hush"]}}"#);
    let text = bad(&wrong).to_string();
    assert!(text.ends_with("spec.cluster.server is a list, not a string"), "{text}");
}
