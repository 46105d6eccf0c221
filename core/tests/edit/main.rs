//! Changing kubeconfig files: by the rules, beside kubectl, and with as little change as possible.

mod chains;
mod kubectl;
mod random;
mod rules;
mod sets;
mod style;
mod text;
mod views;
