//! A whole run: launch, init command, events, cleanup command, code blocks.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::code;
use crate::command::CommandOutcome;
use crate::command::parse::understand;
use crate::config::Config;
use crate::script::ast::{Script, ShellCommand};
use crate::script::source::Span;
use crate::target::{Launch, Sampling, Target, TargetError};

use super::failure::{Step, Stop, failure, target_problem};
use super::log::RunLog;
use super::mode::Mode;
use super::needs;
use super::numbers::{AsWritten, Numbers};
use super::outcome::{Class, Failure, Outcome};
use super::session::Session;

/// The result of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen.
    pub log: RunLog,
    /// Script time at the end, in microseconds.
    pub script_us: i64,
    /// What code blocks printed.
    pub output: String,
}

impl Run {
    /// A run that `error` kept from starting.
    #[must_use]
    pub fn impossible(script: &Script, error: TargetError) -> Self {
        Self::before_start(target_problem(error, head(script)))
    }

    /// A run of which nothing is known, because what it ran on is gone; `notes` say more.
    #[must_use]
    pub fn lost(script: &Script, message: String, notes: Vec<String>) -> Self {
        let at = head(script);
        let mut lost = failure(Class::Lost, at, at, message);
        lost.notes = notes;
        Self::before_start(lost.error())
    }

    /// A run in which nothing happened.
    #[must_use]
    pub fn nothing() -> Self {
        let outcome = Outcome::Pass { warnings: Vec::new() };
        Self { outcome, log: RunLog::default(), script_us: 0, output: String::new() }
    }

    fn before_start(stop: Stop) -> Self {
        let outcome = outcome_of(Err(stop), Vec::new());
        Self { outcome, log: RunLog::default(), script_us: 0, output: String::new() }
    }
}

/// Runs `script`, which must have parsed without errors, on a fresh target, and judges it.
#[must_use]
pub fn run(script: &Script, config: &Config, launch: &dyn Launch) -> Run {
    carry_out(script, config, launch, Mode::Judge)
}

/// The same without judging: the outcome is a pass unless the script or the environment is at
/// fault, or the target lacks something.
#[must_use]
pub fn observe(script: &Script, config: &Config, launch: &dyn Launch, sampling: Sampling) -> Run {
    carry_out(script, config, launch, Mode::Observe(sampling))
}

/// [`observe()`] of a script whose injected packets have the numbers that `numbers` gives them.
#[must_use]
pub fn observe_with(
    script: &Script,
    config: &Config,
    launch: &dyn Launch,
    sampling: Sampling,
    numbers: &mut dyn Numbers,
) -> Run {
    with_numbers(script, config, launch, Mode::Observe(sampling), numbers)
}

/// Runs `script` on a fresh target, in either way.
#[must_use]
pub fn carry_out(script: &Script, config: &Config, launch: &dyn Launch, mode: Mode) -> Run {
    with_numbers(script, config, launch, mode, &mut AsWritten)
}

fn with_numbers(
    script: &Script,
    config: &Config,
    launch: &dyn Launch,
    mode: Mode,
    numbers: &mut dyn Numbers,
) -> Run {
    let mut run = match prepare(script, config, launch) {
        Ok(target) => with_target(Session::new(script, config, mode, numbers, target)),
        Err(stop) => Run::before_start(stop),
    };
    // Whatever stops a run that does not judge is not what the target did to the script.
    if let (false, Outcome::Fail(failure)) = (mode.judges(), &run.outcome) {
        run.outcome = Outcome::Error(failure.clone());
    }
    run
}

/// The text that an error before the first event points at.
fn head(script: &Script) -> Span {
    script.events.first().map_or(Span::new(0, 0), |event| event.span)
}

/// Launches the target and runs the init scripts and the init command.
fn prepare(script: &Script, config: &Config, launch: &dyn Launch) -> Step<Box<dyn Target>> {
    let at = head(script);
    let info = launch.info().map_err(|e| target_problem(e, at))?;
    if let Some((reason, span)) = needs::missing(script, config, &info) {
        return Err(Stop::Skip { reason, span });
    }
    let mut target = launch.launch(&config.setup).map_err(|e| target_problem(e, at))?;
    for path in &config.init_scripts {
        let text = path.display().to_string();
        command(target.as_mut(), script, &text, at)?;
    }
    if let Some(init) = &script.init {
        command(target.as_mut(), script, &init.text, init.span)?;
    }
    Ok(target)
}

