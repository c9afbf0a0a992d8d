//! `synproof explain`: what an exit code, a class of failures, or the code of a diagnostic means.

use super::args::ExplainArgs;
use super::console::Console;
use super::exit::{EXIT_CODES, Exit};
use crate::runner::{CLASS_CODES, OPTION_CODES};
use crate::script::codes::{CODES, meaning};

pub(super) fn explain(args: &ExplainArgs, console: &Console) -> Exit {
    let Some(code) = args.code.as_deref() else { return list(console) };
    let exit = EXIT_CODES.iter().find(|(_, number, _)| number.to_string() == code);
    let option = OPTION_CODES.iter().find(|(known, _)| *known == code);
    let said = exit.map(|(_, _, text)| *text);
    let class = CLASS_CODES.iter().find(|(known, _)| *known == code);
    let said = said.or_else(|| meaning(code)).or(option.or(class).map(|(_, text)| *text));
    let Some(said) = said else {
        console.error(&format!(
            "`{code}` is no exit code, no class of failures and no code of a diagnostic"
        ));
        return Exit::Usage;
    };
    match console.out(&format!("{code}: {said}\n")) {
        Ok(()) => Exit::Ok,
        Err(error) => Exit::of_output(&error),
    }
}

/// Everything that can be asked for.
fn list(console: &Console) -> Exit {
    let mut lines: Vec<_> =
        EXIT_CODES.iter().map(|(_, code, text)| format!("{code:<30}  {text}\n")).collect();
    let codes = CLASS_CODES.iter().chain(CODES).chain(OPTION_CODES);
    lines.extend(codes.map(|(code, text)| format!("{code:<30}  {text}\n")));
    match console.out(&lines.concat()) {
        Ok(()) => Exit::Ok,
        Err(error) => Exit::of_output(&error),
    }
}
