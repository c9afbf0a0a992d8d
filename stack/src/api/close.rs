//! close(), and the ways a connection ends.
//!
//! RFC 9293 §3.10.4 CLOSE, §3.6.1 · Linux: tcp_close, __tcp_close, tcp_done, tcp_done_with_error
//! (net/ipv4/tcp.c), inet_csk_destroy_sock

use std::task::Poll;

use super::disconnect::tcp_disconnect;
use super::sleep::Sleep;
use crate::cx::Cx;
use crate::effect::{Effect, Wake};
use crate::errno::Errno;
use crate::fastopen::tcp_fastopen_active_disable_ofo_check;
use crate::memory::tcp_out_of_memory;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::fin::tcp_send_fin;
use crate::output::reset::tcp_send_active_reset;
use crate::output::write::tcp_write_queue_purge;
use crate::sock::{Shutdown, Sock, SockId};
use crate::stack::Stack;
use crate::state::close::{CloseAction, close_action};
use crate::state::{Event, StateMask, TcpState, tcp_set_state};
use crate::table::{Fd, FdEntry};
use crate::time::Instant;
use crate::timer::{TCP_TIMEWAIT_LEN_MS, reset_keepalive_timer, tcp_fin_time, tcp_time_wait};

impl Stack {
    /// Gives the descriptor up; a socket that lingers is waited for.
    pub fn close(&mut self, now: Instant, fd: Fd, sleep: &mut Sleep) -> Poll<Result<(), Errno>> {
        self.set_now(now);
        let id = match sleep.lingering {
            Some(id) => id,
            None => {
                let id = match self.fds.close(fd)? {
                    FdEntry::Sock(id) => id,
                    FdEntry::Pipe(pipe, end) => {
                        self.close_pipe(pipe, end);
                        return Poll::Ready(Ok(()));
                    }
                    FdEntry::Epoll(_) | FdEntry::File(_) => return Poll::Ready(Ok(())),
                };
                sleep.lingering = Some(id);
                self.enter(id, tcp_close_begin);
                id
            }
        };
        if self.lingers(id, sleep) {
            return Poll::Pending;
        }
        self.enter(id, adjudge_to_death);
        Poll::Ready(Ok(()))
    }

    /// Linux: sk_stream_wait_close (net/core/stream.c)
    fn lingers(&self, id: SockId, sleep: &mut Sleep) -> bool {
        let Some(sk) = self.objects.sock(id) else { return false };
        let secs = u64::try_from(sk.opts.linger.secs).unwrap_or(0);
        let waits = sk.opts.linger.on && secs > 0 && sk.state().is_in(StateMask::FIN_UNACKED);
        waits && sleep.schedule_timeout(&self.cx, Some(self.cx.hz.secs(secs)), Ok(())).is_pending()
    }
}

/// The part of close() before it waits.
///
/// Linux: __tcp_close up to sk_stream_wait_close
fn tcp_close_begin(sk: &mut Sock, cx: &mut Cx) {
    sk.shutdown = Shutdown::BOTH;
    if sk.state() == TcpState::Listen {
        tcp_set_state(sk, Event::CloseCall, cx);
        cx.later(Effect::StopListening(sk.id));
        return;
    }
    let unread = sk.recv_queue.available() > 0;
    let data_was_unread = unread && !cx.mutant(Mutant::UnreadCloseFin);
    sk.recv_queue.purge();
    if sk.state() == TcpState::Close {
        return;
    }
    if sk.repair.on {
        // Whoever took the connection over has it now.
        tcp_disconnect(sk, cx);
        sk.shutdown = Shutdown::BOTH;
    } else if data_was_unread {
        // [RFC9293:SHLD-3] The peer must learn that its data was thrown away.
        cx.mib.inc(Counter::TcpExtTCPAbortOnClose);
        sk.timers.stop_all();
        tcp_set_state(sk, Event::Abort, cx);
        tcp_send_active_reset(sk, cx);
        tcp_write_queue_purge(sk, cx);
        sk.timers.stop_all();
    } else if sk.opts.linger.on && sk.opts.linger.secs == 0 && !cx.mutant(Mutant::LingerZeroFin) {
        tcp_disconnect(sk, cx);
        sk.shutdown = Shutdown::BOTH;
        cx.mib.inc(Counter::TcpExtTCPAbortOnData);
    } else if tcp_close_state(sk, cx) {
        tcp_send_fin(sk, cx);
    }
}

