//! Logging in to an OpenID provider, for a user or a workload: the state machine behind `kubecred
//! get-token`, which kubectl runs as an exec plugin.
//!
//! [`Login`] has its own inputs and actions ([`protocol`]): in addition to files and HTTP requests
//! it needs random bytes, a lock, the keyring, a local server, a browser and a prompt. Like the
//! [`Authenticator`](crate::Authenticator) it does no I/O itself, and has no clock.
//!
//! The ids LG-… name rules in `tests/rules/rules.tsv`.

mod authorization;
mod callback;
mod entry;
mod machine;
pub mod outcome;
pub mod page;
pub mod protocol;
mod provider;
pub mod settings;
pub mod verify;

pub use machine::Login;
pub use outcome::{
    Event, Granted, GrantedBy, LoginError, Outcome, ProviderFacts, Status, Step, Success,
};
pub use page::{Page, SuccessPage};
pub use protocol::{
    Action, DeleteEntry, Desktop, EntryBytes, Exchange, ExchangeId, HostFacts, Input,
    KeyringDelete, KeyringGet, KeyringItem, KeyringSet, Listen, ListenAddress, ListenHost,
    ListenTls, Listening, Lock, Locked, LoginWire, OpenBrowser, Opened, Prompt, PromptFor, Random,
    RandomBytes, ReadEntry, Reply, Respond, ResponseBody, Stored, Typed, WriteEntry,
};
pub use settings::{
    BrowserMode, ClientCredential, ExtraEndpoints, Grant, Operation, PasswordSource, Settings,
    Storage, TokenExchange, TokenKind,
};
pub use verify::TokenProblem;
