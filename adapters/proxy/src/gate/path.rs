//! Paths on which something is decided: they must mean the same to the gate and to what stands
//! behind it.

use percent_encoding::percent_decode;
use std::borrow::Cow;

/// A path that is encoded more often than this is refused.
const LAYERS: usize = 3;

/// The decoded path, if every reader takes it for the same (`None`: it does not): it begins with a
/// slash; no segment is `.` or `..`, whether plain, encoded (once or again), split off by a
/// backslash, or followed by a parameter (`..;x`); no slash or backslash is encoded; and there is no
/// control character.
pub(crate) fn canonical(path: &str) -> Option<Cow<'_, str>> {
    if !path.starts_with('/') {
        return None;
    }
    let once = percent_decode(path.as_bytes()).decode_utf8().ok()?;
    // What decoding adds to the structure would be seen by some readers, and not by others.
    let structure = |text: &str| text.matches(['/', '\\', ';', '?', '#']).count();
    if structure(&once) != structure(path) || has_dots(path) {
        return None;
    }
    let mut form = once.clone();
    for _ in 0..LAYERS {
        if form.contains(|c: char| c.is_control() || c == '\\') || has_dots(&form) {
            return None;
        }
        let next = percent_decode(form.as_bytes()).decode_utf8().ok()?.into_owned();
        if next == form {
            return Some(once);
        }
        form = Cow::Owned(next);
    }
    None
}

fn has_dots(path: &str) -> bool {
    let mut segments = path.split(['/', '\\']);
    segments.any(|segment| {
        let name = segment.split(';').next().unwrap_or_default();
        name == "." || name == ".."
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_is_decoded_once() {
        for (path, decoded) in [
            ("/", "/"),
            ("/api/v1", "/api/v1"),
            ("/%6detrics", "/metrics"),
            ("/a//b/", "/a//b/"),
            ("/a.b/..c/...", "/a.b/..c/..."),
            ("/100%25", "/100%"),
            ("/%C3%A4", "/ä"),
            ("/a;v=1/b", "/a;v=1/b"),
        ] {
            assert_eq!(canonical(path).as_deref(), Some(decoded), "{path}");
        }
    }

    #[test]
    fn a_path_that_readers_take_for_different_ones_is_refused() {
        for path in [
            "",
            "*",
            "metrics",
            "/.",
            "/..",
            "/a/../b",
            "/a/./b",
            "/a/%2e%2e/b",
            "/a/.%2E/b",
            "/a/%252e%252e/b",
            "/a/%25252e%25252e/b",
            "/a%2fb",
            "/a%5Cb",
            "/a\\..\\b",
            "/a%252fb/%2e%2e",
            "/public/..;/admin",
            "/public/..%3b/admin",
            "/a%00b",
            "/a%0d%0ab",
            "/a%7f",
            "/%ff",
            "/a%3fb",
            "/a%23b",
        ] {
            assert_eq!(canonical(path), None, "{path}");
        }
    }
}
