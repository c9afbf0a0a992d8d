//! A TUN device: packets of the namespace's kernel arrive here, and what is written here arrives at
//! that kernel (drivers/net/tun.c). It is gone when its descriptor is closed.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

use crate::{sys, vnet};

const TUNSETIFF: u64 = 0x4004_54ca;
const TUNSETOFFLOAD: u64 = 0x4004_54d0;
const IFF_TUN: u16 = 0x0001;
const IFF_NO_PI: u16 = 0x1000;
const IFF_VNET_HDR: u16 = 0x4000;
/// TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6
const OFFLOADS: u64 = 0x01 | 0x02 | 0x04;

const SIOCSIFFLAGS: u64 = 0x8914;
const SIOCSIFADDR: u64 = 0x8916;
const SIOCSIFNETMASK: u64 = 0x891c;
const SIOCSIFMTU: u64 = 0x8922;
const SIOCSIFTXQLEN: u64 = 0x8943;
const IFF_UP_RUNNING: u16 = 0x41;

const NAME: &[u8] = b"tun0";
/// Packets the kernel may queue for us: the default of 500 is less than a window.
const QUEUE: i32 = 10_000;
/// A burst, its IP header and the device's own header.
const LARGEST: usize = 1 << 17;

/// How a device is set up.
#[derive(Clone, Copy, Debug)]
pub struct TunConfig {
    /// MTU in bytes.
    pub mtu: u32,
    /// Bursts of segments may travel as one packet, and checksums be left open.
    pub offload: bool,
}

impl Default for TunConfig {
    fn default() -> Self {
        Self { mtu: 1500, offload: false }
    }
}

/// The near end of a device.
#[derive(Debug)]
pub struct Tun {
    file: File,
    config: TunConfig,
    buffer: Vec<u8>,
}

