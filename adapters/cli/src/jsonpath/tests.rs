//! The language by itself; `tests/config/jsonpath.rs` compares it with kubectl.

use super::{Fault, Options, Template};
use serde_json::{Value, json};

fn document() -> Value {
    json!({
        "kind": "List", "empty": [], "nothing": null, "whole": 600, "half": 0.5, "large": 1e21,
        "items": [
            {"name": "a", "n": 1, "tags": ["x", "y"], "on": true},
            {"name": "b", "n": 2.5, "labels": {"dotted.key": "v"}},
            {"name": "c<&>", "n": 3},
        ],
        "nulls": [null, "s"],
    })
}

fn print(template: &str, allow_missing: bool, as_json: bool) -> Result<String, Fault> {
    Template::parse(template)?.print(&document(), Options { allow_missing, as_json })
}

fn printed(template: &str) -> String {
    print(template, true, false).unwrap_or_else(|fault| panic!("{template}: {fault}"))
}

#[test]
fn templates_print_what_they_find() {
    for (template, expected) in [
        ("plain", "plain"),
        ("{.kind} {.whole} {.half}", "List 600 0.5"),
        ("{.large}", "1e+21"),
        ("{.items[*].name}", "a b c<&>"),
        ("{.items[?(@.n==2.5)].name}", "b"),
        ("{.items[?(@.n>=1)].name}", "a b c<&>"),
        ("{.items[?(@.name!='a')].name}", "b c<&>"),
        ("{.items[?(@.on)].name}", "a"),
        ("{.items[0].tags}", r#"["x","y"]"#),
        ("{.items[2]}", r#"{"n":3,"name":"c\u003c\u0026\u003e"}"#),
        (r#"{range .items[*]}{.name}{"\t"}{.n}{"\n"}{end}"#, "a\t1\nb\t2.5\nc<&>\t3\n"),
        ("{range .items[*]}{.name}{range .tags[*]}-{@}{end};{end}.", "a-x-y;b;c<&>;."),
        ("{range .empty[*]}{.x}{end}done", "done"),
        ("{.items[0,2].name}", "a c<&>"),
        ("{.items[-1:].n} {.items[0:3:2].n}", "3 1 3"),
        (r"{.items[1].labels.dotted\.key} {.items[1].labels['dotted\.key']}", "v v"),
        ("{.nothing} {.none}|", "null |"),
        ("{.items[*]['name','n']}", "a b c<&> 1 2.5 3"),
        ("{..tags[0]}", "x"),
    ] {
        assert_eq!(printed(template), expected, "{template}");
    }
    let lists = print("{.items[*].n}{.none}", true, true);
    assert_eq!(lists.as_deref(), Ok("[\n    1,\n    2.5,\n    3\n]\n[]\n"));
}

#[test]
fn a_fault_names_its_place_in_the_template() {
    for (template, place, problem) in [
        ("ab{.a", 3, "the action is not closed by '}'"),
        ("{.a[}", 4, "the bracket is not closed by ']'"),
        ("x{.a[foo]}", 5, "\"[foo]\" is neither an index nor a quoted name"),
        ("{.a[?(@.b=='x']}", 4, "the filter is not closed by ')]'"),
        ("{.a[?(@.b) ]}", 11, "a filter ends with ')]'"),
        ("{\"a}", 2, "the quoted text is not closed"),
        (r#"{"\q"}"#, 2, "the quoted text has an escape that does not exist"),
        ("{.a....b}", 6, "'..' twice in a row"),
        ("{1.2.3}", 2, "\"1.2.3\" is not a number"),
        ("é{.a;%}{%}", 9, "'%' is not expected in an action"),
        ("{.items[7]}", 8, "the index 7 is outside of a list of 3"),
        ("{.items[0].name[0]}", 16, "a text is no list"),
        ("{end}", 2, "'end' without a 'range'"),
        ("{.kind[?(@.a)]}", 7, "a text is no list and cannot be filtered"),
        ("{.items[?(@.name==1)]}", 8, "a text cannot be compared with a number"),
        ("{.items[?(@.tags==1)]}", 8, "a list cannot be compared"),
        ("{.items[0:2:0]}", 8, "a slice's step is 1 or more"),
    ] {
        let fault = print(template, true, false).unwrap_err();
        assert_eq!((fault.place, fault.problem.as_str()), (place, problem), "{template}");
    }
    let fault = print("{.items[*].none}", false, false).unwrap_err();
    assert_eq!(fault.to_string(), "the field \"none\" is missing at character 11 of the template");
}

#[test]
fn what_would_take_for_ever_is_refused() {
    let nested = "{range ..}".repeat(99) + &"{end}".repeat(99);
    let fault = print(&nested, true, false).unwrap_err();
    assert_eq!(fault.problem, "the template looks at too many values");
    let fault = print(&"{range @}".repeat(100_000), true, false).unwrap_err();
    assert_eq!(fault.problem, "more than 100 ranges in one another");
}

/// Any text is a template or a fault within it, and any template ends.
#[test]
fn no_text_does_more_than_print_or_fail() {
    const PARTS: [&str; 40] = [
        "{",
        "}",
        "[",
        "]",
        "[?(",
        ")]",
        "(",
        ")",
        ".",
        "..",
        "*",
        "@",
        "$",
        ",",
        ":",
        "-",
        "1",
        "2.5",
        "'",
        "\"",
        "\\",
        "range ",
        "end",
        "true",
        ".items",
        ".name",
        ".tags",
        "==",
        "<=",
        "!",
        "[*]",
        "[0]",
        "[-1]",
        " ",
        "\n",
        "é",
        "{.items[*]}",
        "{end}",
        "{range .items[*]}",
        "[?(@.n>1)]",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |most: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % most
    };
    let (mut good, mut bad) = (0, 0);
    for _ in 0..20_000 {
        let text: String = (0..=next(12)).map(|_| PARTS[next(PARTS.len())]).collect();
        let braced = format!("{{{text}}}");
        for template in [text, braced] {
            for (allow_missing, as_json) in [(true, false), (false, true)] {
                match print(&template, allow_missing, as_json) {
                    Ok(_) => good += 1,
                    Err(fault) => {
                        bad += 1;
                        let length = template.chars().count();
                        assert!((1..=length + 1).contains(&fault.place), "{template:?}: {fault:?}");
                    }
                }
            }
        }
    }
    assert!(good > 1000 && bad > 1000, "{good} good and {bad} bad ones are no mixture");
}
