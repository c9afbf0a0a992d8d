use std::collections::BTreeMap;

use rstest::rstest;

use super::*;

fn names(snapshot: &SockSnapshot) -> BTreeMap<&'static str, u64> {
    variables(snapshot).into_iter().collect()
}

/// Byte `n` of the structure is `n + 1`, modulo 256.
fn counting(len: u32) -> Vec<u8> {
    (1..=len).map(|n| n.to_le_bytes()[0]).collect()
}

#[cfg(target_endian = "little")]
#[rstest]
#[case("tcpi_state", 0x01)]
#[case("tcpi_options", 0x06)]
#[case("tcpi_snd_wscale", 0x7)]
#[case("tcpi_rcv_wscale", 0x0)]
#[case("tcpi_delivery_rate_app_limited", 0)]
#[case("tcpi_fastopen_client_fail", 0)]
#[case("tcpi_rto", 0x0c0b_0a09)]
#[case("tcpi_snd_cwnd", 0x5453_5251)]
#[case("tcpi_total_retrans", 0x6867_6665)]
#[case("tcpi_pacing_rate", 0x706f_6e6d_6c6b_6a69)]
#[case("tcpi_delivery_rate", 0xa8a7_a6a5_a4a3_a2a1)]
#[case("tcpi_rcv_ooopack", 0xe4e3_e2e1)]
#[case("tcpi_total_rto", 0xf2f1)]
#[case("tcpi_total_rto_recoveries", 0xf4f3)]
#[case("tcpi_received_ce_bytes", 0x1413_1211)]
#[case("tcpi_ecn_mode", 0b01)]
#[case("tcpi_accecn_opt_seen", 0b01)]
#[case("tcpi_accecn_fail_mode", 1)]
#[case("tcpi_options2", 0x0018_1716)]
fn offsets(#[case] name: &str, #[case] want: u64) {
    let snapshot = SockSnapshot { tcp_info: counting(280), ..SockSnapshot::default() };
    assert_eq!(names(&snapshot)[name], want);
}

#[test]
fn the_fields_leave_no_hole() {
    let mut end = 0;
    for field in &TCP_INFO {
        assert!(field.at == end || field.end() == end, "{} at {}", field.name, field.at);
        end = field.end();
    }
    assert_eq!(end, 280);
}

#[test]
fn what_an_older_kernel_lacks_is_zero() {
    let snapshot = SockSnapshot { tcp_info: vec![0xff; 106], ..SockSnapshot::default() };
    let names = names(&snapshot);
    assert_eq!(names["tcpi_total_retrans"], u64::from(u32::MAX));
    assert_eq!(
        names["tcpi_pacing_rate"],
        if cfg!(target_endian = "little") { 0xffff } else { 0xffff << 48 }
    );
    assert_eq!(names["tcpi_rehash"], 0);
    assert_eq!(names["SK_MEMINFO_DROPS"], 0);
}

#[rstest]
#[case(0, false, false)]
#[case(15, false, false)]
#[case(16, true, false)]
#[case(20, true, true)]
fn congestion_controls_by_length(#[case] len: u32, #[case] short: bool, #[case] bbr: bool) {
    let snapshot = SockSnapshot { cc_info: counting(len), ..SockSnapshot::default() };
    let names = names(&snapshot);
    for name in ["dctcp_enabled", "dctcp_ab_tot", "tcpv_enabled", "tcp_rtt", "tcp_minrtt"] {
        assert_eq!(names.contains_key(name), short, "{name}");
    }
    for name in ["bbr_bw_lo", "bbr_bw", "bbr_cwnd_gain"] {
        assert_eq!(names.contains_key(name), bbr, "{name}");
    }
    if bbr && cfg!(target_endian = "little") {
        assert_eq!(names["bbr_bw"], 0x0807_0605_0403_0201);
        assert_eq!(names["dctcp_ce_state"], 0x0403);
    }
}

#[rstest]
#[case("tcpi_state", 7, Some("TCP_CLOSE"))]
#[case("tcpi_state", 99, None)]
#[case("tcpi_ca_state", 3, Some("TCP_CA_Recovery"))]
#[case("tcpi_options", 0, None)]
#[case("tcpi_options", 10, Some("TCPI_OPT_SACK|TCPI_OPT_ECN"))]
#[case("tcpi_rtt", 10, None)]
fn meanings(#[case] name: &str, #[case] value: i128, #[case] want: Option<&str>) {
    assert_eq!(meaning(name, value).as_deref(), want);
}
