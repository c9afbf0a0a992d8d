//! TIME-WAIT, and FIN-WAIT-2 of an orphan.
//!
//! RFC 9293 §3.10.7.4 in TIME-WAIT, §3.6.1, RFC 1337, RFC 6191 · Linux:
//! tcp_timewait_state_process (net/ipv4/tcp_minisocks.c)

use super::request::tcp_in_window;
use super::validate::tcp_paws_reject;
use crate::cx::Cx;
use crate::metrics::tcp_tw_remember_stamp;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::ack::tcp_oow_rate_limited;
use crate::output::options::{bare_options, time_stamp_echo};
use crate::output::transmit::send_signed;
use crate::seq::Seq;
use crate::sock::{RxOpt, TimeWaitSock};
use crate::state::{Event, TcpState, advance};
use crate::timer::TCP_TIMEWAIT_LEN_MS;
use crate::wire::{Flags, Segment};

/// INET_ECN_MASK
const ECN_MASK: u8 = 3;

/// What to do about the segment (Linux: enum tcp_tw_status).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TwStatus {
    /// Nothing more.
    Success,
    /// Answer with an ACK.
    Ack,
    /// Answer a segment from outside the window with an ACK (TCP_TW_ACK_OOW).
    AckOow,
    /// Answer with a reset; the remainder ends.
    Rst,
    /// The remainder ends.
    Kill,
    /// A new connection may begin, with this initial sequence number.
    Syn(Seq),
}

/// What a segment is to the remainder of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// Its timestamp is from before the end.
    Stale,
    /// A reset at exactly the next sequence number.
    Assassin,
    /// An empty segment there: the peer has nothing to say, and has not forgotten.
    Echo,
    /// The SYN of a new connection, beyond anything of the old one.
    Reopening,
    /// Any other reset.
    Reset,
    /// Any other segment with an ACK: the peer may be missing ours.
    Repeat,
    /// Any other segment.
    Stray,
}

impl Heard {
    fn of(tw: &TimeWaitSock, seg: &Segment, rx_opt: &RxOpt, cx: &Cx) -> Self {
        let reset = seg.flags.rst();
        let is_next = seg.seq == tw.rcv_nxt;
        let newer = rx_opt.saw_tstamp && Seq(rx_opt.ts_recent).before(Seq(rx_opt.rcv_tsval));
        if is_stale(rx_opt, seg, cx) {
            Self::Stale
        } else if reset {
            if is_next { Self::Assassin } else { Self::Reset }
        } else if is_next && seg.end_seq() == seg.seq {
            Self::Echo
        } else if seg.flags.ack() {
            Self::Repeat
        } else if seg.flags.syn() && (seg.seq.after(tw.rcv_nxt) || newer) {
            Self::Reopening
        } else {
            Self::Stray
        }
    }
}

fn is_stale(rx_opt: &RxOpt, seg: &Segment, cx: &Cx) -> bool {
    rx_opt.saw_tstamp && tcp_paws_reject(rx_opt, seg.flags.rst(), cx)
}

/// Judges a segment for the remainder of a connection.
pub(super) fn tcp_timewait_state_process(
    tw: &mut TimeWaitSock,
    seg: &Segment,
    cx: &mut Cx,
) -> TwStatus {
    let rx_opt = segment_options(tw, seg, cx);
    if tw.state() == TcpState::FinWait2 {
        return fin_wait2(tw, seg, &rx_opt, cx);
    }
    match Heard::of(tw, seg, &rx_opt, cx) {
        // [RFC1337:2#1] Assassination is possible, unless tcp_rfc1337 forbids it.
        Heard::Assassin if cx.mutant(Mutant::AssassinIgnored) => TwStatus::Success,
        Heard::Assassin if cx.sysctl.tcp_rfc1337 == 0 => TwStatus::Kill,
        Heard::Assassin => {
            remember(tw, &rx_opt, cx);
            TwStatus::Success
        }
        Heard::Echo => {
            reschedule(tw, cx);
            remember(tw, &rx_opt, cx);
            TwStatus::Success
        }
        Heard::Reopening if cx.mutant(Mutant::TimeWaitKeepsSyn) => TwStatus::Success,
        Heard::Reopening => TwStatus::Syn(isn_beyond(tw)),
        Heard::Reset => TwStatus::Success,
        Heard::Stale => {
            cx.mib.inc(if cx.kernel.counts_paws_timewait {
                Counter::TcpExtPAWSTimewait
            } else {
                Counter::TcpExtPAWSEstab
            });
            if seg.flags.rst() {
                return TwStatus::Success;
            }
            reschedule(tw, cx);
            tcp_timewait_check_oow_rate_limit(tw, seg, Counter::TcpExtTCPACKSkippedTimeWait, cx)
        }
        Heard::Repeat => {
            reschedule(tw, cx);
            tcp_timewait_check_oow_rate_limit(tw, seg, Counter::TcpExtTCPACKSkippedTimeWait, cx)
        }
        Heard::Stray => {
            tcp_timewait_check_oow_rate_limit(tw, seg, Counter::TcpExtTCPACKSkippedTimeWait, cx)
        }
    }
}