fn with_target(mut session: Session<'_>) -> Run {
    let script = session.script;
    let started = session.target.start().map_err(|e| target_problem(e, head(script)));
    let mut result = started.and_then(|()| session.events());
    // The cleanup command runs however the events ended, if there was an init command; when that
    // failed, nothing here is reached.
    if script.init.is_some()
        && let Some(cleanup) = &script.cleanup
    {
        let cleaned = tidy(&mut session, script, cleanup);
        result = result.and(cleaned);
    }
    let mut output = String::new();
    if result.is_ok() {
        result = run_code(&mut session, &mut output);
    }
    if let Err(Stop::Fail(failure) | Stop::Error(failure)) = &mut result {
        failure.sockets = session.socket_states();
        name_row(script, failure);
    }
    let script_us = session.finished_at().0;
    let (log, mut warnings) = session.finish();
    warnings.iter_mut().for_each(|warning| name_row(script, warning));
    Run { outcome: outcome_of(result, warnings), log, script_us, output }
}

/// In a loop the line alone does not say what failed.
fn name_row(script: &Script, failure: &mut Failure) {
    failure.notes.extend(script.row_text(failure.event).map(|row| format!("in {row}")));
}

fn outcome_of(result: Step<()>, warnings: Vec<Failure>) -> Outcome {
    match result {
        Ok(()) => Outcome::Pass { warnings },
        Err(Stop::Fail(failure)) => Outcome::Fail(failure),
        Err(Stop::Error(failure)) => Outcome::Error(failure),
        Err(Stop::Skip { reason, span }) => Outcome::Skip { reason, span },
    }
}

fn tidy(session: &mut Session<'_>, script: &Script, cleanup: &ShellCommand) -> Step<()> {
    command(session.target.as_mut(), script, &cleanup.text, cleanup.span)
}

/// Runs shell text; a non-zero status is a failure of class `command`.
fn command(target: &mut dyn Target, script: &Script, text: &str, span: Span) -> Step<()> {
    match shell(target, script, text, span)? {
        None => Ok(()),
        Some(problem) => Err(problem.failure.fail()),
    }
}

/// A command that ended with another status than 0.
pub(super) struct BadStatus {
    pub(super) status: i32,
    pub(super) failure: Failure,
}

/// Runs shell text; none is success.
pub(super) fn shell(
    target: &mut dyn Target,
    script: &Script,
    text: &str,
    span: Span,
) -> Step<Option<BadStatus>> {
    let dir = script.source.path().parent().unwrap_or(Path::new("."));
    let commands = understand(text, dir);
    match target.command(&commands).map_err(|e| target_problem(e, span))? {
        CommandOutcome::Ok => Ok(None),
        CommandOutcome::Failed { status, why } => {
            let message = format!("command ended with status {status}");
            let failed = failure(Class::Command, span, span, message);
            let failure = if why.is_empty() { failed } else { failed.with_note(why) };
            Ok(Some(BadStatus { status, failure }))
        }
        CommandOutcome::Unsupported(reason) => Err(Stop::Skip { reason, span: Some(span) }),
    }
}

/// Code blocks run last, all in one scope.
fn run_code(session: &mut Session<'_>, output: &mut String) -> Step<()> {
    if session.code.is_empty() {
        return Ok(());
    }
    let options = code::CodeOptions {
        code_command: session.config.code_command.clone(),
        script_path: session.script.source.path().to_path_buf(),
    };
    let problem = match code::run(&session.code, &options) {
        Ok(report) => {
            *output = report.output;
            return Ok(());
        }
        Err(problem) => problem,
    };
    let stop = code_failure(session, &problem);
    if let (false, Stop::Fail(failed)) = (session.mode.judges(), &stop) {
        session.note_failed_code(problem.block_index, failed.message.clone());
        return Ok(());
    }
    Err(stop)
}

fn code_failure(session: &Session<'_>, problem: &code::CodeFailure) -> Stop {
    let block = session.code.get(problem.block_index).map(|c| &c.block);
    let event = block.map_or(Span::default(), |b| b.span);
    let span = block.map_or(event, |b| line_span(session.script, b, problem.line_in_block));
    let mut failed = failure(Class::Code, span, event, problem.message.clone());
    failed.notes.extend(problem.detail.iter().cloned());
    match problem.kind {
        code::FailureKind::Assertion | code::FailureKind::Python => failed.fail(),
        code::FailureKind::Beyond | code::FailureKind::Interpreter => {
            failed.class = Class::Environment;
            failed.error()
        }
    }
}

/// The 1-based line `line` of a block, as a span of the source.
fn line_span(script: &Script, block: &crate::script::ast::CodeBlock, line: usize) -> Span {
    let whole = script.source.slice(block.span);
    let Some(start) = whole.find(&block.text) else { return block.span };
    let mut at = start;
    for (number, text) in block.text.split_inclusive('\n').enumerate() {
        if number + 1 == line {
            let trimmed = text.trim_end();
            let from = block.span.start + u32::try_from(at).unwrap_or(0);
            return Span::new(from, from + u32::try_from(trimmed.len()).unwrap_or(0));
        }
        at += text.len();
    }
    block.span
}
