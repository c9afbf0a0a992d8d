//! A stack with its clock and the calls that sleep on it: everything that makes time pass.
//!
//! Time moves only in [`Machine::observe`] and [`Machine::sleep`], from one moment at which
//! something is due to the next. What happens at one moment is kept in the order it happened:
//! packets of a call before its return, a sleeper's return after what woke it.

use std::collections::VecDeque;
use std::task::Poll;

use synproof_stack::Stack;
use synproof_stack::api::Sleep;
use synproof_stack::errno::Errno as StackErrno;
use synproof_stack::time::{Hz, Instant};

use super::files::Files;
use super::sleepers::{News, Parked, Sleepers};
use super::{beyond, calls};
use crate::target::{CallId, Errno, Fd, Observation, Returned, ScriptTime, Syscall, TargetError};

/// The largest granularity of the timer wheel that matters: timers of four hours with 1000 ticks per
/// second (the target `linux` in time travel has the same numbers).
const WHEEL_TICKS: u64 = 1 << 18;
const NANOS_PER_SEC: u64 = 1_000_000_000;
/// How long after a tick a script starts, as with packetdrill.
const AFTER_TICK_NS: u64 = 250_000;

/// Nobody sleeps there.
const ESRCH: Errno = Errno(3);

/// Sleepers that wake each other this often at one moment will never stop.
const MAX_ROUNDS: usize = 10_000;

/// The stack, the time, the sleepers, and what has happened.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) stack: Stack,
    /// Segment size that larger injected packets are put together from; 0 for none.
    inject_gso_size: u16,
    now: Instant,
    /// The stack's time at script time 0.
    origin: Instant,
    sleepers: Sleepers,
    happened: VecDeque<Observation>,
    /// What open() finds.
    pub(super) files: Files,
}

impl Machine {
    /// A machine at the stack's time zero.
    pub(super) fn new(stack: Stack, inject_gso_size: u16) -> Self {
        Self {
            stack,
            inject_gso_size,
            now: Instant::ZERO,
            origin: Instant::ZERO,
            sleepers: Sleepers::default(),
            happened: VecDeque::new(),
            files: Files::new(),
        }
    }

    /// Script time starts where it does in a kernel in virtual time (docs/virtual-time.md): shortly
    /// after a tick that is a multiple of both 2^18 ticks and a second.
    pub(super) fn start(&mut self, hz: Hz) -> Result<(), TargetError> {
        let round = WHEEL_TICKS >> hz.per_sec().trailing_zeros().min(WHEEL_TICKS.trailing_zeros());
        let round_ns = round * NANOS_PER_SEC;
        let tick_ns = (self.now.as_nanos() / round_ns + 1) * round_ns;
        self.run_until(Instant(tick_ns).plus_nanos(AFTER_TICK_NS), |_| false)?;
        self.origin = self.now;
        self.happened.clear();
        Ok(())
    }

    /// The stack's time.
    pub(super) fn stack_now(&self) -> Instant {
        self.now
    }

    /// The stack's time at script time 0, in microseconds.
    pub(super) fn origin_us(&self) -> i64 {
        i64::try_from(self.origin.as_micros()).unwrap_or(0)
    }

    /// The present script time.
    pub(super) fn now(&self) -> ScriptTime {
        let us = self.now.as_micros().saturating_sub(self.origin.as_micros());
        ScriptTime(i64::try_from(us).unwrap_or(ScriptTime::FOREVER.0))
    }

    /// Makes a call; one that cannot return yet sleeps.
    pub(super) fn submit(&mut self, call: CallId, syscall: &Syscall) -> Result<(), TargetError> {
        if let Syscall::Interrupt { fd, restart } = *syscall {
            return self.interrupt(call, fd, restart);
        }
        self.refuse_shared_close(syscall)?;
        let mut sleep = Sleep::default();
        match calls::attempt(&mut self.stack, self.now, syscall, &mut sleep, &self.files)? {
            Poll::Ready(returned) => self.returned(call, returned),
            Poll::Pending => {
                self.collect_packets();
                self.sleepers.park(call, syscall.clone(), sleep);
            }
        }
        self.settle()
    }

