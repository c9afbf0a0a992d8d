//! Who wins when an option is set in several places, and what is wrong with options.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

use std::net::IpAddr;

use rstest::rstest;
use synproof_harness::config::{
    CliOptions, Config, DEFAULT_SEED, OPTIONS, Setting, Takes, ToleranceOrigin, builtin, defines,
    resolve,
};
use synproof_harness::profile::{self, Profile};
use synproof_harness::script::diagnostic::Diagnostic;
use synproof_harness::script::parse;
use synproof_harness::script::source::SourceFile;
use synproof_harness::target::IpVersion;

const EVENTS: &str = "\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n";

fn profile_with(body: &str) -> Profile {
    let head = "name = \"t\"\ndescription = \"\"\nip_versions = [\"ipv4\", \"ipv6\"]\n";
    profile::parse(&format!("{head}{body}"), "t.toml").unwrap()
}

fn cli(settings: &[(&str, &str)]) -> CliOptions {
    let settings = settings.iter().map(|(name, value)| Setting::new(*name, *value)).collect();
    CliOptions::new(settings, DEFAULT_SEED).unwrap()
}

fn merged(
    script: &str,
    profile: &Profile,
    ip: IpVersion,
    cli: &CliOptions,
) -> Result<Config, Vec<Diagnostic>> {
    let source = SourceFile::new("t.pkt", format!("{script}{EVENTS}"));
    let (script, _) = parse(&source, &defines(profile, ip, cli));
    resolve(&script, profile, ip, cli)
}

#[rstest]
#[case::nobody("", "", &[], 4000, ToleranceOrigin::Default)]
#[case::defaults("[defaults]\ntolerance_usecs = 1", "", &[], 1, ToleranceOrigin::Profile)]
#[case::script_over_defaults(
    "[defaults]\ntolerance_usecs = 1", "--tolerance_usecs=2", &[], 2, ToleranceOrigin::Script
)]
#[case::options_over_script(
    "[options]\ntolerance_usecs = 3", "--tolerance_usecs=2", &[], 3, ToleranceOrigin::Profile
)]
#[case::per_ip_over_all(
    "[options]\ntolerance_usecs = 3\nipv4.tolerance_usecs = 4", "", &[], 4,
    ToleranceOrigin::Profile
)]
#[case::command_line_over_all(
    "[options]\ntolerance_usecs = 3", "--tolerance_usecs=2", &[("tolerance_usecs", "5")], 5,
    ToleranceOrigin::CommandLine
)]
#[case::last_of_the_same_place("", "--tolerance_usecs=2 --tolerance_usecs=7", &[], 7,
    ToleranceOrigin::Script)]
fn the_strongest_place_wins(
    #[case] profile: &str,
    #[case] script: &str,
    #[case] given: &[(&str, &str)],
    #[case] usecs: i64,
    #[case] origin: ToleranceOrigin,
) {
    let config = merged(script, &profile_with(profile), IpVersion::Ipv4, &cli(given)).unwrap();
    assert_eq!((config.tolerance.usecs, config.tolerance.origin), (usecs, origin));
    assert!((config.tolerance.percent - 12.5).abs() < f64::EPSILON);
}

#[test]
fn symbols_of_all_places_are_merged() {
    let profile = profile_with("[options]\ndefine = { A = \"profile\", B = \"profile\" }");
    let cli = cli(&[("define", "A=cli"), ("define", "S=\"quoted text\"")]);
    let config =
        merged("--define=B=script --define=C=script", &profile, IpVersion::Ipv4, &cli).unwrap();
    let defines: Vec<_> = config.defines.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(defines, ["A=cli", "B=profile", "C=script", "S=\"quoted text\""]);
}

#[rstest]
#[case::unknown("--tolerance_usec=5", "unknown option")]
#[case::missing("--mtu", "needs a value")]
#[case::forbidden("--strict_segments=1", "takes no value")]
#[case::bad_number("--mtu=big", "bad --mtu=big: expected a whole number from 0 to")]
#[case::zero_tolerance("--tolerance_usecs=0", "expected a whole number of at least 1")]
#[case::port("--bind_port=65536", "from 1 to 65535")]
#[case::tick("--tcp_ts_tick_usecs=1000001", "from 0 to 1000000")]
#[case::percent("--tolerance_percent=101", "from 0 to 100")]
#[case::address("--local_ip=nowhere", "expected an IPv4 or IPv6 address")]
#[case::prefix("--remote_ip=\"192.0.2.1/33\"", "from 0 to 32")]
#[case::netmask("--netmask_ip=255.0.255.0", "expected a netmask")]
#[case::ip_version("--ip_version=ipv5", "expected ipv4, ipv4-mapped-ipv6 or ipv6")]
#[case::non_fatal("--non_fatal=\"packet,typo\"", "expected packet or syscall")]
#[case::code_format("--code_format=perl", "expected python")]
#[case::wire("--wire_client", "not supported")]
#[case::shared_object("--so_filename=\"x.so\"", "not supported")]
fn what_is_wrong_with_an_option_of_a_script(#[case] option: &str, #[case] said: &str) {
    let profile = profile_with("");
    let source = SourceFile::new("t.pkt", format!("// first line\n{option}{EVENTS}"));
    let (script, mut found) = parse(&source, &defines(&profile, IpVersion::Ipv4, &cli(&[])));
    if let Err(wrong) = resolve(&script, &profile, IpVersion::Ipv4, &cli(&[])) {
        found.extend(wrong);
    }
    let text: Vec<_> = found.iter().map(|d| d.message.clone()).collect();
    let about = found.iter().find(|d| d.message.contains(said));
    let about = about.unwrap_or_else(|| panic!("{said:?} is not said in {text:?}"));
    assert_eq!(source.line(about.span), 2, "the line of the option");
}

