//! Many cases on several threads, with a memory.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::cases::{Case, Cases};
use super::did;
use super::journal::{Difference, Ended, Identity, Journal, JournalError, Record};
use super::sides::{Comparisons, Crew, Performance, Sides};
use super::table::Table;
use crate::diff::Divergence;
use crate::panics::caught;
use crate::scenario::Played;

/// Results that may wait for the one thread that writes.
const QUEUE: usize = 256;
/// The disk is asked to keep what it has after so many cases.
const SYNC_EVERY: u64 = 10_000;

/// A campaign that could not go on. What it had found is on disk.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// Its memory.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What to do, and how.
#[derive(Debug)]
pub struct Campaign<'a, C: Cases> {
    /// What to play.
    pub cases: &'a C,
    /// On what.
    pub sides: &'a Sides,
    /// How many at once.
    pub jobs: NonZeroUsize,
    /// Where its memory is; without one it is forgotten at the end.
    pub dir: Option<PathBuf>,
    /// No more than so many cases in all, those of earlier runs included.
    pub budget: Option<u64>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Cases that have been played, in this and in earlier runs.
    pub done: u64,
    /// How many of them in this run.
    pub now: u64,
    /// How many there are to be.
    pub of: Option<u64>,
    /// Classes of differences.
    pub classes: usize,
}

/// What it came to.
#[derive(Debug)]
pub struct Report {
    /// How far it got.
    pub progress: Progress,
    /// What every target did in every state.
    pub table: Table,
    /// The first case of each class of differences.
    pub differences: Vec<Difference>,
    /// It was stopped before its end.
    pub interrupted: bool,
}

/// What came out of one case.
struct Outcome {
    record: Record,
    found: Option<(Difference, String)>,
}

impl<C: Cases> Campaign<'_, C> {
    /// Plays what has not been played. `stop` ends it after the cases that run; `tell` is called on
    /// this thread now and then.
    ///
    /// # Errors
    /// The memory could not be written or belongs to another campaign.
    pub fn run(
        &self,
        stop: &AtomicBool,
        tell: &mut dyn FnMut(Progress),
    ) -> Result<Report, CampaignError> {
        let mut memory = Memory::open(self.dir.as_deref(), &self.identity())?;
        let limit = match (self.cases.count(), self.budget) {
            (Some(len), Some(budget)) => Some(len.min(budget)),
            (len, budget) => len.or(budget),
        };
        let done = std::mem::take(&mut memory.done);
        let next = AtomicU64::new(0);
        let broken = AtomicBool::new(false);
        let take = || loop {
            if stop.load(Ordering::Relaxed) || broken.load(Ordering::Relaxed) {
                return None;
            }
            let number = next.fetch_add(1, Ordering::Relaxed);
            if limit.is_some_and(|limit| number >= limit) {
                return None;
            }
            if !done.contains(&number) {
                return Some(number);
            }
        };
        let already = u64::try_from(done.len()).unwrap_or(0);
        let mut progress =
            Progress { done: already, now: 0, of: limit, classes: memory.differences.len() };
        let result = thread::scope(|scope| {
            let (sender, receiver) = sync_channel(QUEUE);
            for _ in 0..self.jobs.get() {
                let (sender, take) = (sender.clone(), &take);
                scope.spawn(move || self.work(take, &sender));
            }
            drop(sender);
            let result = collect(&mut memory, &receiver, &mut progress, tell);
            // Threads that still play find nobody to tell.
            broken.store(true, Ordering::Relaxed);
            drop(receiver);
            result
        });
        result?;
        let interrupted = limit.is_none_or(|limit| progress.done < limit);
        let Memory { table, differences, .. } = memory;
        let mut differences: Vec<Difference> = differences.into_values().collect();
        differences.sort_by_key(|found| found.n);
        Ok(Report { progress, table, differences, interrupted })
    }

    fn identity(&self) -> Identity {
        Identity { cases: self.cases.identity(), targets: self.sides.versions() }
    }

    fn work(&self, take: &(dyn Fn() -> Option<u64> + Sync), results: &SyncSender<Outcome>) {
        let executors = self.sides.executors();
        let mut crew = Crew::new(self.sides, &executors);
        while let Some(number) = take() {
            let Some(case) = self.cases.case(number) else { return };
            if results.send(self.one(number, &case, &mut crew)).is_err() {
                return;
            }
        }
    }

    fn one(&self, number: u64, case: &Case, crew: &mut Crew<'_>) -> Outcome {
        let mut record = Record {
            n: number,
            state: case.state.clone(),
            event: case.event.clone(),
            variant: case.variant.clone(),
            did: Vec::new(),
            ended: Ended::Agree,
        };
        let performance = match caught(|| crew.play(&case.scenario)) {
            Ok(Ok(performance)) => performance,
            Ok(Err(found)) => {
                let why = found.first().map(|d| d.message.clone()).unwrap_or_default();
                record.ended = Ended::Incomparable(format!("no script: {why}"));
                return Outcome { record, found: None };
            }
            Err(panic) => return self.panicked(record, case, &panic),
        };
        let line = performance.played.offset + case.step + 1;
        record.did = performance.runs.iter().map(|run| did::summary(&run.log, line)).collect();
        if let Some((at, failure)) = performance.lost() {
            let found = self.lost(&mut record, case, (at, &failure.message));
            return Outcome { record, found: Some((found, performance.played.text().to_owned())) };
        }
        if let Some(why) = performance.spoilt() {
            record.ended = Ended::Incomparable(why);
            return Outcome { record, found: None };
        }
        self.compare(record, case, &performance)
    }

    fn compare(&self, mut record: Record, case: &Case, performance: &Performance) -> Outcome {
        let (other, divergence) = match self.sides.compare(&performance.runs) {
            Comparisons::Agree => return Outcome { record, found: None },
            Comparisons::Incomparable(why) => {
                record.ended = Ended::Incomparable(why);
                return Outcome { record, found: None };
            }
            Comparisons::Differ(other, divergence) => (other, divergence),
        };
        if let Some(known) =
            self.sides.known(other, (&case.path(), case.scenario.family), &divergence.class)
        {
            record.ended = Ended::Known(known.id.clone());
            return Outcome { record, found: None };
        }
        let class = divergence.class.to_string();
        record.ended = Ended::Differ(class.clone());
        let name = |at: usize| self.sides.names().get(at).cloned().unwrap_or_default();
        let found = Difference {
            class,
            n: record.n,
            targets: [name(0), name(other)],
            story: divergence.message.clone(),
            scenario: case.scenario.clone(),
        };
        let script = annotated(&performance.played, &found, &divergence);
        Outcome { record, found: Some((found, script)) }
    }

    /// A target that did not survive a case is found by that.
    fn lost(&self, record: &mut Record, case: &Case, (at, why): (usize, &str)) -> Difference {
        let name = |at: usize| self.sides.names().get(at).cloned().unwrap_or_default();
        let class = format!("lost: {}", name(at));
        record.ended = Ended::Differ(class.clone());
        Difference {
            class,
            n: record.n,
            targets: [name(0), name(at)],
            story: why.to_owned(),
            scenario: case.scenario.clone(),
        }
    }

    /// A panic of ours is a finding, too.
    fn panicked(&self, mut record: Record, case: &Case, panic: &str) -> Outcome {
        let class = format!("panic: {panic}");
        record.ended = Ended::Differ(class.clone());
        let name = self.sides.names().first().cloned().unwrap_or_default();
        let found = Difference {
            class,
            n: record.n,
            targets: [name.clone(), name],
            story: panic.to_owned(),
            scenario: case.scenario.clone(),
        };
        Outcome { record, found: Some((found, crate::scenario::script_text(&case.scenario))) }
    }
}

