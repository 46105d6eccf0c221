//! Files of a folder, for pages that use the proxy (`--www`).

use super::body::ProxyBody;
use super::path::ApiPath;
use super::refusal::Refusal;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Empty;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::Write;
use std::io;
use std::path::PathBuf;
use tower_http::services::ServeDir;
use tower_service::Service;

/// A folder whose files are served, with ranges and listings as kubectl has them (PX-16); but to
/// those callers only whose requests for the API would be taken, and for GET and HEAD only.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    folder: PathBuf,
    serve: ServeDir,
}

impl Files {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { serve: ServeDir::new(&folder), folder }
    }

    pub(crate) async fn get(
        &self,
        method: &Method,
        path: &ApiPath<'_>,
        headers: &HeaderMap,
    ) -> Result<Response<ProxyBody>, Refusal> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let message = "files can be read only";
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message));
        }
        let mut request = Request::new(Empty::<bytes::Bytes>::new());
        method.clone_into(request.method_mut());
        *request.uri_mut() = super::target::uri(path.raw())?;
        headers.clone_into(request.headers_mut());
        let Ok(answer) = self.serve.clone().call(request).await;
        if answer.status() != StatusCode::NOT_FOUND {
            return Ok(answer.map(ProxyBody::file));
        }
        let listing = match path.decoded().ends_with('/') {
            true => self.listing(path.decoded()).await.ok(),
            false => None,
        };
        let Some(listing) = listing else {
            return Err(Refusal::new(StatusCode::NOT_FOUND, "NotFound", "there is no such file"));
        };
        let mut response = Response::new(ProxyBody::whole(listing));
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, html);
        Ok(response)
    }

    /// What is in a folder. The path has no dot segments.
    async fn listing(&self, path: &str) -> io::Result<String> {
        let folder = self.folder.join(path.trim_matches('/'));
        let (mut entries, mut names) = (tokio::fs::read_dir(folder).await?, Vec::new());
        while let Some(entry) = entries.next_entry().await? {
            let slash = if entry.file_type().await?.is_dir() { "/" } else { "" };
            names.push(format!("{}{slash}", entry.file_name().to_string_lossy()));
        }
        names.sort();
        let mut page = String::from("<!doctype html>\n<pre>\n");
        for name in names {
            let escaped = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let link = utf8_percent_encode(name.trim_end_matches('/'), NON_ALPHANUMERIC);
            let slash = if name.ends_with('/') { "/" } else { "" };
            let _ = writeln!(page, "<a href=\"./{link}{slash}\">{escaped}</a>");
        }
        Ok(page + "</pre>\n")
    }
}
