//! What is written must be read back by us, by kubectl and by others as it was.

use std::collections::BTreeMap;

use kubecred_core::yaml::{from_slice, to_string};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::kubectl::{Answer, Kubectl};

/// Strings that some reader of YAML takes for something else when they stand without quotes, or
/// does not read at all, or reads changed.
#[rustfmt::skip]
const AWKWARD: &[&str] = &[
    // Words of YAML 1.1.
    "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "y", "Y", "n",
    "N", "true", "True", "TRUE", "tRue", "false", "False", "null", "Null", "NULL", "nUll", "~", "",
    // Numbers, or what looks like them.
    "0", "12345", "-5", "+12", "0123", "0189", "0o17", "0x1F", "0b101", "0b-0", "0b-1", "1_000",
    "1__", "1e3", "1e5", "1e+5", "12e03", "1234e5678", "1.5", "1.", ".5", ".5_0", "-.5", ".inf",
    "-.inf", "+.Inf", ".nan", ".NaN", "1e400", "123456789012345678901234567890", "190:20:30",
    "190:20:30.15", "2001-12-14", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43", "1.2.3",
    "10.0.0.1",
    // Indicators.
    "=", "<<", "-", "- a", "--", "---", "--- a", "...", "... a", "?", "? a", "?a", ":", ": a", ":a",
    "a:", "a: b", "a:b", "a #b", "a#b", "#a", "@abc", "`abc", "%abc", "%YAML 1.2", "*abc", "&a",
    "!", "!a", "!!str a", "|", "|-", ">", ">-", "{a}", "{", "}", "[a]", "[", "]", ",", ",a", "a, b",
    "'", "\"", "'a'", "\"a\"", "it's", "a\\b", "\\", "\\n", "\\x41", "$abc", "a=b", "==", "a?b&c",
    // Blanks and line breaks.
    " ", "  ", " a", "a ", "\t", "\ta", "a\t", "a\tb", "a  b", "\n", "a\n", "\na", "a\nb", "a\n\nb",
    "a\n b", "a\n\n", " a\nb", "\r", "a\rb", "a\r\nb", "---\na: b\n", "a\n---\nb",
    // Characters that are no text for YAML, or a line break for some.
    "\0", "a\0b", "\u{1}", "\u{7}", "\u{8}", "\u{b}", "\u{c}", "\u{1b}", "\u{7f}", "a\u{7f}b",
    "\u{80}", "\u{85}", "a\u{85}b", "\u{9f}", "\u{a0}", "a\u{a0}b", "\u{2028}", "a\u{2028}b",
    "\u{2029}", "\u{feff}", "\u{feff}a", "a\u{feff}b", "\u{fffd}", "\u{fffe}", "\u{ffff}",
    "\u{fdd0}", "\u{1fffe}", "\u{10ffff}", "\u{e9}", "caf\u{e9}", "\u{4f60}\u{597d}", "\u{1f600}",
    "\u{200b}", "\u{202e}a", "e\u{301}",
    // What kubeconfigs are made of.
    "https://[::1]:6443", "https://h:6443/a?b=c#d", "unix:///run/x", "C:\\Users\\a\\.kube",
    "/home/a b/c", "LS0tLS1CRUdJTg==", "a+b/c=", "eyJh.eyJi.c-_d", "system:masters",
    "arn:aws:eks:eu:1:cluster/c", "user@example.com", "--region", "-v=1", "key=value", "${HOME}",
    "$(cmd)", "a|b", "a>b", "a&b", "a*b",
];

/// The awkward strings, some of them twice and thrice in a row, and long ones.
fn strings() -> Vec<String> {
    let joined = AWKWARD.iter().zip(AWKWARD.iter().skip(7)).map(|(a, b)| format!("{a}{b}"));
    let spaced = AWKWARD.iter().zip(AWKWARD.iter().skip(23)).map(|(a, b)| format!("x{a} {b} y"));
    let long = ["a".repeat(3000), "a ".repeat(3000), "\u{e9}\n".repeat(1500)];
    AWKWARD.iter().map(ToString::to_string).chain(joined).chain(spaced).chain(long).collect()
}

