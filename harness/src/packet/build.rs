//! [`Packet`] to bytes, in three steps: headers as written, then lengths, then checksums.
//!
//! A deliberate malformation is a change of the bytes between or after these steps, so it never
//! needs a packet that lies. Nothing is padded or completed: option lists are written as listed.
//! Encoded by hand and read by `pnet`, so that one wrong table cannot hide in both directions.

mod error;
mod header;

use std::net::IpAddr;

pub use error::BuildError;
use pnet_packet::util;

use super::checksum::place;
use super::model::{Ip, Outer, Packet, Transport};
use super::strict::LayerKind;
use header::Next;

/// The bytes of `packet`, outermost IP header first, with correct lengths and checksums.
///
/// IPv4 or IPv6 follows from the addresses of each header. [`Outer::Udp`] stands between the inner
/// IP header and TCP, whose own checksum is then 0 (the UDP checksum covers the segment, as FreeBSD
/// sends it). GRE is written by position like it is read: sum and offset, key, sequence number, of
/// which the flags select how many of the first words are sent. Fields of the other IP version
/// (`id`, `dont_fragment`, `flow_label`) are not written.
///
/// # Errors
/// Fields that do not fit, orders of headers that do not exist, option lists of a wrong size.
pub fn build(packet: &Packet) -> Result<Vec<u8>, BuildError> {
    let mut draft = Draft::headers(packet)?;
    draft.fill_lengths()?;
    draft.fill_checksums();
    Ok(draft.bytes)
}

/// A packet in the making.
struct Draft {
    bytes: Vec<u8>,
    /// The headers in the order of the bytes.
    placed: Vec<Placed>,
}

/// A header in the bytes.
struct Placed {
    kind: LayerKind,
    at: usize,
    /// Addresses of the IP header that carries it (or that it is); for pseudo headers.
    addresses: (IpAddr, IpAddr),
}

impl Draft {
    /// All headers and the payload, with zeros for lengths and checksums.
    fn headers(packet: &Packet) -> Result<Self, BuildError> {
        let (udp, outer) = match packet.outer.split_last() {
            Some((udp @ Outer::Udp { .. }, outer)) => (Some(udp), outer),
            _ => (None, packet.outer.as_slice()),
        };
        let mut draft = Self { bytes: Vec::new(), placed: Vec::new() };
        let mut addresses = (packet.ip.src, packet.ip.dst);
        for (index, header) in outer.iter().enumerate() {
            if let Outer::Ip(ip) = header {
                addresses = (ip.src, ip.dst);
            } else if index == 0 {
                return Err(BuildError::OutermostNotIp(Next::of_outer(header).name()));
            }
            let next = outer.get(index + 1).map_or(Next::of_ip(&packet.ip), Next::of_outer);
            draft.outer(header, next, addresses)?;
        }
        let next = match udp {
            None => Next::of_transport(&packet.transport, &packet.ip),
            Some(_) => Next::Udp,
        };
        draft.ip(&packet.ip, next)?;
        if let Some(udp) = udp {
            draft.encapsulating_udp(udp, packet)?;
        }
        draft.transport(packet)?;
        Ok(draft)
    }

    fn place(&mut self, kind: LayerKind, addresses: (IpAddr, IpAddr)) {
        self.placed.push(Placed { kind, at: self.bytes.len(), addresses });
    }

    fn outer(
        &mut self,
        header: &Outer,
        next: Next,
        addresses: (IpAddr, IpAddr),
    ) -> Result<(), BuildError> {
        match header {
            Outer::Ip(ip) => self.ip(ip, next),
            Outer::Gre { flags, sum, off, key, seq } => {
                self.place(LayerKind::Gre, addresses);
                let words = [u32::from(*sum) << 16 | u32::from(*off), *key, *seq];
                header::gre(&mut self.bytes, *flags, words, next)
            }
            Outer::Mpls(stack) => {
                self.place(LayerKind::Mpls, addresses);
                header::mpls(&mut self.bytes, stack, next)
            }
            Outer::Udp { .. } => {
                Err(BuildError::Nesting { outer: Next::Udp.name(), inner: next.name() })
            }
        }
    }

