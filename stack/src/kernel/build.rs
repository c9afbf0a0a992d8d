//! Sizes that a kernel's configuration decides, as they are taken for granted here: with tunnels and without
//! wireless, as `cargo xtask uml` builds it. With wireless meshes, as distributions have, MAX_HEADER is 176, and
//! without tunnels 32.

/// MAX_HEADER (include/linux/netdevice.h): what links and tunnels may put in front of a packet.
const MAX_HEADER: u32 = 80;
/// NET_SKB_PAD, which the TUN device reserves in front of a packet.
pub(crate) const NET_SKB_PAD: u32 = 64;
/// struct skb_shared_info, which lies at the end of a buffer.
pub(crate) const SHARED_INFO: u32 = 320;
/// struct sk_buff, aligned.
pub(crate) const SKB_LEN: u32 = 256;

/// MAX_TCP_HEADER (include/net/tcp.h): 256.
pub(crate) const MAX_TCP_HEADER: u32 = aligned(128 + MAX_HEADER);

/// SKB_SMALL_HEAD_CACHE_SIZE (net/core/skbuff.c), which must not be a power of two: 640.
pub(crate) const SMALL_HEAD: u32 = {
    let gro_max_head_pad = MAX_HEADER + 128 + NET_SKB_PAD + 2;
    let least = if gro_max_head_pad > MAX_TCP_HEADER { gro_max_head_pad } else { MAX_TCP_HEADER };
    let size = aligned(least) + SHARED_INFO;
    if size.is_power_of_two() { size + 64 } else { size }
};

/// L1_CACHE_ALIGN, SKB_DATA_ALIGN
const fn aligned(size: u32) -> u32 {
    size.next_multiple_of(64)
}
