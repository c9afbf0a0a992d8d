use std::convert::Infallible;
use std::net::IpAddr;

use super::super::super::sample;
use super::super::connection::UnknownEcr;
use super::*;
use crate::packet::{Icmp, Ip, Udp};

const A: u16 = flag::ACK;
const S: u16 = flag::SYN;

fn table() -> Connections {
    Connections::new(&sample::config())
}

fn ports(src: u16, dst: u16) -> Option<Ports> {
    Some(Ports { src, dst })
}

/// An inbound packet line; ports are drawn from 40001 on.
fn inbound(table: &mut Connections, ports: Option<Ports>, flags: u16, seq: u32) -> ConnectionId {
    let port = 40_001 + u16::try_from(table.all.len()).unwrap();
    let syn = flags & S != 0;
    let id = table.for_inbound_tcp(ports, syn, seq, || Ok::<_, Infallible>(port)).unwrap();
    table.on_inbound(id, &Tcp { seq, flags, ..Tcp::default() });
    id
}

fn sent(src: (&str, u16), dst: (&str, u16), transport: Transport) -> Packet {
    let addr = |text: &str| -> IpAddr { text.parse().unwrap() };
    let mut packet = Packet { outer: Vec::new(), ip: Ip::new(addr(src.0), addr(dst.0)), transport };
    match &mut packet.transport {
        Transport::Tcp(tcp) => (tcp.src_port, tcp.dst_port) = (src.1, dst.1),
        Transport::Udp(udp) => (udp.src_port, udp.dst_port) = (src.1, dst.1),
        Transport::Icmp(_) => {}
    }
    packet
}

/// What the target sends from `src` to `dst`, ports of the two fixed addresses.
fn segment(src: u16, dst: u16, flags: u16, seq: u32, ack: u32) -> Packet {
    let tcp = Tcp { flags, seq, ack, ..Tcp::default() };
    sent(("192.168.0.7", src), ("192.0.2.1", dst), Transport::Tcp(tcp))
}

fn tcp(packet: &Packet) -> &Tcp {
    match &packet.transport {
        Transport::Tcp(tcp) => tcp,
        Transport::Udp(_) | Transport::Icmp(_) => panic!("no TCP"),
    }
}

fn listener() -> Connections {
    let mut table = table();
    table.on_socket(Protocol::Tcp, Fd(10));
    table.on_bind(Fd(10));
    table.on_listen(Fd(10));
    table
}

#[test]
fn a_packet_for_a_listener_makes_a_child() {
    let mut table = listener();
    let child = inbound(&mut table, None, S, 500);
    assert_eq!(table.current(), Some(child));
    let connection = table.get(child).unwrap();
    assert_eq!(connection.ports_text(), "40002 > 8080");
    assert_eq!(connection.remote_isn, Isn { script: 500, live: 500 });
    assert_eq!(inbound(&mut table, None, A, 1), child, "the next packet is the child's");
    assert_eq!(table.sender_of(&segment(8080, 40_002, S | A, 9, 501)), Some(child));
}

#[test]
fn a_packet_without_any_socket_makes_one_too() {
    let mut table = table();
    let child = inbound(&mut table, None, A, 1);
    assert_eq!(table.get(child).unwrap().ports_text(), "40001 > 8080");
    assert_eq!(table.sender_of(&segment(8080, 40_001, flag::RST, 1, 0)), Some(child));
}

#[test]
fn accept_gives_the_descriptor_to_the_peer_it_names() {
    let mut table = listener();
    let first = inbound(&mut table, ports(50_001, 8080), S, 0);
    let second = inbound(&mut table, ports(50_002, 8080), S, 0);
    table.on_accept(Fd(11), Some("192.0.2.1:50001".parse().unwrap()));
    table.on_accept(Fd(12), Some("[::ffff:192.0.2.1]:50002".parse().unwrap()));
    assert_eq!(table.get(first).unwrap().fd, Some(Fd(11)));
    assert_eq!(table.get(second).unwrap().fd, Some(Fd(12)));
    assert_eq!(table.current(), Some(second), "accept does not change the socket under test");
}

