//! The stack's wire parser beside the harness's.
#![no_main]

synproof_fuzz::fuzz!("segment_parse");
