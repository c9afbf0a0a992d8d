//! Which expectation applies to which run.

use rstest::rstest;

use super::*;
use crate::script::source::SourceFile;
use crate::script::{Defines, parse};
use crate::target::Clock;

fn target(name: &str, version: &str) -> TargetInfo {
    TargetInfo {
        name: name.into(),
        version: version.into(),
        clock: Clock::Real { tick_us: 1000 },
        capabilities: Vec::new(),
    }
}

#[rstest]
#[case("linux", "linux", true)]
#[case("linux", "linux:veth", true)]
#[case("linux:veth", "linux:veth", true)]
#[case("linux:veth", "linux", false)]
#[case("lin", "linux", false)]
#[case("stack", "linux", false)]
#[case("linux >= 6.1", "linux", true)]
#[case("linux >= 6.18.5", "linux", true)]
#[case("linux > 6.18.5", "linux", false)]
#[case("linux < 6.9", "linux", false)]
#[case("linux == 6.18.5", "linux", true)]
#[case("linux ~ 6", "linux", false)]
#[case("linux < 6.19", "uml:6.18", true)]
#[case("linux", "uml", true)]
#[case("uml", "linux", false)]
#[case("linux", "umlaut", false)]
#[case("", "linux", false)]
fn names_and_versions(#[case] pattern: &str, #[case] name: &str, #[case] matches: bool) {
    assert_eq!(matches_target(pattern, &target(name, "6.18.5-generic")), matches);
}

#[rstest]
#[case("//! xfail: why\n", Some("why"))]
#[case("//! xfail(linux): why\n", Some("why"))]
#[case("//! xfail(linux:raw): why\n", None)]
#[case("//! xfail(stack, linux >= 6): a: b\n", Some("a: b"))]
#[case("//! xfail(ipv4): why\n", Some("why"))]
#[case("//! xfail(linux, ipv6): why\n", None)]
#[case("//! xfail(stack): no\n//! xfail(linux): second\n", Some("second"))]
#[case("// xfail: an ordinary comment\n", None)]
#[case("//! xfail(linux why\n", None)]
fn written_in_a_script(#[case] head: &str, #[case] reason: Option<&str>) {
    let text = format!("{head}0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n");
    let (script, _) = parse(&SourceFile::new("a.pkt", text), &Defines::new());
    let found = in_script(&script, IpVersion::Ipv4, &target("linux", "6.18"));
    assert_eq!(found.map(|e| e.reason).as_deref(), reason);
}

#[test]
fn the_nearer_place_wins() {
    let entry = |script: &str, reason: &str| ExpectEntry {
        id: None,
        script: script.into(),
        targets: vec!["linux".into()],
        ip: vec![IpVersion::Ipv4],
        class: None,
        reason: reason.into(),
    };
    let here = std::env::current_dir().unwrap();
    let project = Project {
        dir: here,
        profile: None,
        expect: vec![entry("specs/scripts/a/*.pkt", "project")],
    };
    let recorded = [entry("a/b.pkt", "divergence")];
    let id = |ip| CaseId { script: "specs/scripts/a/b.pkt".into(), ip };
    let linux = target("linux:raw", "6.1");
    let reason =
        |project, ip| expectation(None, project, &recorded, &id(ip), &linux).map(|e| e.reason);
    assert_eq!(reason(Some(&project), IpVersion::Ipv4).as_deref(), Some("project"));
    assert_eq!(reason(None, IpVersion::Ipv4).as_deref(), Some("divergence"));
    assert_eq!(reason(None, IpVersion::Ipv6), None);
}
