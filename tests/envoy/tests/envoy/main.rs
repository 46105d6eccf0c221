//! What the filter promises, in Envoy.

mod credentials;
mod readme;
mod refused;
mod stage;
mod waiting;
mod workers;
