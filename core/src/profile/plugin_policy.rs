//! Plugin policies as kuberc and client-go's API write them (EX-80…EX-82).

use super::PluginPolicy;
use super::problem::PolicyProblem;
use crate::path::PathFlavour;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

impl PluginPolicy {
    /// From a policy's name and the allowlist beside it, each of which may be missing.
    ///
    /// # Errors
    /// When there is no such policy, or the list does not go with it.
    ///
    /// ```
    /// use kubecred_core::{PathFlavour, PluginPolicy};
    ///
    /// let list = ["gke-gcloud-auth-plugin".to_owned()];
    /// let policy = PluginPolicy::from_config("Allowlist", Some(&list), PathFlavour::Unix)?;
    /// assert_eq!(policy, PluginPolicy::Allowlist(list.to_vec()));
    /// assert!(PluginPolicy::from_config("DenyAll", Some(&list), PathFlavour::Unix).is_err());
    /// # Ok::<(), kubecred_core::PolicyProblem>(())
    /// ```
    pub fn from_config(
        policy: &str,
        allowlist: Option<&[String]>,
        paths: PathFlavour,
    ) -> Result<Self, PolicyProblem> {
        let policy = match (policy, allowlist) {
            ("Allowlist", Some(list)) => Self::Allowlist(list.to_vec()),
            ("Allowlist", None) => return Err(PolicyProblem::NoList),
            ("" | "AllowAll" | "DenyAll", Some(_)) => {
                return Err(PolicyProblem::ListWithout(policy.to_owned()));
            }
            ("" | "AllowAll", None) => Self::AllowAll,
            ("DenyAll", None) => Self::DenyAll,
            _ => return Err(PolicyProblem::Unknown(policy.to_owned())),
        };
        policy.check(paths)?;
        Ok(policy)
    }

    /// From flags as `kubectl kuberc set --section credentialplugin` has them: a policy, and entries
    /// like `command=login`, of which several stand in one flag with commas between them, or in
    /// several (KB-64).
    ///
    /// # Errors
    /// When there is no such policy, an entry is none, or the two do not go together.
    ///
    /// ```
    /// use kubecred_core::{PathFlavour, PluginPolicy};
    ///
    /// let entries = ["command=kubelogin,command=/opt/login"];
    /// let policy = PluginPolicy::from_flags("Allowlist", &entries, PathFlavour::Unix)?;
    /// let list = ["kubelogin", "/opt/login"].map(str::to_owned);
    /// assert_eq!(policy, PluginPolicy::Allowlist(list.to_vec()));
    /// # Ok::<(), kubecred_core::PolicyProblem>(())
    /// ```
    pub fn from_flags(
        policy: &str,
        entries: &[&str],
        paths: PathFlavour,
    ) -> Result<Self, PolicyProblem> {
        if policy.is_empty() {
            return Err(PolicyProblem::Unknown(String::new()));
        }
        let mut list = Vec::new();
        for entry in entries.iter().flat_map(|flag| flag.split(',')) {
            match entry.split_once('=') {
                Some(("command", command)) => list.push(command.to_owned()),
                _ => return Err(PolicyProblem::BadEntry(entry.to_owned())),
            }
        }
        Self::from_config(policy, (!list.is_empty()).then_some(list.as_slice()), paths)
    }

