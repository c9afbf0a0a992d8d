//! Arbitrary bytes to an IP datagram that has a chance to be accepted.
//!
//! [`repair`] corrects only what a strict reader checks: versions, lengths, protocol numbers, the
//! IPv4 header checksum. A well-formed datagram stays as it is, so the corpus of a fuzzer is
//! packets, and mutations of packets are packets. Written without the code under test.

use crate::Seeded;

/// A random datagram that has a chance: half of them IPv6, most of them TCP with right checksums.
#[must_use]
pub fn generate(seeded: &mut Seeded) -> Vec<u8> {
    let len = 20 + seeded.below(120);
    let mut bytes = seeded.bytes(len);
    let v6 = seeded.one_in(2);
    let tcp = !seeded.one_in(4);
    if let Some(first) = bytes.first_mut() {
        *first = if v6 { 0x60 } else { 0x45 };
    }
    if let Some(protocol) = bytes.get_mut(if v6 { 6 } else { 9 }).filter(|_| tcp) {
        *protocol = 6;
    }
    if seeded.one_in(4) { repair(&bytes) } else { seal(&bytes) }
}

/// [`repair`], and the checksum of TCP or ICMP right behind the outermost header.
#[must_use]
pub fn seal(input: &[u8]) -> Vec<u8> {
    let mut bytes = repair(input);
    let v6 = bytes.first().is_some_and(|first| first >> 4 == 6);
    let (ip_len, protocol_at, addresses) = if v6 { (40, 6, 8..40) } else { (20, 9, 12..20) };
    let protocol = bytes.get(protocol_at).copied().unwrap_or_default();
    let pseudo = bytes.get(addresses).map_or(0, sum) + u32::from(protocol);
    let Some(transport) = bytes.get_mut(ip_len..) else { return bytes };
    let pseudo = pseudo + u32::try_from(transport.len()).unwrap_or_default();
    let (at, pseudo) = match (protocol, v6) {
        (6, _) => (16, pseudo),
        (58, true) => (2, pseudo),
        (1, false) => (2, 0),
        _ => return bytes,
    };
    let Some(field) = transport.get_mut(at..at + 2) else { return bytes };
    field.fill(0);
    let checksum = !fold(pseudo + sum(transport));
    if let Some(field) = transport.get_mut(at..at + 2) {
        field.copy_from_slice(&checksum.to_be_bytes());
    }
    bytes
}

fn sum(bytes: &[u8]) -> u32 {
    let (words, odd) = bytes.as_chunks::<2>();
    let whole = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum::<u32>();
    whole + odd.first().map_or(0, |last| u32::from(*last) << 8)
}

fn fold(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).unwrap_or_default()
}

