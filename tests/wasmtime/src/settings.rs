//! The settings half of the component.

use crate::convert::{Lift, Lower};
use crate::wit::settings as wit;
use crate::{Instance, instantiate};
use kubecred_core::{Environment, Failure, Overrides, Profile, Secret};
use wasmtime::component::ResourceAny;

type Read = Result<Secret, Failure>;

/// An instance that reads kubeconfigs. Errors are told with every problem and class.
pub struct Settings {
    instance: Instance,
    search: Option<ResourceAny>,
    config: Option<ResourceAny>,
}

const TRAP: &str = "the component traps";

impl Default for Settings {
    fn default() -> Self {
        Self { instance: instantiate(), search: None, config: None }
    }
}

impl Settings {
    /// In an instance of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a search, and says which files it wants.
    pub fn search(&mut self, explicit: Option<&str>, environment: &Environment) -> Vec<String> {
        let Instance { store, exports } = &mut self.instance;
        let searches = exports.kubecred_auth_settings().search();
        let environment = environment.clone().lower();
        let search = searches.call_constructor(&mut *store, explicit, &environment).expect(TRAP);
        self.search = Some(search);
        searches.call_paths(store, search).expect(TRAP)
    }

    /// Loads what the search wanted.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load(&mut self, reads: Vec<Read>) -> Result<(), String> {
        let Instance { store, exports } = &mut self.instance;
        let search = self.search.expect("there was a search");
        let reads: Vec<_> = reads.lower();
        let searches = exports.kubecred_auth_settings().search();
        let loaded = searches.call_load(store, search, &reads).expect(TRAP);
        self.config = Some(loaded.map_err(told)?);
        Ok(())
    }

    /// Reads one file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_bytes(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Instance { store, exports } = &mut self.instance;
        let configs = exports.kubecred_auth_settings().kubeconfig();
        self.config = Some(configs.call_from_bytes(store, bytes).expect(TRAP).map_err(told)?);
        Ok(())
    }

    /// The contexts of what was loaded.
    pub fn contexts(&mut self) -> Vec<String> {
        let Instance { store, exports } = &mut self.instance;
        let configs = exports.kubecred_auth_settings().kubeconfig();
        configs.call_contexts(store, self.config.expect("it was loaded")).expect(TRAP)
    }

    /// Selects from what was loaded.
    ///
    /// # Errors
    /// What is wrong with the choice.
    pub fn select(
        &mut self,
        overrides: &Overrides,
        environment: &Environment,
    ) -> Result<Profile, String> {
        let Instance { store, exports } = &mut self.instance;
        let (overrides, environment) = (overrides.clone().lower(), environment.clone().lower());
        let configs = exports.kubecred_auth_settings().kubeconfig();
        let config = self.config.expect("it was loaded");
        let selected = configs.call_select(&mut *store, config, Some(&overrides), &environment);
        let connection = selected.expect(TRAP).map_err(told)?;
        let connections = exports.kubecred_auth_settings().connection();
        Ok(Lift::lift(connections.call_profile(store, connection).expect(TRAP)))
    }

    /// Checks a profile.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&mut self, profile: &Profile) -> Result<(), String> {
        let Instance { store, exports } = &mut self.instance;
        let connections = exports.kubecred_auth_settings().connection();
        let profile = profile.clone().lower();
        let connection = connections.call_constructor(&mut *store, &profile).expect(TRAP);
        connections.call_check(store, connection).expect(TRAP).map_err(told)
    }

    /// Detects, reading with `read`. Also what was asked for, step by step.
    pub fn detect(
        &mut self,
        overrides: &Overrides,
        environment: &Environment,
        read: impl Fn(&String) -> Read,
    ) -> (Result<Profile, String>, Vec<Vec<String>>) {
        let Instance { store, exports } = &mut self.instance;
        let (overrides, environment) = (overrides.clone().lower(), environment.clone().lower());
        let detections = exports.kubecred_auth_settings().detection();
        let made = detections.call_constructor(&mut *store, None, Some(&overrides), &environment);
        let (mut detection, mut asked) = (made.expect(TRAP), Vec::new());
        loop {
            let paths = detections.call_reads(&mut *store, detection).expect(TRAP);
            let reads: Vec<_> = paths.iter().map(|path| read(path).lower()).collect();
            asked.push(paths);
            match detections.call_feed(&mut *store, detection, &reads).expect(TRAP) {
                Ok(wit::DetectionStep::Read(next)) => detection = next,
                Ok(wit::DetectionStep::Done(connection)) => {
                    let connections = exports.kubecred_auth_settings().connection();
                    let profile = connections.call_profile(store, connection).expect(TRAP);
                    return (Ok(Lift::lift(profile)), asked);
                }
                Err(error) => return (Err(told(error)), asked),
            }
        }
    }
}

fn told(error: wit::ConfigError) -> String {
    let problem =
        |p: &wit::Problem| format!("{} {} {} {} {}", p.file, p.line, p.entry, p.field, p.text);
    let problems: Vec<String> = error.problems.iter().map(problem).collect();
    let wit::ConfigError { empty_config, not_found, context_not_found, .. } = error;
    let classes = [empty_config, not_found, context_not_found, error.invalid, error.not_in_cluster];
    format!("{} {problems:?} {classes:?}", error.message)
}
