//! Pages that the browser is shown at the end of a login, as data.

use alloc::string::String;

/// A page. The host renders it as HTML and escapes every value for its place (LG-111).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host must be able to show each")]
pub enum Page {
    /// The login is complete: its token has been verified and stored, or found unstorable (LG-54).
    Success(SuccessPage),
    /// The login failed.
    Failure {
        /// Why, on one line and safe to show (LG-114).
        message: String,
    },
}

/// What the page of a successful login shows. Texts that the token does not have are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a host must be able to show each")]
pub struct SuccessPage {
    /// The claim `name`, else `preferred_username`, else `email`.
    pub name: String,
    /// The claim `picture`, if it is an `https` URL or a `data:image/` URL (LG-111).
    pub picture: String,
}
