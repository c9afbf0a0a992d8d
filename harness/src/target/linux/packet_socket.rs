//! What leaves an interface, seen by an AF_PACKET socket with the kernel's time stamps (packet(7)).

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    self, AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, sockopt,
};
use nix::sys::time::TimeSpec;
use nix::sys::time::TimeValLike;

use super::closing::close_elsewhere;
use super::sockaddr::array;
use super::{fault, sys};
use crate::target::TargetError;

/// Bytes that may wait in the socket. Enough for thousands of segments between two looks.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Larger than any datagram, BIG TCP included.
const DATAGRAM_ROOM: usize = 1 << 18;

/// Which packets of an interface a socket is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// What the interface sends: it is that of the stack under test.
    Sent,
    /// What the interface receives, whomever it is addressed to: it is the far end.
    Received,
}

/// Loads the packet type, compares it with PACKET_OUTGOING (4), and takes all or nothing.
fn filter(side: Side) -> [(u16, u8, u8, u32); 4] {
    const ALL: u32 = 0x7fff_ffff;
    let (outgoing, other) = match side {
        Side::Sent => (ALL, 0),
        Side::Received => (0, ALL),
    };
    [
        (0x20, 0, 0, 0xffff_f000 + 4), // ld [SKF_AD_OFF + SKF_AD_PKTTYPE]
        (0x15, 0, 1, 4),               // jeq #PACKET_OUTGOING
        (0x06, 0, 0, outgoing),        // ret
        (0x06, 0, 0, other),           // ret
    ]
}

const FAILED: &str = "set up a packet socket";

/// A datagram as it left the interface.
pub(super) struct Sniffed {
    /// CLOCK_REALTIME of the kernel when it left.
    pub at_ns: i64,
    /// From the IP header on.
    pub bytes: Vec<u8>,
}

/// Watches one interface.
pub(super) struct PacketSocket {
    fd: OwnedFd,
    buffer: Vec<u8>,
    close_here: bool,
}

impl PacketSocket {
    /// Opens the socket in the present thread's namespace. It sees nothing yet.
    pub(super) fn unbound(side: Side) -> Result<Self, TargetError> {
        let fix = "run as root, or with CAP_NET_RAW in the user namespace";
        // Protocol 0 receives nothing until bind() names the interface and the protocol.
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket::socket(AddressFamily::Packet, SockType::Datagram, flags, None)
            .map_err(fault::unavailable("open a packet socket", fix))?;
        let failed = FAILED;
        sys::attach_filter(fd.as_raw_fd(), &filter(side))
            .map_err(|errno| fault::io(failed)(fault::errno(errno)))?;
        socket::setsockopt(&fd, sockopt::ReceiveTimestampns, &true).map_err(fault::io(failed))?;
        if socket::setsockopt(&fd, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
            // Not root in the first user namespace: net.core.rmem_max limits it.
            socket::setsockopt(&fd, sockopt::RcvBuf, &RECEIVE_BUFFER).map_err(fault::io(failed))?;
        }
        Ok(Self { fd, buffer: vec![0; DATAGRAM_ROOM], close_here: false })
    }

    /// The number of the interface `name`.
    pub(super) fn index_of(&self, name: &str) -> io::Result<u32> {
        let mut ifreq = [0_u8; 40]; // struct ifreq: name, then the index
        for (to, from) in ifreq.iter_mut().zip(name.bytes()) {
            *to = from;
        }
        sys::ioctl_bytes(self.fd.as_raw_fd(), libc::SIOCGIFINDEX, &mut ifreq)
            .map_err(fault::errno)?;
        let index = array(&ifreq, libc::IFNAMSIZ).map(u32::from_ne_bytes);
        index.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Watches the interface with this number from now on.
    pub(super) fn bind(&self, ifindex: u32) -> Result<(), TargetError> {
        let bound = sys::bind(self.fd.as_raw_fd(), &sockaddr_ll(ifindex, ETH_P_ALL));
        bound.map_err(|errno| fault::io(FAILED)(fault::errno(errno)))?;
        Ok(())
    }

    /// Closes it where it is dropped: with one processor there is none to wait for.
    pub(super) fn close_here(&mut self) {
        self.close_here = true;
    }

    /// The next datagram, if there is one.
    pub(super) fn receive(&mut self) -> io::Result<Option<Sniffed>> {
        let mut control = nix::cmsg_space!(TimeSpec);
        let mut iov = [IoSliceMut::new(&mut self.buffer)];
        let fd = self.fd.as_raw_fd();
        let message =
            match socket::recvmsg::<()>(fd, &mut iov, Some(&mut control), MsgFlags::empty()) {
                Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
                other => other?,
            };
        let stamp = message.cmsgs()?.find_map(stamp_ns);
        let len = message.bytes;
        let at_ns = stamp.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Some(Sniffed { at_ns, bytes: self.buffer.get(..len).unwrap_or_default().to_vec() }))
    }
}

impl Drop for PacketSocket {
    fn drop(&mut self) {
        if !self.close_here {
            close_elsewhere(&self.fd);
        }
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn stamp_ns(message: ControlMessageOwned) -> Option<i64> {
    if let ControlMessageOwned::ScmTimestampns(stamp) = message {
        Some(stamp.num_nanoseconds())
    } else {
        None
    }
}

/// Every protocol.
const ETH_P_ALL: u16 = 3;

/// `struct sockaddr_ll` for `protocol` on one interface.
pub(super) fn sockaddr_ll(ifindex: u32, protocol: u16) -> Vec<u8> {
    let mut bytes = u16::try_from(libc::AF_PACKET).unwrap_or(0).to_ne_bytes().to_vec();
    bytes.extend_from_slice(&protocol.to_be_bytes());
    bytes.extend_from_slice(&ifindex.to_ne_bytes());
    bytes.resize(20, 0);
    bytes
}
