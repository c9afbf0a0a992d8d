use rstest::rstest;

use super::*;

fn unknown(kind: u8, data: &[u8]) -> TcpOption {
    TcpOption::Unknown { kind, data: data.to_vec() }
}

fn malformed(bytes: &[u8]) -> TcpOption {
    TcpOption::Malformed(bytes.to_vec())
}

fn fastopen(exp: bool, cookie: &[u8]) -> TcpOption {
    TcpOption::Fastopen { exp, cookie: cookie.to_vec() }
}

fn accecn(first_e1b: bool, counters: &[u32]) -> TcpOption {
    TcpOption::AccEcn { first_e1b, counters: counters.to_vec() }
}

#[rstest]
#[case::mss(&[2, 4, 5, 0xb4], TcpOption::Mss(1460))]
#[case::mss_short(&[2, 3, 5], unknown(2, &[5]))]
#[case::wscale(&[3, 3, 14], TcpOption::Wscale(14))]
#[case::wscale_long(&[3, 4, 14, 0], unknown(3, &[14, 0]))]
#[case::sack_ok(&[4, 2], TcpOption::SackOk)]
#[case::sack_ok_long(&[4, 3, 0], unknown(4, &[0]))]
#[case::sack(&[5, 10, 0, 0, 0, 1, 0, 0, 0, 2], TcpOption::Sack(vec![(1, 2)]))]
#[case::sack_bad_length(&[5, 6, 0, 0, 0, 1], unknown(5, &[0, 0, 0, 1]))]
#[case::sack_empty(&[5, 2], TcpOption::Sack(vec![]))]
#[case::ts(&[8, 10, 0, 0, 0, 1, 0xff, 0, 0, 2], TcpOption::Ts { val: 1, ecr: 0xff00_0002 })]
#[case::ts_short(&[8, 6, 0, 0, 0, 1], unknown(8, &[0, 0, 0, 1]))]
#[case::md5_short(&[19, 4, 0xab, 0xcd], TcpOption::Md5(vec![0xab, 0xcd]))]
#[case::md5_empty(&[19, 2], TcpOption::Md5(vec![]))]
#[case::md5_long(&[&[19, 19][..], &[0; 17]].concat(), unknown(19, &[0; 17]))]
#[case::fastopen_request(&[34, 2], fastopen(false, &[]))]
#[case::fastopen_cookie(&[34, 6, 1, 2, 3, 4], fastopen(false, &[1, 2, 3, 4]))]
#[case::experimental_request(&[254, 4, 0xf9, 0x89], fastopen(true, &[]))]
#[case::experimental_cookie(&[254, 6, 0xf9, 0x89, 1, 2], fastopen(true, &[1, 2]))]
#[case::experimental_other(&[254, 4, 0xf9, 0x88], unknown(254, &[0xf9, 0x88]))]
#[case::experimental_no_magic(&[254, 3, 0xf9], unknown(254, &[0xf9]))]
#[case::accecn_2(&[172, 2], accecn(false, &[]))]
#[case::accecn_5(&[172, 5, 0, 0, 1], accecn(false, &[1]))]
#[case::accecn_8(&[174, 8, 0, 1, 0, 0, 0, 2], accecn(true, &[256, 2]))]
#[case::accecn_11(&[174, 11, 1, 0, 0, 0, 0, 2, 0, 0, 3], accecn(true, &[65_536, 2, 3]))]
#[case::accecn_4(&[172, 4, 0, 1], unknown(172, &[0, 1]))]
#[case::accecn_14(&[&[172, 14][..], &[0; 12]].concat(), unknown(172, &[0; 12]))]
#[case::tcp_ao(&[29, 4, 1, 2], unknown(29, &[1, 2]))]
#[case::no_length(&[2], malformed(&[2]))]
#[case::length_0(&[2, 0, 5, 0xb4], malformed(&[2, 0, 5, 0xb4]))]
#[case::length_1(&[253, 1, 1, 1], malformed(&[253, 1, 1, 1]))]
#[case::overrun(&[2, 5, 5, 0xb4], malformed(&[2, 5, 5, 0xb4]))]
fn one_option_is_read(#[case] bytes: &[u8], #[case] expected: TcpOption) {
    let options = decode(bytes);
    assert_eq!(options, [expected]);
    let mut again = Vec::new();
    encode_one(&options[0], &mut again).unwrap();
    assert_eq!(again, bytes);
}

#[rstest]
#[case::padding(&[4, 2, 0, 0], &[TcpOption::SackOk, TcpOption::Eol, TcpOption::Eol])]
#[case::mss_behind_eol(
    &[0, 2, 4, 5, 0xb4, 1, 1, 1],
    &[TcpOption::Eol, malformed(&[2, 4, 5, 0xb4, 1, 1, 1])]
)]
#[case::zeros_then_garbage(
    &[1, 0, 0, 7],
    &[TcpOption::Nop, TcpOption::Eol, TcpOption::Eol, malformed(&[7])]
)]
#[case::malformed_last(&[1, 1, 2, 8], &[TcpOption::Nop, TcpOption::Nop, malformed(&[2, 8])])]
fn a_list_is_read_to_its_end(#[case] bytes: &[u8], #[case] expected: &[TcpOption]) {
    assert_eq!(decode(bytes), expected);
    assert_eq!(encode(expected).unwrap(), bytes);
}

#[test]
fn every_two_bytes_encode_back() {
    for word in 0..=u16::MAX {
        for tail in [[0, 0], [1, 0xff], [0xf9, 0x89]] {
            let bytes = [word.to_be_bytes(), tail].concat();
            assert_eq!(encode(&decode(&bytes)).unwrap(), bytes);
        }
    }
}

#[rstest]
#[case(vec![TcpOption::Nop], "TCP options are not padded correctly: 1 bytes, 1 in excess of 4 byte words")]
#[case(vec![TcpOption::Nop; 41], "TCP options take 41 bytes, the header has room for 40")]
#[case(vec![TcpOption::Sack(vec![(0, 0); 5])], "TCP options take 42 bytes, the header has room for 40")]
#[case(vec![TcpOption::Md5(vec![0; 300])], "TCP options take 302 bytes, the header has room for 40")]
#[case(vec![unknown(0, &[])], "TCP option kind 0 cannot have a length")]
#[case(vec![unknown(1, &[])], "TCP option kind 1 cannot have a length")]
#[case(vec![accecn(true, &[0; 4])], "4 AccECN counters, the option has room for 3")]
#[case(vec![accecn(true, &[1 << 24])], "AccECN counter 0x1000000 is wider than 24 bits")]
fn lists_that_do_not_fit_are_refused(#[case] options: Vec<TcpOption>, #[case] expected: &str) {
    assert_eq!(encode(&options).unwrap_err().to_string(), expected);
}
