//! One processor for a guest and the thread that waits for it.
//!
//! A system call inside a guest is a dozen switches between its kernel, its program and the host's
//! thread, of which only one can run at a time. On one processor a switch is a switch; between two it
//! wakes an idle processor up, and on a virtual machine that costs ten times as much: a machine with
//! nothing else to do runs scripts at a quarter of the speed of a busy one.

use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The thread that asks.
const THIS_THREAD: Pid = Pid::from_raw(0);

/// The processors that guests are spread over, in turn.
#[derive(Debug)]
pub(super) struct Processors {
    allowed: Vec<usize>,
    taken: AtomicUsize,
}

impl Processors {
    /// Those that this thread may run on.
    pub(super) fn of_this_thread() -> Self {
        let allowed =
            sched_getaffinity(THIS_THREAD).map_or_else(|_| Vec::new(), |set| members(&set));
        Self { allowed, taken: AtomicUsize::new(0) }
    }

    /// The one for the next guest; none where nothing can be said.
    pub(super) fn next(&self) -> Option<Processor> {
        let turn = self.taken.fetch_add(1, Ordering::Relaxed);
        let at = turn.checked_rem(self.allowed.len())?;
        self.allowed.get(at).copied().map(Processor)
    }
}

/// A processor by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Processor(usize);

impl Processor {
    /// Keeps the calling thread, and the processes it starts, here until the answer is dropped. A
    /// refusal only costs time.
    pub(super) fn hold(self) -> Hold {
        let before = sched_getaffinity(THIS_THREAD).ok();
        let mut only = CpuSet::new();
        let held = only.set(self.0).and_then(|()| sched_setaffinity(THIS_THREAD, &only));
        Hold(before.filter(|_| held.is_ok()))
    }
}

/// Where the thread could run before.
#[derive(Debug)]
pub(super) struct Hold(Option<CpuSet>);

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = sched_setaffinity(THIS_THREAD, before);
        }
    }
}

fn members(set: &CpuSet) -> Vec<usize> {
    (0..CpuSet::count()).filter(|&cpu| set.is_set(cpu).unwrap_or(false)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Vec<usize> {
        members(&sched_getaffinity(THIS_THREAD).unwrap())
    }

    #[test]
    fn a_thread_is_held_and_let_go() {
        let (all, processors) = (here(), Processors::of_this_thread());
        let first = processors.next().unwrap();
        let held = first.hold();
        assert_eq!(here(), [first.0]);
        drop(held);
        assert_eq!(here(), all);
    }

    #[test]
    fn guests_take_turns() {
        let processors = Processors { allowed: vec![2, 5], taken: AtomicUsize::new(0) };
        let turns = [(); 3].map(|()| processors.next().unwrap().0);
        assert_eq!(turns, [2, 5, 2]);
        let none = Processors { allowed: Vec::new(), taken: AtomicUsize::new(0) };
        assert_eq!(none.next(), None);
    }
}
