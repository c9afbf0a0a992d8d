//! smoltcp as a [`Host`]: the same packets, the same clock, the same link as the reference stack.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::Poll;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
use synproof_stack::time::Instant;

use crate::Host;
use crate::tcp::Tcp;

/// A host of smoltcp.
pub struct Smol {
    interface: Interface,
    sockets: SocketSet<'static>,
    queues: Queues,
    buffer: usize,
    next_port: u16,
}

impl Smol {
    /// A host with these addresses on a link of `mtu` bytes; its sockets have buffers of `buffer`
    /// bytes for each direction, and CUBIC.
    #[must_use]
    pub fn new(addrs: &[IpAddr], mtu: usize, buffer: usize) -> Self {
        let mut queues = Queues { mtu, arrived: VecDeque::new(), sent: VecDeque::new() };
        let config = Config::new(HardwareAddress::Ip);
        let mut interface = Interface::new(config, &mut queues, smoltcp::time::Instant::ZERO);
        let prefix = |addr: &IpAddr| if addr.is_ipv4() { 24 } else { 64 };
        let cidr = |addr: &IpAddr| IpCidr::new(IpAddress::from(*addr), prefix(addr));
        // There is room for two, and the rig has no more.
        interface.update_ip_addrs(|all| all.extend(addrs.iter().map(cidr)));
        let sockets = SocketSet::new(Vec::new());
        Self { interface, sockets, queues, buffer, next_port: 40_000 }
    }

    fn socket(&self) -> Socket<'static> {
        let buffer = || SocketBuffer::new(vec![0; self.buffer]);
        let mut socket = Socket::new(buffer(), buffer());
        socket.set_congestion_control(CongestionControl::Cubic);
        socket
    }

    fn get(&mut self, conn: SocketHandle) -> &mut Socket<'static> {
        self.sockets.get_mut(conn)
    }
}

impl Host for Smol {
    fn on_packet(&mut self, now: Instant, packet: &[u8]) {
        self.queues.arrived.push_back(packet.to_vec());
        self.interface.poll(time(now), &mut self.queues, &mut self.sockets);
    }

    fn on_timer(&mut self, now: Instant) {
        self.interface.poll(time(now), &mut self.queues, &mut self.sockets);
    }

    fn poll_transmit(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.queues.sent.is_empty() {
            self.interface.poll(time(now), &mut self.queues, &mut self.sockets);
        }
        self.queues.sent.pop_front()
    }

    fn poll_timer(&mut self, now: Instant) -> Option<Instant> {
        let at = self.interface.poll_at(time(now), &self.sockets)?;
        Some(Instant::from_micros(u64::try_from(at.total_micros()).unwrap_or(0)))
    }
}

impl Tcp for Smol {
    type Conn = SocketHandle;

    const LISTENER_IS_USED_UP: bool = true;

    fn connect(&mut self, _now: Instant, remote: SocketAddr) -> io::Result<SocketHandle> {
        let handle = self.sockets.add(self.socket());
        self.next_port += 1;
        let port = self.next_port;
        let socket = self.sockets.get_mut::<Socket<'_>>(handle);
        let context = self.interface.context();
        socket.connect(context, remote, port).map_err(io::Error::other)?;
        Ok(handle)
    }

    fn listen(&mut self, _now: Instant, local: SocketAddr) -> io::Result<SocketHandle> {
        let mut socket = self.socket();
        socket.listen(local).map_err(io::Error::other)?;
        Ok(self.sockets.add(socket))
    }

    fn established(&mut self, _: Instant, conn: SocketHandle) -> Poll<io::Result<SocketHandle>> {
        match self.get(conn).state() {
            State::Listen | State::SynSent | State::SynReceived => Poll::Pending,
            State::Closed => Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into())),
            State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait => Poll::Ready(Ok(conn)),
        }
    }

    fn send(&mut self, _now: Instant, conn: SocketHandle, data: &[u8]) -> Poll<io::Result<usize>> {
        match self.get(conn).send_slice(data) {
            Ok(0) => Poll::Pending,
            Ok(taken) => Poll::Ready(Ok(taken)),
            Err(error) => Poll::Ready(Err(io::Error::other(error))),
        }
    }

    fn recv(
        &mut self,
        _now: Instant,
        conn: SocketHandle,
        max: usize,
        into: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        let socket = self.get(conn);
        if !socket.can_recv() {
            return if socket.may_recv() { Poll::Pending } else { Poll::Ready(Ok(0)) };
        }
        let got = socket.recv(|bytes| {
            let part = bytes.get(..max).unwrap_or(bytes);
            into.extend_from_slice(part);
            (part.len(), part.len())
        });
        Poll::Ready(got.map_err(io::Error::other))
    }

    fn close(&mut self, _now: Instant, conn: SocketHandle) {
        self.get(conn).close();
    }

    fn is_flushed(&mut self, conn: SocketHandle) -> bool {
        matches!(self.get(conn).state(), State::FinWait2 | State::TimeWait | State::Closed)
    }

    fn forget(&mut self, conn: SocketHandle) {
        self.sockets.remove(conn);
    }
}

fn time(now: Instant) -> smoltcp::time::Instant {
    smoltcp::time::Instant::from_micros(i64::try_from(now.as_micros()).unwrap_or(i64::MAX))
}

/// smoltcp's device: two queues.
struct Queues {
    mtu: usize,
    arrived: VecDeque<Vec<u8>>,
    sent: VecDeque<Vec<u8>>,
}

impl Device for Queues {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = ToSend<'a>;

    fn receive(&mut self, _: smoltcp::time::Instant) -> Option<(Arrived, ToSend<'_>)> {
        let packet = self.arrived.pop_front()?;
        Some((Arrived(packet), ToSend(&mut self.sent)))
    }

    fn transmit(&mut self, _: smoltcp::time::Instant) -> Option<ToSend<'_>> {
        Some(ToSend(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        capabilities
    }
}

/// A packet that arrived.
struct Arrived(Vec<u8>);

impl phy::RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

/// Room for a packet.
struct ToSend<'a>(&'a mut VecDeque<Vec<u8>>);

impl phy::TxToken for ToSend<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        let mut packet = vec![0; len];
        let result = write(&mut packet);
        self.0.push_back(packet);
        result
    }
}
