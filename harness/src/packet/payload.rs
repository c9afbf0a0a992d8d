//! How payloads are written in logs: the length when all bytes are zero (nearly always), else hex.
//! And what is told of them: the first bytes as a script has them, the first byte that differs.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// More than any call or segment of a script moves; a length above it is not one.
const LIMIT: usize = 1 << 26;

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Repr {
    Zeros(usize),
    Hex(String),
}

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    let repr = if bytes.iter().all(|&b| b == 0) {
        Repr::Zeros(bytes.len())
    } else {
        Repr::Hex(bytes.iter().map(|b| format!("{b:02x}")).collect())
    };
    repr.serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    match Repr::deserialize(from)? {
        Repr::Zeros(len) if len <= LIMIT => Ok(vec![0; len]),
        Repr::Zeros(len) => Err(D::Error::custom(format!("payload of {len} bytes"))),
        Repr::Hex(text) => (0..text.len())
            .step_by(2)
            .map(|at| {
                let pair = text.get(at..at + 2).ok_or_else(|| D::Error::custom("odd hex"))?;
                u8::from_str_radix(pair, 16).map_err(D::Error::custom)
            })
            .collect(),
    }
}

/// So many bytes are told of a text.
const TOLD: usize = 64;

/// `"GET / \x0d"`: bytes as a string of a script; of many the first ones.
pub(crate) fn text(bytes: &[u8]) -> String {
    let told: String = bytes.iter().take(TOLD).map(|&byte| character(byte)).collect();
    let more = if bytes.len() > TOLD { "..." } else { "" };
    format!("\"{told}\"{more}")
}

fn character(byte: u8) -> String {
    match byte {
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        b'"' | b'\\' => format!("\\x{byte:02x}"),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    }
}

/// The first byte that differs, as wanted and as it came: `0x68 "h" at offset 0`, `the end at
/// offset 5`.
pub(crate) fn difference(want: &[u8], got: &[u8]) -> Option<(String, String)> {
    let byte = |bytes: &[u8], at: usize| match bytes.get(at) {
        Some(&byte) => format!("{byte:#04x} \"{}\" at offset {at}", character(byte)),
        None => format!("the end at offset {at}"),
    };
    let at = (0..want.len().max(got.len())).find(|&at| want.get(at) != got.get(at))?;
    Some((byte(want, at), byte(got, at)))
}
