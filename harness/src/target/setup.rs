//! What a fresh target is told before a script starts.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Which sockets and which packets a script uses (`--ip_version`).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum IpVersion {
    /// AF_INET sockets, IPv4 packets.
    #[default]
    #[serde(rename = "ipv4")]
    Ipv4,
    /// AF_INET6 sockets, IPv4 packets.
    #[serde(rename = "ipv4-mapped-ipv6")]
    Ipv4Mapped,
    /// AF_INET6 sockets, IPv6 packets.
    #[serde(rename = "ipv6")]
    Ipv6,
}

impl IpVersion {
    /// The name in options and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv4Mapped => "ipv4-mapped-ipv6",
            Self::Ipv6 => "ipv6",
        }
    }

    /// Packets on the wire are IPv6.
    #[must_use]
    pub fn wire_is_v6(self) -> bool {
        self == Self::Ipv6
    }
}

/// Network and socket environment of one script run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Sockets and packets.
    pub ip_version: IpVersion,
    /// Address of the target (`--local_ip`).
    pub local_ip: IpAddr,
    /// Prefix length of the local network (from `--netmask_ip`; 48 for IPv6).
    pub local_prefix: u8,
    /// Address the harness plays (`--remote_ip`).
    pub remote_ip: IpAddr,
    /// Prefix length of the route to it.
    pub remote_prefix: u8,
    /// Next hop of that route.
    pub gateway_ip: IpAddr,
    /// MTU of the link.
    pub mtu: u32,
    /// GSO size given to injected packets; 0 for none (`--mss`).
    pub inject_gso_size: u16,
    /// Do not assign `local_ip`; route without gateway (`--is_anyip`).
    pub is_anyip: bool,
    /// Link speed in Mbit/s to report (`--speed`).
    pub speed_mbps: Option<u32>,
    /// Ticks per second that are asked for (`--hz`); the target's own if nobody asks.
    pub hz: Option<u32>,
    /// Sysctls to set before the init command: name in dotted form, value.
    pub sysctls: Vec<(String, String)>,
    /// Seed of everything random in a virtual target.
    pub seed: u64,
}
