//! One thread that makes the calls of a script, one after the other.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use super::mailbox::{Inbox, Mailbox};
use super::sys::Memory;
use super::{calls, clock, namespace, sys};
use crate::target::{CallId, Errno, Returned, Syscall};

/// A finished call.
pub(super) struct Done {
    /// Which.
    pub call: CallId,
    /// CLOCK_REALTIME right after it returned.
    pub at_ns: i64,
    /// With what.
    pub returned: Returned,
}

/// What all workers of a script share with the runner.
#[derive(Default)]
pub(super) struct Shared {
    done: Mutex<VecDeque<Done>>,
    /// Every capability change of the script, in order; a worker catches up before a call.
    caps: Mutex<Vec<(i32, i32, bool)>>,
    /// Buffers that must outlive the sockets.
    pinned: Mutex<Vec<Memory>>,
    /// The runner sleeps, or is about to look once more before it does: a call that finishes has
    /// to be notified.
    awaited: AtomicBool,
    /// CLOCK_REALTIME while it is certain to stand still; else 0.
    still_ns: AtomicI64,
}

impl Shared {
    /// Takes everything that has finished, in order.
    pub(super) fn take_done(&self) -> VecDeque<Done> {
        std::mem::take(&mut *lock(&self.done))
    }

    /// A call that needs no thread has returned.
    pub(super) fn finish(&self, call: CallId, returned: Returned) {
        let at_ns = self.now_ns();
        lock(&self.done).push_back(Done { call, at_ns, returned });
    }

    /// The clock stands still at `still_ns`, if there is one, until the runner sleeps.
    pub(super) fn set_still(&self, still_ns: Option<i64>) {
        self.still_ns.store(still_ns.unwrap_or(0), Ordering::SeqCst);
    }

    /// CLOCK_REALTIME.
    fn now_ns(&self) -> i64 {
        match self.still_ns.load(Ordering::SeqCst) {
            0 => clock::realtime_ns(),
            still_ns => still_ns,
        }
    }

    /// From now on finished calls are notified. Whether there is anything to wait for: no call has
    /// finished that nobody took.
    pub(super) fn await_notice(&self) -> bool {
        self.set_still(None);
        self.awaited.store(true, Ordering::SeqCst);
        lock(&self.done).is_empty()
    }

    /// The runner is awake.
    pub(super) fn woken(&self) {
        self.awaited.store(false, Ordering::SeqCst);
    }

    /// Forgets a script whose calls are over. False where a thread is not as it was before: it has
    /// other capabilities.
    pub(super) fn forget(&self) -> bool {
        lock(&self.done).clear();
        lock(&self.pinned).clear();
        lock(&self.caps).is_empty()
    }
}

/// What a worker is to do.
pub(super) enum Job {
    /// A call of the script.
    Call(CallId, Syscall),
    /// To enter the namespace of this thread of the process.
    Enter(i32),
}

/// Where a worker is with its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has nothing to do, or its result is in the queue.
    Idle,
    /// A call is on its way to it.
    Dispatched,
    /// It is about to make the call, or in it.
    Calling,
}

#[derive(Default)]
struct PhaseCell(AtomicU8);

impl PhaseCell {
    fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Release);
    }

    fn get(&self) -> Phase {
        match self.0.load(Ordering::Acquire) {
            n if n == Phase::Dispatched as u8 => Phase::Dispatched,
            n if n == Phase::Calling as u8 => Phase::Calling,
            _ => Phase::Idle,
        }
    }
}

