//! `/clusters/NAME/…`: each context of a kubeconfig, started when it is first asked for.

use super::refusal::Refusal;
use super::target::{Problems, Target};
use crate::clock;
use http::StatusCode;
use kubecred_tokio::Auth;
use kubecred_tokio::client::UpstreamOptions;
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// What all contexts are under.
const UNDER: &str = "/clusters/";

/// A context that was not asked for so long is let go, with its connections.
const IDLE: Duration = Duration::from_secs(10 * 60);
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// A context that is being opened; or why it cannot be, for the operator.
pub type Opening = Pin<Box<dyn Future<Output = Result<Auth, String>> + Send>>;

/// Contexts by name.
pub struct Contexts {
    slots: BTreeMap<String, Slot>,
    open: Box<dyn Fn(&str) -> Opening + Send + Sync>,
}

#[derive(Default)]
struct Slot {
    /// One at a time opens it.
    opening: Mutex<()>,
    open: RwLock<Option<(Arc<Target>, Instant)>>,
}

impl Slot {
    fn get(&self) -> Option<Arc<Target>> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let (target, used) = open.as_mut()?;
        *used = clock::now();
        Some(Arc::clone(target))
    }
}

impl Contexts {
    /// Of these names; `open` starts one of them.
    pub fn new(
        names: impl IntoIterator<Item = String>,
        open: impl Fn(&str) -> Opening + Send + Sync + 'static,
    ) -> Self {
        let slots = names.into_iter().map(|name| (name, Slot::default())).collect();
        Self { slots, open: Box::new(open) }
    }

    /// The name of a context and the rest of the raw path, if it is under `/clusters/`.
    pub(crate) fn route<'a>(&self, raw: &'a str) -> Option<Result<(&str, &'a str), Refusal>> {
        let rest = raw.strip_prefix(UNDER)?;
        let path = rest.split('?').next().unwrap_or_default();
        // A name may have slashes (ARNs do), encoded or not: the longest name that fits is meant.
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let found = ends.rev_fits(|end| {
            let name = percent_decode_str(path.get(..end)?).decode_utf8().ok()?;
            let (name, _) = self.slots.get_key_value(&*name)?;
            Some((name.as_str(), rest.get(end..)?))
        });
        Some(found.ok_or_else(|| {
            let message = "the kubeconfig of the proxy has no such context";
            Refusal::new(StatusCode::NOT_FOUND, "NotFound", message)
        }))
    }

    /// The target of a context, opened if it is not yet.
    pub(crate) async fn target(
        &self,
        name: &str,
        (options, problems): (UpstreamOptions, &Option<Problems>),
    ) -> Result<Arc<Target>, Refusal> {
        let unavailable = || {
            let message = "the context cannot be used; the proxy's log says why";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
        };
        let slot = self.slots.get(name).ok_or_else(unavailable)?;
        if let Some(target) = slot.get() {
            return Ok(target);
        }
        let _opening = slot.opening.lock().await;
        if let Some(target) = slot.get() {
            return Ok(target);
        }
        let opened = (self.open)(name).await.and_then(|auth| {
            Target::new(auth, options, problems.clone()).map_err(|e| e.to_string())
        });
        match opened {
            Ok(target) => {
                let target = Arc::new(target);
                let mut open = slot.open.write().unwrap_or_else(PoisonError::into_inner);
                *open = Some((Arc::clone(&target), clock::now()));
                Ok(target)
            }
            Err(problem) => {
                if let Some(problems) = problems {
                    problems(&format!("context {name:?}: {problem}"));
                }
                Err(unavailable())
            }
        }
    }

    /// Those that are open.
    pub(crate) fn opened(&self) -> Vec<(String, Arc<Target>)> {
        let target = |slot: &Slot| {
            let open = slot.open.read().unwrap_or_else(PoisonError::into_inner);
            open.as_ref().map(|(target, _)| Arc::clone(target))
        };
        self.slots.iter().filter_map(|(name, slot)| Some((name.clone(), target(slot)?))).collect()
    }

    /// Lets go of contexts that nothing has used for long, for ever.
    pub(crate) async fn forget_idle(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            for slot in self.slots.values() {
                let mut open = slot.open.write().unwrap_or_else(PoisonError::into_inner);
                let now = clock::now();
                // What is in use has another owner, such as an open watch.
                open.take_if(|(target, used)| {
                    now.saturating_duration_since(*used) > IDLE && Arc::strong_count(target) == 1
                });
            }
        }
    }
}

/// The last that fits.
trait LastFit: Iterator + Sized {
    fn rev_fits<T>(self, fit: impl Fn(Self::Item) -> Option<T>) -> Option<T> {
        self.filter_map(fit).last()
    }
}

impl<I: Iterator> LastFit for I {}

impl fmt::Debug for Contexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contexts").field("names", &self.slots.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// I: one process of kubectl serves one context.
    #[test]
    fn px_21_a_context_is_named_by_the_path() {
        let names = ["prod", "arn:aws:eks:1:cluster/a", "arn:aws:eks:1:cluster/a/b", "a@b"];
        let contexts = Contexts::new(names.map(str::to_owned), |_| {
            Box::pin(async { Err("not in this test".to_owned()) })
        });
        let route = |raw| contexts.route(raw).map(|found| found.map_err(|refusal| refusal.code()));
        assert!(route("/api").is_none());
        for (raw, name, rest) in [
            ("/clusters/prod/api?x=/", "prod", "/api?x=/"),
            ("/clusters/prod", "prod", ""),
            ("/clusters/prod?x", "prod", "?x"),
            ("/clusters/a%40b/%2F", "a@b", "/%2F"),
            ("/clusters/arn:aws:eks:1:cluster/a/api", "arn:aws:eks:1:cluster/a", "/api"),
            ("/clusters/arn%3Aaws%3Aeks%3A1%3Acluster%2Fa/b/c", "arn:aws:eks:1:cluster/a/b", "/c"),
        ] {
            assert_eq!(route(raw), Some(Ok((name, rest))), "{raw}");
        }
        for raw in ["/clusters/", "/clusters/production/api", "/clusters/%ff/api"] {
            assert_eq!(route(raw), Some(Err(StatusCode::NOT_FOUND)), "{raw}");
        }
    }
}
