//! An option area, read by both parsers.
#![no_main]

synproof_fuzz::fuzz!("options_parse");
