//! The same scripts on several targets, none of them judged, and their logs held against each other.

mod absent;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use absent::{Absent, compares, incomparable};

use super::artifact::{ArtifactError, Artifacts};
use super::case::{Context, Obstacle, Ready, ready, run_case};
use super::event::{Case, CaseId, CaseResult};
use super::plan::Plan;
use super::pool::{Jobs, News, Queue, in_order};
use super::stopwatch::Stopwatch;
use super::tally::DiffSummary;
use crate::config::CliOptions;
use crate::diff::{
    Class, Comparison, Divergence, Recorded, Row, Rules, Verdict as Diff, compare,
    known as recorded_difference, timeline,
};
use crate::engine::outcome::{self, Outcome};
use crate::engine::{Mode, Run};
use crate::executor::{Executor, Worker};
use crate::panics::caught;
use crate::profile::ExpectEntry;
use crate::script::source::SourceFile;
use crate::target::{Sampling, TargetInfo};

/// One of the targets.
pub struct Side<'a> {
    /// Carries out runs.
    pub executor: Box<dyn Executor + 'a>,
    /// What it says about itself.
    pub info: TargetInfo,
    /// The scripts, with what is expected of this target.
    pub plan: Plan,
}

/// What every case of a comparison shares.
pub struct DiffContext<'a> {
    /// At least two: the first is held against each of the others.
    pub sides: Vec<Side<'a>>,
    /// The rules for the first and each of the others, in their order.
    pub rules: Vec<Rules>,
    /// Recorded differences.
    pub recorded: Vec<Recorded>,
    /// Recorded failures, which tell one kernel from another.
    pub divergences: Vec<ExpectEntry>,
    /// Options of the command line.
    pub cli: &'a CliOptions,
    /// Where files go, if anywhere.
    pub artifacts: Option<Artifacts>,
    /// Judges each side against the script as well.
    pub judge: bool,
}

