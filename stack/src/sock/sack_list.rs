//! The SACK blocks a receiver reports, the most recently changed one first (RFC 2018 §4).
//!
//! Linux: selective_acks[] and num_sacks, tcp_sack_new_ofo_skb, tcp_sack_maybe_coalesce,
//! tcp_sack_remove (net/ipv4/tcp_input.c). Blocks beyond the fourth are forgotten, not queued:
//! a later segment brings them back.

use crate::seq::Seq;
use crate::wire::SackBlock;

/// TCP_NUM_SACKS
const MAX: usize = 4;

/// The list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SackList {
    blocks: Vec<SackBlock>,
}

impl SackList {
    /// The blocks in the order they are reported.
    pub(crate) fn as_slice(&self) -> &[SackBlock] {
        &self.blocks
    }

    /// Forgets every block.
    pub(crate) fn clear(&mut self) {
        self.blocks.clear();
    }

    /// `start..end` went to the out-of-order queue. Returns the position of the block it joined,
    /// or how many blocks there were when it made a new one: from TCP_SACK_BLOCKS_EXPECTED on,
    /// compressed ACKs are sent at once.
    ///
    /// Linux: tcp_sack_new_ofo_skb (net/ipv4/tcp_input.c)
    pub(crate) fn add(&mut self, start: Seq, end: Seq) -> usize {
        let joined = self.blocks.iter_mut().position(|block| tcp_sack_extend(block, start, end));
        if let Some(at) = joined {
            if let Some(changed) = self.blocks.get_mut(..=at) {
                changed.rotate_right(1);
            }
            self.coalesce();
            return at;
        }
        let count = self.blocks.len();
        self.blocks.truncate(MAX - 1);
        self.blocks.insert(0, SackBlock { start, end });
        count
    }

    /// Everything before `rcv_nxt` is in order now.
    ///
    /// Linux: tcp_sack_remove (net/ipv4/tcp_input.c)
    pub(crate) fn remove_before(&mut self, rcv_nxt: Seq) {
        self.blocks.retain(|block| rcv_nxt.before(block.start));
    }

    /// The first block has grown: swallow the ones it has reached.
    ///
    /// Linux: tcp_sack_maybe_coalesce (net/ipv4/tcp_input.c)
    fn coalesce(&mut self) {
        let Some((first, rest)) = self.blocks.split_first() else { return };
        let mut grown = *first;
        let mut kept: Vec<_> = Vec::with_capacity(MAX);
        for block in rest {
            if !tcp_sack_extend(&mut grown, block.start, block.end) {
                kept.push(*block);
            }
        }
        self.blocks = std::iter::once(grown).chain(kept).collect();
    }
}

/// Grows `block` by a range that touches it; false when there is a gap between them.
///
/// Linux: tcp_sack_extend (net/ipv4/tcp_input.c)
pub(crate) fn tcp_sack_extend(block: &mut SackBlock, start: Seq, end: Seq) -> bool {
    let touches = !start.after(block.end) && !block.start.after(end);
    if touches {
        *block = SackBlock { start: block.start.min(start), end: block.end.max(end) };
    }
    touches
}

#[cfg(test)]
mod tests;
