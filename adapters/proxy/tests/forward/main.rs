//! The forward proxy, byte by byte, between hand-written callers and a hand-written server.

mod hostile;
mod login;
mod requests;
mod tunnels;
mod upstream;