/// [RFC9293:MAY-2] Beyond anything the old connection can have sent; zero means none in Linux.
fn isn_beyond(tw: &TimeWaitSock) -> Seq {
    let isn = tw.snd_nxt + 65_535 + 2;
    if isn.0 == 0 { Seq(1) } else { isn }
}

/// The peer's FIN has not come yet.
fn fin_wait2(tw: &mut TimeWaitSock, seg: &Segment, rx_opt: &RxOpt, cx: &mut Cx) -> TwStatus {
    let end_seq = seg.end_seq();
    let in_window = tcp_in_window(seg, tw.rcv_nxt, tw.rcv_nxt + tw.rcv_wnd);
    if !in_window || is_stale(rx_opt, seg, cx) {
        return tcp_timewait_check_oow_rate_limit(
            tw,
            seg,
            Counter::TcpExtTCPACKSkippedFinWait2,
            cx,
        );
    }
    if seg.flags.rst() {
        return TwStatus::Kill;
    }
    if seg.flags.syn() && !seg.seq.before(tw.rcv_nxt) {
        return TwStatus::Rst;
    }
    if !seg.flags.ack() || end_seq == seg.seq || !end_seq.after(tw.rcv_nxt) {
        return TwStatus::Success;
    }
    let is_fin_alone = seg.flags.fin() && end_seq == tw.rcv_nxt + 1;
    if !is_fin_alone {
        // Data for nobody.
        let mute = cx.mutant(Mutant::OrphanDataMute);
        return if mute { TwStatus::Success } else { TwStatus::Rst };
    }
    advance(&mut tw.state, tw.flow, Event::RecvFin, cx);
    tw.rcv_nxt = end_seq;
    if rx_opt.saw_tstamp {
        tw.entry_stamp = cx.now;
    }
    remember(tw, rx_opt, cx);
    let recycles = tcp_tw_remember_stamp(tw, cx);
    let wait = if recycles { tw.timeout } else { tw_len(cx) };
    tw.timer = cx.timer(wait).due;
    TwStatus::Ack
}

/// Options are read as those of a handshake are, and so by the sysctl of the moment.
fn segment_options(tw: &TimeWaitSock, seg: &Segment, cx: &Cx) -> RxOpt {
    let ts = seg.options.ts.filter(|_| tw.tstamp_ok && cx.sysctl.tcp_timestamps != 0);
    RxOpt {
        saw_tstamp: ts.is_some(),
        rcv_tsval: ts.map_or(0, |ts| ts.val),
        rcv_tsecr: ts.map_or(0, |ts| ts.ecr),
        ts_recent: tw.ts_recent,
        ts_recent_stamp: tw.ts_recent_stamp,
        ..RxOpt::default()
    }
}

fn remember(tw: &mut TimeWaitSock, rx_opt: &RxOpt, cx: &Cx) {
    if rx_opt.saw_tstamp {
        tw.ts_recent = rx_opt.rcv_tsval;
        tw.ts_recent_stamp = Some(cx.now);
    }
}

/// [RFC9293:MUST-13] The wait starts over.
fn reschedule(tw: &mut TimeWaitSock, cx: &Cx) {
    if !cx.mutant(Mutant::TimeWaitNotRestarted) {
        tw.timer = cx.timer(tw_len(cx)).due;
    }
}

fn tw_len(cx: &Cx) -> u32 {
    cx.hz.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS)
}

/// Linux: tcp_timewait_check_oow_rate_limit
fn tcp_timewait_check_oow_rate_limit(
    tw: &mut TimeWaitSock,
    seg: &Segment,
    skipped: Counter,
    cx: &mut Cx,
) -> TwStatus {
    if cx.mutant(Mutant::TimeWaitMute) {
        return TwStatus::Success;
    }
    if tcp_oow_rate_limited(&mut tw.last_oow_ack, seg, skipped, cx) {
        TwStatus::Success
    } else {
        TwStatus::AckOow
    }
}

/// An ACK; what answers a segment from outside the window is not marked as able to carry marks.
///
/// Linux: tcp_v4_timewait_ack (net/ipv4/tcp_ipv4.c)
pub(super) fn tcp_v4_timewait_ack(tw: &TimeWaitSock, status: TwStatus, cx: &mut Cx) {
    let mut ack = Segment::new(tw.flow.local, tw.flow.remote, Flags::ACK);
    ack.seq = tw.snd_nxt;
    ack.ack = tw.rcv_nxt;
    ack.wnd = timewait_window(tw);
    ack.ip.tos = if status == TwStatus::AckOow { tw.tos & !ECN_MASK } else { tw.tos };
    ack.ip.ttl = cx.default_ttl(tw.flow.is_v6());
    let ts = tw.tstamp_ok.then(|| time_stamp_echo(tw.tsoffset, tw.ts_recent, cx));
    ack.option_bytes = bare_options(ts, tw.md5_key.is_some());
    send_signed(ack, tw.md5_key.as_ref(), tw.bound_dev_if, cx);
}

/// The window field: a window that is larger than the field can say loses its upper bits, for nothing
/// bounds it as tcp_select_window does.
fn timewait_window(tw: &TimeWaitSock) -> u16 {
    u16::try_from((tw.rcv_wnd >> tw.rcv_wscale) & u32::from(u16::MAX)).unwrap_or(u16::MAX)
}
