//! What holds for the actions of any machine on any day: a ledger that every action is entered
//! into, and that objects.

use crate::token_request::TOKEN_REQUEST;
use crate::{CANARY, certificates, openid};
use kubecred_core::protocol::SetHeaders;
use kubecred_core::{
    Action, ActionId, Authorization, FileRole, Generation, Header, Instant, Profile, Roots,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// The slots that can ask for a path; more than one if two settings name the same file.
type Askers = BTreeSet<&'static str>;

/// Everything that a machine has asked for and said.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    paths: BTreeMap<String, Askers>,
    open: BTreeMap<ActionId, (String, Askers)>,
    last_id: Option<ActionId>,
    /// The pushes before it, for machines that may keep a copy.
    pub(crate) earlier: Option<BTreeMap<Generation, Vec<Header>>>,
    /// The last push of the credential.
    pub(crate) pushed: Option<SetHeaders>,
    /// The last push of the deadline.
    pub(crate) announced: Option<Instant>,
}

impl Ledger {
    pub(crate) fn new(profile: &Profile) -> Self {
        let mut ledger = Self {
            paths: BTreeMap::new(),
            open: BTreeMap::new(),
            last_id: None,
            earlier: None,
            pushed: None,
            announced: None,
        };
        let mut asks = |path: &str, slot| {
            ledger.paths.entry(path.into()).or_default().insert(slot);
        };
        let (authorization, identity) = match &profile.authentication.service_account {
            None => ("authorization", "identity"),
            Some(_) => {
                asks(TOKEN_REQUEST, "authorization");
                ("bootstrap authorization", "bootstrap identity")
            }
        };
        match &profile.authentication.authorization {
            Authorization::Exec(exec) => {
                asks(&exec.command, authorization);
                if let Some(Roots::File(path)) =
                    exec.cluster.as_ref().map(|c| &c.certificate_authority)
                {
                    asks(path, authorization);
                }
            }
            Authorization::Oidc(oidc) => {
                for url in [openid::DISCOVERY, openid::TOKEN_ENDPOINT] {
                    asks(url, authorization);
                }
                if let Some(origin) = &oidc.origin {
                    asks(&origin.path, authorization);
                    asks(&origin.path, "kubeconfig");
                }
                if let Roots::File(path) = &oidc.roots {
                    asks(path, authorization);
                }
            }
            Authorization::Provided(provider) => asks(provider, authorization),
            _ => {}
        }
        for (role, path) in profile.files() {
            let slot = match role {
                FileRole::Token => authorization,
                FileRole::Roots => "roots",
                _ => identity,
            };
            asks(path, slot);
        }
        ledger
    }

    /// Laws 3 and 9, and that pushes rise.
    pub(crate) fn enter(&mut self, action: &Action) {
        hides_secrets(action);
        if let Some(id) = action.job_id() {
            assert!(
                self.last_id < Some(id),
                "law 3: ids rise: {action:?} after {:?}",
                self.last_id
            );
            self.last_id = Some(id);
            let place = place(action).expect("a job has a place");
            let is_moved = place.starts_with(openid::MOVED);
            let askers = self.paths.get(if is_moved { openid::DISCOVERY } else { &place });
            let askers = askers.unwrap_or_else(|| panic!("nobody configured {place:?}")).clone();
            self.open.insert(id, (place, askers.clone()));
            let flights = self.open.values().filter(|(_, other)| *other == askers).count();
            assert!(flights <= askers.len(), "law 3: one action in flight per slot: {action:?}");
        }
        match action {
            Action::Cancel(id) => {
                let known = self.open.remove(id);
                assert!(known.is_some(), "law 3: {id:?} is cancelled, but was not running");
            }
            Action::SetHeaders(set) => {
                let before = self.pushed.as_ref();
                let rises = before.is_none_or(|before| {
                    let same = before.headers == set.headers && !set.reconnect;
                    before.generation < set.generation
                        || before.generation == set.generation && same
                });
                assert!(before.is_some() || !set.reconnect, "law 8: there is nothing to reconnect");
                assert!(rises, "law 8: the generation pushed rises: {set:?} after {before:?}");
                if let Some(earlier) = &mut self.earlier {
                    earlier.insert(set.generation, set.headers.clone());
                }
                self.pushed = Some(set.clone());
            }
            Action::RefreshAt(at) => self.announced = Some(*at),
            _ => {}
        }
    }

    /// Whether a slot can ask for this path or program.
    pub(crate) fn knows(&self, place: &str) -> bool {
        self.paths.contains_key(place)
    }

    /// A job was answered.
    pub(crate) fn answered(&mut self, id: ActionId) {
        self.open.remove(&id);
    }

    /// Jobs that wait for an answer.
    pub(crate) fn open(&self) -> impl Iterator<Item = ActionId> {
        self.open.keys().copied()
    }
}

/// The path, program, URL or provider of a job.
pub(crate) fn place(action: &Action) -> Option<String> {
    match action {
        Action::ReadFile(job) => Some(job.request.path.clone()),
        Action::RunCommand(job) => Some(job.request.program.clone()),
        Action::SendRequest(job) => Some(job.request.url.clone()),
        Action::WriteFile(job) => Some(job.request.path.clone()),
        Action::Provide(job) => Some(job.request.provider.clone()),
        _ => None,
    }
}

/// Law 9: `Debug` shows no secret.
///
/// # Panics
/// When it does.
pub fn hides_secrets(shown: &dyn Debug) {
    let text = format!("{shown:?}");
    assert!(!text.contains(CANARY), "law 9: a secret shows in {text}");
    for line in certificates::key_lines() {
        assert!(!text.contains(line), "law 9: a key shows in {text}");
    }
}
