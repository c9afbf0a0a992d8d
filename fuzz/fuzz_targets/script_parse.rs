//! Any bytes as a script.
#![no_main]

use synproof_fuzz::oracles::script_parse;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(finding) = script_parse::check(bytes).finding() {
        panic!("{finding}");
    }
});
