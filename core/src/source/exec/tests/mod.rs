use super::*;
use crate::certificate;
use crate::credential::Identity;
use crate::error::{ContentProblem, Error, FileRole, OutputProblem};
use crate::profile::{ExecApiVersion, ExecCluster, Profile, Proxy, Roots, StdinState};
use crate::protocol::{Exit, Failure, FailureKind};
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use core::time::Duration;

mod answer;
mod policy;
mod told;

macro_rules! vector {
    ($name:literal) => {
        include_str!(concat!("../../../../../tests/vectors/certificates/", $name))
    };
}
use vector;

const V1: &str = "client.authentication.k8s.io/v1";
const BETA: &str = "client.authentication.k8s.io/v1beta1";
