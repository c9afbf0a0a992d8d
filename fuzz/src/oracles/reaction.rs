//! What a TCP may do about a segment: for each state and each class of segment the allowed
//! reactions. Written from RFC 9293 §3.10.7, RFC 5961 and RFC 7323, without looking at the stack.
//!
//! A rule speaks only where the wire alone tells that it applies. What the stack acknowledged last
//! is a lower bound of its RCV.NXT, the right edge it offered is the end of its window, and what it
//! sent is its SND.NXT; between "surely old" and "surely in the window" no rule speaks.

use synproof_stack::state::TcpState;

use crate::Finding;
use crate::play::arrival::Arrival;
use crate::play::numbers::{before, later};
use crate::play::seen::{ACK, RST, SYN, Seen};
use crate::play::wire::{Property, Wire};

const TO_RESET: Property = "a reset is never answered with a reset [RFC9293:3.10.7]";
const CORRUPT: Property =
    "a segment with a wrong checksum is as if it had not come [RFC9293:MUST-3]";
const NOBODY: Property = "a segment to nobody is answered with one reset [RFC9293:3.10.7.1]";
const NOBODY_RST: Property = "a reset to nobody is dropped [RFC9293:3.10.7.1]";
const LISTEN_RST: Property = "LISTEN ignores a reset [RFC9293:3.10.7.2]";
const LISTEN_ACK: Property = "LISTEN answers an ACK with a reset [RFC9293:3.10.7.2]";
const LISTEN_SYN: Property = "LISTEN answers a SYN with a SYN-ACK or not at all [RFC9293:3.10.7.2]";
const LISTEN_REST: Property = "LISTEN drops what is neither RST, ACK nor SYN [RFC9293:3.10.7.2]";
const REQUEST: Property = "a half-open connection opens by the ACK of its SYN [RFC9293:3.10.7.4]";
const REQUEST_RST: Property =
    "a half-open connection is not reset for a segment in order [RFC9293:3.10.7.4]";
const SENT_ACK: Property = "SYN-SENT answers an unacceptable ACK with a reset [RFC9293:3.10.7.3]";
const SENT_RST: Property =
    "SYN-SENT believes a reset only with an acceptable ACK [RFC9293:3.10.7.3]";
const SENT_REST: Property = "SYN-SENT drops what is neither SYN nor RST [RFC9293:3.10.7.3]";
const SENT_OPEN: Property = "SYN-SENT opens by a SYN with an acceptable ACK [RFC9293:3.10.7.3]";
const NO_ACK: Property = "a segment without ACK, RST and SYN is dropped [RFC9293:3.10.7.4]";
const OLD: Property =
    "an unacceptable segment changes nothing and is at most acknowledged [RFC9293:3.10.7.4]";
const STALE: Property = "a segment with an old timestamp is at most acknowledged [RFC7323:5.3]";
const MUTE: Property = "an unacceptable segment or a SYN is answered [RFC9293:3.10.7.4]";
const BLIND_RST: Property = "a reset counts at RCV.NXT only [RFC5961:3.2]";
const BLIND_SYN: Property = "a SYN in a synchronized state is at most acknowledged [RFC5961:4.2]";
const UNSENT: Property = "an ACK of what was not sent changes nothing [RFC9293:3.10.7.4]";
const RESETS: Property =
    "a synchronized connection is not reset by an acceptable segment [RFC9293:3.10.7.4]";
const WAIT_RST: Property = "TIME-WAIT sends no reset [RFC9293:3.10.7.4]";
const WAIT_DATA: Property =
    "TIME-WAIT sends ACKs and answers to SYNs, nothing else [RFC9293:3.10.7.4]";

/// What is known before a segment arrives, and after.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// State of the connection before.
    pub before: TcpState,
    /// State after.
    pub after: TcpState,
    /// There is a listener for the segment.
    pub listens: bool,
    /// No limit on answers applies, as nothing was sent for a while.
    pub quiet: bool,
    /// A full accept queue may be the reason of a reset.
    pub aborts: bool,
    /// The connection on the wire, before.
    pub wire: &'a Wire,
}

/// The broken rule, if there is one. `out` is what was sent to the peer of the segment at once.
#[must_use]
pub fn judge(now: &Situation<'_>, seg: &Arrival, out: &[Seen]) -> Option<Finding> {
    let rules = if seg.corrupt {
        corrupt(now, out)
    } else if !seg.plain {
        None
    } else {
        any_state(seg, out).or_else(|| in_state(now, seg, out))
    };
    rules.map(|property| {
        let class = format!("{} {}", now.before.linux_name(), letters(seg.flags));
        let detail = format!("{seg:?}\nfound {now:?}\nwhich sent {out:?}");
        Finding::of(property, class, detail)
    })
}

fn letters(flags: u16) -> String {
    let all = [(0x01, 'F'), (0x02, 'S'), (0x04, 'R'), (0x10, '.'), (0x20, 'U')];
    all.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, letter)| letter).collect()
}

type Rule = Option<Property>;

