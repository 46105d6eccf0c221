//! A flag whose value is a list: items between commas, as a line of CSV has them. Go's flags are so.

/// The items of a value. `"a,b"` with its quotes is one item, and in it `""` is a quote. An empty
/// value has none.
///
/// # Errors
/// When a quote stands where none can, or is missing. The value is not repeated.
pub(super) fn items(text: &str) -> Result<Vec<String>, &'static str> {
    let mut items = Vec::new();
    let mut rest = Some(text).filter(|text| !text.is_empty());
    while let Some(text) = rest {
        let item;
        (item, rest) = match text.strip_prefix('"') {
            Some(quoted) => quoted_item(quoted)?,
            None => plain_item(text)?,
        };
        items.push(item);
    }
    Ok(items)
}

fn plain_item(text: &str) -> Result<(String, Option<&str>), &'static str> {
    let (item, rest) = match text.split_once(',') {
        Some((item, rest)) => (item, Some(rest)),
        None => (text, None),
    };
    match item.contains('"') {
        true => Err("a quote stands inside an item; put the item in quotes, and double it"),
        false => Ok((item.to_owned(), rest)),
    }
}

fn quoted_item(mut text: &str) -> Result<(String, Option<&str>), &'static str> {
    let mut item = String::new();
    loop {
        let Some((part, rest)) = text.split_once('"') else {
            return Err("the quote at the end of an item is missing");
        };
        item.push_str(part);
        match (rest.strip_prefix('"'), rest.strip_prefix(',')) {
            (Some(rest), _) => {
                item.push('"');
                text = rest;
            }
            (None, Some(rest)) => return Ok((item, Some(rest))),
            (None, None) if rest.is_empty() => return Ok((item, None)),
            (None, None) => return Err("a comma is missing after an item in quotes"),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn kb_8_items_stand_between_commas_unless_they_are_in_quotes() {
        for (text, items) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a,b", &["a", "b"]),
            (" a, b ", &[" a", " b "]),
            (",", &["", ""]),
            ("a,", &["a", ""]),
            (r#""a,b",c"#, &["a,b", "c"]),
            (r#""say ""hi""""#, &[r#"say "hi""#]),
            (r#""""#, &[""]),
        ] {
            assert_eq!(super::items(text).unwrap(), items, "{text}");
        }
        for text in [r#"a"b"#, r#""a"#, r#""a"b"#, r#"a""#] {
            assert!(super::items(text).is_err(), "{text}");
        }
    }
}
