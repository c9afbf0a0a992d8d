//! Which options a segment carries, in Linux's order and padding.
//!
//! RFC 9293 §3.1, RFC 7323, RFC 2018, RFC 2883 · Linux: tcp_options_write, tcp_syn_options,
//! tcp_synack_options, tcp_established_options (net/ipv4/tcp_output.c)

use crate::accecn::{
    SYNACK_ECN_BYTES, Saving, option_sent, push_accecn, tcp_options_fit_accecn, wants_option,
};
use crate::cx::Cx;
use crate::fastopen::Cookie;
use crate::mutant::Mutant;
use crate::seq::Seq;
use crate::sock::{EcnMode, RequestSock, Sock};
use crate::time::Instant;
use crate::wire::{OptionBuf, SackBlock, Ts};

/// TCPOLEN_TSTAMP_ALIGNED
pub(crate) const TSTAMP_ALIGNED: u32 = 12;
/// TCPOLEN_SACK_BASE_ALIGNED and TCPOLEN_SACK_PERBLOCK
const SACK_BASE: usize = 4;
const SACK_PERBLOCK: usize = 8;
/// MAX_TCP_OPTION_SPACE
const OPTION_SPACE: usize = 40;
/// TCPOLEN_ACCECN_BASE
const ACCECN_BASE: usize = 2;
/// SYN-ACKs with the option when SYNs cross.
const ACCECN_SYN_TRIES: u32 = 2;
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

