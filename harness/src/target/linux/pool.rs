//! The workers of one script: which is free, which sleeps in a call, and how all of them end.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;

use super::namespace::{Namespace, Realm};
use super::worker::{Done, Phase, Shared, Worker};
use super::{calls, fault, sys};
use crate::target::{CallId, Syscall, TargetError};

/// A call that has not gone to sleep after this long is left to itself.
const SETTLE_LIMIT: Duration = Duration::from_secs(1);

/// How long the end of a script waits for a worker that keeps sleeping although it is interrupted.
/// Only a call in uninterruptible sleep takes that long; its thread then stays behind.
const JOIN_LIMIT: Duration = Duration::from_secs(2);

/// Threads that make the calls of one script.
pub(super) struct Pool {
    workers: Vec<Slot>,
    shared: Arc<Shared>,
    notify: EventFd,
}

struct Slot {
    worker: Worker,
    /// The call whose result has not been collected yet.
    call: Option<CallId>,
    /// Nobody made sure yet that the call sleeps or has finished.
    unsettled: bool,
}

impl Pool {
    /// Two workers: one for calls that block and one for the others. Isolates the descriptors of
    /// `namespace`, so everything the harness keeps must have been opened before.
    pub(super) fn new(namespace: &Namespace) -> Result<Self, TargetError> {
        sys::install_wake_handler();
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let notify = EventFd::from_flags(flags).map_err(fault::io("create an event descriptor"))?;
        namespace.isolate_descriptors(notify.as_fd())?;
        let mut pool = Self { workers: Vec::new(), shared: Arc::default(), notify };
        pool.add_worker(namespace)?;
        pool.add_worker(namespace)?;
        Ok(pool)
    }

    fn add_worker(&mut self, namespace: &Namespace) -> Result<(), TargetError> {
        let shared = Arc::clone(&self.shared);
        let spawned = namespace.run(move |realm: &mut Realm| {
            let notify = realm.notify.clone().ok_or(std::io::ErrorKind::NotFound)?;
            Worker::spawn(shared, notify)
        })?;
        let worker = spawned.map_err(fault::io("start a thread for system calls"))?;
        self.workers.push(Slot { worker, call: None, unsettled: false });
        Ok(())
    }

    /// Starts a call on a free worker; with `may_block`, returns when it sleeps or has finished.
    pub(super) fn submit(
        &mut self,
        namespace: &Namespace,
        call: CallId,
        syscall: &Syscall,
        may_block: bool,
    ) -> Result<(), TargetError> {
        if let Some(why) = calls::too_large(syscall) {
            return Err(TargetError::Unsupported(why));
        }
        if self.workers.iter().all(|slot| slot.call.is_some()) {
            self.add_worker(namespace)?;
        }
        let free = self.workers.iter_mut().find(|slot| slot.call.is_none());
        let slot = free.ok_or_else(|| TargetError::Internal("no free worker".into()))?;
        slot.call = Some(call);
        slot.unsettled = true;
        if !slot.worker.dispatch(call, syscall.clone()) {
            return Err(fault::lost("a thread for system calls"));
        }
        if may_block { self.settle() } else { Ok(()) }
    }

    /// Waits until no call is on its way any more: each sleeps in the kernel or has finished. This
    /// keeps the order of the script when something else follows a call at once.
    pub(super) fn settle(&mut self) -> Result<(), TargetError> {
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_micros(5);
        loop {
            for slot in self.workers.iter_mut().filter(|slot| slot.unsettled) {
                slot.unsettled = slot.worker.phase() != Phase::Idle && !slot.worker.asleep();
            }
            if self.workers.iter().all(|slot| !slot.unsettled) || waited >= SETTLE_LIMIT {
                return Ok(());
            }
            self.wait_for_notify(pause)?;
            waited += pause;
            pause = (pause * 2).min(Duration::from_micros(200));
        }
    }

    /// Sleeps until a call finishes, at most `limit`. Takes the notification: what finished stays
    /// in the queue, which every reader looks at before it sleeps.
    fn wait_for_notify(&self, limit: Duration) -> Result<(), TargetError> {
        let mut fds = [PollFd::new(self.notify.as_fd(), PollFlags::POLLIN)];
        match nix::poll::ppoll(&mut fds, Some(TimeSpec::from_duration(limit)), None) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(fault::io("wait for a system call")(error)),
        }
        self.clear_notify();
        Ok(())
    }

    /// Readable when a call has finished since the last [`Self::collect`].
    pub(super) fn notify(&self) -> BorrowedFd<'_> {
        self.notify.as_fd()
    }

    fn clear_notify(&self) {
        // EAGAIN: nothing to take.
        let _ = self.notify.read();
    }

    /// What has finished, in order; frees the workers.
    pub(super) fn collect(&mut self) -> impl Iterator<Item = Done> + use<> {
        self.clear_notify();
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

impl Drop for Pool {
    /// Every worker that sleeps in a call is interrupted by a signal and ends; a call that was
    /// just about to sleep is caught by the next round.
    fn drop(&mut self) {
        for slot in &mut self.workers {
            slot.worker.dismiss();
        }
        let pause = Duration::from_millis(2);
        let mut waited = Duration::ZERO;
        while waited < JOIN_LIMIT {
            let running = self.workers.iter().filter(|slot| slot.worker.phase() != Phase::Idle);
            let mut idle = true;
            for slot in running {
                slot.worker.wake();
                idle = false;
            }
            if idle || self.wait_for_notify(pause).is_err() {
                break;
            }
            waited += pause;
        }
        for slot in &mut self.workers {
            if slot.worker.phase() == Phase::Idle || slot.worker.ended() {
                slot.worker.join();
            }
        }
    }
}
