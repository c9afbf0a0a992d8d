//! Socket calls, segments and time in any order.
#![no_main]

synproof_fuzz::fuzz!("api_sequence");
