//! Which options a segment carries, in Linux's order and padding.
//!
//! RFC 9293 §3.1, RFC 7323, RFC 2018, RFC 2883 · Linux: tcp_options_write, tcp_syn_options,
//! tcp_synack_options, tcp_established_options (net/ipv4/tcp_output.c)

use crate::cx::Cx;
use crate::fastopen::Cookie;
use crate::seq::Seq;
use crate::sock::{RequestSock, Sock};
use crate::time::Instant;
use crate::wire::{OptionBuf, SackBlock, Ts};

/// TCPOLEN_TSTAMP_ALIGNED
pub(crate) const TSTAMP_ALIGNED: u32 = 12;
/// TCPOLEN_SACK_BASE_ALIGNED and TCPOLEN_SACK_PERBLOCK
const SACK_BASE: usize = 4;
const SACK_PERBLOCK: usize = 8;
/// TCPOLEN_FASTOPEN_BASE, TCPOLEN_EXP_FASTOPEN_BASE
const FASTOPEN_BASE: usize = 2;
const EXP_FASTOPEN_BASE: usize = 4;

/// What a SYN or SYN-ACK may offer.
struct SynOffer {
    /// A signature is filled in later.
    md5: bool,
    mss: u16,
    ts: Option<Ts>,
    sack: bool,
    wscale: Option<u8>,
}

/// The timestamp clock of a connection: milliseconds plus the connection's offset. It once was the
/// tick counter.
///
/// RFC 7323 §5.4 · Linux: tcp_time_stamp_ms
pub(crate) fn tcp_time_stamp(at: Instant, tsoffset: u32, cx: &Cx) -> u32 {
    let ticks = if cx.kernel.jiffies_timestamps { cx.hz.jiffies(at).0 } else { at.as_millis() };
    low32(ticks).wrapping_add(tsoffset)
}

/// Microseconds that so many ticks of the timestamp clock take; none if that is no round trip.
///
/// Linux: tcp_rtt_tsopt_us (net/ipv4/tcp_input.c)
pub(crate) fn tcp_rtt_tsopt_us(delta: u32, cx: &Cx) -> Option<u32> {
    let per_sec = if cx.kernel.jiffies_timestamps { cx.hz.per_sec() } else { 1000 };
    let tick_us = 1_000_000 / per_sec;
    (delta < i32::MAX.unsigned_abs() / tick_us).then(|| delta * tick_us)
}

#[expect(clippy::cast_possible_truncation, reason = "the timestamp clock wraps")]
const fn low32(ms: u64) -> u32 {
    ms as u32
}

/// Options of our SYN.
///
/// Linux: tcp_syn_options (net/ipv4/tcp_output.c)
pub(crate) fn tcp_syn_options(sk: &mut Sock, cx: &Cx) -> OptionBuf {
    let mss = super::mss::tcp_advertise_mss(sk, cx);
    let md5 = sk.md5_key().is_some();
    let ts = (cx.sysctl.tcp_timestamps != 0 && !md5)
        .then(|| Ts { val: tcp_time_stamp(cx.now, sk.tsoffset, cx), ecr: sk.rx_opt.ts_recent });
    let mut buf = syn_layout(&SynOffer {
        md5,
        mss: u16::try_from(mss).unwrap_or(u16::MAX),
        ts,
        sack: cx.sysctl.tcp_sack != 0,
        wscale: (cx.sysctl.tcp_window_scaling != 0).then_some(sk.rx_opt.rcv_wscale),
    });
    let cookie = sk.fastopen.req.as_ref().and_then(|req| req.cookie.as_ref());
    if let Some(cookie) = cookie.filter(|cookie| push_fastopen(&mut buf, cookie)) {
        sk.fastopen.syn_fastopen_exp = cookie.exp;
        sk.fastopen.syn_fastopen = true;
    }
    buf
}

/// Options of the SYN-ACK of a half-open connection.
///
/// Linux: tcp_synack_options (net/ipv4/tcp_output.c)
pub(crate) fn tcp_synack_options(req: &RequestSock, mss: u32, cx: &Cx) -> OptionBuf {
    let fresh = tcp_time_stamp(cx.now, req.tsoffset, cx);
    let tsval = if req.syncookie { req.snt_tsval_first } else { fresh };
    let mut buf = syn_layout(&SynOffer {
        md5: req.md5_key.is_some(),
        mss: u16::try_from(mss).unwrap_or(u16::MAX),
        ts: req.rx_opt.tstamp_ok.then_some(Ts { val: tsval, ecr: req.rx_opt.ts_recent }),
        sack: req.rx_opt.sack_ok,
        wscale: req.rx_opt.wscale_ok.then_some(req.rx_opt.rcv_wscale),
    });
    if let Some(cookie) = &req.fastopen_cookie {
        push_fastopen(&mut buf, cookie);
    }
    buf
}

