//! Packets written in the notation of scripts, read back by the script parser: same fields, no
//! complaint. Also that parser and packet layer mean the same numbers by the words for ICMP.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use rstest::rstest;
use synproof_harness::packet::icmp::{
    IpFamily, Quoted, QuotedTransport, code_name, quote, resolve, type_name,
};
use synproof_harness::packet::{
    Icmp, Ip, MplsEntry, Outer, Packet, Show, Tcp, TcpOption, TextOptions, Transport, Udp, flag,
    packet_text,
};
use synproof_harness::script::ast::{
    Echoed, EncapKind, EventKind, Field, IcmpSpec, OptionsSpec, PacketBody, PacketSpec,
    TcpOptionSpec, TcpSpec, Tos, UdpSpec,
};
use synproof_harness::script::diagnostic::{Severity, render};
use synproof_harness::script::source::SourceFile;
use synproof_harness::script::{Defines, icmp, parse};

fn ip(v6: bool) -> Ip {
    let (src, dst) = if v6 { ("fd3d::1", "fd3d::2") } else { ("192.0.2.1", "192.168.0.1") };
    Ip::new(src.parse().unwrap(), dst.parse().unwrap())
}

fn packet(v6: bool, transport: Transport) -> Packet {
    Packet { outer: Vec::new(), ip: ip(v6), transport }
}

/// The packet line that the script parser makes of `text`, which must not give an error.
fn spec(text: &str) -> PacketSpec {
    let source = SourceFile::new("<text>", format!("0 < {text}\n"));
    let (script, diagnostics) = parse(&source, &Defines::new());
    for diagnostic in &diagnostics {
        let shown = render(diagnostic, &source, false);
        assert!(diagnostic.severity != Severity::Error, "{shown}");
    }
    let event = script.events.into_iter().next().unwrap();
    let EventKind::Packet(spec) = event.kind else { panic!("{text} is no packet") };
    *spec
}

fn everything() -> TextOptions {
    let show = Show::NotDefault;
    TextOptions { ports: true, ace: false, tos: show, flow_label: show, ttl: show }
}

fn tcp_of(spec: &PacketSpec) -> &TcpSpec {
    let PacketBody::Tcp(tcp) = &spec.body else { panic!("no TCP segment") };
    tcp
}

fn icmp_of(spec: &PacketSpec) -> &IcmpSpec {
    let PacketBody::Icmp(icmp) = &spec.body else { panic!("no ICMP message") };
    icmp
}

fn value<T: Copy>(field: Field<T>) -> T {
    field.value().unwrap()
}

/// The segment a line asks for.
fn segment(spec: &TcpSpec) -> Tcp {
    let ports = spec.ports.unwrap().node;
    Tcp {
        src_port: ports.src,
        dst_port: ports.dst,
        seq: value(spec.seq.start),
        ack: spec.ack.map_or(0, |ack| value(ack.node)),
        flags: value(spec.flags.node).bits,
        window: value(spec.win.unwrap().node),
        urgent: spec.urg.map_or(0, |urgent| value(urgent.node)),
        options: match &spec.options {
            OptionsSpec::None => Vec::new(),
            OptionsSpec::Any(_) => panic!("the text leaves options open"),
            OptionsSpec::List(list, _) => list.iter().map(|option| known(&option.node)).collect(),
        },
        payload: vec![0; usize::from(value(spec.seq.len))],
    }
}

fn known(option: &TcpOptionSpec) -> TcpOption {
    match option.clone() {
        TcpOptionSpec::Eol => TcpOption::Eol,
        TcpOptionSpec::Nop => TcpOption::Nop,
        TcpOptionSpec::Mss(mss) => TcpOption::Mss(value(mss)),
        TcpOptionSpec::Wscale(shift) => TcpOption::Wscale(value(shift)),
        TcpOptionSpec::SackOk => TcpOption::SackOk,
        TcpOptionSpec::Sack(blocks) => TcpOption::Sack(blocks),
        TcpOptionSpec::Ts { val, ecr } => TcpOption::Ts { val: value(val), ecr: value(ecr) },
        TcpOptionSpec::Md5(Some(digest)) => TcpOption::Md5(digest),
        TcpOptionSpec::Fastopen { exp, cookie: Some(cookie) } => {
            TcpOption::Fastopen { exp, cookie }
        }
        TcpOptionSpec::AccEcn { first_e1b, counters } => TcpOption::AccEcn { first_e1b, counters },
        TcpOptionSpec::Raw(bytes) => TcpOption::Malformed(bytes),
        TcpOptionSpec::SackAny
        | TcpOptionSpec::Md5(None)
        | TcpOptionSpec::Md5Valid
        | TcpOptionSpec::Fastopen { cookie: None, .. } => panic!("the text leaves {option:?} open"),
    }
}

