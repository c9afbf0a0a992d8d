//! Runs a plan on threads, and hands events out in order.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::artifact::ArtifactError;
use super::case::{Context, run_case};
use super::event::{CaseResult, Event, Summary};
use super::plan::Plan;
use super::stopwatch::Stopwatch;
use crate::target::Clock;

/// Scripts at once on a processor, on a target that computes: it is busy all the time.
const PER_CPU_VIRTUAL: usize = 1;
/// Scripts at once on a processor, on a target with a real clock: it mostly waits, but what is due
/// must not wait for a processor for longer than the tolerances allow.
const PER_CPU_REAL: usize = 2;

/// How many scripts run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jobs(pub NonZeroUsize);

impl Jobs {
    /// As many as the target's clock and the machine's processors suggest.
    #[must_use]
    pub fn default_for(clock: Clock) -> Self {
        let cpus = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let factor = match clock {
            Clock::Virtual { .. } | Clock::TimeTravel { .. } => PER_CPU_VIRTUAL,
            Clock::Real { .. } => PER_CPU_REAL,
        };
        Self(cpus.saturating_mul(NonZeroUsize::new(factor).unwrap_or(NonZeroUsize::MIN)))
    }
}

enum Message {
    Started(usize),
    Finished(usize, Box<Result<CaseResult, ArtifactError>>),
}

/// Runs every case of `plan` with `jobs` at once. `stop` keeps further ones from starting; those
/// that run finish. `tell` gets every event, on the calling thread; results in the order of the
/// plan, each as soon as those before it are there.
///
/// # Errors
/// Files could not be written. Everything stops then, as with `stop`.
pub fn run_plan<E: From<ArtifactError>>(
    plan: &Plan,
    context: &Context<'_>,
    jobs: Jobs,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(&Event<'_>) -> Result<(), E>,
) -> Result<Summary, E> {
    let watch = Stopwatch::start();
    let mut summary = Summary {
        target: context.info.name.clone(),
        version: context.info.version.clone(),
        planned: plan.cases.len(),
        seed: context.cli.seed,
        ..Summary::default()
    };
    let (cases, seed) = (plan.cases.len(), context.cli.seed);
    let widest = plan.cases.iter().map(|case| case.id.name().chars().count()).max();
    let widest = widest.unwrap_or_default();
    tell(&Event::Planned { cases, target: context.info, seed, widest })?;
    let next = AtomicUsize::new(0);
    let (sender, receiver) = channel();
    let told = thread::scope(|scope| {
        for _ in 0..jobs.0.get().min(cases) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || work(plan, context, next, stop, &sender));
        }
        drop(sender);
        let told = in_order(plan, &receiver, &mut summary, tell);
        if told.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
        told
    });
    told?;
    summary.interrupted = stop.load(Ordering::Relaxed) && summary.finished() < summary.planned;
    summary.wall_us = watch.elapsed_us();
    tell(&Event::Summary(&summary))?;
    Ok(summary)
}

fn work(
    plan: &Plan,
    context: &Context<'_>,
    next: &AtomicUsize,
    stop: &AtomicBool,
    sender: &Sender<Message>,
) {
    let mut worker = context.executor.worker();
    while !stop.load(Ordering::Relaxed) {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(case) = plan.cases.get(at) else { return };
        // A receiver that is gone has seen an error; there is nobody left to tell.
        if sender.send(Message::Started(at)).is_err() {
            return;
        }
        let result = Box::new(run_case(case, context, worker.as_mut()));
        if sender.send(Message::Finished(at, result)).is_err() {
            return;
        }
    }
}

fn in_order<E: From<ArtifactError>>(
    plan: &Plan,
    receiver: &Receiver<Message>,
    summary: &mut Summary,
    tell: &mut dyn FnMut(&Event<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut waiting: BTreeMap<usize, CaseResult> = BTreeMap::new();
    let mut due = 0;
    for message in receiver {
        match message {
            Message::Started(at) => {
                if let Some(case) = plan.cases.get(at) {
                    tell(&Event::Started(&case.id))?;
                }
            }
            Message::Finished(at, result) => {
                waiting.insert(at, (*result)?);
            }
        }
        while let Some(result) = waiting.remove(&due) {
            summary.add(&result);
            tell(&Event::Finished(&result))?;
            due += 1;
        }
    }
    Ok(())
}
