//! The memory of all TCP sockets together, and what becomes scarce when it is short.
//!
//! `net.ipv4.tcp_mem` has three limits, in pages: below the first there is plenty; above the second
//! there is pressure, until it is plenty again; above the third nobody gets anything. · Linux:
//! tcp_memory_allocated, __sk_mem_raise_allocated, __sk_mem_reduce_allocated (net/core/sock.c)

use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::window::rmem_alloc;
use crate::sock::Sock;
use crate::sock::chunk::SKB_OVERHEAD;
use crate::time::Instant;

const PAGE: u64 = 4096;
/// SOCK_MIN_SNDBUF: twice TCP_SKB_MIN_TRUESIZE.
pub(crate) const SOCK_MIN_SNDBUF: u32 = 4608;

/// What all sockets hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// Pages (tcp_memory_allocated).
    allocated: u64,
    /// TCP sockets there are (tcp_sockets_allocated).
    pub(crate) sockets: u64,
    /// Since when there is pressure (tcp_memory_pressure).
    pressure: Option<Instant>,
}

/// What memory is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Send,
    Recv,
}

/// Memory is short, and sockets should make do with less.
///
/// Linux: tcp_under_memory_pressure (include/net/tcp.h)
pub(crate) const fn tcp_under_memory_pressure(cx: &Cx) -> bool {
    cx.memory.pressure.is_some()
}

/// Buffers may grow for the sake of speed.
///
/// Linux: the comparison of sk_memory_allocated with sk_prot_mem_limits(sk, 0) in tcp_clamp_window
/// and tcp_should_expand_sndbuf
pub(crate) const fn is_plenty(cx: &Cx) -> bool {
    !tcp_under_memory_pressure(cx) && cx.memory.allocated < cx.sysctl.tcp_mem.min
}

/// A socket that holds more than the least takes part in a shortage beyond the last limit.
///
/// Linux: tcp_out_of_memory (net/ipv4/tcp.c)
pub(crate) fn tcp_out_of_memory(sk: &Sock, cx: &Cx) -> bool {
    wmem(sk) > SOCK_MIN_SNDBUF && cx.memory.allocated > cx.sysctl.tcp_mem.max
}

/// Whether `size` more bytes may be queued for sending.
///
/// Linux: sk_wmem_schedule (include/net/sock.h)
pub(crate) fn sk_wmem_schedule(sk: &mut Sock, size: u32, cx: &mut Cx) -> bool {
    __sk_mem_raise_allocated(sk, size, Kind::Send, cx)
}

/// Whether `size` more bytes may be received.
///
/// Linux: sk_rmem_schedule (include/net/sock.h)
pub(crate) fn sk_rmem_schedule(sk: &mut Sock, size: u32, cx: &mut Cx) -> bool {
    __sk_mem_raise_allocated(sk, size, Kind::Recv, cx)
}

/// What the pages of `sk` have left for a segment that nobody has to ask for.
///
/// Linux: sk_forward_alloc (include/net/sock.h)
pub(crate) fn sk_forward_alloc(sk: &Sock) -> u32 {
    let held = bytes(sk);
    u32::try_from(pages(held) * PAGE - held).unwrap_or(0)
}

/// How many of `copy` bytes may be queued: a socket always gets its least buffer.
///
/// Linux: tcp_wmem_schedule (net/ipv4/tcp.c)
pub(crate) fn tcp_wmem_schedule(sk: &mut Sock, copy: u32, cx: &mut Cx) -> u32 {
    if sk_wmem_schedule(sk, copy, cx) {
        return copy;
    }
    copy.min(least(cx.sysctl.tcp_wmem.min).saturating_sub(wmem(sk)))
}

