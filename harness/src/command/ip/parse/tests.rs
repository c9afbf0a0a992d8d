use rstest::rstest;

use super::super::{Metric, RouteDst, RouteKind, RouteMetric, RouteOp};
use super::*;

fn ip(text: &str) -> IpCommand {
    parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

fn metric(metric: Metric, value: u32, lock: bool) -> RouteMetric {
    RouteMetric { metric, value, lock }
}

#[test]
fn a_route_with_metrics() {
    let text = "-6 route change 2001:DB8::1 via fd3d:fa7b:d17d:8888::0 dev tun0 advmss 600 \
                mtu lock 660 initcwnd 11";
    let command = ip(text);
    assert_eq!(command.family, Some(IpFamily::V6));
    assert_eq!(command.words.len(), 14 + 1);
    let IpObject::Route(route) = command.object else { panic!("{command:?}") };
    assert_eq!(route.op, RouteOp::Change);
    assert_eq!(route.kind, RouteKind::Unicast);
    let dst = Prefix { addr: "2001:db8::1".parse().unwrap(), len: 128 };
    assert_eq!(route.dst, RouteDst::To(dst));
    assert_eq!(route.via, Some("fd3d:fa7b:d17d:8888::".parse().unwrap()));
    assert_eq!(route.dev.as_deref(), Some("tun0"));
    let want = [
        metric(Metric::Advmss, 600, false),
        metric(Metric::Mtu, 660, true),
        metric(Metric::Initcwnd, 11, false),
    ];
    assert_eq!(route.metrics, want);
}

#[rstest]
#[case("rtt 10ms", Metric::Rtt, 80, false)]
#[case("rttvar lock 1s", Metric::Rttvar, 4000, true)]
#[case("rto_min 5ms", Metric::RtoMin, 5, false)]
#[case("rto_min 7", Metric::RtoMin, 7, false)]
#[case("features ecn", Metric::Features, 1, false)]
#[case("hoplimit 0x40", Metric::Hoplimit, 64, false)]
#[case("quickack 1", Metric::Quickack, 1, false)]
fn metrics_as_the_kernel_stores_them(
    #[case] text: &str,
    #[case] which: Metric,
    #[case] value: u32,
    #[case] lock: bool,
) {
    let IpObject::Route(route) = ip(&format!("route add default dev tun0 {text}")).object else {
        panic!("{text}")
    };
    assert_eq!(route.dst, RouteDst::Default);
    assert_eq!(route.metrics, [metric(which, value, lock)]);
}

#[test]
fn other_attributes() {
    let text = "route replace blackhole 10.0.0.0/8 table local scope link proto static metric 5 \
                onlink congctl lock reno src 10.0.0.1";
    let IpObject::Route(route) = ip(text).object else { panic!() };
    assert_eq!(route.op, RouteOp::Replace);
    assert_eq!(route.kind, RouteKind::Blackhole);
    assert_eq!(route.dst, RouteDst::To(Prefix { addr: "10.0.0.0".parse().unwrap(), len: 8 }));
    assert_eq!((route.table, route.scope, route.protocol), (Some(255), Some(253), Some(4)));
    assert_eq!((route.priority, route.onlink), (Some(5), true));
    assert_eq!(route.congctl, Some(("reno".to_owned(), true)));
    assert_eq!(route.src, Some("10.0.0.1".parse().unwrap()));
}

#[rstest]
#[case("tcp_metrics flush all", TcpMetricsCommand::Flush(None))]
#[case("tcp_metrics flush", TcpMetricsCommand::Flush(None))]
#[case("tcp_metrics delete 192.0.2.1", TcpMetricsCommand::Delete("192.0.2.1".parse().unwrap()))]
#[case("tcp_metrics", TcpMetricsCommand::Show)]
fn tcp_metrics(#[case] text: &str, #[case] want: TcpMetricsCommand) {
    assert_eq!(ip(text).object, IpObject::TcpMetrics(want));
}

#[test]
fn links_and_addresses() {
    let set = LinkCommand::Set {
        dev: "tun0".to_owned(),
        changes: vec![LinkChange::Mtu(1400), LinkChange::Up],
    };
    assert_eq!(ip("link set dev tun0 mtu 1400 up").object, IpObject::Link(set));
    let add = AddrCommand {
        op: AddrOp::Add,
        addr: Some(Prefix { addr: "10.1.1.1".parse().unwrap(), len: 24 }),
        dev: Some("tun0".to_owned()),
        scope: None,
        nodad: true,
    };
    assert_eq!(ip("addr add 10.1.1.1/24 dev tun0 nodad").object, IpObject::Addr(add));
}

#[rstest]
#[case("netns add x", "ip netns")]
#[case("link add dummy0 type dummy", "ip link add")]
#[case("route add 1.2.3.4/99 dev lo", "1.2.3.4/99: not an address")]
#[case("route add default nexthop via 1.2.3.4", "nexthop in ip route")]
#[case("route add default mtu", "mtu without a value")]
#[case("route add default mtu many", "mtu many: not a number")]
#[case("-n x route", "the option -n of ip")]
#[case("", "ip without an object")]
fn not_understood(#[case] text: &str, #[case] why: &str) {
    assert_eq!(ip(text).object, IpObject::NotUnderstood(why.to_owned()));
}
