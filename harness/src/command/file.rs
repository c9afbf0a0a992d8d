//! Shell files that a command runs (`../common/defaults.sh`): read when they are met, understood
//! whole or not at all.

use std::fs;

use super::parse::Context;
use super::{Command, Step};

/// More than any list of commands; larger files are not shell scripts anybody wrote.
const MAX_BYTES: u64 = 1 << 20;

/// The commands of the file at `path`. `sourced`: by `.`, so that its `exit` would end the caller.
pub(super) fn read(path: &str, sourced: bool, context: Context<'_>) -> Result<Command, String> {
    let resolved = context.dir.join(path);
    let size = fs::metadata(&resolved).map_err(|error| format!("the file {path}: {error}"))?.len();
    if size > MAX_BYTES {
        return Err(format!("the file {path}, which is too large for a shell script"));
    }
    let text =
        fs::read_to_string(&resolved).map_err(|error| format!("the file {path}: {error}"))?;
    if !for_sh(&text) {
        return Err(format!("the file {path}, which is no shell script"));
    }
    let steps = context.nested(&text).map_err(|why| format!("{why}, in {path}"))?;
    if sourced && steps.iter().any(exits) {
        return Err(format!("an exit in the sourced file {path}"));
    }
    Ok(Command::File { path: resolved, steps })
}

fn exits(step: &Step) -> bool {
    matches!(step.command, Command::Exit(_))
}

/// A `#!` line, if there is one, names a shell whose language is sh's, without options that change
/// it (`-e`).
fn for_sh(text: &str) -> bool {
    let Some(interpreter) = text.lines().next().and_then(|line| line.strip_prefix("#!")) else {
        return true;
    };
    let mut words = interpreter.split_whitespace();
    let first = words.next().and_then(|path| path.rsplit('/').next());
    let shell = if first == Some("env") { words.next() } else { first };
    matches!(shell, Some("sh" | "bash" | "dash")) && words.next().is_none()
}
