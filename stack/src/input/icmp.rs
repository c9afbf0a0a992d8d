//! ICMP errors about segments we sent.
//!
//! RFC 9293 §3.9.2.2, RFC 5927, RFC 1191, RFC 6069 · Linux: tcp_v4_err, tcp_v4_mtu_reduced,
//! tcp_ld_RTO_revert (net/ipv4/tcp_ipv4.c), tcp_v6_err (net/ipv6/tcp_ipv6.c),
//! tcp_simple_retransmit (net/ipv4/tcp_input.c)

use crate::api::close::tcp_done_with_error;
use crate::congestion::{CaState, tcp_limit_reno_sacked, tcp_mark_skb_lost, tcp_set_ca_state};
use crate::cx::Cx;
use crate::errno::Errno;
use crate::errqueue::ip_icmp_error;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::net::{Learnt, MIN_PMTU_V6};
use crate::output::clock::tcp_mstamp_refresh;
use crate::output::cwnd_validate::tcp_current_ssthresh;
use crate::output::mss::{sk_dst_check, tcp_current_mss, tcp_mtu_to_mss, tcp_sync_mss};
use crate::output::retransmit::tcp_xmit_retransmit_queue;
use crate::sock::Sock;
use crate::sock::control_block::TCP_TIMEOUT_INIT_MS;
use crate::state::{Event, StateMask, TcpState};
use crate::timer::{Timer, on_timer, tcp_reset_xmit_timer, tcp_rto_max};
use crate::wire::IcmpError;

/// IP_PMTUDISC_DONT, _WANT, _DO, _INTERFACE, _OMIT; those of IPv6 have the same numbers.
const PMTUDISC_DONT: i32 = 0;
const PMTUDISC_WANT: i32 = 1;
const PMTUDISC_DO: i32 = 2;
const PMTUDISC_INTERFACE: i32 = 4;
const PMTUDISC_OMIT: i32 = 5;
/// ip_no_pmtu_disc: the number a router names is not read; its message is ignored (icmp_unreach,
/// net/ipv4/icmp.c). The other values mean what 0 does, for TCP.
const NO_PMTU_DISC_UNREAD: u8 = 1;
const NO_PMTU_DISC_IGNORED: u8 = 2;

/// The one message about a segment that is no error.
const NDISC_REDIRECT: u8 = 137;

/// What an ICMP message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Nothing TCP listens to (redirect, source quench).
    Nothing,
    /// A segment was too large for the path.
    TooBig(u32),
    /// The destination cannot be reached, for this reason.
    Unreachable(Errno),
    /// Net or host is unreachable: the path is down, and may come back.
    PathDown(Errno),
}

/// Reads type and code of either family.
///
/// Linux: icmp_err_convert (net/ipv4/icmp.c), icmpv6_err_convert (net/ipv6/icmp.c)
pub(crate) fn meaning(icmp: &IcmpError) -> Meaning {
    if icmp.remote.is_ipv6() { meaning_v6(icmp) } else { meaning_v4(icmp) }
}

fn meaning_v4(icmp: &IcmpError) -> Meaning {
    match (icmp.ty, icmp.code) {
        (3, 0) => Meaning::PathDown(Errno::ENETUNREACH),
        (3, 1) => Meaning::PathDown(Errno::EHOSTUNREACH),
        (3, 2) => Meaning::Unreachable(Errno::ENOPROTOOPT),
        (3, 3) => Meaning::Unreachable(Errno::ECONNREFUSED),
        (3, 4) => Meaning::TooBig(icmp.mtu),
        (3, 5) => Meaning::Unreachable(Errno::EOPNOTSUPP),
        (3, 6 | 9 | 11) => Meaning::Unreachable(Errno::ENETUNREACH),
        (3, 7) => Meaning::Unreachable(Errno::EHOSTDOWN),
        (3, 8) => Meaning::Unreachable(Errno::ENONET),
        (3, 10 | 12..=15) | (11, _) => Meaning::Unreachable(Errno::EHOSTUNREACH),
        (12, _) => Meaning::Unreachable(Errno::EPROTO),
        (_, _) => Meaning::Nothing,
    }
}

fn meaning_v6(icmp: &IcmpError) -> Meaning {
    match (icmp.ty, icmp.code) {
        (1, 0) => Meaning::PathDown(Errno::ENETUNREACH),
        (1, 1 | 5 | 6) => Meaning::Unreachable(Errno::EACCES),
        (1, 2 | 3) | (3, _) => Meaning::Unreachable(Errno::EHOSTUNREACH),
        (1, 4) => Meaning::Unreachable(Errno::ECONNREFUSED),
        (2, _) => Meaning::TooBig(icmp.mtu),
        (NDISC_REDIRECT, _) => Meaning::Nothing,
        (_, _) => Meaning::Unreachable(Errno::EPROTO),
    }
}

