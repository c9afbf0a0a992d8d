//! Runs one script once, and judges the outcome against what is expected.

use super::artifact::{ArtifactError, Artifacts};
use super::event::{Case, CaseResult, Expectation, Verdict};
use super::examine::{Parsed, examine, parse};
use super::stopwatch::Stopwatch;
use crate::config::{CliOptions, Config};
use crate::engine::log::RunLog;
use crate::engine::outcome::{Class, Failure, Outcome};
use crate::engine::{Mode, Run};
use crate::executor::{Executor, Job, Worker};
use crate::panics::caught;
use crate::script::Defines;
use crate::script::ast::Script;
use crate::script::diagnostic::{Diagnostic, Severity};
use crate::script::source::{SourceFile, Span};
use crate::target::{Capability, Clock, TargetInfo};

/// What every case of a run shares.
pub struct Context<'a> {
    /// Carries out runs.
    pub executor: &'a dyn Executor,
    /// What its target says about itself.
    pub info: &'a TargetInfo,
    /// Options of the command line.
    pub cli: &'a CliOptions,
    /// Where files go, if anywhere.
    pub artifacts: Option<&'a Artifacts>,
    /// How often a script that failed runs again, on a target whose clock is real.
    pub retries: u32,
}

/// What became of a case.
enum Step {
    Ran(Box<(Run, Config)>),
    Not(Obstacle),
}

/// What can stand in the way of running a script.
pub(super) enum Obstacle {
    Refused(Vec<Diagnostic>),
    Unreadable(String),
    Lacking(String),
    DryRun,
}

/// Has `worker` run `case` on a fresh target. A panic on the way is a result too. What failed on a
/// real clock runs again as often as the context says: a busy machine is late with everything, and
/// only a failure that stays is the target's.
///
/// # Errors
/// The files of the run could not be written.
pub fn run_case(
    case: &Case,
    context: &Context<'_>,
    worker: &mut dyn Worker,
) -> Result<CaseResult, ArtifactError> {
    let watch = Stopwatch::start();
    let (mut result, mut config) = attempt(case, context, worker);
    let retries =
        if matches!(context.info.clock, Clock::Real { .. }) { context.retries } else { 0 };
    for run in 2..=retries.saturating_add(1) {
        let may_be_lateness = match result.verdict {
            Verdict::Fail => true,
            Verdict::Error => result.failure.is_some(),
            Verdict::Pass | Verdict::Skip | Verdict::Xfail | Verdict::Xpass => false,
        };
        if !may_be_lateness {
            break;
        }
        (result, config) = attempt(case, context, worker);
        result.attempts = run;
    }
    result.wall_us = watch.elapsed_us();
    if let (Some(artifacts), Some(config)) = (context.artifacts, config) {
        result.files = artifacts.write(&result, &config, context.info)?;
    }
    Ok(result)
}

/// Runs `case` once.
fn attempt(
    case: &Case,
    context: &Context<'_>,
    worker: &mut dyn Worker,
) -> (CaseResult, Option<Config>) {
    let step = caught(|| step(case, context, worker));
    let mut result = blank(case, context.info);
    let mut config = None;
    match step {
        Err(panic) => {
            error(&mut result, Class::Environment, format!("internal bug: {panic}"));
            result.internal_bug = true;
        }
        Ok(Step::Not(Obstacle::Unreadable(why))) => error(&mut result, Class::Script, why),
        Ok(Step::Not(Obstacle::Refused(diagnostics))) => refuse(&mut result, diagnostics),
        Ok(Step::Not(Obstacle::Lacking(reason))) => skip(&mut result, reason, None),
        Ok(Step::Not(Obstacle::DryRun)) => result.message = "dry run: parsed and checked".into(),
        Ok(Step::Ran(ran)) => {
            let (run, its_config) = *ran;
            result.script_us = run.script_us;
            result.log = run.log;
            judge(&mut result, run.outcome, case.expectation.as_ref());
            explain_script_error(&mut result, case, context.cli);
            config = Some(its_config);
        }
    }
    (result, config)
}

fn step(case: &Case, context: &Context<'_>, worker: &mut dyn Worker) -> Step {
    let ready = match ready(case, &[context.info], context.cli) {
        Ok(ready) => ready,
        Err(obstacle) => return Step::Not(obstacle),
    };
    let run = worker.run(&ready.job(Mode::Judge));
    Step::Ran(Box::new((run, ready.config)))
}

/// A script that can run.
pub(super) struct Ready {
    pub(super) script: Script,
    defines: Defines,
    pub(super) config: Config,
}

impl Ready {
    pub(super) fn job(&self, mode: Mode) -> Job<'_> {
        Job { script: &self.script, defines: &self.defines, config: &self.config, mode }
    }
}

