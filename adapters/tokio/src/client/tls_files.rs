//! The files that TLS needs when no credential may be asked for, straight from the profile.
//!
//! A caller who sets `authorization` needs none of our credentials (UA-1), and the machine fetches
//! all of them or none. The roots, and a certificate that is configured, are needed all the same;
//! so their files are read here.

use super::ClientError;
use crate::fs::read_file;
use kubecred_core::{Identity, Material, Policy, Profile, Roots, Secret};

/// What TLS needs of files.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    roots: Option<Secret>,
    pub(crate) identity: Option<Identity>,
}

impl TlsFiles {
    pub(crate) fn roots(&self) -> Option<&[u8]> {
        self.roots.as_ref().map(Secret::expose)
    }
}

pub(crate) async fn read_all(profile: &Profile) -> Result<TlsFiles, ClientError> {
    if !profile.cluster.is_https() {
        return Ok(TlsFiles { roots: None, identity: None });
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
    Ok(TlsFiles { roots, identity })
}

async fn bytes(source: &Material) -> Result<Secret, ClientError> {
    match source {
        Material::Data(bytes) => Ok(bytes.clone()),
        Material::File(path) => read(path).await,
    }
}

async fn read(path: &str) -> Result<Secret, ClientError> {
    let limit = Policy::default().max_reply;
    let content = read_file(path, limit).await;
    content.map_err(|failure| ClientError::File { path: path.to_owned(), failure })
}
