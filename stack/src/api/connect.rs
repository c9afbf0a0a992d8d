//! connect(): the active open.
//!
//! RFC 9293 §3.10.1 · Linux: __inet_stream_connect (net/ipv4/af_inet.c), tcp_v4_connect
//! (net/ipv4/tcp_ipv4.c), tcp_connect (net/ipv4/tcp_output.c)

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::Poll;

use super::Address;
use super::address::{AF_UNSPEC, family_error, unmapped};
use super::disconnect::tcp_disconnect;
use super::sleep::Sleep;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::fastopen::{tcp_fastopen_defer_connect, tcp_send_syn_data};
use crate::metrics::tcp_fetch_timewait_stamp;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::net::{TCP_HEADER_LEN, Way};
use crate::output::clock::tcp_mstamp_refresh;
use crate::output::ecn::tcp_ecn_send_syn;
use crate::output::mss::{
    dst_metric_advmss, sk_dst_check, tcp_initialize_rcv_mss, tcp_mss_clamp, tcp_sync_mss,
};
use crate::output::mtu_probe::tcp_mtup_init;
use crate::output::options::TSTAMP_ALIGNED;
use crate::output::transmit::{Outgoing, tcp_transmit_skb};
use crate::output::window::{tcp_full_space, tcp_select_initial_window};
use crate::output::write::tcp_write_queue_purge;
use crate::repair::tcp_connect_repaired;
use crate::seq::Seq;
use crate::sock::chunk::Chunk;
use crate::sock::control_block::{TCP_MSS_DEFAULT, TCP_TIMEOUT_INIT_MS};
use crate::sock::kept::IP_TRANSPARENT;
use crate::sock::{ConnectPhase, Sock, SockId};
use crate::stack::Stack;
use crate::state::{Event, StateMask, TcpState, tcp_set_state};
use crate::table::Fd;
use crate::time::Instant;
use crate::timer::{Timer, tcp_reset_xmit_timer};
use crate::wire::Flags;

/// MSS of a peer that announces none, IPv6: the smallest MTU without headers.
const IPV6_MSS_DEFAULT: u32 = 1220;

/// Who connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// It does not wait.
    pub(crate) nonblock: bool,
    /// It is a sending call.
    pub(crate) is_sendmsg: bool,
}

/// How far connect() came without waiting.
enum Begun {
    /// The handshake is under way; what to return if nobody waits for it.
    Connecting(Errno),
    /// Nothing was sent (TCP_FASTOPEN_CONNECT).
    Deferred,
}

impl Stack {
    /// Connects, waiting for the handshake unless the socket does not block.
    pub fn connect(
        &mut self,
        now: Instant,
        fd: Fd,
        address: Address,
        sleep: &mut Sleep,
    ) -> Poll<Result<(), Errno>> {
        self.set_now(now);
        let id = self.fds.sock(fd)?;
        let nonblock = self.objects.sock(id).is_some_and(|sk| sk.opts.nonblock);
        let caller = Caller { nonblock, is_sendmsg: false };
        self.inet_stream_connect(id, Some(address), caller, sleep)
    }

    /// Connects for connect(), or for a sending call that opens the connection, which may have no
    /// address if connect() was called before.
    ///
    /// Linux: __inet_stream_connect (net/ipv4/af_inet.c)
    pub(crate) fn inet_stream_connect(
        &mut self,
        id: SockId,
        address: Option<Address>,
        caller: Caller,
        sleep: &mut Sleep,
    ) -> Poll<Result<(), Errno>> {
        if address == Some(Address::Family(AF_UNSPEC)) {
            return Poll::Ready(self.disconnect(id));
        }
        let in_progress = match sleep.in_progress {
            Some(in_progress) => in_progress,
            None => match self.begin_connect(id, address, caller)? {
                Begun::Connecting(in_progress) => in_progress,
                // The first write sends the SYN.
                Begun::Deferred => return Poll::Ready(Ok(())),
            },
        };
        self.wait_for_connect(id, in_progress, caller, sleep)
    }

