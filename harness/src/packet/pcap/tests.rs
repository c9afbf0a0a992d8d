use std::time::Duration;

use pcap_file::pcapng::{Block, PcapNgReader};

use super::*;

fn info<'a>() -> CaptureInfo<'a> {
    CaptureInfo {
        script: "open/syn.pkt",
        target: "stack 0.1",
        verdict: "pass",
        interface: "tun0",
        base: Duration::from_secs(1_000_000_000),
    }
}

fn packet(at_ns: i64, line: Option<usize>, note: Option<&str>) -> CapturedPacketRef<'_> {
    CapturedPacketRef { at_ns, way: Way::ToTarget, bytes: &[0x45, 0, 0], line, note }
}

fn comment_of(option: &EnhancedPacketOption<'_>) -> Option<String> {
    if let EnhancedPacketOption::Comment(text) = option { Some(text.to_string()) } else { None }
}

fn packets_of(bytes: &[u8]) -> Vec<(Duration, Vec<u8>, Vec<String>)> {
    let mut reader = PcapNgReader::new(bytes).unwrap();
    let mut packets = Vec::new();
    while let Some(block) = reader.next_block() {
        if let Block::EnhancedPacket(packet) = block.unwrap().into_owned() {
            let comments = packet.options.iter().filter_map(comment_of).collect();
            packets.push((packet.timestamp, packet.data.to_vec(), comments));
        }
    }
    packets
}

#[test]
fn times_count_from_the_base_in_nanoseconds() {
    let mut bytes = Vec::new();
    let packets =
        [packet(1, None, None), packet(-1, None, None), packet(2_500_000_000, None, None)];
    write(&mut bytes, &info(), packets.into_iter()).unwrap();
    let times = packets_of(&bytes).into_iter().map(|(at, ..)| at).collect::<Vec<_>>();
    let base = Duration::from_secs(1_000_000_000);
    let nano = Duration::from_nanos(1);
    assert_eq!(times, [base + nano, base - nano, base + Duration::from_millis(2500)]);
}

#[test]
fn a_time_before_the_epoch_is_the_epoch() {
    let mut bytes = Vec::new();
    let info = CaptureInfo { base: Duration::ZERO, ..info() };
    write(&mut bytes, &info, [packet(-5, None, None)].into_iter()).unwrap();
    assert_eq!(packets_of(&bytes)[0].0, Duration::ZERO);
}

#[rstest::rstest]
#[case(None, None, &[])]
#[case(Some(7), None, &["open/syn.pkt:7"])]
#[case(None, Some("extra packet"), &["extra packet"])]
#[case(Some(7), Some("wrong window"), &["open/syn.pkt:7: wrong window"])]
fn comments_name_the_line(
    #[case] line: Option<usize>,
    #[case] note: Option<&str>,
    #[case] expected: &[&str],
) {
    let mut bytes = Vec::new();
    write(&mut bytes, &info(), [packet(0, line, note)].into_iter()).unwrap();
    let (_, data, comments) = packets_of(&bytes).remove(0);
    assert_eq!(comments, expected);
    assert_eq!(data, [0x45, 0, 0], "data is padded in the file only");
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let run = || {
        let mut bytes = Vec::new();
        write(&mut bytes, &info(), [packet(5, Some(1), None)].into_iter()).unwrap();
        bytes
    };
    assert_eq!(run(), run());
    assert_eq!(run()[8..12], [0x4d, 0x3c, 0x2b, 0x1a], "little-endian byte-order magic");
}

#[test]
fn a_text_longer_than_an_option_is_cut_at_a_character() {
    let text = fitting("ä".repeat(40_000));
    assert!(text.len() <= 65_535);
    assert!(text.ends_with("ä…"));
}
