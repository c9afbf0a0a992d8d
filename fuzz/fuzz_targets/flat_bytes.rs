//! Scenarios from bytes without structure.
#![no_main]

synproof_fuzz::fuzz!("flat_bytes");
