//! `synproof explain CODE`.

use super::args::ExplainArgs;
use super::console::Console;
use super::exit::{EXIT_CODES, Exit};

pub(super) fn explain(args: &ExplainArgs, console: &Console) -> Exit {
    let Some((_, code, meaning)) = EXIT_CODES.iter().find(|(_, code, _)| *code == args.code) else {
        console.error(&format!("synproof never exits with {}", args.code));
        return Exit::Usage;
    };
    match console.out(&format!("{code}: {meaning}\n")) {
        Ok(()) => Exit::Ok,
        Err(_) => Exit::Environment,
    }
}
