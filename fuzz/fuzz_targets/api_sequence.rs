//! Socket calls, segments and time in any order.
#![no_main]

synproof_fuzz::fuzz!(API_SEQUENCE);