impl Tun {
    /// The kernel's addresses on the device.
    pub const KERNEL: [IpAddr; 2] = [
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
    ];
    /// Addresses for the host behind the device.
    pub const HOST: [IpAddr; 2] = [
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2)),
    ];

    /// Makes `tun0` in the present namespace, with [`Self::KERNEL`]'s addresses, and brings it up.
    ///
    /// # Errors
    /// Those of /dev/net/tun and of the ioctls: above all EACCES, EPERM and ENOENT.
    pub fn create(config: TunConfig) -> io::Result<Self> {
        let mut options = File::options();
        options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
        let file = options.open("/dev/net/tun")?;
        let vnet_hdr = if config.offload { IFF_VNET_HDR } else { 0 };
        let flags = IFF_TUN | IFF_NO_PI | vnet_hdr;
        sys::ioctl(file.as_fd(), TUNSETIFF, &ifreq(&flags.to_ne_bytes()))?;
        if config.offload {
            sys::ioctl_value(file.as_fd(), TUNSETOFFLOAD, OFFLOADS)?;
        }
        let changes = watch_addresses()?;
        configure(config.mtu)?;
        for addr in Self::KERNEL {
            wait_for(addr, &changes)?;
        }
        Ok(Self { file, config, buffer: vec![0; LARGEST] })
    }

    /// How it was set up.
    #[must_use]
    pub const fn config(&self) -> TunConfig {
        self.config
    }

    /// The next packet from the kernel; none if there is none at present.
    ///
    /// # Errors
    /// Those of readv(2).
    pub fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut header = [0; vnet::HEADER];
        let header_len = if self.config.offload { vnet::HEADER } else { 0 };
        let (front, _) = header.split_at_mut(header_len);
        let mut parts = [IoSliceMut::new(front), IoSliceMut::new(&mut self.buffer)];
        let len = match nix::sys::uio::readv(&self.file, &mut parts) {
            Ok(len) => len.saturating_sub(header_len),
            Err(nix::Error::EAGAIN | nix::Error::EINTR) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut packet = self.buffer.get(..len).unwrap_or_default().to_vec();
        if self.config.offload {
            vnet::complete_checksum(&header, &mut packet);
        }
        Ok(Some(packet))
    }

    /// Gives the kernel a packet. One that it has no room for is lost, as on any link.
    ///
    /// # Errors
    /// Those of writev(2).
    pub fn write(&self, packet: &[u8]) -> io::Result<()> {
        let mtu = usize::try_from(self.config.mtu).unwrap_or(usize::MAX);
        let header = vnet::header(packet, mtu);
        let header_len = if self.config.offload { vnet::HEADER } else { 0 };
        let front = header.get(..header_len).unwrap_or_default();
        match nix::sys::uio::writev(&self.file, &[IoSlice::new(front), IoSlice::new(packet)]) {
            Ok(_) | Err(nix::Error::EAGAIN | nix::Error::ENOBUFS | nix::Error::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// `struct ifreq`: the name, then what the request wants.
fn ifreq(rest: &[u8]) -> Vec<u8> {
    let mut bytes = NAME.to_vec();
    bytes.resize(libc::IFNAMSIZ, 0);
    bytes.extend_from_slice(rest);
    bytes
}

/// `struct sockaddr_in` without a port.
fn sockaddr_in(addr: Ipv4Addr) -> Vec<u8> {
    let mut bytes = u16::try_from(libc::AF_INET).unwrap_or(0).to_ne_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(addr.octets());
    bytes
}

fn configure(mtu: u32) -> io::Result<()> {
    let ip = control(AddressFamily::Inet)?;
    sys::ioctl(ip.as_fd(), SIOCSIFMTU, &ifreq(&mtu.to_ne_bytes()))?;
    sys::ioctl(ip.as_fd(), SIOCSIFTXQLEN, &ifreq(&QUEUE.to_ne_bytes()))?;
    let index = nix::net::if_::if_nametoindex(NAME)?;
    for addr in Tun::KERNEL {
        match addr {
            IpAddr::V4(addr) => {
                sys::ioctl(ip.as_fd(), SIOCSIFADDR, &ifreq(&sockaddr_in(addr)))?;
                let mask = Ipv4Addr::new(255, 255, 255, 0);
                sys::ioctl(ip.as_fd(), SIOCSIFNETMASK, &ifreq(&sockaddr_in(mask)))?;
            }
            IpAddr::V6(addr) => {
                // struct in6_ifreq: address, length of the prefix, index of the interface
                let mut request = addr.octets().to_vec();
                request.extend(64_u32.to_ne_bytes());
                request.extend(index.to_ne_bytes());
                let ipv6 = control(AddressFamily::Inet6)?;
                sys::ioctl(ipv6.as_fd(), SIOCSIFADDR, &request)?;
            }
        }
    }
    sys::ioctl(ip.as_fd(), SIOCSIFFLAGS, &ifreq(&IFF_UP_RUNNING.to_ne_bytes()))
}

/// A socket to make requests on.
fn control(family: AddressFamily) -> io::Result<OwnedFd> {
    Ok(socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?)
}

/// RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE
const ADDRESS_GROUPS: u32 = 0x10 | 0x100 | 0x400;
/// Longest wait for an address in milliseconds.
const PATIENCE_MS: u16 = 5_000;

/// A socket that has something to read whenever an address changes.
fn watch_addresses() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let protocol = SockProtocol::NetlinkRoute;
    let fd = socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
    bind(fd.as_raw_fd(), &NetlinkAddr::new(0, ADDRESS_GROUPS))?;
    Ok(fd)
}

/// An IPv6 address can be used only when the kernel has looked at it, in its own time.
fn wait_for(addr: IpAddr, changes: &OwnedFd) -> io::Result<()> {
    loop {
        let Err(error) = UdpSocket::bind((addr, 0)) else { return Ok(()) };
        let mut fds = [PollFd::new(changes.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::from(PATIENCE_MS))? == 0 {
            return Err(error);
        }
        while recv(changes.as_raw_fd(), &mut [0; 4096], MsgFlags::empty()).is_ok() {}
    }
}