    /// The part of connect() that does not wait; what to return for a handshake that is under way.
    fn begin_connect(
        &mut self,
        id: SockId,
        address: Option<Address>,
        caller: Caller,
    ) -> Result<Begun, Errno> {
        let sk = self.objects.sock(id).ok_or(Errno::EBADF)?;
        match sk.connect {
            ConnectPhase::Connected => Err(Errno::EISCONN),
            ConnectPhase::Disconnecting => Err(Errno::EINVAL),
            ConnectPhase::Connecting if !sk.fastopen.defer_connect => {
                Ok(Begun::Connecting(Errno::EALREADY))
            }
            ConnectPhase::Connecting if caller.is_sendmsg => {
                Ok(Begun::Connecting(Errno::EINPROGRESS))
            }
            ConnectPhase::Connecting => Ok(Begun::Connecting(Errno::EISCONN)),
            ConnectPhase::Unconnected if sk.state() != TcpState::Close => Err(Errno::EISCONN),
            ConnectPhase::Unconnected => {
                self.tcp_v4_connect(id, address.ok_or(Errno::EINVAL)?)?;
                if self.objects.sock(id).is_some_and(|sk| sk.fastopen.defer_connect) {
                    return Ok(Begun::Deferred);
                }
                // Even what the loopback has answered meanwhile is only seen later.
                if caller.nonblock {
                    return Err(Errno::EINPROGRESS);
                }
                Ok(Begun::Connecting(Errno::EINPROGRESS))
            }
        }
    }

    /// Linux: inet_wait_for_connect, and what comes behind it in __inet_stream_connect
    fn wait_for_connect(
        &mut self,
        id: SockId,
        in_progress: Errno,
        caller: Caller,
        sleep: &mut Sleep,
    ) -> Poll<Result<(), Errno>> {
        let sk = self.objects.sock_mut(id).ok_or(Errno::EBADF)?;
        if sk.state().is_in(StateMask::CONNECTING) {
            if caller.nonblock {
                return Poll::Ready(Err(in_progress));
            }
            sleep.in_progress = Some(in_progress);
            return sleep.sk_wait_event(sk, &self.cx, sk.opts.sndtimeo, Err(in_progress));
        }
        if sleep.is_disconnected(sk) {
            return Poll::Ready(Err(Errno::EPIPE));
        }
        if sk.state() == TcpState::Close {
            let err = sk.err.take().unwrap_or(Errno::ECONNABORTED);
            sk.connect = ConnectPhase::Unconnected;
            sk.disconnects += 1;
            self.enter(id, |sk, cx| {
                tcp_disconnect(sk, cx);
                sk.err = None;
            });
            return Poll::Ready(Err(err));
        }
        sk.connect = ConnectPhase::Connected;
        Poll::Ready(Ok(()))
    }

    /// connect() to AF_UNSPEC.
    fn disconnect(&mut self, id: SockId) -> Result<(), Errno> {
        self.enter(id, |sk, cx| {
            sk.disconnects += 1;
            tcp_disconnect(sk, cx);
            sk.connect = ConnectPhase::Unconnected;
        })
        .ok_or(Errno::EBADF)
    }

    /// Chooses the ends, and sends the SYN.
    ///
    /// Linux: tcp_v4_connect, tcp_v6_connect
    fn tcp_v4_connect(&mut self, id: SockId, address: Address) -> Result<(), Errno> {
        let sk = self.objects.sock(id).ok_or(Errno::EBADF)?;
        let remote = remote_end(sk, address)?;
        let local_ip = self.source_of(sk, remote.ip())?;
        let local = SocketAddr::new(local_ip, sk.num);
        let flow = self.inet_hash_connect(id, local, remote).inspect_err(|_| self.unbind(id))?;
        self.enter(id, |sk, cx| {
            sk.flow = flow;
            sk.num = flow.local.port();
            sk.connect = ConnectPhase::Connecting;
            tcp_set_state(sk, Event::ActiveOpen, cx);
            if !sk.repair.on && sk.snd.write_seq == Seq(0) {
                sk.snd.write_seq = Seq(cx.rng.secure_tcp_seq(flow.local, flow.remote, cx.now));
            }
            if !sk.repair.on {
                sk.tsoffset = cx.secure_tcp_ts_off(flow);
            }
            tcp_fetch_timewait_stamp(sk, cx);
            sk.rx_opt.mss_clamp = if flow.is_v6() { IPV6_MSS_DEFAULT } else { TCP_MSS_DEFAULT };
            if tcp_fastopen_defer_connect(sk, cx) {
                // Nothing is sent that could be acknowledged.
                let isn = sk.snd.write_seq;
                (sk.snd.iss, sk.snd.una, sk.snd.nxt) = (isn, isn, isn);
            } else {
                tcp_connect(sk, cx);
            }
        });
        Ok(())
    }