fn tcp(flags: u16, options: Vec<TcpOption>, len: usize) -> Tcp {
    Tcp {
        src_port: 40_000,
        dst_port: 8080,
        seq: 123,
        ack: 456,
        flags,
        window: 789,
        options,
        payload: vec![0; len],
        ..Tcp::default()
    }
}

#[rstest]
#[case::mss(vec![TcpOption::Mss(1460)])]
#[case::syn(vec![
    TcpOption::Mss(1460),
    TcpOption::SackOk,
    TcpOption::Ts { val: 100, ecr: u32::MAX },
    TcpOption::Nop,
    TcpOption::Wscale(8),
])]
#[case::sack(vec![TcpOption::Nop, TcpOption::Nop, TcpOption::Sack(vec![(1, 2), (3, u32::MAX)])])]
#[case::md5(vec![TcpOption::Md5(vec![0xab; 16]), TcpOption::Eol, TcpOption::Eol])]
#[case::fastopen(vec![TcpOption::Fastopen { exp: false, cookie: vec![1; 8] }, TcpOption::Nop, TcpOption::Nop])]
#[case::request(vec![TcpOption::Fastopen { exp: false, cookie: vec![] }, TcpOption::Nop, TcpOption::Nop])]
#[case::experimental(vec![TcpOption::Fastopen { exp: true, cookie: vec![0x30; 8] }])]
#[case::accecn_0(vec![TcpOption::AccEcn { first_e1b: false, counters: vec![1, 2, 0xff_ffff] }, TcpOption::Nop])]
#[case::accecn_1(vec![TcpOption::AccEcn { first_e1b: true, counters: vec![1] }, TcpOption::Nop, TcpOption::Nop, TcpOption::Nop])]
fn options_read_back(#[case] options: Vec<TcpOption>) {
    let tcp = tcp(flag::ACK, options, 10);
    let text = packet_text(&packet(false, Transport::Tcp(tcp.clone())), &everything());
    assert_eq!(segment(tcp_of(&spec(&text))), tcp, "{text}");
}

#[rstest]
fn flags_read_back(#[values(false, true)] ace: bool) {
    for flags in 0..0x200 {
        let urgent = if flags & flag::URG == 0 { 0 } else { 5 };
        let tcp = Tcp { urgent, ..tcp(flags, vec![], 0) };
        let options = TextOptions { ace, ..everything() };
        let text = packet_text(&packet(false, Transport::Tcp(tcp.clone())), &options);
        assert_eq!(segment(tcp_of(&spec(&text))), tcp, "{text}");
    }
}

#[rstest]
#[case(0x02, 0, 255, Some(Tos::Ecn(2)), None, None)]
#[case(0x28, 0, 255, Some(Tos::Byte(0x28)), None, None)]
#[case(0x03, 0x1a2b3, 255, Some(Tos::Ecn(3)), Some(0x1a2b3), None)]
#[case(0x00, 0x1a2b3, 255, None, Some(0x1a2b3), None)]
#[case(0x00, 0, 64, None, None, Some(64))]
fn ip_fields_read_back(
    #[case] tos: u8,
    #[case] flow_label: u32,
    #[case] ttl: u8,
    #[case] expected_tos: Option<Tos>,
    #[case] expected_label: Option<u32>,
    #[case] expected_ttl: Option<u8>,
) {
    let ip = Ip { tos, flow_label, ttl, ..ip(true) };
    let transport = Transport::Tcp(tcp(flag::ACK, vec![], 0));
    let text = packet_text(&Packet { outer: vec![], ip, transport }, &everything());
    let info = spec(&text).ip;
    assert_eq!(info.tos.map(|tos| tos.node), expected_tos);
    assert_eq!(info.flow_label.map(|label| label.node), expected_label);
    assert_eq!(info.ttl.map(|ttl| ttl.node), expected_ttl);
}

