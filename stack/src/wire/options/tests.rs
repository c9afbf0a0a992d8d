//! Option areas byte by byte, with what Linux's parser makes of each.

use super::*;
use rstest::rstest;

const TS: Ts = Ts { val: 0x0102_0304, ecr: 0x0506_0708 };

fn seen(area: &[u8]) -> Options {
    Options::parse(area, true)
}

#[rstest]
#[case::mss(&[2, 4, 5, 180], Options { mss: Some(1460), ..Options::default() })]
#[case::mss_zero_is_absent(&[2, 4, 0, 0], Options::default())]
#[case::mss_zero_does_not_undo(&[2, 4, 5, 180, 2, 4, 0, 0], Options { mss: Some(1460), ..Options::default() })]
#[case::last_mss_wins(&[2, 4, 5, 180, 2, 4, 0, 100], Options { mss: Some(100), ..Options::default() })]
#[case::mss_of_wrong_length_is_skipped(&[2, 3, 5, 3, 3, 7], Options { wscale: Some(7), ..Options::default() })]
#[case::wscale_is_clamped(&[3, 3, 15], Options { wscale: Some(14), ..Options::default() })]
#[case::eol_ends_the_walk(&[0, 2, 4, 5, 180], Options::default())]
#[case::nops(&[1, 1, 1, 3, 3, 2], Options { wscale: Some(2), ..Options::default() })]
#[case::length_0_stops(&[8, 0, 4, 2], Options::default())]
#[case::length_1_stops(&[8, 1, 4, 2], Options::default())]
#[case::beyond_the_header_stops(&[4, 2, 8, 10, 1, 2], Options { sack_permitted: true, ..Options::default() })]
#[case::kind_without_length(&[4, 2, 1, 8], Options { sack_permitted: true, ..Options::default() })]
#[case::timestamps(&[1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8], Options { ts: Some(TS), ..Options::default() })]
#[case::unknown(&[200, 3, 9, 3, 3, 2], Options { wscale: Some(2), unknown: true, ..Options::default() })]
#[case::experiment(&[254, 4, 1, 2], Options { unknown: true, ..Options::default() })]
#[case::sack_of_odd_length(&[5, 9, 0, 0, 0, 0, 0, 0, 0, 0], Options::default())]
fn parsing(#[case] area: &[u8], #[case] options: Options) {
    assert_eq!(seen(area), options);
}

#[rstest]
#[case::request(&[34, 2], Some(Fastopen { exp: false, cookie: Some(vec![]) }))]
#[case::cookie(&[34, 6, 1, 2, 3, 4], Some(Fastopen { exp: false, cookie: Some(vec![1, 2, 3, 4]) }))]
#[case::odd(&[34, 7, 1, 2, 3, 4, 5], None)]
#[case::too_short(&[34, 4, 1, 2], Some(Fastopen { exp: false, cookie: None }))]
#[case::experimental(&[254, 4, 0xf9, 0x89], Some(Fastopen { exp: true, cookie: Some(vec![]) }))]
fn fast_open(#[case] area: &[u8], #[case] expected: Option<Fastopen>) {
    assert_eq!(seen(area).fastopen, expected);
    assert_eq!(Options::parse(area, false).fastopen, None);
}

#[test]
fn syn_only_options_are_ignored_without_syn() {
    let area = [2, 4, 5, 180, 3, 3, 7, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8];
    let options = Options::parse(&area, false);
    assert_eq!(options, Options { ts: Some(TS), ..Options::default() });
}

#[test]
fn builder_writes_what_the_parser_reads() {
    let mut buf = OptionBuf::default();
    let accecn = AccEcn { first_e1b: true, counters: [Some(1), Some(0x01_0203), None] };
    assert!(buf.push_mss(536) && buf.push_accecn(accecn) && buf.push_md5(&[7; 16]));
    assert_eq!(buf.room(), 40 - 4 - 8 - 18);
    assert!(!buf.push_md5(&[7; 16]), "an option that does not fit is refused");
    let options = seen(buf.as_bytes());
    assert_eq!(options.mss, Some(536));
    assert_eq!(options.accecn, Some(accecn));
    assert_eq!(options.md5, Some([7; 16]));
}

#[test]
fn a_fifth_sack_block_has_no_room() {
    let mut buf = OptionBuf::default();
    assert!(!buf.push_sack(&[SackBlock::default(); 5]));
    assert!(buf.push_sack(&[SackBlock::default(); 4]));
    assert_eq!(buf.padded_len(), 36);
}
