use rstest::rstest;

use super::*;
use crate::packet::Ip;

const ACK: u16 = flag::ACK;

fn piece(seq: u32, len: usize, flags: u16) -> Packet {
    let (src, dst) = ("192.168.0.7".parse().unwrap(), "192.0.2.1".parse().unwrap());
    let tcp = Tcp { seq, ack: 1, flags, window: 9, payload: vec![0; len], ..Tcp::default() };
    Packet { outer: Vec::new(), ip: Ip::new(src, dst), transport: Transport::Tcp(tcp) }
}

fn tcp(packet: &Packet) -> &Tcp {
    match &packet.transport {
        Transport::Tcp(tcp) => tcp,
        Transport::Udp(_) | Transport::Icmp(_) => panic!("no TCP"),
    }
}

#[rstest]
#[case::even(&[1000, 1000], 2000)]
#[case::short_tail(&[1000, 1000, 500], 2500)]
#[case::long_tail(&[1000, 2000], 3000)]
#[case::not_all_yet(&[1000, 1000], 3000)]
fn pieces_that_fit(#[case] lens: &[usize], #[case] want: usize) {
    let mut whole = piece(u32::MAX - 999, lens[0], ACK | flag::CWR);
    let mut seq = u32::MAX - 999;
    for pair in lens.windows(2) {
        seq = seq.wrapping_add(u32::try_from(pair[0]).unwrap());
        let next = piece(seq, pair[1], ACK | flag::PSH | flag::FIN);
        join(&mut whole, &next, lens[0], want).unwrap();
    }
    let whole = tcp(&whole);
    assert_eq!(whole.payload.len(), lens.iter().sum::<usize>());
    assert_eq!(whole.seq, u32::MAX - 999);
    assert_eq!(whole.flags, ACK | flag::PSH | flag::FIN | flag::CWR);
}

#[rstest]
#[case::gap(
    piece(1101, 1000, ACK),
    "the next piece starts 100 bytes after the end of the one before"
)]
#[case::overlap(
    piece(901, 1000, ACK),
    "the next piece starts 100 bytes before the end of the one before"
)]
#[case::short(
    piece(1001, 500, ACK),
    "a piece of 500 bytes follows one of 1000, and is not the last"
)]
#[case::too_much(piece(1001, 2500, ACK), "the pieces make 3500 bytes")]
#[case::flags(piece(1001, 1000, ACK | flag::ECE), "the pieces differ in their flags")]
fn pieces_that_do_not_fit(#[case] next: Packet, #[case] why: &str) {
    assert_eq!(join(&mut piece(1, 1000, ACK), &next, 1000, 3000).unwrap_err(), why);
}

#[rstest]
#[case::ack(|t: &mut Tcp| t.ack = 2, "the pieces differ in their ack")]
#[case::win(|t: &mut Tcp| t.window = 8, "the pieces differ in their win")]
#[case::urg(|t: &mut Tcp| t.urgent = 8, "the pieces differ in their urg")]
#[case::options(
    |t: &mut Tcp| t.options = vec![TcpOption::Nop],
    "the pieces differ in their options"
)]
fn headers_that_differ(#[case] change: fn(&mut Tcp), #[case] why: &str) {
    let mut next = piece(1001, 1000, ACK);
    if let Transport::Tcp(tcp) = &mut next.transport {
        change(tcp);
    }
    assert_eq!(join(&mut piece(1, 1000, ACK), &next, 1000, 3000).unwrap_err(), why);
}

#[test]
fn a_timestamp_may_tick_in_between() {
    let stamped = |seq, val| {
        let mut packet = piece(seq, 1000, ACK);
        if let Transport::Tcp(tcp) = &mut packet.transport {
            tcp.options = vec![TcpOption::Nop, TcpOption::Nop, TcpOption::Ts { val, ecr: 1 }];
        }
        packet
    };
    let mut whole = stamped(1, 100);
    join(&mut whole, &stamped(1001, 101), 1000, 2000).unwrap();
    assert_eq!(tcp(&whole).options[2], TcpOption::Ts { val: 101, ecr: 1 });
}

#[test]
fn only_tcp_is_joined() {
    let mut udp = piece(1, 1, ACK);
    udp.transport =
        Transport::Udp(crate::packet::Udp { src_port: 1, dst_port: 2, payload: vec![0] });
    assert!(join(&mut udp, &piece(1, 1, ACK), 1, 2).is_err());
}
