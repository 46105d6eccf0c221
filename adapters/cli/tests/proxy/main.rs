//! `kubecred proxy` as a process, beside `kubectl proxy`, before real API servers and real clients.
#![cfg(unix)]

#[path = "../cli/stage.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod stage;

#[path = "../login/lines.rs"]
#[expect(dead_code, reason = "the login's tests need more of it")]
mod lines;
#[path = "../login/webdriver.rs"]
#[expect(dead_code, reason = "the login's tests need more of it")]
mod webdriver;

mod browser;
mod clients;
mod containers;
mod differential;
mod faults;
mod run;
mod start;
mod tls;
