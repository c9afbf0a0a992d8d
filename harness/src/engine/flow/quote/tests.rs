use std::net::SocketAddr;

use super::super::connection::{Isn, Protocol};
use super::*;
use crate::packet::{Ip, Packet, Tcp, TcpOption, Transport, Udp, build};

/// Script: we are 40001 and started at 1000; the target's 50505 is called 49152 and started at 0.
/// Live: the target started at 0xffff_fff0.
fn connection(protocol: Protocol) -> Connection {
    let (local, remote) = ends();
    let mut connection = Connection::new(protocol, local, remote);
    connection.drawn.port = Some(49_152);
    connection.remote_isn = Isn { script: 1000, live: 1000 };
    connection.local_isn = Isn { script: 0, live: 0xffff_fff0 };
    connection
}

fn ends() -> (SocketAddr, SocketAddr) {
    ("192.168.0.7:50505".parse().unwrap(), "192.0.2.1:40001".parse().unwrap())
}

fn ours(transport: Transport) -> Vec<u8> {
    let (local, remote) = ends();
    build(&Packet { outer: Vec::new(), ip: Ip::new(remote.ip(), local.ip()), transport }).unwrap()
}

fn segment(dst_port: u16, flags: u16, seq: u32, ack: u32) -> Vec<u8> {
    let options = vec![TcpOption::Mss(1460)];
    let tcp = Tcp { src_port: 40_001, dst_port, flags, seq, ack, options, ..Tcp::default() };
    ours(Transport::Tcp(tcp))
}

/// Quotes the live packet, cut to `len` bytes; expects the script one without its checksum.
fn quotes(live: &[u8], script: &[u8], len: usize) {
    let mut body = live[..len].to_vec();
    to_script(&connection(Protocol::Tcp), &mut body);
    let mut expected = script.to_vec();
    expected[20 + TCP_CHECKSUM..20 + TCP_CHECKSUM + 2].fill(0);
    assert_eq!(body, expected[..len]);
}

#[test]
fn a_segment_as_far_as_it_is_quoted() {
    let live = segment(50_505, flag::ACK, 1001, 0xffff_fff1);
    let script = segment(49_152, flag::ACK, 1, 1);
    for len in [28, 36, 40, live.len()] {
        quotes(&live, &script, len);
    }
}

#[test]
fn the_number_of_a_syn_is_absolute() {
    let syn = flag::SYN | flag::ACK;
    let live = segment(50_505, syn, 1000, 0xffff_fff1);
    quotes(&live, &segment(49_152, syn, 1000, 1), live.len());
}

#[test]
fn a_datagram() {
    let datagram =
        |dst_port| ours(Transport::Udp(Udp { src_port: 40_001, dst_port, payload: vec![0; 4] }));
    let mut body = datagram(50_505);
    to_script(&connection(Protocol::Udp), &mut body);
    let mut expected = datagram(49_152);
    expected[26..28].fill(0);
    assert_eq!(body, expected);
}

#[test]
fn what_is_no_packet_stays() {
    for text in [&b""[..], b"E", &[0x4f; 30], &[0; 60]] {
        let mut body = text.to_vec();
        to_script(&connection(Protocol::Tcp), &mut body);
        assert_eq!(body, text);
    }
}