    /// The route to `remote`, from the address that is bound or else the best there is.
    ///
    /// Linux: ip_route_connect (include/net/route.h), ip6_dst_lookup_flow
    fn source_of(&self, sk: &Sock, remote: IpAddr) -> Result<IpAddr, Errno> {
        let net = &self.cx.net;
        let bound = sk.flow.local.ip();
        let stranger = !bound.is_unspecified()
            && remote.is_ipv4()
            && !net.is_local(bound)
            && !sk.opts.kept.is_on(IP_TRANSPARENT);
        if stranger {
            return Err(Errno::EINVAL);
        }
        let source = net.source_for(remote, sk.opts.bound_dev_if).ok_or(Errno::ENETUNREACH)?;
        if !sk.has_route(remote, &self.cx) {
            return Err(Errno::ENETUNREACH);
        }
        if net.is_broadcast(remote) {
            return Err(Errno::ENETUNREACH);
        }
        match (sk.bound_addr, remote) {
            // An IPv4-mapped address, even the wildcard, says nothing to IPv6.
            (true, IpAddr::V6(_)) if bound.is_ipv4() => Err(Errno::EAFNOSUPPORT),
            (true, IpAddr::V4(_)) if bound.is_ipv6() => Err(Errno::ENETUNREACH),
            (true, _) if !bound.is_unspecified() => {
                // The loopback's address does not leave this host (__mkroute_output).
                let way = net.way_to(remote, sk.opts.bound_dev_if);
                let escapes = bound.is_ipv4() && bound.is_loopback() && way == Way::Link;
                if escapes { Err(Errno::EINVAL) } else { Ok(bound) }
            }
            _ => Ok(source),
        }
    }
}

/// The remote end an address means for a socket of this family; the wildcard is this host.
fn remote_end(sk: &Sock, address: Address) -> Result<SocketAddr, Errno> {
    let Address::Inet(remote) = address else { return Err(family_error(sk, address)) };
    match (remote.ip(), sk.is_v6) {
        (IpAddr::V4(ip), false) if ip.is_unspecified() => Ok(own_end(sk, remote.port())),
        (IpAddr::V4(ip), false) if ip.is_multicast() => Err(Errno::ENETUNREACH),
        (IpAddr::V4(_), false) => Ok(remote),
        (IpAddr::V6(ip), true) if ip.is_unspecified() => Ok(own_end(sk, remote.port())),
        (IpAddr::V6(ip), true) if ip.is_multicast() => Err(Errno::ENETUNREACH),
        (IpAddr::V6(ip), true) if ip.to_ipv4_mapped().is_some() && sk.opts.v6only => {
            Err(Errno::ENETUNREACH)
        }
        (IpAddr::V6(_), true) => {
            let remote = unmapped(remote);
            let multicast = remote.is_ipv4() && remote.ip().is_multicast();
            if multicast { Err(Errno::ENETUNREACH) } else { Ok(remote) }
        }
        (IpAddr::V6(_), false) | (IpAddr::V4(_), true) => Err(family_error(sk, address)),
    }
}

/// This host, for a wildcard: the address that is bound, or the loopback's.
fn own_end(sk: &Sock, port: u16) -> SocketAddr {
    let bound = sk.flow.local.ip();
    let ip = match bound {
        IpAddr::V4(v4) if sk.is_v6 && !v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V4(_) => bound,
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, port)
}

