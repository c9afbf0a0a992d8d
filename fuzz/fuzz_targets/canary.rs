//! The bug that must be found.
#![no_main]

synproof_fuzz::fuzz!(CANARY);
