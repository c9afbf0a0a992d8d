//! The sharing rules as a table, and what the searches choose.

use super::*;
use rstest::rstest;

fn claim(addr: &str) -> Claim {
    let addr: std::net::IpAddr = addr.parse().unwrap();
    Claim::of(addr, addr.is_ipv6())
}

fn local_range(sysctl: &Sysctls) -> LocalRange {
    LocalRange::of_socket(0, sysctl)
}

fn second_bind(first: Claim, second: Claim) -> Result<(), Errno> {
    let mut ports = Ports::default();
    let claims = |id: u32| Some(if id == 1 { first } else { second });
    ports.bind(1, 80, &first, &claims).unwrap();
    ports.bind(2, 80, &second, &claims)
}

#[rstest]
#[case::same("192.0.2.1", "192.0.2.1", false)]
#[case::different("192.0.2.1", "192.0.2.2", true)]
#[case::wildcard("0.0.0.0", "192.0.2.2", false)]
#[case::wildcard_last("192.0.2.2", "0.0.0.0", false)]
#[case::v6_wildcard_takes_v4("::", "192.0.2.2", false)]
#[case::v6_wildcard_takes_v4_wildcard("0.0.0.0", "::", false)]
#[case::v4_wildcard_leaves_v6_alone("0.0.0.0", "2001:db8::1", true)]
// Such a socket is v6-only in Linux; one that connected from there is not, and then IPv4's
// wildcard meets what stands for its IPv4 address.
#[case::v6_leaves_no_room_for_the_v4_wildcard("2001:db8::1", "0.0.0.0", false)]
#[case::v6_leaves_v4_alone("2001:db8::1", "127.0.0.6", true)]
fn addresses_overlap(#[case] first: &str, #[case] second: &str, #[case] ok: bool) {
    assert_eq!(second_bind(claim(first), claim(second)).is_ok(), ok);
}

#[test]
fn v6only_leaves_ipv4_alone() {
    let v6only = Claim { is_v6only: true, ..claim("::") };
    assert!(second_bind(v6only, claim("0.0.0.0")).is_ok());
    assert!(second_bind(claim("0.0.0.0"), v6only).is_ok());
    assert!(second_bind(v6only, claim("::")).is_err());
}

/// reuse, reuseport and listening of the first and of the second socket, same address.
#[rstest]
#[case::reuse_on_both((true, false, false), (true, false, false), true)]
#[case::reuse_on_one((true, false, false), (false, false, false), false)]
#[case::reuse_but_first_listens((true, false, true), (true, false, false), false)]
#[case::reuse_and_second_listens((true, false, false), (true, false, true), true)]
#[case::reuseport_on_both((false, true, false), (false, true, false), true)]
#[case::reuseport_on_one((false, true, false), (false, false, false), false)]
#[case::reuseport_and_both_listen((false, true, true), (false, true, true), true)]
fn options_allow_sharing(
    #[case] first: (bool, bool, bool),
    #[case] second: (bool, bool, bool),
    #[case] ok: bool,
) {
    let with = |(reuse, reuseport, is_listening)| Claim {
        reuse,
        reuseport,
        is_listening,
        ..claim("0.0.0.0")
    };
    let outcome = second_bind(with(first), with(second));
    assert_eq!(outcome, if ok { Ok(()) } else { Err(Errno::EADDRINUSE) });
}

fn narrow(range: &str, reserved: &str) -> Sysctls {
    let mut sysctl = Sysctls::default();
    sysctl.set("net.ipv4.ip_local_port_range", range).unwrap();
    sysctl.set("net.ipv4.ip_local_reserved_ports", reserved).unwrap();
    sysctl
}

#[test]
fn connect_takes_even_ports_first_then_odd_then_none() {
    let sysctl = narrow("1000 1007", "1002");
    let (mut ports, mut rng) = (Ports::default(), Rng::new(1));
    let mut taken = Vec::new();
    while let Ok(port) =
        ports.connect_any((taken.len(), 0), local_range(&sysctl), &sysctl, &mut rng, &|port| {
            !taken.contains(&port)
        })
    {
        taken.push(port);
    }
    let (even, odd) = taken.split_at(3);
    assert!(even.iter().all(|port| port % 2 == 0) && odd.iter().all(|port| port % 2 == 1));
    assert_eq!(taken.len(), 7);
    assert!(!taken.contains(&1002));
}

#[test]
fn connect_shares_ports_of_other_connections_but_not_of_bound_sockets() {
    let sysctl = narrow("1000 1000", "");
    let (mut ports, mut rng) = (Ports::default(), Rng::new(1));
    let free = |_: u16| true;
    assert_eq!(
        ports.connect_any((1, 7 << 32), local_range(&sysctl), &sysctl, &mut rng, &free),
        Ok(1000)
    );
    assert_eq!(
        ports.connect_any((2, 9 << 32), local_range(&sysctl), &sysctl, &mut rng, &free),
        Ok(1000)
    );
    ports.release(1, 1000);
    ports.release(2, 1000);
    let any = claim("0.0.0.0");
    ports.bind(3, 1000, &any, &|_| Some(any)).unwrap();
    assert_eq!(
        ports.connect_any((4, 0), local_range(&sysctl), &sysctl, &mut rng, &free),
        Err(Errno::EADDRNOTAVAIL)
    );
}

