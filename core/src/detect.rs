//! Where am I, and who? The kubeconfig if there is one, else the pod's own account
//! (KC-76…KC-84).

use crate::environment::Environment;
use crate::in_cluster::InCluster;
use crate::kubeconfig::{ConfigError, Overrides, Search, search};
use crate::profile::{Notice, Origin, Profile};
use crate::protocol::{Failure, FailureKind};
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Finds out how to connect: the kubeconfig (`explicit` if it is named, as `--kubeconfig`), or, if
/// nothing is configured there, the account of the pod. What is wrong with a kubeconfig is an error,
/// also in a pod: only a missing kubeconfig falls back to the service account.
///
/// The host reads what it is told to, until there is a profile:
///
/// ```
/// use kubecred_core::{Environment, Failure, FailureKind, Overrides, Secret, DetectionStep, detect};
///
/// let read = |path: &String| match path.rsplit('/').next() {
///     Some("token") => Ok(Secret::from("t0ken")),
///     _ => Err(Failure::new(FailureKind::NotFound, "no such file")),
/// };
/// let environment = Environment::new([
///     ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
///     ("KUBERNETES_SERVICE_PORT", "443"),
/// ]);
///
/// let mut detection = detect(None, Overrides::default(), &environment);
/// let profile = loop {
///     let reads = detection.reads().iter().map(read).collect();
///     match detection.feed(reads)? {
///         DetectionStep::Read(next) => detection = *next,
///         DetectionStep::Done(profile) => break profile,
///     }
/// };
/// assert_eq!(profile.cluster.server, "https://10.0.0.1:443");
/// # Ok::<(), kubecred_core::ConfigError>(())
/// ```
pub fn detect(
    explicit: Option<&str>,
    overrides: Overrides,
    environment: &Environment,
) -> Detection {
    let search = search(explicit, environment);
    Detection {
        reads: search.paths().to_vec(),
        stage: Stage::Kubeconfig(search),
        overrides,
        environment: environment.clone(),
        in_cluster: InCluster::default(),
    }
}

/// A detection under way: it wants files.
#[derive(Clone, Debug)]
#[must_use = "it has found nothing yet"]
pub struct Detection {
    reads: Vec<String>,
    stage: Stage,
    overrides: Overrides,
    environment: Environment,
    in_cluster: InCluster,
}

#[derive(Clone, Debug)]
enum Stage {
    /// First, the kubeconfig.
    Kubeconfig(Search),
    /// It said nothing. Perhaps this is a pod; else this is what it came to.
    Pod { otherwise: Result<Box<Profile>, ConfigError>, notices: Vec<Notice> },
    /// It said all but a namespace. Perhaps this is a pod and has one (KC-84).
    Namespace(Box<Profile>),
}

/// How far a detection has come.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "it is done or it is not")]
pub enum DetectionStep {
    /// It wants more files.
    Read(Box<Detection>),
    /// It has found what there is.
    Done(Box<Profile>),
}

impl Detection {
    /// Looks for the pod's account in other places than usual.
    pub fn with_in_cluster(self, in_cluster: InCluster) -> Self {
        Self { in_cluster, ..self }
    }

    #[cfg(feature = "explain")]
    /// Whether all hope is in the pod's account by now.
    pub(crate) fn wants_account(&self) -> bool {
        matches!(self.stage, Stage::Pod { .. })
    }

    #[cfg(feature = "explain")]
    /// Where it looks for the pod's account.
    pub(crate) fn in_cluster(&self) -> &InCluster {
        &self.in_cluster
    }

    /// The files to read now. There may be none.
    pub fn reads(&self) -> &[String] {
        &self.reads
    }

    /// Goes on with what reading the files gave, one result for each, in their order.
    ///
    /// # Errors
    /// Everything that is wrong with the kubeconfig, or with the pod's account.
    pub fn feed(
        mut self,
        reads: Vec<Result<Secret, Failure>>,
    ) -> Result<DetectionStep, ConfigError> {
        let unanswered = || Err(Failure::new(FailureKind::Other, "the host did not read it"));
        let mut reads = reads.into_iter();
        match self.stage {
            Stage::Kubeconfig(search) => {
                self.stage = Stage::kubeconfig(&search, reads, &self.overrides, &self.environment)?;
                Ok(self.next()?)
            }
            Stage::Pod { otherwise, notices } => {
                let mut read = || reads.next().unwrap_or_else(unanswered);
                let [token, roots, namespace] = [read(), read(), read()];
                if matches!(&token, Err(failure) if failure.kind == FailureKind::NotFound) {
                    return otherwise.map(DetectionStep::Done);
                }
                let reads = [token, roots, namespace];
                let mut profile =
                    self.in_cluster.profile(&self.environment, reads, &self.overrides)?;
                profile.notices.splice(0..0, notices);
                Ok(DetectionStep::Done(Box::new(profile)))
            }
            Stage::Namespace(mut profile) => {
                let token = reads.next().unwrap_or_else(unanswered);
                if token.is_ok() {
                    let read = reads.next().unwrap_or_else(unanswered);
                    profile.set_namespace(self.in_cluster.namespace(&self.environment, read));
                }
                Ok(DetectionStep::Done(profile))
            }
        }
    }

    /// What to read for the new stage, if the variables are those of a pod.
    fn next(mut self) -> Result<DetectionStep, ConfigError> {
        match &self.stage {
            Stage::Namespace(profile) if profile.has_namespace() => {}
            _ => self.in_cluster.check(&self.environment)?,
        }
        let possible = self.in_cluster.is_possible(&self.environment);
        let [token, roots, namespace] = self.in_cluster.paths();
        self.reads = match &self.stage {
            Stage::Pod { .. } => [token, roots, namespace].map(ToOwned::to_owned).to_vec(),
            _ => [token, namespace].map(ToOwned::to_owned).to_vec(),
        };
        match self.stage {
            Stage::Namespace(profile) if !possible || profile.has_namespace() => {
                Ok(DetectionStep::Done(profile))
            }
            Stage::Pod { otherwise, .. } if !possible => otherwise.map(DetectionStep::Done),
            stage => Ok(DetectionStep::Read(Box::new(Self { stage, ..self }))),
        }
    }
}

impl Stage {
    /// What follows from the kubeconfig (KC-76…KC-78).
    fn kubeconfig(
        search: &Search,
        reads: impl Iterator<Item = Result<Secret, Failure>>,
        overrides: &Overrides,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let config = search.load(reads)?;
        let selected = config.select(overrides, environment).map(Box::new);
        let configured = !config.is_unconfigured(overrides, selected.as_ref().map(|_| ()));
        let mut notices = config.notices;
        let strict = overrides.strict && !config.files.is_empty();
        match selected {
            Ok(profile) if configured => Ok(Self::Namespace(profile)),
            Err(error) if configured || strict => Err(error),
            otherwise => {
                if let (Err(error), false) = (&otherwise, config.files.is_empty()) {
                    let files = config.files.join(", ");
                    let text = format!("using the pod's account instead of {files}: {error}");
                    notices.push(Notice { rule: "KC-78".to_owned(), text });
                }
                Ok(Self::Pod { otherwise, notices })
            }
        }
    }
}

impl Profile {
    /// Whether a namespace is set.
    fn has_namespace(&self) -> bool {
        let mut known = self.provenance.iter();
        known.any(|known| known.setting == "namespace" && known.origin != Origin::Default)
    }
}
