//! /proc/net/tcp and /proc/net/tcp6: every socket there is, a line each.
//!
//! Linux: tcp4_seq_show, get_tcp4_sock, get_openreq4, get_timewait4_sock (net/ipv4/tcp_ipv4.c),
//! tcp6_seq_show (net/ipv6/tcp_ipv6.c). Listeners come first, then what is in the table of
//! connections. Differs: nothing here has a user, an inode, a reference count or an address in
//! memory; their columns hold 0, 0, 1 and 0.

use std::net::{IpAddr, SocketAddr};

use super::Stack;
use crate::congestion::INFINITE_SSTHRESH;
use crate::cx::Cx;
use crate::output::ack::in_pingpong_mode;
use crate::sock::Sock;
use crate::state::TcpState;
use crate::table::Object;
use crate::time::Instant;
use crate::timer::Timer;

/// The line above the sockets of /proc/net/tcp.
const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   \
                    uid  timeout inode";
/// The same of /proc/net/tcp6.
const HEAD6: &str = "  sl  local_address                         remote_address                        \
                     st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
/// Lines are filled up with blanks to this length (TMPSZ); those of IPv6 are not.
const TMPSZ: usize = 150;
/// Ticks of times that users see, for each second.
const USER_HZ: u64 = 100;

impl Stack {
    /// What a read of /proc/net/tcp gives, or of /proc/net/tcp6.
    #[must_use]
    pub fn tcp_seq_show(&self, v6: bool) -> String {
        let listeners = self.lhash.ids();
        let connections = self.ehash.iter().map(|(_, id)| id);
        let objects = listeners.chain(connections).filter_map(|id| self.objects.get(id));
        let lines = objects
            .filter(|object| is_v6(object) == v6)
            .enumerate()
            .map(|(sl, object)| format!("{sl:4}: {}", line(object, &self.cx)));
        let head = if v6 { HEAD6 } else { HEAD };
        let width = if v6 { 0 } else { TMPSZ - 1 };
        let fill = |line: String| format!("{line:width$}\n");
        std::iter::once(head.to_owned()).chain(lines).map(fill).collect()
    }
}

const fn is_v6(object: &Object) -> bool {
    match object {
        Object::Sock(sk) => sk.is_v6,
        Object::Request(req) => req.flow.is_v6(),
        Object::TimeWait(tw) => tw.is_v6,
    }
}

fn line(object: &Object, cx: &Cx) -> String {
    match object {
        Object::Sock(sk) => get_tcp4_sock(sk, cx),
        Object::Request(req) => {
            let ends = ends(req.flow.local, req.flow.remote, req.flow.is_v6());
            let state = TcpState::SynRecv as u8;
            let when = clock_t_until(req.timer, cx);
            let timeouts = req.num_timeout;
            format!(
                "{ends} {state:02X} 00000000:00000000 01:{when:08X} {timeouts:08X}     0        0 0 0 0"
            )
        }
        Object::TimeWait(tw) => {
            let ends = ends(tw.flow.local, tw.flow.remote, tw.is_v6);
            let state = tw.state() as u8;
            let when = clock_t_until(Some(tw.timer), cx);
            format!(
                "{ends} {state:02X} 00000000:00000000 03:{when:08X} 00000000     0        0 0 1 0"
            )
        }
    }
}

/// A whole socket.
///
/// Linux: get_tcp4_sock (net/ipv4/tcp_ipv4.c), get_tcp6_sock (net/ipv6/tcp_ipv6.c)
fn get_tcp4_sock(sk: &Sock, cx: &Cx) -> String {
    let listens = sk.state() == TcpState::Listen;
    let rx_queue =
        if listens { sk.listener.backlog() } else { sk.rcv.nxt - sk.recv_queue.copied_seq() };
    let (timer, expires) = match sk.timers.pending() {
        Some(Timer::Probe0) => (4, sk.timers.icsk_timeout()),
        Some(_) => (1, sk.timers.icsk_timeout()),
        None => sk.timers.expires(Timer::Keepalive).map_or((0, cx.jiffies()), |at| (2, at)),
    };
    let ssthresh = sk.cong.cw.snd_ssthresh;
    let last = match listens {
        true => i64::from(sk.listener.fastopenq.max_qlen),
        false if ssthresh >= INFINITE_SSTHRESH => -1,
        false => i64::from(ssthresh),
    };
    format!(
        "{} {:02X} {:08X}:{rx_queue:08X} {timer:02X}:{:08X} {:08X}     0 {:8} 0 1 0 {} {} {} {} {last}",
        ends(sk.flow.local, sk.flow.remote, sk.is_v6),
        sk.state() as u8,
        sk.snd.write_seq - sk.snd.una,
        jiffies_to_clock_t(expires.since(cx.jiffies()), cx),
        sk.loss.retransmits,
        sk.loss.probes_out,
        jiffies_to_clock_t(sk.loss.rto, cx),
        jiffies_to_clock_t(sk.ack.ato, cx),
        u32::from(sk.ack.quick) << 1 | u32::from(in_pingpong_mode(sk, cx)),
        sk.cong.cw.snd_cwnd,
    )
}

fn ends(local: SocketAddr, remote: SocketAddr, v6: bool) -> String {
    format!("{} {}", end(local, v6), end(remote, v6))
}

/// An address as the words it is in memory, and a port.
fn end(addr: SocketAddr, v6: bool) -> String {
    let octets = match addr.ip() {
        IpAddr::V4(ip) if v6 => ip.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words =
        octets.as_chunks().0.iter().map(|word| format!("{:08X}", u32::from_ne_bytes(*word)));
    format!("{}:{:04X}", words.collect::<String>(), addr.port())
}

fn clock_t_until(at: Option<Instant>, cx: &Cx) -> u64 {
    at.map_or(0, |at| jiffies_to_clock_t(cx.hz.ticks_between(cx.now, at), cx))
}

/// Linux: jiffies_to_clock_t (kernel/time/time.c)
const fn jiffies_to_clock_t(ticks: u32, cx: &Cx) -> u64 {
    cx.hz.jiffies_to_usecs(ticks) * USER_HZ / 1_000_000
}
