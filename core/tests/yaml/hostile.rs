//! Files too big to keep, made when they are needed.

/// The parts of a kubeconfig that a case puts its own value into.
const HEAD: &str = "apiVersion: v1\nkind: Config\n";
const EXTENSION: &str = "apiVersion: v1\nkind: Config\nextensions:\n- name: e\n  extension: ";
const TOKEN: &str = "apiVersion: v1\nkind: Config\nusers:\n- name: u\n  user:\n    token: ";

const MEBI: usize = 1 << 20;

/// Names and files.
pub(crate) fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let many =
        |count: usize, line: &dyn Fn(usize) -> String| -> String { (0..count).map(line).collect() };
    let nested = |count: usize, open: &str, inner: &str, close: &str| -> String {
        open.repeat(count) + inner + &close.repeat(count) + "\n"
    };
    let cases: Vec<(&str, String)> = vec![
        ("deep_flow_10k_ignored", format!("{HEAD}x: {}", nested(10_001, "[", "", "]"))),
        ("deep_flow_9k_ignored", format!("{HEAD}x: {}", nested(9_000, "[", "", "]"))),
        ("deep_flow_10k_read", format!("{EXTENSION}{}", nested(10_001, "[", "", "]"))),
        ("deep_flow_100k_unclosed", format!("{HEAD}x: {}", "[".repeat(100_000))),
        ("deep_mapping_10k", format!("{HEAD}x: {}", nested(10_001, "{a: ", "1", "}"))),
        ("deep_block_1k", HEAD.to_owned() + &many(1_000, &|i| " ".repeat(i) + "a:\n")),
        ("deep_dashes_10k", format!("{HEAD}x:\n{}a\n", "- ".repeat(10_001))),
        ("questions_100k", "? ".repeat(100_000)),
        ("percents_100k", "%".repeat(100_000)),
        ("anchors_on_one_node", "&a ".repeat(50_000)),
        ("colons_in_flow", "{".to_owned() + &"a:".repeat(100_000)),
        ("plain_scalar_2m", format!("{TOKEN}{}\n", "A".repeat(2 * MEBI))),
        ("quoted_scalar_2m", format!("{TOKEN}\"{}\"\n", "A".repeat(2 * MEBI))),
        ("comment_2m", format!("#{}\n{TOKEN}abc\n", "c".repeat(2 * MEBI))),
        ("empty_lines_in_quotes", format!("{HEAD}x: \"{}\"\n", "\n".repeat(500_000))),
        ("keys_50k", format!("{HEAD}x:\n{}", many(50_000, &|i| format!("  k{i}: v\n")))),
        ("equal_keys_50k", format!("{HEAD}x:\n{}", "  k: v\n".repeat(50_000))),
        ("anchors_50k", format!("{HEAD}x:\n{}", many(50_000, &|i| format!("  - &k{i} v\n")))),
        ("items_200k", format!("{HEAD}x: [{}a]\n", "a,".repeat(200_000))),
        ("documents_50k", "---\n".repeat(50_000)),
        ("pairs_in_list_50k", format!("{HEAD}x: [{}a]\n", "a: b,".repeat(50_000))),
        ("alias_repeats_text", {
            let aliases = "*a,".repeat(3_000);
            format!("{HEAD}a: &a {}\n{}[{aliases}]\n", "x".repeat(10_000), &EXTENSION[HEAD.len()..])
        }),
        ("merge_fans_out", {
            let wide = many(1_000, &|i| format!("  k{i}: v\n"));
            format!("{HEAD}b: &b\n{wide}x:\n{}", many(1_000, &|i| format!("  m{i}: {{<<: *b}}\n")))
        }),
        ("merge_of_merge", {
            let wide = many(1_000, &|i| format!("k{i}: v, "));
            format!("{HEAD}x: {}", nested(200, "{<<: ", &format!("{{{wide}}}"), "}"))
        }),
    ];
    cases.into_iter().map(|(name, text)| (name, text.into_bytes())).collect()
}
