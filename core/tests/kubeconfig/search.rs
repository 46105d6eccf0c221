//! Which files (KC-1…KC-15).

use crate::missing;
use kubecred_core::kubeconfig::{EmptyReason, ProblemKind, Reason, search};
use kubecred_core::{Environment, Failure, FailureKind, Overrides, PathFlavour, Secret};

fn paths(explicit: Option<&str>, variables: &[(&str, &str)]) -> Vec<String> {
    search(explicit, &Environment::new(variables.iter().copied())).paths().to_vec()
}

const NONE: [&str; 0] = [];

#[test]
fn kc_1_an_explicit_path_wins_outright() {
    let all = [("KUBECONFIG", "/a:/b"), ("HOME", "/h")];
    assert_eq!(paths(Some("/x"), &all), ["/x"]);
    assert_eq!(paths(Some("/x:/y"), &all), ["/x:/y"]);
    assert_eq!(paths(Some(""), &all), ["/a", "/b"]);
}

#[test]
fn kc_2_the_variable_stands_in_place_of_the_home_file() {
    assert_eq!(paths(None, &[("KUBECONFIG", "/a"), ("HOME", "/h")]), ["/a"]);
    assert_eq!(paths(None, &[("HOME", "/h")]), ["/h/.kube/config"]);
    assert_eq!(paths(None, &[]), [".kube/config"]);
}

#[test]
fn kc_3_an_empty_variable_is_unset_and_a_separator_is_not() {
    assert_eq!(paths(None, &[("KUBECONFIG", ""), ("HOME", "/h")]), ["/h/.kube/config"]);
    assert_eq!(paths(None, &[("KUBECONFIG", ":"), ("HOME", "/h")]), NONE);
    let environment = Environment::new([("KUBECONFIG", ":"), ("HOME", "/h")]);
    let config = search(None, &environment).load([]).unwrap();
    assert!(config.is_empty() && config.notices.is_empty());
    assert!(config.select(&Overrides::default(), &environment).unwrap_err().is_empty_config());
}

#[test]
fn kc_5_elements_are_taken_as_they_are() {
    assert_eq!(paths(None, &[("KUBECONFIG", " a:~/b:$HOME/c:*")]), [" a", "~/b", "$HOME/c", "*"]);
}

#[test]
fn kc_6_the_same_spelling_is_read_once() {
    assert_eq!(paths(None, &[("KUBECONFIG", "a::b:a:./a")]), ["a", "b", "./a"]);
    assert_eq!(paths(None, &[("KUBECONFIG", "a:a:b:b:c:b")]), ["a", "b", "c"]);
}

#[test]
fn kc_7_a_missing_explicit_file_is_a_recognisable_error() {
    let error = search(Some("/bogus"), &Environment::default()).load([missing()]).unwrap_err();
    assert!(error.is_not_found() && !error.is_empty_config() && !error.is_invalid());
    assert_eq!(error.to_string(), "/bogus: cannot be read: no such file or directory");
}

#[test]
fn kc_8_a_chain_without_any_file_is_worth_a_notice() {
    let environment = Environment::new([("KUBECONFIG", "/a::/b:/c")]);
    let search = search(None, &environment);
    let config = search.load([missing(), missing(), missing()]).unwrap();
    let [notice] = config.notices.as_slice() else { panic!("{:?}", config.notices) };
    assert_eq!((notice.rule.as_str(), notice.text.contains("/a, /b, /c")), ("KC-8", true));

    let config = search.load([missing(), Ok(Secret::default()), missing()]).unwrap();
    assert!(config.notices.is_empty());
    assert_eq!(config.missing, ["/a", "/c"]);
    assert_eq!(config.files, ["/b"]);
}

#[test]
fn kc_8_a_missing_home_file_is_no_news() {
    let environment = Environment::new([("HOME", "/h")]);
    let config = search(None, &environment).load([missing()]).unwrap();
    assert!(config.is_empty() && config.notices.is_empty());
    let error = config.select(&Overrides::default(), &environment).unwrap_err();
    let reason = EmptyReason::NoFile(vec!["/h/.kube/config".into()]);
    assert_eq!(error.problems()[0].kind, ProblemKind::EmptyConfig(reason));
}

#[test]
fn kc_9_every_file_that_fails_is_reported() {
    let environment = Environment::new([("KUBECONFIG", "/a:/b:/c:/d:/e")]);
    let error = search(None, &environment)
        .load([
            Err(Failure::new(FailureKind::Other, "is a directory")),
            Ok(Secret::from("bogus value")),
            missing(),
            Err(Failure::new(FailureKind::Denied, "permission denied")),
            Ok(Secret::from("current-context: fine")),
        ])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "/a: cannot be read: is a directory; /b:1: expected a mapping, found a string; \
         /d: cannot be read: permission denied"
    );
    assert!(!error.is_not_found());
}

#[test]
fn kc_9_a_file_that_the_host_forgot_is_no_empty_file() {
    let error = search(Some("/a"), &Environment::default()).load([]).unwrap_err();
    assert!(error.to_string().contains("/a"), "{error}");
}

#[test]
fn kc_10_files_without_content_are_empty_configurations() {
    for text in ["", " \n\t\n", "# only this\n", "---\n", "null", "{}", "\u{feff}"] {
        let config = crate::parse(text).unwrap();
        assert!(config.is_empty(), "{text:?}");
        let error = config.select(&Overrides::default(), &Environment::default()).unwrap_err();
        assert!(error.is_empty_config() && error.to_string().contains("/k/config"), "{error}");
    }
}

#[test]
fn kc_4_kc_15_windows() {
    let all = Environment::new([
        ("HOME", r"H:\me"),
        ("HOMEDRIVE", "D:"),
        ("HOMEPATH", r"\me"),
        ("USERPROFILE", r"C:\Users\me"),
    ])
    .with_paths(PathFlavour::Windows);
    let home = search(None, &all);
    assert_eq!(
        home.paths(),
        [r"H:\me\.kube\config", r"D:\me\.kube\config", r"C:\Users\me\.kube\config"]
    );
    // The first that exists is the home file; the others are not merged.
    let second = Secret::from("current-context: second");
    let config = home.load([missing(), Ok(second), Ok(Secret::from("bogus"))]).unwrap();
    assert_eq!(config.current_context, "second");
    assert_eq!(config.files, [r"D:\me\.kube\config"]);
    assert_eq!(home.reason(), Reason::Home);

    let list = Environment::new([("kubeconfig", r#"C:\a;"C:\b;c";;C:\a"#)])
        .with_paths(PathFlavour::Windows);
    assert_eq!(search(None, &list).paths(), [r"C:\a", r"C:\b;c"]);
}
