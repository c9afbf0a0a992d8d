//! Any bytes as a script.
#![no_main]

synproof_fuzz::fuzz!("script_parse");
