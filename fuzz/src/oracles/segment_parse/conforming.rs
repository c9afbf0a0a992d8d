//! A packet as a sender without peculiarities would have sent it.
//!
//! Linux takes away padding behind the packet, IPv4 options, the reserved bit of the fragment word
//! and IPv6 extension headers before TCP sees anything, and refuses what is no IP packet for the
//! first reason it finds (ip_rcv_core, ip6_rcv_core). Written without the code under test.

use std::borrow::Cow;

use synproof_stack::wire::WireError;

/// What is left of the bytes.
pub(super) enum Conforming<'a> {
    /// One IP packet: a plain header, then the transport.
    Packet(Cow<'a, [u8]>),
    /// A fragment, which TCP does not see.
    Fragment,
    /// No IP packet.
    Not(WireError),
}

use Conforming::{Fragment, Not, Packet};

pub(super) fn conforming(bytes: &[u8]) -> Conforming<'_> {
    match bytes.first().map(|first| first >> 4) {
        Some(4) => ipv4(bytes),
        Some(6) => ipv6(bytes),
        Some(_) => Not(WireError::IpInHdr),
        None => Not(WireError::PktTooSmall),
    }
}

/// The ones' complement sum over a header, turned round: 0 if its checksum is right.
pub(super) fn header_sum(header: &[u8]) -> u16 {
    let words = header.as_chunks::<2>().0.iter().map(|word| u32::from(u16::from_be_bytes(*word)));
    let mut sum = words.sum::<u32>();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(!sum & 0xffff).unwrap_or_default()
}

fn ipv4(bytes: &[u8]) -> Conforming<'_> {
    let header_len = usize::from(bytes.first().copied().unwrap_or_default() & 0xf) * 4;
    if header_len < 20 {
        return Not(WireError::IpInHdr);
    }
    let Some((header, fixed)) = bytes.get(..header_len).zip(bytes.first_chunk::<20>()) else {
        return Not(WireError::PktTooSmall);
    };
    if header_sum(header) != 0 {
        return Not(WireError::IpCsum);
    }
    let total = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    if total < header_len {
        return Not(WireError::IpInHdr);
    }
    let Some(payload) = bytes.get(header_len..total) else { return Not(WireError::PktTooSmall) };
    if fixed[6] & 0x3f != 0 || fixed[7] != 0 {
        return Fragment;
    }
    if header_len == 20 && total == bytes.len() && fixed[6] & 0x80 == 0 {
        return Packet(Cow::Borrowed(bytes));
    }
    let mut header = *fixed;
    header[0] = 0x45;
    header[2..4]
        .copy_from_slice(&u16::try_from(20 + payload.len()).unwrap_or(u16::MAX).to_be_bytes());
    header[6] &= 0x40;
    header[10..12].fill(0);
    let sum = header_sum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    Packet(Cow::Owned([&header, payload].concat()))
}

/// Hop-by-hop, routing and destination options.
const SKIPPED: [u8; 3] = [0, 43, 60];
const FRAGMENT: u8 = 44;

fn ipv6(bytes: &[u8]) -> Conforming<'_> {
    let Some(fixed) = bytes.first_chunk::<40>() else { return Not(WireError::PktTooSmall) };
    let len = usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
    let Some(mut rest) = bytes.get(40..40 + len) else { return Not(WireError::PktTooSmall) };
    let mut next = fixed[6];
    while SKIPPED.contains(&next) {
        let Some((&[following, words], _)) = rest.split_first_chunk::<2>() else {
            return Not(WireError::PktTooSmall);
        };
        let Some(behind) = rest.get(8 + usize::from(words) * 8..) else {
            return Not(WireError::PktTooSmall);
        };
        (next, rest) = (following, behind);
    }
    if next == FRAGMENT {
        return Fragment;
    }
    if next == fixed[6] && 40 + len == bytes.len() {
        return Packet(Cow::Borrowed(bytes));
    }
    let mut header = *fixed;
    header[4..6].copy_from_slice(&u16::try_from(rest.len()).unwrap_or(u16::MAX).to_be_bytes());
    header[6] = next;
    Packet(Cow::Owned([&header, rest].concat()))
}