/// Whether the pages that `size` more bytes take may be had. Nothing is taken yet: what is queued
/// is counted when the present function is done.
///
/// Linux: __sk_mem_raise_allocated (net/core/sock.c) · Differs: what is queued counts, rounded up
/// to pages; no socket has memory beyond that, and the count is exact.
fn __sk_mem_raise_allocated(sk: &mut Sock, size: u32, kind: Kind, cx: &mut Cx) -> bool {
    let before = pages(bytes(sk));
    let after = pages(bytes(sk) + u64::from(size));
    if before == after {
        return true;
    }
    let (limits, others) = (cx.sysctl.tcp_mem, cx.memory.allocated.saturating_sub(sk.mem_pages));
    let allocated = others + after;
    if allocated <= limits.min || cx.mutant(Mutant::TcpMemIgnored) {
        tcp_leave_memory_pressure(cx);
        return true;
    }
    if allocated > limits.default {
        tcp_enter_memory_pressure(cx);
    }
    if allocated <= limits.max {
        let has_little = match kind {
            Kind::Recv => rmem_alloc(sk) < least(cx.sysctl.tcp_rmem.min),
            Kind::Send => wmem(sk) < least(cx.sysctl.tcp_wmem.min),
        };
        // Who has less than its share of everything may have more.
        let fair = || limits.max > cx.memory.sockets.saturating_mul(before);
        if has_little || !tcp_under_memory_pressure(cx) || fair() {
            return true;
        }
    }
    if kind == Kind::Send {
        sk_stream_moderate_sndbuf(sk);
        return wmem(sk).saturating_add(size) >= sk.opts.sndbuf;
    }
    false
}

/// A sender that gets no memory makes do with half of what it uses.
///
/// Linux: sk_stream_moderate_sndbuf (include/net/sock.h)
fn sk_stream_moderate_sndbuf(sk: &mut Sock) {
    if !sk.opts.locks.sndbuf {
        sk.opts.sndbuf = sk.opts.sndbuf.min(wmem(sk) >> 1).max(SOCK_MIN_SNDBUF);
    }
}

/// Counts what `sk` holds after a function has worked on it.
///
/// Linux: sk_memory_allocated_add, __sk_mem_reduce_allocated
pub(crate) fn account(sk: &mut Sock, cx: &mut Cx) {
    let now = pages(bytes(sk));
    if now != sk.mem_pages {
        cx.memory.allocated = (cx.memory.allocated + now).saturating_sub(sk.mem_pages);
        sk.mem_pages = now;
        if cx.memory.allocated < cx.sysctl.tcp_mem.min {
            tcp_leave_memory_pressure(cx);
        }
    }
}

/// `sk` is gone with everything it held.
pub(crate) fn forget(sk: &Sock, cx: &mut Cx) {
    cx.memory.allocated = cx.memory.allocated.saturating_sub(sk.mem_pages);
}

/// The window grows no further than four segments while memory is short.
///
/// Linux: tcp_adjust_rcv_ssthresh (include/net/tcp.h)
pub(crate) fn tcp_adjust_rcv_ssthresh(sk: &mut Sock) {
    sk.rcv.rcv_ssthresh = sk.rcv.rcv_ssthresh.min(4 * sk.advmss);
}

/// Linux: tcp_enter_memory_pressure (net/ipv4/tcp.c)
fn tcp_enter_memory_pressure(cx: &mut Cx) {
    if cx.memory.pressure.is_none() {
        cx.memory.pressure = Some(cx.now);
        cx.mib.inc(Counter::TcpExtTCPMemoryPressures);
    }
}

/// Linux: tcp_leave_memory_pressure (net/ipv4/tcp.c)
fn tcp_leave_memory_pressure(cx: &mut Cx) {
    if let Some(since) = cx.memory.pressure.take() {
        let ms = cx.now.micros_since(since) / 1000;
        cx.mib.add(Counter::TcpExtTCPMemoryPressuresChrono, ms);
    }
}

/// Bytes of all queues.
fn bytes(sk: &Sock) -> u64 {
    u64::from(rmem_alloc(sk)) + u64::from(wmem(sk))
}

/// What waits to be sent or acknowledged, without looking at every segment of it.
fn wmem(sk: &Sock) -> u32 {
    let chunks = u32::try_from(sk.write_queue.chunks()).unwrap_or(u32::MAX);
    if chunks == 0 {
        return 0;
    }
    (sk.snd.write_seq - sk.snd.una).saturating_add(chunks.saturating_mul(SKB_OVERHEAD))
}

const fn pages(bytes: u64) -> u64 {
    bytes.div_ceil(PAGE)
}

fn least(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
