//! When data of a call was handed to the device's queue, left it, and was acknowledged.
//!
//! The mark sits on the packet that holds the last byte of the call. Linux: tcp_tx_timestamp
//! (net/ipv4/tcp.c), __skb_tstamp_tx (net/core/skbuff.c), tcp_ack_tstamp (net/ipv4/tcp_input.c),
//! tcp_fragment_tstamp, tcp_skb_collapse_tstamp (net/ipv4/tcp_output.c)

use std::net::IpAddr;

use super::flags::TsFlags;
use super::opt_stats::tcp_get_timestamping_opt_stats;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::errqueue::{ErrEntry, ExtErr, Origin, sock_queue_err_skb};
use crate::input::skb_truesize;
use crate::seq::Seq;
use crate::sock::Sock;
use crate::sock::chunk::Chunk;

/// What a packet is to report (Linux: SKBTX_*_TSTAMP and txstamp_ack).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TxStamp {
    pub(crate) sched: bool,
    pub(crate) snd: bool,
    pub(crate) ack: bool,
    /// Sequence number of the last byte of the call (Linux: tskey).
    pub(crate) key: Seq,
}

/// What a packet reports when it leaves this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Departure {
    pub(crate) stamp: TxStamp,
    /// Which of its datagrams holds the byte.
    pub(crate) index: usize,
}

/// Which moment is reported (SCM_TSTAMP_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SkbTstamp {
    Snd = 0,
    Sched = 1,
    Ack = 2,
}

impl TxStamp {
    /// Linux: tcp_has_tx_tstamp
    pub(crate) const fn is_set(self) -> bool {
        self.sched || self.snd || self.ack
    }

    /// The part of a packet from `seq` on was cut off: the mark goes where the byte is.
    ///
    /// Linux: tcp_fragment_tstamp (net/ipv4/tcp_output.c)
    pub(crate) fn split_off(&mut self, seq: Seq) -> Self {
        if self.is_set() && !self.key.before(seq) { std::mem::take(self) } else { Self::default() }
    }

    /// A packet joined the one in front of it.
    ///
    /// Linux: tcp_skb_collapse_tstamp (net/ipv4/tcp_output.c)
    pub(crate) fn collapse(&mut self, next: Self) {
        if next.is_set() {
            self.sched |= next.sched;
            self.snd |= next.snd;
            self.ack |= next.ack;
            self.key = next.key;
        }
    }
}

/// Marks the packet that holds the last byte handed over.
///
/// Linux: tcp_tx_timestamp (net/ipv4/tcp.c)
pub(crate) fn tcp_tx_timestamp(sk: &mut Sock, flags: TsFlags) {
    if flags.0 == 0 {
        return;
    }
    let Some(chunk) = sk.write_queue.last_mut() else { return };
    sk.tstamp.marked = true;
    chunk.tx.sched |= flags.has(TsFlags::TX_SCHED);
    chunk.tx.snd |= flags.has(TsFlags::TX_SOFTWARE);
    chunk.tx.ack |= flags.has(TsFlags::TX_ACK);
    if flags.has(TsFlags::TX_RECORD_MASK) {
        let fin = u32::from(chunk.flags.fin());
        chunk.tx.key = chunk.end_seq() - (fin + 1);
    }
}

/// What the packet that begins with `seq` is to report; nothing for one without data.
pub(crate) fn tx_of_packet(sk: &Sock, seq: Seq, payload_len: usize) -> Option<TxStamp> {
    if !sk.tstamp.marked || payload_len == 0 {
        return None;
    }
    sk.write_queue.chunk_at(seq).map(|chunk| chunk.tx).filter(|tx| tx.sched || tx.snd)
}

impl Sock {
    /// Reports that `packet`, which holds the byte of `tx`, reached `moment`.
    pub(crate) fn skb_tstamp_tx(
        &mut self,
        tx: TxStamp,
        moment: SkbTstamp,
        packet: &[u8],
        cx: &mut Cx,
    ) {
        let from = Some(self.flow.local.ip());
        __skb_tstamp_tx(self, tx.key, (moment, packet, from), cx);
    }
}

/// The link takes a packet.
///
/// Linux: skb_tx_timestamp (include/linux/skbuff.h), tcp_gso_tstamp (net/ipv4/tcp_offload.c)
pub(crate) fn skb_tx_timestamp(
    sk: &mut Sock,
    departure: Option<Departure>,
    datagrams: &[Vec<u8>],
    cx: &mut Cx,
) {
    let Some(Departure { stamp, index }) = departure else { return };
    if let Some(packet) = datagrams.get(index) {
        sk.skb_tstamp_tx(stamp, SkbTstamp::Snd, packet, cx);
    }
}

/// An ACK covers `chunk`: if the last byte of a call is among what is new, its time has come.
///
/// Linux: tcp_ack_tstamp (net/ipv4/tcp_input.c)
pub(crate) fn tcp_ack_tstamp(sk: &mut Sock, chunk: &Chunk, prior_snd_una: Seq, cx: &mut Cx) {
    let key = chunk.tx.key;
    if chunk.tx.ack && !key.before(prior_snd_una) && key.before(sk.snd.una) {
        __skb_tstamp_tx(sk, key, (SkbTstamp::Ack, &chunk.data, None), cx);
    }
}

/// Linux: __skb_tstamp_tx, __skb_complete_tx_timestamp (net/core/skbuff.c)
fn __skb_tstamp_tx(
    sk: &mut Sock,
    key: Seq,
    (moment, packet, from): (SkbTstamp, &[u8], Option<IpAddr>),
    cx: &mut Cx,
) {
    let flags = sk.tstamp.flags;
    let tsonly = flags.has(TsFlags::OPT_TSONLY);
    let is_stats = tsonly && flags.has(TsFlags::OPT_STATS);
    let payload = match (is_stats, tsonly) {
        (true, _) => tcp_get_timestamping_opt_stats(sk, moment, cx),
        (false, true) => Vec::new(),
        (false, false) => packet.to_vec(),
    };
    // An IPv4 socket is told the address only if it asks for control data.
    let named = !tsonly && (sk.is_v6 || flags.has(TsFlags::OPT_CMSG));
    let truesize = skb_truesize(u32::try_from(payload.len()).unwrap_or(u32::MAX / 2), cx);
    let ee = ExtErr {
        errno: Some(Errno::ENOMSG),
        origin: Origin::Timestamping,
        ty: 0,
        code: 0,
        info: moment as u32,
        data: if flags.has(TsFlags::OPT_ID) { key - sk.tstamp.tskey } else { 0 },
    };
    let entry = ErrEntry {
        ee,
        payload,
        stamp: Some(cx.now),
        is_stats,
        offender: from.filter(|_| named),
        truesize,
    };
    sock_queue_err_skb(sk, entry, cx);
}

#[cfg(test)]
mod tests;