impl SynOffer {
    /// Padding that an Accurate ECN option can take the place of.
    ///
    /// Linux: tcp_synack_options_combine_saving
    const fn saving(&self) -> Saving {
        if self.sack && self.ts.is_none() {
            Saving(2)
        } else if self.wscale.is_some() {
            Saving(1)
        } else {
            Saving(0)
        }
    }
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
pub(crate) fn tcp_syn_options(sk: &mut Sock, is_synack: bool, cx: &Cx) -> OptionBuf {
    let mss = super::mss::tcp_advertise_mss(sk, cx);
    let md5 = sk.md5_key().is_some();
    let ts = (cx.sysctl.tcp_timestamps != 0 && !md5).then(|| Ts {
        val: tcp_time_stamp(sk.total.wstamp, sk.tsoffset, cx),
        ecr: sk.rx_opt.ts_recent,
    });
    let offer = SynOffer {
        md5,
        mss: u16::try_from(mss).unwrap_or(u16::MAX),
        ts,
        sack: cx.sysctl.tcp_sack != 0 && !cx.mutant(Mutant::SackNotOffered),
        wscale: (cx.sysctl.tcp_window_scaling != 0).then_some(sk.rx_opt.rcv_wscale),
    };
    // [RFC9768:3.2.3.2.1#1] A SYN has no counters to tell; a SYN-ACK that crosses one has.
    let accecn = is_synack
        && sk.ecn.mode == EcnMode::AccEcn
        && sk.loss.retransmits < ACCECN_SYN_TRIES
        && cx.sysctl.tcp_ecn_option != 0;
    let mut buf = syn_layout(&offer, None);
    if accecn {
        buf = with_accecn(&offer, buf, 0);
        option_sent(sk, true, cx);
        return buf;
    }
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
pub(crate) fn tcp_synack_options(
    req: &RequestSock,
    mss: u32,
    is_retrans: bool,
    cx: &Cx,
) -> OptionBuf {
    let fresh = tcp_time_stamp(cx.now, req.tsoffset, cx);
    let tsval = if req.syncookie { req.snt_tsval_first } else { fresh };
    let offer = SynOffer {
        md5: req.md5_key.is_some(),
        mss: u16::try_from(mss).unwrap_or(u16::MAX),
        ts: req.rx_opt.tstamp_ok.then_some(Ts { val: tsval, ecr: req.rx_opt.ts_recent }),
        sack: req.rx_opt.sack_ok,
        wscale: req.rx_opt.wscale_ok.then_some(req.rx_opt.rcv_wscale),
    };
    let cookie = req.fastopen_cookie.as_ref();
    let mut buf = syn_layout(&offer, None);
    let reserved = cookie.map_or(0, |cookie| {
        let mut with_cookie = buf;
        push_fastopen(&mut with_cookie, cookie);
        with_cookie.padded_len() - buf.padded_len()
    });
    // [RFC9768:3.2.3.2.2#1] Without the option when it goes out again.
    if req.accecn_ok && cx.sysctl.tcp_ecn_option != 0 && !is_retrans {
        buf = with_accecn(&offer, buf, reserved);
    }
    if let Some(cookie) = cookie {
        push_fastopen(&mut buf, cookie);
    }
    buf
}

/// The options of `plain` and, if there is room beside `reserved` bytes, the counters before
/// anything has arrived.
fn with_accecn(offer: &SynOffer, plain: OptionBuf, reserved: usize) -> OptionBuf {
    let room = OPTION_SPACE.saturating_sub(plain.padded_len() + reserved);
    match tcp_options_fit_accecn(0, room, 0, offer.saving()) {
        Some((fields, _)) if room >= ACCECN_BASE => syn_layout(offer, Some(fields)),
        Some(_) | None => plain,
    }
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
pub(crate) fn tcp_established_options(sk: &Sock, cx: &Cx) -> EstablishedOptions {
    let mut buf = OptionBuf::default();
    if sk.md5_key().is_some() {
        push_unsigned(&mut buf);
    }
    if sk.rx_opt.tstamp_ok {
        let val = tcp_time_stamp(sk.total.wstamp, sk.tsoffset, cx);
        push_aligned_ts(&mut buf, Ts { val, ecr: sk.rx_opt.ts_recent });
    }
    let duplicate = sk.rx_opt.duplicate_sack.map(|(start, end)| SackBlock { start, end });
    let blocks: Vec<SackBlock> =
        duplicate.iter().chain(sk.selective_acks.as_slice()).copied().collect();
    let mut count = blocks.len().min(buf.room().saturating_sub(SACK_BASE) / SACK_PERBLOCK);
    let accecn = sk.ecn.mode == EcnMode::AccEcn && wants_option(sk, cx);
    let accecn = accecn && !cx.mutant(Mutant::AccEcnOptionMissing);
    let fields = if accecn { fit_accecn(sk, &buf, &mut count) } else { None };
    if let Some(fields) = fields {
        push_accecn(&mut buf, fields, sk.ecn.acc.received_ecn_bytes);
    }
    let over = leftover(&buf);
    if let Some(blocks) = blocks.get(..count).filter(|some| !some.is_empty()) {
        pad(&mut buf, over.map_or(2, |over| 2 - over));
        buf.push_sack(blocks);
    } else if let Some(over) = over {
        pad(&mut buf, 4 - over);
    }
    EstablishedOptions { buf, has_accecn: fields.is_some() }
}

/// How many counters of bytes there are room for; SACK blocks give way down to two.
fn fit_accecn(sk: &Sock, buf: &OptionBuf, sack_blocks: &mut usize) -> Option<u8> {
    let sack = if *sack_blocks == 0 { 0 } else { SACK_BASE + *sack_blocks * SACK_PERBLOCK };
    let room = buf.room().saturating_sub(sack);
    let saving = Saving(if *sack_blocks > 0 { 2 } else { 0 });
    let required = sk.ecn.acc.accecn_minlen;
    let (fields, blocks) = tcp_options_fit_accecn(required, room, *sack_blocks, saving)?;
    *sack_blocks = blocks;
    Some(fields)
}

/// Bytes of an option that lie in the first half of a word, where padding would be.
fn leftover(buf: &OptionBuf) -> Option<usize> {
    match buf.as_bytes().len() % 4 {
        over @ 1..=2 => Some(over),
        _ => None,
    }
}

fn pad(buf: &mut OptionBuf, count: usize) {
    for _ in 0..count {
        buf.push_nop();
    }
}

/// What a segment of an established connection carries.
pub(crate) struct EstablishedOptions {
    pub(crate) buf: OptionBuf,
    pub(crate) has_accecn: bool,
}

/// Options of an answer that belongs to no full socket (resets, TIME-WAIT, half-open ACKs). Who has no
/// timestamp of the peer to echo, or that of zero, sends none.
///
/// Linux: tcp_v4_send_ack (net/ipv4/tcp_ipv4.c), tcp_v6_send_response (net/ipv6/tcp_ipv6.c)
pub(crate) fn bare_options(ts: Option<Ts>, md5: bool) -> OptionBuf {
    let mut buf = OptionBuf::default();
    if let Some(ts) = ts.filter(|ts| ts.ecr != 0) {
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
///
/// Counters of Accurate ECN come next and may take the place of padding, except that an option of two
/// bytes cannot do so before the window scale and goes behind it.
fn syn_layout(offer: &SynOffer, accecn: Option<u8>) -> OptionBuf {
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
        None => {}
    }
    let behind = accecn == Some(0) && offer.saving() != Saving(2);
    if let Some(fields) = accecn.filter(|_| !behind) {
        push_initial(&mut buf, fields);
    }
    if offer.sack && offer.ts.is_none() {
        let over = leftover(&buf).unwrap_or(0);
        pad(&mut buf, 2 - over);
        buf.push_sack_permitted();
    }
    if let Some(shift) = offer.wscale {
        let over = leftover(&buf);
        pad(&mut buf, usize::from(over != Some(1)));
        buf.push_wscale(shift);
    }
    if behind {
        push_initial(&mut buf, 0);
    }
    let over = leftover(&buf);
    pad(&mut buf, over.map_or(0, |over| 4 - over));
    buf
}

/// Counters as they are before anything has arrived.
fn push_initial(buf: &mut OptionBuf, fields: u8) {
    push_accecn(buf, fields, SYNACK_ECN_BYTES);
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