    /// A signal for the first call that sleeps on `fd`. With `restart` one goes on that has no
    /// timeout and has done nothing so far; poll and epoll never do (signal(7)).
    fn interrupt(&mut self, call: CallId, fd: Fd, restart: bool) -> Result<(), TargetError> {
        let Some(mut parked) = self.sleepers.take_first_on(fd) else {
            self.returned(call, Returned::err(ESRCH));
            return self.settle();
        };
        self.returned(call, Returned::ok(0));
        let Parked { call, syscall, sleep, .. } = &mut parked;
        let waits = matches!(syscall, Syscall::Poll { .. } | Syscall::EpollWait { .. });
        if restart && !waits && sleep.deadline().is_none() && !sleep.has_moved() {
            self.sleepers.put_back(parked);
            return self.settle();
        }
        sleep.interrupt();
        match calls::attempt(&mut self.stack, self.now, syscall, sleep, &self.files)? {
            Poll::Ready(returned) => {
                let timed_out = match returned.errno.and_then(|e| StackErrno::from_raw(e.0)) {
                    Some(errno) => matches!(errno, StackErrno::EAGAIN | StackErrno::EINPROGRESS),
                    None => waits && returned.value == 0,
                };
                let interrupted = Returned::err(Errno(StackErrno::EINTR.raw()));
                self.returned(*call, if timed_out { interrupted } else { returned });
            }
            Poll::Pending => self.sleepers.put_back(parked),
        }
        self.settle()
    }

    /// A datagram arrives.
    pub(super) fn inject(&mut self, ip_packet: &[u8]) -> Result<(), TargetError> {
        self.stack.on_aggregate(self.now, ip_packet, self.inject_gso_size);
        self.settle()
    }

    /// What happens next, up to `deadline`.
    pub(super) fn observe(&mut self, deadline: ScriptTime) -> Result<Observation, TargetError> {
        let limit = self.instant(deadline);
        self.run_until(limit, |machine| !machine.happened.is_empty())?;
        let idle = Observation::Idle { at: self.now() };
        Ok(self.happened.pop_front().unwrap_or(idle))
    }

    /// Lets `us` microseconds pass; what happens meanwhile waits to be observed.
    pub(super) fn sleep(&mut self, us: i64) -> Result<(), TargetError> {
        let limit = self.now.plus_micros(u64::try_from(us).unwrap_or(0));
        self.run_until(limit, |_| false)
    }

    fn instant(&self, at: ScriptTime) -> Instant {
        self.origin.plus_micros(u64::try_from(at.0).unwrap_or(0))
    }

    /// Lets time pass until `stop`, or until `limit`.
    fn run_until(&mut self, limit: Instant, stop: fn(&Self) -> bool) -> Result<(), TargetError> {
        while !stop(self) {
            let Some(due) = self.next_due().filter(|due| *due <= limit) else {
                self.now = self.now.max(limit);
                break;
            };
            self.now = self.now.max(due);
            self.run_due()?;
            if self.next_due().is_some_and(|next| next <= self.now) {
                let what = format!("something stays due at {:?}", self.now);
                return Err(TargetError::Internal(what));
            }
        }
        Ok(())
    }

    /// When a timer or the timeout of a sleeper is due next.
    fn next_due(&self) -> Option<Instant> {
        self.sleepers.deadline().into_iter().chain(self.stack.poll_timer()).min()
    }

    /// Timers first: a sleeper whose socket fails now hears of that, not of its timeout.
    fn run_due(&mut self) -> Result<(), TargetError> {
        let now = self.now;
        if self.stack.poll_timer().is_some_and(|at| at <= now) {
            self.stack.on_timer(now);
            self.settle()?;
        }
        let due = self.sleepers.take_due(now);
        self.retry(due)?;
        self.settle()
    }

    /// Wakes sleepers until nobody has news.
    fn settle(&mut self) -> Result<(), TargetError> {
        for _ in 0..MAX_ROUNDS {
            self.collect_packets();
            let news = News::of(&mut self.stack);
            if news.is_empty() {
                return Ok(());
            }
            let woken = self.sleepers.take_woken(&news);
            self.retry(woken)?;
        }
        Err(TargetError::Internal("sleeping calls keep waking each other".to_owned()))
    }

    /// Tries those who were woken again, in their order.
    fn retry(&mut self, woken: Vec<Parked>) -> Result<(), TargetError> {
        for mut parked in woken {
            let Parked { call, syscall, sleep, .. } = &mut parked;
            match calls::attempt(&mut self.stack, self.now, syscall, sleep, &self.files)? {
                Poll::Ready(returned) => self.returned(*call, returned),
                Poll::Pending => {
                    self.collect_packets();
                    self.sleepers.put_back(parked);
                }
            }
        }
        Ok(())
    }

    fn returned(&mut self, call: CallId, returned: Returned) {
        self.collect_packets();
        let at = self.now();
        self.happened.push_back(Observation::Returned { at, call, returned });
    }

    fn collect_packets(&mut self) {
        let at = self.now();
        while let Some(bytes) = self.stack.poll_transmit() {
            self.happened.push_back(Observation::Packet { at, bytes });
        }
    }

    /// Linux keeps the socket alive until the sleeper has returned; descriptors of the stack end
    /// at once.
    fn refuse_shared_close(&self, syscall: &Syscall) -> Result<(), TargetError> {
        let Syscall::Close { fd } = syscall else { return Ok(()) };
        if self.sleepers.any_on(*fd) {
            return Err(beyond::lacks("close() of a descriptor on which another call sleeps"));
        }
        Ok(())
    }
}