/// The error is final (the return value of icmpv6_err_convert).
const fn is_fatal_v6(icmp: &IcmpError) -> bool {
    matches!((icmp.ty, icmp.code), (1, 1 | 4..) | (4, _))
}

/// An error about a segment of `sk`.
pub(crate) fn tcp_v4_err(sk: &mut Sock, icmp: &IcmpError, cx: &mut Cx) {
    if sk.state() == TcpState::Close {
        return;
    }
    // [RFC5927:4.1#1] Only what is in flight can be reported.
    // The SYN-ACK of a Fast Open child is, too.
    let oldest = sk.fastopen.rsk.as_ref().map_or(sk.snd.una, |req| req.snt_isn);
    let in_flight = icmp.seq.between(oldest, sk.snd.nxt) || cx.mutant(Mutant::IcmpOutsideTaken);
    if sk.state() != TcpState::Listen && !in_flight {
        cx.mib.inc(Counter::TcpExtOutOfWindowIcmps);
        return;
    }
    let err = match meaning(icmp) {
        Meaning::Nothing => return,
        Meaning::TooBig(_) if cx.mutant(Mutant::TooBigIgnored) => return,
        Meaning::TooBig(mtu) => return tcp_v4_mtu_reduced(sk, mtu, cx),
        Meaning::Unreachable(err) => err,
        Meaning::PathDown(err) => {
            // IPv6 decides about a socket that is connecting first (tcp_v6_err).
            if !sk.wire_is_v6() || !sk.state().is_in(StateMask::CONNECTING) {
                tcp_ld_rto_revert(sk, icmp, cx);
            }
            err
        }
    };
    // A Fast Open child in use is as good as connected.
    let accepted_early = sk.fastopen.rsk.is_some() && sk.parent.is_none();
    let connecting = sk.state().is_in(StateMask::CONNECTING) || cx.mutant(Mutant::IcmpEnds);
    if connecting && !accepted_early {
        ip_icmp_error(sk, icmp, err, cx);
        return tcp_done_with_error(sk, err, Event::RecvIcmpError, cx);
    }
    // [RFC9293:MUST-56] A connection that works is not given up for a soft error.
    if sk.recverr() {
        sk.report_error(err, cx);
    } else {
        sk.err_soft = Some(err);
    }
}

/// The path takes less than we sent.
///
/// RFC 1191 §6.3 · Linux: tcp_v4_mtu_reduced, tcp_v6_mtu_reduced
fn tcp_v4_mtu_reduced(sk: &mut Sock, mtu: u32, cx: &mut Cx) {
    let v6 = sk.wire_is_v6();
    if sk.state().is_in(StateMask::UNCONNECTED) || (v6 && !is_of_interest_v6(sk, mtu, cx)) {
        return;
    }
    let told = match cx.sysctl.ip_no_pmtu_disc {
        NO_PMTU_DISC_UNREAD if !v6 => 0,
        NO_PMTU_DISC_IGNORED if !v6 => return,
        _ => mtu,
    };
    let remote = sk.flow.remote.ip();
    let believed = if v6 { cx.sysctl.mtu_expires_v6 } else { cx.sysctl.mtu_expires };
    cx.net.update_pmtu(remote, told, cx.sysctl.min_pmtu, Learnt { now: cx.now, believed });
    let mtu = sk_dst_check(sk, cx);
    if !v6 && told < mtu && ip_dont_fragment(sk, cx) {
        // Something is about to be wrong: what is sent from now on will not arrive.
        sk.err_soft = Some(Errno::EMSGSIZE);
    }
    if accepts_pmtu(sk) && (v6 || sk.pmtudisc() != PMTUDISC_DONT) && sk.pmtu_cookie > mtu {
        tcp_sync_mss(sk, mtu, cx);
        if !cx.mutant(Mutant::TooBigNotResent) {
            tcp_simple_retransmit(sk, cx);
        }
    }
}

/// IPv6 never goes below its least MTU, and nothing larger than what is sent is news.
fn is_of_interest_v6(sk: &Sock, mtu: u32, cx: &Cx) -> bool {
    accepts_pmtu(sk) && mtu >= MIN_PMTU_V6 && tcp_mtu_to_mss(sk, mtu, cx) < sk.mss_cache
}

