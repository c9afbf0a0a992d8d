//! The state of a connection the kernel knows by its addresses, by sock_diag(7): also of those that
//! have no descriptor (half-open, orphaned, TIME-WAIT).
//!
//! Kernel: net/ipv4/inet_diag.c, tcp_diag.c.

use std::io;
use std::net::{IpAddr, SocketAddr};

use nix::sys::socket::SockProtocol;

use super::netlink::{Answer, Netlink, Request, attributes};
use crate::target::{FlowKey, TcpState};

const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// Size of `struct inet_diag_msg`.
const DIAG_MESSAGE: usize = 72;
/// Present for full sockets only, so it tells SYN_RECV from a half-open connection, which the
/// kernel reports under the same number.
const INET_DIAG_SHUTDOWN: u16 = 8;

/// Asks the kernel of the namespace it was opened in.
pub(super) struct SockDiag(Netlink);

impl SockDiag {
    /// Opens the socket.
    pub(super) fn open() -> io::Result<Self> {
        Netlink::open(SockProtocol::NetlinkSockDiag).map(Self)
    }

    /// State of each of `flows`, or of the listener where the remote end is unspecified.
    pub(super) fn tcp_states(&mut self, flows: &[FlowKey]) -> io::Result<Vec<TcpState>> {
        let ask = |flow| Request::new(SOCK_DIAG_BY_FAMILY, 0).put(&lookup(flow));
        let answers = self.0.exchange(flows.iter().map(ask).collect())?;
        flows.iter().zip(answers).map(|(flow, answer)| state(flow, answer)).collect()
    }

    /// As [`Self::tcp_states`], of one.
    pub(super) fn tcp_state(&mut self, flow: &FlowKey) -> io::Result<TcpState> {
        let states = self.tcp_states(&[*flow])?;
        states.first().copied().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

fn state(flow: &FlowKey, answer: Answer) -> io::Result<TcpState> {
    let reply = match answer {
        Ok(reply) => reply.ok_or(io::ErrorKind::UnexpectedEof)?,
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(TcpState::Close),
        Err(error) => return Err(error),
    };
    let state = reply.body.get(1).copied().and_then(TcpState::from_number);
    let state = state.ok_or(io::ErrorKind::InvalidData)?;
    let full = attributes(&reply.body, DIAG_MESSAGE).iter().any(|a| a.0 == INET_DIAG_SHUTDOWN);
    // The exact lookup falls back to a listener that would accept the connection.
    let wants_listener = flow.remote.port() == 0;
    if state == TcpState::Listen && !wants_listener {
        return Ok(TcpState::Close);
    }
    let half_open = state == TcpState::SynRecv && !full;
    Ok(if half_open { TcpState::NewSynRecv } else { state })
}

/// `struct inet_diag_req_v2` for an exact lookup.
fn lookup(flow: &FlowKey) -> Vec<u8> {
    let (local, remote) = (canonical(flow.local), canonical(flow.remote));
    let v6 = local.is_ipv6() || remote.is_ipv6();
    let family = if v6 { libc::AF_INET6 } else { libc::AF_INET };
    let mut bytes = vec![u8::try_from(family).unwrap_or(0), 6, 0, 0]; // family, TCP, no extras
    bytes.extend_from_slice(&u32::MAX.to_ne_bytes()); // any state
    bytes.extend_from_slice(&local.port().to_be_bytes());
    bytes.extend_from_slice(&remote.port().to_be_bytes());
    for end in [local, remote] {
        let mut address = match end.ip() {
            IpAddr::V4(v4) if v6 && v4.is_unspecified() => vec![0; 16],
            IpAddr::V4(v4) if v6 => v4.to_ipv6_mapped().octets().to_vec(),
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        address.resize(16, 0);
        bytes.extend_from_slice(&address);
    }
    bytes.extend_from_slice(&0_u32.to_ne_bytes()); // any interface
    bytes.extend_from_slice(&[0xff; 8]); // INET_DIAG_NOCOOKIE
    bytes
}

/// An IPv4-mapped address is looked up as IPv4: that is where the kernel hashes it.
fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}
