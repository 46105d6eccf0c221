//! How a client says who it is (RFC 6749, 2.3.1; OI-21, OI-22).

use super::form::encoded;
use crate::content::basic_header;
use crate::secret::Secret;
use alloc::vec::Vec;

/// How a client says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientAuthMethod {
    /// In an `Authorization: Basic` header.
    Basic,
    /// In the body, beside the rest.
    Body,
}

impl ClientAuthMethod {
    /// By its name in a discovery document. A client without a secret is named in the body.
    pub(super) fn named(method: &str) -> Option<Self> {
        match method {
            "client_secret_basic" => Some(Self::Basic),
            "client_secret_post" | "none" => Some(Self::Body),
            _ => None,
        }
    }

    /// What to try, and what if the provider does not know the client then. What has worked before
    /// comes first, then what the provider says of itself, then what most providers want: a header
    /// for a client with a secret, as in client-go, and the body for one without (OI-22).
    pub(crate) fn order(
        known: Option<Self>,
        supported: Option<&[Self]>,
        has_secret: bool,
    ) -> (Self, Option<Self>) {
        let usual = if has_secret { [Self::Basic, Self::Body] } else { [Self::Body, Self::Basic] };
        // A client without a secret has the name in the body, whatever is listed for the others.
        let fits = |method: &Self| {
            supported.is_none_or(|list| list.contains(method))
                || *method == Self::Body && !has_secret
        };
        let mut order: Vec<Self> = usual.into_iter().filter(fits).collect();
        // There are two at most.
        if order.last().copied() == known {
            order.reverse();
        }
        match order.as_slice() {
            [first, second, ..] => (*first, Some(*second)),
            [only] => (*only, None),
            [] => (Self::Basic, Some(Self::Body)),
        }
    }

    /// The `Authorization` header of a client that names itself there: name and secret are
    /// form-encoded first (RFC 6749, 2.3.1).
    pub(super) fn basic_header(client_id: &str, secret: Option<&Secret>) -> Secret {
        let name = encoded(client_id.as_bytes());
        let secret = encoded(secret.map(Secret::expose).unwrap_or_default());
        basic_header(name.expose_str().unwrap_or_default(), &secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oi_22_improved_what_worked_comes_first_then_what_is_listed_then_what_is_usual() {
        use ClientAuthMethod::{Basic, Body};
        for (known, supported, has_secret, order) in [
            (None, None, true, (Basic, Some(Body))),
            (None, None, false, (Body, Some(Basic))),
            (Some(Body), None, true, (Body, Some(Basic))),
            (None, Some([Body].as_slice()), true, (Body, None)),
            (None, Some(&[Basic]), true, (Basic, None)),
            (None, Some(&[Body, Basic]), true, (Basic, Some(Body))),
            (None, Some(&[Basic]), false, (Body, Some(Basic))),
            (None, Some(&[Body]), false, (Body, None)),
            (Some(Basic), Some(&[Basic]), false, (Basic, Some(Body))),
            (Some(Basic), Some(&[Body]), true, (Body, None)),
        ] {
            let found = ClientAuthMethod::order(known, supported, has_secret);
            assert_eq!(found, order, "{known:?} {supported:?} {has_secret}");
        }
    }
}
