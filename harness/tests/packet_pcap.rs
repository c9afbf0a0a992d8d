//! A capture of every kind of packet, read back by the installed tshark: it must find the packets,
//! times and comments that were written, nothing malformed and no wrong checksum.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::IpAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use synproof_harness::packet::icmp::{Quoted, QuotedTransport, quote};
use synproof_harness::packet::pcap::{CaptureInfo, CapturedPacketRef, Way, write_file};
use synproof_harness::packet::{
    Icmp, Ip, MplsEntry, Outer, Packet, Tcp, TcpOption, Transport, Udp, build, flag,
};

fn addresses(v6: bool) -> (IpAddr, IpAddr) {
    let text = if v6 { ("fd3d::1", "fd3d::2") } else { ("192.0.2.1", "192.168.0.1") };
    (text.0.parse().unwrap(), text.1.parse().unwrap())
}

fn packet(v6: bool, transport: Transport) -> Packet {
    let (src, dst) = addresses(v6);
    Packet { outer: Vec::new(), ip: Ip::new(src, dst), transport }
}

fn tcp(flags: u16, options: Vec<TcpOption>, len: usize) -> Transport {
    Transport::Tcp(Tcp {
        src_port: 40_000,
        dst_port: 8080,
        seq: 1,
        ack: if flags & flag::ACK == 0 { 0 } else { 1 },
        flags,
        window: 65_535,
        options,
        payload: vec![0; len],
        ..Tcp::default()
    })
}

fn echo(v6: bool) -> Transport {
    let ty = if v6 { 128 } else { 8 };
    Transport::Icmp(Icmp { ty, code: 0, rest: 7 << 16 | 1, body: vec![0; 9] })
}

fn unreachable(v6: bool) -> Transport {
    let (src, dst) = addresses(v6);
    let transport = QuotedTransport::Tcp { src_port: 8080, dst_port: 40_000, seq: 5 };
    let body = quote(&Quoted { src: dst, dst: src, transport, len: 1000 });
    let (ty, code) = if v6 { (1, 4) } else { (3, 3) };
    Transport::Icmp(Icmp { ty, code, rest: 0, body })
}

fn encapsulations(v6: bool) -> Vec<Vec<Outer>> {
    let (src, dst) = addresses(v6);
    let ip = Outer::Ip(Ip::new(src, dst));
    // Sum and offset only: readers that take GRE words by their flags find the same in them.
    let gre = Outer::Gre { flags: 0, sum: 0, off: 0, key: 0, seq: 0 };
    let keyed = Outer::Gre { flags: 0x2000, sum: 1, off: 2, key: 0, seq: 0 };
    let label = |bottom| MplsEntry { label: 100, tc: 1, bottom, ttl: 64 };
    let mpls = Outer::Mpls(vec![label(false), label(true)]);
    vec![
        vec![ip.clone()],
        vec![ip.clone(), gre.clone()],
        vec![ip.clone(), keyed],
        vec![ip.clone(), gre, mpls.clone()],
        vec![ip, mpls],
    ]
}

/// Every kind of packet there is, in both versions.
fn packets() -> Vec<Packet> {
    let options = vec![
        TcpOption::Mss(1460),
        TcpOption::SackOk,
        TcpOption::Ts { val: 100, ecr: 0 },
        TcpOption::Nop,
        TcpOption::Wscale(8),
    ];
    let udp = |len| Transport::Udp(Udp { src_port: 5000, dst_port: 6000, payload: vec![0; len] });
    let mut all = Vec::new();
    for v6 in [false, true] {
        all.push(packet(v6, tcp(flag::SYN, options.clone(), 0)));
        all.push(packet(v6, tcp(flag::ACK | flag::PSH, Vec::new(), 1001)));
        all.push(packet(v6, tcp(flag::ACK, Vec::new(), 60_000)));
        all.push(packet(v6, udp(0)));
        all.push(packet(v6, udp(1001)));
        all.push(packet(v6, echo(v6)));
        all.push(packet(v6, unreachable(v6)));
        for outer_v6 in [false, true] {
            for outer in encapsulations(outer_v6) {
                all.push(Packet { outer, ..packet(v6, tcp(flag::ACK, Vec::new(), 11)) });
            }
        }
        let outer = vec![Outer::Udp { src_port: 9811, dst_port: 1 }];
        all.push(Packet { outer, ..packet(v6, tcp(flag::ACK, Vec::new(), 11)) });
    }
    all
}

fn tshark(file: &Path, arguments: &[&str]) -> Option<String> {
    let checks = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"];
    let output = Command::new("tshark")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .arg("-r")
        .arg(file)
        .args(checks)
        .args(["-o", "udp.check_checksum:TRUE"])
        .args(arguments)
        .output();
    match output {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("tshark: {error}"),
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "tshark: {errors}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
    }
}

#[test]
fn tshark_reads_a_capture_without_complaint() {
    let built = packets().iter().map(|packet| build(packet).unwrap()).collect::<Vec<_>>();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("capture.pcapng");
    let info = CaptureInfo {
        script: "state/listen/rcv-syn.pkt",
        target: "stack 0.1.0",
        verdict: "pass",
        interface: "tun0",
        base: Duration::from_secs(1_600_000_000),
    };
    let captured = built.iter().enumerate().map(|(index, bytes)| CapturedPacketRef {
        at_ns: i64::try_from(index).unwrap() * 1_000_001,
        way: if index % 2 == 0 { Way::ToTarget } else { Way::FromTarget },
        bytes,
        line: Some(index + 1),
        note: None,
    });
    write_file(&file, &info, captured).unwrap();

    let fields = ["frame.time_epoch", "frame.len", "frame.comment", "frame.packet_flags_direction"];
    let mut arguments = vec!["-T", "fields", "-E", "occurrence=f"];
    arguments.extend(fields.iter().flat_map(|field| ["-e", field]));
    let Some(listing) = tshark(&file, &arguments) else {
        println!("skipped: tshark is not installed");
        return;
    };
    let rows = listing.lines().map(|row| row.split('\t').collect::<Vec<_>>()).collect::<Vec<_>>();
    assert_eq!(rows.len(), built.len());
    for (index, row) in rows.iter().enumerate() {
        let ns = u32::try_from(index).unwrap() * 1_000_001;
        let at = format!("1600000000.{ns:09}");
        let len = built[index].len().to_string();
        let line = format!("state/listen/rcv-syn.pkt:{}", index + 1);
        assert_eq!(row[..3], [at.as_str(), len.as_str(), line.as_str()], "packet {index}");
    }

    let wrong = "_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 \
                 || udp.checksum.status == 0 || icmp.checksum.status == 0 \
                 || icmpv6.checksum.status == 0";
    assert_eq!(tshark(&file, &["-Y", wrong]).unwrap(), "", "tshark objects to these packets");
    // The filter can find something: nearly all packets have a verified checksum.
    let right = tshark(&file, &["-Y", "tcp.checksum.status == 1"]).unwrap();
    assert!(right.lines().count() >= 20, "{right}");
}
