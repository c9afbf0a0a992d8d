//! The oracles on seeded input: bounded, deterministic, on stable. The counts say that the inputs
//! reach what the oracle is about.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use rstest::rstest;
use synproof_fuzz::generators::datagram::repair;
use synproof_fuzz::oracles::{packet_roundtrip, script_parse, segment_parse};
use synproof_fuzz::{Seeded, TARGETS, Verdict, target};
use synproof_harness::packet::{Decap, Outer, Transport, parse, parse_with};

const SEED: u64 = 0x5eed;

fn no_finding(verdict: Verdict, case: &[u8]) -> bool {
    match verdict {
        Verdict::Holds => true,
        Verdict::Rejected => false,
        Verdict::Broken(finding) => panic!("{finding}\nfor {}", case.escape_ascii()),
    }
}

#[test]
fn script_parse_holds_for_random_bytes() {
    let mut seeded = Seeded::new(SEED);
    for _ in 0..300 {
        let len = seeded.below(300);
        let case = seeded.bytes(len);
        assert!(no_finding(script_parse::check(&case), &case));
    }
}

/// Inputs of each target's own making, and how many of them have to get to the end.
#[rstest]
#[case::segment_parse("segment_parse", 20_000, 10_000)]
#[case::options_parse("options_parse", 20_000, 20_000)]
#[case::packet_roundtrip("packet_roundtrip", 10_000, 6000)]
#[case::script_parse("script_parse", 1500, 1500)]
#[case::two_peers("two_peers", 40, 40)]
fn a_target_holds_for_what_it_generates(
    #[case] name: &str,
    #[case] inputs: usize,
    #[case] least: usize,
) {
    let target = target(name).unwrap();
    let mut seeded = Seeded::new(SEED);
    let cases = std::iter::repeat_with(|| (target.generate)(&mut seeded)).take(inputs);
    let held = cases.filter(|case| no_finding((target.check)(case), case)).count();
    assert!(held >= least, "{held} of at least {least}");
}

#[test]
fn segment_parse_holds_for_random_bytes() {
    let mut seeded = Seeded::new(SEED);
    for _ in 0..5000 {
        let case = seeded.some_bytes(120);
        no_finding(segment_parse::check(&case), &case);
    }
}

/// A target that is there to be broken breaks, and chance does not break it.
#[test]
fn the_canary_can_be_found_but_not_by_chance() {
    let planted: Vec<_> = TARGETS.iter().filter(|target| target.planted).collect();
    assert_eq!(planted.len(), 1);
    let mut seeded = Seeded::new(SEED);
    for _ in 0..10_000 {
        let case = (planted[0].generate)(&mut seeded);
        assert_eq!((planted[0].check)(&case), Verdict::Holds);
    }
    assert!((planted[0].check)(b"canary").finding().is_some());
}

#[test]
fn packet_roundtrip_holds_for_random_bytes() {
    let mut seeded = Seeded::new(SEED);
    for _ in 0..5000 {
        let len = seeded.below(120);
        let case = seeded.bytes(len);
        no_finding(packet_roundtrip::check(&case), &case);
    }
}

/// How many accepted packets had what.
#[derive(Default)]
struct Reached {
    accepted: usize,
    options: usize,
    udp: usize,
    icmp: usize,
    ip_in_ip: usize,
    gre: usize,
    mpls: usize,
    tcp_in_udp: usize,
}

impl Reached {
    fn count(&mut self, bytes: &[u8]) {
        let port = packet_roundtrip::ENCAPSULATION_PORT;
        let decap = Decap { tcp_over_udp_port: Some(port) };
        // UDP of that port whose payload is no TCP header is accepted without looking into it.
        let packet = parse_with(bytes, &decap).or_else(|_| parse(bytes)).unwrap();
        self.accepted += 1;
        for header in &packet.outer {
            match header {
                Outer::Ip(_) => self.ip_in_ip += 1,
                Outer::Gre { .. } => self.gre += 1,
                Outer::Mpls(_) => self.mpls += 1,
                Outer::Udp { .. } => self.tcp_in_udp += 1,
            }
        }
        match packet.transport {
            Transport::Tcp(tcp) => self.options += usize::from(!tcp.options.is_empty()),
            Transport::Udp(_) => self.udp += 1,
            Transport::Icmp(_) => self.icmp += 1,
        }
    }
}

#[test]
fn packet_roundtrip_holds_for_repaired_bytes() {
    let mut seeded = Seeded::new(SEED);
    let mut reached = Reached::default();
    for _ in 0..20_000 {
        let len = 20 + seeded.below(200);
        let mut bytes = seeded.bytes(len);
        // Half the packets are IPv6, and the port of TCP in UDP is not left to chance.
        bytes[0] = if seeded.below(2) == 0 { 0x45 } else { 0x60 };
        let ip_len = if bytes[0] == 0x45 { 20 } else { 40 };
        if let Some(port) = bytes.get_mut(ip_len..ip_len + 2).filter(|_| seeded.below(4) == 0) {
            port.copy_from_slice(&packet_roundtrip::ENCAPSULATION_PORT.to_be_bytes());
        }
        let case = repair(&bytes);
        assert_eq!(repair(&case), case, "what is repaired needs no repair");
        if no_finding(packet_roundtrip::check(&case), &case) {
            reached.count(&case);
        }
    }
    let counts = [
        ("accepted", reached.accepted, 10_000),
        ("options", reached.options, 1000),
        ("udp", reached.udp, 1000),
        ("icmp", reached.icmp, 1000),
        ("IP in IP", reached.ip_in_ip, 1000),
        ("GRE", reached.gre, 300),
        ("MPLS", reached.mpls, 300),
        ("TCP in UDP", reached.tcp_in_udp, 100),
    ];
    for (what, count, least) in counts {
        println!("{what}: {count}");
        assert!(count >= least, "{what}: {count} of at least {least}");
    }
}
