//! Scenarios from bytes without structure.
#![no_main]

synproof_fuzz::fuzz!(FLAT_BYTES);
