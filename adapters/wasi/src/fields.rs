//! A credential on a request of `wasi:http`.

use kubecred_host::Credential;
use wasip2::http::types::{Fields, HeaderError};

/// Puts the headers of a credential on a request of `wasi:http`, and takes off what is there of these
/// names.
///
/// # Errors
/// When the embedder does not let a guest set one of them.
pub fn apply(credential: &Credential, fields: &Fields) -> Result<(), HeaderError> {
    for name in credential.headers().keys() {
        fields.delete(name.as_str())?;
    }
    for (name, value) in credential.headers() {
        fields.append(name.as_str(), value.as_bytes())?;
    }
    Ok(())
}
