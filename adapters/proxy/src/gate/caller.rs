//! Who sends a request, as the services behind see it.

use kubecred_core::api::user_info::UserInfo;
use kubecred_core::reviewer::Identity;
use std::ops::Deref;
use std::sync::Arc;

/// Who sends a request: an extension of each request that [`ReviewLayer`](super::ReviewLayer) let
/// in. It is a [`UserInfo`], shared with all requests of the same token.
///
/// ```
/// use http::Request;
/// use kubecred_proxy::gate::Caller;
///
/// fn greet<B>(request: &Request<B>) -> String {
///     match request.extensions().get::<Caller>() {
///         Some(caller) => format!("Hello {}, of {}", caller.username, caller.groups.join(", ")),
///         None => "This service is not behind the layer".to_owned(),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(Arc<Identity>);

impl Caller {
    pub(crate) fn new(identity: Arc<Identity>) -> Self {
        Self(identity)
    }

    /// The user that a request without any credential has, where that is allowed (RV-5).
    pub(crate) fn anonymous() -> Self {
        Self(Arc::new(Identity::anonymous()))
    }

    /// Name, uid, groups and extra.
    #[must_use]
    pub fn user(&self) -> &UserInfo {
        &self.0.user
    }

    /// For which of the audiences asked the token is good.
    #[must_use]
    pub fn audiences(&self) -> &[String] {
        &self.0.audiences
    }
}

impl Deref for Caller {
    type Target = UserInfo;

    fn deref(&self) -> &UserInfo {
        self.user()
    }
}
