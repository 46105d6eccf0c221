//! The same types twice: the core's, and those of `wasm/wit`.
//!
//! The test host includes this file too, for there the other half of each pair is of use.

use crate::wit;
use core::time::Duration;
use kubecred_core::{Instant, UnixTime};

mod credentials;
mod settings;
mod translate;

pub(crate) use translate::{Lift, Lower};
pub(crate) use translate::{
    choices, lift_records, lift_variants, lower_records, lower_variants, open_choices,
    open_variants, records, variants,
};

impl Lower for Duration {
    type Wit = wit::settings::Duration;
    fn lower(self) -> Self::Wit {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Lift<wit::settings::Duration> for Duration {
    fn lift(wit: wit::settings::Duration) -> Self {
        Self::from_millis(wit)
    }
}

impl Lower for Instant {
    type Wit = wit::credentials::Instant;
    fn lower(self) -> Self::Wit {
        self.as_millis()
    }
}

impl Lift<wit::credentials::Instant> for Instant {
    fn lift(wit: wit::credentials::Instant) -> Self {
        Self::from_millis(wit)
    }
}

impl Lower for UnixTime {
    type Wit = wit::credentials::UnixTime;
    fn lower(self) -> Self::Wit {
        self.as_millis()
    }
}

impl Lift<wit::credentials::UnixTime> for UnixTime {
    fn lift(wit: wit::credentials::UnixTime) -> Self {
        Self::from_millis(wit)
    }
}