/// The bytes with structural fields corrected, from the outermost header inwards, as far as they
/// go. The result is as long as the input, and may still be refused.
#[must_use]
pub fn repair(input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    let mut at = 0;
    let mut next = Some(Header::Ip);
    while let (Some(header), Some(rest)) = (next, bytes.get_mut(at..)) {
        let done = match header {
            Header::Ip if rest.first().is_some_and(|first| first >> 4 == 6) => ipv6(rest),
            Header::Ip => ipv4(rest),
            Header::Gre => gre(rest),
            Header::Mpls => mpls(rest),
            Header::Udp => udp(rest),
            Header::Tcp => tcp(rest),
            Header::Icmp => None,
        };
        let Some((len, inner)) = done else { break };
        at += len;
        next = inner;
    }
    bytes
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Header {
    Ip,
    Gre,
    Mpls,
    Udp,
    Tcp,
    Icmp,
}

/// Length of the header and what comes next; [`None`] if it does not fit.
type Repaired = Option<(usize, Option<Header>)>;

/// Protocol numbers and what they announce.
const IN_IPV4: [(u8, Header); 7] = [
    (6, Header::Tcp),
    (1, Header::Icmp),
    (17, Header::Udp),
    (4, Header::Ip),
    (41, Header::Ip),
    (47, Header::Gre),
    (137, Header::Mpls),
];

const IN_IPV6: [(u8, Header); 7] = [
    (6, Header::Tcp),
    (58, Header::Icmp),
    (17, Header::Udp),
    (4, Header::Ip),
    (41, Header::Ip),
    (47, Header::Gre),
    (137, Header::Mpls),
];

/// Keeps a known number, and maps any other to one of the known ones.
fn known(table: &[(u8, Header)], number: u8) -> Option<(u8, Header)> {
    let same = table.iter().find(|row| row.0 == number);
    same.or_else(|| table.get(usize::from(number) % table.len())).copied()
}

/// The version nibble of an IP header that a header in front of it announces.
fn announce(rest: &mut [u8], offset: usize, protocol: u8) {
    let version = match protocol {
        4 => 4,
        41 => 6,
        _ => return,
    };
    if let Some(first) = rest.get_mut(offset) {
        *first = version << 4 | *first & 0xf;
    }
}

fn ipv4(rest: &mut [u8]) -> Repaired {
    let total = u16::try_from(rest.len()).ok()?.to_be_bytes();
    let header = rest.first_chunk_mut::<20>()?;
    let (protocol, next) = known(&IN_IPV4, header[9])?;
    header[0] = 0x45;
    header[2..4].copy_from_slice(&total);
    // Of the fragment word only DF may be set.
    header[6] &= 0x40;
    header[7] = 0;
    header[9] = protocol;
    header[10..12].fill(0);
    let checksum = !fold(sum(header));
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    announce(rest, 20, protocol);
    Some((20, Some(next)))
}

fn ipv6(rest: &mut [u8]) -> Repaired {
    let payload = u16::try_from(rest.len().checked_sub(40)?).ok()?.to_be_bytes();
    let header = rest.first_chunk_mut::<40>()?;
    let (protocol, next) = known(&IN_IPV6, header[6])?;
    header[4..6].copy_from_slice(&payload);
    header[6] = protocol;
    announce(rest, 40, protocol);
    Some((40, Some(next)))
}

fn gre(rest: &mut [u8]) -> Repaired {
    let [flags_hi, flags_lo, proto_hi, proto_lo] = rest.first_chunk_mut::<4>()?;
    // No routing, version 0.
    *flags_hi &= 0xbf;
    *flags_lo &= 0xf8;
    let words = (*flags_hi >> 4 & 0b1011).count_ones();
    let len = 4 + 4 * usize::try_from(words).ok()?;
    let (ethertype, next, protocol) = match u16::from_be_bytes([*proto_hi, *proto_lo]) {
        0x8847 => (0x8847, Header::Mpls, 0),
        0x0800 => (0x0800, Header::Ip, 4),
        0x86dd => (0x86dd, Header::Ip, 41),
        other if other % 3 == 0 => (0x8847, Header::Mpls, 0),
        other if other % 3 == 1 => (0x0800, Header::Ip, 4),
        _ => (0x86dd_u16, Header::Ip, 41),
    };
    [*proto_hi, *proto_lo] = ethertype.to_be_bytes();
    announce(rest, len, protocol);
    Some((len, Some(next)))
}

/// Ends the stack where an entry says so, or where an IPv4 header would no longer fit behind it.
fn mpls(rest: &mut [u8]) -> Repaired {
    let left = rest.len();
    let (entries, _) = rest.as_chunks_mut::<4>();
    let mut len = 0;
    for [_, _, low, _] in entries {
        len += 4;
        if left - len < 24 {
            *low |= 1;
        }
        if *low & 1 != 0 {
            return Some((len, Some(Header::Ip)));
        }
    }
    None
}

fn udp(rest: &mut [u8]) -> Repaired {
    let len = u16::try_from(rest.len()).ok()?.to_be_bytes();
    let header = rest.first_chunk_mut::<8>()?;
    header[4..6].copy_from_slice(&len);
    // What UDP carries is not known from the packet, but a TCP header there does no harm.
    Some((8, Some(Header::Tcp)))
}

fn tcp(rest: &mut [u8]) -> Repaired {
    let words = u8::try_from((rest.len() / 4).min(15)).ok()?;
    let header = rest.first_chunk_mut::<20>()?;
    let offset = (header[12] >> 4).clamp(5, words);
    header[12] = offset << 4 | header[12] & 0xf;
    None
}