#[test]
fn an_address_of_the_other_family_names_who_set_it() {
    let found = merged("--local_ip=fd00::1", &profile_with(""), IpVersion::Ipv4, &cli(&[]));
    insta::assert_snapshot!(
        found.unwrap_err()[0].message,
        @"--local_ip=fd00::1 (set in the script) does not fit ip version ipv4"
    );
    let cli = cli(&[("remote_ip", "192.0.2.9")]);
    let found = merged("", &profile_with(""), IpVersion::Ipv6, &cli);
    insta::assert_snapshot!(
        found.unwrap_err()[0].message,
        @"--remote_ip=192.0.2.9 (given on the command line) does not fit ip version ipv6"
    );
}

#[rstest]
#[case(IpVersion::Ipv4, 16, "192.0.2.1", 24, "192.168.0.1")]
#[case(IpVersion::Ipv4Mapped, 16, "192.0.2.1", 24, "192.168.0.1")]
#[case(IpVersion::Ipv6, 48, "2001:db8::1", 32, "fd3d:fa7b:d17d:8888::")]
fn without_any_option_the_networks_are_packetdrills(
    #[case] ip: IpVersion,
    #[case] local_prefix: u8,
    #[case] remote: IpAddr,
    #[case] remote_prefix: u8,
    #[case] gateway: IpAddr,
) {
    let setup = builtin(ip, 1).setup;
    assert_eq!(setup.local_prefix, local_prefix);
    assert_eq!((setup.remote_ip, setup.remote_prefix), (remote, remote_prefix));
    assert_eq!(setup.gateway_ip, gateway);
    assert_eq!((setup.mtu, setup.inject_gso_size, setup.is_anyip), (1500, 0, false));
    assert_eq!(setup.ip_version, ip);
}

#[rstest]
fn the_host_of_the_target_comes_from_the_seed(
    #[values(IpVersion::Ipv4, IpVersion::Ipv6)] ip: IpVersion,
) {
    let hosts: Vec<_> = (0..64).map(|seed| builtin(ip, seed).setup.local_ip).collect();
    let again: Vec<_> = (0..64).map(|seed| builtin(ip, seed).setup.local_ip).collect();
    assert_eq!(hosts, again);
    let different: std::collections::BTreeSet<_> = hosts.iter().collect();
    assert!(different.len() > 60, "{different:?}");
    assert!(hosts.iter().all(|host| *host != builtin(ip, 0).setup.gateway_ip));
}

#[test]
fn a_remote_address_without_prefix_is_a_host_route() {
    let cli = cli(&[("remote_ip", "192.0.2.1"), ("netmask_ip", "255.255.255.0")]);
    let setup = merged("", &profile_with(""), IpVersion::Ipv4, &cli).unwrap().setup;
    assert_eq!((setup.remote_prefix, setup.local_prefix), (32, 24));
}

#[test]
fn every_option_of_the_table_can_be_set_or_says_why_not() {
    let samples = [
        ("ip_version", "ipv6"),
        ("hz", "250"),
        ("local_ip", "192.168.0.7"),
        ("remote_ip", "192.0.2.7/24"),
        ("gateway_ip", "192.168.0.1"),
        ("netmask_ip", "255.255.0.0"),
        ("non_fatal", "packet,syscall"),
        ("code_format", "python"),
        ("code_sockopt", "TCP_INFO"),
        ("define", "A=1"),
        ("udp_encapsulation", "tcp"),
    ];
    for spec in OPTIONS {
        let sample = samples.iter().find(|(name, _)| *name == spec.name);
        let value = sample.map_or("7", |(_, value)| *value);
        let (setting, fits) = match spec.takes {
            Takes::Nothing(_) => (Setting::flag(spec.name), true),
            Takes::Value(..) => (Setting::new(spec.name, value), true),
            Takes::Refused(..) => (Setting::flag(spec.name), false),
        };
        let checked = CliOptions::new(vec![setting], DEFAULT_SEED);
        assert_eq!(checked.is_ok(), fits, "--{}: {checked:?}", spec.name);
    }
}
