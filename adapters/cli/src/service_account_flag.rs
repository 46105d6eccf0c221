//! `--as-service-account`: be a service account, by tokens that are asked for with the login.

use clap::Args;
use kubecred_core::{Profile, ServiceAccount};

#[derive(Args)]
pub(crate) struct ServiceAccountFlag {
    /// Act as this service account. kubecred requests tokens for it (as create-token does) with your
    /// own credential, which needs permission to create serviceaccounts/token
    #[arg(long = "as-service-account", value_name = "NAMESPACE/NAME", value_parser = parse)]
    account: Option<ServiceAccount>,
}

impl ServiceAccountFlag {
    /// Makes the profile's login the one that asks for the account's tokens.
    pub(crate) fn apply(self, profile: &mut Profile) {
        if let Some(account) = self.account {
            profile.authentication.service_account = Some(account);
        }
    }

    pub(crate) const fn is_given(&self) -> bool {
        self.account.is_some()
    }
}

fn parse(text: &str) -> Result<ServiceAccount, &'static str> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
            let (namespace, name) = (namespace.into(), name.into());
            Ok(ServiceAccount { namespace, name, lifetime: None })
        }
        _ => Err("expected NAMESPACE/NAME"),
    }
}
