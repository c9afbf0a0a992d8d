//! The binary `synproof`; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    synproof_harness::cli::main(std::env::args_os())
}
