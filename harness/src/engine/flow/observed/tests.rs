use rstest::rstest;

use super::super::super::sample;
use super::super::connection::Protocol;
use super::*;
use crate::packet::{Ip, Tcp, TcpOption};
use crate::target::Fd;

const S: u16 = flag::SYN;
const A: u16 = flag::ACK;
const R: u16 = flag::RST;

fn table() -> Connections {
    Connections::new(&sample::config())
}

/// From port `src` of the target to our 8080.
fn segment(src: u16, flags: u16, seq: u32, ack: u32, options: Vec<TcpOption>) -> Packet {
    let ip = Ip::new("192.168.0.7".parse().unwrap(), "192.0.2.1".parse().unwrap());
    let tcp = Tcp { src_port: src, dst_port: 8080, flags, seq, ack, options, ..Tcp::default() };
    Packet { outer: Vec::new(), ip, transport: Transport::Tcp(tcp) }
}

fn ts(val: u32) -> Vec<TcpOption> {
    vec![TcpOption::Ts { val, ecr: 0 }]
}

fn tcp(packet: Packet) -> Tcp {
    let Transport::Tcp(tcp) = packet.transport else { panic!("no TCP") };
    tcp
}

/// A socket that connects, and nothing that the script says of it.
fn connecting(table: &mut Connections, fd: i32) {
    table.on_socket(Protocol::Tcp, Fd(fd));
    table.on_connect(Fd(fd));
}

#[test]
fn an_unasked_connection_starts_at_zero() {
    let mut table = table();
    connecting(&mut table, 3);
    let (sender, syn) = table.unasked(&segment(50_505, S, 123_456, 0, ts(7_000_000)));
    assert!(sender.is_some());
    let syn = tcp(syn);
    assert_eq!((syn.src_port, syn.dst_port, syn.seq), (FIRST_PORT, 8080, 0));
    assert_eq!(syn.options, ts(0));
    let (_, data) = table.unasked(&segment(50_505, A, 123_457, 1, ts(7_000_250)));
    let data = tcp(data);
    assert_eq!((data.src_port, data.seq, data.options), (FIRST_PORT, 1, ts(250)));
}

#[test]
fn each_connection_has_a_port_of_its_own() {
    let mut table = table();
    let ports: Vec<u16> = [(3, 50_505), (4, 33_333), (5, 50_505)]
        .into_iter()
        .map(|(fd, live)| {
            connecting(&mut table, fd);
            let packet = segment(live, S, 1, 0, Vec::new());
            let sender = table.sender_of(&packet);
            tcp(table.script_packet(sender, &packet)).src_port
        })
        .collect();
    // The last one has the ports of the first, so its SYN is taken for another one of that.
    assert_eq!(ports, [FIRST_PORT, FIRST_PORT + 1, FIRST_PORT]);
}

#[test]
fn a_bound_port_is_the_scripts() {
    let mut table = table();
    table.on_socket(Protocol::Tcp, Fd(3));
    table.on_bind(Fd(3));
    table.on_connect(Fd(3));
    let (_, syn) = table.unasked(&segment(8080, S, 5, 0, Vec::new()));
    assert_eq!(tcp(syn).src_port, 8080);
    assert_eq!(table.all[0].ports_text(), "8080 > 8080");
}

#[test]
fn matching_goes_by_the_ports_of_the_wire() {
    let mut table = table();
    connecting(&mut table, 3);
    let (id, _) = table.unasked(&segment(50_505, S, 5, 0, Vec::new()));
    assert_eq!(table.by_ports(50_505, 8080), id);
    assert_eq!(table.by_ports(FIRST_PORT, 8080), None);
    assert_eq!(table.all[0].ports_text(), format!("8080 > {FIRST_PORT}"));
}

#[test]
fn a_stranger_counts_from_its_first_number() {
    let mut table = table();
    let mut told = |src, flags, seq, ack| {
        let (sender, packet) = table.unasked(&segment(src, flags, seq, ack, Vec::new()));
        assert!(sender.is_none());
        let tcp = tcp(packet);
        (tcp.src_port, tcp.seq, tcp.ack)
    };
    // A drawn port; then the port that bind() would use, which the script knows.
    assert_eq!(told(50_505, S, 999, 0), (FIRST_PORT, 0, 0));
    assert_eq!(told(50_505, A, 1_000, 77), (FIRST_PORT, 1, 77));
    assert_eq!(told(8080, R, 4_242, 0), (8080, 0, 0));
    assert_eq!(told(60_000, R, 4_242, 0), (FIRST_PORT + 1, 0, 0));
}

#[rstest]
#[case::answer_to_a_segment_without_ack(R | A, 0, 0)]
#[case::answer_to_one_with_ack(R, 0, 0_u32.wrapping_sub(123_456))]
#[case::of_the_connection(R | A, 123_457, 1)]
fn resets(#[case] flags: u16, #[case] live: u32, #[case] script: u32) {
    let mut table = table();
    connecting(&mut table, 3);
    table.unasked(&segment(50_505, S, 123_456, 0, Vec::new()));
    let (_, reset) = table.unasked(&segment(50_505, flags, live, 0, Vec::new()));
    assert_eq!(tcp(reset).seq, script);
}

#[test]
fn what_the_target_quotes_is_in_script_numbers() {
    let mut table = table();
    connecting(&mut table, 3);
    table.unasked(&segment(50_505, S, 123_456, 0, Vec::new()));
    let (src, dst) = ("192.0.2.1".parse().unwrap(), "192.168.0.7".parse().unwrap());
    let about = |dst_port| icmp::Quoted {
        src,
        dst,
        transport: QuotedTransport::Udp { src_port: 8080, dst_port },
        len: 0,
    };
    let tcp_about = |dst_port| icmp::Quoted {
        transport: QuotedTransport::Tcp { src_port: 8080, dst_port, seq: 1 },
        ..about(dst_port)
    };
    let mut told = |body: Vec<u8>| {
        let icmp = Icmp { ty: 3, code: 3, rest: 0, body };
        let live =
            Packet { outer: Vec::new(), ip: Ip::new(dst, src), transport: Transport::Icmp(icmp) };
        let (_, packet) = table.unasked(&live);
        let Transport::Icmp(icmp) = packet.transport else { panic!("no ICMP") };
        icmp.body
    };
    assert_eq!(told(icmp::quote(&tcp_about(50_505))), icmp::quote(&tcp_about(FIRST_PORT)));
    // Of no connection.
    assert_eq!(told(icmp::quote(&about(9))), icmp::quote(&about(9)));
}
