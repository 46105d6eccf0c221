//! Quoted texts with Go's escapes.

/// The text in quotes of either kind; `None` for an escape that Go does not have. A quote of the same
/// kind must be escaped, and one of the other kind must not.
pub(super) fn unquote(text: &str) -> Option<String> {
    let quote = text.chars().next()?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut bytes = Vec::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => escape(&mut chars, quote, &mut bytes)?,
            char if char == quote => return None,
            char => bytes.extend(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    // `\xff` is a byte, and may be none of a text: Go prints it as it is, a template here does not.
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn escape(chars: &mut std::str::Chars<'_>, quote: char, bytes: &mut Vec<u8>) -> Option<()> {
    let byte = match chars.next()? {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' => b'\\',
        char @ ('\'' | '"') if char == quote => char as u8,
        'x' => u8::try_from(number(chars, 2, 16)?).ok()?,
        'u' => return character(number(chars, 4, 16)?, bytes),
        'U' => return character(number(chars, 8, 16)?, bytes),
        digit @ '0'..='7' => {
            let rest = number(chars, 2, 8)?;
            u8::try_from(digit.to_digit(8)? * 64 + rest).ok()?
        }
        _ => return None,
    };
    bytes.push(byte);
    Some(())
}

fn character(code: u32, bytes: &mut Vec<u8>) -> Option<()> {
    bytes.extend(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}

fn number(chars: &mut std::str::Chars<'_>, digits: usize, radix: u32) -> Option<u32> {
    (0..digits).try_fold(0_u32, |number, _| {
        number.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?)
    })
}
