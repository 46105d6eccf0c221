//! kuberc, kubectl's own preferences, as far as they say which exec plugins may run (KB-60…KB-63).
//!
//! client-go knows nothing of it: it is kubectl that reads it, and a program that stands in for
//! kubectl should. The host reads the files that [`Kuberc::paths`] names; what comes of them is
//! laid over a profile:
//!
//! ```
//! use kubecred_core::kubeconfig::Kuberc;
//! use kubecred_core::{Authentication, Authorization, Environment, Exec, PluginPolicy, Profile, Secret};
//!
//! let environment = Environment::new([("HOME", "/home/me")]);
//! let kuberc = Kuberc::search(None, &environment)?.unwrap();
//! assert_eq!(kuberc.paths(), ["/home/me/.kube/kuberc"]);
//!
//! let policy = kuberc.read([Ok(Secret::from("
//! apiVersion: kubectl.config.k8s.io/v1beta1
//! kind: Preference
//! credentialPluginPolicy: DenyAll
//! "))])?;
//! let mut profile = Profile::new("https://api.example:6443");
//! profile.authentication = Authentication::exec(Exec::new("login"));
//! policy.apply(&mut profile)?;
//! let Authorization::Exec(exec) = &profile.authentication.authorization else { panic!() };
//! assert_eq!(exec.policy, PluginPolicy::DenyAll);
//! # Ok::<(), kubecred_core::ConfigError>(())
//! ```

mod document;
mod fields;
mod stream;

pub(super) use self::document::POLICY;
use self::document::{Document, Preference};
use crate::environment::Environment;
use crate::path::PathFlavour;
use crate::profile::problem::{ConfigError, Problem, ProblemKind, add};
use crate::profile::{Authorization, Notice, Origin, PluginPolicy, Profile, Provenance};
use crate::protocol::{Failure, FailureKind};
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Where kuberc is, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kuberc {
    paths: Vec<String>,
    named: bool,
    flavour: PathFlavour,
}

impl Kuberc {
    /// The file that `flag` (`--kuberc`) names, or else the variable `KUBERC`, or else the one in
    /// the home directory (KB-60). `None`: `KUBERC=off` or `KUBECTL_KUBERC=false` say that there is
    /// none.
    ///
    /// # Errors
    /// When the flag contradicts these two, or is empty.
    pub fn search(
        flag: Option<&str>,
        environment: &Environment,
    ) -> Result<Option<Self>, ConfigError> {
        let variable = environment.text("KUBERC")?;
        let feature = environment.text("KUBECTL_KUBERC")?;
        let off = match (variable, feature) {
            (Some("off"), _) => Some("KUBERC=off"),
            (_, Some(value)) if value.eq_ignore_ascii_case("false") => Some("KUBECTL_KUBERC=false"),
            _ => None,
        };
        let refuse = |kind| Err(Problem::new(kind).field("--kuberc").into());
        let flavour = environment.paths;
        let named =
            |path: &str| Ok(Some(Self { paths: [path.to_owned()].into(), named: true, flavour }));
        match (flag, off, variable) {
            (Some(_), Some(off), _) => refuse(ProblemKind::KubercOff(off)),
            (None, Some(_), _) => Ok(None),
            (Some(""), None, _) => refuse(ProblemKind::Empty),
            (Some(path), None, _) | (None, None, Some(path)) => named(path),
            (None, None, None) => {
                let file = flavour.join(".kube", "kuberc");
                let homes = environment.homes()?;
                let paths = homes.iter().map(|home| flavour.join(home, &file)).collect();
                Ok(Some(Self { paths, named: false, flavour }))
            }
        }
    }

    /// The files to read: one, or on Windows up to three, of which the first that is there counts.
    /// A relative one is relative to the working directory.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// What reading gave, one result for each of the [paths](Kuberc::paths) in their order, is
    /// understood.
    ///
    /// A file that was named must be there and be right. One in the home directory need not; but if
    /// it may say which plugins are to run, and cannot be understood, none runs:
    /// [`KubercPolicy::apply`] fails.
    ///
    /// # Errors
    /// When a named file is missing or wrong; or when a policy contradicts itself (EX-80…EX-82),
    /// named or not.
    pub fn read(
        &self,
        reads: impl IntoIterator<Item = Result<Secret, Failure>>,
    ) -> Result<KubercPolicy, ConfigError> {
        let mut reads = reads.into_iter();
        for path in &self.paths {
            let unanswered = || Err(Failure::new(FailureKind::Other, "the host did not read it"));
            match reads.next().unwrap_or_else(unanswered) {
                Err(failure) if !self.named && failure.kind == FailureKind::NotFound => {}
                Err(failure) => {
                    let problem = Problem::new(ProblemKind::Unreadable(failure));
                    // It may say anything.
                    return self.unusable(path, [problem.in_file(path, 0)].into(), true);
                }
                Ok(bytes) => return self.decode(path, bytes.expose()),
            }
        }
        Ok(KubercPolicy::default())
    }