/// Linux: ip_sk_accept_pmtu (include/net/ip.h), ip6_sk_accept_pmtu (include/net/ip6_route.h)
fn accepts_pmtu(sk: &Sock) -> bool {
    !matches!(sk.pmtudisc(), PMTUDISC_INTERFACE | PMTUDISC_OMIT)
}

/// Packets carry the don't-fragment bit.
///
/// Linux: ip_dont_fragment (include/net/ip.h)
pub(crate) fn ip_dont_fragment(sk: &Sock, cx: &Cx) -> bool {
    let mode = sk.pmtudisc();
    let locked = cx.net.is_mtu_locked(sk.flow.remote.ip());
    mode == PMTUDISC_DO || (mode == PMTUDISC_WANT && !locked)
}

/// What was too large is lost, and sent again at once.
///
/// Linux: tcp_simple_retransmit
pub(crate) fn tcp_simple_retransmit(sk: &mut Sock, cx: &mut Cx) {
    let mss = tcp_current_mss(sk, cx);
    // The SYN of a Fast Open is queued without the data that made it too large.
    let everything = sk.fastopen.syn_data && sk.state() == TcpState::SynSent;
    for index in 0..sk.write_queue.rtx_len() {
        let Some(chunk) = sk.write_queue.rtx_get(index) else { break };
        let seglen = if chunk.gso_size == 0 { chunk.len() } else { chunk.gso_size };
        if everything || seglen > mss {
            tcp_mark_skb_lost(sk, index, cx);
        }
    }
    if sk.loss.lost_out == 0 {
        return;
    }
    if !sk.rx_opt.sack_ok {
        tcp_limit_reno_sacked(sk);
    }
    tcp_non_congestion_loss_retransmit(sk, cx);
}

/// Sends again what is lost for other reasons than congestion: not even the window changes, only
/// what it is counted in.
///
/// Linux: tcp_non_congestion_loss_retransmit
pub(crate) fn tcp_non_congestion_loss_retransmit(sk: &mut Sock, cx: &mut Cx) {
    if sk.loss.ca_state != CaState::Loss {
        sk.loss.high_seq = sk.snd.nxt;
        sk.cong.cw.snd_ssthresh = tcp_current_ssthresh(sk);
        if cx.mutant(Mutant::TooBigReduces) {
            sk.cong.cw.snd_cwnd = 1;
        }
        sk.loss.prior_ssthresh = 0;
        sk.loss.undo_marker = None;
        tcp_set_ca_state(sk, CaState::Loss, cx);
    }
    tcp_xmit_retransmit_queue(sk, cx);
}

/// The path is down, not congested: take one doubling of the timeout back.
///
/// RFC 6069 §3 · Linux: tcp_ld_RTO_revert
fn tcp_ld_rto_revert(sk: &mut Sock, icmp: &IcmpError, cx: &mut Cx) {
    if cx.mutant(Mutant::NoRtoRevert) {
        return;
    }
    if icmp.seq != sk.snd.una || sk.loss.retransmits == 0 || sk.loss.backoff == 0 {
        return;
    }
    let Some(sent_at) = sk.write_queue.rtx_head().map(|head| head.sent_at) else { return };
    sk.loss.backoff -= 1;
    if sk.rtt.srtt_us == 0 {
        sk.loss.rto = cx.hz.msecs_to_jiffies(TCP_TIMEOUT_INIT_MS);
    } else {
        super::rtt::tcp_set_rto(sk, cx);
    }
    let rto = u64::from(sk.loss.rto) << sk.loss.backoff.min(16);
    sk.loss.rto = u32::try_from(rto).unwrap_or(u32::MAX).min(tcp_rto_max(sk));
    tcp_mstamp_refresh(sk, cx);
    let elapsed = cx.hz.usecs_to_jiffies(cx.now.micros_since(sent_at));
    if sk.loss.rto > elapsed {
        tcp_reset_xmit_timer(sk, Timer::Retransmit, sk.loss.rto - elapsed, cx);
    } else {
        sk.timers.stop(Timer::Retransmit);
        on_timer(sk, Timer::Retransmit, cx);
    }
}

/// Whether an error ends a half-open connection.
///
/// Linux: the argument `abort` of tcp_req_err
pub(crate) fn ends_request(icmp: &IcmpError) -> bool {
    if icmp.remote.is_ipv6() {
        return is_fatal_v6(icmp);
    }
    matches!((icmp.ty, icmp.code), (3, 0 | 1) | (11 | 12, _))
}
