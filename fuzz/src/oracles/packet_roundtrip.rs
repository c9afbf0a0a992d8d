//! What the packet layer accepts it can write again: the same packet, and the same bytes but for
//! checksums of transports, which reading does not verify.

use synproof_harness::packet::{
    Decap, Outer, Packet, TextOptions, Transport, build, packet_text, parse_with,
    transport_checksum_ok,
};

use crate::Verdict;

const BUILDS: &str = "an accepted packet can be built";
const REPARSES: &str = "a built packet is accepted and is the same packet";
const SAME_BYTES: &str = "the built bytes are the accepted ones, apart from checksums";
const CHECKSUM: &str = "a built packet has right checksums";

/// The UDP port whose datagrams carry TCP in the second reading.
pub const ENCAPSULATION_PORT: u16 = 9811;

/// Both readings of the bytes: with TCP in UDP, and without. [`Verdict::Rejected`] if neither
/// accepts them.
pub fn check(bytes: &[u8]) -> Verdict {
    match check_with(bytes, &Decap::default()) {
        broken @ Verdict::Broken(_) => broken,
        plain @ (Verdict::Holds | Verdict::Rejected) => {
            let decap = Decap { tcp_over_udp_port: Some(ENCAPSULATION_PORT) };
            match check_with(bytes, &decap) {
                Verdict::Rejected => plain,
                other @ (Verdict::Holds | Verdict::Broken(_)) => other,
            }
        }
    }
}

fn check_with(bytes: &[u8], decap: &Decap) -> Verdict {
    let Ok(packet) = parse_with(bytes, decap) else { return Verdict::Rejected };
    std::hint::black_box(packet_text(&packet, &TextOptions::default()));
    let built = match build(&packet) {
        Ok(built) => built,
        Err(error) => return Verdict::broken(BUILDS, format!("{error}: {packet:?}")),
    };
    match parse_with(&built, decap) {
        Ok(again) if again == packet => {}
        other => return Verdict::broken(REPARSES, format!("{packet:?}\nbecame {other:?}")),
    }
    if without_checksums(&built, &packet) != without_checksums(bytes, &packet) {
        return Verdict::broken(SAME_BYTES, format!("{bytes:02x?}\nbecame {built:02x?}"));
    }
    if transport_checksum_ok(&built) != Some(true) {
        return Verdict::broken(CHECKSUM, format!("{built:02x?}"));
    }
    Verdict::Holds
}

/// Zeros where `packet` has its checksums; offsets counted from the fields, not asked from the
/// code under test.
fn without_checksums(bytes: &[u8], packet: &Packet) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    let mut clear = |offset: usize| {
        if let Some(field) = bytes.get_mut(offset..offset + 2) {
            field.fill(0);
        }
    };
    // Of an IPv4 header the checksum is cleared, too: it has two forms of zero.
    let past_ip = |clear: &mut dyn FnMut(usize), at: usize, src: std::net::IpAddr| {
        if src.is_ipv4() {
            clear(at + 10);
            20
        } else {
            40
        }
    };
    let mut udp = None;
    for header in &packet.outer {
        at += match header {
            Outer::Ip(ip) => past_ip(&mut clear, at, ip.src),
            Outer::Gre { flags, .. } => {
                4 + [0x8000, 0x2000, 0x1000].iter().filter(|&bit| flags & bit != 0).count() * 4
            }
            Outer::Mpls(stack) => stack.len() * 4,
            Outer::Udp { .. } => {
                udp = Some(8);
                0
            }
        };
    }
    at += past_ip(&mut clear, at, packet.ip.src);
    if udp.is_some() {
        clear(at + 6);
    }
    at += udp.unwrap_or_default();
    clear(match packet.transport {
        Transport::Tcp(_) => at + 16,
        Transport::Udp(_) => at + 6,
        Transport::Icmp(_) => at + 2,
    });
    bytes
}
