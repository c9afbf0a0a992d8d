//! The two classic programs of `examples/`, on this stack over a TUN device, with the kernel's TCP
//! on the other side. Where namespaces or devices are not to be had, nothing is tested.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "what is skipped is said")]

use std::path::PathBuf;
use std::process::Command;

use rstest::rstest;

/// The exit code of a program that found no namespace or no device.
const SKIPPED: i32 = 77;

/// Cargo builds examples beside the tests, one directory up.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let profile = test.parent().and_then(|deps| deps.parent());
    profile.unwrap_or(&test).join("examples").join(name)
}

#[rstest]
#[case::server(
    "epoll_server",
    "::ffff:192.0.2.1 said in 2 reads: Hello, world!\n2001:db8::1 said in 2 reads: Hello, world!\n"
)]
#[case::client(
    "hello_client",
    "192.0.2.1 heard: Hello, world!\n2001:db8::1 heard: Hello, world!\n"
)]
fn a_classic_program_talks_to_the_kernel(#[case] name: &str, #[case] said: &str) {
    let path = example(name);
    if !path.exists() {
        eprintln!("skipped: {} is not built (cargo test builds it)", path.display());
        return;
    }
    let output = Command::new(path).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(SKIPPED) {
        eprint!("{errors}");
        return;
    }
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), said);
}
