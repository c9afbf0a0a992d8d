//! TIME-WAIT, and FIN-WAIT-2 of an orphan.
//!
//! RFC 9293 §3.10.7.4 in TIME-WAIT, §3.6.1, RFC 1337, RFC 6191 · Linux:
//! tcp_timewait_state_process (net/ipv4/tcp_minisocks.c)

use super::request::tcp_in_window;
use super::validate::tcp_paws_reject;
use crate::cx::Cx;
use crate::mib::Counter;
use crate::output::ack::tcp_oow_rate_limited;
use crate::output::options::{bare_options, time_stamp_echo};
use crate::output::transmit::send_signed;
use crate::seq::Seq;
use crate::sock::{RxOpt, TimeWaitSock};
use crate::state::{Event, TcpState, advance};
use crate::time::timer_deadline;
use crate::timer::TCP_TIMEWAIT_LEN_MS;
use crate::wire::{Flags, Segment};

/// What to do about the segment (Linux: enum tcp_tw_status).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TwStatus {
    /// Nothing more.
    Success,
    /// Answer with an ACK.
    Ack,
    /// Answer with a reset; the remainder ends.
    Rst,
    /// The remainder ends.
    Kill,
    /// A new connection may begin, with this initial sequence number.
    Syn(Seq),
}

/// Judges a segment for the remainder of a connection.
pub(super) fn tcp_timewait_state_process(
    tw: &mut TimeWaitSock,
    seg: &Segment,
    cx: &mut Cx,
) -> TwStatus {
    let rx_opt = segment_options(tw, seg);
    let paws_reject = rx_opt.saw_tstamp && !seg.flags.rst() && tcp_paws_reject(&rx_opt, 0, cx.now);
    if tw.state() == TcpState::FinWait2 {
        return fin_wait2(tw, seg, (&rx_opt, paws_reject), cx);
    }
    let bare = seg.seq == seg.end_seq() || seg.flags.rst();
    if !paws_reject && seg.seq == tw.rcv_nxt && bare {
        if seg.flags.rst() {
            // [RFC1337:2#1] Assassination is possible, unless tcp_rfc1337 forbids it.
            if cx.sysctl.tcp_rfc1337 == 0 {
                return TwStatus::Kill;
            }
        } else {
            reschedule(tw, cx);
        }
        remember(tw, &rx_opt, cx);
        return TwStatus::Success;
    }
    let newer_ts = rx_opt.saw_tstamp && Seq(rx_opt.ts_recent).before(Seq(rx_opt.rcv_tsval));
    let is_syn = seg.flags.syn() && !seg.flags.rst() && !seg.flags.ack();
    if is_syn && !paws_reject && (seg.seq.after(tw.rcv_nxt) || newer_ts) {
        // [RFC9293:MAY-2] Beyond anything the old connection can have sent.
        let isn = tw.snd_nxt + 65_535 + 2;
        return TwStatus::Syn(if isn.0 == 0 { Seq(1) } else { isn });
    }
    if paws_reject {
        cx.mib.inc(Counter::TcpExtPAWSTimewait);
    }
    if seg.flags.rst() {
        return TwStatus::Success;
    }
    if paws_reject || seg.flags.ack() {
        reschedule(tw, cx);
    }
    answer(tw, seg, Counter::TcpExtTCPACKSkippedTimeWait, cx)
}

/// The peer's FIN has not come yet.
fn fin_wait2(
    tw: &mut TimeWaitSock,
    seg: &Segment,
    (rx_opt, paws_reject): (&RxOpt, bool),
    cx: &mut Cx,
) -> TwStatus {
    if paws_reject || !tcp_in_window(seg, tw.rcv_nxt, tw.rcv_nxt + tw.rcv_wnd) {
        return answer(tw, seg, Counter::TcpExtTCPACKSkippedFinWait2, cx);
    }
    if seg.flags.rst() {
        return TwStatus::Kill;
    }
    if seg.flags.syn() && !seg.seq.before(tw.rcv_nxt) {
        return TwStatus::Rst;
    }
    let end_seq = seg.end_seq();
    if !seg.flags.ack() || !end_seq.after(tw.rcv_nxt) || end_seq == seg.seq {
        return TwStatus::Success;
    }
    if !seg.flags.fin() || end_seq != tw.rcv_nxt + 1 {
        // Data for nobody.
        return TwStatus::Rst;
    }
    advance(&mut tw.state, tw.flow, Event::RecvFin, cx);
    tw.rcv_nxt = end_seq;
    remember(tw, rx_opt, cx);
    reschedule(tw, cx);
    TwStatus::Ack
}

fn segment_options(tw: &TimeWaitSock, seg: &Segment) -> RxOpt {
    let ts = seg.options.ts.filter(|_| tw.tstamp_ok);
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
    tw.timer = timer_deadline(cx.now, TCP_TIMEWAIT_LEN_MS);
}

/// Linux: tcp_timewait_check_oow_rate_limit
fn answer(tw: &mut TimeWaitSock, seg: &Segment, skipped: Counter, cx: &mut Cx) -> TwStatus {
    if tcp_oow_rate_limited(&mut tw.last_oow_ack, seg, skipped, cx) {
        TwStatus::Success
    } else {
        TwStatus::Ack
    }
}

/// Linux: tcp_v4_timewait_ack (net/ipv4/tcp_ipv4.c)
pub(super) fn tcp_v4_timewait_ack(tw: &TimeWaitSock, cx: &mut Cx) {
    let mut ack = Segment::new(tw.flow.local, tw.flow.remote, Flags::ACK);
    ack.seq = tw.snd_nxt;
    ack.ack = tw.rcv_nxt;
    ack.wnd = u16::try_from(tw.rcv_wnd >> tw.rcv_wscale).unwrap_or(u16::MAX);
    ack.ip.tos = tw.tos;
    ack.ip.ttl = cx.default_ttl(tw.flow.is_v6());
    let ts = tw.tstamp_ok.then(|| time_stamp_echo(cx.now, tw.tsoffset, tw.ts_recent));
    ack.option_bytes = bare_options(ts, tw.md5_key.is_some());
    send_signed(ack, tw.md5_key.as_ref(), cx);
}