/// A Fast Open option, if there is room for it; says whether there was.
///
/// [RFC7413:4.1.1#1] · Linux: OPTION_FAST_OPEN_COOKIE of tcp_options_write
fn push_fastopen(buf: &mut OptionBuf, cookie: &Cookie) -> bool {
    let base = if cookie.exp { EXP_FASTOPEN_BASE } else { FASTOPEN_BASE };
    let len = base + cookie.bytes.len();
    if buf.room() < len.next_multiple_of(4) {
        return false;
    }
    buf.push_fastopen(&cookie.bytes, cookie.exp);
    for _ in 0..len.next_multiple_of(4) - len {
        buf.push_nop();
    }
    true
}

/// Options of every other segment: timestamps, and as many SACK blocks as there is room for.
///
/// Linux: tcp_established_options (net/ipv4/tcp_output.c)
pub(crate) fn tcp_established_options(sk: &Sock, cx: &Cx) -> OptionBuf {
    let mut buf = OptionBuf::default();
    if sk.md5_key().is_some() {
        push_unsigned(&mut buf);
    }
    if sk.rx_opt.tstamp_ok {
        let val = tcp_time_stamp(cx.now, sk.tsoffset, cx);
        push_aligned_ts(&mut buf, Ts { val, ecr: sk.rx_opt.ts_recent });
    }
    let duplicate = sk.rx_opt.duplicate_sack.map(|(start, end)| SackBlock { start, end });
    let blocks: Vec<SackBlock> =
        duplicate.iter().chain(sk.selective_acks.as_slice()).copied().collect();
    let fit = buf.room().saturating_sub(SACK_BASE) / SACK_PERBLOCK;
    if let Some(blocks) = blocks.get(..blocks.len().min(fit)).filter(|some| !some.is_empty()) {
        buf.push_nop();
        buf.push_nop();
        buf.push_sack(blocks);
    }
    buf
}

/// Options of an answer that belongs to no full socket (resets, TIME-WAIT, half-open ACKs).
pub(crate) fn bare_options(ts: Option<Ts>, md5: bool) -> OptionBuf {
    let mut buf = OptionBuf::default();
    if let Some(ts) = ts {
        push_aligned_ts(&mut buf, ts);
    }
    if md5 {
        push_unsigned(&mut buf);
    }
    buf
}

/// Room for a signature, which is computed when the rest of the segment stands.
fn push_unsigned(buf: &mut OptionBuf) {
    buf.push_nop();
    buf.push_nop();
    buf.push_md5(&[0; 16]);
}

/// The order of tcp_options_write: SACK-permitted rides in the padding of the timestamps.
fn syn_layout(offer: &SynOffer) -> OptionBuf {
    let mut buf = OptionBuf::default();
    if offer.md5 {
        push_unsigned(&mut buf);
    }
    buf.push_mss(offer.mss);
    match offer.ts {
        Some(ts) if offer.sack => {
            buf.push_sack_permitted();
            buf.push_ts(ts);
        }
        Some(ts) => push_aligned_ts(&mut buf, ts),
        None if offer.sack => {
            buf.push_nop();
            buf.push_nop();
            buf.push_sack_permitted();
        }
        None => {}
    }
    if let Some(shift) = offer.wscale {
        buf.push_nop();
        buf.push_wscale(shift);
    }
    buf
}

fn push_aligned_ts(buf: &mut OptionBuf, ts: Ts) {
    buf.push_nop();
    buf.push_nop();
    buf.push_ts(ts);
}

/// A segment's timestamps, if the connection uses them.
pub(crate) fn time_stamp_echo(tsoffset: u32, ts_recent: u32, cx: &Cx) -> Ts {
    Ts { val: tcp_time_stamp(cx.now, tsoffset, cx), ecr: ts_recent }
}

/// The last sequence number our peer allows us to use, for segments without data.
///
/// Linux: tcp_acceptable_seq (net/ipv4/tcp_output.c)
pub(crate) fn tcp_acceptable_seq(sk: &Sock) -> Seq {
    let wnd_end = tcp_wnd_end(sk);
    let overshoot = sk.snd.nxt - wnd_end;
    let scaled_away = sk.rx_opt.wscale_ok && overshoot < 1 << sk.rx_opt.rcv_wscale;
    if !wnd_end.before(sk.snd.nxt) || scaled_away { sk.snd.nxt } else { wnd_end }
}

/// Linux: tcp_wnd_end (include/net/tcp.h)
pub(crate) fn tcp_wnd_end(sk: &Sock) -> Seq {
    sk.snd.una + sk.snd.wnd
}