fn unless(holds: bool, property: Property) -> Rule {
    (!holds).then_some(property)
}

fn corrupt(now: &Situation<'_>, out: &[Seen]) -> Rule {
    unless(out.is_empty() && now.before == now.after, CORRUPT)
}

fn any_state(seg: &Arrival, out: &[Seen]) -> Rule {
    unless(!seg.has(RST) || !out.iter().any(|seen| seen.has(RST)), TO_RESET)
}

fn in_state(now: &Situation<'_>, seg: &Arrival, out: &[Seen]) -> Rule {
    match now.before {
        TcpState::Close if now.listens => listen(now, seg, out),
        TcpState::Close => nobody(now, seg, out),
        TcpState::Listen => None,
        TcpState::NewSynRecv => request(now, seg, out),
        TcpState::SynSent => syn_sent(now, seg, out),
        TcpState::TimeWait => time_wait(seg, out),
        TcpState::SynRecv
        | TcpState::Established
        | TcpState::FinWait1
        | TcpState::FinWait2
        | TcpState::CloseWait
        | TcpState::LastAck
        | TcpState::Closing => synchronized(now, seg, out),
    }
}

/// The reset that answers a segment of no connection: `<SEQ=SEG.ACK><CTL=RST>`, or
/// `<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>`.
fn is_reset_to(seen: &Seen, seg: &Arrival) -> bool {
    match seg.acks() {
        Some(ack) => seen.has(RST) && !seen.has(ACK) && seen.seq == ack,
        None => seen.has(RST | ACK) && seen.seq == 0 && seen.ack == seg.end(),
    }
}

/// CLOSED.
fn nobody(now: &Situation<'_>, seg: &Arrival, out: &[Seen]) -> Rule {
    if seg.has(RST) {
        return unless(out.is_empty(), NOBODY_RST);
    }
    let answered = matches!(out, [reset] if is_reset_to(reset, seg));
    unless(answered && now.after == TcpState::Close, NOBODY)
}

fn listen(now: &Situation<'_>, seg: &Arrival, out: &[Seen]) -> Rule {
    let silent = out.is_empty() && now.after == TcpState::Close;
    if seg.has(RST) {
        return unless(silent, LISTEN_RST);
    }
    if let Some(ack) = seg.acks() {
        let cookie = !seg.has(SYN) && now.wire.may_be_cookie(seg.seq, ack);
        let reset = matches!(out, [reset] if is_reset_to(reset, seg));
        return unless(cookie || (reset && now.after == TcpState::Close), LISTEN_ACK);
    }
    if seg.has(SYN) {
        let acks_syn = |seen: &Seen| {
            let over = seen.ack.wrapping_sub(seg.seq).wrapping_sub(1);
            seen.has(SYN | ACK) && over <= seg.seg_len()
        };
        // With Fast Open the answer to the data may follow.
        return unless(out.first().is_none_or(acks_syn) && !resets(out), LISTEN_SYN);
    }
    unless(silent, LISTEN_REST)
}

fn resets(out: &[Seen]) -> bool {
    out.iter().any(|seen| seen.has(RST))
}

/// SYN-RECEIVED of a passive open, before there is a socket.
fn request(now: &Situation<'_>, seg: &Arrival, out: &[Seen]) -> Rule {
    let iss = now.wire.iss?;
    let acks_syn = seg.acks() == Some(iss.wrapping_add(1));
    let is_open = !matches!(now.after, TcpState::NewSynRecv | TcpState::Close);
    if is_open && (seg.has(RST) || !acks_syn) {
        return Some(REQUEST);
    }
    // Without its listener it is nobody's, as soon as somebody looks.
    let in_order = acks_syn && !seg.has(SYN) && seg.payload == 0 && now.listens;
    unless(!in_order || !resets(out) || now.aborts, REQUEST_RST)
}

fn syn_sent(now: &Situation<'_>, seg: &Arrival, out: &[Seen]) -> Rule {
    let iss = now.wire.iss?;
    let stays = now.after == TcpState::SynSent;
    let acceptable = |ack: u32| before(iss, ack) && !before(now.wire.snd_max, ack);
    match seg.acks() {
        Some(ack) if !acceptable(ack) => {
            if seg.has(RST) {
                return unless(stays && out.is_empty(), SENT_RST);
            }
            return unless(stays && matches!(out, [reset] if is_reset_to(reset, seg)), SENT_ACK);
        }
        None if seg.has(RST) => return unless(stays && out.is_empty(), SENT_RST),
        // What echoes a timestamp that was not sent is refused (RFC 7323 §5.2).
        Some(_) | None if seg.stamped => return None,
        Some(_) if seg.has(RST) => return unless(now.after == TcpState::Close, SENT_RST),
        Some(_) | None => {}
    }
    if !seg.has(SYN) {
        return unless(stays && out.is_empty(), SENT_REST);
    }
    let opened = !matches!(now.after, TcpState::SynSent | TcpState::SynRecv | TcpState::Close);
    let closed = now.after == TcpState::Close;
    unless((!opened || seg.has(ACK)) && !closed, SENT_OPEN)
}

