//! The contract of targets, on those this machine can run.
#![cfg(all(target_os = "linux", feature = "target-linux"))]

use synproof_harness::target::contract::RULES;
use synproof_harness::target::linux::{Link, LinuxLaunch};
use synproof_harness::target::{Launch, TargetError};

/// One test for all links: the check of the teardown counts what the whole process holds.
#[test]
fn linux_keeps_the_contract() {
    for link in [Link::Tun, Link::Veth, Link::Raw] {
        let launch = LinuxLaunch { link, ..LinuxLaunch::default() };
        if let Err(TargetError::Unavailable { what, why, fix }) = launch.info() {
            eprintln!("{link:?} skipped: {what}: {why}; {fix}");
            continue;
        }
        for rule in RULES {
            if let Err(violation) = rule.check(&launch) {
                panic!("{link:?}: rule `{}`: {violation}", rule.name);
            }
        }
    }
}