/// The part of close() after it waited: the socket is an orphan.
///
/// Linux: the label adjudge_to_death of __tcp_close
fn adjudge_to_death(sk: &mut Sock, cx: &mut Cx) {
    sk.dead = true;
    cx.orphan_count += 1;
    if sk.state() == TcpState::FinWait2 {
        if sk.opts.linger2_secs.is_some_and(|secs| secs < 0) {
            sk.timers.stop_all();
            tcp_set_state(sk, Event::Abort, cx);
            tcp_send_active_reset(sk, cx);
            cx.mib.inc(Counter::TcpExtTCPAbortOnLinger);
        } else {
            let timeo = tcp_fin_time(sk, cx);
            let tw_len = cx.hz.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS);
            if timeo > tw_len {
                reset_keepalive_timer(sk, timeo - tw_len, cx);
            } else {
                return tcp_time_wait(sk, timeo, cx);
            }
        }
    }
    if sk.state() != TcpState::Close && tcp_check_oom(sk, 0, cx) {
        sk.timers.stop_all();
        tcp_set_state(sk, Event::GiveUp, cx);
        tcp_send_active_reset(sk, cx);
        cx.mib.inc(Counter::TcpExtTCPAbortOnMemory);
    }
    if sk.state() == TcpState::Close {
        inet_csk_destroy_sock(sk, cx);
    }
}

/// Whether there are more orphans than tcp_max_orphans allows, each counted 2^`shift` times, or no
/// memory for one that holds some.
///
/// Linux: tcp_check_oom, tcp_too_many_orphans (net/ipv4/tcp.c) · Differs: the count is exact.
pub(crate) fn tcp_check_oom(sk: &Sock, shift: u32, cx: &Cx) -> bool {
    let too_many = i64::from(cx.orphan_count) << shift > i64::from(cx.sysctl.tcp_max_orphans);
    (too_many && !cx.mutant(Mutant::OrphanLimitIgnored)) || tcp_out_of_memory(sk, cx)
}

/// Moves on by the table of close actions; true when a FIN has to follow.
///
/// Linux: tcp_close_state (net/ipv4/tcp.c)
fn tcp_close_state(sk: &mut Sock, cx: &mut Cx) -> bool {
    match close_action(sk.state()) {
        CloseAction::Nothing => false,
        CloseAction::Delete => {
            sk.timers.stop_all();
            tcp_write_queue_purge(sk, cx);
            tcp_set_state(sk, Event::CloseCall, cx);
            false
        }
        CloseAction::SendFin => {
            tcp_set_state(sk, Event::CloseCall, cx);
            true
        }
    }
}

/// shutdown(SHUT_WR): the FIN, in states that can still send one.
///
/// Linux: tcp_shutdown (net/ipv4/tcp.c)
pub(crate) fn tcp_shutdown_write(sk: &mut Sock, cx: &mut Cx) {
    let sends =
        matches!(sk.state(), TcpState::Established | TcpState::SynSent | TcpState::CloseWait);
    if sends && tcp_close_state(sk, cx) {
        tcp_send_fin(sk, cx);
    }
}

/// The connection is over.
///
/// Linux: tcp_done (net/ipv4/tcp.c)
pub(crate) fn tcp_done(sk: &mut Sock, event: Event, cx: &mut Cx) {
    if sk.state().is_in(StateMask::CONNECTING) {
        cx.mib.inc(Counter::TcpAttemptFails);
    }
    tcp_set_state(sk, event, cx);
    finish(sk, cx);
}

/// What is left to do once the state is CLOSE.
pub(crate) fn finish(sk: &mut Sock, cx: &mut Cx) {
    sk.timers.stop_all();
    sk.shutdown = Shutdown::BOTH;
    if sk.dead {
        inet_csk_destroy_sock(sk, cx);
    } else {
        cx.wake(sk.id, Wake::StateChange);
    }
}

/// The connection failed with `err`.
///
/// Linux: tcp_done_with_error (net/ipv4/tcp_input.c)
pub(crate) fn tcp_done_with_error(sk: &mut Sock, err: Errno, event: Event, cx: &mut Cx) {
    sk.err = Some(err);
    if !cx.mutant(Mutant::FailedDataKept) {
        tcp_write_queue_purge(sk, cx);
    }
    tcp_done(sk, event, cx);
    if !sk.dead {
        cx.wake(sk.id, Wake::Error);
    }
}

/// Nobody refers to the socket and it is closed: it can be forgotten.
///
/// Linux: inet_csk_destroy_sock (net/ipv4/inet_connection_sock.c)
fn inet_csk_destroy_sock(sk: &mut Sock, cx: &mut Cx) {
    tcp_write_queue_purge(sk, cx);
    sk.recv_queue.purge();
    tcp_fastopen_active_disable_ofo_check(sk, cx);
    sk.ofo_queue.purge();
    sk.timers.stop_all();
    cx.later(Effect::Destroy(sk.id));
}

/// A connection nobody accepted, when its listener closes.
///
/// Linux: inet_child_forget (net/ipv4/inet_connection_sock.c)
pub(crate) fn tcp_abort_child(sk: &mut Sock, cx: &mut Cx) {
    tcp_disconnect(sk, cx);
    sk.dead = true;
    cx.orphan_count += 1;
    inet_csk_destroy_sock(sk, cx);
}
