//! `synproof fmt`.

use super::args::FmtArgs;
use super::console::Console;
use super::exit::Exit;

pub(super) fn fmt(_args: &FmtArgs, _console: &Console) -> Exit {
    Exit::Usage
}