/// What happened in a comparison.
pub enum DiffEvent<'a> {
    /// It begins.
    Planned {
        /// Scripts to come.
        cases: usize,
        /// Who takes part.
        targets: Vec<&'a TargetInfo>,
        /// Characters of the longest name.
        widest: usize,
    },
    /// A script starts to run.
    Started(&'a CaseId),
    /// All sides have run it. In the order of the plan.
    Finished(&'a DiffResult),
    /// It is over.
    Summary(&'a DiffSummary),
}

/// What became of one script.
#[derive(Clone, Debug)]
pub struct DiffResult {
    /// Which.
    pub id: CaseId,
    /// The first target with each of the others.
    pub pairs: Vec<PairResult>,
    /// With `--judge`: each target against the script.
    pub judged: Vec<CaseResult>,
    /// The text that lines are counted in.
    pub source: Option<Arc<SourceFile>>,
    /// Files written for it.
    pub files: Vec<PathBuf>,
    /// Command line that repeats it.
    pub reproduce: String,
    /// How long it took, in microseconds of the machine's clock.
    pub wall_us: u64,
    /// The harness panicked.
    pub internal_bug: bool,
    /// The script is wrong.
    pub script_error: bool,
}

/// Two targets on one script.
#[derive(Clone, Debug, Serialize)]
pub struct PairResult {
    /// Name of the first.
    pub left: String,
    /// Name of the other.
    pub right: String,
    /// What comes of it.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// The records that say what differs. Where the verdict is a difference all the same, it is
    /// another one.
    pub known: Vec<KnownAs>,
    /// Nothing differs that no record says.
    pub explained: bool,
    /// Both sides around the difference.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<Row>,
    /// Recorded differences that are about these targets and this script, and were not seen although
    /// all of it was compared.
    #[serde(skip)]
    pub not_seen: Vec<String>,
    /// One of them lacks what the script needs: `run` skips it there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub skipped: bool,
}

/// A difference that is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownAs {
    /// Its identifier.
    pub id: String,
    /// What it says.
    pub reason: String,
}

/// Compares every script of the plans, `jobs` at once.
///
/// # Errors
/// Files could not be written. Everything stops then, as with `stop`.
pub fn run_differential<E: From<ArtifactError>>(
    context: &DiffContext<'_>,
    jobs: Jobs,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(&DiffEvent<'_>) -> Result<(), E>,
) -> Result<DiffSummary, E> {
    let watch = Stopwatch::start();
    let none = Plan::default();
    let plan = context.sides.first().map_or(&none, |side| &side.plan);
    let cases = plan.cases.len();
    let widest = plan.cases.iter().map(|case| case.id.name().chars().count()).max();
    let targets = context.sides.iter().map(|side| &side.info).collect();
    let mut summary = DiffSummary::new(context, cases);
    tell(&DiffEvent::Planned { cases, targets, widest: widest.unwrap_or_default() })?;
    let body = |queue: &Queue<'_, Box<Result<DiffResult, ArtifactError>>>| {
        let mut workers: Vec<_> = context.sides.iter().map(|s| s.executor.worker()).collect();
        while let Some(at) = queue.take() {
            queue.done(at, Box::new(one(context, at, &mut workers)));
        }
    };
    in_order(cases, jobs, stop, &body, &mut |news| match news {
        News::Started(at) => match plan.cases.get(at) {
            Some(case) => tell(&DiffEvent::Started(&case.id)),
            None => Ok(()),
        },
        News::Finished(result) => {
            let result = (*result)?;
            summary.add(&result);
            tell(&DiffEvent::Finished(&result))
        }
    })?;
    summary.interrupted = stop.load(Ordering::Relaxed) && summary.finished < summary.planned;
    summary.wall_us = watch.elapsed_us();
    summary.find_stale();
    tell(&DiffEvent::Summary(&summary))?;
    Ok(summary)
}

fn one(
    context: &DiffContext<'_>,
    at: usize,
    workers: &mut [Box<dyn Worker + '_>],
) -> Result<DiffResult, ArtifactError> {
    let watch = Stopwatch::start();
    let cases: Vec<_> = context.sides.iter().filter_map(|side| side.plan.cases.get(at)).collect();
    let mut result = blank(context, cases.first().copied());
    let Some(case) = cases.first() else { return Ok(result) };
    match caught(|| ready(case, &[], context.cli)) {
        Err(panic) => {
            result.internal_bug = true;
            nothing(context, &mut result, &format!("internal bug: {panic}"));
        }
        Ok(Err(obstacle)) => {
            result.script_error =
                matches!(obstacle, Obstacle::Refused(_) | Obstacle::Unreadable(_));
            nothing(context, &mut result, &words(obstacle));
        }
        Ok(Ok(ready)) => sides(context, case, &ready, workers, &mut result)?,
    }
    if context.judge {
        for ((side, case), worker) in context.sides.iter().zip(cases).zip(workers) {
            let (executor, info, cli) = (side.executor.as_ref(), &side.info, context.cli);
            let alone = Context { executor, info, cli, artifacts: None, retries: 0 };
            result.judged.push(run_case(case, &alone, worker.as_mut())?);
        }
    }
    result.wall_us = watch.elapsed_us();
    Ok(result)
}

fn blank(context: &DiffContext<'_>, case: Option<&Case>) -> DiffResult {
    let names: Vec<_> = context.sides.iter().map(|side| side.info.name.as_str()).collect();
    let reproduce = case.map_or_else(String::new, |case| {
        let targets = format!("synproof diff --targets {} ", names.join(","));
        let alone = case.reproduce.split_once("--ip ");
        alone.map_or_else(|| targets.clone(), |(_, rest)| format!("{targets}--ip {rest}"))
    });
    DiffResult {
        id: case.map_or_else(
            || CaseId { script: String::new(), ip: crate::target::IpVersion::Ipv4 },
            |case| case.id.clone(),
        ),
        pairs: Vec::new(),
        judged: Vec::new(),
        source: case.and_then(|case| case.source.as_ref().ok().cloned()),
        files: Vec::new(),
        reproduce,
        wall_us: 0,
        internal_bug: false,
        script_error: false,
    }
}

/// No side ran it.
fn nothing(context: &DiffContext<'_>, result: &mut DiffResult, reason: &str) {
    let Some((first, others)) = context.sides.split_first() else { return };
    result.pairs = others
        .iter()
        .map(|other| incomparable(&first.info, &other.info, reason.to_owned()))
        .collect();
}

fn words(obstacle: Obstacle) -> String {
    match obstacle {
        Obstacle::Refused(diagnostics) => {
            let first = diagnostics.into_iter().next().map(|d| d.message).unwrap_or_default();
            format!("the script is wrong: {first}")
        }
        Obstacle::Unreadable(why) | Obstacle::Lacking(why) => why,
        Obstacle::DryRun => "dry run".into(),
    }
}

/// Runs the script on every side and compares.
fn sides(
    context: &DiffContext<'_>,
    case: &Case,
    ready: &Ready,
    workers: &mut [Box<dyn Worker + '_>],
    result: &mut DiffResult,
) -> Result<(), ArtifactError> {
    let job = ready.job(Mode::Observe(Sampling::ALL));
    let mut runs = Vec::new();
    for (side, worker) in context.sides.iter().zip(workers) {
        let run = match obstacle_of(case, side, context.cli) {
            Some(lacking) => Err(Absent::Lacking(lacking)),
            None => caught(|| worker.run(&job)).map_err(|panic| {
                result.internal_bug = true;
                Absent::Broken(format!("internal bug: {panic}"))
            }),
        };
        if let (Some(artifacts), Ok(run)) = (&context.artifacts, &run) {
            result.files.push(artifacts.json(
                &case.id,
                &side.info.name,
                &SideLog::of(side, run),
            )?);
        }
        runs.push(run);
    }
    let (Some(first), Some(base)) = (context.sides.first(), runs.first()) else { return Ok(()) };
    let others = context.sides.iter().zip(&runs).skip(1).zip(&context.rules);
    for ((side, run), rules) in others {
        let pair = Pair { context, case, left: first, right: side, rules };
        let compared = pair.compare(base, run);
        if let Some(artifacts) = &context.artifacts {
            let name = format!("{}~{}", first.info.name, side.info.name);
            result.files.push(artifacts.json(&case.id, &name, &compared)?);
        }
        result.pairs.push(compared);
    }
    let script = |run: &Result<Run, Absent>| matches!(run, Ok(Run { outcome: Outcome::Error(e), .. }) if e.class == outcome::Class::Script);
    result.script_error |= runs.iter().any(script);
    Ok(())
}

/// What this target lacks that the script says it needs.
fn obstacle_of(case: &Case, side: &Side<'_>, cli: &CliOptions) -> Option<String> {
    match ready(case, &[&side.info], cli) {
        Err(Obstacle::Lacking(why)) => Some(why),
        Err(_) | Ok(_) => None,
    }
}

/// The log of one side, as it is written.
#[derive(Serialize)]
struct SideLog<'a> {
    target: &'a TargetInfo,
    script_us: i64,
    log: &'a crate::engine::log::RunLog,
}

impl<'a> SideLog<'a> {
    fn of(side: &'a Side<'_>, run: &'a Run) -> Self {
        Self { target: &side.info, script_us: run.script_us, log: &run.log }
    }
}

struct Pair<'a> {
    context: &'a DiffContext<'a>,
    case: &'a Case,
    left: &'a Side<'a>,
    right: &'a Side<'a>,
    rules: &'a Rules,
}

impl Pair<'_> {
    fn compare(&self, left: &Result<Run, Absent>, right: &Result<Run, Absent>) -> PairResult {
        let (l_info, r_info) = (&self.left.info, &self.right.info);
        let (left, right) = match (compares(l_info, left), compares(r_info, right)) {
            (Ok(left), Ok(right)) => (left, right),
            (Err(absent), _) | (_, Err(absent)) => return absent.pair(l_info, r_info),
        };
        let mut comparison = compare(&left.log, &right.log, self.rules);
        let (known, rest, whole) = self.sorted(&comparison.found);
        let explained = rest.is_none();
        if let Some(rest) = rest {
            comparison.verdict = Diff::Differ(Box::new(rest));
        }
        let rows = match &comparison.verdict {
            Diff::Differ(divergence) => timeline(&left.log, &right.log, divergence),
            Diff::Agree | Diff::Incomparable(_) => Vec::new(),
        };
        let compared = whole && !matches!(comparison.verdict, Diff::Incomparable(_));
        let expected = if compared { self.expected() } else { Vec::new() };
        let seen = |id: &String| known.iter().any(|known| known.id == *id);
        let not_seen = expected.into_iter().filter(|id| !seen(id)).collect();
        let (left, right) = (l_info.name.clone(), r_info.name.clone());
        let timeline = rows;
        let skipped = false;
        PairResult { left, right, comparison, known, explained, timeline, not_seen, skipped }
    }

    /// Which of the differences are recorded, the first that is not, and whether all were looked at.
    /// What follows a recorded one may follow from it, unless that is only about a look at a socket.
    fn sorted(&self, found: &[Divergence]) -> (Vec<KnownAs>, Option<Divergence>, bool) {
        let mut known: Vec<KnownAs> = Vec::new();
        for divergence in found {
            let Some(record) = self.known(&divergence.class) else {
                return (known, Some(divergence.clone()), false);
            };
            if !known.contains(&record) {
                known.push(record);
            }
            if !divergence.class.is_of_a_look() {
                return (known, None, false);
            }
        }
        (known, None, true)
    }

    /// A recorded difference; or a recorded failure of the script on one of the two alone.
    fn known(&self, class: &Class) -> Option<KnownAs> {
        let (left, right) = (&self.left.info, &self.right.info);
        let at = (self.case.id.script.as_str(), self.case.id.ip);
        let difference = recorded_difference(&self.context.recorded, (left, right), at, class);
        if let Some(recorded) = difference {
            return Some(KnownAs { id: recorded.id.clone(), reason: recorded.reason.clone() });
        }
        let of = |info| {
            let entry = super::expectation::entry(
                &self.context.divergences,
                &super::expectation::in_suite(at.0),
                at.1,
                info,
            )?;
            Some(KnownAs { id: entry.id?, reason: entry.reason })
        };
        match (of(left), of(right)) {
            (Some(one), None) | (None, Some(one)) => Some(one),
            (Some(one), Some(other)) if one.id != other.id => Some(one),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }

    /// Recorded differences that this script should show between these two.
    fn expected(&self) -> Vec<String> {
        let (path, ip) = (self.case.id.script.as_str(), self.case.id.ip);
        let named = self.context.recorded.iter().filter(|entry| entry.can_be_stale());
        let about = named.filter(|entry| entry.is_about(path, ip));
        about
            .filter(|entry| entry.between(&self.left.info, &self.right.info).is_some())
            .map(|entry| entry.id.clone())
            .collect()
    }
}
