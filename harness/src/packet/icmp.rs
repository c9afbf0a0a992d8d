//! ICMP as scripts write it: the words for types and codes, and the packet an error quotes.
//!
//! The words are those of packetdrill, with the codes FreeBSD's version adds for IPv4. Codes and
//! types by IANA, RFC 792, 1122, 1812 and 4443.

mod quoted;
mod words;

pub use quoted::{Quoted, QuotedTransport, quote, quoted, transport_at};
use words::{TYPES_V4, TYPES_V6, TypeWord};

/// IP version of a message, which decides what its numbers mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpFamily {
    /// ICMP.
    V4,
    /// ICMPv6.
    V6,
}

impl IpFamily {
    /// The family of an address.
    #[must_use]
    pub fn of(address: std::net::IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    fn types(self) -> &'static [TypeWord] {
        match self {
            Self::V4 => TYPES_V4,
            Self::V6 => TYPES_V6,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::V4 => "ICMP",
            Self::V6 => "ICMPv6",
        }
    }
}

/// Type and code numbers of the words of a script; a missing code is 0. `type_N` and `code_N`
/// give any number; words for codes need the word for their type.
///
/// # Errors
/// A word that the table of this version does not have: a lower-case fragment naming it.
pub fn resolve(family: IpFamily, ty: &str, code: Option<&str>) -> Result<(u8, u8), String> {
    let known = family.types().iter().find(|row| row.word == ty);
    let number = match known {
        Some(row) => row.number,
        None => {
            numbered(ty, "type_").ok_or_else(|| format!("unknown {} type `{ty}`", family.name()))?
        }
    };
    let Some(code) = code else { return Ok((number, 0)) };
    let word = known.and_then(|row| row.codes.iter().find(|&&(_, word)| word == code));
    let code_number = match word {
        Some(&(code_number, _)) => code_number,
        None => numbered(code, "code_")
            .ok_or_else(|| format!("unknown {} code `{code}` for type `{ty}`", family.name()))?,
    };
    Ok((number, code_number))
}

/// `N` of `prefixN`, decimal, 0 to 255.
fn numbered(word: &str, prefix: &str) -> Option<u8> {
    let digits = word.strip_prefix(prefix)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// The word for a type, `type_N` where there is none. [`resolve`] reads it back.
#[must_use]
pub fn type_name(family: IpFamily, ty: u8) -> String {
    match family.types().iter().find(|row| row.number == ty) {
        Some(row) => row.word.to_owned(),
        None => format!("type_{ty}"),
    }
}

/// The word for a code of a type, `code_N` where there is none. [`resolve`] reads it back.
#[must_use]
pub fn code_name(family: IpFamily, ty: u8, code: u8) -> String {
    let row = family.types().iter().find(|row| row.number == ty);
    match row.and_then(|row| row.codes.iter().find(|&&(number, _)| number == code)) {
        Some(&(_, word)) => word.to_owned(),
        None => format!("code_{code}"),
    }
}

/// The message quotes a packet (RFC 792 errors, RFC 4443 types below 128).
#[must_use]
pub fn is_error(family: IpFamily, ty: u8) -> bool {
    match family {
        IpFamily::V4 => matches!(ty, 3 | 4 | 5 | 11 | 12),
        IpFamily::V6 => ty < 128,
    }
}

/// Where `mtu N` stands in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MtuField {
    /// The lower 16 bits of [`super::Icmp::rest`]: RFC 1191, `frag_needed`.
    Low16,
    /// All of it: RFC 4443, `packet_too_big`.
    All32,
}

/// The MTU field of a message; [`None`] where it has none.
#[must_use]
pub fn mtu_field(family: IpFamily, ty: u8, code: u8) -> Option<MtuField> {
    match (family, ty, code) {
        (IpFamily::V4, 3, 4) => Some(MtuField::Low16),
        (IpFamily::V6, 2, _) => Some(MtuField::All32),
        (IpFamily::V4 | IpFamily::V6, _, _) => None,
    }
}

#[cfg(test)]
mod tests;
