//! Which request is checked: where a proxy says it (CK-1).

use http::{HeaderMap, Method, Uri};

/// Where the method and the URI of the request that is checked stand. It depends on the proxy that
/// asks, and is never guessed: what one proxy overwrites, another lets its callers forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// In the request line itself, after the mount point: Envoy's `ext_authz` with `path_prefix`.
    Envoy,
    /// In `X-Forwarded-Method` and `X-Forwarded-Uri`: Traefik's ForwardAuth, Caddy's `forward_auth`.
    Forwarded,
    /// In `X-Original-Method` and `X-Original-URI`, which the proxy's configuration must set: nginx'
    /// `auth_request`.
    Original,
}

/// The request that is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) method: Method,
    /// As it was sent, without the query.
    pub(crate) path: String,
}

impl Origin {
    /// The request that is checked, or why that is not known.
    pub(crate) fn read(
        self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        mount: &str,
    ) -> Result<Checked, String> {
        let (method, target) = match self {
            Self::Envoy => {
                let rest = uri.path().strip_prefix(mount.trim_end_matches('/'));
                let rest = rest.filter(|rest| rest.starts_with('/'));
                let rest = rest.ok_or_else(|| format!("the path is not below {mount}"))?;
                (method.clone(), rest.to_owned())
            }
            Self::Forwarded => named(headers, "x-forwarded-method", "x-forwarded-uri")?,
            Self::Original => named(headers, "x-original-method", "x-original-uri")?,
        };
        let path = target.split(['?', '#']).next().unwrap_or_default();
        match path.starts_with('/') {
            true => Ok(Checked { method, path: path.to_owned() }),
            false => Err("the path that is checked does not begin with /".to_owned()),
        }
    }
}

fn named(headers: &HeaderMap, method: &str, uri: &str) -> Result<(Method, String), String> {
    let method = only(headers, method)?
        .parse()
        .map_err(|_| format!("the header {method} is not a method"))?;
    Ok((method, only(headers, uri)?.to_owned()))
}

/// The one header with this name.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, String> {
    let mut all = headers.get_all(name).iter();
    let value = all.next().ok_or_else(|| format!("the header {name} is missing"))?;
    if all.next().is_some() {
        return Err(format!("the header {name} is there twice"));
    }
    let value = value.to_str().ok().filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("the header {name} is not text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(origin: Origin, uri: &str, lines: &[(&'static str, &str)]) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let checked = origin.read(&Method::PUT, &uri.parse().unwrap(), &headers, "/check")?;
        Ok(format!("{} {}", checked.method, checked.path))
    }

    const FORWARDED: [(&str, &str); 2] =
        [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/f?q=1")];
    const ORIGINAL: [(&str, &str); 2] = [("x-original-method", "POST"), ("x-original-uri", "/o")];

    #[test]
    fn ck_1_method_and_uri_are_where_the_origin_says_and_nowhere_else() {
        let all = [FORWARDED, ORIGINAL].concat();
        assert_eq!(read(Origin::Envoy, "/check/e/%2e?q", &all).as_deref(), Ok("PUT /e/%2e"));
        assert_eq!(read(Origin::Forwarded, "/check", &all).as_deref(), Ok("GET /f"));
        assert_eq!(read(Origin::Original, "/check", &all).as_deref(), Ok("POST /o"));
        // The headers of another proxy are not taken instead.
        assert!(read(Origin::Forwarded, "/check", &ORIGINAL).is_err());
        assert!(read(Origin::Original, "/check", &FORWARDED).is_err());
    }

    #[test]
    fn ck_1_what_is_missing_or_there_twice_is_an_error() {
        for uri in ["/check", "/checked/a", "/other/a"] {
            assert!(read(Origin::Envoy, uri, &[]).is_err(), "{uri}");
        }
        for lines in [
            &FORWARDED[..1],
            &FORWARDED[1..],
            &[FORWARDED[0], FORWARDED[1], FORWARDED[1]],
            &[("x-forwarded-method", "GET"), ("x-forwarded-uri", "")],
            &[("x-forwarded-method", "GET"), ("x-forwarded-uri", "http://a/b")],
            &[("x-forwarded-method", "G T"), ("x-forwarded-uri", "/")],
        ] {
            assert!(read(Origin::Forwarded, "/check", lines).is_err(), "{lines:?}");
        }
    }
}
