//! The binary contains `specs`: a file that is added or removed there must be noticed too, and the
//! macro that embeds the directory only follows the files it has seen.
#![expect(clippy::print_stdout, reason = "this is how build scripts talk to cargo")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../specs");
}
