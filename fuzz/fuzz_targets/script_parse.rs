//! Any bytes as a script.
#![no_main]

synproof_fuzz::fuzz!(SCRIPT_PARSE);
