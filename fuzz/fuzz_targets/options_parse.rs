//! An option area, read by both parsers.
#![no_main]

synproof_fuzz::fuzz!(OPTIONS_PARSE);
