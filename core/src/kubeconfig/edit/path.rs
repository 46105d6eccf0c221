//! Paths as they are written: relative to the file's folder where they lead into it (KC-90).

use crate::path::PathFlavour;
use alloc::borrow::ToOwned;
use alloc::string::String;

/// The folder of a kubeconfig.
pub(super) struct Folder<'p> {
    /// Absolute, if the working directory is known.
    pub(super) path: &'p str,
    pub(super) flavour: PathFlavour,
    /// Whether paths are written as they are given.
    pub(super) as_given: bool,
}

impl Folder<'_> {
    /// Makes a path that has changed what is to be written.
    pub(super) fn settle(&self, before: &str, path: &mut String) {
        if before != path && !path.is_empty() && !self.as_given {
            *path = self.relative(path);
        }
    }

    /// The same for a command, which is a path only if there is a separator in it. One that loses
    /// its last gets `./`: without, it would be looked up on PATH.
    pub(super) fn settle_command(&self, before: &str, command: &mut String) {
        if before == command || self.as_given || !self.flavour.has_separator(command) {
            return;
        }
        *command = self.relative(command);
        if !self.flavour.has_separator(command) {
            let dot = if self.flavour == PathFlavour::Windows { ".\\" } else { "./" };
            command.insert_str(0, dot);
        }
    }

    fn relative(&self, path: &str) -> String {
        let absolute = self.flavour.absolute(path, self.path);
        if !self.flavour.is_absolute(&absolute) {
            return path.to_owned();
        }
        match self.inside(&absolute) {
            Some(inside) => inside.to_owned(),
            None => absolute,
        }
    }

    /// The rest of a path that leads into the folder.
    fn inside<'a>(&self, path: &'a str) -> Option<&'a str> {
        let folder = self.flavour.clean(self.path);
        let (start, rest) = path.split_at_checked(folder.len())?;
        let same = match self.flavour {
            PathFlavour::Unix => start == folder,
            PathFlavour::Windows => start.eq_ignore_ascii_case(&folder),
        };
        let rest = if self.flavour.has_separator(folder.get(folder.len().checked_sub(1)?..)?) {
            rest
        } else {
            rest.strip_prefix(|c: char| self.flavour.has_separator(c.encode_utf8(&mut [0; 4])))?
        };
        (same && !rest.is_empty()).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(folder: &str, flavour: PathFlavour, path: &str) -> String {
        let mut settled = path.to_owned();
        Folder { path: folder, flavour, as_given: false }.settle("", &mut settled);
        settled
    }

    #[test]
    fn kc_90_paths_into_the_folder_are_relative_and_others_absolute() {
        for (path, written) in [
            ("/home/me/.kube/ca.crt", "ca.crt"),
            ("/home/me/.kube/pki/ca.crt", "pki/ca.crt"),
            ("/home/me/.kube/../x", "/home/me/x"),
            ("/home/me/.kubeother/ca.crt", "/home/me/.kubeother/ca.crt"),
            ("/home/me/.kube", "/home/me/.kube"),
            ("ca.crt", "ca.crt"),
            ("./pki/./ca.crt", "pki/ca.crt"),
            ("../ca.crt", "/home/me/ca.crt"),
            ("/etc/ca.crt", "/etc/ca.crt"),
            ("", ""),
        ] {
            assert_eq!(relative("/home/me/.kube", PathFlavour::Unix, path), written);
        }
        assert_eq!(relative("/", PathFlavour::Unix, "/etc/ca.crt"), "etc/ca.crt");
        for (path, written) in [
            (r"C:\Users\me\.kube\ca.crt", "ca.crt"),
            (r"c:\users\ME\.kube\pki\ca.crt", r"pki\ca.crt"),
            (r"D:\ca.crt", r"D:\ca.crt"),
            (r"..\ca.crt", r"C:\Users\me\ca.crt"),
        ] {
            assert_eq!(relative(r"C:\Users\me\.kube", PathFlavour::Windows, path), written);
        }
    }

    #[test]
    fn kc_90_in_an_unknown_folder_paths_stay() {
        for path in ["ca.crt", "../ca.crt", "./ca.crt"] {
            assert_eq!(relative(".", PathFlavour::Unix, path), path);
        }
    }

    #[test]
    fn kc_90_a_command_beside_the_file_keeps_its_separator() {
        let folder = Folder { path: "/home/me/.kube", flavour: PathFlavour::Unix, as_given: false };
        for (command, written) in [
            ("plugin", "plugin"),
            ("./plugin", "./plugin"),
            ("/home/me/.kube/plugin", "./plugin"),
            ("bin/plugin", "bin/plugin"),
            ("/usr/bin/plugin", "/usr/bin/plugin"),
            ("../plugin", "/home/me/plugin"),
        ] {
            let mut settled = command.to_owned();
            folder.settle_command("", &mut settled);
            assert_eq!(settled, written);
        }
    }
}