/// The runner's side of a worker thread.
pub(super) struct Worker {
    tid: i32,
    phase: Arc<PhaseCell>,
    jobs: Option<Mailbox<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts a worker. To be called on the namespace's thread: the worker inherits its namespace
    /// and its descriptor table.
    pub(super) fn spawn(shared: Arc<Shared>, notify: Arc<OwnedFd>) -> std::io::Result<Self> {
        let queue = Inbox::new();
        let jobs = queue.mailbox();
        let (report, started) = mpsc::channel();
        let phase = Arc::new(PhaseCell::default());
        let cell = Arc::clone(&phase);
        let thread = std::thread::Builder::new().name("calls".into()).spawn(move || {
            prepare_thread();
            if report.send(nix::unistd::gettid().as_raw()).is_ok() {
                serve(&queue, &cell, &shared, &notify);
            }
        })?;
        let jobs = jobs(thread.thread());
        let tid = started.recv().map_err(std::io::Error::other)?;
        Ok(Self { tid, phase, jobs: Some(jobs), thread: Some(thread) })
    }

    /// Hands it something to do. It must be idle.
    pub(super) fn dispatch(&self, job: Job) -> bool {
        self.phase.set(Phase::Dispatched);
        self.jobs.as_ref().is_some_and(|jobs| jobs.send(job))
    }

    /// Where it is with its call.
    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// It made its call and sleeps in it (state S of proc(5)).
    pub(super) fn asleep(&self) -> bool {
        // The phase first: a thread that is still waiting for its job sleeps too.
        self.phase() == Phase::Calling && thread_state(self.tid) == Some('S')
    }

    /// No more calls for it: it ends after the present one.
    pub(super) fn dismiss(&mut self) {
        self.jobs = None;
    }

    /// Interrupts the call it sleeps in, which goes on if it can and `restart` says so.
    pub(super) fn wake(&self, restart: bool) {
        sys::wake_thread(self.tid, restart);
    }

    /// Its thread ended.
    pub(super) fn ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for its thread, which must have been dismissed and not be in a call.
    pub(super) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A worker only panics by a bug of ours; its call then never returns, which the
            // engine reports.
            let _ = thread.join();
        }
    }
}

/// State letter of a thread of this process, from /proc (third field, after the name in brackets).
fn thread_state(tid: i32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{tid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.chars().next()
}

fn prepare_thread() {
    sys::block_foreign_signals();
    // One above the runner, which waits for the worker anyway. Without permission: as it was.
    sys::round_robin(0, Some(1));
    let _ = nix::sys::prctl::set_timerslack(1);
}

fn serve(queue: &Inbox<Job>, phase: &PhaseCell, shared: &Shared, notify: &OwnedFd) {
    let mut caps_applied = 0;
    while let Some(job) = queue.next() {
        let (call, syscall) = match job {
            Job::Call(call, syscall) => (call, syscall),
            Job::Enter(tid) => {
                // Calls made in another namespace would be worse than none.
                if namespace::enter(tid).is_err() {
                    return;
                }
                phase.set(Phase::Idle);
                continue;
            }
        };
        catch_up_capabilities(shared, &mut caps_applied);
        phase.set(Phase::Calling);
        let finished = calls::make(&syscall);
        let at_ns = shared.now_ns();
        if let Syscall::CapSet { which, cap, set } = syscall
            && finished.returned.errno.is_none()
        {
            lock(&shared.caps).push((which, cap, set));
            caps_applied += 1;
        }
        lock(&shared.pinned).extend(finished.pinned);
        let mut done = lock(&shared.done);
        // Idle first: whoever sees the result may dispatch the next call at once.
        phase.set(Phase::Idle);
        done.push_back(Done { call, at_ns, returned: finished.returned });
        drop(done);
        if shared.awaited.load(Ordering::SeqCst) {
            // Fails only if the counter is full, and then it is readable all the same.
            let _ = nix::unistd::write(notify, &1_u64.to_ne_bytes());
        }
    }
}

fn catch_up_capabilities(shared: &Shared, applied: &mut usize) {
    let changes = lock(&shared.caps);
    for &(which, cap, set) in changes.iter().skip(*applied) {
        // It succeeded on another thread with the same history.
        let _: Result<i64, Errno> = calls::cap_set(which, cap, set);
    }
    *applied = changes.len();
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
