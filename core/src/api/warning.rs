//! `Warning` headers (RFC 7234, 5.5), with which an API server tells the user about deprecated APIs
//! and changed values.

use alloc::string::String;
use alloc::vec::Vec;

/// The most characters of a warning that are kept.
const MOST: usize = 4096;

/// The texts of a `Warning` header with code 299, the only one that Kubernetes uses. Other codes
/// and malformed warnings are ignored. One header may have several warnings.
///
/// ```
/// use kubecred_core::api::warning;
///
/// let texts = warning::texts(r#"299 - "expires \"soon\"", 299 kube "use v1""#);
/// assert_eq!(texts, [r#"expires "soon""#, "use v1"]);
/// assert!(warning::texts("110 - \"stale\"").is_empty());
/// ```
pub fn texts(header: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = header;
    while let Some((code, text, after)) = one(rest) {
        if code == "299" && !text.is_empty() {
            texts.push(text);
        }
        rest = after;
    }
    texts
}

/// The code and text of the first warning, and what follows it.
fn one(header: &str) -> Option<(&str, String, &str)> {
    let (code, rest) = header.trim_start_matches([' ', '\t', ',']).split_once(' ')?;
    let (_agent, rest) = rest.split_once(' ')?;
    let (text, rest) = quoted(rest)?;
    // A date may follow, in quotes too; the text says all.
    let rest = match rest.trim_start().starts_with('"') {
        true => quoted(rest.trim_start())?.1,
        false => rest,
    };
    Some((code, text, rest))
}

/// The content of a quoted string, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut chars = text.strip_prefix('"')?.chars();
    let mut content = String::new();
    loop {
        let char = match chars.next()? {
            '"' => return Some((content, chars.as_str())),
            '\\' => chars.next()?,
            char => char,
        };
        if content.len() < MOST {
            content.push(char);
        }
    }
}
