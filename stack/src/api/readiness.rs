//! What poll reports of a socket.
//!
//! Linux: tcp_poll (net/ipv4/tcp.c)

use super::send::sk_stream_is_writeable;
use crate::cx::Cx;
use crate::effect::Wake;
use crate::fastopen::tcp_passive_fastopen;
use crate::memory::tcp_under_memory_pressure;
use crate::mutant::Mutant;
use crate::output::window::tcp_receive_window;
use crate::sock::Sock;
use crate::sock::control_block::UrgData;
use crate::state::{StateMask, TcpState};

pub(crate) const POLLIN: u32 = 0x001;
pub(crate) const POLLPRI: u32 = 0x002;
pub(crate) const POLLOUT: u32 = 0x004;
pub(crate) const POLLERR: u32 = 0x008;
pub(crate) const POLLHUP: u32 = 0x010;
pub(crate) const POLLNVAL: u32 = 0x020;
pub(crate) const POLLRDNORM: u32 = 0x040;
pub(crate) const POLLWRNORM: u32 = 0x100;
pub(crate) const POLLRDHUP: u32 = 0x2000;

/// Events that are true now.
pub(super) fn tcp_poll(sk: &mut Sock, cx: &Cx) -> u32 {
    let state = sk.state();
    if state == TcpState::Listen {
        return if sk.listener.ready.is_empty() { 0 } else { POLLIN | POLLRDNORM };
    }
    let mut mask = 0;
    if sk.shutdown.is_both() || state == TcpState::Close {
        mask |= POLLHUP;
    }
    if sk.shutdown.rcv {
        mask |= POLLIN | POLLRDNORM | POLLRDHUP;
    }
    if !state.is_in(StateMask::CONNECTING) || tcp_passive_fastopen(sk) {
        mask |= readable(sk, cx) | writable(sk, cx);
        if let UrgData::Valid(_) = sk.rcv.urg_data {
            mask |= POLLPRI;
        }
    } else if state == TcpState::SynSent && sk.fastopen.defer_connect {
        // The first write sends the SYN.
        mask |= POLLOUT | POLLWRNORM;
    }
    if (sk.err.is_some() || !sk.error_queue.is_empty()) && !cx.mutant(Mutant::ErrorNotPolled) {
        mask |= POLLERR;
    }
    mask
}

/// Linux: tcp_stream_is_readable
fn readable(sk: &Sock, cx: &Cx) -> u32 {
    let mut target = sk.opts.rcvlowat;
    if cx.mutant(Mutant::LowatNotPolled) {
        target = 1;
    }
    if sk.rcv.urg_data != UrgData::None
        && sk.rcv.urg_seq == sk.recv_queue.copied_seq()
        && !sk.opts.oobinline
    {
        target += 1;
    }
    if tcp_epollin_ready(sk, target, cx) { POLLIN | POLLRDNORM } else { 0 }
}

/// So much can be read that somebody should, or the peer cannot send more until somebody does.
///
/// Linux: tcp_epollin_ready (include/net/tcp.h)
pub(crate) fn tcp_epollin_ready(sk: &Sock, target: u32, cx: &Cx) -> bool {
    let avail = sk.rcv.nxt - sk.recv_queue.copied_seq();
    let urgent = tcp_under_memory_pressure(cx) || tcp_receive_window(sk) <= sk.ack.rcv_mss;
    avail > 0 && (avail >= target || urgent)
}

/// Wakes readers if there is enough for them.
///
/// Linux: tcp_data_ready (net/ipv4/tcp_input.c)
pub(crate) fn tcp_data_ready(sk: &Sock, cx: &mut Cx) {
    if tcp_epollin_ready(sk, sk.opts.rcvlowat, cx) || sk.done {
        cx.wake(sk.id, Wake::Readable);
    }
}

fn writable(sk: &mut Sock, cx: &Cx) -> u32 {
    if sk.shutdown.snd && !cx.mutant(Mutant::ShutNotWritable) {
        return POLLOUT | POLLWRNORM;
    }
    if sk_stream_is_writeable(sk, cx) {
        return POLLOUT | POLLWRNORM;
    }
    // Who is told "not now" wants to hear of it later.
    sk.nospace = true;
    0
}
