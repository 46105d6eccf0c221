//! Certificates and keys on the command line: their paths, or what is in the files.

use crate::report::{Exit, Report};
use kubecred_core::{Material, redact};
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
        if let Some(path) = path.as_deref().filter(|path| redact::is_content(path)) {
            return Err(content(flag, path));
        }
        match path {
            None => Ok(None),
            Some(path) if path.is_empty() => Ok(Some(Material::File(path))),
            Some(path) if self.0 => match read_kubeconfig(&path) {
                Ok(bytes) => Ok(Some(Material::Data(bytes))),
                Err(error) => Err(Report::new(
                    Exit::Configuration,
                    format_args!(
                        "cannot read the file {} of {flag}: {error}",
                        redact::quoted(&path)
                    ),
                )),
            },
            Some(path) => absolute(&path).map(|path| Some(Material::File(path))),
        }
    }
}

/// A certificate or key where the path of its file belongs.
fn content(flag: &str, path: &str) -> Report {
    let (field, shown) = (flag.trim_start_matches('-'), redact::text(path));
    Report::new(
        Exit::Usage,
        format_args!("{flag} takes the path of a file, not its content {shown}"),
    )
    .advise(format!(
        "Name a file, and add --embed-certs to put its content into the kubeconfig; or set \
             {field}-data, in base64, with kubecred config set."
    ))
}

/// `--embed-certs` without a file.
pub(super) fn nothing_to_embed(flags: &str) -> Report {
    Report::new(Exit::Usage, format_args!("--embed-certs needs {flags}"))
}

fn absolute(path: &str) -> Result<String, Report> {
    let cannot = |why: &dyn std::fmt::Display| {
        Report::new(
            Exit::Configuration,
            format_args!("cannot say where {} is: {why}", redact::quoted(path)),
        )
    };
    let absolute = std::path::absolute(path).map_err(|error| cannot(&error))?;
    let text = absolute.into_os_string().into_string();
    text.map_err(|_| cannot(&"the name of the working directory is not text"))
}
