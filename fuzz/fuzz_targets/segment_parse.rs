//! The stack's wire parser beside the harness's.
#![no_main]

synproof_fuzz::fuzz!(SEGMENT_PARSE);
