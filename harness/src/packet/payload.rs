//! How payloads are written in logs: the length when all bytes are zero (nearly always), else hex.

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
