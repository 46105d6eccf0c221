//! `kubecred config` beside `kubectl config`: the same command lines on copies of the same files.

mod beside;
mod contexts;
mod credentials;
mod differences;
mod files;
mod folder;
mod help;
mod import;
mod jsonpath;
mod kill;
mod names;
mod properties;
