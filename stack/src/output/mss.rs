//! How large a segment may be: path MTU, the peer's MSS, options, and half the peer's window.
//!
//! RFC 9293 §3.7.1, RFC 1191 · Linux: tcp_sync_mss, tcp_current_mss (net/ipv4/tcp_output.c),
//! tcp_send_mss (net/ipv4/tcp.c)

use std::net::IpAddr;

use super::options::tcp_established_options;

use crate::cx::Cx;
use crate::mutant::Mutant;
use crate::net::{TCP_HEADER_LEN, header_len};
use crate::sock::Sock;
use crate::sock::control_block::{TCP_MIN_MSS, TCP_MSS_DEFAULT};

/// GSO_LEGACY_MAX_SIZE less the room Linux keeps for headers (sk_setup_caps: MAX_TCP_HEADER + 1).
pub(crate) const GSO_MAX_SIZE: u32 = 65_536 - 320 - 1;

/// Largest payload for a path of `pmtu` bytes, options of variable length not counted.
///
/// Linux: tcp_mtu_to_mss (net/ipv4/tcp_output.c)
pub(crate) fn tcp_mtu_to_mss(sk: &Sock, pmtu: u32, cx: &Cx) -> u32 {
    __tcp_mtu_to_mss(sk, pmtu, cx).saturating_sub(sk.tcp_header_len - TCP_HEADER_LEN)
}

/// Largest payload for a path of `pmtu` bytes and no options.
///
/// Linux: __tcp_mtu_to_mss (net/ipv4/tcp_output.c)
pub(crate) fn __tcp_mtu_to_mss(sk: &Sock, pmtu: u32, cx: &Cx) -> u32 {
    let floor = cx.sysctl.tcp_min_snd_mss.unsigned_abs();
    let header = header_len(sk.wire_is_v6()) + TCP_HEADER_LEN;
    if cx.mutant(Mutant::PeerMssIgnored) {
        return pmtu.saturating_sub(header).max(floor);
    }
    pmtu.saturating_sub(header).min(sk.rx_opt.mss_clamp).max(floor)
}

/// Packet size for a payload of `mss` bytes.
///
/// Linux: tcp_mss_to_mtu (net/ipv4/tcp_output.c)
pub(crate) fn tcp_mss_to_mtu(sk: &Sock, mss: u32) -> u32 {
    mss + sk.tcp_header_len + header_len(sk.wire_is_v6())
}

/// Looks the path up: a connection keeps what it found there until it sends the next packet.
///
/// Linux: sk_dst_check (net/core/sock.c)
pub(crate) fn sk_dst_check(sk: &mut Sock, cx: &Cx) -> u32 {
    sk.dst_mtu = cx.net.dst_mtu(sk.flow.remote.ip(), cx.now);
    sk.dst_mtu
}

/// Takes a new path MTU into account.
///
/// Linux: tcp_sync_mss (net/ipv4/tcp_output.c)
pub(crate) fn tcp_sync_mss(sk: &mut Sock, pmtu: u32, cx: &Cx) -> u32 {
    sk.mtup.search_high = sk.mtup.search_high.min(pmtu);
    let mut mss_now = tcp_bound_to_half_wnd(sk, tcp_mtu_to_mss(sk, pmtu, cx));
    sk.pmtu_cookie = pmtu;
    if sk.mtup.enabled {
        mss_now = mss_now.min(tcp_mtu_to_mss(sk, sk.mtup.search_low, cx));
    }
    sk.mss_cache = mss_now;
    mss_now
}

/// Payload of a full segment now, given the options it would carry.
///
/// [RFC1191:6.3#1] A larger path than before counts from here on; what was sent stays as it is.
///
/// Linux: tcp_current_mss (net/ipv4/tcp_output.c)
pub(crate) fn tcp_current_mss(sk: &mut Sock, cx: &Cx) -> u32 {
    let mut mss_now = sk.mss_cache;
    if cx.net.is_forgotten(sk.flow.remote.ip(), cx.now) {
        sk_dst_check(sk, cx);
    }
    let mtu = sk.dst_mtu;
    if mtu != sk.pmtu_cookie {
        mss_now = tcp_sync_mss(sk, mtu, cx);
    }
    let options = tcp_established_options(sk, cx).buf;
    let header = TCP_HEADER_LEN + u32::try_from(options.padded_len()).unwrap_or(0);
    // mss_cache already allows for the options every segment has; SACK blocks come on top.
    (mss_now + sk.tcp_header_len).saturating_sub(header)
}

/// Segment size and the size a write is gathered up to.
///
/// Linux: tcp_send_mss, tcp_xmit_size_goal (net/ipv4/tcp.c)
pub(crate) fn tcp_send_mss(sk: &mut Sock, cx: &Cx, large_allowed: bool) -> (u32, u32) {
    let mss_now = tcp_current_mss(sk, cx).max(1);
    if !large_allowed {
        return (mss_now, mss_now);
    }
    let goal = tcp_bound_to_half_wnd(sk, GSO_MAX_SIZE);
    (mss_now, (goal / mss_now * mss_now).max(mss_now))
}

/// Never more than half of the largest window seen, so that two segments can be in flight.
///
/// [RFC9293:SHLD-26] · Linux: tcp_bound_to_half_wnd (include/net/tcp.h)
pub(crate) fn tcp_bound_to_half_wnd(sk: &Sock, pktsize: u32) -> u32 {
    let max_window = sk.snd.max_window;
    let cutoff = if max_window > TCP_MSS_DEFAULT { max_window >> 1 } else { max_window };
    if cutoff != 0 && pktsize > cutoff {
        cutoff.max(68_u32.saturating_sub(sk.tcp_header_len))
    } else {
        pktsize
    }
}

/// MSS to announce in a SYN.
///
/// Linux: tcp_advertise_mss (net/ipv4/tcp_output.c)
pub(crate) fn tcp_advertise_mss(sk: &mut Sock, cx: &Cx) -> u32 {
    sk.advmss = sk.advmss.min(dst_metric_advmss(sk.flow.remote.ip(), cx));
    sk.advmss
}

/// The MSS to announce to `remote`.
///
/// Linux: dst_metric_advmss (include/net/dst.h)
pub(crate) fn dst_metric_advmss(remote: IpAddr, cx: &Cx) -> u32 {
    let learnt = (!cx.kernel.advmss_of_route).then_some(cx.now);
    cx.net.advmss(remote, learnt)
}

/// `mss` limited by TCP_MAXSEG.
///
/// Linux: tcp_mss_clamp (include/net/tcp.h)
pub(crate) fn tcp_mss_clamp(user_mss: u32, mss: u32) -> u32 {
    if user_mss != 0 { mss.min(user_mss) } else { mss }
}

/// First guess at the size of the peer's segments.
///
/// Linux: tcp_initialize_rcv_mss (net/ipv4/tcp_input.c)
pub(crate) fn tcp_initialize_rcv_mss(sk: &mut Sock) {
    let hint = sk.advmss.min(sk.mss_cache).min(sk.rcv.wnd / 2).min(TCP_MSS_DEFAULT);
    sk.ack.rcv_mss = hint.max(TCP_MIN_MSS);
}
