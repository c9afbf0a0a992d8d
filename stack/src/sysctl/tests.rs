//! Reading and writing by name, and that the table agrees with itself.

use super::*;
use rstest::rstest;

#[rstest]
#[case("net.ipv4.tcp_sack", "0", Ok("0"))]
#[case("/proc/sys/net/ipv4/tcp_sack", " 1\n", Ok("1"))]
#[case("net/ipv4/tcp_rmem", "4096  8192\t16384", Ok("4096\t8192\t16384"))]
#[case("net.ipv4.ip_local_port_range", "10000 10010", Ok("10000\t10010"))]
#[case("net.ipv4.ip_local_reserved_ports", "9000-9002,80", Ok("80,9000-9002"))]
#[case("net.ipv4.ip_local_reserved_ports", "", Ok(""))]
#[case("net.ipv4.tcp_congestion_control", "reno", Ok("reno"))]
#[case(
    "net.ipv4.tcp_fastopen_key",
    "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4",
    Ok("a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4")
)]
#[case("net.ipv4.tcp_adv_win_scale", "-2", Ok("-2"))]
#[case("net.ipv4.tcp_fastopen", "0x402", Ok("1026"))]
#[case("net.ipv4.tcp_fin_timeout", "010", Ok("8"))]
#[case("net.ipv4.tcp_fin_timeout", "08", Err(Errno::EINVAL))]
#[case("net.ipv4.tcp_timestamps", "3", Err(Errno::EINVAL))]
#[case("net.ipv4.tcp_sack", "256", Err(Errno::EINVAL))]
#[case("net.ipv4.tcp_sack", "yes", Err(Errno::EINVAL))]
#[case("net.ipv4.tcp_syn_retries", "0", Err(Errno::EINVAL))]
#[case("net.ipv4.tcp_rmem", "1 2", Err(Errno::EINVAL))]
#[case("net.ipv4.ip_local_port_range", "10 1", Err(Errno::EINVAL))]
#[case("net.ipv4.tcp_fastopen_key", "1-2-3", Err(Errno::EINVAL))]
#[case("net.ipv4.tcp_available_congestion_control", "bbr", Err(Errno::EACCES))]
#[case("net.ipv4.tcp_nonsense", "1", Err(Errno::ENOENT))]
fn writing(#[case] name: &str, #[case] value: &str, #[case] outcome: Result<&str, Errno>) {
    let mut all = Sysctls::default();
    let before = all.clone();
    match (all.set(name, value), outcome) {
        (Ok(()), Ok(text)) => assert_eq!(all.get(name).as_deref(), Some(text)),
        (Err(error), Err(errno)) => {
            assert_eq!(error.errno(), errno, "{error}");
            assert_eq!(all, before);
        }
        (got, wanted) => panic!("{got:?} instead of {wanted:?}"),
    }
}

#[test]
fn every_default_is_a_value_its_own_range_accepts() {
    let mut all = Sysctls::default();
    for name in Sysctls::names() {
        // Some are not this kernel's.
        let Some(text) = all.get(name) else { continue };
        match all.set(name, &text) {
            Ok(()) | Err(SysctlError::ReadOnly { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    // A host without a key reads as one with a key of zeros.
    assert_eq!(std::mem::take(&mut all.tcp_fastopen_key), [[0; 16]]);
    assert_eq!(all, Sysctls::default());
}

#[test]
fn names_are_unique_and_end_with_their_field() {
    let mut names: Vec<_> = Sysctls::names().collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn reserved_ports_are_a_set() {
    let mut all = Sysctls::default();
    all.set("net.ipv4.ip_local_reserved_ports", "8080,9148-9150").unwrap();
    let reserved = &all.ip_local_reserved_ports;
    assert!(reserved.contains(8080) && reserved.contains(9149) && !reserved.contains(9151));
}

#[test]
fn refusals_say_what_and_why() {
    let mut all = Sysctls::default();
    let mut said = |name, value| all.set(name, value).unwrap_err().to_string();
    assert_eq!(said("net.ipv4.tcp_none", "1"), "no sysctl named net.ipv4.tcp_none");
    assert_eq!(said("net.ipv4.tcp_sack", "x"), "\"x\" is no value for net.ipv4.tcp_sack");
    assert_eq!(said("net.ipv4.tcp_sack", "256"), "256 is out of range for net.ipv4.tcp_sack");
    let name = "net.ipv4.tcp_available_ulp";
    assert_eq!(said(name, "tls"), "net.ipv4.tcp_available_ulp is read-only");
}