#[test]
fn accept_without_a_peer_takes_the_newest() {
    let mut table = listener();
    let first = inbound(&mut table, ports(50_001, 8080), S, 0);
    let second = inbound(&mut table, ports(50_002, 8080), S, 0);
    table.on_accept(Fd(11), None);
    assert_eq!(table.get(first).unwrap().fd, None);
    assert_eq!(table.get(second).unwrap().fd, Some(Fd(11)));
}

#[test]
fn ports_name_a_connection() {
    let mut table = listener();
    let first = inbound(&mut table, ports(50_001, 8080), S, 0);
    let second = inbound(&mut table, ports(50_002, 8080), S, 0);
    assert_eq!(table.for_outbound(None), Some(second));
    assert_eq!(table.for_outbound(ports(8080, 50_001)), Some(first));
    assert_eq!(inbound(&mut table, ports(50_001, 8080), A, 1), first);
    assert_eq!(table.current(), Some(first));
    assert_eq!(
        inbound(&mut table, ports(7, 8080), A, 1),
        first,
        "foreign ports only change the wire"
    );
    assert_eq!(table.for_outbound(ports(8080, 7)), Some(first));
}

#[test]
fn a_connecting_socket_learns_its_end_from_the_syn() {
    let mut table = table();
    let id = table.on_socket(Protocol::Tcp, Fd(10));
    assert_eq!(table.sender_of(&segment(33_000, 8080, S, 9, 0)), None, "not before connect()");
    table.on_connect(Fd(10));
    assert_eq!(table.sender_of(&segment(33_000, 8080, A, 9, 0)), None, "only a SYN tells");
    assert_eq!(table.sender_of(&segment(33_000, 8080, S, 9, 0)), Some(id));
    assert_eq!(table.get(id).unwrap().phase, Phase::SynSent);
    assert_eq!(table.sender_of(&segment(33_000, 8080, A, 9, 0)), Some(id));
    inbound(&mut table, None, S | A, 700);
    let connection = table.get(id).unwrap();
    assert_eq!((connection.phase, connection.remote_isn.live), (Phase::Open, 700));
}

#[test]
fn simultaneous_open_has_the_number_of_our_syn() {
    let mut table = table();
    let id = table.on_socket(Protocol::Tcp, Fd(10));
    table.on_connect(Fd(10));
    let syn = segment(33_000, 8080, S, 9_000, 0);
    assert_eq!(table.sender_of(&syn), Some(id));
    table.get_mut(id).unwrap().learn_isn(0, tcp(&syn));
    inbound(&mut table, None, S, 700);
    let syn_ack = segment(33_000, 8080, S | A, 9_000, 701);
    assert_eq!(table.sender_of(&syn_ack), Some(id));
    table.get_mut(id).unwrap().learn_isn(0, tcp(&syn_ack));
    let connection = table.get(id).unwrap();
    assert_eq!(connection.remote_isn, Isn { script: 700, live: 700 });
    assert_eq!(connection.local_isn, Isn { script: 0, live: 9_000 });
}

#[test]
fn a_socket_that_was_bound_before_connect_is_still_connecting() {
    let mut table = table();
    let id = table.on_socket(Protocol::Tcp, Fd(10));
    table.on_bind(Fd(10));
    table.on_connect(Fd(10));
    assert_eq!(table.sender_of(&segment(8080, 8080, S, 9, 0)), Some(id));
    assert_eq!(table.get(id).unwrap().phase, Phase::SynSent);
}

#[test]
fn after_a_disconnect_the_old_ends_are_known_until_the_next_syn() {
    let mut table = table();
    let id = table.on_socket(Protocol::Tcp, Fd(10));
    table.on_connect(Fd(10));
    table.sender_of(&segment(33_000, 8080, S, 9, 0));
    inbound(&mut table, None, S | A, 700);
    table.on_disconnect(Fd(10));
    assert_eq!(table.sender_of(&segment(33_000, 8080, flag::RST, 10, 0)), Some(id));
    table.on_connect(Fd(10));
    assert_eq!(table.sender_of(&segment(33_001, 8080, S, 99, 0)), Some(id));
    assert_eq!(table.get(id).unwrap().local.port(), 33_001);
    assert_eq!(table.sender_of(&segment(33_000, 8080, flag::RST, 10, 0)), None);
}

