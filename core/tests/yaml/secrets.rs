//! No error shows a scalar's value.

use std::collections::BTreeMap;

use kubecred_core::yaml::from_slice;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::kubeconfig::Kubeconfig;
use crate::mutations::Random;

/// What must not show. Like keys and tokens, these hold what no field name does.
const TEXT: &str = "c4n+qux==";
const NUMBER: &str = "987654321";

fn assert_hidden(input: &str, error: &str) {
    assert!(!error.contains("c4n") && !error.contains("qux"), "{error}\n\nfor\n{input}");
    assert!(!error.contains("98765"), "{error}\n\nfor\n{input}");
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
#[expect(dead_code, reason = "never to be built")]
enum Choice {
    One,
    Two(u8),
    Three { a: u8 },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closed {}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "never to be built")]
enum Either {
    Small(u8),
    Pair(u8, u8),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Known,
}

#[test]
fn whatever_a_scalar_does_not_fit_it_is_not_shown() {
    fn misfit<T: DeserializeOwned>(scalar: &str) {
        for text in [scalar.to_owned(), format!("[{scalar}]"), format!("{{a: {scalar}}}")] {
            let Err(error) = from_slice::<T>(text.as_bytes()) else { continue };
            assert_hidden(&text, &error.to_string());
            assert_hidden(&text, &format!("{error:?}"));
        }
    }
    let scalars = ["", "\"", "'"].map(|quote| format!("{quote}{TEXT}{quote}"));
    let numbers = ["", "-", "+", "1.", "0x", "!!str "].map(|before| before.to_owned() + NUMBER);
    for scalar in scalars.iter().chain(&numbers) {
        misfit::<()>(scalar);
        misfit::<bool>(scalar);
        misfit::<u8>(scalar);
        misfit::<i8>(scalar);
        misfit::<std::num::NonZeroU16>(scalar);
        misfit::<i128>(scalar);
        misfit::<f32>(scalar);
        misfit::<char>(scalar);
        misfit::<Vec<bool>>(scalar);
        misfit::<(u8, u8)>(scalar);
        misfit::<[bool; 2]>(scalar);
        misfit::<Option<u8>>(scalar);
        misfit::<BTreeMap<String, u8>>(scalar);
        misfit::<Choice>(scalar);
        misfit::<Either>(scalar);
        misfit::<Tagged>(scalar);
        misfit::<Closed>(scalar);
        misfit::<std::net::IpAddr>(scalar);
        misfit::<std::time::Duration>(scalar);
        misfit::<serde_json::Number>(scalar);
        misfit::<Kubeconfig>(scalar);
    }
}

#[test]
fn whatever_is_broken_in_a_kubeconfig_its_scalars_are_not_shown() {
    const FILES: usize = 20_000;
    const ATOMS: &[&str] = &[
        "\"",
        "'",
        "\\",
        "\\x",
        "&",
        "*",
        "!!int ",
        "!!bool ",
        "!!binary ",
        "!!timestamp ",
        "! ",
        "|",
        ">",
        "\n",
        "\n  ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "? ",
        "- ",
        "<<: ",
        "%",
        "@",
        "`",
        "\t",
        "#",
        ":",
        ": ",
        "\u{1}",
        "\u{2028}",
        "---",
        "...",
        "~",
        "!<",
        "%TAG ! ",
        "&a ",
        "*a",
    ];
    let base = format!(
        "users:\n- name: {TEXT}\n  user:\n    token: {TEXT}\n    password: '{TEXT}'\n    \
         username: {NUMBER}\n    client-key-data: \"{TEXT}\"\n    as-groups: [{TEXT}, {NUMBER}]\n\
         contexts:\n- name: {NUMBER}\n  context: {{cluster: {TEXT}, user: |-\n      {TEXT}\n    }}\n"
    );
    let mut random = Random(0x5ec2_e75a_11ed_c0de);
    let mut refused = 0;
    for _ in 0..FILES {
        let mut text: Vec<char> = base.chars().collect();
        for _ in 0..=random.below(4) {
            let at = random.below(text.len());
            let atom = ATOMS[random.below(ATOMS.len())].chars();
            text.splice(at..at, atom).for_each(drop);
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = Kubeconfig::read(text.as_bytes()) {
            assert_hidden(&text, &error);
            refused += 1;
        }
    }
    assert!(refused > FILES / 2, "{refused} refused: the mix is no test");
}
