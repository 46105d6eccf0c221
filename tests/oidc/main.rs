//! The auth-provider `oidc`: what it serves, when it asks whom, and what it never does (OI-10…OI-25).

mod clients;
mod failures;
mod kubeconfig;
mod saving;
mod tokens;

use kubecred_core::{Authorization, Oidc, Profile, Roots, Secret, UnixTime};
use std::time::Duration;
use world::openid::{DISCOVERY, TOKEN_ENDPOINT, id_token};
use world::{OpenIdTokens, START_WALL, World, profiles};

/// A refresh token `refresh-1` in no file, with what else is said.
fn profile(change: impl FnOnce(&mut Oidc)) -> Profile {
    changed(profiles::oidc(), change)
}

fn changed(mut profile: Profile, change: impl FnOnce(&mut Oidc)) -> Profile {
    let Authorization::Oidc(oidc) = &mut profile.authentication.authorization else { panic!() };
    change(oidc);
    profile
}

/// The id-token `id-1`, good for this long.
fn id(life: Duration) -> Option<Secret> {
    let end = UnixTime::from_millis(START_WALL + life.as_millis() as i64);
    Some(id_token("id-1", end).into())
}

/// How often the provider was asked where to refresh, and to refresh.
fn asked(world: &World) -> (u64, u64) {
    (world.asked(DISCOVERY), world.asked(TOKEN_ENDPOINT))
}

/// Tokens in a kubeconfig: the id-token good for so many seconds since the start.
fn tokens(id: Option<(&str, i64)>, refresh: Option<&str>) -> OpenIdTokens {
    let id = id.map(|(name, seconds)| (name.to_owned(), seconds * 1000));
    OpenIdTokens { id, refresh: refresh.map(str::to_owned) }
}

/// The profile of a kubeconfig without a certificate authority of the provider.
fn from_file(change: impl FnOnce(&mut Oidc)) -> Profile {
    changed(profiles::oidc_from_file(), |oidc| {
        oidc.roots = Roots::System;
        oidc.id_token = None;
        change(oidc);
    })
}
