//! The TUN device between harness and stack under test: `tun0`, set up as packetdrill's.
//!
//! Kernel: drivers/net/tun.c, include/uapi/linux/virtio_net.h. Checksum and TCP segmentation
//! offload are on, so a burst of segments leaves as one packet of several MSS.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

use super::vnet::{self, VNET_HEADER};
use super::wire::Wire;
use super::{fault, sys};
use crate::target::TargetError;

/// Name that the scripts' commands use.
pub(super) const NAME: &str = "tun0";

const DEVICE: &str = "/dev/net/tun";

const TUNSETIFF: u64 = 0x4004_54ca;
const TUNSETPERSIST: u64 = 0x4004_54cb;
const TUNSETOFFLOAD: u64 = 0x4004_54d0;
/// IFF_TUN | IFF_NO_PI | IFF_VNET_HDR
const FLAGS: u16 = 0x0001 | 0x1000 | 0x4000;
/// TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN
const OFFLOADS: u64 = 0x01 | 0x02 | 0x04 | 0x08;

/// The harness's end of the device.
pub(super) struct Tun {
    file: File,
    gso_size: u16,
    /// Packets seen on the packet socket but not yet taken from the device's queue.
    owed: usize,
}

impl Tun {
    /// Creates `tun0` in the present thread's namespace. `gso_size` as in
    /// [`Setup::inject_gso_size`](crate::target::Setup::inject_gso_size).
    pub(super) fn create(gso_size: u16) -> Result<Self, TargetError> {
        let file = open_device()?;
        let mut ifreq = [0_u8; 40]; // struct ifreq: name, then the flags
        for (to, from) in ifreq.iter_mut().zip(NAME.bytes()) {
            *to = from;
        }
        for (to, from) in ifreq.iter_mut().skip(libc::IFNAMSIZ).zip(FLAGS.to_ne_bytes()) {
            *to = from;
        }
        let fd = file.as_raw_fd();
        let fix = "run as root, or with CAP_NET_ADMIN in the namespace";
        sys::ioctl_bytes(fd, TUNSETIFF, &mut ifreq)
            .map_err(|e| fault::unavailable("create the device tun0", fix)(fault::errno(e)))?;
        sys::ioctl_value(fd, TUNSETOFFLOAD, OFFLOADS)
            .map_err(|e| fault::io("set the offloads of tun0")(fault::errno(e)))?;
        // The device then goes with its namespace, which the kernel takes down on its own time,
        // and not when the file is closed, which would take the closer tens of milliseconds.
        sys::ioctl_value(fd, TUNSETPERSIST, 1)
            .map_err(|e| fault::io("leave tun0 to its namespace")(fault::errno(e)))?;
        Ok(Self { file, gso_size, owed: 0 })
    }
}

impl Wire for Tun {
    fn inject(&mut self, packet: &[u8]) -> io::Result<()> {
        let header = vnet::header(packet, self.gso_size);
        let parts = [IoSlice::new(&header), IoSlice::new(packet)];
        nix::sys::uio::writev(&self.file, &parts)?;
        Ok(())
    }

    fn consume(&mut self) {
        self.owed += 1;
        self.settle();
    }

    /// A packet is seen a moment before it is queued.
    fn settle(&mut self) {
        let mut scrap = [0_u8; VNET_HEADER + 1];
        while self.owed > 0 && nix::unistd::read(&self.file, &mut scrap).is_ok() {
            self.owed -= 1;
        }
    }

    fn awaited(&self) -> Option<BorrowedFd<'_>> {
        (self.owed > 0).then(|| self.file.as_fd())
    }
}

/// Whether the device can be opened at all; nothing is made.
pub(super) fn check_device() -> Result<(), TargetError> {
    open_device().map(drop)
}

fn open_device() -> Result<File, TargetError> {
    let mut options = File::options();
    options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
    options.open(DEVICE).map_err(|error| open_failed(&error))
}

fn open_failed(error: &io::Error) -> TargetError {
    let fix = if error.kind() == io::ErrorKind::NotFound {
        "load the driver and make the device: `modprobe tun`, and if the file is still missing \
         `mkdir -p /dev/net && mknod /dev/net/tun c 10 200 && chmod 666 /dev/net/tun` (docker: \
         `--device /dev/net/tun`); or use --target linux:veth"
    } else if error.kind() == io::ErrorKind::PermissionDenied {
        "`chmod 666 /dev/net/tun`, or use --target linux:veth"
    } else {
        "`modprobe tun`, or use --target linux:veth"
    };
    TargetError::Unavailable {
        what: format!("open {DEVICE}"),
        why: error.to_string(),
        fix: fix.into(),
    }
}
