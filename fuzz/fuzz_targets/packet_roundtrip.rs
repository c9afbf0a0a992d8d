//! Any bytes as a packet.
#![no_main]

synproof_fuzz::fuzz!(PACKET_ROUNDTRIP);
