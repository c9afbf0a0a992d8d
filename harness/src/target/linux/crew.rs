//! The threads of a script, and how a guest uses them for the next one.
//!
//! In a guest every system call of a thread costs two switches on the host, and to start and end
//! the threads of a script takes a hundred. There is one script at a time, so they are kept, and
//! each script finds them as if they were new: in a network namespace that nobody was in, with a
//! descriptor table that holds what it holds at first. Where that is not certain (a program was
//! started, a capability dropped, a call does not end) they end with the script.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::fault;
use super::namespace::{Namespace, fresh};
use super::pool::Pool;
use crate::target::TargetError;

/// Dropped in this order: calls end before their namespace does.
pub(super) struct Crew {
    pub(super) pool: Pool,
    pub(super) namespace: Namespace,
}

impl Crew {
    /// Threads in the namespace of the calling thread. More workers are started as calls block,
    /// which is no later than now while the clock stands still.
    fn here() -> Result<Self, TargetError> {
        let namespace = Namespace::present()?;
        let pool = Pool::new(&namespace, 1)?;
        Ok(Self { pool, namespace })
    }

    /// The crew itself, out of a place that is to be dropped.
    pub(super) fn take(&mut self) -> Self {
        Self { pool: self.pool.take(), namespace: self.namespace.take() }
    }

    /// Leaves the script behind for the namespace that the calling thread is in. Whether nothing
    /// of the script is left.
    fn renew(&mut self) -> bool {
        let leader = nix::unistd::gettid().as_raw();
        self.pool.rest() && self.namespace.renew(leader) && self.pool.enter(leader).is_ok()
    }
}

/// Where a guest keeps its crew between two scripts. Its thread, the one that launches targets,
/// lives in the namespaces of the scripts as the crew does.
#[derive(Default)]
pub(super) struct Home {
    crew: Mutex<Option<Crew>>,
    lasted_us: AtomicI64,
}

impl Home {
    /// A crew in a fresh namespace, which the calling thread is in too.
    pub(super) fn leave(&self) -> Result<Crew, TargetError> {
        self.lasted_us.store(0, Ordering::Relaxed);
        let crew = self.crew.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(crew) = crew {
            return Ok(crew);
        }
        fresh().map_err(fault::io("create a network namespace"))?;
        Crew::here()
    }

    /// How long the last script took, in microseconds of script time.
    pub(super) fn lasted_us(&self) -> i64 {
        self.lasted_us.load(Ordering::Relaxed)
    }

    /// Takes a crew back after its script, which took `lasted_us`. The next namespace is made now: with nobody left in it,
    /// the kernel takes the last one down before the next script starts, and not while it runs.
    pub(super) fn come(&self, mut crew: Crew, lasted_us: i64) {
        self.lasted_us.store(lasted_us, Ordering::Relaxed);
        let kept = fresh().is_ok() && crew.renew();
        *self.crew.lock().unwrap_or_else(PoisonError::into_inner) = kept.then_some(crew);
    }
}