#[test]
fn encapsulations_read_back() {
    let carrier = Ip { tos: 1, ..ip(true) };
    let stack = vec![
        MplsEntry { label: 0xf_ffff, tc: 7, bottom: false, ttl: 255 },
        MplsEntry { label: 4, tc: 0, bottom: true, ttl: 0 },
    ];
    for flags in [0, 0x8000, 0x2000, 0x1000, 0xb000, 0x0800] {
        let gre = Outer::Gre { flags, sum: 1, off: 2, key: 3, seq: 4 };
        let outer = vec![Outer::Ip(carrier.clone()), gre, Outer::Mpls(stack.clone())];
        let transport = Transport::Tcp(tcp(flag::ACK, vec![], 0));
        let text = packet_text(&Packet { outer, ..packet(false, transport) }, &everything());
        let spec = spec(&text);
        let kinds = spec.encap.iter().map(|encap| &encap.kind).collect::<Vec<_>>();
        let [EncapKind::Ip { info, src, dst }, EncapKind::Gre(gre), EncapKind::Mpls(labels)] =
            kinds[..]
        else {
            panic!("{kinds:?}")
        };
        assert_eq!((*src, *dst), (carrier.src, carrier.dst));
        assert_eq!(info.tos.map(|tos| tos.node), Some(Tos::Ecn(1)));
        assert_eq!((gre.flags, gre.sum, gre.off, gre.key, gre.seq), (flags, 1, 2, 3, 4));
        let labels = labels.iter().map(|l| (l.label, l.tc, l.bottom, l.ttl)).collect::<Vec<_>>();
        let expected = stack.iter().map(|l| (l.label, l.tc, l.bottom, l.ttl)).collect::<Vec<_>>();
        assert_eq!(labels, expected);
    }
}

#[test]
fn udp_reads_back() {
    let udp = Udp { src_port: 1, dst_port: 2, payload: vec![0; 1000] };
    let text = packet_text(&packet(false, Transport::Udp(udp)), &everything());
    let spec = spec(&text);
    let PacketBody::Udp(UdpSpec { ports: Some(ports), len: 1000 }) = spec.body else {
        panic!("{text}")
    };
    assert_eq!((ports.node.src, ports.node.dst), (1, 2));
}

#[test]
fn tcp_in_udp_reads_back() {
    let outer = vec![Outer::Udp { src_port: 1, dst_port: 9811 }];
    let tcp = tcp(flag::SYN, vec![TcpOption::Mss(1)], 0);
    let whole = Packet { outer, ..packet(false, Transport::Tcp(tcp.clone())) };
    let spec = spec(&packet_text(&whole, &everything()));
    assert_eq!(segment(tcp_of(&spec)), tcp);
    let ports = spec.outer_udp.unwrap().node;
    assert_eq!((ports.src, ports.dst), (1, 9811));
}

#[rstest]
#[case::tcp(QuotedTransport::Tcp { src_port: 1, dst_port: 2, seq: 5 }, Echoed::Tcp { seq: 5, len: 9 })]
#[case::udp(QuotedTransport::Udp { src_port: 1, dst_port: 2 }, Echoed::Udp(9))]
#[case::other(QuotedTransport::Other(132, [0; 8]), Echoed::Raw(36))]
fn quoted_packets_read_back(#[case] transport: QuotedTransport, #[case] expected: Echoed) {
    let ip = ip(false);
    let body = quote(&Quoted { src: ip.dst, dst: ip.src, transport, len: 9 });
    let message = Icmp { ty: 3, code: 4, rest: 1400, body };
    let text = packet_text(&packet(false, Transport::Icmp(message)), &everything());
    let spec = spec(&text);
    let icmp = icmp_of(&spec);
    assert_eq!(icmp.echoed.unwrap().node, expected);
    assert_eq!(icmp.mtu.unwrap().node, 1400);
}

#[rstest]
fn icmp_types_and_codes_read_back(#[values(false, true)] v6: bool) {
    let family = if v6 { IpFamily::V6 } else { IpFamily::V4 };
    for ty in 0..=255 {
        for code in (0..=16).chain([255]) {
            let (ty_word, code_word) = (type_name(family, ty), code_name(family, ty, code));
            let numbers = icmp::numbers(&ty_word, Some(&code_word), v6);
            assert_eq!(numbers, Ok((ty, code)), "{ty_word} {code_word}");
            let message = Icmp { ty, code, rest: 0, body: vec![0; 4] };
            let text = packet_text(&packet(v6, Transport::Icmp(message)), &everything());
            let spec = spec(&text);
            let icmp = icmp_of(&spec);
            let code_word = icmp.code.as_ref().map(|code| code.node.as_str());
            assert_eq!(resolve(family, &icmp.ty.node, code_word), Ok((ty, code)), "{text}");
            assert_eq!(icmp.echoed.unwrap().node, Echoed::Raw(12));
        }
    }
}
