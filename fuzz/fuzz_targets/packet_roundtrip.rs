//! Any bytes as a packet, as they are and repaired.
#![no_main]

use synproof_fuzz::generators::datagram::repair;
use synproof_fuzz::oracles::packet_roundtrip;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for case in [bytes, &repair(bytes)] {
        if let Some(finding) = packet_roundtrip::check(case).finding() {
            panic!("{finding}");
        }
    }
});
