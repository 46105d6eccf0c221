//! A command line as it is typed, in the words that a shell will make of it.

/// The words up to the cursor; the last one is being typed, and may be empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) words: Vec<String>,
    /// The quote that the last word is still in.
    pub(super) quote: Option<char>,
}

/// Splits at blanks, and takes quotes and backslashes out, as POSIX says for shells (2.2). Variables
/// and what else a shell would replace stay as they are.
pub(super) fn split(text: &str) -> Line {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let (mut begun, mut chars) = (false, text.chars().peekable());
    while let Some(char) = chars.next() {
        match (quote, char) {
            (None, ' ' | '\t' | '\n') => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
                continue;
            }
            (None, '\'' | '"') => quote = Some(char),
            (None, '\\') => word.extend(chars.next()),
            (Some(end), _) if char == end => quote = None,
            (Some('"'), '\\') => match chars.next_if(|next| "\"\\$`".contains(*next)) {
                Some(next) => word.push(next),
                None => word.push(char),
            },
            _ => word.push(char),
        }
        begun = true;
    }
    words.push(word);
    Line { words, quote }
}

/// The value as it is to be typed, so that a shell makes this word of it.
pub(super) fn quoted(value: &str, quote: Option<char>) -> String {
    let needs_backslash = |char: char| match quote {
        Some('\'') => false,
        Some(_) => "\"\\$`".contains(char),
        None => char.is_ascii() && !char.is_ascii_alphanumeric() && !"/.,_-+=:@%".contains(char),
    };
    let mut text = String::new();
    for (at, char) in value.char_indices() {
        match (quote, char) {
            (Some('\''), '\'') => text.push_str(r"'\''"),
            // A home directory stays one.
            (None, '~') if at == 0 && value.starts_with("~/") => text.push(char),
            _ if needs_backslash(char) => text.extend(['\\', char]),
            _ => text.push(char),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_shell() {
        for (text, words, quote) in [
            ("kubecred ", &["kubecred", ""][..], None),
            ("kubecred  get --context=a:b", &["kubecred", "get", "--context=a:b"], None),
            (r#"kubecred 'a b' "c \" d" e\ f"#, &["kubecred", "a b", "c \" d", "e f"], None),
            (r#"k "my con"#, &["k", "my con"], Some('"')),
            ("k 'my con", &["k", "my con"], Some('\'')),
            ("k '' ", &["k", "", ""], None),
            (r"k a\", &["k", "a"], None),
        ] {
            let line = split(text);
            assert_eq!(
                (line.words, line.quote),
                (words.iter().map(|w| (*w).into()).collect(), quote)
            );
        }
    }

    #[test]
    fn what_is_quoted_is_read_as_the_same_word() {
        for value in ["plain", "a b", "it's", "$HOME `x`", "ü&|;<>()*?[]#!{}", "a\\b\"c", "~user"]
        {
            for quote in [None, Some('\''), Some('"')] {
                let typed = quoted(value, quote);
                let open = quote.map(String::from).unwrap_or_default();
                assert_eq!(split(&format!("{open}{typed}{open}")).words, [value], "{typed}");
            }
        }
        assert_eq!(quoted("~/x y", None), r"~/x\ y");
    }
}
