//! Where a segment goes: to a connection, a half-open one, a remainder, a listener, or nobody.
//!
//! RFC 9293 §3.10.7 · Linux: tcp_v4_rcv (net/ipv4/tcp_ipv4.c), tcp_v6_rcv (net/ipv6/tcp_ipv6.c)

use std::net::SocketAddr;

use super::closed::no_tcp_socket;
use super::listen::listen_state_process;
use super::request::{Holder, Verdict, tcp_check_req, tcp_v4_syn_recv_sock};
use super::state_process::tcp_rcv_state_process;
use super::syncookies::cookie_v4_check;
use super::time_wait::{TwStatus, tcp_timewait_state_process, tcp_v4_timewait_ack};
use super::{Disposition, DropReason, ResetReason};
use crate::cx::Cx;
use crate::effect::Wake;
use crate::flow::Flow;
use crate::md5::{self, Md5Keys, Signer, tcp_inbound_hash};
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::seq::Seq;
use crate::sock::kept::{IP_MINTTL, IPV6_MINHOPCOUNT};
use crate::sock::{Sock, SockId};
use crate::stack::Stack;
use crate::state::{Event, TcpState, advance};
use crate::table::Object;
use crate::trace::TraceEvent;
use crate::wire::Segment;

/// Finds who a segment is for, and hands it over.
pub(crate) fn tcp_v4_rcv(stack: &mut Stack, seg: &Segment) -> Disposition {
    stack.cx.mib.inc(Counter::TcpInSegs);
    let flow = Flow::new(seg.dst(), seg.src());
    let found = stack.lookup_established(flow);
    let state = found.and_then(|id| stack.objects.get(id)).map_or(TcpState::Close, Object::state);
    let disposition = dispatch(stack, seg, found);
    let at = stack.cx.now;
    let seq = seg.seq;
    stack.cx.trace.push(TraceEvent::SegmentIn { at, flow, seq, state, disposition });
    disposition
}

fn dispatch(stack: &mut Stack, seg: &Segment, found: Option<SockId>) -> Disposition {
    let Some(id) = found else {
        return to_listener(stack, seg, None);
    };
    match stack.objects.get(id) {
        Some(Object::Sock(_)) => {
            let checked = |sk: &mut Sock, cx: &mut Cx| {
                admit(sk, seg, cx)
                    .map_or_else(Disposition::Dropped, |()| tcp_rcv_state_process(sk, seg, cx))
            };
            stack.enter(id, checked).unwrap_or(NOBODY)
        }
        Some(Object::Request(_)) => to_request(stack, seg, id),
        Some(Object::TimeWait(_)) => to_time_wait(stack, seg, id),
        None => NOBODY,
    }
}

const NOBODY: Disposition = Disposition::Dropped(DropReason::NoSocket);

fn to_listener(stack: &mut Stack, seg: &Segment, isn: Option<Seq>) -> Disposition {
    let hash = stack.cx.rng.inet_ehashfn(seg.dst(), seg.src());
    let Some(id) = stack.lhash.lookup(seg.dst(), hash, stack.cx.dif) else {
        let signer = reset_signer(stack, seg);
        return no_tcp_socket(seg, &signer, &mut stack.cx);
    };
    tcp_v4_do_rcv_listen(stack, seg, isn, id)
}

/// Whether a socket looks at a segment at all: it must come from near enough (IP_MINTTL,
/// IPV6_MINHOPCOUNT: RFC 5082), and be signed if it has to be.
///
/// Linux: min_ttl and tcp_inbound_hash in tcp_v4_rcv, min_hopcount in tcp_v6_rcv
fn admit(sk: &Sock, seg: &Segment, cx: &mut Cx) -> Result<(), DropReason> {
    let key = if seg.ip.dst.is_ipv6() { IPV6_MINHOPCOUNT } else { IP_MINTTL };
    if i32::from(seg.ip.ttl) < sk.opts.kept.get_or(key, 0) && !cx.mutant(Mutant::MinTtlIgnored) {
        cx.mib.inc(Counter::TcpExtTCPMinTTLDrop);
        return Err(DropReason::TcpMinttl);
    }
    tcp_inbound_hash(&sk.md5, seg, cx)
}

/// A segment for a listener: the end of a handshake that a SYN cookie remembers, or a new one.
///
/// Linux: tcp_v4_do_rcv in LISTEN, tcp_get_cookie_sock (net/ipv4/syncookies.c)
fn tcp_v4_do_rcv_listen(
    stack: &mut Stack,
    seg: &Segment,
    isn: Option<Seq>,
    id: SockId,
) -> Disposition {
    let Some(listener) = stack.objects.sock(id) else { return NOBODY };
    if let Err(reason) = admit(listener, seg, &mut stack.cx) {
        return Disposition::Dropped(reason);
    }
    let Some(mut req) = cookie_v4_check(listener, seg, &mut stack.cx) else {
        return stack.enter(id, |sk, cx| listen_state_process(sk, seg, isn, cx)).unwrap_or(NOBODY);
    };
    if listener.listener.is_full() && !stack.cx.mutant(Mutant::CookieBacklogOverrun) {
        stack.cx.mib.inc(Counter::TcpExtListenOverflows);
        stack.cx.mib.inc(Counter::TcpExtListenDrops);
        advance(&mut req.state, req.flow, Event::Abort, &mut stack.cx);
        return NOBODY;
    }
    if !listener.has_route(seg.ip.src, &stack.cx) {
        advance(&mut req.state, req.flow, Event::Abort, &mut stack.cx);
        return NOBODY;
    }
    let child_id = stack.objects.reserve();
    let Some(listener) = stack.objects.sock(id) else { return NOBODY };
    let child = tcp_v4_syn_recv_sock(&mut req, seg, listener, child_id, &mut stack.cx);
    tcp_child_process(stack, seg, id, child)
}

