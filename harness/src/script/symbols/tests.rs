use rstest::rstest;

use super::*;

#[test]
fn tables_are_sorted_and_disjoint() {
    assert!(CONSTANTS.is_sorted_by(|a, b| a.0 < b.0));
    assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    assert!(freebsd::NAMES.is_sorted_by(|a, b| a < b));
    assert!(freebsd::NAMES.iter().all(|name| lookup(name).is_none()));
}

#[rstest]
#[case("AF_INET6", 10)]
#[case("SOCK_NONBLOCK", 0x800)]
#[case("SOL_TCP", 6)]
#[case("SO_MEMINFO", 55)]
#[case("TCP_FASTOPEN_CONNECT", 30)]
#[case("TCP_CM_INQ", 36)]
#[case("MSG_FASTOPEN", 0x2000_0000)]
#[case("MSG_ZEROCOPY", 0x400_0000)]
#[case("O_NONBLOCK", 0x800)]
#[case("EPOLLET", 0x8000_0000)]
#[case("SIOCINQ", 0x541b)]
#[case("TCP_INFINITE_SSTHRESH", 0x7fff_ffff)]
#[case("TCP_NEW_SYN_RECV", 12)]
#[case("NULL", 0)]
#[case("EINPROGRESS", 115)]
#[case("EWOULDBLOCK", 11)]
fn constants_have_their_linux_values(#[case] name: &str, #[case] value: i64) {
    assert_eq!(lookup(name), Some(value));
}

#[test]
fn error_names_go_both_ways() {
    for (number, name) in NAMES {
        assert_eq!(errno_name(*number), Some(*name));
        assert_eq!(errno_from_name(name), Some(*number));
    }
    assert_eq!(errno_name(11), Some("EAGAIN"));
    assert_eq!(errno_name(0), None);
    assert_eq!(errno_from_name("ENOTHING"), None);
}

#[test]
fn unknown_names_have_no_value_and_may_have_a_neighbour() {
    assert_eq!(lookup("TCP_NODELAI"), None);
    assert_eq!(closest("TCP_NODELAI"), Some("TCP_NODELAY"));
    assert_eq!(closest("NOTHING_LIKE_THAT"), None);
    assert!(is_freebsd_only("TCP_NOOPT"));
    assert_eq!(lookup("TCP_NOOPT"), None);
}
