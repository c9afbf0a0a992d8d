//! One function per header: its fixed fields in wire order, zeros for lengths and checksums.

use std::net::IpAddr;

use super::error::BuildError;
use crate::packet::model::{Icmp, Ip, MplsEntry, Outer, Tcp, Transport};
use crate::packet::options;
use crate::packet::strict::{GRE_UNSUPPORTED, gre_len};

/// The header that follows, for the protocol field of the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Ipv4,
    Ipv6,
    Gre,
    Mpls,
    Tcp,
    Udp,
    Icmpv4,
    Icmpv6,
}

impl Next {
    pub(super) fn of_ip(ip: &Ip) -> Self {
        if ip.src.is_ipv4() { Self::Ipv4 } else { Self::Ipv6 }
    }

    pub(super) fn of_outer(header: &Outer) -> Self {
        match header {
            Outer::Ip(ip) => Self::of_ip(ip),
            Outer::Gre { .. } => Self::Gre,
            Outer::Mpls(_) => Self::Mpls,
            Outer::Udp { .. } => Self::Udp,
        }
    }

    pub(super) fn of_transport(transport: &Transport, ip: &Ip) -> Self {
        match transport {
            Transport::Tcp(_) => Self::Tcp,
            Transport::Udp(_) => Self::Udp,
            Transport::Icmp(_) if ip.src.is_ipv4() => Self::Icmpv4,
            Transport::Icmp(_) => Self::Icmpv6,
        }
    }

    /// For messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::Gre => "GRE",
            Self::Mpls => "MPLS",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Icmpv4 => "ICMP",
            Self::Icmpv6 => "ICMPv6",
        }
    }

    /// IANA protocol number.
    fn protocol(self) -> u8 {
        match self {
            Self::Icmpv4 => 1,
            Self::Ipv4 => 4,
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Ipv6 => 41,
            Self::Gre => 47,
            Self::Icmpv6 => 58,
            Self::Mpls => 137,
        }
    }
}

pub(super) fn ip(to: &mut Vec<u8>, ip: &Ip, next: Next) -> Result<(), BuildError> {
    match (ip.src, ip.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            let fragment: u16 = if ip.dont_fragment { 0x4000 } else { 0 };
            to.extend_from_slice(&[0x45, ip.tos, 0, 0]);
            to.extend_from_slice(&ip.id.to_be_bytes());
            to.extend_from_slice(&fragment.to_be_bytes());
            to.extend_from_slice(&[ip.ttl, next.protocol(), 0, 0]);
            to.extend_from_slice(&src.octets());
            to.extend_from_slice(&dst.octets());
            Ok(())
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            if ip.flow_label > 0xf_ffff {
                return Err(BuildError::FlowLabel(ip.flow_label));
            }
            let first = 6 << 28 | u32::from(ip.tos) << 20 | ip.flow_label;
            to.extend_from_slice(&first.to_be_bytes());
            to.extend_from_slice(&[0, 0, next.protocol(), ip.ttl]);
            to.extend_from_slice(&src.octets());
            to.extend_from_slice(&dst.octets());
            Ok(())
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
            Err(BuildError::MixedFamilies)
        }
    }
}

/// `words` by position; only as many as the flags count are sent, whichever bits they are.
pub(super) fn gre(
    to: &mut Vec<u8>,
    flags: u16,
    words: [u32; 3],
    next: Next,
) -> Result<(), BuildError> {
    if flags & GRE_UNSUPPORTED != 0 {
        return Err(BuildError::GreFlags(flags));
    }
    let ethertype: u16 = match next {
        Next::Ipv4 => 0x0800,
        Next::Ipv6 => 0x86dd,
        Next::Mpls => 0x8847,
        Next::Gre | Next::Tcp | Next::Udp | Next::Icmpv4 | Next::Icmpv6 => {
            return Err(BuildError::Nesting { outer: Next::Gre.name(), inner: next.name() });
        }
    };
    to.extend_from_slice(&flags.to_be_bytes());
    to.extend_from_slice(&ethertype.to_be_bytes());
    let sent = (gre_len(flags) - 4) / 4;
    to.extend(words.iter().take(sent).flat_map(|word| word.to_be_bytes()));
    Ok(())
}

/// What follows the bottom label is told by its version nibble, so it must be IP.
pub(super) fn mpls(to: &mut Vec<u8>, stack: &[MplsEntry], next: Next) -> Result<(), BuildError> {
    if !matches!(next, Next::Ipv4 | Next::Ipv6) {
        return Err(BuildError::Nesting { outer: Next::Mpls.name(), inner: next.name() });
    }
    let Some((last, above)) = stack.split_last() else { return Err(BuildError::MplsEmpty) };
    if !last.bottom || above.iter().any(|entry| entry.bottom) {
        return Err(BuildError::MplsBottom);
    }
    for entry in stack {
        if entry.label > 0xf_ffff {
            return Err(BuildError::MplsLabel(entry.label));
        }
        if entry.tc > 7 {
            return Err(BuildError::MplsTc(entry.tc));
        }
        let word = entry.label << 12
            | u32::from(entry.tc) << 9
            | u32::from(entry.bottom) << 8
            | u32::from(entry.ttl);
        to.extend_from_slice(&word.to_be_bytes());
    }
    Ok(())
}

pub(super) fn udp(to: &mut Vec<u8>, src_port: u16, dst_port: u16) {
    to.extend_from_slice(&src_port.to_be_bytes());
    to.extend_from_slice(&dst_port.to_be_bytes());
    to.extend_from_slice(&[0; 4]);
}

pub(super) fn tcp(to: &mut Vec<u8>, tcp: &Tcp) -> Result<(), BuildError> {
    let options = options::encode(&tcp.options)?;
    if tcp.flags > 0xfff {
        return Err(BuildError::TcpFlags(tcp.flags));
    }
    let words = u16::try_from(5 + options.len() / 4)
        .map_err(|_| BuildError::OptionsTooLong(options.len()))?;
    to.extend_from_slice(&tcp.src_port.to_be_bytes());
    to.extend_from_slice(&tcp.dst_port.to_be_bytes());
    to.extend_from_slice(&tcp.seq.to_be_bytes());
    to.extend_from_slice(&tcp.ack.to_be_bytes());
    to.extend_from_slice(&(words << 12 | tcp.flags).to_be_bytes());
    to.extend_from_slice(&tcp.window.to_be_bytes());
    to.extend_from_slice(&[0; 2]);
    to.extend_from_slice(&tcp.urgent.to_be_bytes());
    to.extend_from_slice(&options);
    Ok(())
}

pub(super) fn icmp(to: &mut Vec<u8>, icmp: &Icmp) {
    to.extend_from_slice(&[icmp.ty, icmp.code, 0, 0]);
    to.extend_from_slice(&icmp.rest.to_be_bytes());
}
