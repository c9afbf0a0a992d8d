//! TCP_INFO: the bytes of Linux's struct tcp_info.
//!
//! RFC 9293 §3.10.6 STATUS · Linux: tcp_get_info (net/ipv4/tcp.c), struct tcp_info
//! (include/uapi/linux/tcp.h).

use crate::congestion::rto_time_ms;
use crate::cx::Cx;
use crate::input::rate::tcp_compute_delivery_rate;
use crate::sock::{Chrono, EcnMode, Sock};
use crate::state::TcpState;
use crate::time::Instant;
use crate::timer::tcp_delack_max;

/// Length of struct tcp_info in Linux 6.18.
const TCP_INFO_LEN: usize = 280;
/// TCPI_OPT_*
const OPT_TIMESTAMPS: u8 = 1;
const OPT_SACK: u8 = 2;
const OPT_WSCALE: u8 = 4;
const OPT_ECN: u8 = 8;
const OPT_ECN_SEEN: u8 = 16;
const OPT_SYN_DATA: u8 = 32;
const OPT_TFO_CHILD: u8 = 128;

/// Appends fields in the structure's order.
struct Layout(Vec<u8>);

impl Layout {
    fn u8(&mut self, value: u32) -> &mut Self {
        self.0.push(u8::try_from(value).unwrap_or(u8::MAX));
        self
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend(value.to_ne_bytes());
        self
    }
}

/// The whole structure.
pub(super) fn tcp_get_info(sk: &Sock, cx: &Cx) -> Vec<u8> {
    let mut out = Layout(Vec::with_capacity(TCP_INFO_LEN));
    if sk.state() == TcpState::Listen {
        listener(sk, &mut out);
        pacing_of_listener(sk, &mut out);
    } else {
        head(sk, cx, &mut out);
        queues(sk, &mut out);
        times(sk, cx, &mut out);
        metrics(sk, &mut out);
        totals(sk, cx, &mut out);
    }
    out.0.resize(TCP_INFO_LEN, 0);
    out.0
}

/// A listener says how long its queue is, and how long it may be.
fn listener(sk: &Sock, out: &mut Layout) {
    out.u8(u32::from(sk.state().number())).u8(0).u8(0).u8(0).u8(0).u8(0).u8(0).u8(0);
    out.u32(0).u32(0).u32(0).u32(0);
    out.u32(sk.listener.backlog()).u32(sk.listener.max_backlog);
}

/// What is told in every state: window and reordering, and the rates.
fn pacing_of_listener(sk: &Sock, out: &mut Layout) {
    // tcpi_lost … tcpi_snd_ssthresh
    for _ in 0..12 {
        out.u32(0);
    }
    out.u32(sk.cong.cw.snd_cwnd).u32(0).u32(sk.loss.reordering);
    // tcpi_rcv_rtt, tcpi_rcv_space, tcpi_total_retrans
    out.u32(0).u32(0).u32(0);
    out.u64(sk.pacing_rate).u64(sk.opts.max_pacing_rate);
}

fn head(sk: &Sock, cx: &Cx, out: &mut Layout) {
    let mut options = 0;
    if sk.rx_opt.tstamp_ok {
        options |= OPT_TIMESTAMPS;
    }
    if sk.rx_opt.sack_ok {
        options |= OPT_SACK;
    }
    if sk.ecn.mode != EcnMode::Disabled {
        options |= OPT_ECN;
    }
    if sk.ecn.seen {
        options |= OPT_ECN_SEEN;
    }
    if sk.fastopen.syn_data_acked {
        options |= OPT_SYN_DATA;
    }
    if sk.fastopen.syn_fastopen_child {
        options |= OPT_TFO_CHILD;
    }
    let mut scales = 0;
    if sk.rx_opt.wscale_ok {
        options |= OPT_WSCALE;
        scales = sk.rx_opt.snd_wscale & 0xf | sk.rx_opt.rcv_wscale << 4;
    }
    out.u8(u32::from(sk.state().number()))
        .u8(sk.loss.ca_state as u32)
        .u8(sk.loss.retransmits)
        .u8(sk.loss.probes_out)
        .u8(sk.loss.backoff)
        .u8(u32::from(options))
        .u8(u32::from(scales))
        .u8(u32::from(sk.rate.rate_app_limited) | (sk.fastopen.client_fail as u32) << 1);
    let us = |ticks| u32::try_from(cx.hz.jiffies_to_usecs(ticks)).unwrap_or(u32::MAX);
    out.u32(us(sk.loss.rto))
        .u32(us(sk.ack.ato.min(tcp_delack_max(sk, cx))))
        .u32(sk.mss_cache)
        .u32(sk.ack.rcv_mss);
}

