//! Which file (KB-60).

use crate::missing;
use kubecred_core::kubeconfig::{Kuberc, KubercPolicy, ProblemKind};
use kubecred_core::{Environment, PathFlavour, Secret};

fn search(flag: Option<&str>, variables: &[(&str, &str)]) -> Option<Vec<String>> {
    let environment = Environment::new(variables.iter().copied());
    Kuberc::search(flag, &environment).unwrap().map(|kuberc| kuberc.paths().to_vec())
}

fn refused(flag: &str, variables: &[(&str, &str)]) -> (ProblemKind, String) {
    let environment = Environment::new(variables.iter().copied());
    let error = Kuberc::search(Some(flag), &environment).unwrap_err();
    (error.problems()[0].kind.clone(), error.to_string())
}

/// I: a flag that names the file in the home directory means that file, whatever `KUBERC` says;
/// kubectl takes `KUBERC`'s then.
#[test]
fn kb_60_the_flag_goes_before_the_variable_and_that_before_the_home_file() {
    let all = [("KUBERC", "/v/rc"), ("HOME", "/h")];
    assert_eq!(search(Some("f/rc"), &all).unwrap(), ["f/rc"]);
    assert_eq!(search(Some("/h/.kube/kuberc"), &all).unwrap(), ["/h/.kube/kuberc"]);
    assert_eq!(search(None, &all).unwrap(), ["/v/rc"]);
    assert_eq!(search(None, &[("KUBERC", ""), ("HOME", "/h")]).unwrap(), ["/h/.kube/kuberc"]);
}

#[test]
fn kb_60_it_can_be_switched_off_but_not_while_a_file_is_named() {
    for (variables, off) in [
        (&[("KUBERC", "off")][..], "KUBERC=off"),
        (&[("KUBECTL_KUBERC", "false")], "KUBECTL_KUBERC=false"),
        (&[("KUBECTL_KUBERC", "False"), ("KUBERC", "/v/rc")], "KUBECTL_KUBERC=false"),
    ] {
        assert_eq!(search(None, variables), None, "{variables:?}");
        let (kind, text) = refused("/f/rc", variables);
        assert_eq!(kind, ProblemKind::KubercOff(off));
        assert!(text.contains("--kuberc") && text.contains(off), "{text}");
    }
    for variables in [&[("KUBERC", "OFF")][..], &[("KUBECTL_KUBERC", "0")]] {
        assert!(search(None, variables).is_some(), "{variables:?}");
    }
    let (kind, text) = refused("", &[]);
    assert_eq!(kind, ProblemKind::Empty);
    assert!(text.contains("--kuberc"), "{text}");
}

#[test]
fn kb_60_on_windows_the_first_home_that_has_one_counts() {
    let environment = Environment::new([("HOME", r"H:\me"), ("USERPROFILE", r"C:\Users\me")])
        .with_paths(PathFlavour::Windows);
    let kuberc = Kuberc::search(None, &environment).unwrap().unwrap();
    assert_eq!(kuberc.paths(), [r"H:\me\.kube\kuberc", r"C:\Users\me\.kube\kuberc"]);
    let second = Secret::from(crate::beta("credentialPluginPolicy: DenyAll").as_str());
    assert!(kuberc.read([missing(), Ok(second)]).unwrap().policy().is_some());
    assert_eq!(kuberc.read([missing(), missing()]).unwrap(), KubercPolicy::default());
}