#[test]
fn a_syn_on_old_ports_counts_only_when_it_is_answered() {
    let mut table = listener();
    let id = inbound(&mut table, ports(50_001, 8080), S, 0);
    let first = segment(8080, 50_001, S | A, 100, 1);
    table.get_mut(id).unwrap().learn_isn(0, tcp(&first));
    table.get_mut(id).unwrap().timestamps.learn(1, 2);

    assert_eq!(inbound(&mut table, ports(50_001, 8080), S, 90_000), id);
    table.get_mut(id).unwrap().learn_isn(0, tcp(&first));
    assert_eq!(table.get(id).unwrap().remote_isn.live, 0, "the SYN-ACK of before, sent again");
    assert_eq!(table.get(id).unwrap().timestamps.live_ecr(1, UnknownEcr::Refused), Some(2));

    let anew = segment(8080, 50_001, S | A, 7_000_000, 90_001);
    table.get_mut(id).unwrap().learn_isn(0, tcp(&anew));
    let connection = table.get(id).unwrap();
    assert_eq!((connection.remote_isn.live, connection.local_isn.live), (90_000, 7_000_000));
    assert_eq!(connection.timestamps.live_ecr(1, UnknownEcr::Refused), None);
}

#[test]
fn a_closed_connection_is_followed_on() {
    let mut table = listener();
    let id = inbound(&mut table, None, S, 0);
    table.on_accept(Fd(11), None);
    table.on_close(Fd(11));
    assert_eq!(table.get(id).unwrap().fd, None);
    assert_eq!(inbound(&mut table, None, A, 1), id);
    assert_eq!(table.sender_of(&segment(8080, 40_002, flag::RST, 1, 0)), Some(id));
}

#[test]
fn a_new_socket_is_the_one_under_test() {
    let mut table = listener();
    inbound(&mut table, None, S, 0);
    let id = table.on_socket(Protocol::Tcp, Fd(12));
    assert_eq!(table.current(), Some(id));
    table.on_listen(Fd(10));
    assert_eq!(table.current(), table.id_by_fd(Fd(10)), "and so is one that listens again");
}

#[test]
fn packets_of_strangers_belong_to_nobody() {
    let mut table = listener();
    inbound(&mut table, None, S, 0);
    let strangers = [
        segment(8080, 40_999, A, 1, 1),
        sent(("192.168.0.8", 8080), ("192.0.2.1", 40_002), Transport::Tcp(Tcp::default())),
        sent(
            ("192.168.0.7", 8080),
            ("192.0.2.1", 40_002),
            Transport::Udp(Udp { src_port: 0, dst_port: 0, payload: Vec::new() }),
        ),
    ];
    for packet in &strangers {
        assert_eq!(table.sender_of(packet), None, "{packet:?}");
    }
}

#[test]
fn a_bound_udp_socket_talks_to_the_connect_address() {
    let mut table = table();
    let id = table.on_socket(Protocol::Udp, Fd(10));
    table.on_bind(Fd(10));
    let datagram = Udp { src_port: 0, dst_port: 0, payload: vec![0; 9] };
    let packet = sent(("192.168.0.7", 8080), ("192.0.2.1", 8080), Transport::Udp(datagram.clone()));
    assert_eq!(table.sender_of(&packet), Some(id));

    let id = table.on_socket(Protocol::Udp, Fd(11));
    table.on_connect(Fd(11));
    let packet = sent(("192.168.0.7", 5353), ("192.0.2.1", 8080), Transport::Udp(datagram));
    assert_eq!(table.sender_of(&packet), Some(id));
    assert_eq!(table.get(id).unwrap().local.port(), 5353);
    assert_eq!(table.protocol_of(Fd(11)), Some(Protocol::Udp));
}

#[test]
fn a_ping_socket_goes_by_addresses() {
    let mut table = table();
    let id = table.on_socket(Protocol::Icmp, Fd(10));
    table.on_connect(Fd(10));
    let echo = |dst| {
        let icmp = Icmp { ty: 8, code: 0, rest: 0, body: Vec::new() };
        sent(("192.168.0.7", 0), (dst, 0), Transport::Icmp(icmp))
    };
    assert_eq!(table.sender_of(&echo("192.0.2.1")), Some(id));
    assert_eq!(table.sender_of(&echo("192.0.2.1")), Some(id));
    assert_eq!(table.sender_of(&echo("192.0.2.9")), None);
}
