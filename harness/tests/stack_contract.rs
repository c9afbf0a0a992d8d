//! The contract of targets, on the reference stack.
#![cfg(feature = "target-stack")]

use synproof_harness::target::contract::RULES;
use synproof_harness::target::stack::StackLaunch;

#[test]
fn the_stack_keeps_the_contract() {
    for rule in RULES {
        if let Err(violation) = rule.check(&StackLaunch::default()) {
            panic!("rule `{}`: {violation}", rule.name);
        }
    }
}