fn queues(sk: &Sock, out: &mut Layout) {
    out.u32(sk.loss.packets_out)
        .u32(sk.loss.sacked_out)
        .u32(sk.loss.lost_out)
        .u32(sk.loss.retrans_out)
        .u32(0);
}

fn times(sk: &Sock, cx: &Cx, out: &mut Layout) {
    let ago =
        |at: Instant| u32::try_from(cx.hz.jiffies_to_msecs(cx.ticks_since(at))).unwrap_or(u32::MAX);
    out.u32(ago(sk.total.lsndtime)).u32(0).u32(ago(sk.ack.lrcvtime)).u32(ago(sk.total.rcv_tstamp));
}

fn metrics(sk: &Sock, out: &mut Layout) {
    out.u32(sk.pmtu_cookie)
        .u32(sk.rcv.rcv_ssthresh)
        .u32(sk.rtt.srtt_us >> 3)
        .u32(sk.rtt.mdev_us >> 2)
        .u32(sk.cong.cw.snd_ssthresh)
        .u32(sk.cong.cw.snd_cwnd)
        .u32(sk.advmss)
        .u32(sk.loss.reordering)
        .u32(sk.rtt.rcv_rtt_us >> 3)
        .u32(sk.rtt.rcvq_space)
        .u32(sk.loss.total_retrans);
}

fn totals(sk: &Sock, cx: &Cx, out: &mut Layout) {
    out.u64(sk.pacing_rate)
        .u64(sk.opts.max_pacing_rate)
        .u64(sk.total.bytes_acked)
        .u64(sk.total.bytes_received)
        .u32(sk.total.segs_out)
        .u32(sk.total.segs_in)
        .u32(sk.snd.write_seq - sk.snd.nxt)
        .u32(sk.rtt.min_rtt_us())
        .u32(sk.total.data_segs_in)
        .u32(sk.total.data_segs_out);
    let tick_us = u64::from(1_000_000 / cx.hz.per_sec());
    let spent = |what| sk.chrono.spent(what, cx.jiffies()) * tick_us;
    let (rwnd, sndbuf) = (spent(Chrono::RwndLimited), spent(Chrono::SndbufLimited));
    out.u64(tcp_compute_delivery_rate(sk));
    out.u64(spent(Chrono::Busy) + rwnd + sndbuf).u64(rwnd).u64(sndbuf);
    out.u32(sk.total.delivered)
        .u32(sk.total.delivered_ce)
        .u64(sk.total.bytes_sent)
        .u64(sk.total.bytes_retrans)
        .u32(sk.total.dsack_dups)
        .u32(sk.total.reord_seen)
        .u32(sk.total.rcv_ooopack)
        .u32(sk.snd.wnd)
        .u32(sk.rcv.wnd)
        .u32(u32::from(sk.loss.timeout_rehash));
    let running = sk.loss.rto_stamp.map_or(0, |stamp| rto_time_ms(stamp, cx));
    out.u16(sk.loss.total_rto)
        .u16(sk.loss.total_rto_recoveries)
        .u32(sk.loss.total_rto_time.wrapping_add(running));
    accecn(sk, out);
}

/// Marks, as RFC 9768 counts them; the codepoints' order is that of the structure.
fn accecn(sk: &Sock, out: &mut Layout) {
    let acc = &sk.ecn.acc;
    out.u32(acc.received_ce);
    for [ect1, ect0, ce] in [acc.delivered_ecn_bytes, acc.received_ecn_bytes] {
        out.u32(ect1).u32(ect0).u32(ce);
    }
    out.u32(
        sk.ecn.mode as u32 | (acc.saw_accecn_opt as u32) << 2 | u32::from(acc.fail_mode.0) << 4,
    );
}
