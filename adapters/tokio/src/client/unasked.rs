//! What a connection needs when no credential may be asked for: straight from the profile.
//!
//! A caller who sets `authorization` gets by without our credentials (UA-1), and the machine
//! fetches all of them or none. The roots, and a certificate that is configured, matter all the
//! same; so their files are read here.

use super::ClientError;
use crate::perform::read_file;
use kubecred_core::{Identity, Material as Source, Policy, Profile, Roots, Secret};

/// What TLS needs of files.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Material {
    roots: Option<Secret>,
    pub(crate) identity: Option<Identity>,
}

impl Material {
    pub(crate) fn roots(&self) -> Option<&[u8]> {
        self.roots.as_ref().map(Secret::expose)
    }
}

pub(crate) async fn material(profile: &Profile) -> Result<Material, ClientError> {
    if !profile.cluster.is_https() {
        return Ok(Material { roots: None, identity: None });
    }
    let roots = match &profile.cluster.roots {
        Roots::System => None,
        Roots::Pem(pem) => Some(pem.clone()),
        Roots::File(path) => Some(read(path).await?),
    };
    let identity = match &profile.authentication.certificate {
        Some(pair) => Some(Identity {
            certificate: bytes(&pair.certificate).await?,
            key: bytes(&pair.key).await?,
        }),
        None => None,
    };
    Ok(Material { roots, identity })
}

async fn bytes(source: &Source) -> Result<Secret, ClientError> {
    match source {
        Source::Data(bytes) => Ok(bytes.clone()),
        Source::File(path) => read(path).await,
    }
}

async fn read(path: &str) -> Result<Secret, ClientError> {
    let limit = Policy::default().max_reply;
    let content = read_file(path, limit).await;
    content.map_err(|failure| ClientError::File { path: path.to_owned(), failure })
}
