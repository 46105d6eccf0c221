//! The content of files in place of their paths (KC-93).

use super::ViewError;
use crate::environment::Environment;
use crate::kubeconfig::entries::{EntryOrigin, Kubeconfig};
use crate::path::PathFlavour;
use crate::profile::problem;
use crate::protocol::{Failure, FailureKind};
use crate::secret::Secret;
use alloc::string::String;
use alloc::vec::Vec;

/// A configuration and the files whose content it is to hold. The host reads
/// [`paths`](Flattening::paths) and hands what it got to [`finish`](Flattening::finish).
#[derive(Debug)]
pub struct Flattening {
    config: Kubeconfig,
    files: Vec<Inlined>,
    paths: Vec<String>,
}

/// A field that holds a path.
#[derive(Clone, Debug)]
struct Inlined {
    entry: Entry,
    field: &'static str,
}

#[derive(Clone, Debug)]
enum Entry {
    Cluster(String),
    User(String),
}

impl Entry {
    fn title(&self) -> String {
        match self {
            Self::Cluster(name) => problem::entry("cluster", name),
            Self::User(name) => problem::entry("user", name),
        }
    }
}

impl Kubeconfig {
    /// Prepares to take in authorities, client certificates and client keys; relative paths are so
    /// to the folder of their file. `tokenFile` and `exec.command` stay paths (KC-93).
    ///
    /// # Errors
    /// When both a path and its content are there.
    pub fn flatten(self, environment: &Environment) -> Result<Flattening, ViewError> {
        let mut files = Vec::new();
        for (name, cluster) in &self.clusters {
            if !cluster.certificate_authority.is_empty() {
                let entry = Entry::Cluster(name.clone());
                files.push(Inlined { entry, field: "certificate-authority" });
            }
        }
        for (name, user) in &self.users {
            for (field, path) in
                [("client-certificate", &user.client_certificate), ("client-key", &user.client_key)]
            {
                if !path.is_empty() {
                    files.push(Inlined { entry: Entry::User(name.clone()), field });
                }
            }
        }
        let mut flattening = Flattening { config: self, files, paths: Vec::new() };
        let directory = environment.working_directory.as_str();
        for file in &flattening.files {
            let Some((path, data, origin)) = field(&mut flattening.config, file) else { continue };
            if !data.is_empty() {
                let entry = file.entry.title();
                return Err(ViewError::FileAndData { entry, field: file.field });
            }
            flattening.paths.push(absolute(environment.paths, path, origin, directory));
        }
        Ok(flattening)
    }
}

impl Flattening {
    /// The files to read.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Takes the contents in, one result for each of the [paths](Flattening::paths) in their order.
    ///
    /// # Errors
    /// The first file that could not be read.
    pub fn finish(
        mut self,
        reads: impl IntoIterator<Item = Result<Secret, Failure>>,
    ) -> Result<Kubeconfig, ViewError> {
        let mut reads = reads.into_iter();
        for (file, path) in self.files.iter().zip(self.paths) {
            let unanswered = || Err(Failure::new(FailureKind::Other, "the host did not read it"));
            let content = reads.next().unwrap_or_else(unanswered).map_err(|failure| {
                let (entry, field) = (file.entry.title(), file.field);
                ViewError::Unreadable { entry, field, path, failure }
            })?;
            if let Some((path, data, _)) = field(&mut self.config, file) {
                path.clear();
                *data = content;
            }
        }
        Ok(self.config)
    }
}

fn field<'c>(
    config: &'c mut Kubeconfig,
    file: &Inlined,
) -> Option<(&'c mut String, &'c mut Secret, &'c EntryOrigin)> {
    match &file.entry {
        Entry::Cluster(name) => {
            let cluster = config.clusters.get_mut(name)?;
            let data = &mut cluster.certificate_authority_data;
            Some((&mut cluster.certificate_authority, data, &cluster.origin))
        }
        Entry::User(name) => {
            let user = config.users.get_mut(name)?;
            Some(match file.field {
                "client-key" => (&mut user.client_key, &mut user.client_key_data, &user.origin),
                _ => {
                    let data = &mut user.client_certificate_data;
                    (&mut user.client_certificate, data, &user.origin)
                }
            })
        }
    }
}

fn absolute(flavour: PathFlavour, path: &str, origin: &EntryOrigin, directory: &str) -> String {
    if origin.path.is_empty() {
        return flavour.absolute(path, directory);
    }
    let folder = flavour.absolute(&flavour.parent(&origin.path), directory);
    flavour.absolute(path, &folder)
}
