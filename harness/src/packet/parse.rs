//! Bytes to [`Packet`]: fields read through `pnet` from headers that [`super::strict`] passed.
//!
//! Checksums of TCP, UDP and ICMP are not verified here (see [`super::checksum`]).

use std::net::IpAddr;

use pnet_packet::ipv4::{Ipv4Flags, Ipv4Packet};
use pnet_packet::ipv6::Ipv6Packet;
use pnet_packet::tcp::TcpPacket;
use pnet_packet::udp::UdpPacket;

use super::model::{Icmp, Ip, MplsEntry, Outer, Packet, Tcp, Transport, Udp};
use super::options;
use super::strict::{Decap, Layer, LayerKind, Reason, StrictError, check};

/// Reads one IP datagram, nothing before and nothing behind it.
///
/// # Errors
/// The first structural defect, or a protocol that [`Packet`] cannot hold.
pub fn parse(bytes: &[u8]) -> Result<Packet, StrictError> {
    parse_with(bytes, &Decap::default())
}

/// [`parse`], looking into the encapsulations that `decap` names.
///
/// # Errors
/// As [`parse`].
pub fn parse_with(bytes: &[u8], decap: &Decap) -> Result<Packet, StrictError> {
    let mut layers = check(bytes, decap)?;
    let transport = layers.pop();
    let between = layers.pop_if(|layer| layer.kind == LayerKind::Udp);
    let ip = layers.pop();
    let read = Read { bytes };
    let (Some(transport), Some(ip)) = (transport, ip) else { return Err(read.missing()) };
    let mut outer = layers.iter().map(|layer| read.outer(layer)).collect::<Result<Vec<_>, _>>()?;
    if let Some(udp) = between {
        outer.push(read.outer(&udp)?);
    }
    Ok(Packet { outer, ip: read.ip(&ip)?, transport: read.transport(&transport)? })
}

struct Read<'a> {
    bytes: &'a [u8],
}

impl<'a> Read<'a> {
    /// Answer where an accessor finds no header: [`check`] excludes it.
    fn missing(&self) -> StrictError {
        let have = self.bytes.len();
        StrictError {
            at: 0,
            reason: Reason::Truncated { layer: LayerKind::Ipv4, need: have + 1, have },
        }
    }

