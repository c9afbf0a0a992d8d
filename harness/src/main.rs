//! The binary `synproof`; everything is in the library.

use std::process::ExitCode;

/// Exploration makes and drops hosts, scripts and logs by the million; with the system's allocator a
/// third of its time goes there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    synproof_harness::cli::main(std::env::args_os())
}