/// The script of a difference, with its story at its head.
fn annotated(played: &Played, found: &Difference, divergence: &Divergence) -> String {
    let [left, right] = &found.targets;
    let at = divergence.line.and_then(|line| played.step_of_line(line));
    let at = at.map_or_else(String::new, |step| format!(", after step {}", step + 1));
    format!(
        "// {left} and {right} differ{at}: {}\n// Class: {}\n{}",
        divergence.message,
        found.class,
        played.text()
    )
}

/// Takes results as they come, and writes them down.
fn collect(
    memory: &mut Memory,
    results: &Receiver<Outcome>,
    progress: &mut Progress,
    tell: &mut dyn FnMut(Progress),
) -> Result<(), CampaignError> {
    for outcome in results {
        memory.take(outcome)?;
        progress.done += 1;
        progress.now += 1;
        progress.classes = memory.differences.len();
        if progress.now.is_multiple_of(SYNC_EVERY) {
            memory.sync()?;
        }
        tell(*progress);
    }
    memory.sync()
}

/// What is known so far.
struct Memory {
    journal: Option<Journal>,
    done: BTreeSet<u64>,
    table: Table,
    /// The first case of each class, whichever thread found it first.
    differences: BTreeMap<String, Difference>,
}

impl Memory {
    fn open(dir: Option<&Path>, identity: &Identity) -> Result<Self, CampaignError> {
        let mut memory = Self {
            journal: None,
            done: BTreeSet::new(),
            table: Table::default(),
            differences: BTreeMap::new(),
        };
        let Some(dir) = dir else { return Ok(memory) };
        let (journal, past) = Journal::open(dir, identity)?;
        memory.journal = Some(journal);
        past.differences.into_iter().for_each(|found| memory.keep(found));
        for record in past.records {
            memory.count(&record);
        }
        Ok(memory)
    }

    fn keep(&mut self, found: Difference) {
        let known = self.differences.get(&found.class);
        if known.is_none_or(|known| found.n < known.n) {
            self.differences.insert(found.class.clone(), found);
        }
    }

    fn count(&mut self, record: &Record) {
        self.done.insert(record.n);
        self.table.add(record);
    }

    fn take(&mut self, outcome: Outcome) -> Result<(), CampaignError> {
        let Outcome { record, found } = outcome;
        if let Some((found, script)) = found
            && self.differences.get(&found.class).is_none_or(|known| found.n < known.n)
        {
            if let Some(journal) = &mut self.journal {
                journal.difference(&found, &script)?;
            }
            self.keep(found);
        }
        if let Some(journal) = &mut self.journal {
            journal.record(&record)?;
        }
        self.count(&record);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), CampaignError> {
        match &mut self.journal {
            Some(journal) => Ok(journal.sync()?),
            None => Ok(()),
        }
    }
}
