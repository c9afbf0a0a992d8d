//! The workers of one script: which is free, which sleeps in a call, and how all of them end.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;

use super::namespace::{Namespace, Realm};
use super::worker::{Done, Job, Phase, Shared, Worker};
use super::{calls, fault, sys};
use crate::target::{CallId, Errno, Fd, Returned, Syscall, TargetError};

/// A call that has not gone to sleep after this long is left to itself.
const SETTLE_LIMIT: Duration = Duration::from_secs(1);

/// How long the end of a script waits for a worker that keeps sleeping although it is interrupted.
/// Only a call in uninterruptible sleep takes that long; its thread then stays behind.
const JOIN_LIMIT: Duration = Duration::from_secs(2);

/// Threads that make the calls of one script.
pub(super) struct Pool {
    workers: Vec<Slot>,
    shared: Arc<Shared>,
    notify: Arc<EventFd>,
}

struct Slot {
    worker: Worker,
    /// The call whose result has not been collected yet.
    call: Option<CallId>,
    /// What a call that may block can sleep on.
    sleeps_on: Vec<Fd>,
    /// Nobody made sure yet that the call sleeps or has finished.
    unsettled: bool,
}

impl Pool {
    /// With so many workers to begin with. Isolates the descriptors of `namespace`, so everything
    /// the harness keeps must have been opened before.
    pub(super) fn new(namespace: &Namespace, workers: usize) -> Result<Self, TargetError> {
        sys::install_wake_handler();
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let notify = EventFd::from_flags(flags).map_err(fault::io("create an event descriptor"))?;
        namespace.isolate_descriptors(notify.as_fd())?;
        let notify = Arc::new(notify);
        let mut pool = Self { workers: Vec::new(), shared: Arc::default(), notify };
        for _ in 0..workers {
            pool.add_worker(namespace)?;
        }
        Ok(pool)
    }

    fn add_worker(&mut self, namespace: &Namespace) -> Result<(), TargetError> {
        let shared = Arc::clone(&self.shared);
        let spawned = namespace.run(move |realm: &mut Realm| {
            let notify = realm.notify.clone().ok_or(std::io::ErrorKind::NotFound)?;
            Worker::spawn(shared, notify)
        })?;
        let worker = spawned.map_err(fault::io("start a thread for system calls"))?;
        self.workers.push(Slot { worker, call: None, sleeps_on: Vec::new(), unsettled: false });
        Ok(())
    }

    /// Starts a call on a free worker; with `may_block`, returns when it sleeps or has finished, and
    /// whether that took any time. `still_ns`: the time now, if it is sure to stand still until the
    /// runner sleeps.
    pub(super) fn submit(
        &mut self,
        namespace: &Namespace,
        (call, syscall, may_block): (CallId, &Syscall, bool),
        still_ns: Option<i64>,
    ) -> Result<bool, TargetError> {
        if let Some(why) = calls::too_large(syscall) {
            return Err(TargetError::Unsupported(why));
        }
        if let Syscall::Interrupt { fd, restart } = *syscall {
            self.shared.set_still(still_ns);
            self.interrupt_one(call, fd, restart);
            return Ok(false);
        }
        if self.workers.iter().all(|slot| slot.call.is_some()) {
            self.add_worker(namespace)?;
        }
        let free = self.workers.iter_mut().find(|slot| slot.call.is_none());
        let slot = free.ok_or_else(|| TargetError::Internal("no free worker".into()))?;
        slot.call = Some(call);
        slot.sleeps_on = if may_block { syscall.sleeps_on() } else { Vec::new() };
        self.shared.set_still(still_ns);
        slot.unsettled = true;
        if !slot.worker.dispatch(Job::Call(call, syscall.clone())) {
            return Err(fault::lost("a thread for system calls"));
        }
        if may_block { self.settle() } else { Ok(false) }
    }

    /// Interrupts a call that sleeps on `fd`; without one there is nobody to send a signal to.
    fn interrupt_one(&self, call: CallId, fd: Fd, restart: bool) {
        let sleeps = |slot: &&Slot| slot.sleeps_on.contains(&fd) && slot.worker.asleep();
        let sleeper = self.workers.iter().find(sleeps);
        let nobody = Returned::err(Errno(libc::ESRCH));
        self.shared.finish(call, sleeper.map_or(nobody, |_| Returned::ok(0)));
        if let Some(slot) = sleeper {
            slot.worker.wake(restart);
        }
    }

