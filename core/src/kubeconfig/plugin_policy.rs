//! Plugin policies as kuberc and client-go's API write them (EX-80…EX-82).

use super::path::PathFlavour;
use super::problem::PolicyProblem;
use crate::profile::PluginPolicy;
use alloc::borrow::ToOwned;
use alloc::string::String;

impl PluginPolicy {
    /// From a policy's name and the allowlist beside it, each of which may be missing.
    ///
    /// # Errors
    /// When there is no such policy, or the list does not go with it.
    ///
    /// ```
    /// use kubecred_core::PluginPolicy;
    /// use kubecred_core::kubeconfig::PathFlavour;
    ///
    /// let list = ["gke-gcloud-auth-plugin".to_owned()];
    /// let policy = PluginPolicy::from_config("Allowlist", Some(&list), PathFlavour::Unix)?;
    /// assert_eq!(policy, PluginPolicy::Allowlist(list.to_vec()));
    /// assert!(PluginPolicy::from_config("DenyAll", Some(&list), PathFlavour::Unix).is_err());
    /// # Ok::<(), kubecred_core::kubeconfig::PolicyProblem>(())
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
    use alloc::vec;

    fn from(policy: &str, list: Option<&[&str]>) -> Result<PluginPolicy, PolicyProblem> {
        let list: Option<vec::Vec<String>> =
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
