//! Logging in: how a person, or a workload, gets the tokens that a kubeconfig's exec plugin hands
//! to kubectl.
//!
//! The machine of this room speaks a wire of its own ([`protocol`]): beside files and requests it
//! asks for entropy, a lock, the keyring, a listener, a browser and a prompt. Like every machine of
//! this crate it does none of that itself, and has no clock.
//!
//! Rule ids LG-… name the rules of logging in that the tests list.

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
pub use outcome::{Event, Granted, GrantedBy, LoginError, Outcome, Status, Step, Success};
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
