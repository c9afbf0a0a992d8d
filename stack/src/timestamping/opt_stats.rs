//! SOF_TIMESTAMPING_OPT_STATS: how the connection is doing, in place of the packet.
//!
//! Linux: tcp_get_timestamping_opt_stats (net/ipv4/tcp.c), TCP_NLA_* (include/uapi/linux/tcp.h).
//! The delivery rate is not measured; nothing is rehashed.

use super::tx::SkbTstamp;
use crate::cx::Cx;
use crate::input::rate::tcp_compute_delivery_rate;
use crate::sock::{Chrono, Sock};

/// The numbers of the attributes (TCP_NLA_*).
#[derive(Clone, Copy)]
enum Nla {
    Busy = 1,
    RwndLimited = 2,
    SndbufLimited = 3,
    DataSegsOut = 4,
    TotalRetrans = 5,
    PacingRate = 6,
    DeliveryRate = 7,
    SndCwnd = 8,
    Reordering = 9,
    MinRtt = 10,
    RecurRetrans = 11,
    DeliveryRateAppLmt = 12,
    SndqSize = 13,
    CaState = 14,
    SndSsthresh = 15,
    Delivered = 16,
    DeliveredCe = 17,
    BytesSent = 18,
    BytesRetrans = 19,
    DsackDups = 20,
    ReordSeen = 21,
    Srtt = 22,
    TimeoutRehash = 23,
    BytesNotsent = 24,
    Edt = 25,
    Ttl = 26,
    Rehash = 27,
}

/// Attributes one after the other, each padded to four bytes (struct nlattr).
#[derive(Default)]
struct Attributes(Vec<u8>);

impl Attributes {
    fn put(&mut self, nla: Nla, value: &[u8]) -> &mut Self {
        let len = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.0.extend(len.to_ne_bytes());
        self.0.extend((nla as u16).to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    fn u8(&mut self, nla: Nla, value: u32) -> &mut Self {
        self.put(nla, &[u8::try_from(value).unwrap_or(u8::MAX)])
    }

    fn u16(&mut self, nla: Nla, value: u16) -> &mut Self {
        self.put(nla, &value.to_ne_bytes())
    }

    fn u32(&mut self, nla: Nla, value: u32) -> &mut Self {
        self.put(nla, &value.to_ne_bytes())
    }

    fn u64(&mut self, nla: Nla, value: u64) -> &mut Self {
        self.put(nla, &value.to_ne_bytes())
    }
}

/// Linux: tcp_get_timestamping_opt_stats (net/ipv4/tcp.c)
pub(super) fn tcp_get_timestamping_opt_stats(sk: &Sock, moment: SkbTstamp, cx: &Cx) -> Vec<u8> {
    let mut out = Attributes::default();
    let tick_us = u64::from(1_000_000 / cx.hz.per_sec());
    let spent = |what| sk.chrono.spent(what, cx.jiffies()) * tick_us;
    let (rwnd, sndbuf) = (spent(Chrono::RwndLimited), spent(Chrono::SndbufLimited));
    out.u64(Nla::Busy, spent(Chrono::Busy) + rwnd + sndbuf)
        .u64(Nla::RwndLimited, rwnd)
        .u64(Nla::SndbufLimited, sndbuf)
        .u64(Nla::DataSegsOut, sk.total.data_segs_out.into())
        .u64(Nla::TotalRetrans, sk.loss.total_retrans.into())
        .u64(Nla::PacingRate, sk.pacing_rate)
        .u64(Nla::DeliveryRate, tcp_compute_delivery_rate(sk))
        .u32(Nla::SndCwnd, sk.cong.cw.snd_cwnd)
        .u32(Nla::Reordering, sk.loss.reordering)
        .u32(Nla::MinRtt, sk.rtt.min_rtt_us())
        .u8(Nla::RecurRetrans, sk.loss.retransmits)
        .u8(Nla::DeliveryRateAppLmt, u32::from(sk.rate.rate_app_limited))
        .u32(Nla::SndSsthresh, sk.cong.cw.snd_ssthresh)
        .u32(Nla::Delivered, sk.total.delivered)
        .u32(Nla::DeliveredCe, sk.total.delivered_ce)
        .u32(Nla::SndqSize, sk.snd.write_seq - sk.snd.una)
        .u8(Nla::CaState, sk.loss.ca_state as u32)
        .u64(Nla::BytesSent, sk.total.bytes_sent)
        .u64(Nla::BytesRetrans, sk.total.bytes_retrans)
        .u32(Nla::DsackDups, sk.total.dsack_dups)
        .u32(Nla::ReordSeen, sk.total.reord_seen)
        .u32(Nla::Srtt, sk.rtt.srtt_us >> 3)
        .u16(Nla::TimeoutRehash, sk.loss.timeout_rehash)
        .u32(Nla::BytesNotsent, sk.snd.write_seq - sk.snd.nxt)
        .u64(Nla::Edt, sk.total.wstamp.as_nanos());
    if moment == SkbTstamp::Ack {
        out.u8(Nla::Ttl, u32::from(sk.total.rcv_ttl));
    }
    out.u32(Nla::Rehash, u32::from(sk.loss.timeout_rehash));
    out.0
}
