//! What a host of [`kubecred_core::login`] needs of this system: a server that the browser comes back
//! to ([`Listener`]), a way to open the browser ([`Launchers`]), the facts that decide whether that is
//! possible ([`facts`]), and a QR code for those who log in on another device ([`qr_code`]). They
//! carry out; the machine decides.

mod browser;
mod listener;
mod qr;
mod render;
mod surroundings;

pub use browser::Launchers;
pub use listener::{Arrival, Listener};
pub use qr::{QrDrawing, qr_code};
pub use render::Rendered;
pub use surroundings::facts;
