//! Every setting, used or not, with its source and with what it masks.

use super::LintContext;
use super::explanation::{Masked, Setting};
use super::field;
use super::layers::Layers;
use super::reason::{self, Ignored};
use crate::kubeconfig::entries::{ClusterEntry, ContextEntry, UserEntry};
use crate::kubeconfig::kuberc::POLICY;
use crate::kubeconfig::setting::{Entry, setting};
use crate::profile::{Authorization, PluginPolicy, Provenance};
use crate::redact;
use crate::source::exec;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Fields of a user that are no credentials.
const IMPERSONATION: [&str; 4] = ["as", "as-uid", "as-groups", "as-user-extra"];

impl LintContext<'_> {
    /// The settings, and the credentials.
    pub(super) fn settings(&self) -> (Vec<Setting>, Vec<Setting>) {
        let places = Places {
            context: self.context_layers(),
            cluster: self.cluster_layers(),
            user: self.user_layers(),
        };
        let used = self.profile.provenance.iter().filter_map(|known| self.used(known, &places));
        let (mut credentials, mut settings): (Vec<_>, Vec<_>) =
            used.partition(|setting| is_credential(&setting.name));
        for setting in self.ignored(&places) {
            match is_credential(&setting.name) {
                true => credentials.push(setting),
                false => settings.push(setting),
            }
        }
        (settings, credentials)
    }

    fn used(&self, known: &Provenance, places: &Places<'_>) -> Option<Setting> {
        let (profile, name) = (self.profile, known.setting.as_str());
        let mut layers = self.layers(name, places);
        let top = layers.iter().position(|layer| layer.origin == known.origin);
        let shown = top.map(|at| layers.remove(at).value);
        let value = match name {
            "server" => redact::url(&profile.cluster.server),
            "namespace" => profile.namespace.name.clone(),
            "request-timeout" => format!("{} s", profile.timeout?.as_secs_f64()),
            // They may stand in the server's URL.
            "username" | "password" => "(hidden)".to_owned(),
            POLICY => policy(&profile.authentication.authorization)?,
            "exec" => self.with_file(shown?),
            _ => shown?,
        };
        if value.is_empty() {
            return None; // there is no server
        }
        if name == "as-user-extra" {
            // They are merged key by key, so that a flag masks what it names (KC-62).
            let keys: Vec<&str> = value.split(", ").collect();
            layers.retain(|layer| layer.value.split(", ").any(|key| keys.contains(&key)));
        }
        let (rule, reason) = reason::used(name, &known.origin, profile, layers.is_empty());
        Some(Setting {
            name: name.to_owned(),
            value,
            origin: known.origin.clone(),
            used: true,
            rule: rule.to_owned(),
            reason: reason.as_str().to_owned(),
            masked: layers,
        })
    }

    /// A plugin's command line, and the file that its command is found as.
    fn with_file(&self, line: String) -> String {
        let Authorization::Exec(plugin) = &self.profile.authentication.authorization else {
            return line;
        };
        let command = exec::clean(&plugin.command);
        match self.programs.get(&command) {
            Some(Ok(file)) if *file != command => {
                format!("{line} (found as {})", redact::text(file))
            }
            _ => line,
        }
    }

    fn layers(&self, name: &str, places: &Places<'_>) -> Vec<Masked> {
        if name == "context" {
            return self.context_names();
        }
        self.of(&places.context, name)
            .or_else(|| self.of(&places.cluster, name))
            .or_else(|| self.of(&places.user, name))
            .unwrap_or_default()
    }

    fn of<E: Entry>(&self, layers: &Layers<'_, E>, name: &str) -> Option<Vec<Masked>> {
        Some(layers.of(setting::<E>(name)?.key, self))
    }

    /// What is set somewhere and has no effect.
    fn ignored(&self, places: &Places<'_>) -> Vec<Setting> {
        let mut ignored = Vec::new();
        self.ignored_of(&places.context, |_| false, &mut ignored);
        let cluster = &self.selection.cluster;
        self.ignored_of(&places.cluster, |key| field::shown(cluster, key).is_some(), &mut ignored);
        let user = &self.selection.user;
        self.ignored_of(&places.user, |key| field::shown(user, key).is_some(), &mut ignored);
        ignored
    }

    fn ignored_of<E: Entry>(
        &self,
        layers: &Layers<'_, E>,
        selected: impl Fn(&str) -> bool,
        ignored: &mut Vec<Setting>,
    ) {
        for key in E::SETTINGS.iter().filter(|setting| setting.is_explained()).map(|s| s.key) {
            if self.profile.provenance.iter().any(|known| known.setting == key) {
                continue;
            }
            let heard = layers.of(key, self);
            let mut places = match heard.is_empty() {
                true => layers.buried(key, self).into_iter(),
                false => heard.into_iter(),
            };
            let Some(Masked { value, origin }) = places.next() else { continue };
            let stage = match (selected(key), layers.counts(key)) {
                (true, _) => Ignored::NotUsed,
                (false, true) => Ignored::Cleared,
                (false, false) => Ignored::Masked,
            };
            let (rule, reason) =
                reason::ignored(key, stage, self.profile, self.selection, self.problems);
            ignored.push(Setting {
                name: key.to_owned(),
                value,
                origin,
                used: false,
                rule: rule.to_owned(),
                reason: reason.as_str().to_owned(),
                masked: places.collect(),
            });
        }
    }
}

struct Places<'a> {
    context: Layers<'a, ContextEntry>,
    cluster: Layers<'a, ClusterEntry>,
    user: Layers<'a, UserEntry>,
}

fn policy(authorization: &Authorization) -> Option<String> {
    let Authorization::Exec(exec) = authorization else { return None };
    Some(match &exec.policy {
        PluginPolicy::AllowAll => "AllowAll".to_owned(),
        PluginPolicy::DenyAll => "DenyAll".to_owned(),
        PluginPolicy::Allowlist(list) => ["Allowlist: ", &list.join(", ")].concat(),
    })
}

fn is_credential(name: &str) -> bool {
    setting::<UserEntry>(name).is_some() && !IMPERSONATION.contains(&name)
}
