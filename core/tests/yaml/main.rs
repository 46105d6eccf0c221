//! YAML as kubectl reads it, compared with kubectl itself.

mod baseline;
mod corpus;
mod kubeconfig;
mod kubectl;
mod limits;
mod mutations;
mod secrets;
mod writer;
