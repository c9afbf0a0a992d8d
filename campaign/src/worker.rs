//! One slice of one worker: a libFuzzer program that runs for some seconds, or until it crashes.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};

use crate::libfuzzer::{Progress, Slice, found_input, progress};

/// What a slice told on the way and at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The last that was said of progress.
    pub progress: Progress,
    /// The input that found something, in case there was no room on the disk for it.
    pub found: Option<Vec<u8>>,
    /// It ended by itself and well.
    pub ended_well: bool,
    /// The last lines it wrote.
    pub last_lines: Vec<String>,
}

/// Lines that are kept.
const LAST: usize = 30;

/// Every worker that runs, to end them all.
#[derive(Clone, Debug, Default)]
pub struct Workers {
    children: Arc<Mutex<Vec<Arc<Mutex<Child>>>>>,
    stopped: Arc<AtomicBool>,
}

impl Workers {
    /// Ends every worker, and every one that would begin.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        let children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        for child in children.iter() {
            // One that has ended already cannot be killed, and need not be.
            let _ended = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
        }
    }

    /// True after [`Self::stop`].
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Runs a slice to its end, and hands every progress to `see`.
    ///
    /// # Errors
    /// The program cannot be run.
    pub fn run(&self, slice: &Slice<'_>, mut see: impl FnMut(Progress)) -> Result<Told> {
        let mut command = slice.command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let spawned = command.spawn();
        let mut child =
            spawned.with_context(|| format!("cannot run {}", slice.program.display()))?;
        let stderr = child.stderr.take();
        let child = Arc::new(Mutex::new(child));
        self.children.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&child));
        if self.is_stopped() {
            self.stop();
        }
        let mut told = Told::default();
        for line in stderr.map(BufReader::new).into_iter().flat_map(|text| text.split(b'\n')) {
            let Ok(line) = line else { break };
            told.take(&String::from_utf8_lossy(&line), &mut see);
        }
        let status = child.lock().unwrap_or_else(PoisonError::into_inner).wait();
        told.ended_well = status.is_ok_and(|status| status.success());
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.retain(|other| !Arc::ptr_eq(other, &child));
        Ok(told)
    }
}

impl Told {
    fn take(&mut self, line: &str, see: &mut impl FnMut(Progress)) {
        if let Some(input) = found_input(line) {
            self.found = Some(input);
            return;
        }
        if let Some(executions) = line.strip_prefix("stat::number_of_executed_units:") {
            self.progress.executions =
                executions.trim().parse().unwrap_or(self.progress.executions);
        }
        if let Some(progress) = progress(line) {
            self.progress = progress;
            see(progress);
            return;
        }
        if self.last_lines.len() == LAST {
            self.last_lines.remove(0);
        }
        self.last_lines.push(line.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_tells_its_input_and_how_far_it_was() {
        let mut told = Told::default();
        let mut seen = 0;
        let lines = [
            "#5 NEW cov: 3 ft: 4 corp: 2/9b exec/s: 0 rss: 1Mb",
            "synproof-fuzz-input 6100",
            "thread panicked",
            "stat::number_of_executed_units: 77",
        ];
        lines.iter().for_each(|line| told.take(line, &mut |_| seen += 1));
        assert_eq!((told.progress.executions, told.progress.features, seen), (77, 4, 1));
        assert_eq!(told.found.as_deref(), Some(b"a\0".as_slice()));
        assert_eq!(told.last_lines.len(), 2);
    }
}
