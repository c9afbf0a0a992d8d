//! Which of several listeners gets a segment.

use super::*;
use rstest::rstest;

fn listener(id: u32, local: &str) -> Listener<u32> {
    let local: SocketAddr = local.parse().unwrap();
    Listener {
        id,
        local,
        is_v6: local.is_ipv6(),
        is_v6only: false,
        bound_dev_if: 0,
        reuseport: false,
    }
}

fn table(listeners: &[Listener<u32>]) -> Lhash<u32> {
    let mut table = Lhash::default();
    listeners.iter().for_each(|&listener| table.insert(listener));
    table
}

#[rstest]
#[case::exact_before_wildcard("192.0.2.1:80", Some(1))]
#[case::wildcard("192.0.2.9:80", Some(2))]
#[case::other_port("192.0.2.1:81", None)]
#[case::v6_wildcard("[2001:db8::9]:80", Some(3))]
#[case::v4_by_v6_wildcard("192.0.2.1:90", Some(4))]
#[case::v6only_takes_no_v4("192.0.2.1:91", None)]
#[case::v6only_takes_v6("[2001:db8::9]:91", Some(5))]
fn the_most_specific_listener_wins(#[case] dst: &str, #[case] id: Option<u32>) {
    let v6only = Listener { is_v6only: true, ..listener(5, "[::]:91") };
    let table = table(&[
        listener(1, "192.0.2.1:80"),
        listener(2, "0.0.0.0:80"),
        listener(3, "[::]:80"),
        listener(4, "[::]:90"),
        v6only,
    ]);
    assert_eq!(table.lookup(dst.parse().unwrap(), 0, 0), id);
}

#[test]
fn a_removed_listener_leaves_its_place_to_the_next() {
    let mut table = table(&[listener(1, "0.0.0.0:80"), listener(2, "192.0.2.1:80")]);
    table.remove(2);
    assert_eq!(table.lookup("192.0.2.1:80".parse().unwrap(), 0, 0), Some(1));
}

#[test]
fn a_reuseport_group_is_spread_by_hash() {
    let member = |id| Listener { reuseport: true, ..listener(id, "0.0.0.0:80") };
    let table = table(&[member(1), member(2), member(3), member(4)]);
    let dst = "192.0.2.1:80".parse().unwrap();
    let picked = |hash| table.lookup(dst, hash, 0).unwrap();
    assert_eq!([0, 1 << 30, 2 << 30, 3 << 30].map(picked), [1, 2, 3, 4]);
}
