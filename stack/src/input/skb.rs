//! What the buffers of received data cost: memory is charged by the buffer, not by the byte.
//!
//! Linux: __alloc_skb, kmalloc_reserve (net/core/skbuff.c), tun_build_skb (drivers/net/tun.c)

use crate::cx::Cx;
use crate::kernel::{NET_SKB_PAD, SHARED_INFO, SKB_LEN, SMALL_HEAD};

/// PAGE_SIZE of the usual architectures.
const PAGE_SIZE: u32 = 4096;
/// SKB_MAX_ORDER(0, 0): payload of a buffer of one page.
pub(super) const PAGE_PAYLOAD: usize = 4096 - 320;

/// Memory the kernel charges for a received packet of `packet_len` bytes.
pub(crate) fn skb_truesize(packet_len: u32, cx: &Cx) -> u32 {
    skb_head(packet_len + NET_SKB_PAD, cx) + SKB_LEN
}

/// What a received packet of `packet_len` bytes leaves free of the memory charged for it. A packet
/// that needs more than a page is in fragments, behind which nothing is free.
pub(super) fn skb_tailroom(packet_len: u32, cx: &Cx) -> u32 {
    let used = packet_len + NET_SKB_PAD;
    if used >= PAGE_SIZE { 0 } else { skb_head(used, cx) - SHARED_INFO - used }
}

/// Memory charged for a fresh buffer of `len` bytes, at most [`PAGE_PAYLOAD`], and what of it stays free
/// once they are filled.
pub(super) fn alloc_skb(len: usize, cx: &Cx) -> (u32, u32) {
    let len = u32::try_from(len).unwrap_or(u32::MAX >> 1);
    let head = skb_head(len, cx);
    (head + SKB_LEN, head - SHARED_INFO - len)
}

/// The buffer that holds `len` bytes: one of the allocator's sizes, or whole pages.
fn skb_head(len: u32, cx: &Cx) -> u32 {
    let data = len.next_multiple_of(64) + SHARED_INFO;
    if data > PAGE_SIZE {
        return data.next_multiple_of(PAGE_SIZE);
    }
    if data <= SMALL_HEAD && cx.kernel.small_heads { SMALL_HEAD } else { data.next_power_of_two() }
}
