//! Round trips, and every way a packet can be refused.

use super::*;
use crate::wire::{Fastopen, IpHeader, SackBlock, Ts};
use rstest::rstest;
use std::net::SocketAddr;

fn addrs(v6: bool) -> (SocketAddr, SocketAddr) {
    let (src, dst) = if v6 {
        ("[2001:db8::1]:8080", "[2001:db8::2]:5000")
    } else {
        ("192.0.2.1:8080", "198.51.100.2:5000")
    };
    (src.parse().unwrap(), dst.parse().unwrap())
}

fn sample(v6: bool) -> Segment {
    let (src, dst) = addrs(v6);
    let mut seg = Segment::new(src, dst, Flags::SYN | Flags::ACK | Flags::AE);
    (seg.seq, seg.ack, seg.wnd, seg.urg_ptr) = (Seq(u32::MAX), Seq(7), 65_535, 3);
    seg.ip.tos = 0x12;
    seg.ip.flow_label = if v6 { 0xabcde } else { 0 };
    seg.option_bytes.push_mss(1460);
    seg.option_bytes.push_sack_permitted();
    seg.option_bytes.push_ts(Ts { val: 100, ecr: 200 });
    seg.option_bytes.push_nop();
    seg.option_bytes.push_wscale(8);
    seg.options = Options::parse(seg.option_bytes.as_bytes(), true);
    seg.payload = b"odd".to_vec();
    seg
}

#[rstest]
fn what_is_emitted_parses_to_the_same_segment(#[values(false, true)] v6: bool) {
    let seg = sample(v6);
    assert_eq!(seg.end_seq(), Seq(3));
    assert_eq!(seg.seg_len(), 4);
    assert_eq!(parse(&emit(&seg)), Ok(Ingress::Tcp(seg)));
}

#[test]
fn a_known_packet_byte_for_byte() {
    let mut seg =
        Segment::new("10.0.0.1:80".parse().unwrap(), "10.0.0.2:1024".parse().unwrap(), Flags::ACK);
    (seg.seq, seg.ack, seg.wnd, seg.ip.id) = (Seq(1), Seq(2), 0x1234, 0x4242);
    // IP words: 4500 + 0028 + 4242 + 4000 + 4006 + 0a00 + 0001 + 0a00 + 0002 = 11b73, folded 1b74.
    // Pseudo header: 0a00 + 0001 + 0a00 + 0002 + 0006 + 0014 = 141d; TCP words:
    // 0050 + 0400 + 0001 + 0002 + 5010 + 1234 = 6697; together 7ab4.
    let bytes = emit(&seg);
    assert_eq!(bytes.len(), 40);
    assert_eq!(bytes[..12], [0x45, 0, 0, 40, 0x42, 0x42, 0x40, 0, 64, 6, 0xe4, 0x8b]);
    assert_eq!(bytes[20..36], [0, 80, 4, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x10, 0x12, 0x34]);
    assert_eq!(bytes[36..], [0x85, 0x4b, 0, 0]);
}

#[rstest]
fn options_that_need_padding_are_padded_with_nops(#[values(false, true)] v6: bool) {
    let (src, dst) = addrs(v6);
    let mut seg = Segment::new(src, dst, Flags::SYN);
    seg.option_bytes.push_fastopen(&[1, 2, 3, 4, 5, 6], false);
    assert!(seg.option_bytes.padded_len() == 8);
    seg.option_bytes.push_wscale(1);
    let Ok(Ingress::Tcp(back)) = parse(&emit(&seg)) else { panic!() };
    assert_eq!(back.option_bytes.as_bytes().len(), 12);
    assert_eq!(back.option_bytes.as_bytes().last(), Some(&1));
    assert_eq!(
        back.options.fastopen,
        Some(Fastopen { exp: false, cookie: Some(vec![1, 2, 3, 4, 5, 6]) })
    );
}

/// A change to the bytes of a valid packet, and what it is refused for. Checksums are recomputed
/// where the change is not about them.
#[rstest]
#[case::empty(|_: &mut Vec<u8>| {}, 0, WireError::PktTooSmall)]
#[case::version_5(|b: &mut Vec<u8>| b[0] = 0x55, 99, WireError::IpInHdr)]
#[case::ihl_4(|b: &mut Vec<u8>| b[0] = 0x44, 99, WireError::IpInHdr)]
#[case::ip_header_cut(|_: &mut Vec<u8>| {}, 19, WireError::PktTooSmall)]
#[case::ip_sum(|b: &mut Vec<u8>| b[8] ^= 1, 99, WireError::IpCsum)]
#[case::payload_cut(|_: &mut Vec<u8>| {}, 60, WireError::PktTooSmall)]
#[case::tcp_sum(|b: &mut Vec<u8>| b[25] ^= 1, 99, WireError::TcpCsum)]
#[case::doff_4(|b: &mut Vec<u8>| b[32] = 0x40, 99, WireError::PktTooSmall)]
#[case::doff_beyond(|b: &mut Vec<u8>| b[32] = 0xf0, 99, WireError::PktTooSmall)]
fn malformed_packets_name_their_drop_reason(
    #[case] damage: fn(&mut Vec<u8>),
    #[case] keep: usize,
    #[case] reason: WireError,
) {
    let mut bytes = emit(&sample(false));
    damage(&mut bytes);
    bytes.truncate(keep);
    assert_eq!(parse(&bytes), Err(reason));
}

