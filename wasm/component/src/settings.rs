//! The functions and resources of `settings.wit`.

use crate::Component;
use crate::convert::{Lift, Lower};
use crate::wit::settings as wit;
use alloc::string::String;
use alloc::vec::Vec;
use kubecred_core::kubeconfig::{self, ConfigError};
use kubecred_core::{
    Detection, DetectionStep, Environment, Failure, Overrides, Profile, Secret, detect,
};

type Reads = Vec<Result<Vec<u8>, wit::Failure>>;

impl wit::Guest for Component {
    type Detection = Detection;
    type Search = Search;
    type Kubeconfig = Kubeconfig;
    type Connection = Profile;

    fn no_overrides() -> wit::Overrides {
        Overrides::default().lower()
    }
}

/// [`kubeconfig::Search`].
#[derive(Debug)]
pub(crate) struct Search(kubeconfig::Search);

/// [`kubeconfig::Kubeconfig`].
#[derive(Debug)]
pub(crate) struct Kubeconfig(kubeconfig::Kubeconfig);

impl wit::GuestDetection for Detection {
    fn new(
        explicit: Option<String>,
        overrides: Option<wit::Overrides>,
        environment: wit::Environment,
    ) -> Self {
        detect(explicit.as_deref(), lift_overrides(overrides), &Environment::lift(environment))
    }

    fn reads(&self) -> Vec<String> {
        Self::reads(self).to_vec()
    }

    fn feed(this: wit::Detection, reads: Reads) -> Result<wit::DetectionStep, wit::ConfigError> {
        match this.into_inner::<Self>().feed(Lift::lift(reads)) {
            Ok(DetectionStep::Read(next)) => {
                Ok(wit::DetectionStep::Read(wit::Detection::new::<Self>(*next)))
            }
            Ok(DetectionStep::Done(profile)) => {
                Ok(wit::DetectionStep::Done(wit::Connection::new(*profile)))
            }
            Err(error) => Err(error.lower()),
        }
    }
}

impl wit::GuestSearch for Search {
    fn new(explicit: Option<String>, environment: wit::Environment) -> Self {
        Self(kubeconfig::search(explicit.as_deref(), &Environment::lift(environment)))
    }

    fn paths(&self) -> Vec<String> {
        self.0.paths().to_vec()
    }

    fn load(&self, reads: Reads) -> Result<wit::Kubeconfig, wit::ConfigError> {
        let reads: Vec<Result<Secret, Failure>> = Lift::lift(reads);
        wrap(self.0.load(reads))
    }
}

impl wit::GuestKubeconfig for Kubeconfig {
    fn from_bytes(bytes: Vec<u8>) -> Result<wit::Kubeconfig, wit::ConfigError> {
        wrap(kubeconfig::Kubeconfig::from_bytes(&bytes))
    }

    fn current_context(&self) -> String {
        self.0.current_context.clone()
    }

    fn contexts(&self) -> Vec<String> {
        self.0.contexts.keys().cloned().collect()
    }

    fn files(&self) -> Vec<String> {
        self.0.files.clone()
    }

    fn missing(&self) -> Vec<String> {
        self.0.missing.clone()
    }

    fn notices(&self) -> Vec<wit::Notice> {
        self.0.notices.clone().lower()
    }

    fn select(
        &self,
        overrides: Option<wit::Overrides>,
        environment: wit::Environment,
    ) -> Result<wit::Connection, wit::ConfigError> {
        let selected = self.0.select(&lift_overrides(overrides), &Environment::lift(environment));
        selected.map(wit::Connection::new).map_err(ConfigError::lower)
    }
}

impl wit::GuestConnection for Profile {
    fn new(profile: wit::Profile) -> Self {
        Self::lift(profile)
    }

    fn anonymous(server: String) -> wit::Connection {
        wit::Connection::new(Self::new(server))
    }

    fn profile(&self) -> wit::Profile {
        self.clone().lower()
    }

    fn check(&self) -> Result<(), wit::ConfigError> {
        Self::check(self).map_err(ConfigError::lower)
    }
}

fn lift_overrides(overrides: Option<wit::Overrides>) -> Overrides {
    overrides.map(Overrides::lift).unwrap_or_default()
}

fn wrap(
    config: Result<kubeconfig::Kubeconfig, ConfigError>,
) -> Result<wit::Kubeconfig, wit::ConfigError> {
    config.map(|config| wit::Kubeconfig::new(Kubeconfig(config))).map_err(ConfigError::lower)
}
