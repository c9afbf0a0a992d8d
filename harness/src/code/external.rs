//! Blocks that are more than the built-in subset: all of the script's, in one file, run by the
//! interpreter of `--code_command`, as packetdrill runs every script's.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::interpret::Beyond;
use super::value::Value;
use super::{Captured, CodeFailure, CodeOptions, CodeReport, FailureKind, vars};

/// Which lines of the file hold the text of a block.
#[derive(Clone, Copy, Debug)]
struct Lines {
    /// 1-based line of the file.
    first: usize,
    count: usize,
}

pub(super) fn run(
    blocks: &[Captured],
    options: &CodeOptions,
    beyond: Beyond,
) -> Result<CodeReport, Box<CodeFailure>> {
    let Beyond { block_index, line_in_block, what } = beyond;
    let failure = |message: String, detail: Vec<String>, kind: FailureKind| {
        let output = String::new();
        Box::new(CodeFailure { block_index, line_in_block, message, detail, kind, output })
    };
    let mut words = options.code_command.split_whitespace();
    let Some(program) = words.next() else {
        let message =
            format!("{what} is beyond the built-in Python, and --code_command names no other");
        return Err(failure(message, Vec::new(), FailureKind::Beyond));
    };
    let (text, lines) = file_text(blocks, &options.script_path);
    let arguments = words.collect::<Vec<_>>();
    match execute(program, &arguments, &text) {
        Ok((output, _)) if output.status.success() => {
            Ok(CodeReport { output: lossy(&output.stdout) })
        }
        Ok((output, path)) => Err(attribute(blocks, &lines, &path, &output).unwrap_or_else(|| {
            let status = output.status;
            let message = format!("`{}` failed: {status}", options.code_command);
            let mut died = failure(message, error_lines(&output), FailureKind::Interpreter);
            died.output = lossy(&output.stdout);
            died
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let message = format!(
                "{what} is beyond the built-in Python, and the interpreter `{program}` \
                 (--code_command) is not there"
            );
            Err(failure(message, Vec::new(), FailureKind::Beyond))
        }
        Err(error) => {
            let message = format!("cannot run `{}`: {error}", options.code_command);
            Err(failure(message, Vec::new(), FailureKind::Interpreter))
        }
    }
}

/// Every block: its variables, `_file`, `_line`, then its text and an empty line.
fn file_text(blocks: &[Captured], script: &Path) -> (String, Vec<Lines>) {
    let mut out = String::new();
    let mut lines = Vec::new();
    let file = Value::str(script.display().to_string()).repr();
    for captured in blocks {
        for (name, value) in vars::variables(&captured.snapshot) {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{name} = {value}");
        }
        let _ = writeln!(out, "_file = {file}\n_line = {}", captured.line);
        let text = &captured.block.text;
        let first = out.matches('\n').count() + 1;
        lines.push(Lines { first, count: text.matches('\n').count() + 1 });
        let _ = write!(out, "{text}\n\n");
    }
    (out, lines)
}

/// Runs the interpreter without a shell on a file that is removed on every way out. Returns what
/// it wrote and the name that the file had.
fn execute(program: &str, arguments: &[&str], text: &str) -> io::Result<(Output, String)> {
    let mut file = tempfile::Builder::new().prefix("code_").suffix(".py").tempfile()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    let command =
        Command::new(program).args(arguments).arg(file.path()).stdin(Stdio::null()).output()?;
    Ok((command, file.path().display().to_string()))
}

/// The failure that a traceback in stderr is about: its last line that lies in a block.
fn attribute(
    blocks: &[Captured],
    lines: &[Lines],
    path: &str,
    output: &Output,
) -> Option<Box<CodeFailure>> {
    let stderr = error_lines(output);
    let marker = format!("File \"{path}\", line ");
    let file_line = stderr.iter().rev().find_map(|line| {
        let (_, number) = line.split_once(&marker)?;
        let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<usize>().ok()
    })?;
    let inside = |lines: &Lines| (lines.first..lines.first + lines.count).contains(&file_line);
    let block_index = lines.iter().position(inside)?;
    let line_in_block = file_line - lines.get(block_index)?.first + 1;
    let said = stderr.iter().rev().find(|line| is_exception(line))?;
    let source = blocks.get(block_index)?.block.text.lines().nth(line_in_block - 1);
    let source = source.unwrap_or_default().trim();
    let assertion = said.starts_with("AssertionError");
    Some(Box::new(CodeFailure {
        block_index,
        line_in_block,
        message: if assertion { format!("{source} failed: {said}") } else { said.clone() },
        detail: stderr.iter().map(|line| line.replace(path, "code")).collect(),
        kind: if assertion { FailureKind::Assertion } else { FailureKind::Python },
        output: lossy(&output.stdout),
    }))
}

/// The line of a traceback that names the exception: `AssertionError: 20`.
fn is_exception(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default();
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    !name.is_empty() && name.chars().all(letters)
}

fn error_lines(output: &Output) -> Vec<String> {
    lossy(&output.stderr).lines().map(str::to_owned).collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
