//! What a sleeping call remembers between two tries.

use std::task::Poll;
use std::time::Duration;

use crate::cx::Cx;
use crate::errno::Errno;
use crate::errqueue::zerocopy::ZcCall;
use crate::seq::Seq;
use crate::sock::{Sock, SockId};
use crate::time::Instant;

/// Begin with `Sleep::default()`; keep it until the call returns.
#[derive(Clone, Debug, Default)]
pub struct Sleep {
    started: Option<Instant>,
    until: Option<Instant>,
    /// Bytes sent or received so far.
    pub(crate) done: Vec<u8>,
    pub(crate) copied: usize,
    /// A call with MSG_ZEROCOPY has its number; whether it began, with or without one.
    pub(crate) zerocopy_begun: bool,
    pub(crate) zerocopy: Option<ZcCall>,
    /// Bytes that were spliced in calls before the present one.
    pub(crate) spliced: usize,
    /// Where a peeking call goes on.
    pub(crate) peek_seq: Option<Seq>,
    /// When what was read last arrived.
    pub(crate) stamp: Option<Instant>,
    /// The call opens the connection by Fast Open, and waits for that.
    pub(crate) fastopen: bool,
    /// What connect() returns if it waits in vain: it began the handshake, or found it under way.
    pub(crate) in_progress: Option<Errno>,
    /// What its socket's `disconnects` was when it fell asleep.
    disconnects: Option<u32>,
    /// Socket of a call whose descriptor is gone (close that lingers).
    pub(crate) lingering: Option<SockId>,
    /// A signal ended it.
    interrupted: bool,
}

impl Sleep {
    /// The next call of a splice begins; what the ones before it moved is kept.
    pub(crate) fn begin_again(&mut self) {
        *self = Self { spliced: self.spliced, ..Self::default() };
    }

    /// When the call wants to be tried again even if nothing happens.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// True on every try but the first.
    #[must_use]
    pub const fn has_slept(&self) -> bool {
        self.started.is_some()
    }

    /// A signal ends the sleep: the next try gives what the call has done so far, or the error of
    /// a timeout, in place of which a caller returns EINTR.
    ///
    /// Linux: sock_intr_errno (include/net/sock.h)
    pub const fn interrupt(&mut self) {
        self.interrupted = true;
    }

    /// The call has sent or received something already.
    #[must_use]
    pub const fn has_moved(&self) -> bool {
        self.copied > 0 || !self.done.is_empty()
    }

    /// What the call waited for has come; it may have to wait for something else now.
    pub(crate) const fn restart(&mut self) {
        self.started = None;
        self.until = None;
        self.disconnects = None;
        self.in_progress = None;
    }

    /// Sleeps on for something that a connection may do: [`Self::schedule_timeout`], and another call
    /// that disconnects the socket ends it, as [`Self::is_disconnected`] tells.
    ///
    /// Linux: sk_wait_event (include/net/sock.h)
    pub(crate) fn sk_wait_event<T>(
        &mut self,
        sk: &Sock,
        cx: &Cx,
        timeout: Option<u64>,
        expired: Result<T, Errno>,
    ) -> Poll<Result<T, Errno>> {
        self.disconnects.get_or_insert(sk.disconnects);
        self.schedule_timeout(cx, timeout, expired)
    }

    /// Whether the socket was disconnected while the call slept.
    pub(crate) fn is_disconnected(&self, sk: &Sock) -> bool {
        self.disconnects.is_some_and(|before| before != sk.disconnects)
    }

    /// Sleeps on, for at most `timeout` ticks from the first try (none: for ever), as calls do that
    /// have a timeout of their socket.
    ///
    /// Linux: schedule_timeout (kernel/time/timer.c)
    pub(crate) fn schedule_timeout<T>(
        &mut self,
        cx: &Cx,
        timeout: Option<u64>,
        expired: Result<T, Errno>,
    ) -> Poll<Result<T, Errno>> {
        let started = *self.started.get_or_insert(cx.now);
        let expires = timeout.map(|ticks| cx.hz.jiffies(started).plus(ticks));
        if self.interrupted || expires.is_some_and(|expires| expires <= cx.jiffies()) {
            return Poll::Ready(expired);
        }
        self.until = expires.map(|expires| cx.wheel.at(cx.now, expires).due);
        Poll::Pending
    }

    /// Sleeps on, for at most `timeout_us` from the first try (none: for ever); `expired` is what
    /// the call returns when that is over. These timers are of high resolution (poll, epoll).
    pub(crate) fn wait<T>(
        &mut self,
        now: Instant,
        timeout_us: Option<u64>,
        expired: Result<T, Errno>,
    ) -> Poll<Result<T, Errno>> {
        let started = *self.started.get_or_insert(now);
        self.until = timeout_us.map(|us| started.plus(Duration::from_micros(us)));
        if self.interrupted || self.until.is_some_and(|until| until <= now) {
            Poll::Ready(expired)
        } else {
            Poll::Pending
        }
    }
}
