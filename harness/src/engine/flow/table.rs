//! All connections of a script, and which of them a packet belongs to.
//!
//! packetdrill knows one connection at a time, "the socket under test": the last one made by
//! socket() or by a packet for a listener. Here that is the current one; ports written on a packet
//! line may name another (extension), or, when they name none, only change the wire.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::config::Config;
use crate::packet::{Packet, Tcp, Transport, flag};
use crate::script::ast::Ports;
use crate::target::Fd;

use super::connection::{Connection, Isn, Phase, Protocol};

/// Names a connection of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConnectionId(usize);

/// Every connection the script has made so far, in order of creation.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(super) all: Vec<Connection>,
    /// Flows that the target sent packets of and that are no connection of the script: only what
    /// maps their numbers. No packet line finds them.
    pub(super) strangers: Vec<Connection>,
    /// Ports of the target that the script wrote or bound.
    pub(super) chosen: BTreeSet<u16>,
    /// How many ports the target has chosen itself.
    pub(super) drawn_ports: u16,
    current: Option<ConnectionId>,
    local: SocketAddr,
    remote: SocketAddr,
}

impl Connections {
    /// None yet; addresses and default ports from `config`.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            all: Vec::new(),
            strangers: Vec::new(),
            chosen: BTreeSet::from([config.bind_port]),
            drawn_ports: 0,
            current: None,
            local: SocketAddr::new(config.setup.local_ip, config.bind_port),
            remote: SocketAddr::new(config.setup.remote_ip, config.connect_port),
        }
    }

    /// Address and port that bind() uses.
    pub(crate) fn bind_address(&self) -> SocketAddr {
        self.local
    }

    /// Address and port that connect() uses.
    pub(crate) fn connect_address(&self) -> SocketAddr {
        self.remote
    }

    /// The socket under test.
    pub(crate) fn current(&self) -> Option<ConnectionId> {
        self.current
    }

    /// Read access.
    pub(crate) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.all.get(id.0)
    }

    /// Write access.
    pub(crate) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.all.get_mut(id.0)
    }

    /// All of them with their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ConnectionId, &Connection)> {
        self.all.iter().enumerate().map(|(i, c)| (ConnectionId(i), c))
    }

    fn push(&mut self, connection: Connection) -> ConnectionId {
        let id = ConnectionId(self.all.len());
        self.all.push(connection);
        self.current = Some(id);
        id
    }

    /// socket() returned `fd`: it is the socket under test from here on.
    pub(crate) fn on_socket(&mut self, protocol: Protocol, fd: Fd) -> ConnectionId {
        let mut local = self.local;
        let mut remote = self.remote;
        local.set_port(0);
        remote.set_port(0);
        let mut connection = Connection::new(protocol, local, remote);
        connection.fd = Some(fd);
        self.push(connection)
    }

    /// The connection with this descriptor; the newest, should a number have been used twice.
    pub(crate) fn by_fd(&mut self, fd: Fd) -> Option<&mut Connection> {
        self.all.iter_mut().rev().find(|c| c.fd == Some(fd))
    }

    /// The transport of the socket with this descriptor.
    pub(crate) fn protocol_of(&self, fd: Fd) -> Option<Protocol> {
        self.id_by_fd(fd).and_then(|id| self.get(id)).map(|c| c.protocol)
    }

    /// Name of the connection with this descriptor.
    pub(crate) fn id_by_fd(&self, fd: Fd) -> Option<ConnectionId> {
        self.all.iter().rposition(|c| c.fd == Some(fd)).map(ConnectionId)
    }

    /// bind() succeeded: datagram sockets can be written to from here on.
    pub(crate) fn on_bind(&mut self, fd: Fd) {
        let (local, remote) = (self.local, self.remote);
        let Some(id) = self.id_by_fd(fd) else { return };
        let id = self.anew(id, fd);
        if let Some(connection) = self.get_mut(id) {
            connection.local = local;
            connection.drawn.port = None;
            if connection.protocol != Protocol::Tcp {
                connection.remote = remote;
            }
        }
    }

    /// The socket `fd` takes another port. A connection that it had before stays known, for packets of it
    /// may still come.
    fn anew(&mut self, id: ConnectionId, fd: Fd) -> ConnectionId {
        let local = self.local;
        let before = self.get_mut(id).filter(|connection| connection.is_complete());
        let Some(before) = before.filter(|before| before.protocol == Protocol::Tcp) else {
            return id;
        };
        before.fd = None;
        let mut next = Connection::new(before.protocol, local, before.remote);
        next.fd = Some(fd);
        self.push(next)
    }

    /// listen() succeeded: the listener is the socket under test.
    pub(crate) fn on_listen(&mut self, fd: Fd) {
        let local = self.local;
        let Some(id) = self.id_by_fd(fd) else { return };
        let id = self.anew(id, fd);
        if let Some(connection) = self.get_mut(id) {
            connection.phase = Phase::Listening;
            connection.local = local;
            connection.drawn.port = None;
            connection.remote.set_port(0);
        }
        self.current = Some(id);
    }

    /// connect() (or a sending call with an address) is about to be made.
    pub(crate) fn on_connect(&mut self, fd: Fd) {
        let remote = self.remote;
        if let Some(connection) = self.by_fd(fd)
            && connection.phase == Phase::New
        {
            connection.phase = Phase::Connecting;
            connection.remote = remote;
        }
    }

    /// connect(AF_UNSPEC) succeeded: it may connect again. The ends stay known up to then, since
    /// the RST of the disconnect is still to come.
    pub(crate) fn on_disconnect(&mut self, fd: Fd) {
        if let Some(connection) = self.by_fd(fd) {
            connection.phase = Phase::New;
        }
    }

    /// accept() returned `fd` for `peer`.
    pub(crate) fn on_accept(&mut self, fd: Fd, peer: Option<SocketAddr>) {
        let of_peer = |c: &Connection| peer.is_none_or(|p| canonical(p) == canonical(c.remote));
        let child = self
            .all
            .iter_mut()
            .rev()
            .find(|c| c.fd.is_none() && c.phase == Phase::Open && of_peer(c));
        if let Some(connection) = child {
            connection.fd = Some(fd);
        }
    }

    /// close() of `fd`: the connection is followed on, without a descriptor.
    pub(crate) fn on_close(&mut self, fd: Fd) {
        if let Some(connection) = self.by_fd(fd) {
            connection.fd = None;
        }
    }

    /// The connection for which an inbound TCP packet is meant. A packet for a listener, or when
    /// there is no socket at all, makes a new connection, for which `port` gives our port.
    pub(crate) fn for_inbound_tcp<E>(
        &mut self,
        ports: Option<Ports>,
        syn: bool,
        script_seq: u32,
        port: impl FnOnce() -> Result<u16, E>,
    ) -> Result<ConnectionId, E> {
        if let Some(id) = ports.and_then(|p| self.by_ports(p.dst, p.src)) {
            self.current = Some(id);
            return Ok(id);
        }
        let current = self.current.and_then(|id| self.get(id));
        let child = match current {
            None => true,
            Some(c) if c.phase == Phase::Listening => true,
            // A SYN from ports that a script names begins a connection, whether anybody listens or not.
            Some(_) => syn && ports.is_some(),
        };
        if let (false, Some(id)) = (child, self.current) {
            return Ok(id);
        }
        let mut local = self.local;
        let mut remote = self.remote;
        match ports {
            Some(p) => {
                local.set_port(if p.dst == 0 { local.port() } else { p.dst });
                remote.set_port(if p.src == 0 { port()? } else { p.src });
            }
            None => remote.set_port(port()?),
        }
        let mut connection = Connection::new(Protocol::Tcp, local, remote);
        connection.phase = Phase::Open;
        connection.remote_isn = Isn { script: script_seq, live: script_seq };
        Ok(self.push(connection))
    }

    /// The connection a packet line with these ports expects from the target.
    pub(crate) fn for_outbound(&self, ports: Option<Ports>) -> Option<ConnectionId> {
        ports.and_then(|p| self.by_ports(p.src, p.dst)).or(self.current)
    }

    /// The connection with these ports, the newest first.
    pub(crate) fn by_ports(&self, local: u16, remote: u16) -> Option<ConnectionId> {
        let of_ports = |c: &Connection| c.local.port() == local && c.remote.port() == remote;
        self.all.iter().rposition(of_ports).map(ConnectionId)
    }

    /// The connection that sent `packet`. The first packet of a connecting socket tells its port.
    pub(crate) fn sender_of(&mut self, packet: &Packet) -> Option<ConnectionId> {
        let (protocol, src, dst) = ends(packet);
        let known = |c: &Connection| {
            c.protocol == protocol
                && c.phase != Phase::Listening
                && match protocol {
                    Protocol::Tcp | Protocol::Udp => {
                        c.local == src && c.remote == dst && c.is_complete()
                    }
                    Protocol::Icmp => c.local.ip() == src.ip() && c.remote.ip() == dst.ip(),
                }
        };
        let opens = match &packet.transport {
            Transport::Tcp(tcp) => tcp.has(flag::SYN) && !tcp.has(flag::ACK),
            Transport::Udp(_) | Transport::Icmp(_) => true,
        };
        let connecting = |c: &Connection| {
            let to_there = match protocol {
                Protocol::Tcp | Protocol::Udp => c.remote == dst,
                Protocol::Icmp => c.remote.ip() == dst.ip(),
            };
            opens && c.protocol == protocol && c.phase == Phase::Connecting && to_there
        };
        // A socket that was bound to a port connects from it, whoever had the ports before.
        let from_here = |c: &Connection| connecting(c) && c.local.port() == src.port();
        if let Some(at) = self.all.iter().rposition(from_here) {
            self.connects_from(at, src);
            return Some(ConnectionId(at));
        }
        if let Some(at) = self.all.iter().rposition(|c| known(c) && c.phase != Phase::Connecting) {
            return Some(ConnectionId(at));
        }
        let at = self.all.iter().rposition(connecting);
        if let Some(at) = at {
            self.connects_from(at, src);
        }
        // Ends that bind() or an earlier connection told are good for everything but a SYN.
        at.or_else(|| self.all.iter().rposition(known)).map(ConnectionId)
    }

    /// The connecting socket number `at` uses `local`. A port it did not have before is one that
    /// the target chose.
    fn connects_from(&mut self, at: usize, local: SocketAddr) {
        let is_new = self.all.get(at).is_some_and(|c| c.local.port() != local.port());
        let number = is_new.then(|| self.next_drawn_port());
        if let Some(connection) = self.all.get_mut(at) {
            connection.local = local;
            connection.phase = Phase::SynSent;
            connection.drawn.port = number.or(connection.drawn.port);
        }
    }

    /// An inbound segment, in script numbers, is about to be sent on `id`: a SYN to a connecting
    /// socket tells the initial sequence number that we play.
    pub(crate) fn on_inbound(&mut self, id: ConnectionId, tcp: &Tcp) {
        let of_script = self.get(id).is_none_or(|c| c.drawn.port != Some(tcp.dst_port));
        if of_script {
            self.chosen.insert(tcp.dst_port);
        }
        let Some(connection) = self.get_mut(id).filter(|_| tcp.has(flag::SYN)) else { return };
        if connection.phase == Phase::SynSent {
            connection.phase = Phase::Open;
            connection.remote_isn = Isn { script: tcp.seq, live: tcp.seq };
        } else {
            connection.syn_sent = Some((tcp.seq, tcp.seg_len()));
        }
    }
}

/// IPv4-mapped addresses as IPv4.
fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

/// Transport, source and destination of a packet. ICMP has no ports.
pub(super) fn ends(packet: &Packet) -> (Protocol, SocketAddr, SocketAddr) {
    let (protocol, src, dst) = match &packet.transport {
        Transport::Tcp(tcp) => (Protocol::Tcp, tcp.src_port, tcp.dst_port),
        Transport::Udp(udp) => (Protocol::Udp, udp.src_port, udp.dst_port),
        Transport::Icmp(_) => (Protocol::Icmp, 0, 0),
    };
    (protocol, SocketAddr::new(packet.ip.src, src), SocketAddr::new(packet.ip.dst, dst))
}

#[cfg(test)]
mod tests;
