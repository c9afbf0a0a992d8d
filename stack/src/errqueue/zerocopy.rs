//! MSG_ZEROCOPY: each call gets a number, and is completed when no packet needs its memory.
//!
//! The bytes are copied all the same, as by every device that cannot read the memory of a program
//! (loopback, TUN): once a call's data was handed to the device its completion says so.
//!
//! Linux: msg_zerocopy_realloc, msg_zerocopy_complete, skb_zerocopy_iter_stream (net/core/skbuff.c),
//! Documentation/networking/msg_zerocopy.rst

use std::collections::{BTreeSet, VecDeque};

use super::queue::{ErrEntry, ExtErr, Origin};
use crate::cx::Cx;
use crate::effect::Wake;
use crate::errno::Errno;
use crate::seq::Seq;
use crate::sock::Sock;
use crate::sock::chunk::Chunk;

/// SO_EE_CODE_ZEROCOPY_COPIED
const SO_EE_CODE_ZEROCOPY_COPIED: u8 = 1;
/// Most bytes that calls may share a completion for (byte_limit of msg_zerocopy_realloc).
const BYTE_LIMIT: usize = 1 << 19;
/// Pages that one packet can point to (MAX_SKB_FRAGS, net.core.max_skb_frags).
const MAX_SKB_FRAGS: u32 = 17;
const PAGE_SIZE: usize = 4096;
/// SKB_TRUESIZE(0): what sock_omalloc asks for.
const OMEM_WANTED: usize = 576;
/// Memory of the buffer that will carry the completion.
const OMEM_CHARGED: usize = 960;

/// Calls that are completed together (Linux: struct ubuf_info_msgzc).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Uarg {
    /// Number of the first call.
    id: u32,
    /// How many calls; 0 when the only one failed.
    len: u16,
    bytelen: usize,
    /// Nothing of it was copied.
    zerocopy: bool,
    /// Calls that are still at it.
    calls: u32,
}

/// The zero-copy side of a socket.
#[derive(Clone, Debug, Default)]
pub(crate) struct ZeroCopy {
    /// SO_ZEROCOPY
    pub(crate) on: bool,
    /// Number of the next call (sk_zckey).
    zckey: u32,
    pending: VecDeque<Uarg>,
}

impl ZeroCopy {
    /// A child of a listener has its option, and calls of its own.
    pub(crate) fn inherited(&self) -> Self {
        Self { on: self.on, ..Self::default() }
    }

    fn get_mut(&mut self, id: u32) -> Option<&mut Uarg> {
        self.pending.iter_mut().find(|uarg| uarg.id == id)
    }

    /// Numbers of waiting calls are different.
    pub(crate) fn check(&self) -> bool {
        let ids: BTreeSet<u32> = self.pending.iter().map(|uarg| uarg.id).collect();
        ids.len() == self.pending.len()
    }
}

/// One call with MSG_ZEROCOPY, as long as it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ZcCall {
    id: u32,
    /// Where the buffers of the call end, counted from the first byte.
    ends: Vec<usize>,
}

impl ZcCall {
    /// Number of the first call it shares a completion with.
    pub(crate) const fn id(&self) -> u32 {
        self.id
    }
}

/// The bytes of one call cannot go into this packet: another begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewSegment;

/// A call with MSG_ZEROCOPY begins; `ends` says where its buffers end. None if the option is off.
///
/// Linux: msg_zerocopy_realloc (net/core/skbuff.c)
pub(crate) fn msg_zerocopy_realloc(
    sk: &mut Sock,
    ends: &[usize],
    cx: &Cx,
) -> Result<Option<ZcCall>, Errno> {
    let size = ends.last().copied().unwrap_or(0);
    if !sk.zerocopy.on || size == 0 {
        return Ok(None);
    }
    let call = |id| Some(ZcCall { id, ends: ends.to_vec() });
    let next = sk.zerocopy.zckey;
    let tail = sk.write_queue.tail().and_then(|tail| tail.zcopy);
    if let Some(uarg) = tail.and_then(|id| sk.zerocopy.get_mut(id)) {
        let bytelen = uarg.bytelen.saturating_add(size);
        let full = uarg.len == u16::MAX - 1 || bytelen > BYTE_LIMIT;
        if !full && uarg.id.wrapping_add(u32::from(uarg.len)) == next {
            uarg.len += 1;
            uarg.bytelen = bytelen;
            uarg.calls += 1;
            let id = uarg.id;
            sk.zerocopy.zckey = next.wrapping_add(1);
            return Ok(call(id));
        }
    }
    let waiting = sk.zerocopy.pending.len() + sk.error_queue.count(Origin::Zerocopy);
    let optmem_max = usize::try_from(cx.sysctl.optmem_max).unwrap_or(0);
    if waiting * OMEM_CHARGED + OMEM_WANTED > optmem_max {
        return Err(Errno::ENOBUFS);
    }
    let uarg = Uarg { id: next, len: 1, bytelen: size, zerocopy: true, calls: 1 };
    sk.zerocopy.pending.push_back(uarg);
    sk.zerocopy.zckey = next.wrapping_add(1);
    Ok(call(next))
}

