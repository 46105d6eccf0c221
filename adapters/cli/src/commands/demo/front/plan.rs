//! What goes wrong in the demo, and when.

use super::Tallies;
use super::stage::Stage;
use super::way::Way;
use std::io;
use std::time::Duration;

/// Something that happens while proxy and gate are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Incident {
    /// The API server refuses the proxy's token long before its end.
    LoginRevoked,
    /// The API server revokes the token of one of the gate's callers.
    CallerRevoked,
    /// The next run of the proxy's plugin fails.
    PluginFailure,
    /// The API server is down for three seconds.
    Outage,
}

/// The share of the demo's time after which each happens, in percent.
const PLAN: [(Incident, u32); 4] = [
    (Incident::LoginRevoked, 10),
    (Incident::CallerRevoked, 15),
    (Incident::PluginFailure, 30),
    (Incident::Outage, 45),
];

/// What happens in a demo that lasts for `duration`, in order.
pub(super) fn plan(duration: Duration) -> [(Incident, Duration); PLAN.len()] {
    PLAN.map(|(incident, percent)| (incident, duration * percent / 100))
}

impl Incident {
    /// All of them.
    pub(super) const ALL: [Self; PLAN.len()] =
        [Self::LoginRevoked, Self::CallerRevoked, Self::PluginFailure, Self::Outage];

    /// Makes it happen, and returns when it is over.
    pub(super) async fn happen(self, stage: &Stage) -> io::Result<()> {
        match self {
            Self::LoginRevoked => stage.revoke_login(),
            Self::CallerRevoked => stage.revoke_caller(),
            Self::PluginFailure => stage.issuer.fail_next(),
            Self::Outage => stage.go_down().await?,
        }
        Ok(())
    }

    /// Whether it has happened and was noticed, and requests go on as they should.
    pub(super) fn came_about(self, stage: &Stage, tallies: &Tallies) -> bool {
        let read = |way: Way| tallies[way as usize].read();
        match self {
            Self::LoginRevoked => read(Way::Proxy).refused > 0,
            Self::CallerRevoked => read(Way::Revoked).refused > 0,
            Self::PluginFailure => stage.issuer.recovered(),
            Self::Outage => stage.outage.is_over() && read(Way::Proxy).told_to_wait > 0,
        }
    }
}