    fn ip(&mut self, ip: &Ip, next: Next) -> Result<(), BuildError> {
        let kind = if ip.src.is_ipv4() { LayerKind::Ipv4 } else { LayerKind::Ipv6 };
        self.place(kind, (ip.src, ip.dst));
        header::ip(&mut self.bytes, ip, next)
    }

    fn encapsulating_udp(&mut self, udp: &Outer, packet: &Packet) -> Result<(), BuildError> {
        let Outer::Udp { src_port, dst_port } = udp else { return Ok(()) };
        let next = Next::of_transport(&packet.transport, &packet.ip);
        if next != Next::Tcp {
            return Err(BuildError::Nesting { outer: Next::Udp.name(), inner: next.name() });
        }
        self.place(LayerKind::Udp, (packet.ip.src, packet.ip.dst));
        header::udp(&mut self.bytes, *src_port, *dst_port);
        Ok(())
    }

    fn transport(&mut self, packet: &Packet) -> Result<(), BuildError> {
        let addresses = (packet.ip.src, packet.ip.dst);
        match &packet.transport {
            Transport::Tcp(tcp) => {
                self.place(LayerKind::Tcp, addresses);
                header::tcp(&mut self.bytes, tcp)?;
                self.bytes.extend_from_slice(&tcp.payload);
            }
            Transport::Udp(udp) => {
                self.place(LayerKind::Udp, addresses);
                header::udp(&mut self.bytes, udp.src_port, udp.dst_port);
                self.bytes.extend_from_slice(&udp.payload);
            }
            Transport::Icmp(icmp) => {
                let v4 = packet.ip.src.is_ipv4();
                self.place(if v4 { LayerKind::Icmpv4 } else { LayerKind::Icmpv6 }, addresses);
                header::icmp(&mut self.bytes, icmp);
                self.bytes.extend_from_slice(&icmp.body);
            }
        }
        Ok(())
    }

    /// Length fields count from their header (IPv6: from behind it) to the end of the packet.
    fn fill_lengths(&mut self) -> Result<(), BuildError> {
        let end = self.bytes.len();
        for header in &self.placed {
            let (field, from, layer) = match header.kind {
                LayerKind::Ipv4 => (2, 0, "IPv4"),
                LayerKind::Ipv6 => (4, 40, "IPv6"),
                LayerKind::Udp => (4, 0, "UDP"),
                LayerKind::Gre
                | LayerKind::Mpls
                | LayerKind::Tcp
                | LayerKind::Icmpv4
                | LayerKind::Icmpv6 => continue,
            };
            let len = end - header.at - from;
            let value = u16::try_from(len).map_err(|_| BuildError::TooLong { layer, len })?;
            put16(&mut self.bytes, header.at + field, value);
        }
        Ok(())
    }

    /// Innermost first, since a sum covers everything behind its header.
    fn fill_checksums(&mut self) {
        let encapsulated = self.placed.iter().any(|header| header.kind == LayerKind::Udp);
        for header in self.placed.iter().rev() {
            let Some(tail) = self.bytes.get(header.at..) else { continue };
            let (field, sum) = match place(header.kind) {
                // TCP in UDP leaves its checksum zero.
                Some(_) if header.kind == LayerKind::Tcp && encapsulated => continue,
                Some(place) => {
                    let (src, dst) = header.addresses;
                    (place.offset, place.sum(tail, src, dst))
                }
                None if header.kind == LayerKind::Ipv4 => {
                    (10, util::checksum(tail.get(..20).unwrap_or_default(), 5))
                }
                None => continue,
            };
            put16(&mut self.bytes, header.at + field, sum);
        }
    }
}

fn put16(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(field) = bytes.get_mut(at..at + 2) {
        field.copy_from_slice(&value.to_be_bytes());
    }
}

#[cfg(test)]
mod tests;