/// Prepares the control block.
///
/// Linux: tcp_connect_init (net/ipv4/tcp_output.c)
fn tcp_connect_init(sk: &mut Sock, cx: &mut Cx) {
    let remote = sk.flow.remote.ip();
    cx.net.find_exception(remote, cx.now);
    let timestamps = cx.sysctl.tcp_timestamps != 0;
    sk.tcp_header_len = TCP_HEADER_LEN + if timestamps { TSTAMP_ALIGNED } else { 0 };
    if sk.rx_opt.user_mss != 0 {
        sk.rx_opt.mss_clamp = sk.rx_opt.user_mss;
    }
    sk.rx_opt.ts_offered = timestamps;
    sk.rx_opt.sack_offered = cx.sysctl.tcp_sack != 0;
    sk.rx_opt.wscale_offered = cx.sysctl.tcp_window_scaling != 0;
    sk.snd.max_window = 0;
    tcp_mtup_init(sk, cx);
    let mtu = sk_dst_check(sk, cx);
    tcp_sync_mss(sk, mtu, cx);
    sk.advmss = tcp_mss_clamp(sk.rx_opt.user_mss, dst_metric_advmss(remote, cx));
    tcp_initialize_rcv_mss(sk);
    let space = tcp_full_space(sk);
    let mut clamp = sk.rcv.window_clamp;
    if clamp == 0 {
        clamp = cx.net.route.window;
    }
    if sk.opts.locks.rcvbuf && (clamp > space || clamp == 0) {
        clamp = space;
    }
    let reopened = sk.rx_opt.ts_recent_stamp.is_some();
    let options = if reopened { sk.tcp_header_len - TCP_HEADER_LEN } else { 0 };
    let mss = sk.advmss.saturating_sub(options);
    let wscale_ok = sk.rx_opt.wscale_offered;
    let window = tcp_select_initial_window(space, mss, clamp, wscale_ok, cx);
    sk.rx_opt.rcv_wscale = window.rcv_wscale;
    sk.rcv.wnd = window.rcv_wnd;
    sk.rcv.window_clamp = window.window_clamp;
    sk.rcv.rcv_ssthresh = window.rcv_wnd;
    sk.err = None;
    sk.done = false;
    sk.snd.wnd = 0;
    sk.snd.wl1 = Seq(0);
    tcp_write_queue_purge(sk, cx);
    let seq = sk.snd.write_seq;
    sk.snd.iss = seq;
    (sk.snd.una, sk.snd.sml, sk.snd.up, sk.snd.nxt) = (seq, seq, seq, seq);
    let rcv_nxt = if sk.repair.on { sk.rcv.nxt } else { Seq(0) };
    sk.snd.urg_mode = false;
    sk.rcv.nxt = rcv_nxt;
    sk.rcv.wup = rcv_nxt;
    sk.recv_queue.init(rcv_nxt);
    sk.loss.rto = cx.hz.msecs_to_jiffies(TCP_TIMEOUT_INIT_MS);
    if cx.mutant(Mutant::SynTimeout3s) {
        sk.loss.rto *= 3;
    }
    sk.loss.retransmits = 0;
}

/// Sends the SYN.
///
/// [RFC9293:3.10.1#2] · Linux: tcp_connect (net/ipv4/tcp_output.c)
pub(crate) fn tcp_connect(sk: &mut Sock, cx: &mut Cx) {
    tcp_connect_init(sk, cx);
    if sk.repair.on {
        return tcp_connect_repaired(sk, cx);
    }
    let seq = sk.snd.write_seq;
    sk.snd.write_seq = seq + 1;
    tcp_mstamp_refresh(sk, cx);
    sk.loss.retrans_stamp = Some(cx.now);
    let flags = Flags::SYN | tcp_ecn_send_syn(sk, cx);
    let mut syn = Chunk::new(seq, flags, Vec::new());
    syn.sent_at = cx.now;
    sk.write_queue.push_rtx(syn);
    sk.loss.packets_out += 1;
    if sk.fastopen.req.is_some() {
        tcp_send_syn_data(sk, seq, flags, cx);
    } else {
        tcp_transmit_skb(sk, Outgoing::empty(seq, flags), cx);
    }
    sk.snd.nxt = sk.snd.write_seq;
    sk.snd.pushed_seq = sk.snd.write_seq;
    cx.mib.inc(Counter::TcpActiveOpens);
    tcp_reset_xmit_timer(sk, Timer::Retransmit, sk.loss.rto, cx);
}