#[test]
fn kc_85_what_is_written_reads_back_the_same_here_and_in_kubectl() {
    let strings = strings();
    let keys: BTreeMap<&String, usize> = strings.iter().zip(1..).collect();
    let extension = json!({
        "values": strings,
        "keys": keys,
        "nested": [[strings], { "a": { "b": [] }, "c": {} }, [], [[], {}], null],
        "numbers": [0, -1, 1.5, 1e-7, 1e21, u64::MAX, i64::MIN, true, false],
    });
    let file = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "\u{85}",
        "extensions": [{ "name": "<<", "extension": extension }],
    });
    let yaml = to_string(&file).expect("written");

    assert_eq!(from_slice::<Value>(yaml.as_bytes()).expect("our own"), file);

    assert_eq!(serde_yaml::from_str::<Value>(&yaml).expect("another reader"), file);

    let Answer::Read(theirs) = Kubectl::new("writer").view_all(yaml.as_bytes()) else {
        panic!("kubectl refuses")
    };
    assert_eq!(theirs["extensions"][0]["name"], "<<");
    assert_eq!(theirs["current-context"], "\u{85}");
    assert_eq!(theirs["extensions"][0]["extension"], extension);
}

/// What kubectl refuses of the strings when the old writers have written them is the reason for a
/// writer of our own: this must stay true, or be looked at again.
#[test]
fn serde_yaml_writes_what_kubectl_misreads() {
    let kubectl = Kubectl::new("writer-serde-yaml");
    for word in ["yes", "n", "Off", "1_000", "0b-0"] {
        let file = json!({ "current-context": word });
        let theirs = serde_yaml::to_string(&file).expect("written");
        assert!(matches!(kubectl.view(theirs.as_bytes()), Answer::Refused(_)), "{word}");
        let ours = to_string(&file).expect("written");
        let Answer::Read(json) = kubectl.view(ours.as_bytes()) else { panic!("{word}") };
        assert_eq!(json["current-context"], word);
    }
}

#[test]
fn layout_is_kubectl_s() {
    let file = json!({
        "clusters": [{ "cluster": { "server": "https://h:6443", "extensions": [] }, "name": "c" }],
        "contexts": null,
        "current-context": "",
        "preferences": {},
        "users": [{ "name": "u", "user": { "exec": { "args": ["get-token", "--x"], "env": null } } }],
    });
    let expected = "\
clusters:
- cluster:
    extensions: []
    server: https://h:6443
  name: c
contexts: null
current-context: \"\"
preferences: {}
users:
- name: u
  user:
    exec:
      args:
      - get-token
      - \"--x\"
      env: null
";
    assert_eq!(to_string(&file).unwrap(), expected);
    assert_eq!(to_string(&Vec::<u8>::new()).unwrap(), "[]\n");
    assert_eq!(to_string("a b").unwrap(), "\"a b\"\n");
    assert_eq!(to_string(&vec![vec![1, 2], vec![]]).unwrap(), "- - 1\n  - 2\n- []\n");
}

#[test]
fn every_shape_of_serde_survives() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Unit,
        Newtype(Vec<u8>),
        Tuple(char, Option<bool>),
        Struct { a: BTreeMap<String, Self>, b: () },
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Wrapper(Shape);
    let inner = [("x".to_owned(), Shape::Unit), ("y".to_owned(), Shape::Newtype(vec![]))];
    let shapes = vec![
        Wrapper(Shape::Unit),
        Wrapper(Shape::Newtype(vec![1, 2])),
        Wrapper(Shape::Tuple('#', None)),
        Wrapper(Shape::Struct { a: inner.into(), b: () }),
    ];
    let yaml = to_string(&shapes).expect("written");
    assert_eq!(from_slice::<Vec<Wrapper>>(yaml.as_bytes()).expect("read"), shapes, "{yaml}");
}

#[test]
fn what_yaml_cannot_say_is_an_error() {
    assert!(to_string(&f64::NAN).is_err());
    assert!(to_string(&[f32::INFINITY]).is_err());
    assert!(to_string(&BTreeMap::from([(vec![1], 1)])).is_err());
}