#[test]
fn the_next_connection_to_a_destination_gets_another_port() {
    let sysctl = Sysctls::default();
    let (mut ports, mut rng) = (Ports::default(), Rng::new(1));
    let offset = rng.next_u64();
    let first =
        ports.connect_any((1, offset), local_range(&sysctl), &sysctl, &mut rng, &|_| true).unwrap();
    ports.release(1, first);
    let second =
        ports.connect_any((2, offset), local_range(&sysctl), &sysctl, &mut rng, &|_| true).unwrap();
    assert!(first != second && first % 2 == 0 && second % 2 == 0);
}

#[rstest]
fn bind_to_any_takes_odd_ports_first(#[values(false, true)] reuse: bool) {
    let sysctl = narrow("1000 1007", "");
    let (mut ports, mut rng) = (Ports::default(), Rng::new(1));
    let any = Claim { reuse, ..claim("0.0.0.0") };
    let claims = |_| Some(any);
    let taken: Vec<u16> = (0..8)
        .map(|id| {
            ports.bind_any(id, local_range(&sysctl), (&any, &claims), &sysctl, &mut rng).unwrap()
        })
        .collect();
    let halves = if reuse { [1, 1, 0, 0, 1, 1, 0, 0] } else { [1, 1, 1, 1, 0, 0, 0, 0] };
    assert_eq!(taken.iter().map(|port| port % 2).collect::<Vec<_>>(), halves);
    assert_eq!(reuse, taken[..4].iter().all(|&port| port < 1004));
    assert_eq!(
        ports.bind_any(9, local_range(&sysctl), (&any, &claims), &sysctl, &mut rng),
        Err(Errno::EADDRINUSE)
    );
}

#[test]
fn a_remainder_inherits_the_rights_of_its_socket() {
    let sysctl = narrow("1000 1000", "");
    let (mut ports, mut rng) = (Ports::default(), Rng::new(1));
    ports.connect_any((1, 0), local_range(&sysctl), &sysctl, &mut rng, &|_| true).unwrap();
    ports.share(1, 2, 1000);
    ports.release(1, 1000);
    assert_eq!(
        ports.connect_any((3, 0), local_range(&sysctl), &sysctl, &mut rng, &|_| true),
        Ok(1000)
    );
    ports.inherit(4, 2000);
    assert_eq!(ports.buckets.len(), 2);
}

#[test]
fn a_range_of_the_socket_counts_where_the_host_has_it() {
    let sysctl = narrow("1000 2000", "");
    let range = |low: i32, high: i32| {
        let LocalRange { low, high, is_own } = LocalRange::of_socket(high << 16 | low, &sysctl);
        (low, high - 1, is_own)
    };
    assert_eq!(range(0, 0), (1000, 2000, false));
    assert_eq!(range(1500, 1600), (1500, 1600, true));
    assert_eq!(range(900, 1600), (1000, 1600, true));
    assert_eq!(range(1500, 2001), (1500, 2000, true));
    assert_eq!(range(0, 1999), (1000, 1999, true));
}

#[test]
fn connect_takes_every_port_of_a_range_of_its_own_in_order() {
    let sysctl = narrow("1000 2000", "");
    let range = LocalRange::of_socket(1503 << 16 | 1500, &sysctl);
    let (mut ports, mut rng) = (Ports::default(), Rng::new(1));
    let mut taken = Vec::new();
    while let Ok(port) = ports
        .connect_any((taken.len(), 0), range, &sysctl, &mut rng, &|port| !taken.contains(&port))
    {
        taken.push(port);
    }
    taken.sort_unstable();
    assert_eq!(taken, [1500, 1501, 1502, 1503]);
}

/// What became of the options of those who bound with SO_REUSEPORT does not matter to those who
/// claim the same: Linux remembers the claim, not who made it.
#[rstest]
#[case::the_same("192.0.2.1", true)]
#[case::another("0.0.0.0", false)]
fn reuseport_is_remembered(#[case] second: &str, #[case] ok: bool) {
    let mut ports = Ports::default();
    let before = Claim { reuseport: true, ..claim("192.0.2.1") };
    ports.bind(1, 80, &before, &|_| Some(before)).unwrap();
    let after = Claim { reuseport: false, ..before };
    let asks = Claim { reuseport: true, ..claim(second) };
    assert_eq!(ports.bind(2, 80, &asks, &|_| Some(after)).is_ok(), ok);
}
