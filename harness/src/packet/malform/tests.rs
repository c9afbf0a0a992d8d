use super::*;
use crate::packet::{Ip, Packet, Tcp, Transport, build};

fn segment(v6: bool) -> Vec<u8> {
    let addr = |n: u8| if v6 { format!("fd00::{n}") } else { format!("192.0.2.{n}") };
    let ip = Ip::new(addr(1).parse().unwrap(), addr(2).parse().unwrap());
    let tcp = Tcp { src_port: 1, dst_port: 2, payload: vec![7; 9], ..Tcp::default() };
    build(&Packet { outer: Vec::new(), ip, transport: Transport::Tcp(tcp) }).unwrap()
}

fn changed(v6: bool, what: Malform) -> Vec<u8> {
    let mut bytes = segment(v6);
    what.apply(&mut bytes);
    bytes
}

/// The sum over an IPv4 header with a right checksum is all ones.
fn header_sum(bytes: &[u8]) -> u32 {
    let sum: u32 =
        bytes[..20].chunks(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]]))).sum();
    (sum & 0xffff) + (sum >> 16)
}

#[rstest::rstest]
#[case(Malform::IpLength(-4))]
#[case(Malform::IpLength(1))]
#[case(Malform::IpVersion(5))]
#[case(Malform::IpHeaderLength(4))]
#[case(Malform::IpHeaderLength(15))]
fn an_ip_field_is_wrong_and_the_checksum_right(#[case] what: Malform) {
    let bytes = changed(false, what);
    assert_ne!(bytes, segment(false));
    assert_eq!(header_sum(&bytes), 0xffff);
}

#[rstest::rstest]
fn a_data_offset_is_wrong_and_the_checksum_right(
    #[values(false, true)] v6: bool,
    #[values(0, 4, 6, 15)] words: u8,
) {
    let bytes = changed(v6, Malform::DataOffset(words));
    let tcp = if v6 { 40 } else { 20 };
    assert_eq!(bytes[tcp + 12] >> 4, words);
    let mut right = segment(v6);
    right[tcp + 12] = bytes[tcp + 12];
    let pseudo = |bytes: &[u8]| -> u32 {
        let sum: u32 = bytes[tcp..]
            .chunks(2)
            .map(|w| u32::from(u16::from_be_bytes([w[0], *w.get(1).unwrap_or(&0)])))
            .sum();
        sum % 0xffff
    };
    assert_eq!(pseudo(&bytes), pseudo(&segment(v6)));
}

#[rstest::rstest]
fn the_others(#[values(false, true)] v6: bool) {
    let whole = segment(v6);
    let flipped = changed(v6, Malform::Checksum(1));
    assert_eq!(flipped.iter().zip(&whole).filter(|(a, b)| a != b).count(), 1);
    assert_eq!(changed(v6, Malform::Cut(3)), whole[..whole.len() - 3]);
    assert!(changed(v6, Malform::Cut(u16::MAX)).is_empty());
    assert_eq!(changed(v6, Malform::Pad(2)).len(), whole.len() + 2);
    assert_eq!(changed(v6, Malform::IpChecksum(1)) == whole, v6);
    assert_eq!(changed(v6, Malform::IpHeaderLength(6)) == whole, v6);
}

#[test]
fn nothing_panics_on_any_bytes() {
    let all = [
        Malform::Checksum(1),
        Malform::DataOffset(255),
        Malform::Reserved(255),
        Malform::IpChecksum(1),
        Malform::IpLength(i16::MIN),
        Malform::IpVersion(255),
        Malform::IpHeaderLength(255),
        Malform::Cut(1),
        Malform::Pad(1),
    ];
    for len in 0..60 {
        for first in [0x45, 0x60, 0] {
            for what in all {
                let mut bytes = vec![first; len];
                what.apply(&mut bytes);
            }
        }
    }
}

#[test]
fn names_read_back() {
    let all = [
        Malform::Checksum(0xffff),
        Malform::DataOffset(15),
        Malform::Reserved(7),
        Malform::IpChecksum(1),
        Malform::IpLength(-20),
        Malform::IpVersion(5),
        Malform::IpHeaderLength(4),
        Malform::Cut(1),
        Malform::Pad(9),
    ];
    assert_eq!(all.len(), Malform::names().count());
    for what in all {
        let text = what.to_string();
        let (name, number) = text.split_once(' ').unwrap();
        let number = match number.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16).unwrap(),
            None => number.parse().unwrap(),
        };
        assert_eq!(Malform::named(name, number), Some(Some(what)));
    }
    assert_eq!(Malform::named("data_offset", 16), Some(None));
    assert_eq!(Malform::named("data", 1), None);
}
