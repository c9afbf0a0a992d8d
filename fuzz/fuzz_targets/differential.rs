//! A scenario on two targets.
#![no_main]

synproof_fuzz::fuzz!(DIFFERENTIAL);