    /// Allows what both allow. Of two allowlists these are the entries that stand in both, to the
    /// letter; if there are none, nothing is allowed.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::AllowAll, policy) | (policy, Self::AllowAll) => policy,
            (Self::DenyAll, _) | (_, Self::DenyAll) => Self::DenyAll,
            (Self::Allowlist(mut list), Self::Allowlist(other)) => {
                list.retain(|entry| other.contains(entry));
                if list.is_empty() { Self::DenyAll } else { Self::Allowlist(list) }
            }
        }
    }

    /// Whether an allowlist names something, and each path in its shortest form.
    ///
    /// # Errors
    /// The first entry that does not.
    pub fn check(&self, paths: PathFlavour) -> Result<(), PolicyProblem> {
        let Self::Allowlist(list) = self else { return Ok(()) };
        if list.is_empty() {
            return Err(PolicyProblem::EmptyList);
        }
        for (index, path) in list.iter().enumerate() {
            if path.is_empty() {
                return Err(PolicyProblem::EmptyEntry(index + 1));
            }
            let clean = paths.clean(path);
            if clean != *path {
                return Err(PolicyProblem::NotClean { path: path.clone(), clean });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(policy: &str, list: Option<&[&str]>) -> Result<PluginPolicy, PolicyProblem> {
        let list: Option<Vec<String>> =
            list.map(|list| list.iter().map(|entry| (*entry).to_owned()).collect());
        PluginPolicy::from_config(policy, list.as_deref(), PathFlavour::Unix)
    }

    #[test]
    fn ex_80_names_are_exact_and_none_allows_all() {
        assert_eq!(from("", None), Ok(PluginPolicy::AllowAll));
        assert_eq!(from("AllowAll", None), Ok(PluginPolicy::AllowAll));
        assert_eq!(from("DenyAll", None), Ok(PluginPolicy::DenyAll));
        assert_eq!(from("denyall", None), Err(PolicyProblem::Unknown("denyall".into())));
        assert_eq!(from("No", Some(&[])), Err(PolicyProblem::Unknown("No".into())));
    }

    #[test]
    fn ex_81_the_list_goes_with_allowlist_alone_and_none_is_not_empty() {
        assert_eq!(from("AllowAll", Some(&[])), Err(PolicyProblem::ListWithout("AllowAll".into())));
        assert_eq!(from("Allowlist", None), Err(PolicyProblem::NoList));
        assert_eq!(from("Allowlist", Some(&[])), Err(PolicyProblem::EmptyList));
    }

    /// The pair is checked as a file's is; only flags that cannot be read come on top.
    #[test]
    fn kb_64_flags_of_a_policy_and_its_entries_go_together() {
        let set = |policy: &str, entries: &[&str]| {
            PluginPolicy::from_flags(policy, entries, PathFlavour::Unix)
        };
        let list = |entries: &[&str]| {
            Ok(PluginPolicy::Allowlist(entries.iter().map(|e| (*e).to_owned()).collect()))
        };
        assert_eq!(set("DenyAll", &[]), Ok(PluginPolicy::DenyAll));
        assert_eq!(set("AllowAll", &[]), Ok(PluginPolicy::AllowAll));
        assert_eq!(set("Allowlist", &["command=a"]), list(&["a"]));
        assert_eq!(
            set("Allowlist", &["command=a,command=/b", "command=c=d"]),
            list(&["a", "/b", "c=d"])
        );
        assert_eq!(set("Allowlist", &[]), Err(PolicyProblem::NoList));
        for policy in ["AllowAll", "DenyAll"] {
            let problem = PolicyProblem::ListWithout(policy.into());
            assert_eq!(set(policy, &["command=a"]), Err(problem));
        }
        for policy in ["", "allowlist"] {
            assert_eq!(set(policy, &[]), Err(PolicyProblem::Unknown(policy.into())));
        }
        for entry in ["name=a", "a", "", "path=a", "Command=a"] {
            assert_eq!(set("Allowlist", &[entry]), Err(PolicyProblem::BadEntry(entry.into())));
        }
        assert_eq!(set("Allowlist", &["command=a,"]), Err(PolicyProblem::BadEntry("".into())));
        assert_eq!(set("Allowlist", &["command=a,command="]), Err(PolicyProblem::EmptyEntry(2)));
    }

    #[test]
    fn kb_63_of_two_policies_the_stricter_holds() {
        let list = |entries: &[&str]| from("Allowlist", Some(entries)).unwrap();
        let (all, none) = (PluginPolicy::AllowAll, PluginPolicy::DenyAll);
        for (one, other, both) in [
            (all.clone(), all.clone(), all.clone()),
            (all.clone(), none.clone(), none.clone()),
            (all.clone(), list(&["a"]), list(&["a"])),
            (none.clone(), list(&["a"]), none.clone()),
            (list(&["a", "b"]), list(&["c", "b"]), list(&["b"])),
            (list(&["a"]), list(&["/bin/a"]), none.clone()),
        ] {
            assert_eq!(one.clone().and(other.clone()), both);
            assert_eq!(other.and(one), both);
        }
    }

    #[test]
    fn ex_82_entries_name_something_in_its_shortest_form() {
        assert_eq!(from("Allowlist", Some(&["a", ""])), Err(PolicyProblem::EmptyEntry(2)));
        for (path, clean) in [("./x", "x"), ("/a//b", "/a/b"), ("/a/../b", "/b"), ("x/", "x")] {
            let problem = PolicyProblem::NotClean { path: path.into(), clean: clean.into() };
            assert_eq!(from("Allowlist", Some(&[path])), Err(problem));
        }
        assert!(from("Allowlist", Some(&["x", "/usr/bin/y", "../z"])).is_ok());
    }
}
