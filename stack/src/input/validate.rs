//! Steps 1 to 4: sequence number, RST, (security is not in Linux), SYN — and PAWS before them all.
//!
//! RFC 9293 §3.10.7.4 first to fourth, RFC 7323 §5.3, RFC 5961 §3, §4 · Linux:
//! tcp_validate_incoming, tcp_sequence, tcp_disordered_ack_check (net/ipv4/tcp_input.c)

use std::ops::ControlFlow;

use super::ack::tcp_may_update_window;
use super::data::tcp_send_dupack;
use super::reset::tcp_reset;
use super::{Disposition, DropReason, Step, drop_for};
use crate::accecn::accecn_syn;
use crate::cx::Cx;
use crate::fastopen::tcp_fastopen_active_disable;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::ack::{tcp_oow_rate_limited, tcp_send_challenge_ack};
use crate::output::window::tcp_receive_window;
use crate::seq::Seq;
use crate::sock::{EcnMode, RxOpt, Sock};
use crate::state::{Event, StateMask, TcpState};
use crate::wire::Segment;

/// TCP_PAWS_WINDOW: how much older a timestamp may be.
const TCP_PAWS_WINDOW: i32 = 1;
/// TCP_PAWS_WRAP: after so long a silence timestamps say nothing; those of microseconds go half way
/// round in that time.
const TCP_PAWS_WRAP_SECS: u64 = (i32::MAX as u64) / 1_000_000;
/// TCP_PAWS_24DAYS: the same for timestamps of milliseconds.
const TCP_PAWS_24DAYS_SECS: u64 = 60 * 60 * 24 * 24;
/// TCP_PAWS_MSL: how long a timestamp guards against resets.
const TCP_PAWS_MSL_SECS: u64 = 60;

/// States in which the peer has sent its FIN.
const FIN_RECEIVED: StateMask =
    StateMask::of(&[TcpState::CloseWait, TcpState::LastAck, TcpState::Closing]);

