//! Hosts, providers and browsers that do whatever bytes say.

use super::{Lie, Place, User};
use kubecred_core::login::{
    ClientCredential, Grant, GrantedBy, Input, Operation, PasswordSource, Reply, Settings, Storage,
    Stored, Success, TokenExchange, TokenKind,
};
use kubecred_core::{Failure, FailureKind};
use std::time::Duration;

/// What happens to one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is done.
    Done,
    /// It fails.
    Fails(FailureKind),
    /// It is answered with the reply of another kind.
    WrongReply,
    /// It is never answered.
    Forgotten,
}

/// Choices, taken from bytes; once there are no more, nothing goes wrong any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Choices(Vec<u8>);

impl Choices {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(bytes.iter().rev().copied().collect())
    }

    fn next(&mut self) -> u8 {
        self.0.pop().unwrap_or_default()
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::from(self.next()) % list.len()]
    }

    pub(super) fn fate(&mut self) -> Fate {
        match self.next() {
            255 => Fate::Forgotten,
            254 => Fate::WrongReply,
            byte @ 240.. => Fate::Fails(
                [
                    FailureKind::Conflict,
                    FailureKind::Denied,
                    FailureKind::Network,
                    FailureKind::NotFound,
                    FailureKind::Other,
                    FailureKind::TimedOut,
                    FailureKind::Unsupported,
                ][usize::from(byte) % 7],
            ),
            _ => Fate::Done,
        }
    }
}

pub(super) fn failed(kind: FailureKind) -> Result<Reply, Failure> {
    Err(Failure::new(kind, "as the bytes say"))
}

pub(super) fn wrong() -> Result<Reply, Failure> {
    Ok(Stored.into())
}

const LIES: [Lie; 24] = [
    Lie::None,
    Lie::OtherIssuer,
    Lie::IssuerSlash,
    Lie::CallbackIssuer,
    Lie::NoCallbackIssuer,
    Lie::State,
    Lie::Nonce,
    Lie::Audience,
    Lie::TokenIssuer,
    Lie::Subject,
    Lie::Expired,
    Lie::Unsigned,
    Lie::Signature,
    Lie::AccessTokenHash,
    Lie::NoIdToken,
    Lie::Down,
    Lie::Unreachable,
    Lie::AnswerLost,
    Lie::Html,
    Lie::Repeats,
    Lie::InvalidScope,
    Lie::InvalidClient,
    Lie::InClear,
    Lie::None,
];

/// No token of these may be printed by a login.
const TOKEN_LIES: [Lie; 6] = [
    Lie::Audience,
    Lie::TokenIssuer,
    Lie::Expired,
    Lie::Unsigned,
    Lie::Signature,
    Lie::AccessTokenHash,
];

fn settings(choices: &mut Choices) -> Settings {
    let mut settings = Place::settings();
    settings.grant = choices.of(&[
        Grant::Auto,
        Grant::AuthorizationCode,
        Grant::Paste,
        Grant::Device,
        Grant::Password,
        Grant::ClientCredentials,
        Grant::TokenExchange,
    ]);
    settings.storage = choices.of(&[Storage::Auto, Storage::Keyring, Storage::Disk, Storage::None]);
    settings.token = choices.of(&[TokenKind::Id, TokenKind::Access]);
    settings.pushed = choices.next() % 4 == 3;
    settings.pkce = choices.next() % 4 != 3;
    if settings.grant == Grant::Paste {
        settings.redirect_uri = Some("http://app.example/cb".into());
    }
    settings.username = (choices.next() % 4 == 3).then(|| "anne".into());
    settings.password = PasswordSource::Value("hush-password".into());
    if choices.next() % 2 == 1 {
        settings.client_credential = ClientCredential::Secret("hush-client".into());
    }
    settings.exchange = Some(TokenExchange {
        subject_token_file: "/subject".into(),
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt".into(),
        requested_token_type: None,
    });
    settings
}

/// A few runs in one place, in which everything goes as the bytes say. The laws are checked: every
/// run ends within its limits whatever a host does, and no unverified token comes of a login.
///
/// # Panics
/// When a law is broken.
pub fn chaos(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let mut place = Place::default();
    place.stores.files.insert("/subject".into(), "subject".into());
    let settings = settings(&mut choices);
    place.provider.lie = choices.of(&LIES);
    place.provider.user = choices.of(&[User::LogsIn, User::Refuses, User::IsAway]);
    place.provider.life = choices.of(&[3600, 100, 1]);
    place.provider.rotates = choices.next() & 1 == 0;
    place.provider.id_token_on_refresh = choices.next() & 1 == 0;
    // Lies that are told throughout.
    let lie = Some(place.provider.lie).filter(|lie| TOKEN_LIES.contains(lie));
    let rounds = 1 + choices.next() % 3;
    for _ in 0..rounds {
        let operation = choices.of(&[
            Operation::Token,
            Operation::Login,
            Operation::Logout { revoke: true, end_session: true },
            Operation::Status,
            Operation::Inspect,
        ]);
        let first = place.processes.len();
        for _ in 0..=choices.next() % 3 {
            place.start(settings.clone(), operation);
        }
        let before = place.now().monotonic;
        place.choices = choices.clone();
        if choices.next() % 8 == 7 {
            place.settle_now();
            place.input(first, Input::Interrupt);
        }
        place.settle();
        choices = place.choices.clone();
        let took = place.now().monotonic.since(before);
        let limit = Duration::from_secs(4 * 3600);
        assert!(took < limit, "it took {took:?}");
        for process in &place.processes[first..] {
            let by_login = matches!(
                &process.outcome,
                Some(Ok(Success::Credential(granted))) if granted.by == GrantedBy::Login
            );
            let verified = settings.token == TokenKind::Id
                && !matches!(settings.grant, Grant::ClientCredentials | Grant::TokenExchange);
            assert!(!(by_login && lie.is_some() && verified), "{lie:?}: {:?}", process.token());
        }
        place.pass(Duration::from_secs(60 * u64::from(choices.next())));
    }
}
