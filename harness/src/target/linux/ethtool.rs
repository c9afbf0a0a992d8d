//! Offload features by the ethtool ioctl (include/uapi/linux/ethtool.h, struct ethtool_value).

use std::io;

use nix::sys::socket::{self, AddressFamily, SockFlag, SockType};
use std::os::fd::AsRawFd;

use super::commands::Handled;
use super::{fault, sys};

const SIOCETHTOOL: u64 = 0x8946;
/// Offset of `ifr_data` in `struct ifreq`, and its size on 64-bit machines.
const IFR_DATA: usize = libc::IFNAMSIZ;
const IFREQ: usize = 40;

/// Names that `ethtool -K` takes for the features with an ioctl of their own, and that ioctl.
const FEATURES: [(&[&str], u32); 6] = [
    (&["rx", "rx-checksum", "rx-checksumming"], 0x15), // ETHTOOL_SRXCSUM
    (&["tx", "tx-checksum", "tx-checksumming"], 0x17), // ETHTOOL_STXCSUM
    (&["sg", "scatter-gather"], 0x19),                 // ETHTOOL_SSG
    (&["tso", "tcp-segmentation-offload"], 0x1f),      // ETHTOOL_STSO
    (&["gso", "generic-segmentation-offload"], 0x24),  // ETHTOOL_SGSO
    (&["gro", "generic-receive-offload"], 0x2c),       // ETHTOOL_SGRO
];

/// `ETHTOOL_SSET`: `struct ethtool_cmd`, 44 bytes.
const SET_SETTINGS: u32 = 0x2;

/// Turns one feature of `dev` on or off.
pub(super) fn set(dev: &str, feature: &str, on: bool) -> io::Result<Handled> {
    let known = FEATURES.iter().find(|(names, _)| names.contains(&feature));
    let Some(&(_, command)) = known else { return Ok(Handled::No) };
    let mut value = [command.to_ne_bytes(), u32::from(on).to_ne_bytes()].concat();
    control(dev, &mut value)?;
    Ok(Handled::Yes)
}

/// The link speed that `dev` reports, in Mbit/s, full duplex, no negotiation.
pub(super) fn set_speed(dev: &str, mbps: u32) -> io::Result<()> {
    let [b0, b1, b2, b3] = mbps.to_le_bytes();
    let mut value = vec![0_u8; 44];
    // supported and advertising (8 bytes) stay 0, then speed, duplex, port, …, speed_hi at 28.
    let fields: [(usize, &[u8]); 4] = [
        (0, &SET_SETTINGS.to_ne_bytes()),
        (12, &u16::from_le_bytes([b0, b1]).to_ne_bytes()),
        (14, &[1]),
        (28, &u16::from_le_bytes([b2, b3]).to_ne_bytes()),
    ];
    for (at, bytes) in fields {
        value.iter_mut().skip(at).zip(bytes).for_each(|(to, from)| *to = *from);
    }
    control(dev, &mut value)
}

fn control(dev: &str, value: &mut [u8]) -> io::Result<()> {
    let flags = SockFlag::SOCK_CLOEXEC;
    let any = socket::socket(AddressFamily::Inet, SockType::Datagram, flags, None)?;
    let mut ifreq = vec![0_u8; IFREQ];
    if dev.len() >= libc::IFNAMSIZ {
        return Err(io::Error::from_raw_os_error(libc::ENODEV));
    }
    ifreq.iter_mut().zip(dev.bytes()).for_each(|(to, from)| *to = from);
    sys::ioctl_indirect(any.as_raw_fd(), SIOCETHTOOL, &ifreq, IFR_DATA, value)
        .map_err(fault::errno)?;
    Ok(())
}
