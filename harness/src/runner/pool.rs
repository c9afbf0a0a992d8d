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

enum Message<R> {
    Started(usize),
    Finished(usize, R),
}

/// What a thread of a pool takes its jobs from, and gives its results to.
pub(super) struct Queue<'a, R> {
    next: &'a AtomicUsize,
    jobs: usize,
    stop: &'a AtomicBool,
    sender: Sender<Message<R>>,
}

impl<R> Queue<'_, R> {
    /// The next job, unless there is none left or all is to stop.
    pub(super) fn take(&self) -> Option<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        // A receiver that is gone has seen an error; there is nobody left to tell.
        (at < self.jobs && self.sender.send(Message::Started(at)).is_ok()).then_some(at)
    }

    /// The result of job `at`.
    pub(super) fn done(&self, at: usize, result: R) {
        let _ = self.sender.send(Message::Finished(at, result));
    }
}

/// What a pool tells of its jobs.
pub(super) enum News<R> {
    /// A thread took it.
    Started(usize),
    /// The result of the next one, in the order of the jobs.
    Finished(R),
}

/// Does `jobs` jobs on `threads` threads, each of which runs `body`. `tell` gets the news on the
/// calling thread. `stop` keeps further jobs from starting; an error of `tell` does so too.
pub(super) fn in_order<R: Send, E>(
    jobs: usize,
    threads: Jobs,
    stop: &AtomicBool,
    body: &(dyn Fn(&Queue<'_, R>) + Sync),
    tell: &mut dyn FnMut(News<R>) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        for _ in 0..threads.0.get().min(jobs) {
            let queue = Queue { next: &next, jobs, stop, sender: sender.clone() };
            scope.spawn(move || body(&queue));
        }
        drop(sender);
        let told = sorted(&receiver, tell);
        if told.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
        told
    })
}

fn sorted<R, E>(
    receiver: &Receiver<Message<R>>,
    tell: &mut dyn FnMut(News<R>) -> Result<(), E>,
) -> Result<(), E> {
    let mut waiting = BTreeMap::new();
    let mut due = 0;
    for message in receiver {
        match message {
            Message::Started(at) => tell(News::Started(at))?,
            Message::Finished(at, result) => {
                waiting.insert(at, result);
            }
        }
        while let Some(result) = waiting.remove(&due) {
            tell(News::Finished(result))?;
            due += 1;
        }
    }
    Ok(())
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
    let body = |queue: &Queue<'_, Box<Result<CaseResult, ArtifactError>>>| {
        let mut worker = context.executor.worker();
        while let Some(at) = queue.take() {
            let Some(case) = plan.cases.get(at) else { return };
            queue.done(at, Box::new(run_case(case, context, worker.as_mut())));
        }
    };
    in_order(cases, jobs, stop, &body, &mut |news| match news {
        News::Started(at) => match plan.cases.get(at) {
            Some(case) => tell(&Event::Started(&case.id)),
            None => Ok(()),
        },
        News::Finished(result) => {
            let result = (*result)?;
            summary.add(&result);
            tell(&Event::Finished(&result))
        }
    })?;
    summary.interrupted = stop.load(Ordering::Relaxed) && summary.finished() < summary.planned;
    summary.wall_us = watch.elapsed_us();
    tell(&Event::Summary(&summary))?;
    Ok(summary)
}
