//! Acknowledgements: whether now, later or not at all, and the ones that challenge.
//!
//! RFC 9293 §3.8.6.3, RFC 5961 §7 · Linux: tcp_send_ack, tcp_send_delayed_ack
//! (net/ipv4/tcp_output.c), __tcp_ack_snd_check, tcp_send_challenge_ack (net/ipv4/tcp_input.c)

use super::options::tcp_acceptable_seq;
use super::transmit::{Outgoing, tcp_transmit_skb};
use super::window::__tcp_select_window;
use crate::accecn::tcp_send_ack_reflect_ect;
use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::sock::Sock;
use crate::sock::TCP_DELACK_MAX_MS;
use crate::sock::control_block::TCP_ATO_MIN_MS;
use crate::state::TcpState;
use crate::time::Instant;
use crate::timer::{Timer, tcp_delack_max};
use crate::wire::{Flags, Segment};

/// TCP_FASTRETRANS_THRESH
const TCP_FASTRETRANS_THRESH: u8 = 3;
/// TCP_MAX_QUICKACKS
pub(crate) const TCP_MAX_QUICKACKS: u32 = 16;

/// Linux: tcp_send_ack (net/ipv4/tcp_output.c)
pub(crate) fn tcp_send_ack(sk: &mut Sock, cx: &mut Cx) {
    __tcp_send_ack(sk, Flags::NONE, cx);
}

/// An ACK with more flags.
///
/// Linux: __tcp_send_ack (net/ipv4/tcp_output.c)
pub(crate) fn __tcp_send_ack(sk: &mut Sock, flags: Flags, cx: &mut Cx) {
    if sk.state() == TcpState::Close {
        return;
    }
    let seq = tcp_acceptable_seq(sk);
    tcp_transmit_skb(sk, Outgoing::empty(seq, Flags::ACK | flags), cx);
}

/// In an interactive session an ACK can ride on the reply.
///
/// Linux: inet_csk_in_pingpong_mode
pub(crate) fn in_pingpong_mode(sk: &Sock, cx: &Cx) -> bool {
    sk.ack.pingpong >= cx.sysctl.tcp_pingpong_thresh
}

/// Linux: tcp_in_quickack_mode (net/ipv4/tcp_input.c)
fn tcp_in_quickack_mode(sk: &Sock, cx: &Cx) -> bool {
    cx.net.route.quickack || (sk.ack.quick != 0 && !in_pingpong_mode(sk, cx))
}

/// Raises the number of immediate ACKs.
///
/// Linux: tcp_incr_quickack (net/ipv4/tcp_input.c)
pub(crate) fn tcp_incr_quickack(sk: &mut Sock, max_quickacks: u32) {
    let fit = sk.rcv.wnd.checked_div(2 * sk.ack.rcv_mss).unwrap_or(0);
    let quickacks = if fit == 0 { 2 } else { fit }.min(max_quickacks);
    sk.ack.quick = sk.ack.quick.max(u8::try_from(quickacks).unwrap_or(u8::MAX));
}

/// Linux: tcp_enter_quickack_mode (net/ipv4/tcp_input.c)
pub(crate) fn tcp_enter_quickack_mode(sk: &mut Sock, max_quickacks: u32, cx: &Cx) {
    let most = if cx.kernel.bounded_quickacks { max_quickacks } else { TCP_MAX_QUICKACKS };
    tcp_incr_quickack(sk, most);
    sk.ack.pingpong = 0;
    sk.ack.ato = cx.hz.msecs_to_jiffies(TCP_ATO_MIN_MS);
}

/// A segment was received: decides about its ACK, if one is owed.
///
/// Linux: tcp_ack_snd_check (net/ipv4/tcp_input.c)
pub(crate) fn tcp_ack_snd_check(sk: &mut Sock, cx: &mut Cx) {
    if sk.ack.sched {
        __tcp_ack_snd_check(sk, cx);
    }
}

/// RFC 5681 §4.2, [RFC9293:MUST-58] · Linux: __tcp_ack_snd_check (net/ipv4/tcp_input.c)
pub(crate) fn __tcp_ack_snd_check(sk: &mut Sock, cx: &mut Cx) {
    let more_than_one = sk.rcv.nxt - sk.rcv.wup > sk.ack.rcv_mss;
    let unread = sk.recv_queue.available();
    let worth_telling =
        more_than_one && (unread < sk.opts.rcvlowat || __tcp_select_window(sk, cx) >= sk.rcv.wnd);
    let worth_telling = worth_telling && !cx.mutant(Mutant::SecondSegmentWaits);
    if cx.mutant(Mutant::EverySegmentAcked) {
        return tcp_send_ack(sk, cx);
    }
    if worth_telling || tcp_in_quickack_mode(sk, cx) || sk.ack.now {
        return tcp_send_ack(sk, cx);
    }
    if sk.ofo_queue.is_empty() {
        return tcp_send_delayed_ack(sk, cx);
    }
    compress(sk, cx);
}

