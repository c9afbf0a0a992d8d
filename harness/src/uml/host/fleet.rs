//! All guests of a run: one for each worker, a fresh one for each that is lost.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::guest::{Guest, Lost};
use super::processor::Processors;
use crate::engine::Run;
use crate::executor::{Executor, Job, Worker};
use crate::target::{TargetError, TargetInfo};
use crate::uml::kernel::Kernel;
use crate::uml::message::{Errand, Greeting};

/// Runs scripts on User-Mode Linux.
#[derive(Debug)]
pub struct Guests {
    name: String,
    kernel: Kernel,
    watchdog: Duration,
    processors: Processors,
    info: OnceLock<TargetInfo>,
    /// Booted to be asked for its abilities; the first worker takes it.
    spare: Mutex<Option<Guest>>,
}

impl Guests {
    /// For the target `name`: `uml`, or `uml:KERNEL` with the name of a kernel that has been built
    /// or the path of one. `watchdog` is how long a script may keep a guest busy, on the host's
    /// clock: one that only waits takes milliseconds, whatever time passes inside.
    ///
    /// # Errors
    /// There is no such kernel, or it cannot run scripts.
    pub fn new(name: &str, watchdog: Duration) -> Result<Self, TargetError> {
        let kernel = Kernel::find(name.strip_prefix("uml:"))?;
        let (info, spare) = (OnceLock::new(), Mutex::new(None));
        let processors = Processors::of_this_thread();
        Ok(Self { name: name.to_owned(), kernel, watchdog, processors, info, spare })
    }

    fn boot(&self) -> Result<Guest, TargetError> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(guest) = spare {
            return Ok(guest);
        }
        let (guest, inside) = Guest::boot(&self.kernel, self.processors.next())?;
        self.info.get_or_init(|| self.told(inside));
        Ok(guest)
    }

    /// What a guest says about itself, and which kernel it is.
    fn told(&self, inside: Greeting) -> TargetInfo {
        let Greeting { info, clock_step_ns } = inside;
        let Kernel { hz, config_hash, .. } = &self.kernel;
        let clock = coarse(clock_step_ns).map_or_else(String::new, |why| format!(", {why}"));
        let version = format!("{} (HZ {hz}, config {config_hash}{clock})", info.version);
        TargetInfo { name: self.name.clone(), version, ..info }
    }
}

/// A kernel that was not built by `cargo xtask uml build` reads its clock in steps of 256 ns
/// (xtask/src/uml/clock.rs); ours in steps of one.
fn coarse(step_ns: i64) -> Option<String> {
    const COARSE_NS: i64 = 100;
    let why = || format!("clock in steps of {step_ns} ns: times may differ from run to run");
    (step_ns >= COARSE_NS).then(why)
}

impl Executor for Guests {
    fn info(&self) -> Result<TargetInfo, TargetError> {
        if self.info.get().is_none() {
            let guest = self.boot()?;
            *self.spare.lock().unwrap_or_else(PoisonError::into_inner) = Some(guest);
        }
        let info = self.info.get().cloned();
        info.ok_or_else(|| TargetError::Internal("a guest that said nothing".into()))
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Attendant { guests: self, guest: None })
    }
}

/// Looks after one guest.
struct Attendant<'a> {
    guests: &'a Guests,
    guest: Option<Guest>,
}

impl Attendant<'_> {
    fn ready(&mut self) -> Result<&mut Guest, TargetError> {
        let guest = match self.guest.take() {
            Some(guest) => guest,
            None => self.guests.boot()?,
        };
        Ok(self.guest.insert(guest))
    }
}

impl Worker for Attendant<'_> {
    fn run(&mut self, job: &Job<'_>) -> Run {
        let limit = self.guests.watchdog;
        let guest = match self.ready() {
            Ok(guest) => guest,
            Err(error) => return Run::impossible(job.script, error),
        };
        match guest.run(errand(job), limit) {
            Ok(mut report) => {
                report.run.log.capture = report.capture;
                report.run
            }
            Err(lost) => {
                self.guest = None;
                let Lost { what, console } = *lost;
                let said = console.iter().map(|line| format!("its kernel said: {line}"));
                Run::lost(job.script, what, said.collect())
            }
        }
    }
}

fn errand(job: &Job<'_>) -> Errand {
    let source = &job.script.source;
    Errand {
        directory: std::env::current_dir().unwrap_or_else(|_| "/".into()),
        path: source.path().to_path_buf(),
        text: source.text().to_owned(),
        defines: job.defines.clone(),
        config: job.config.clone(),
        mode: job.mode,
    }
}

#[cfg(test)]
mod tests {
    use super::coarse;

    #[test]
    fn a_coarse_clock_is_told() {
        assert_eq!(coarse(1), None);
        assert_eq!(coarse(3), None);
        assert!(coarse(256).is_some_and(|why| why.contains("256 ns")));
    }
}
