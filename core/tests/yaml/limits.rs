//! What a document may ask of its reader.

use kubecred_core::yaml::{Error, Limits, from_slice, parse, to_string};
use kubecred_hostile::{Size, kubeconfigs};
use serde_json::Value;

/// An eighth of what a thread has. Building a `Value` is recursive, as is dropping one, and takes
/// up to 192 KiB of it; without optimisation twice that.
const SMALL_STACK: usize = if cfg!(debug_assertions) { 512 << 10 } else { 256 << 10 };

fn on_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(SMALL_STACK).spawn(work);
    thread.expect("a thread").join().expect("enough stack")
}

/// Parses within these limits and says what is wrong.
fn refusal(text: &str, limits: &Limits) -> Error {
    parse(text.as_bytes(), limits).expect_err("a limit")
}

fn nested(open: &str, depth: usize, close: &str) -> String {
    open.repeat(depth) + "1" + &close.repeat(depth)
}

#[test]
fn deepest_document_fits_a_small_stack() {
    let depth = Limits::default().depth;
    let texts = [
        nested("[", depth, "]"),
        nested("{a: ", depth, "}"),
        (0..depth).map(|i| " ".repeat(i) + "a:\n").collect(),
        "- ".repeat(depth) + "a",
    ];
    for text in texts {
        on_small_stack(move || {
            parse(text.as_bytes(), &Limits::default()).expect("as deep as may be");
            let value: Value = from_slice(text.as_bytes()).expect("as deep as may be");
            assert_eq!(from_slice::<Value>(to_string(&value).unwrap().as_bytes()).unwrap(), value);
            from_slice::<serde::de::IgnoredAny>(text.as_bytes()).expect("ignored");
        });
    }
}

#[test]
fn one_level_deeper_is_refused() {
    let depth = Limits::default().depth;
    for text in [nested("[", depth + 1, "]"), nested("{a: ", depth + 1, "}"), "- ".repeat(1000)] {
        let error = on_small_stack(move || refusal(&text, &Limits::default()));
        assert!(error.to_string().contains("nested too deep"), "{error}");
    }
}

/// Each value repeats the one before within more brackets: short to write, and to whoever follows
/// aliases as deep as all of them together.
#[test]
fn aliases_lead_no_deeper_than_a_document_may_be() {
    let depth = Limits::default().depth;
    let chain = |links: usize, levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        (1..links).fold("k0: &a0 x\n".to_owned(), |text, i| {
            text + &format!("k{i}: &a{i} {open}*a{}{close}\n", i - 1)
        })
    };
    on_small_stack(move || {
        // The root is a level too.
        assert!(from_slice::<Value>(chain(depth, 1).as_bytes()).is_ok());
        for text in [chain(depth + 1, 1), chain(40, 200)] {
            let error = refusal(&text, &Limits::default());
            assert_eq!(error.message(), "lists and mappings are nested too deep");
        }
    });
}

#[test]
fn every_limit_is_an_error() {
    let mut small = Limits::default();
    (small.input, small.nodes, small.depth) = (30, 8, 3);
    let limited = |text: &str| refusal(text, &small).to_string();
    assert_eq!(limited(&"a".repeat(31)), "more than 30 bytes of input");
    assert_eq!(limited("[1,2,3,4,5,6,7,8]"), "line 1: [7]: more than 8 values");
    assert_eq!(limited("a:\n  b: [[1]]"), "line 2: a.b[0]: lists and mappings are nested too deep");
    // Key nodes that are made of numbers count as well.
    assert_eq!(limited("{1: 1, 2: 2, 3: 3}"), "line 1: more than 8 values");
    assert!(parse(b"a: [1, 2, 3, 4]", &small).is_ok());
}

#[test]
fn aliases_repeat_no_more_than_go_lets_them() {
    // Each list holds the one before nine times: 9^8 values of some 100 bytes.
    let mut laughs = String::from("a0: &a0 [lol]\n");
    for i in 1..9 {
        laughs += &format!("a{i}: &a{i} [{}]\n", format!("*a{},", i - 1).repeat(9));
    }
    let error = refusal(&laughs, &Limits::default());
    assert_eq!(error.message(), "aliases repeat too much");
    let long = format!("a: &a {}\nb: [*a, *a]", "x".repeat(100));
    let mut limits = Limits::default();
    limits.alias_bytes = 0;
    assert!(parse(long.as_bytes(), &limits).is_ok(), "ten times the input is always granted");
    let error = refusal(&format!("a: &a {}\nb: [{}]", "x".repeat(100), "*a,".repeat(99)), &limits);
    assert_eq!(error.message(), "aliases repeat too much");
    // kubectl lets 400 000 values come from aliases if they are 99 in 100, and so do we.
    let shared = format!("a: &a [{}]\nb: [{}]", "1,".repeat(1000), "*a,".repeat(80));
    assert!(parse(shared.as_bytes(), &Limits::default()).is_ok());
}

#[test]
fn merge_keys_copy_no_more_entries_than_a_document_may_have() {
    let mut limits = Limits::default();
    limits.nodes = 100;
    let text = format!("{}{{a: 1, b: 2, c: 3}}{}", "{<<: ".repeat(40), "}".repeat(40));
    assert_eq!(refusal(&text, &limits).message(), "merge keys copy too many entries");
}

#[test]
fn hostile_files_are_answered_on_a_small_stack() {
    for (name, bytes) in kubeconfigs(Size::Full) {
        on_small_stack(move || match from_slice::<Value>(&bytes) {
            Ok(_) => {}
            Err(error) => assert!(error.to_string().len() < 1_000, "{name}: {error}"),
        });
    }
}