#[rstest]
fn link_layer_padding_is_not_payload(#[values(false, true)] v6: bool) {
    let seg = sample(v6);
    let mut bytes = emit(&seg);
    bytes.extend([0; 6]);
    assert_eq!(parse(&bytes), Ok(Ingress::Tcp(seg)));
}

#[test]
fn fragments_and_other_protocols_are_nothing_to_tcp() {
    let mut bytes = emit(&sample(false));
    bytes[6] = 0x20;
    fix_ip_sum(&mut bytes);
    assert_eq!(parse(&bytes), Ok(Ingress::Other));
    let mut udp = emit(&sample(false));
    udp[9] = 17;
    fix_ip_sum(&mut udp);
    assert_eq!(parse(&udp), Ok(Ingress::Other));
}

#[test]
fn ipv6_extension_headers_are_skipped() {
    let seg = sample(true);
    let mut bytes = emit(&seg);
    let len = bytes.len() - 40 + 8;
    bytes[4..6].copy_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
    bytes[6] = 60;
    bytes.splice(40..40, [6, 0, 1, 4, 0, 0, 0, 0]);
    assert_eq!(parse(&bytes), Ok(Ingress::Tcp(seg)));
}

#[test]
fn no_prefix_and_no_bit_flip_panics() {
    for v6 in [false, true] {
        let bytes = emit(&sample(v6));
        for end in 0..=bytes.len() {
            let _ = parse(&bytes[..end]);
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let _ = parse(&flipped);
        }
    }
}

/// An ICMP message around the first bytes of one of our segments.
fn icmp(v6: bool, ty: u8, code: u8, rest: [u8; 4], quoted: &[u8]) -> Vec<u8> {
    let (src, dst) = addrs(v6);
    let mut body = [&[ty, code, 0, 0], &rest[..], quoted].concat();
    let header = IpHeader::new(dst.ip(), src.ip());
    let mut out = Vec::new();
    let sum = match (header.src, header.dst) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            ipv4::emit(&header, (a, b), icmp::V4, body.len(), &mut out);
            Sum::default().bytes(&body)
        }
        (a, b) => {
            ipv6::emit(&header, (as_v6(a), as_v6(b)), icmp::V6, body.len(), &mut out);
            Sum::default().pseudo_header(a, b, icmp::V6, body.len()).bytes(&body)
        }
    };
    patch(&mut body, 2, sum.finish());
    [out, body].concat()
}

#[rstest]
#[case::v4_frag_needed(false, 3, 4, 28)]
#[case::v6_too_big(true, 2, 0, 48)]
fn icmp_errors_name_the_connection(
    #[case] v6: bool,
    #[case] ty: u8,
    #[case] code: u8,
    #[case] quote: usize,
) {
    let (local, remote) = addrs(v6);
    let quoted = emit(&sample(v6));
    let bytes = icmp(v6, ty, code, [0, 0, 0x05, 0x78], &quoted[..quote]);
    let Ok(Ingress::Icmp(error)) = parse(&bytes) else { panic!("{:?}", parse(&bytes)) };
    assert_eq!((error.local, error.remote, error.from), (local, remote, remote.ip()));
    assert_eq!((error.ty, error.code, error.mtu, error.seq), (ty, code, 1400, Seq(u32::MAX)));
    let short = icmp(v6, ty, code, [0; 4], &quoted[..quote - 1]);
    assert_eq!(parse(&short), Ok(Ingress::Other));
    let mut corrupt = bytes;
    *corrupt.last_mut().unwrap() ^= 1;
    assert_eq!(parse(&corrupt), Err(WireError::IcmpCsum));
}

#[test]
fn icmp_queries_are_other() {
    let quoted = emit(&sample(false));
    assert_eq!(parse(&icmp(false, 8, 0, [0; 4], &quoted)), Ok(Ingress::Other));
    assert_eq!(parse(&icmp(true, 128, 0, [0; 4], &quoted)), Ok(Ingress::Other));
}

#[test]
fn sack_blocks_keep_their_order() {
    let (src, dst) = addrs(false);
    let mut seg = Segment::new(src, dst, Flags::ACK);
    let blocks = [(5, 6), (1, 3), (9, 12)]
        .map(|(start, end)| SackBlock { start: Seq(start), end: Seq(end) });
    seg.option_bytes.push_nop();
    seg.option_bytes.push_nop();
    seg.option_bytes.push_sack(&blocks);
    let Ok(Ingress::Tcp(back)) = parse(&emit(&seg)) else { panic!() };
    assert_eq!(back.options.sack.as_slice(), blocks);
}

fn fix_ip_sum(bytes: &mut [u8]) {
    patch(bytes, 10, 0);
    let sum = Sum::default().bytes(&bytes[..20]).finish();
    patch(bytes, 10, sum);
}
