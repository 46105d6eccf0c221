//! Kubeconfigs.

use super::{Case, Size, lines, nested, utf_16};

/// The parts of a kubeconfig that a case puts its own value into.
const HEAD: &str = "apiVersion: v1\nkind: Config\n";
const EXTENSION: &str = "apiVersion: v1\nkind: Config\nextensions:\n- name: e\n  extension: ";
const TOKEN: &str = "apiVersion: v1\nkind: Config\nusers:\n- name: u\n  user:\n    token: ";

const MEBI: usize = 1 << 20;

/// Kubeconfigs that ask for more memory, stack or time than they should get, or are no text.
pub fn kubeconfigs(size: Size) -> Vec<Case> {
    let texts = [structure(size), repetition(size)].concat();
    let mut cases: Vec<Case> =
        texts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    cases.extend(bytes());
    cases
}

/// Deep, long and wide ones.
fn structure(size: Size) -> Vec<(&'static str, String)> {
    let n = |full, seed| size.of(full, seed);
    let nested = |count, open, inner, close| nested(count, open, inner, close) + "\n";
    vec![
        ("deep_flow_10k_ignored", format!("{HEAD}x: {}", nested(n(10_001, 300), "[", "", "]"))),
        ("deep_flow_9k_ignored", format!("{HEAD}x: {}", nested(n(9_000, 255), "[", "", "]"))),
        ("deep_flow_10k_read", format!("{EXTENSION}{}", nested(n(10_001, 300), "[", "", "]"))),
        ("deep_flow_100k_unclosed", format!("{HEAD}x: {}", "[".repeat(n(100_000, 2_000)))),
        ("deep_mapping_10k", format!("{HEAD}x: {}", nested(n(10_001, 300), "{a: ", "1", "}"))),
        ("deep_json_10k", {
            let text = nested(n(10_001, 300), r#"{"a":"#, "[]", "}");
            format!(r#"{{"apiVersion":"v1","kind":"Config","x":{}}}"#, text.trim())
        }),
        ("deep_block_1k", { HEAD.to_owned() + &lines(n(1_000, 80), |i| " ".repeat(i) + "a:\n") }),
        ("deep_dashes_10k", format!("{HEAD}x:\n{}a\n", "- ".repeat(n(10_001, 257)))),
        ("questions_100k", "? ".repeat(n(100_000, 300))),
        ("percents_100k", "%".repeat(n(100_000, 300))),
        ("colons_in_flow", "{".to_owned() + &"a:".repeat(n(100_000, 300))),
        ("plain_scalar_2m", format!("{TOKEN}{}\n", "A".repeat(n(2 * MEBI, 3_000)))),
        ("quoted_scalar_2m", format!("{TOKEN}\"{}\"\n", "A".repeat(n(2 * MEBI, 3_000)))),
        ("comment_2m", format!("#{}\n{TOKEN}abc\n", "c".repeat(n(2 * MEBI, 3_000)))),
        ("empty_lines_in_quotes", format!("{HEAD}x: \"{}\"\n", "\n".repeat(n(500_000, 3_000)))),
        ("keys_50k", {
            format!("{HEAD}x:\n{}", lines(n(50_000, 300), |i| format!("  k{i}: v\n")))
        }),
        ("equal_keys_50k", format!("{HEAD}x:\n{}", "  k: v\n".repeat(n(50_000, 300)))),
        ("items_200k", format!("{HEAD}x: [{}a]\n", "a,".repeat(n(200_000, 1_000)))),
        ("documents_50k", "---\n".repeat(n(50_000, 300))),
        ("pairs_in_list_50k", format!("{HEAD}x: [{}a]\n", "a: b,".repeat(n(50_000, 300)))),
        ("users_20k", {
            format!("{HEAD}users:\n{}", lines(n(20_000, 100), |i| format!("- name: u{i}\n")))
        }),
        ("equal_users_20k", format!("{HEAD}users:\n{}", "- name: u\n".repeat(n(20_000, 300)))),
    ]
}

/// Short to write, and much to whoever follows it.
fn repetition(size: Size) -> Vec<(&'static str, String)> {
    let n = |full, seed| size.of(full, seed);
    let rest = &EXTENSION[HEAD.len()..];
    let laughs = |open: &str, name: &dyn Fn(usize) -> String, close: &str| {
        let line = |i: usize| {
            let inside: String = (0..9).map(|k| format!("{}*a{},", name(k), i)).collect();
            format!("a{}: &a{} {open}{inside}{close}\n", i + 1, i + 1)
        };
        format!("{HEAD}a0: &a0 {open}{}lol{close}\n{}{rest}*a20\n", name(0), lines(20, line))
    };
    vec![
        ("anchors_on_one_node", "&a ".repeat(n(50_000, 300))),
        ("anchors_50k", {
            format!("{HEAD}x:\n{}", lines(n(50_000, 250), |i| format!("  - &k{i} v\n")))
        }),
        ("alias_repeats_text", {
            let aliases = "*a,".repeat(n(3_000, 300));
            format!("{HEAD}a: &a {}\n{rest}[{aliases}]\n", "x".repeat(n(10_000, 1_000)))
        }),
        ("alias_laughs_in_lists", laughs("[", &|_| String::new(), "]")),
        ("alias_laughs_in_mappings", laughs("{", &|k| format!("k{k}: "), "}")),
        ("alias_laughs_in_merges", {
            let line =
                |i: usize| format!("a{}: &a{} {{<<: [*a{i}, *a{i}], k{i}: v}}\n", i + 1, i + 1);
            format!("{HEAD}a0: &a0 {{k: v}}\n{}{rest}*a{}\n", lines(n(60, 60), line), n(60, 60))
        }),
        ("alias_as_keys", {
            let keys = lines(n(3_000, 200), |_| "? *a\n: v\n".into());
            format!("{HEAD}a: &a {}\n{keys}", "x".repeat(n(10_000, 1_000)))
        }),
        ("merge_fans_out", {
            let wide = lines(n(1_000, 100), |i| format!("  k{i}: v\n"));
            let merges = lines(n(1_000, 100), |i| format!("  m{i}: {{<<: *b}}\n"));
            format!("{HEAD}b: &b\n{wide}x:\n{merges}")
        }),
        ("merge_of_merge", {
            let wide = lines(n(1_000, 150), |i| format!("k{i}: v, "));
            let text = nested(n(200, 200), "{<<: ", &format!("{{{wide}}}"), "}");
            format!("{HEAD}x: {text}\n")
        }),
    ]
}

/// What is no text.
fn bytes() -> Vec<Case> {
    let token = |bytes: &[u8]| [TOKEN.as_bytes(), bytes, b"\n"].concat();
    vec![
        ("nul_alone", vec![0; 1_500]),
        ("nul_in_token", token(b"a\0b")),
        ("nul_in_quotes", token(b"\"a\0b\"")),
        ("escaped_nul", token(br#""a\0b""#)),
        ("not_utf_8", token(b"\"\xff\xfe\xfd\"")),
        ("cut_utf_8", token(b"\"\xe2\x82\"")),
        ("utf_8_surrogate", token(b"\"\xed\xa0\x80\"")),
        ("utf_16_odd", [utf_16(&format!("{TOKEN}abc\n")), vec![b'x']].concat()),
        ("utf_16_half_pair", [utf_16(&format!("{TOKEN}abc")), vec![0, 0xd8]].concat()),
        ("utf_16_without_mark", utf_16(&format!("{TOKEN}abc\n")).split_off(2)),
    ]
}