/// Holds SACKs back for a fraction of the round trip, after the first few.
///
/// Linux: the second half of __tcp_ack_snd_check
fn compress(sk: &mut Sock, cx: &mut Cx) {
    if !sk.rx_opt.sack_ok || sk.ack.compressed >= cx.sysctl.tcp_comp_sack_nr {
        return tcp_send_ack(sk, cx);
    }
    if sk.ack.compressed_rcv_nxt != sk.rcv.nxt {
        sk.ack.compressed_rcv_nxt = sk.rcv.nxt;
        sk.ack.dup_ack_counter = 0;
    }
    if sk.ack.dup_ack_counter < TCP_FASTRETRANS_THRESH && !cx.mutant(Mutant::CompressedFromFirst) {
        sk.ack.dup_ack_counter += 1;
        return tcp_send_ack(sk, cx);
    }
    sk.ack.compressed += 1;
    if sk.timers.is_armed(Timer::CompressedAck) {
        return;
    }
    let mut rtt = sk.rtt.rcv_rtt_us;
    if sk.rtt.srtt_us != 0 && sk.rtt.srtt_us < rtt {
        rtt = sk.rtt.srtt_us;
    }
    // Five per cent of the round trip, which is kept in eighths of a microsecond.
    let delay_ns = (u64::from(rtt) * (1000 >> 3) / 20).min(cx.sysctl.tcp_comp_sack_delay_ns);
    sk.timers.arm_exact(Timer::CompressedAck, cx.now.plus_nanos(delay_ns));
}

/// Schedules an ACK, or sends it if one was almost due.
///
/// [RFC9293:SHLD-18] · Linux: tcp_send_delayed_ack (net/ipv4/tcp_output.c)
pub(crate) fn tcp_send_delayed_ack(sk: &mut Sock, cx: &mut Cx) {
    let mut ato = sk.ack.ato;
    let min = cx.hz.msecs_to_jiffies(TCP_ATO_MIN_MS);
    if ato > min {
        let most = if in_pingpong_mode(sk, cx) || sk.ack.pushed { TCP_DELACK_MAX_MS } else { 500 };
        let mut max_ato = cx.hz.msecs_to_jiffies(most);
        if sk.rtt.srtt_us != 0 {
            let rtt = cx.hz.usecs_to_jiffies(u64::from(sk.rtt.srtt_us >> 3));
            max_ato = max_ato.min(rtt.max(min));
        }
        ato = ato.min(max_ato);
    }
    if !cx.mutant(Mutant::DelackUnbounded) {
        ato = ato.min(tcp_delack_max(sk, cx));
    }
    let jiffies = cx.jiffies();
    let mut timeout = jiffies.plus(ato.into());
    if sk.ack.timer {
        if sk.ack.timeout <= jiffies.plus((ato >> 2).into()) {
            return tcp_send_ack(sk, cx);
        }
        timeout = timeout.min(sk.ack.timeout);
    }
    sk.ack.sched = true;
    sk.ack.timer = true;
    sk.ack.timeout = timeout;
    sk.timers.arm(Timer::Delack, cx.wheel.at(cx.now, timeout));
}

/// Answers a suspicious segment with the present state, within limits. `reflect` says that the
/// segment was a SYN of accurate ECN, about which the flags tell.
///
/// RFC 5961 §7 · Linux: tcp_send_challenge_ack (net/ipv4/tcp_input.c)
pub(crate) fn tcp_send_challenge_ack(sk: &mut Sock, reflect: bool, cx: &mut Cx) {
    if cx.mutant(Mutant::NoChallengeAck) {
        return;
    }
    if challenge_ack_allowed(&mut sk.ack.last_oow_ack, cx) {
        tcp_send_ack_reflect_ect(sk, reflect, cx);
    }
}

/// Whether a challenge is within the limits, that of its connection and that of the host, of whatever
/// length what it answers is. Counts it.
///
/// RFC 5961 §7 · Linux: tcp_send_challenge_ack, tcp_reqsk_send_challenge_ack (net/ipv4/tcp_input.c)
pub(crate) fn challenge_ack_allowed(last: &mut Option<Instant>, cx: &mut Cx) -> bool {
    let skipped = Counter::TcpExtTCPACKSkippedChallenge;
    let allowed = !rate_limited(last, skipped, cx) && cx.take_challenge_ack();
    if allowed {
        cx.mib.inc(Counter::TcpExtTCPChallengeACK);
    }
    allowed
}

/// Whether the answer to an out-of-window segment comes too soon after the last one. Segments with
/// data are never part of an ACK loop and always answered.
///
/// Linux: tcp_oow_rate_limited (net/ipv4/tcp_input.c)
pub(crate) fn tcp_oow_rate_limited(
    last: &mut Option<Instant>,
    seg: &Segment,
    skipped: Counter,
    cx: &mut Cx,
) -> bool {
    if seg.end_seq() != seg.seq && !seg.flags.syn() && !cx.mutant(Mutant::DataAnswerLimited) {
        return false;
    }
    rate_limited(last, skipped, cx)
}

/// Linux: __tcp_oow_rate_limited (net/ipv4/tcp_input.c)
fn rate_limited(last: &mut Option<Instant>, skipped: Counter, cx: &mut Cx) -> bool {
    let limit = cx.hz.msecs_to_jiffies(cx.sysctl.tcp_invalid_ratelimit.unsigned_abs());
    if last.is_some_and(|at| cx.ticks_since(at) < limit) && !cx.mutant(Mutant::AnswersUnlimited) {
        cx.mib.inc(skipped);
        return true;
    }
    *last = Some(cx.now);
    false
}