/// Lets a segment pass to the ACK step, or ends its way with the answer the RFCs ask for.
pub(super) fn tcp_validate_incoming(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Step {
    check_paws(sk, seg, cx)?;
    check_sequence(sk, seg, cx)?;
    check_rst(sk, seg, cx)?;
    check_syn(sk, seg, cx)
}

/// Reads the segment's timestamps into the socket.
///
/// Linux: tcp_fast_parse_options
pub(super) fn take_timestamps(sk: &mut Sock, seg: &Segment) {
    sk.rx_opt.saw_tstamp = false;
    let Some(ts) = seg.options.ts.filter(|_| sk.rx_opt.tstamp_ok) else { return };
    sk.rx_opt.saw_tstamp = true;
    sk.rx_opt.rcv_tsval = ts.val;
    // An echo is relative to the clock with our offset; zero is no echo.
    sk.rx_opt.rcv_tsecr = ts.ecr;
}

/// Remembers the timestamp to echo, if this segment covers the last ACK point. True if it is newer.
///
/// [RFC7323:4.3#2] · Linux: tcp_replace_ts_recent
pub(super) fn tcp_replace_ts_recent(sk: &mut Sock, seg: &Segment, cx: &Cx) -> bool {
    let newer = tcp_paws_check(&sk.rx_opt, 0, cx);
    let covers = !seg.seq.after(sk.rcv.wup) || cx.mutant(Mutant::TsRecentOfAny);
    sk.rx_opt.saw_tstamp && covers && newer && tcp_store_ts_recent(sk, cx)
}

/// Linux: tcp_store_ts_recent
pub(super) fn tcp_store_ts_recent(sk: &mut Sock, cx: &Cx) -> bool {
    let delta = sk.rx_opt.rcv_tsval.wrapping_sub(sk.rx_opt.ts_recent).cast_signed();
    sk.rx_opt.ts_recent = sk.rx_opt.rcv_tsval;
    sk.rx_opt.ts_recent_stamp = Some(cx.now);
    delta > 0
}

/// [RFC7323:5.3#1] Protection against wrapped sequence numbers.
fn check_paws(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Step {
    take_timestamps(sk, seg);
    if cx.mutant(Mutant::PawsOff) {
        return ControlFlow::Continue(());
    }
    if !sk.rx_opt.saw_tstamp || !tcp_paws_discard(&sk.rx_opt, cx) || seg.flags.rst() {
        return ControlFlow::Continue(());
    }
    let Some(reason) = tcp_disordered_ack_check(sk, seg, cx) else {
        return ControlFlow::Continue(());
    };
    if seg.flags.syn() && cx.kernel.paws_challenges_syn {
        return syn_challenge(sk, false, cx);
    }
    if reason == DropReason::TcpRfc7323PawsAck {
        // Overtaken ACKs are common, and answering one tells its sender nothing.
        cx.mib.inc(Counter::TcpExtPAWSOldAck);
        return drop_for(reason);
    }
    cx.mib.inc(Counter::TcpExtPAWSEstab);
    let skipped = Counter::TcpExtTCPACKSkippedPAWS;
    if !tcp_oow_rate_limited(&mut sk.ack.last_oow_ack, seg, skipped, cx) {
        tcp_send_dupack(sk, seg, cx);
    }
    drop_for(reason)
}

/// The timestamp is not older than the one remembered.
///
/// Linux: tcp_paws_check
pub(super) fn tcp_paws_check(rx_opt: &RxOpt, paws_window: i32, cx: &Cx) -> bool {
    let Some(stamp) = rx_opt.ts_recent_stamp else { return true };
    let wrap = if cx.kernel.paws_wraps_early { TCP_PAWS_WRAP_SECS } else { TCP_PAWS_24DAYS_SECS };
    let is_forgotten = cx.now.secs_since(stamp) >= wrap && !cx.mutant(Mutant::PawsForever);
    let age = rx_opt.ts_recent.wrapping_sub(rx_opt.rcv_tsval).cast_signed();
    // Some peers wrongly start with a zero timestamp on the SYN-ACK.
    age <= paws_window || is_forgotten || rx_opt.ts_recent == 0
}

/// PAWS for what is no connection yet, or none any more: there even a reset is refused, unless the
/// timestamp remembered is older than an MSL.
///
/// RFC 7323 §5.2 · Linux: tcp_paws_reject (include/net/tcp.h)
pub(super) fn tcp_paws_reject(rx_opt: &RxOpt, rst: bool, cx: &Cx) -> bool {
    let fresh = rx_opt.ts_recent_stamp.is_some_and(|at| cx.now.secs_since(at) < TCP_PAWS_MSL_SECS);
    !tcp_paws_check(rx_opt, 0, cx) && (!rst || fresh)
}

/// Linux: tcp_paws_discard
fn tcp_paws_discard(rx_opt: &RxOpt, cx: &Cx) -> bool {
    if cx.mutant(Mutant::PawsWindow) {
        return !tcp_paws_check(rx_opt, TCP_PAWS_WINDOW + 1, cx);
    }
    !tcp_paws_check(rx_opt, TCP_PAWS_WINDOW, cx)
}

/// Why PAWS drops the segment. A pure duplicate ACK that was overtaken a moment ago does no harm
/// and passes.
///
/// Linux: tcp_disordered_ack_check
fn tcp_disordered_ack_check(sk: &Sock, seg: &Segment, cx: &Cx) -> Option<DropReason> {
    if !seg.flags.ack() || seg.seq != seg.end_seq() {
        return Some(DropReason::TcpRfc7323Paws);
    }
    if seg.seq.before(sk.rcv.nxt) && cx.kernel.paws_old_ack_silent {
        return Some(DropReason::TcpRfc7323PawsAck);
    }
    let nwin = u32::from(seg.wnd) << sk.rx_opt.snd_wscale;
    let lag = sk.rx_opt.ts_recent.wrapping_sub(sk.rx_opt.rcv_tsval).cast_signed();
    let harmless = seg.seq == sk.rcv.nxt
        && seg.ack == sk.snd.una
        && !tcp_may_update_window(sk, seg, nwin, cx)
        && i64::from(lag) <= tcp_tsval_replay(sk, cx);
    (!harmless).then_some(DropReason::TcpRfc7323Paws)
}

/// How far behind a timestamp may lag within one retransmission timeout, in the peer's ticks. Some
/// systems count 1200 of them in a second.
///
/// Linux: tcp_tsval_replay
fn tcp_tsval_replay(sk: &Sock, cx: &Cx) -> i64 {
    let per_sec = if cx.kernel.tsval_replay_1200 { 1200 } else { 1024 };
    i64::from(sk.loss.rto) * per_sec / i64::from(cx.hz.per_sec())
}

/// [RFC9293:3.10.7.4#2] Step 1: the segment overlaps the window.
fn check_sequence(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Step {
    if cx.mutant(Mutant::OutsideTaken) {
        return ControlFlow::Continue(());
    }
    let Some(reason) = tcp_sequence(sk, seg, cx) else { return ControlFlow::Continue(()) };
    if seg.flags.rst() {
        if tcp_reset_check(sk, seg, cx) {
            tcp_reset(sk, Event::RecvRst, cx);
        }
        return drop_for(reason);
    }
    if seg.flags.syn() && !cx.mutant(Mutant::SynOutsideAcked) {
        return syn_challenge(sk, false, cx);
    }
    if reason != DropReason::TcpOldSequence {
        cx.mib.inc(Counter::TcpExtBeyondWindow);
    }
    let skipped = Counter::TcpExtTCPACKSkippedSeq;
    if !tcp_oow_rate_limited(&mut sk.ack.last_oow_ack, seg, skipped, cx) {
        tcp_send_dupack(sk, seg, cx);
    }
    drop_for(reason)
}

/// Why the segment lies outside the window, if it does.
///
/// Linux: tcp_sequence
fn tcp_sequence(sk: &Sock, seg: &Segment, cx: &Cx) -> Option<DropReason> {
    let (seq, end_seq) = (seg.seq, seg.end_seq());
    if end_seq.before(sk.rcv.wup) {
        return Some(DropReason::TcpOldSequence);
    }
    let wnd_end = sk.rcv.nxt + tcp_receive_window(sk);
    // The FIN itself may lie behind the edge.
    if (end_seq - u32::from(seg.flags.fin())).after(wnd_end) {
        if seq.after(wnd_end) {
            return Some(DropReason::TcpInvalidSequence);
        }
        // What overshoots is only taken into an empty queue.
        if cx.kernel.overshoot_refused && !sk.recv_queue.is_empty() {
            return Some(DropReason::TcpInvalidEndSequence);
        }
    }
    None
}

/// A reset right behind the peer's FIN is as good as one in the window.
///
/// Linux: tcp_reset_check
fn tcp_reset_check(sk: &Sock, seg: &Segment, cx: &Cx) -> bool {
    cx.kernel.rst_after_fin && seg.seq == sk.rcv.nxt - 1 && sk.state().is_in(FIN_RECEIVED)
}

/// [RFC5961:3.2#1] Step 2: a reset counts only at exactly RCV.NXT; elsewhere in the window it is
/// challenged.
fn check_rst(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Step {
    if !seg.flags.rst() {
        return ControlFlow::Continue(());
    }
    let exact = seg.seq == sk.rcv.nxt || tcp_reset_check(sk, seg, cx);
    if exact || at_right_edge_of_sack(sk, seg.seq, cx) || cx.mutant(Mutant::RstInWindow) {
        tcp_reset(sk, Event::RecvRst, cx);
        return drop_for(DropReason::TcpReset);
    }
    if sk.fastopen.syn_fastopen && sk.total.data_segs_in == 0 && sk.state() == TcpState::Established
    {
        // The data before it was swallowed.
        tcp_fastopen_active_disable(cx);
    }
    if !cx.mutant(Mutant::RstUnchallenged) {
        tcp_send_challenge_ack(sk, false, cx);
    }
    drop_for(DropReason::TcpReset)
}

/// Peers that count what we reported by SACK put their reset at its right edge.
fn at_right_edge_of_sack(sk: &Sock, seq: Seq, cx: &Cx) -> bool {
    if !cx.kernel.rst_at_sack_edge || cx.mutant(Mutant::RstAtSackEdgeChallenged) {
        return false;
    }
    let mut edges = sk.selective_acks.as_slice().iter().map(|block| block.end);
    let Some(first) = edges.next() else { return false };
    sk.rx_opt.sack_ok && seq == edges.fold(first, Seq::max)
}

/// [RFC5961:4.2#1] Step 4: a SYN on a synchronized connection is challenged, whatever its number.
fn check_syn(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Step {
    if !seg.flags.syn() {
        return ControlFlow::Continue(());
    }
    let crossed = sk.state() == TcpState::SynRecv
        && seg.flags.ack()
        && seg.seq + 1 == seg.end_seq()
        && seg.seq + 1 == sk.rcv.nxt
        && seg.ack == sk.snd.nxt;
    let reflect = sk.ecn.mode == EcnMode::AccEcn;
    if reflect {
        accecn_syn(&mut sk.ecn.acc, seg);
    }
    if crossed && !cx.mutant(Mutant::CrossedSynackChallenged) {
        // The SYN-ACK of a simultaneous open, which acknowledges ours.
        return ControlFlow::Continue(());
    }
    if cx.mutant(Mutant::SynResets) {
        tcp_reset(sk, Event::RecvRst, cx);
        return drop_for(DropReason::TcpReset);
    }
    syn_challenge(sk, reflect, cx)
}

fn syn_challenge(sk: &mut Sock, reflect: bool, cx: &mut Cx) -> Step {
    cx.mib.inc(Counter::TcpExtTCPSYNChallenge);
    if sk.state() == TcpState::Established {
        // Linux counts the error where tcp_rcv_established asks for it, and only there.
        cx.mib.inc(Counter::TcpInErrs);
    }
    tcp_send_challenge_ack(sk, reflect, cx);
    ControlFlow::Break(Disposition::Dropped(DropReason::TcpInvalidSyn))
}
