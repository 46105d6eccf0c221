//! What goes wrong in the demo, and when.

use super::login::Login;
use super::world::{Tallies, World};
use std::io;
use std::time::Duration;

/// Something that happens to a login while it is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Incident {
    /// The server refuses the plugin's token long before its end.
    Revocation,
    /// The token file gets another token, and the server refuses the old one.
    TokenSwap,
    /// The certificate files are replaced.
    CertificateSwap,
    /// The next run of the plugin fails.
    PluginFailure,
}

/// The share of the demo's time after which each happens, in percent.
const PLAN: [(Incident, u32); 4] = [
    (Incident::Revocation, 15),
    (Incident::TokenSwap, 35),
    (Incident::CertificateSwap, 45),
    (Incident::PluginFailure, 55),
];

/// The share of the demo's time after which the first client certificate ends, in percent, unless
/// too little would be left of it when it is replaced.
const CERTIFICATE_END: u32 = 70;

/// The least that is left of it then. A machine that stands still for a second or two, and a pair
/// that is read while it is being replaced, and then read again, must not let requests fail.
const CERTIFICATE_LEFT: Duration = Duration::from_secs(5);

/// What happens in a demo that lasts for `duration`, in order.
pub(crate) fn plan(duration: Duration) -> [(Incident, Duration); PLAN.len()] {
    PLAN.map(|(incident, percent)| (incident, duration * percent / 100))
}

/// How long the first client certificate lives.
pub(crate) fn certificate_life(duration: Duration) -> Duration {
    let swap = plan(duration).into_iter().find(|(what, _)| *what == Incident::CertificateSwap);
    let swap = swap.map_or(Duration::ZERO, |(_, at)| at);
    (duration * CERTIFICATE_END / 100).max(swap + CERTIFICATE_LEFT)
}

impl Incident {
    /// All of them.
    pub(crate) const ALL: [Self; PLAN.len()] =
        [Self::Revocation, Self::TokenSwap, Self::CertificateSwap, Self::PluginFailure];

    /// Makes it happen.
    pub(crate) fn happen(self, world: &World) -> io::Result<()> {
        match self {
            Self::Revocation => world.revoke_plugin_token(),
            Self::TokenSwap => world.rotate_token()?,
            Self::CertificateSwap => world.rotate_certificate()?,
            Self::PluginFailure => world.issuer.fail_next(),
        }
        Ok(())
    }

    /// Whether it has happened and is over: requests go on with something fresh.
    pub(crate) fn came_about(self, world: &World, tallies: &Tallies) -> bool {
        match self {
            Self::Revocation => tallies[Login::Plugin as usize].read().refused > 0,
            Self::TokenSwap => world.saw_second(Login::TokenFile),
            Self::CertificateSwap => world.saw_second(Login::Certificate),
            Self::PluginFailure => world.issuer.recovered(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_replaced_well_before_its_end() {
        for seconds in [6, 15, 60, 3600] {
            let duration = Duration::from_secs(seconds);
            let [.., (what, swap), _] = plan(duration);
            assert_eq!(what, Incident::CertificateSwap);
            let end = certificate_life(duration);
            assert!(end >= swap + CERTIFICATE_LEFT, "{seconds}: {end:?}");
            // The usual demo goes on after that end.
            assert!(seconds < 15 || end < duration, "{seconds}: {end:?}");
        }
    }
}