/// Who can sign a reset that belongs to no connection.
fn reset_signer(stack: &Stack, seg: &Segment) -> Signer {
    // The port is the peer's, on purpose.
    let twin = SocketAddr::new(seg.ip.dst, seg.src_port);
    let hash = stack.cx.rng.inet_ehashfn(twin, seg.src());
    let listener = stack.lhash.lookup(twin, hash, 0).and_then(|id| stack.objects.sock(id));
    md5::signer(listener.map(|sk| &sk.md5), seg)
}

fn to_request(stack: &mut Stack, seg: &Segment, id: SockId) -> Disposition {
    let Some(mut req) = stack.objects.take_request(id) else { return NOBODY };
    let gone = Md5Keys::default();
    let keys = match stack.objects.sock(req.listener) {
        Some(listener) => Some(&listener.md5),
        // The request still asks the listener, which has lost its keys.
        None => (!stack.cx.kernel.keys_outlive_listener).then_some(&gone),
    };
    if let Some(keys) = keys
        && let Err(reason) = tcp_inbound_hash(keys, seg, &mut stack.cx)
    {
        stack.objects.put(id, Object::Request(req));
        return Disposition::Dropped(reason);
    }
    let Some(listener) = stack.listener_of(&req) else {
        advance(&mut req.state, req.flow, Event::Abort, &mut stack.cx);
        stack.forget_request(&req);
        return to_listener(stack, seg, None);
    };
    let Some(sk) = stack.objects.sock(listener) else { return NOBODY };
    req.rx_opt.user_mss = sk.rx_opt.user_mss;
    let verdict = tcp_check_req(&mut req, seg, Holder::Listener(sk), &mut stack.cx);
    match verdict {
        Verdict::Keep(disposition) => {
            stack.objects.put(id, Object::Request(req));
            disposition
        }
        Verdict::ToListener => {
            stack.objects.put(id, Object::Request(req));
            tcp_v4_do_rcv_listen(stack, seg, None, listener)
        }
        Verdict::Drop(disposition) => {
            stack.forget_request(&req);
            disposition
        }
        Verdict::Complete => {
            stack.forget_request(&req);
            if listener != req.listener {
                stack.count_migration(true);
            }
            let child_id = stack.objects.reserve();
            let Some(sk) = stack.objects.sock(listener) else { return NOBODY };
            let child = tcp_v4_syn_recv_sock(&mut req, seg, sk, child_id, &mut stack.cx);
            tcp_child_process(stack, seg, listener, child)
        }
    }
}

/// The new socket takes the segment that completed its handshake, and waits to be accepted.
///
/// Linux: tcp_child_process (net/ipv4/tcp_minisocks.c), inet_csk_complete_hashdance
fn tcp_child_process(
    stack: &mut Stack,
    seg: &Segment,
    listener: SockId,
    child: Sock,
) -> Disposition {
    let (id, flow) = (child.id, child.flow);
    stack.add_sock(child);
    stack.ehash.insert(flow, id);
    stack.ports.inherit(id, flow.local.port());
    if let Some(sk) = stack.objects.sock_mut(listener) {
        sk.listener.ready.push_back(id);
    }
    let disposition =
        stack.enter(id, |sk, cx| tcp_rcv_state_process(sk, seg, cx)).unwrap_or(NOBODY);
    let established = stack.objects.sock(id).is_some_and(|sk| sk.state() != TcpState::SynRecv);
    if established {
        stack.cx.wake(listener, Wake::Readable);
        stack.apply_effects();
    }
    disposition
}

fn to_time_wait(stack: &mut Stack, seg: &Segment, id: SockId) -> Disposition {
    let Some(mut tw) = stack.objects.take_time_wait(id) else { return NOBODY };
    let status = tcp_timewait_state_process(&mut tw, seg, &mut stack.cx);
    match status {
        TwStatus::Success | TwStatus::Ack | TwStatus::AckOow => {
            if status != TwStatus::Success {
                tcp_v4_timewait_ack(&tw, status, &mut stack.cx);
            }
            stack.objects.put(id, Object::TimeWait(tw));
            Disposition::Consumed
        }
        TwStatus::Rst => {
            no_tcp_socket(seg, &reset_signer(stack, seg), &mut stack.cx);
            advance(&mut tw.state, tw.flow, Event::Abort, &mut stack.cx);
            stack.forget_time_wait(&tw);
            Disposition::Reset(ResetReason::TcpTimewaitSocket)
        }
        TwStatus::Kill => {
            advance(&mut tw.state, tw.flow, Event::RecvRst, &mut stack.cx);
            stack.forget_time_wait(&tw);
            Disposition::Dropped(DropReason::TcpReset)
        }
        TwStatus::Syn(isn) => {
            let hash = stack.cx.rng.inet_ehashfn(seg.dst(), seg.src());
            if stack.lhash.lookup(seg.dst(), hash, stack.cx.dif).is_none() {
                tcp_v4_timewait_ack(&tw, status, &mut stack.cx);
                stack.objects.put(id, Object::TimeWait(tw));
                return Disposition::Consumed;
            }
            advance(&mut tw.state, tw.flow, Event::RecvSyn, &mut stack.cx);
            stack.forget_time_wait(&tw);
            to_listener(stack, seg, Some(isn))
        }
    }
}
