//! Escapes in strings, resolved when a call is made: `\f \n \r \t \v \xHH`.
//!
//! `\\` and `\"` give a form feed, as in packetdrill, whose scripts can depend on it.

use std::fmt;

/// Why a string has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EscapeError {
    /// A backslash and something that means nothing.
    #[error("unsupported escape `\\{}`", Shown(*.0))]
    Unsupported(Option<char>),
    /// `\x` without two hex digits behind it.
    #[error("invalid hex escape, `\\x` needs two digits")]
    Hex,
}

struct Shown(Option<char>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |c| write!(f, "{c}"))
    }
}

/// The bytes that the text between two quotes stands for.
///
/// # Errors
/// If a backslash is followed by anything but the letters above, a backslash or a quote.
pub fn unescape(text: &str) -> Result<Vec<u8>, EscapeError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            let mut buffer = [0; 4];
            bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            continue;
        }
        let escape = chars.next();
        bytes.push(match escape {
            Some('\\' | '"' | 'f') => 0x0c,
            Some('n') => b'\n',
            Some('r') => b'\r',
            Some('t') => b'\t',
            Some('v') => 0x0b,
            Some('x') => hex(chars.next(), chars.next()).ok_or(EscapeError::Hex)?,
            other => return Err(EscapeError::Unsupported(other)),
        });
    }
    Ok(bytes)
}

/// The text relies on `\\` or `\"` being a form feed, which hardly anybody means.
#[must_use]
pub fn has_form_feed_quirk(text: &str) -> bool {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' && matches!(chars.next(), Some('\\' | '"')) {
            return true;
        }
    }
    false
}

fn hex(high: Option<char>, low: Option<char>) -> Option<u8> {
    u8::try_from(high?.to_digit(16)? * 16 + low?.to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", b"")]
    #[case("reno", b"reno")]
    #[case(r"\f\n\r\t\v", b"\x0c\n\r\t\x0b")]
    #[case(r"\x00\xfF", b"\x00\xff")]
    #[case(r#"a\\b\"c"#, b"a\x0cb\x0cc")]
    #[case("ä", "ä".as_bytes())]
    fn escapes(#[case] text: &str, #[case] bytes: &[u8]) {
        assert_eq!(unescape(text).unwrap(), bytes);
    }

    #[rstest]
    #[case(r"\a", EscapeError::Unsupported(Some('a')), r"unsupported escape `\a`")]
    #[case("\\", EscapeError::Unsupported(None), r"unsupported escape `\`")]
    #[case(r"\x0", EscapeError::Hex, r"invalid hex escape, `\x` needs two digits")]
    #[case(r"\xg0", EscapeError::Hex, r"invalid hex escape, `\x` needs two digits")]
    fn refusals(#[case] text: &str, #[case] error: EscapeError, #[case] message: &str) {
        let found = unescape(text).unwrap_err();
        assert_eq!(found, error);
        assert_eq!(found.to_string(), message);
    }
}