/// The states with both sequence spaces.
fn synchronized(now: &Situation<'_>, seg: &Arrival, out: &[Seen]) -> Rule {
    let acked = now.wire.acked?;
    let unchanged = now.before == now.after;
    let only_acks = out.len() <= 1 && out.iter().all(Seen::is_pure_ack);
    let in_syn_recv = now.before == TcpState::SynRecv;
    if is_mute(now, seg, acked, out) {
        return Some(MUTE);
    }
    if now.wire.is_stale(seg) && !seg.has(RST) {
        let remainder = now.before == TcpState::FinWait2;
        return unless((unchanged && (only_acks || in_syn_recv)) || remainder, STALE);
    }
    if surely_outside(now.wire, seg, acked) {
        // A SYN-ACK may repeat what the peer has missed of the handshake.
        let told = only_acks || (in_syn_recv && !resets(out));
        let exception = seg.has(RST) && seg.seq == acked.wrapping_sub(1);
        return unless((unchanged && told) || exception, OLD);
    }
    if seg.has(RST) {
        return reset(now, seg, acked);
    }
    if seg.has(SYN) {
        // The SYN-ACK of a simultaneous open is no attack; an orphan's remainder may refuse.
        // The child of Fast Open that was closed before anybody acknowledged its SYN is half-open
        // still, and answers as such (Linux: tcp_check_req).
        let child = now.wire.half_open && now.before == TcpState::FinWait1;
        let may = in_syn_recv || now.before == TcpState::FinWait2 || child;
        return unless(may || (unchanged && only_acks), BLIND_SYN);
    }
    let Some(ack) = seg.acks() else { return unless(unchanged && only_acks, NO_ACK) };
    if before(now.wire.snd_max, ack) {
        let refused = in_syn_recv && matches!(out, [reset] if is_reset_to(reset, seg));
        // The remainder of an orphan has no SND.NXT any more (Linux: tcp_timewait_state_process).
        let remainder = now.before == TcpState::FinWait2;
        return unless((unchanged && only_acks) || refused || remainder, UNSENT);
    }
    // Nobody is left to read them; a FIN beyond a gap announces some.
    let closing = !matches!(now.before, TcpState::Established | TcpState::SynRecv);
    let late_data = closing && seg.seg_len() > 0;
    // TCP_LINGER2 below zero: FIN-WAIT-2 is left as soon as it is entered.
    let no_wait = now.before == TcpState::FinWait1 && ack == now.wire.snd_max;
    unless(!resets(out) || late_data || in_syn_recv || no_wait, RESETS)
}

/// What must be answered was not: a SYN (RFC 5961 §4.2), and what is unacceptable. The remainder of
/// an orphan has rules of its own, and so has a handshake; an ACK that was overtaken says nothing that
/// calls for an answer.
fn is_mute(now: &Situation<'_>, seg: &Arrival, acked: u32, out: &[Seen]) -> bool {
    let own_rules = matches!(now.before, TcpState::FinWait2 | TcpState::SynRecv);
    let stale = now.wire.is_stale(seg);
    let unacceptable = stale || surely_outside(now.wire, seg, acked);
    let overtaken = seg.stamped && seg.seg_len() == 0;
    let must = seg.has(SYN) || (seg.has(ACK) && unacceptable && !overtaken);
    now.quiet && !own_rules && must && !seg.has(RST) && !out.iter().any(|seen| seen.has(ACK))
}

/// Everything it holds was acknowledged before, or it begins beyond the window.
fn surely_outside(wire: &Wire, seg: &Arrival, acked: u32) -> bool {
    // What overshoots the window may be taken into an empty queue, with all that it holds.
    let most = wire.in_order().map_or(wire.edge, |end| later(wire.edge, end));
    let known = !wire.is_open && !wire.is_mixed;
    before(seg.end(), acked) || (known && before(most.wrapping_add(wire.slack()), seg.seq))
}

/// A reset in the window closes the connection if it is at RCV.NXT, and else asks. RCV.NXT lies
/// between the last acknowledgment and what was sent without a gap; Linux takes the end of what
/// arrived out of order as well, and the number before a FIN.
fn reset(now: &Situation<'_>, seg: &Arrival, acked: u32) -> Rule {
    let in_order = now.wire.in_order().unwrap_or(acked);
    let may_be_next = !before(seg.seq, acked.wrapping_sub(1)) && !before(in_order, seg.seq);
    // The remainder of an orphan believes any (Linux: tcp_timewait_state_process).
    let believed = may_be_next || now.wire.is_end(seg.seq) || now.before == TcpState::FinWait2;
    unless(believed || now.after == now.before, BLIND_RST)
}

fn time_wait(seg: &Arrival, out: &[Seen]) -> Rule {
    if resets(out) {
        return Some(WAIT_RST);
    }
    let answer = |seen: &Seen| seen.is_pure_ack() || (seg.has(SYN) && seen.has(SYN | ACK));
    unless(out.iter().all(answer), WAIT_DATA)
}
