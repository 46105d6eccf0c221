//! Certificates and keys on the command line: their paths, or what is in the files.

use crate::report::{Exit, Report};
use kubecred_core::Material;
use kubecred_tokio::read_kubeconfig;

/// Whether what is in a file goes into the kubeconfig, instead of its path.
#[derive(Clone, Copy)]
pub(super) struct Embed(pub(super) bool);

impl Embed {
    /// What a flag means. A path is that from the working directory, wherever the kubeconfig is; an
    /// empty one takes it out.
    pub(super) fn material(
        self,
        flag: &str,
        path: Option<String>,
    ) -> Result<Option<Material>, Report> {
        match path {
            None => Ok(None),
            Some(path) if path.is_empty() => Ok(Some(Material::File(path))),
            Some(path) if self.0 => match read_kubeconfig(&path) {
                Ok(bytes) => Ok(Some(Material::Data(bytes))),
                Err(error) => Err(Report::new(
                    Exit::Configuration,
                    format_args!("cannot read the file {path:?} of {flag}: {error}"),
                )),
            },
            Some(path) => absolute(&path).map(|path| Some(Material::File(path))),
        }
    }
}

/// `--embed-certs` without a file.
pub(super) fn nothing_to_embed(flags: &str) -> Report {
    Report::new(Exit::Usage, format_args!("--embed-certs has nothing to embed: say {flags} too"))
}

fn absolute(path: &str) -> Result<String, Report> {
    let cannot = |why: &dyn std::fmt::Display| {
        Report::new(Exit::Configuration, format_args!("cannot say where {path:?} is: {why}"))
    };
    let absolute = std::path::absolute(path).map_err(|error| cannot(&error))?;
    let text = absolute.into_os_string().into_string();
    text.map_err(|_| cannot(&"the name of the working directory is not text"))
}