/// How many of the call's bytes from `at` on go into the last packet, which takes `room` more.
/// Every page of every buffer is a fragment of its own; a packet has only so many, and points to
/// the memory of one completion.
///
/// Linux: skb_zerocopy_iter_stream, zerocopy_fill_skb_from_iter (net/core/datagram.c)
pub(crate) fn skb_zerocopy_iter_stream(
    chunk: &mut Chunk,
    call: &ZcCall,
    at: usize,
    room: usize,
) -> Result<usize, NewSegment> {
    if chunk.zcopy.is_some_and(|other| other != call.id) {
        return Err(NewSegment);
    }
    let mut frags = chunk.frags;
    let mut end = at;
    let limit = at.saturating_add(room);
    while end < limit && frags < MAX_SKB_FRAGS {
        let Some(fragment) = fragment_end(&call.ends, end) else { break };
        end = fragment.min(limit);
        frags += 1;
    }
    if end == at {
        return Err(NewSegment);
    }
    chunk.frags = frags;
    chunk.zcopy = Some(call.id);
    Ok(end - at)
}

/// Where the page ends that holds byte `at`; each buffer begins on a page of its own.
fn fragment_end(ends: &[usize], at: usize) -> Option<usize> {
    let index = ends.partition_point(|end| *end <= at);
    let end = *ends.get(index)?;
    let start = index.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    let page = start + ((at - start) / PAGE_SIZE + 1) * PAGE_SIZE;
    Some(page.min(end))
}

/// A call is over. If nothing of it was taken, its number is free again.
///
/// Linux: net_zcopy_put, msg_zerocopy_put_abort
pub(crate) fn net_zcopy_put(sk: &mut Sock, call: &ZcCall, failed: bool, cx: &mut Cx) {
    let Some(uarg) = sk.zerocopy.get_mut(call.id) else { return };
    uarg.calls = uarg.calls.saturating_sub(1);
    if failed {
        uarg.len = uarg.len.saturating_sub(1);
        sk.zerocopy.zckey = sk.zerocopy.zckey.wrapping_sub(1);
    }
    msg_zerocopy_complete(sk, cx);
}

/// Data from `seq` on was handed to the device, which copied it.
///
/// Linux: skb_orphan_frags, skb_copy_ubufs
pub(crate) fn skb_copy_ubufs(sk: &mut Sock, seq: Seq) {
    if sk.zerocopy.pending.is_empty() {
        return;
    }
    let chunk = sk.write_queue.chunk_at(seq);
    let id = chunk.and_then(|chunk| chunk.zcopy);
    if let Some(uarg) = id.and_then(|id| sk.zerocopy.get_mut(id)) {
        uarg.zerocopy = false;
    }
}

/// Completes the calls whose memory no packet needs any more.
///
/// Linux: msg_zerocopy_complete, __msg_zerocopy_callback
pub(crate) fn msg_zerocopy_complete(sk: &mut Sock, cx: &mut Cx) {
    if sk.zerocopy.pending.is_empty() {
        return;
    }
    let queue = &sk.write_queue;
    let live: BTreeSet<u32> =
        queue.rtx().chain(queue.unsent()).filter_map(|chunk| chunk.zcopy).collect();
    let is_done = |uarg: &Uarg| uarg.calls == 0 && !live.contains(&uarg.id);
    let (done, pending): (Vec<_>, Vec<_>) = sk.zerocopy.pending.drain(..).partition(is_done);
    sk.zerocopy.pending = pending.into();
    let is_dead = sk.dead;
    for uarg in done.into_iter().filter(|uarg| uarg.len > 0 && !is_dead) {
        notify(sk, uarg);
        cx.wake(sk.id, Wake::Error);
    }
}

/// One message may stand for several completions that follow each other.
///
/// Linux: skb_zerocopy_notify_extend (net/core/skbuff.c)
fn notify(sk: &mut Sock, uarg: Uarg) {
    let hi = uarg.id.wrapping_add(u32::from(uarg.len) - 1);
    let tail = sk.error_queue.tail_mut().map(|tail| &mut tail.ee);
    if let Some(ee) = tail.filter(|ee| ee.origin == Origin::Zerocopy) {
        let sum = u64::from(ee.data.wrapping_sub(ee.info)) + 1 + u64::from(uarg.len);
        if sum < 1 << 32 && uarg.id == ee.data.wrapping_add(1) {
            ee.data = hi;
            return;
        }
    }
    let code = if uarg.zerocopy { 0 } else { SO_EE_CODE_ZEROCOPY_COPIED };
    let ee = ExtErr { errno: None, origin: Origin::Zerocopy, ty: 0, code, info: uarg.id, data: hi };
    sk.error_queue.push(ErrEntry {
        ee,
        payload: Vec::new(),
        stamp: None,
        is_stats: false,
        offender: None,
        truesize: 0,
    });
}

#[cfg(test)]
mod tests;
