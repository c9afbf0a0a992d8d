//! `synproof explain`: what an exit code, or the code of a diagnostic, means.

use super::args::ExplainArgs;
use super::console::Console;
use super::exit::{EXIT_CODES, Exit};
use crate::runner::OPTION_CODES;
use crate::script::codes::meaning;

pub(super) fn explain(args: &ExplainArgs, console: &Console) -> Exit {
    let code = args.code.as_str();
    let exit = EXIT_CODES.iter().find(|(_, number, _)| number.to_string() == code);
    let option = OPTION_CODES.iter().find(|(known, _)| *known == code);
    let said = exit.map(|(_, _, text)| *text);
    let said = said.or_else(|| meaning(code)).or(option.map(|(_, text)| *text));
    let Some(said) = said else {
        console.error(&format!("`{code}` is neither an exit code nor a code of a diagnostic"));
        return Exit::Usage;
    };
    match console.out(&format!("{code}: {said}\n")) {
        Ok(()) => Exit::Ok,
        Err(_) => Exit::Environment,
    }
}
