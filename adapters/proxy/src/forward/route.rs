//! Which part of the proxy a path belongs to: files, a context, the API.

use super::Contexts;
use super::files::Files;
use super::path;
use super::refusal::Refusal;
use super::settings::{Settings, SettingsError};
use super::target::Target;
use http::StatusCode;
use std::borrow::Cow;
use std::sync::Arc;

/// What is served where.
pub(super) struct Routes {
    /// With slashes at both ends.
    api_prefix: String,
    strips_prefix: bool,
    files: Option<(Files, String)>,
    pub(super) contexts: Option<Contexts>,
}

/// What a request is for.
pub(super) enum Route<'a> {
    Api { context: Option<&'a str>, path: Cow<'a, str> },
    File { files: &'a Files, path: Cow<'a, str> },
}

impl Routes {
    pub(super) fn new(
        settings: &Settings,
        contexts: Option<Contexts>,
    ) -> Result<Self, SettingsError> {
        let api_prefix = path::prefix(&settings.api_prefix);
        let files = settings.files.clone();
        let files = files.map(|(folder, prefix)| (Files::new(folder), path::prefix(&prefix)));
        if files.as_ref().is_some_and(|(_, prefix)| *prefix == api_prefix) {
            return Err(SettingsError::SamePrefix(api_prefix));
        }
        Ok(Self { strips_prefix: !api_prefix.starts_with("/api"), api_prefix, files, contexts })
    }

    /// The target of a context, opened if it is not yet.
    pub(super) async fn open(
        &self,
        name: &str,
        settings: &Settings,
    ) -> Result<Arc<Target>, Refusal> {
        let missing = || Refusal::new(StatusCode::NOT_FOUND, "NotFound", "there are no contexts");
        let contexts = self.contexts.as_ref().ok_or_else(missing)?;
        let how = (settings.upstream, &settings.problems);
        contexts.target(name, how).await
    }

    pub(super) fn find<'a>(&'a self, raw: &'a str) -> Result<Route<'a>, Refusal> {
        // The longer prefix first: one may be below the other.
        let file = self.files.as_ref().and_then(|(files, prefix)| {
            path::below(raw, prefix).map(|path| (prefix.len(), Route::File { files, path }))
        });
        if let Some((length, route)) = file
            && (length > self.api_prefix.len() || path::below(raw, &self.api_prefix).is_none())
        {
            return Ok(route);
        }
        let missing = || {
            let message = "the proxy serves nothing at this path";
            Refusal::new(StatusCode::NOT_FOUND, "NotFound", message)
        };
        let below = path::below(raw, &self.api_prefix).ok_or_else(missing)?;
        let path = if self.strips_prefix { below } else { Cow::Borrowed(raw) };
        let Some(contexts) = &self.contexts else { return Ok(Route::Api { context: None, path }) };
        match contexts.route(&path) {
            None => Ok(Route::Api { context: None, path }),
            Some(found) => {
                let (name, rest) = found?;
                let slash = if rest.starts_with('/') { "" } else { "/" };
                Ok(Route::Api { context: Some(name), path: format!("{slash}{rest}").into() })
            }
        }
    }
}
