//! The tables of everything that varies.

pub(crate) mod answer;
pub(crate) mod around;
pub(crate) mod cluster;
pub(crate) mod context;
pub(crate) mod exec;
pub(crate) mod files;
pub(crate) mod flags;
pub(crate) mod layout;
pub(crate) mod login;
