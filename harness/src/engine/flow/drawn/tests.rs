use std::net::IpAddr;

use rstest::rstest;

use super::*;

fn ip(source: &str, id: u16, dont_fragment: bool, flow_label: u32) -> Ip {
    let addr: IpAddr = source.parse().unwrap();
    Ip { id, dont_fragment, flow_label, ..Ip::new(addr, addr) }
}

#[test]
fn flow_labels_are_numbered_and_none_is_none() {
    let mut drawn = Drawn::default();
    let labels = [0xabcde, 0, 0x12345, 0xabcde, 7, 1].map(|label| {
        let mut ip = ip("fd3d::1", 0, false, label);
        drawn.stand_in_ip(&mut ip);
        assert_eq!(ip.id, 0, "there is none in IPv6");
        ip.flow_label
    });
    assert_eq!(labels, [1, 0, 2, 1, 3, 4]);
}

#[rstest]
#[case::atomic(true, [0, 0, 0, 0])]
#[case::may_be_fragmented(false, [1, 2, 1, 3])]
fn identifications(#[case] dont_fragment: bool, #[case] expected: [u16; 4]) {
    let mut drawn = Drawn::default();
    let ids = [40_000, 40_001, 40_000, 0].map(|id| {
        let mut ip = ip("192.0.2.1", id, dont_fragment, 0);
        drawn.stand_in_ip(&mut ip);
        ip.id
    });
    assert_eq!(ids, expected);
}

#[test]
fn echo_identifiers_are_numbered_sequence_numbers_are_not() {
    let mut drawn = Drawn::default();
    let words = [0xbeef_0001, 0x1234_0001, 0xbeef_0002].map(|mut rest| {
        drawn.stand_in_echo(&mut rest);
        rest
    });
    assert_eq!(words, [0x0001_0001, 0x0002_0001, 0x0001_0002]);
}

#[test]
fn a_digest_keeps_its_length() {
    let mut options = [TcpOption::Nop, TcpOption::Md5(vec![9; 16])];
    clear_digests(&mut options);
    assert_eq!(options, [TcpOption::Nop, TcpOption::Md5(vec![0; 16])]);
}