    /// The first document that is a Preference counts (KB-61).
    fn decode(&self, path: &str, bytes: &[u8]) -> Result<KubercPolicy, ConfigError> {
        let mut found: Option<Preference> = None;
        let (mut problems, mut requests) = (Vec::new(), Vec::new());
        for part in stream::documents(bytes) {
            match Document::read(path, part) {
                Document::Preference(preference) if found.is_none() => found = Some(preference),
                Document::Preference(preference) => requests.extend(preference.request),
                Document::Unusable { problem, request } => {
                    requests.extend(request);
                    add(&mut problems, problem);
                }
            }
        }
        let Some(preference) = found else {
            return match problems.is_empty() {
                true => Ok(KubercPolicy::default()),
                false => self.unusable(path, problems, !requests.is_empty()),
            };
        };
        if !preference.obstacles.is_empty() {
            return self.unusable(path, preference.obstacles, true);
        }
        let Some((policy, line)) = preference.policy(path, self.flavour)? else {
            if let Some(line) = requests.first() {
                let problem = Problem::new(ProblemKind::PolicyPassedOver).in_file(path, *line);
                return self.unusable(path, [problem].into(), true);
            }
            return Ok(KubercPolicy { notices: preference.notices, ..KubercPolicy::default() });
        };
        let origin = Origin::File { path: path.to_owned(), entry: String::new(), line };
        Ok(KubercPolicy {
            policy: Some((policy, origin)),
            notices: preference.notices,
            unknown: None,
        })
    }

    /// A file that cannot be understood: an error, if it was named. If not, kubectl goes on without
    /// it; so do we, unless it may ask for a policy.
    fn unusable(
        &self,
        path: &str,
        mut problems: Vec<Problem>,
        asks: bool,
    ) -> Result<KubercPolicy, ConfigError> {
        if !self.named && asks {
            problems.push(Problem::new(ProblemKind::PolicyUnknown).in_file(path, 0));
        }
        match ConfigError::check(problems) {
            Err(error) if self.named => Err(error),
            Err(error) if asks => {
                Ok(KubercPolicy { unknown: Some(error), ..KubercPolicy::default() })
            }
            Err(error) => {
                Ok(KubercPolicy { notices: [notice(&error)].into(), ..KubercPolicy::default() })
            }
            Ok(()) => Ok(KubercPolicy::default()),
        }
    }
}

/// What kuberc says of exec plugins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KubercPolicy {
    policy: Option<(PluginPolicy, Origin)>,
    /// It could not be read, and this is why.
    unknown: Option<ConfigError>,
    notices: Vec<Notice>,
}

impl KubercPolicy {
    /// The policy; `None` if there is none, or none that can be understood.
    pub fn policy(&self) -> Option<&PluginPolicy> {
        self.policy.as_ref().map(|(policy, _)| policy)
    }

    /// Lays the policy over a profile that runs a plugin, and no other (KB-63). What the profile
    /// forbids stays forbidden.
    ///
    /// # Errors
    /// When a plugin would run and the file may forbid it, but cannot be understood.
    pub fn apply(self, profile: &mut Profile) -> Result<(), ConfigError> {
        profile.notices.extend(self.notices);
        let exec = match (&mut profile.authentication.authorization, self.unknown) {
            (Authorization::Exec(_), Some(error)) => return Err(error),
            (Authorization::Exec(exec), None) => exec,
            (_, unknown) => {
                profile.notices.extend(unknown.as_ref().map(notice));
                return Ok(());
            }
        };
        if let Some((policy, origin)) = self.policy {
            exec.policy = core::mem::take(&mut exec.policy).and(policy);
            let setting = POLICY.to_owned();
            profile.provenance.push(Provenance { setting, origin });
        }
        Ok(())
    }
}

fn notice(error: &ConfigError) -> Notice {
    let text = ["kuberc is left out: ", &error.to_string()].concat();
    Notice { rule: "KB-60".to_owned(), text }
}