    /// Waits until no call is on its way any more: each sleeps in the kernel or has finished. This
    /// keeps the order of the script when something else follows a call at once. Whether it took
    /// any time.
    pub(super) fn settle(&mut self) -> Result<bool, TargetError> {
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_micros(5);
        loop {
            for slot in self.workers.iter_mut().filter(|slot| slot.unsettled) {
                slot.unsettled = slot.worker.phase() != Phase::Idle && !slot.worker.asleep();
            }
            if self.workers.iter().all(|slot| !slot.unsettled) || waited >= SETTLE_LIMIT {
                return Ok(!waited.is_zero());
            }
            self.wait_for_notify(pause)?;
            waited += pause;
            pause = (pause * 2).min(Duration::from_micros(200));
        }
    }

    /// Sleeps until a call finishes, at most `limit`. What finished stays in the queue.
    fn wait_for_notify(&self, limit: Duration) -> Result<(), TargetError> {
        let mut fds = [PollFd::new(self.notify.as_fd(), PollFlags::POLLIN)];
        self.shared.await_notice();
        let slept = nix::poll::ppoll(&mut fds, Some(TimeSpec::from_duration(limit)), None);
        self.woken(slept != Ok(0));
        match slept {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(error) => Err(fault::io("wait for a system call")(error)),
        }
    }

    /// Readable when a call finishes after [`Self::may_sleep`] and before [`Self::woken`].
    pub(super) fn notify(&self) -> BorrowedFd<'_> {
        self.notify.as_fd()
    }

    /// Whether no finished call waits to be collected. If so, and only if the answer is followed by
    /// [`Self::woken`], [`Self::notify`] tells of the next.
    pub(super) fn may_sleep(&self) -> bool {
        self.shared.await_notice()
    }

    /// The runner does not sleep any more. `notified`: [`Self::notify`] was found readable.
    pub(super) fn woken(&self, notified: bool) {
        self.shared.woken();
        if notified {
            // EAGAIN: nothing to take.
            let _ = self.notify.read();
        }
    }

    /// What has finished, in order; frees the workers.
    pub(super) fn collect(&mut self) -> impl Iterator<Item = Done> + use<> {
        let done = self.shared.take_done();
        for slot in &mut self.workers {
            if done.iter().any(|done| Some(done.call) == slot.call) {
                slot.call = None;
                slot.unsettled = false;
            }
        }
        done.into_iter()
    }
}

/// Between two scripts.
impl Pool {
    /// The pool itself, out of a place that is to be dropped.
    pub(super) fn take(&mut self) -> Self {
        let (workers, shared) = (std::mem::take(&mut self.workers), Arc::clone(&self.shared));
        Self { workers, shared, notify: Arc::clone(&self.notify) }
    }

    /// Ends the calls of a script and every worker but the first. Whether nothing of it is left.
    pub(super) fn rest(&mut self) -> bool {
        for slot in self.workers.iter_mut().skip(1) {
            slot.worker.dismiss();
        }
        self.interrupt();
        for slot in self.workers.iter_mut().skip(1) {
            if slot.worker.phase() == Phase::Idle {
                slot.worker.join();
            }
        }
        let idle = self.workers.iter().all(|slot| slot.worker.phase() == Phase::Idle);
        self.workers.truncate(1);
        for slot in &mut self.workers {
            slot.call = None;
            slot.unsettled = false;
        }
        idle && self.shared.forget()
    }

    /// Has every worker enter the namespace of the thread `tid`, and waits for it.
    pub(super) fn enter(&mut self, tid: i32) -> Result<(), TargetError> {
        for slot in &mut self.workers {
            slot.unsettled = true;
            if !slot.worker.dispatch(Job::Enter(tid)) {
                return Err(fault::lost("a thread for system calls"));
            }
        }
        self.settle()?;
        let entered = self.workers.iter().all(|slot| !slot.unsettled);
        if entered { Ok(()) } else { Err(fault::lost("a thread for system calls")) }
    }

    /// Every worker that sleeps in a call is interrupted by a signal; a call that was just about to
    /// sleep is caught by the next round.
    fn interrupt(&mut self) {
        let pause = Duration::from_millis(2);
        let mut waited = Duration::ZERO;
        while waited < JOIN_LIMIT {
            let running = self.workers.iter().filter(|slot| slot.worker.phase() != Phase::Idle);
            let mut idle = true;
            for slot in running {
                slot.worker.wake(false);
                idle = false;
            }
            if idle || self.wait_for_notify(pause).is_err() {
                break;
            }
            waited += pause;
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for slot in &mut self.workers {
            slot.worker.dismiss();
        }
        self.interrupt();
        for slot in &mut self.workers {
            if slot.worker.phase() == Phase::Idle || slot.worker.ended() {
                slot.worker.join();
            }
        }
    }
}
