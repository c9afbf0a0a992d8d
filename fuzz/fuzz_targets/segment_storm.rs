//! Segments relative to live state, into a stack in any state.
#![no_main]

synproof_fuzz::fuzz!(SEGMENT_STORM);
