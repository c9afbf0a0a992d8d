//! All blocks in process: parse every one, then run them in order in one scope.

use ruff_python_ast::Stmt;
use ruff_python_parser::parse_module;

use super::evaluate::Scope;
use super::stop::{Cause, Stop};
use super::value::Value;
use super::{Captured, CodeFailure, CodeOptions, CodeReport, FailureKind, vars};

/// Longer blocks are programs, and belong to a real interpreter.
const MAX_TEXT: usize = 16 * 1024;

/// What came of it.
pub(super) enum Verdict {
    Done(Result<CodeReport, Box<CodeFailure>>),
    Beyond(Beyond),
}

/// The first construct that is not part of the subset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Beyond {
    pub(super) block_index: usize,
    pub(super) line_in_block: usize,
    /// In words: "a for loop".
    pub(super) what: String,
}

pub(super) fn interpret(blocks: &[Captured], options: &CodeOptions) -> Verdict {
    // A syntax error anywhere stops Python before the first statement of the file.
    let mut parsed = Vec::new();
    for (block_index, captured) in blocks.iter().enumerate() {
        match parse(&captured.block.text) {
            Ok(body) => parsed.push(body),
            Err(stop) => return verdict(stop, block_index, captured, String::new()),
        }
    }
    let mut scope = Scope::default();
    for (block_index, (captured, (source, body))) in blocks.iter().zip(&parsed).enumerate() {
        define(&mut scope, captured, options);
        if let Err(stop) = scope.run(body, source) {
            return verdict(stop, block_index, captured, scope.output);
        }
    }
    Verdict::Done(Ok(CodeReport { output: scope.output }))
}

/// The text as Python sees it in its file, and its statements.
fn parse(text: &str) -> Result<(String, Vec<Stmt>), Stop> {
    if text.len() > MAX_TEXT {
        return Err(Stop::beyond("a block as long as this"));
    }
    // What packetdrill appends: a backslash at the end of a block continues into an empty line.
    let source = format!("{text}\n\n");
    match parse_module(&source) {
        Ok(module) => {
            let body = module.into_syntax().body.into_iter().collect();
            Ok((source, body))
        }
        Err(error) => {
            let at = error.location.start().to_usize();
            Err(Stop::raise("SyntaxError", error.error.to_string()).or_at(at))
        }
    }
}

fn define(scope: &mut Scope, captured: &Captured, options: &CodeOptions) {
    for (name, value) in vars::variables(&captured.snapshot) {
        scope.names.insert(name.to_owned(), Value::Int(i128::from(value)));
    }
    let file = options.script_path.display().to_string();
    scope.names.insert("_file".to_owned(), Value::str(file));
    let line = i128::try_from(captured.line).unwrap_or_default();
    scope.names.insert("_line".to_owned(), Value::Int(line));
}

fn verdict(stop: Stop, block_index: usize, captured: &Captured, output: String) -> Verdict {
    let before = captured.block.text.get(..stop.at.unwrap_or_default());
    let before = before.unwrap_or(&captured.block.text);
    let line_in_block = before.matches('\n').count() + 1;
    let (message, detail, kind) = match stop.cause {
        Cause::Beyond(what) => {
            return Verdict::Beyond(Beyond { block_index, line_in_block, what });
        }
        Cause::Assertion { message, detail } => (message, detail, FailureKind::Assertion),
        Cause::Exception { name, message } => {
            (format!("{name}: {message}"), Vec::new(), FailureKind::Python)
        }
    };
    let failure = CodeFailure { block_index, line_in_block, message, detail, kind, output };
    Verdict::Done(Err(Box::new(failure)))
}
