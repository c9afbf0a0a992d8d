//! Two stacks over an adversarial link.
#![no_main]

synproof_fuzz::fuzz!(TWO_PEERS);
