//! What a change does to texts of every style.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::format;

use serde_json::{Value as Json, json};

use super::{Rewritten, Tree, apply, open};

/// A change of one value; paths are like `users.0.user.token`.
enum Op {
    Set(&'static str, Json),
    Remove(&'static str),
    Push(&'static str, Json),
}
use Op::{Push, Remove, Set};

fn at(tree: &mut Tree<'_>, path: &[&'static str], change: &mut dyn FnMut(&mut Tree<'_>)) {
    let Some((step, rest)) = path.split_first() else { return change(tree) };
    match step.parse::<usize>() {
        Ok(nth) => tree.items(|items| at(&mut items[nth], rest, change)),
        Err(_) => tree.entry(*step, |value| at(value, rest, change)),
    }
}

fn perform(tree: &mut Tree<'_>, op: &Op) {
    let path = |path: &'static str| path.split('.').collect::<Vec<_>>();
    match op {
        Set(to, value) => at(tree, &path(to), &mut |tree| tree.set(Tree::json(value.clone()))),
        Push(to, item) => at(tree, &path(to), &mut |tree| {
            tree.items(|items| items.push(Tree::json(item.clone())));
        }),
        Remove(what) => {
            let steps = path(what);
            let (last, around) = steps.split_last().unwrap();
            at(tree, around, &mut |tree| match last.parse::<usize>() {
                Ok(nth) => tree.items(|items| drop(items.remove(nth))),
                Err(_) => tree.remove(last),
            });
        }
    }
}

fn changed(text: &[u8], ops: &[Op]) -> (Vec<u8>, Rewritten) {
    let document = open(text).unwrap();
    let mut tree = document.root().map(Tree::of).unwrap_or_default();
    ops.iter().for_each(|op| perform(&mut tree, op));
    let (secret, rewritten) = apply(text, &document, &tree).unwrap();
    (secret.expose().to_vec(), rewritten)
}

/// Checks a change that leaves all but fields as it was.
#[track_caller]
fn check(text: &str, op: Op, expected: &str) {
    let (bytes, rewritten) = changed(text.as_bytes(), &[op]);
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    assert_eq!(rewritten, Rewritten::Fields);
}

const LINES: &str = "\
# head
users: # all of them
# the first
- name: a
  user: # of a
    token: one # secret
    # inner
    username: u

# the second
- name: b
  user:
    token: 'two'
# tail
contexts: []
";

fn lines(from: &str, to: &str) -> String {
    assert_eq!(LINES.matches(from).count(), 1, "{from}");
    LINES.replace(from, to)
}

#[test]
fn a_scalar_is_replaced_where_it_stands() {
    check(LINES, Set("users.0.user.token", json!("new")), &lines("one", "new"));
    check(LINES, Set("users.1.user.token", json!("yes")), &lines("'two'", "\"yes\""));
    check(
        LINES,
        Set("users.0.user.username", json!(null)),
        &lines("username: u", "username: null"),
    );
    for old in
        ["|\n  x\n  y", ">-  # head\n    x\n\n    y", "'x\n\n  y'", "x\n  y", "!!str 12", "&x y"]
    {
        for rest in ["", "\n", "\n\n# end\n", "\nb: c\n", "\n\n\nb: |+\n  c\n\n\n"] {
            let text = format!("a: {old}{rest}");
            check(&text, Set("a", json!("z")), &format!("a: z{rest}"));
        }
    }
}

#[test]
fn an_entry_is_put_after_the_last_line_of_its_mapping() {
    let op = || Set("users.0.user.password", json!("p"));
    check(LINES, op(), &lines("username: u\n", "username: u\n    password: p\n"));
    let op = || Set("users.1.user.exec", json!({"command": "c", "args": ["a", "b"], "env": []}));
    let exec = "    exec:\n      args:\n      - a\n      - b\n      command: c\n      env: []\n";
    check(LINES, op(), &lines("'two'\n", &format!("'two'\n{exec}")));
    check("a: 1", Set("b", json!(2)), "a: 1\nb: 2");
    check("a: |\n  x\n\n\n# c", Set("b", json!(2)), "a: |\n  x\nb: 2\n\n\n# c");
    check("a: |+\n  x\n\n\n# c", Set("b", json!(2)), "a: |+\n  x\n\n\nb: 2\n# c");
    check("a:\n", Set("b", json!(2)), "a:\nb: 2\n");
    check("- a:\n  # c\n- b", Set("0.c", json!(2)), "- a:\n  c: 2\n  # c\n- b");
    check("? a\n: b\n", Set("b", json!(2)), "? a\n: b\nb: 2\n");
    check("a: b\n---\nc", Set("b", json!(2)), "a: b\nb: 2\n---\nc");
    check("a: b\n...\nc", Set("b", json!(2)), "a: b\nb: 2\n...\nc");
}

#[test]
fn indentation_is_that_of_the_text() {
    let text = "users:\n    -   name: a\n        user:\n            token: x\n";
    let item = json!({"name": "b", "user": {"token": "w", "args": ["z"]}});
    let added =
        "    - name: b\n      user:\n          args:\n              - z\n          token: w\n";
    check(text, Push("users", item), &(text.to_string() + added));
    check(
        "a:\n     b: c\n",
        Set("a.d", json!({"e": 1})),
        "a:\n     b: c\n     d:\n          e: 1\n",
    );
}

#[test]
fn an_entry_goes_with_its_lines() {
    check(LINES, Remove("users.0.user.token"), &lines("    token: one # secret\n", ""));
    check(LINES, Remove("contexts"), &lines("contexts: []\n", ""));
    check(LINES, Remove("users.0.name"), &lines("- name: a\n  user:", "- user:"));
    check(LINES, Remove("users.1.user"), &lines("  user:\n    token: 'two'\n", ""));
    check("- a: 1\n  # c\n  b: 2\n", Remove("0.a"), "- \n  # c\n  b: 2\n");
    check("a: |\n  x\n\nb: 1\n", Remove("a"), "\nb: 1\n");
    check("a: 1\nb: 2", Remove("b"), "a: 1\n");
    check("a: 1\nb: 2", Remove("a"), "b: 2");
    check("a:\nb: # c\nc:\n", Remove("b"), "a:\nc:\n");
}

#[test]
fn an_item_goes_with_its_lines_and_comes_after_the_last() {
    let first =
        "- name: a\n  user: # of a\n    token: one # secret\n    # inner\n    username: u\n";
    check(LINES, Remove("users.0"), &lines(first, ""));
    check(LINES, Remove("users.1"), &lines("- name: b\n  user:\n    token: 'two'\n", ""));
    let op = || Push("users", json!({"name": "c", "user": {}}));
    check(LINES, op(), &lines("'two'\n", "'two'\n- name: c\n  user: {}\n"));
    check("- a\n-\n# c\n- - b\n  - c\n", Remove("1"), "- a\n# c\n- - b\n  - c\n");
    check(
        "- a\n-\n# c\n- - b\n  - c\n",
        Push("2", json!("d")),
        "- a\n-\n# c\n- - b\n  - c\n  - d\n",
    );
    check("- a\n-\n- b\n", Set("1", json!({"c": {"d": "e"}})), "- a\n- c:\n    d: e\n- b\n");
    check("- a # c\n- b\n", Set("0", json!("d")), "- d # c\n- b\n");
}

#[test]
fn a_collection_takes_the_place_of_a_scalar_and_a_scalar_that_of_a_collection() {
    check(
        LINES,
        Push("contexts", json!({"name": "x"})),
        &lines("contexts: []", "contexts:\n- name: x"),
    );
    check("a: # c\nb: 1\n", Set("a.x", json!("w")), "a: # c\n  x: w\nb: 1\n");
    check("a: null # c\nb: 1\n", Set("a.x", json!("w")), "a: # c\n  x: w\nb: 1\n");
    check("a:\n  # c\n  null\nb: 1\n", Set("a.x", json!("w")), "a:\n  # c\n  x: w\nb: 1\n");
    check("a: |\n  z\nb: 1\n", Set("a", json!(["w"])), "a:\n- w\nb: 1\n");
    check("a:\n  x: y # c\nb: 1\n", Set("a", json!("z")), "a: z\nb: 1\n");
    check("a: # d\n  # c\n  x: y\nb: 1\n", Remove("a.x"), "a: {} # d\n  # c\nb: 1\n");
    check("a:\n- x\nb: 1\n", Remove("a.0"), "a: []\nb: 1\n");
    check("a: {x: y}\nb: 1\n", Remove("a.x"), "a: {}\nb: 1\n");
    check("a: {x: y}\nb: 1\n", Set("a", json!(["z", 1])), "a: [z, 1]\nb: 1\n");
    check("a: &x !!map\n  x: y\nb: 1\n", Set("a", json!("z")), "a: z\nb: 1\n");
}

#[test]
fn between_brackets_of_one_line() {
    let text = "a: {b: [1, 'x' , {c: d}, ], e: , f}\n";
    check(text, Set("a.b.1", json!("w")), "a: {b: [1, w , {c: d}, ], e: , f}\n");
    check(text, Set("a.b.2.c", json!("w")), "a: {b: [1, 'x' , {c: w}, ], e: , f}\n");
    check(text, Set("a.b.2.g", json!([1])), "a: {b: [1, 'x' , {c: d, g: [1]}, ], e: , f}\n");
    check(text, Set("a.e", json!("w")), "a: {b: [1, 'x' , {c: d}, ], e: w , f}\n");
    check(text, Set("a.f", json!("w")), "a: {b: [1, 'x' , {c: d}, ], e: , f: w}\n");
    check(text, Set("a.g", json!("w")), "a: {b: [1, 'x' , {c: d}, ], e: , f, g: w}\n");
    check(text, Push("a.b", json!("w")), "a: {b: [1, 'x' , {c: d}, w, ], e: , f}\n");
    check(text, Remove("a.b"), "a: {e: , f}\n");
    check(text, Remove("a.f"), "a: {b: [1, 'x' , {c: d}, ], e: }\n");
    check(text, Remove("a.b.0"), "a: {b: ['x' , {c: d}, ], e: , f}\n");
    check(text, Remove("a.b.2"), "a: {b: [1, 'x' , ], e: , f}\n");
    check("[a, b, c]", Remove("2"), "[a, b]");
    check("[a , b]", Remove("1"), "[a ]");
    check("[a,b]", Remove("0"), "[b]");
    check("[&x a, !!str b]", Set("0", json!("c")), "[c, !!str b]");
}

const PRETTY: &str = r#"{
  "apiVersion": "v1",
  "users": [
    {
      "name": "a",
      "user": {"token": "x"}
    },
    {
      "name": "b"
    }
  ],
  "contexts": []
}
"#;

#[test]
fn json_stays_json() {
    let check = |op: Op, from: &str, to: &str| {
        assert_eq!(PRETTY.matches(from).count(), 1, "{from}");
        let expected = PRETTY.replace(from, to);
        check(PRETTY, op, &expected);
        let _: Json = serde_json::from_str(&expected).unwrap();
    };
    check(Set("users.0.user.token", json!("\u{85}y\u{1F600}/")), "\"x\"", "\"\\u0085y\u{1F600}/\"");
    check(Set("kind", json!("Config")), "[]\n", "[],\n  \"kind\": \"Config\"\n");
    check(Remove("contexts"), "  ],\n  \"contexts\": []\n", "  ]\n");
    check(Remove("apiVersion"), "  \"apiVersion\": \"v1\",\n", "");
    check(Remove("users.1"), "    },\n    {\n      \"name\": \"b\"\n    }\n", "    }\n");
    check(
        Push("contexts", json!({"name": "c", "context": {}})),
        "\"contexts\": []",
        "\"contexts\": [\n    {\n      \"context\": {},\n      \"name\": \"c\"\n    }\n  ]",
    );
    check(
        Push("users", json!({"name": "c"})),
        "\"b\"\n    }\n",
        "\"b\"\n    },\n    {\n      \"name\": \"c\"\n    }\n",
    );
    check(
        Set("users.1.user", json!({"token": "z"})),
        "\"b\"\n",
        "\"b\",\n      \"user\": {\n        \"token\": \"z\"\n      }\n",
    );
    assert_eq!(
        String::from_utf8(
            changed(br#"{"a":["b"],"c":{}}"#, &[Push("a", json!("d")), Set("c.e", json!(1))]).0
        )
        .unwrap(),
        r#"{"a":["b", "d"],"c":{"e": 1}}"#
    );
}

#[test]
fn brackets_with_comments_keep_them() {
    let text = "a: [\n  b, # of b\n  # above c\n  c # of c\n]\n";
    check(text, Push("a", json!("d")), "a: [\n  b, # of b\n  # above c\n  c, # of c\n  d\n]\n");
    check(text, Remove("a.0"), "a: [\n  # above c\n  c # of c\n]\n");
    check(text, Remove("a.1"), "a: [\n  b # of b\n  # above c\n]\n");
}

#[test]
fn documents_without_content_get_some() {
    let op = || Set("a", json!("b"));
    for (text, expected) in [
        ("", "a: b\n"),
        ("# c", "# c\na: b"),
        ("# c\n\n", "# c\n\na: b\n"),
        ("null # c\n", " # c\na: b\n"),
        ("~", "a: b"),
        ("--- # c\n# d\n", "--- # c\na: b\n# d\n"),
        ("---\n...\n", "---\na: b\n...\n"),
        ("{}\n", "{\n  \"a\": \"b\"\n}\n"),
    ] {
        check(text, op(), expected);
    }
}

#[test]
fn encodings_and_line_breaks_stay() {
    let crlf = LINES.replace('\n', "\r\n");
    let (bytes, _) = changed(crlf.as_bytes(), &[Set("users.0.user.x", json!({"w": "z"}))]);
    let expected =
        lines("username: u\n", "username: u\n    x:\n      w: z\n").replace('\n', "\r\n");
    assert_eq!(bytes, expected.as_bytes());
    let (bytes, _) = changed(b"\xEF\xBB\xBFa: b\n", &[Set("a", json!("c"))]);
    assert_eq!(bytes, b"\xEF\xBB\xBFa: c\n");
    let (bytes, _) = changed(b"\xFF\xFEa\0:\0 \0\xE9\0", &[Set("b", json!("\u{e8}"))]);
    assert_eq!(bytes, b"\xFF\xFEa\0:\0 \0\xE9\0\n\0b\0:\0 \0\"\0\xE8\0\"\0");
    check(
        "# \u{85}a: b\u{85}# \u{e9}\nc: d\n",
        Set("c", json!("e")),
        "# \u{85}a: b\u{85}# \u{e9}\nc: e\n",
    );
}

const SHARED: &str = "\
base: &base # shared
  token: &t one
  username: u
users:
- &ann
  name: ann
  user: *base
- name: bob
  user:
    <<: *base
    token: two
- *ann
- name: cid
  user: {token: *t, username: w}
";

fn shared(pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(SHARED.to_string(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    })
}

#[test]
fn what_others_share_is_not_changed_for_them() {
    // Through an alias: only its own.
    check(SHARED, Set("users.2", json!({"name": "dan"})), &shared(&[("- *ann", "- name: dan")]));
    check(SHARED, Set("users.3.user.token", json!("x")), &shared(&[("*t,", "x,")]));
    check(
        SHARED,
        Set("users.0.user.token", json!("x")),
        &shared(&[
            ("user: *base\n", "user:\n    token: x\n    username: u\n"),
            ("- *ann", "- name: ann\n  user:\n    token: one\n    username: u"),
        ]),
    );
    // What is shared: every other one gets a copy.
    check(
        SHARED,
        Set("base.token", json!("x")),
        &shared(&[
            ("&t one", "x"),
            ("user: *base\n", "user:\n    token: one\n    username: u\n"),
            ("    <<: *base\n    token: two", "    token: two\n    username: u"),
            ("*t,", "one,"),
        ]),
    );
    check(
        SHARED,
        Remove("base"),
        &shared(&[
            ("base: &base # shared\n  token: &t one\n  username: u\n", ""),
            ("user: *base\n", "user:\n    token: one\n    username: u\n"),
            ("    <<: *base\n    token: two", "    token: two\n    username: u"),
            ("*t,", "one,"),
        ]),
    );
    check(
        SHARED,
        Remove("users.0"),
        &shared(&[
            ("- &ann\n  name: ann\n  user: *base\n", ""),
            ("- *ann", "- name: ann\n  user:\n    token: one\n    username: u"),
        ]),
    );
}

#[test]
fn merged_mappings_are_changed_within_where_that_works() {
    check(SHARED, Set("users.1.user.token", json!("x")), &shared(&[("two", "x")]));
    check(SHARED, Set("users.1.user.as", json!("x")), &shared(&[("two\n", "two\n    as: x\n")]));
    for op in [Remove("users.1.user.token"), Set("users.1.user.username", json!("x"))] {
        let (bytes, rewritten) = changed(SHARED.as_bytes(), &[op]);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(rewritten, Rewritten::Fields);
        assert_eq!(text.matches("<<").count(), 0);
        assert_eq!(text.matches("*base").count(), 1);
    }
    check("a: 1\nb: 2\na: 3\n", Set("a", json!(4)), "a: 1\nb: 2\na: 4\n");
    check("a: 1\nb: 2\na: 3\n", Remove("a"), "b: 2\n");
}

#[test]
fn nothing_changes_when_nothing_is_changed() {
    for text in [LINES, SHARED, PRETTY, "", "# c", "a:\r\n- b", "\u{FEFF}x: {y: , }"] {
        let document = open(text.as_bytes()).unwrap();
        let mut tree = document.root().map(Tree::of).unwrap_or_default();
        if document.root().is_some() {
            tree.entry("users", |users| users.items(|_| {}));
        }
        if LINES == text || SHARED == text || PRETTY == text {
            let (bytes, rewritten) = apply(text.as_bytes(), &document, &tree).unwrap();
            assert_eq!((bytes.expose(), rewritten), (text.as_bytes(), Rewritten::Fields));
        }
    }
}

#[test]
fn more_is_written_anew_only_if_the_text_stands_in_the_way() {
    // Keys with anchors or question marks cannot be taken out of their lines.
    let text = "users:\n- name: a # c\n  user:\n    &k token: x\n    username: u\n- name: b # d\n";
    let (bytes, rewritten) = changed(text.as_bytes(), &[Remove("users.0.user.token")]);
    let expected = "users:\n- name: a\n  user:\n    username: u\n- name: b # d\n";
    assert_eq!(
        (String::from_utf8(bytes).unwrap().as_str(), rewritten),
        (expected, Rewritten::Entries)
    );
    // A text block that ends with the file would get the break that comes before what is added.
    let (bytes, rewritten) = changed(b"a: |\n  x", &[Set("b", json!(2))]);
    assert_eq!((bytes.as_slice(), rewritten), (b"a: x\nb: 2".as_slice(), Rewritten::File));
    let text = "? users\n: - name: a # c\ncontexts: []\n";
    let (bytes, rewritten) = changed(text.as_bytes(), &[Remove("users")]);
    assert_eq!(
        (String::from_utf8(bytes).unwrap().as_str(), rewritten),
        ("contexts: []\n", Rewritten::File)
    );
}

#[test]
fn several_changes_at_once() {
    let (bytes, rewritten) = changed(
        LINES.as_bytes(),
        &[
            Remove("users.0.user.token"),
            Remove("users.0.user.username"),
            Set("users.1.user.token", json!("new")),
            Set("users.1.user.exec", json!({"command": "c"})),
            Set("users.1.more", json!(1)),
            Push("users", json!({"name": "c"})),
            Set("current-context", json!("x")),
            Remove("contexts"),
        ],
    );
    let expected = "\
# head
users: # all of them
# the first
- name: a
  user: {} # of a

# the second
- name: b
  user:
    token: new
    exec:
      command: c
  more: 1
- name: c
# tail
current-context: x
";
    assert_eq!(
        (String::from_utf8(bytes).unwrap().as_str(), rewritten),
        (expected, Rewritten::Fields)
    );
}
