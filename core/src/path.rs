//! File paths as text: what Go's `filepath` makes of them on Unix and on Windows.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// How the host spells file paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "Go's third, Plan 9, is not supported")]
pub enum PathFlavour {
    /// `/` separates folders, `:` separates list elements.
    #[default]
    Unix,
    /// `\` and `/` separate folders, `;` separates list elements, `C:` and `\\server\share` are
    /// volumes.
    Windows,
}

impl PathFlavour {
    /// Takes a list like `KUBECONFIG` apart. Empty elements stay; on Windows double quotes protect
    /// separators and are dropped (KC-4).
    pub(crate) fn split_list(self, list: &str) -> Vec<String> {
        match self {
            Self::Unix => list.split(':').map(ToOwned::to_owned).collect(),
            Self::Windows => {
                let mut quoted = false;
                list.split(|c| {
                    quoted ^= c == '"';
                    c == ';' && !quoted
                })
                .map(|element| element.replace('"', ""))
                .collect()
            }
        }
    }

    /// Whether a command is a path, rather than a name to find on PATH. On Windows either slash
    /// makes one; client-go there knows `\` only (KC-39).
    pub(crate) fn has_separator(self, path: &str) -> bool {
        path.contains(|c| self.is_separator(c))
    }

    pub(crate) fn is_absolute(self, path: &str) -> bool {
        let (volume, rest) = self.split_volume(path);
        match self {
            Self::Unix => path.starts_with('/'),
            Self::Windows => !volume.is_empty() && self.is_rooted(rest),
        }
    }

    /// The folder that a file is in; `.` for a bare name.
    pub(crate) fn parent(self, path: &str) -> String {
        let (volume, rest) = self.split_volume(path);
        let folder = match rest.rfind(|c| self.is_separator(c)) {
            // A separator is one byte, so the cut is between characters.
            Some(at) => rest.split_at_checked(at + 1).map_or("", |(folder, _)| folder),
            None => "",
        };
        self.clean(&[volume, folder].concat())
    }

    /// `path` as seen from `base`, without `.` and `..` where they can be resolved.
    pub(crate) fn join(self, base: &str, path: &str) -> String {
        match (base.is_empty(), path.is_empty()) {
            (true, true) => String::new(),
            (true, false) => self.clean(path),
            (false, true) => self.clean(base),
            (false, false) => self.clean(&[base, self.separator(), path].concat()),
        }
    }

    /// `path` as seen from the working directory.
    pub(crate) fn absolute(self, path: &str, working_directory: &str) -> String {
        if self.is_absolute(path) {
            return self.clean(path);
        }
        if self == Self::Windows && self.is_rooted(path) {
            let (volume, _) = self.split_volume(working_directory);
            return self.clean(&[volume, path].concat());
        }
        self.join(working_directory, path)
    }

    /// The shortest spelling of the same path.
    pub(crate) fn clean(self, path: &str) -> String {
        let (volume, rest) = self.split_volume(path);
        let rooted = self.is_rooted(rest);
        let mut parts: Vec<&str> = Vec::new();
        for part in rest.split(|c| self.is_separator(c)) {
            match part {
                "" | "." => {}
                ".." => match parts.last() {
                    Some(&last) if last != ".." => {
                        parts.pop();
                    }
                    _ if rooted => {}
                    _ => parts.push(part),
                },
                _ => parts.push(part),
            }
        }
        let mut clean = match self {
            Self::Unix => volume.to_owned(),
            Self::Windows => volume.replace('/', "\\"),
        };
        if rooted {
            clean.push_str(self.separator());
        } else if parts.is_empty() {
            clean.push('.');
        }
        clean.push_str(&parts.join(self.separator()));
        clean
    }

    const fn separator(self) -> &'static str {
        match self {
            Self::Unix => "/",
            Self::Windows => "\\",
        }
    }

    const fn is_separator(self, c: char) -> bool {
        c == '/' || (c == '\\' && matches!(self, Self::Windows))
    }

    fn is_rooted(self, path: &str) -> bool {
        path.starts_with(|c| self.is_separator(c))
    }

    /// `C:` or `\\server\share`, and what follows.
    fn split_volume(self, path: &str) -> (&str, &str) {
        if self == Self::Unix {
            return ("", path);
        }
        let mut chars = path.chars();
        let end = match (chars.next(), chars.next()) {
            (Some(letter), Some(':')) if letter.is_ascii_alphabetic() => 2,
            (Some(a), Some(b)) if self.is_separator(a) && self.is_separator(b) => {
                let mut separators =
                    path.char_indices().skip(2).filter(|(_, c)| self.is_separator(*c));
                match (separators.next(), separators.next()) {
                    (Some(_), Some((share_end, _))) => share_end,
                    (Some(_), None) => path.len(),
                    (None, _) => 0,
                }
            }
            _ => 0,
        };
        path.split_at_checked(end).unwrap_or(("", path))
    }
}

#[cfg(test)]
mod tests {
    use super::PathFlavour::{Unix, Windows};
    use alloc::vec;

    #[test]
    fn kc_38_join_cleans_dots() {
        for (base, path, joined) in [
            ("/a/b", "x", "/a/b/x"),
            ("/a/b", "./x/../y", "/a/b/y"),
            ("/a/b", "../../../x", "/x"),
            ("/a/b", "~/tok", "/a/b/~/tok"),
            (".", "../x", "../x"),
            ("/", "x", "/x"),
        ] {
            assert_eq!(Unix.join(base, path), joined);
        }
        for (base, path, joined) in [
            (r"C:\Users\me\.kube", "ca.crt", r"C:\Users\me\.kube\ca.crt"),
            (r"C:\Users\me\.kube", r"..\certs/ca.crt", r"C:\Users\me\certs\ca.crt"),
            (r"\\server\share\x", r"..\..\y", r"\\server\share\y"),
        ] {
            assert_eq!(Windows.join(base, path), joined);
        }
    }

    #[test]
    fn kc_37_the_folder_of_a_file() {
        for (path, folder) in
            [("config", "."), ("a/config", "a"), ("/config", "/"), ("/a//b/c", "/a/b")]
        {
            assert_eq!(Unix.parent(path), folder);
        }
        for (path, folder) in
            [("config", "."), (r"C:\config", r"C:\"), (r"C:/a/config", r"C:\a"), ("C:x", "C:.")]
        {
            assert_eq!(Windows.parent(path), folder);
        }
    }

    #[test]
    fn what_is_absolute() {
        assert!(Unix.is_absolute("/a") && !Unix.is_absolute("a") && !Unix.is_absolute(r"C:\a"));
        assert!(Windows.is_absolute(r"C:\a") && Windows.is_absolute("C:/a"));
        assert!(Windows.is_absolute(r"\\server\share\a"));
        assert!(!Windows.is_absolute(r"\a") && !Windows.is_absolute("C:a"));
        assert_eq!(Windows.absolute(r"\a", r"D:\work"), r"D:\a");
        assert_eq!(Windows.absolute("a", r"D:\work"), r"D:\work\a");
    }

    #[test]
    fn kc_4_list_separators_and_windows_quotes() {
        assert_eq!(Unix.split_list("a::\"b:c\""), vec!["a", "", "\"b", "c\""]);
        assert_eq!(Windows.split_list(r#"C:\a;"C:\x;y";"#), vec![r"C:\a", r"C:\x;y", ""]);
    }
}