/// Parses a script for targets that are all to run it.
pub(super) fn ready(
    case: &Case,
    targets: &[&TargetInfo],
    cli: &CliOptions,
) -> Result<Ready, Obstacle> {
    let source = case.source.as_ref().map_err(|why| Obstacle::Unreadable(why.clone()))?;
    let parsed = parse(source, &case.profile, case.id.ip, cli);
    let Parsed { script, defines, config: Some(config), needed, .. } = parsed else {
        let mut errors = parsed.diagnostics;
        errors.retain(|d| d.severity == Severity::Error);
        return Err(Obstacle::Refused(errors));
    };
    let lacks = |need: &Capability| targets.iter().any(|target| !target.has(*need));
    if let Some(lacking) = needed.into_iter().find(lacks) {
        return Err(Obstacle::Lacking(format!("needs {}", capability_name(lacking))));
    }
    if is_dry_run(&script, cli) {
        let mut errors = examine(source, &case.profile, case.id.ip, cli);
        errors.retain(|d| d.severity == Severity::Error);
        let refused = !errors.is_empty();
        return Err(if refused { Obstacle::Refused(errors) } else { Obstacle::DryRun });
    }
    Ok(Ready { script, defines, config })
}

/// A run that stops at a line that `check` calls wrong gives `check`'s reason, with its code and
/// its suggestion.
fn explain_script_error(result: &mut CaseResult, case: &Case, cli: &CliOptions) {
    let (Some(failure), Ok(source)) = (&result.failure, &case.source) else { return };
    if failure.class != Class::Script {
        return;
    }
    let event = failure.event;
    let mut found = examine(source, &case.profile, case.id.ip, cli);
    found.retain(|d| {
        d.code.starts_with("check::") && event.start <= d.span.start && d.span.end <= event.end
    });
    // The one the run stumbled over; else the errors of the line.
    let exact = found.iter().any(|d| d.span == failure.span);
    found.retain(|d| if exact { d.span == failure.span } else { d.severity == Severity::Error });
    if let Some(first) = found.first() {
        result.message.clone_from(&first.message);
        result.diagnostics = found;
    }
}

fn is_dry_run(script: &Script, cli: &CliOptions) -> bool {
    cli.has("dry_run") || script.options.iter().any(|o| o.name == "dry_run")
}

fn capability_name(capability: Capability) -> String {
    let value = serde_json::to_value(capability).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn blank(case: &Case, info: &TargetInfo) -> CaseResult {
    CaseResult {
        id: case.id.clone(),
        target: info.name.clone(),
        verdict: Verdict::Pass,
        class: None,
        line: None,
        message: String::new(),
        expectation: None,
        failure: None,
        diagnostics: Vec::new(),
        warnings: Vec::new(),
        source: case.source.as_ref().ok().cloned(),
        log: RunLog::default(),
        files: Vec::new(),
        reproduce: case.reproduce.clone(),
        script_us: 0,
        wall_us: 0,
        attempts: 1,
        internal_bug: false,
    }
}

fn error(result: &mut CaseResult, class: Class, message: String) {
    result.verdict = Verdict::Error;
    result.class = Some(class);
    result.message = message;
}

fn refuse(result: &mut CaseResult, diagnostics: Vec<Diagnostic>) {
    let first = diagnostics.first().map(|d| d.message.clone()).unwrap_or_default();
    let span = diagnostics.first().map(|d| d.span);
    result.line = line(result.source.as_deref(), span);
    error(result, Class::Script, first);
    result.diagnostics = diagnostics;
}

fn skip(result: &mut CaseResult, reason: String, line: Option<usize>) {
    result.verdict = Verdict::Skip;
    result.message = reason;
    result.line = line;
}

fn line(source: Option<&SourceFile>, span: Option<Span>) -> Option<usize> {
    Some(source?.line(span?))
}

fn judge(result: &mut CaseResult, outcome: Outcome, expectation: Option<&Expectation>) {
    match outcome {
        Outcome::Pass { warnings } => {
            result.warnings = warnings;
            if let Some(expected) = expectation {
                result.verdict = Verdict::Xpass;
                result.message = format!("passes, but is expected to fail: {}", expected.reason);
                result.expectation = Some(expected.clone());
            }
        }
        Outcome::Skip { reason, span } => {
            let line = line(result.source.as_deref(), span);
            skip(result, reason, line);
        }
        Outcome::Fail(failure) => {
            result.verdict = Verdict::Fail;
            fail(result, *failure, expectation);
        }
        Outcome::Error(failure) => {
            result.verdict = Verdict::Error;
            fail(result, *failure, expectation);
        }
    }
}

/// A failure of the target is expected by any expectation that names no other class; an error only
/// by one that names its class.
fn fail(result: &mut CaseResult, failure: Failure, expectation: Option<&Expectation>) {
    let class = failure.class;
    result.class = Some(class);
    result.line = line(result.source.as_deref(), Some(failure.event));
    result.message = failure.message.clone();
    result.failure = Some(Box::new(failure));
    let applies = expectation.filter(|expected| match expected.class {
        Some(wanted) => wanted == class,
        None => result.verdict == Verdict::Fail,
    });
    if let Some(expected) = applies {
        result.verdict = Verdict::Xfail;
        result.expectation = Some(expected.clone());
    }
}

#[cfg(test)]
mod tests;
