use rstest::rstest;

use super::*;

#[test]
fn every_complaint_comes_with_a_remedy_and_names_are_unique() {
    let checks = checks();
    let mut names: Vec<_> = checks.iter().map(|check| check.name.clone()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), checks.len());
    for check in checks {
        println!("{:?} {}: {} {:?}", check.status, check.name, check.detail, check.fix);
        assert_eq!(check.status == Status::Ok, check.fix.is_none(), "{check:?}");
        assert!(!check.detail.is_empty(), "{check:?}");
    }
}

#[cfg(all(target_os = "linux", feature = "target-linux"))]
#[rstest]
#[case("6.18.44-fc-v669", Some((6, 18)))]
#[case("5.9", Some((5, 9)))]
#[case("6", None)]
#[case("", None)]
fn releases(#[case] text: &str, #[case] expected: Option<(u32, u32)>) {
    assert_eq!(kernel::parsed(text), expected);
}

#[cfg(all(target_os = "linux", feature = "target-linux"))]
#[test]
fn a_restricted_congestion_control_is_explained_with_the_whole_list() {
    let tried = [("reno".into(), true), ("bbr".into(), true), ("cubic".into(), false)];
    let check = network::congestion_controls(&tried);
    assert_eq!(check.status, Status::Warn);
    insta::assert_snapshot!(check.fix.unwrap(), @r#"on the host: sysctl -w net.ipv4.tcp_allowed_congestion_control="reno bbr cubic""#);
}
