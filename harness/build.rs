//! The binary contains `specs`: a file that is added or removed there must be noticed too, and the
//! macro that embeds the directory only follows the files it has seen.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../specs");
}
