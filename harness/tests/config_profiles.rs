//! What the embedded profiles say, and what is wrong with profiles.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

use std::path::Path;

use rstest::rstest;
use synproof_harness::config::{CliOptions, Config, defines, resolve};
use synproof_harness::profile::{Project, embedded_names, load, parse};
use synproof_harness::script;
use synproof_harness::script::source::SourceFile;
use synproof_harness::target::IpVersion;

fn config(profile: &str, ip: IpVersion) -> Config {
    let profile = load(profile, Path::new(".")).unwrap();
    let cli = CliOptions::default();
    let source = SourceFile::new("t.pkt", "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n");
    let (script, _) = script::parse(&source, &defines(&profile, ip, &cli));
    resolve(&script, &profile, ip, &cli).unwrap()
}

/// What matters of a configuration, on a few lines.
fn digest(config: &Config) -> String {
    let setup = &config.setup;
    let defines: Vec<_> = config.defines.iter().map(|(k, v)| format!("{k}={v}")).collect();
    format!(
        "{}/{} via {} to {}/{} mtu {} tolerance {} omit_free {}\n{}",
        setup.local_ip,
        setup.local_prefix,
        setup.gateway_ip,
        setup.remote_ip,
        setup.remote_prefix,
        setup.mtu,
        config.tolerance.usecs,
        config.send_omit_free,
        defines.join(" ")
    )
}

#[test]
fn packetdrill_is_what_run_all_passes() {
    let of = |ip| digest(&config("packetdrill", ip));
    insta::assert_snapshot!(of(IpVersion::Ipv4), @r"
    192.168.0.1/16 via 192.168.0.1 to 192.0.2.1/32 mtu 1500 tolerance 4000 omit_free true
    CMSG_LEVEL_IP=SOL_IP CMSG_TYPE_RECVERR=IP_RECVERR CODE=host_unreachable TFO_COOKIE=3021b9d889017eeb
    ");
    insta::assert_snapshot!(of(IpVersion::Ipv4Mapped), @r"
    192.168.0.1/16 via 192.168.0.1 to 192.0.2.1/32 mtu 1500 tolerance 4000 omit_free true
    CMSG_LEVEL_IP=SOL_IPV6 CMSG_TYPE_RECVERR=IPV6_RECVERR CODE=host_unreachable TFO_COOKIE=3021b9d889017eeb
    ");
    insta::assert_snapshot!(of(IpVersion::Ipv6), @r"
    fd3d:a0b:17d6::1/48 via fd3d:a0b:17d6:8888::1 to fd3d:fa7b:d17d::1/128 mtu 1520 tolerance 4000 omit_free true
    CMSG_LEVEL_IP=SOL_IPV6 CMSG_TYPE_RECVERR=IPV6_RECVERR TFO_COOKIE=c1d1e9742a47a9bc
    ");
}

#[test]
fn kselftest_is_what_ksft_runner_passes() {
    let of = |ip| digest(&config("kselftest", ip));
    insta::assert_snapshot!(of(IpVersion::Ipv4), @r"
    192.168.0.1/16 via 192.168.0.1 to 192.0.2.1/32 mtu 1500 tolerance 14000 omit_free false
    CMSG_LEVEL_IP=SOL_IP CMSG_TYPE_RECVERR=IP_RECVERR TFO_COOKIE=3021b9d889017eeb TFO_COOKIE_ZERO=b7c12350a90dc8f5
    ");
    insta::assert_snapshot!(of(IpVersion::Ipv6), @r"
    fd3d:a0b:17d6::1/48 via fd3d:a0b:17d6:8888::1 to fd3d:fa7b:d17d::1/128 mtu 1520 tolerance 14000 omit_free false
    CMSG_LEVEL_IP=SOL_IPV6 CMSG_TYPE_RECVERR=IPV6_RECVERR TFO_COOKIE=c1d1e9742a47a9bc TFO_COOKIE_ZERO=82af1a8f9a205c34
    ");
}

#[test]
fn synproof_states_what_depends_on_the_host() {
    let config = config("synproof", IpVersion::Ipv6);
    assert_eq!(config.setup.mtu, 1500);
    let value = |name: &str| {
        let found = config.setup.sysctls.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(value("net.ipv4.tcp_rmem"), Some("4096 131072 6291456"));
    assert_eq!(value("net.ipv4.tcp_wmem"), Some("4096 16384 4194304"));
    assert_eq!(value("net.ipv4.tcp_congestion_control"), Some("reno"));
    assert_eq!(value("net.ipv4.tcp_timestamps"), Some("1"));
}

#[rstest]
#[case("a.pkt", &[IpVersion::Ipv4, IpVersion::Ipv4Mapped, IpVersion::Ipv6])]
#[case("d/basic-v6.pkt", &[IpVersion::Ipv6])]
#[case("d/basic-v4.pkt", &[IpVersion::Ipv4, IpVersion::Ipv4Mapped])]
fn file_names_choose_ip_versions(#[case] path: &str, #[case] left: &[IpVersion]) {
    let profile = load("packetdrill", Path::new(".")).unwrap();
    assert_eq!(profile.restrict(path, &profile.ip_versions), left);
}

#[test]
fn every_embedded_profile_fits_every_ip_version() {
    assert_eq!(embedded_names(), ["kselftest", "packetdrill", "synproof"]);
    for name in embedded_names() {
        for ip in [IpVersion::Ipv4, IpVersion::Ipv4Mapped, IpVersion::Ipv6] {
            assert_eq!(config(&name, ip).setup.ip_version, ip, "{name}");
        }
    }
}

#[rstest]
#[case::not_toml("name = ", "t.toml")]
#[case::unknown_key("colour = 1", "colour")]
#[case::no_ip_version("", "ip_versions")]
#[case::unknown_option("[options]\nmtuu = 1", "did you mean --mtu?")]
#[case::bad_value("[options.ipv6]\nmtu = \"x\"", "[options.ipv6]: bad --mtu=x")]
#[case::flag_with_value("[options]\nstrict_segments = \"x\"", "takes no value")]
#[case::weak_define("[defaults]\ndefine.A = \"1\"", "belongs in [options]")]
fn what_is_wrong_with_a_profile(#[case] body: &str, #[case] said: &str) {
    let versions = if said == "ip_versions" { "[]" } else { "[\"ipv4\"]" };
    let head = format!("name = \"t\"\ndescription = \"\"\nip_versions = {versions}\n");
    let error = parse(&format!("{head}{body}"), "t.toml").unwrap_err();
    assert!(format!("{error:#}").contains(said), "{error}");
}

#[test]
fn an_unknown_profile_names_the_known_ones() {
    insta::assert_snapshot!(
        load("nope", Path::new(".")).unwrap_err(),
        @"no profile `nope`: neither one of kselftest, packetdrill, synproof nor a file"
    );
}

#[test]
fn a_project_names_a_profile_and_what_fails() {
    let text = r#"
        profile = "kselftest"
        [[expect]]
        script = "tcp/*.pkt"
        targets = ["stack", "linux >= 6.1"]
        ip = ["ipv6"]
        reason = "flow labels"
    "#;
    let project = Project::parse(text, Path::new("/x/synproof.toml")).unwrap();
    assert_eq!(project.dir, Path::new("/x"));
    assert_eq!(project.profile.as_deref(), Some("kselftest"));
    assert_eq!(project.expect[0].ip, [IpVersion::Ipv6]);
    assert!(Project::parse("profil = 1", Path::new("/x/synproof.toml")).is_err());
}