    fn header(&self, layer: &Layer) -> &'a [u8] {
        self.bytes.get(layer.header.clone()).unwrap_or_default()
    }

    fn payload(&self, layer: &Layer) -> &'a [u8] {
        self.bytes.get(layer.header.end..).unwrap_or_default()
    }

    fn outer(&self, layer: &Layer) -> Result<Outer, StrictError> {
        match layer.kind {
            LayerKind::Ipv4 | LayerKind::Ipv6 => Ok(Outer::Ip(self.ip(layer)?)),
            LayerKind::Gre => Ok(gre(self.header(layer))),
            LayerKind::Mpls => Ok(Outer::Mpls(mpls(self.header(layer)))),
            LayerKind::Udp => {
                let udp = self.udp(layer)?;
                Ok(Outer::Udp { src_port: udp.src_port, dst_port: udp.dst_port })
            }
            LayerKind::Tcp | LayerKind::Icmpv4 | LayerKind::Icmpv6 => Err(self.missing()),
        }
    }

    fn ip(&self, layer: &Layer) -> Result<Ip, StrictError> {
        let header = self.header(layer);
        let ip = if layer.kind == LayerKind::Ipv4 { ipv4(header) } else { ipv6(header) };
        ip.ok_or_else(|| self.missing())
    }

    fn transport(&self, layer: &Layer) -> Result<Transport, StrictError> {
        match layer.kind {
            LayerKind::Tcp => self.tcp(layer).map(Transport::Tcp),
            LayerKind::Udp => self.udp(layer).map(Transport::Udp),
            LayerKind::Icmpv4 | LayerKind::Icmpv6 => self.icmp(layer).map(Transport::Icmp),
            LayerKind::Ipv4 | LayerKind::Ipv6 | LayerKind::Gre | LayerKind::Mpls => {
                Err(self.missing())
            }
        }
    }

    fn tcp(&self, layer: &Layer) -> Result<Tcp, StrictError> {
        let header = self.header(layer);
        let view = TcpPacket::new(header).ok_or_else(|| self.missing())?;
        Ok(Tcp {
            src_port: view.get_source(),
            dst_port: view.get_destination(),
            seq: view.get_sequence(),
            ack: view.get_acknowledgement(),
            // pnet counts the upper four of the twelve bits, AE included, as reserved.
            flags: u16::from(view.get_reserved()) << 8 | u16::from(view.get_flags()),
            window: view.get_window(),
            urgent: view.get_urgent_ptr(),
            options: options::decode(header.get(20..).unwrap_or_default()),
            payload: self.payload(layer).to_vec(),
        })
    }

    fn udp(&self, layer: &Layer) -> Result<Udp, StrictError> {
        let view = UdpPacket::new(self.header(layer)).ok_or_else(|| self.missing())?;
        Ok(Udp {
            src_port: view.get_source(),
            dst_port: view.get_destination(),
            payload: self.payload(layer).to_vec(),
        })
    }

    fn icmp(&self, layer: &Layer) -> Result<Icmp, StrictError> {
        let Some(&[ty, code, _, _, r0, r1, r2, r3]) = self.header(layer).first_chunk::<8>() else {
            return Err(self.missing());
        };
        let rest = u32::from_be_bytes([r0, r1, r2, r3]);
        Ok(Icmp { ty, code, rest, body: self.payload(layer).to_vec() })
    }
}

fn ipv4(header: &[u8]) -> Option<Ip> {
    let view = Ipv4Packet::new(header)?;
    Some(Ip {
        src: IpAddr::V4(view.get_source()),
        dst: IpAddr::V4(view.get_destination()),
        tos: view.get_dscp() << 2 | view.get_ecn(),
        ttl: view.get_ttl(),
        flow_label: 0,
        id: view.get_identification(),
        dont_fragment: view.get_flags() & Ipv4Flags::DontFragment != 0,
    })
}

fn ipv6(header: &[u8]) -> Option<Ip> {
    let view = Ipv6Packet::new(header)?;
    Some(Ip {
        src: IpAddr::V6(view.get_source()),
        dst: IpAddr::V6(view.get_destination()),
        tos: view.get_traffic_class(),
        ttl: view.get_hop_limit(),
        flow_label: view.get_flow_label(),
        id: 0,
        dont_fragment: false,
    })
}

/// The optional words by position, as the language defines them: the first is sum and offset, the
/// second the key, the third the sequence number, whichever of them the flags announce. So a
/// header with a key alone has it in `sum` and `off`.
fn gre(header: &[u8]) -> Outer {
    let word = |index: usize| match header.get(4 + 4 * index..).and_then(<[u8]>::first_chunk::<4>) {
        Some(bytes) => u32::from_be_bytes(*bytes),
        None => 0,
    };
    let half = |at: usize| match header.get(at..).and_then(<[u8]>::first_chunk::<2>) {
        Some(bytes) => u16::from_be_bytes(*bytes),
        None => 0,
    };
    Outer::Gre { flags: half(0), sum: half(4), off: half(6), key: word(1), seq: word(2) }
}

fn mpls(header: &[u8]) -> Vec<MplsEntry> {
    let entry = |&[high, mid, low, ttl]: &[u8; 4]| MplsEntry {
        label: u32::from_be_bytes([0, high, mid, low]) >> 4,
        tc: low >> 1 & 0x7,
        bottom: low & 1 != 0,
        ttl,
    };
    header.as_chunks::<4>().0.iter().map(entry).collect()
}

#[cfg(test)]
mod tests;
