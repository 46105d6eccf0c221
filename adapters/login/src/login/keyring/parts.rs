//! Items that are larger than a store takes (LG-96).
//!
//! The item itself then says how many parts there are and what their digest is, and the parts are
//! items beside it, named after it: `KEY/1`, `KEY/2`, … The parts are written first, so that a
//! write that was cut off is an item whose digest does not fit; and that is none.

use super::store::Items;
use kubecred_core::{Failure, Secret};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// How an item that has parts begins. No token and no JSON does.
const MARK: &str = "kubecred parts ";

/// More parts than any item of ours has, whatever an item says.
const MOST_PARTS: usize = 1000;

fn part(account: &str, at: usize) -> String {
    format!("{account}/{at}")
}

fn digest(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The number of parts and their digest, if that is what the item says.
fn index(item: &Secret) -> Option<(usize, &str)> {
    let (count, digest) = item.expose_str()?.strip_prefix(MARK)?.split_once(' ')?;
    let count = count.parse().ok().filter(|count| *count <= MOST_PARTS)?;
    Some((count, digest))
}

/// The item, put together again; `None` if there is none, or if a part is missing.
pub(super) async fn get(
    items: &impl Items,
    service: &str,
    account: &str,
) -> Result<Option<Secret>, Failure> {
    let Some(item) = items.get(service, account).await? else { return Ok(None) };
    let Some((count, expected)) = index(&item) else {
        let is_torn = item.expose().starts_with(MARK.as_bytes());
        return Ok((!is_torn).then_some(item));
    };
    let mut parts = Vec::with_capacity(count);
    for at in 1..=count {
        match items.get(service, &part(account, at)).await? {
            Some(part) => parts.push(part),
            None => return Ok(None),
        }
    }
    // Of the right size: a buffer that grew would leave copies behind.
    let mut whole = Vec::with_capacity(parts.iter().map(Secret::len).sum());
    parts.iter().for_each(|part| whole.extend_from_slice(part.expose()));
    let whole = Secret::new(whole);
    Ok((digest(whole.expose()) == expected).then_some(whole))
}

/// Writes the item, and removes the parts that an earlier one had more.
pub(super) async fn set(
    items: &impl Items,
    service: &str,
    account: &str,
    secret: &Secret,
) -> Result<(), Failure> {
    let limit = items.limit();
    // Only where items are split there can be parts of an earlier one.
    let old = match limit {
        usize::MAX => None,
        _ => items.get(service, account).await?,
    };
    let old = old.as_ref().and_then(index).map_or(0, |(count, _)| count);
    let mut new = 0;
    if secret.len() > limit {
        for bytes in secret.expose().chunks(limit) {
            new += 1;
            items.set(service, &part(account, new), &Secret::new(bytes.to_vec())).await?;
        }
        let index = format!("{MARK}{new} {}", digest(secret.expose()));
        items.set(service, account, &Secret::from(index)).await?;
    } else {
        items.set(service, account, secret).await?;
    }
    for at in new + 1..=old {
        items.delete(service, &part(account, at)).await?;
    }
    Ok(())
}

/// Removes the item with its parts.
pub(super) async fn delete(
    items: &impl Items,
    service: &str,
    account: &str,
) -> Result<(), Failure> {
    let item = match items.limit() {
        usize::MAX => None,
        _ => items.get(service, account).await?,
    };
    let count = item.as_ref().and_then(index).map_or(0, |(count, _)| count);
    items.delete(service, account).await?;
    for at in 1..=count {
        items.delete(service, &part(account, at)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    /// A keyring as small as that of Windows is large.
    #[derive(Default)]
    struct Small(Mutex<BTreeMap<String, Secret>>);

    impl Small {
        fn names(&self) -> Vec<String> {
            self.0.lock().unwrap().keys().cloned().collect()
        }
    }

    impl Items for Small {
        fn limit(&self) -> usize {
            100
        }

        async fn get(&self, _: &str, account: &str) -> Result<Option<Secret>, Failure> {
            Ok(self.0.lock().unwrap().get(account).cloned())
        }

        async fn set(&self, _: &str, account: &str, secret: &Secret) -> Result<(), Failure> {
            assert!(secret.len() <= 100);
            self.0.lock().unwrap().insert(account.to_owned(), secret.clone());
            Ok(())
        }

        async fn delete(&self, _: &str, account: &str) -> Result<(), Failure> {
            self.0.lock().unwrap().remove(account);
            Ok(())
        }
    }

    #[tokio::test]
    async fn lg_96_an_item_that_is_too_large_is_split_and_whole_again() {
        let items = Small::default();
        for size in [0_usize, 99, 100, 101, 1000, 250, 100] {
            let bytes: Vec<u8> = (0..size).map(|at| b'a' + (at % 26) as u8).collect();
            let secret = Secret::new(bytes);
            set(&items, "s", "a", &secret).await.unwrap();
            assert_eq!(get(&items, "s", "a").await.unwrap(), Some(secret), "{size}");
            let parts = if size > 100 { size.div_ceil(100) } else { 0 };
            assert_eq!(items.names().len(), 1 + parts, "{size}");
        }
        set(&items, "s", "a", &Secret::new(vec![b'x'; 1000])).await.unwrap();
        delete(&items, "s", "a").await.unwrap();
        assert_eq!(items.names(), [""; 0]);
        delete(&items, "s", "a").await.unwrap();
        assert_eq!(get(&items, "s", "a").await.unwrap(), None);
    }

    #[tokio::test]
    async fn lg_96_an_item_with_a_part_missing_or_changed_is_none() {
        let change = |at: &str, to: Option<&str>| {
            let (at, to) = (at.to_owned(), to.map(Secret::from));
            async move {
                let items = Small::default();
                set(&items, "s", "a", &Secret::new(vec![b'x'; 250])).await.unwrap();
                let mut stored = items.0.lock().unwrap().clone();
                match to {
                    Some(to) => stored.insert(at, to),
                    None => stored.remove(&at),
                };
                get(&Small(Mutex::new(stored)), "s", "a").await.unwrap()
            }
        };
        assert!(change("a/9", None).await.is_some());
        for (at, to) in [
            ("a/1", None),
            ("a/3", None),
            ("a/2", Some("y")),
            ("a", Some("kubecred parts 2 0000")),
            ("a", Some("kubecred parts 100000 0000")),
            ("a", Some("kubecred parts")),
        ] {
            let torn = change(at, to).await;
            let whole = torn.as_ref().is_some_and(|item| item.len() == 250);
            assert!(!whole, "{at} {to:?}");
            if to != Some("kubecred parts") {
                assert_eq!(torn, None, "{at} {to:?}");
            }
        }
    }
}
