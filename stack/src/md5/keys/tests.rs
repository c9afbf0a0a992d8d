use rstest::rstest;

use super::*;

/// A `struct tcp_md5sig` for an IPv4 address.
fn cmd(addr: [u8; 4], flags: u8, prefix_len: u8, ifindex: i32, key: &[u8]) -> Vec<u8> {
    let mut cmd = vec![0; SIZE];
    cmd[..2].copy_from_slice(&AF_INET.to_ne_bytes());
    cmd[4..8].copy_from_slice(&addr);
    cmd[FLAGS_AT] = flags;
    cmd[PREFIX_AT] = prefix_len;
    let len = u16::try_from(key.len()).unwrap();
    cmd[KEYLEN_AT..KEYLEN_AT + 2].copy_from_slice(&len.to_ne_bytes());
    cmd[IFINDEX_AT..IFINDEX_AT + 4].copy_from_slice(&ifindex.to_ne_bytes());
    let shown = key.len().min(SIZE - KEY_AT);
    cmd[KEY_AT..KEY_AT + shown].copy_from_slice(&key[..shown]);
    cmd
}

fn peer(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

#[test]
fn longest_prefix_wins_and_an_empty_key_removes() {
    let mut keys = Md5Keys::default();
    assert!(keys.can_gso());
    keys.set(&cmd([192, 0, 2, 0], FLAG_PREFIX, 24, 0, b"net"), false, true).unwrap();
    keys.set(&cmd([0, 0, 0, 0], FLAG_PREFIX, 0, 0, b"all"), false, true).unwrap();
    keys.set(&cmd([192, 0, 2, 1], 0, 0, 0, b"one"), false, false).unwrap();
    let found = |keys: &Md5Keys, addr| keys.lookup(addr).map(|key| key.key.clone());
    assert_eq!(found(&keys, peer(1)).as_deref(), Some(&b"one"[..]));
    assert_eq!(found(&keys, peer(2)).as_deref(), Some(&b"net"[..]));
    assert_eq!(found(&keys, [10, 0, 0, 1].into()).as_deref(), Some(&b"all"[..]));
    assert_eq!(found(&keys, IpAddr::V6(Ipv6Addr::LOCALHOST)), None);
    let child = keys.inherit(peer(2));
    assert_eq!(found(&child, peer(2)).as_deref(), Some(&b"net"[..]));
    assert_eq!(found(&child, peer(3)), None);
    keys.set(&cmd([192, 0, 2, 1], 0, 0, 0, b""), false, false).unwrap();
    assert_eq!(found(&keys, peer(1)).as_deref(), Some(&b"net"[..]));
    let again = keys.set(&cmd([192, 0, 2, 1], 0, 0, 0, b""), false, false);
    assert_eq!(again, Err(Errno::ENOENT));
    assert!(!keys.can_gso());
}

#[rstest]
#[case::short(cmd([1, 2, 3, 4], 0, 0, 0, b"k")[..215].to_vec(), false, false)]
#[case::family(cmd([1, 2, 3, 4], 0, 0, 0, b"k"), true, false)]
#[case::long_key(cmd([1, 2, 3, 4], 0, 0, 0, &[1; 81]), false, false)]
#[case::prefix(cmd([1, 2, 3, 4], FLAG_PREFIX, 33, 0, b"k"), false, true)]
#[case::device(cmd([1, 2, 3, 4], FLAG_IFINDEX, 0, 7, b"k"), false, true)]
fn bad_values_are_refused(#[case] value: Vec<u8>, #[case] is_v6: bool, #[case] is_ext: bool) {
    let mut keys = Md5Keys::default();
    assert_eq!(keys.set(&value, is_v6, is_ext), Err(Errno::EINVAL));
    assert_eq!(keys, Md5Keys::default());
}

#[test]
fn prefix_and_device_count_only_in_the_extended_option() {
    let mut keys = Md5Keys::default();
    keys.set(&cmd([192, 0, 2, 1], FLAG_PREFIX | FLAG_IFINDEX, 33, 7, b"k"), false, false).unwrap();
    assert!(keys.lookup(peer(1)).is_some());
    assert!(keys.lookup(peer(2)).is_none());
}
