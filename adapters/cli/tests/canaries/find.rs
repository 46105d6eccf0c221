//! Whether a text shows a secret, by plain means that share nothing with the program's own.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;

/// So many bytes in a row are too many.
const PIECE: usize = 12;

/// What of the secret is shown, in clear, base64 or percent form.
pub(crate) fn find(secret: &str, text: &str) -> Option<String> {
    let text = decoded(text);
    let url = |text: &str| text.replace('+', "-").replace('/', "_");
    let mut forms = vec![secret.to_owned()];
    for skipped in 0..3.min(secret.len()) {
        let bytes = &secret.as_bytes()[skipped..];
        forms.push(BASE64_STANDARD_NO_PAD.encode(&bytes[..bytes.len() / 3 * 3]));
    }
    forms.extend(forms.clone().iter().map(|form| url(form)));
    forms.iter().find_map(|form| {
        let size = form.len().min(PIECE);
        let mut pieces = form.as_bytes().windows(size).map(String::from_utf8_lossy);
        pieces.find(|piece| text.contains(&**piece)).map(|piece| piece.into_owned())
    })
}

/// The text with its percent and `\n` escapes undone.
fn decoded(text: &str) -> String {
    let bytes = percent_encoding::percent_decode_str(text).collect::<Vec<_>>();
    String::from_utf8_lossy(&bytes).replace("\\n", "\n")
}
