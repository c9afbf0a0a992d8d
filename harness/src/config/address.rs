//! Default addresses, and the arithmetic of netmasks and prefixes.
//!
//! The networks are packetdrill's: 192.168.0.0/16 and fd3d:fa7b:d17d::/48 for the target,
//! documentation networks for the peer. packetdrill draws the target's host part at random for
//! every run; here it is drawn from the seed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Prefix length of the target's network under IPv6; no option changes it.
pub(super) const LOCAL_PREFIX_V6: u8 = 48;
/// Prefix length of the target's network under IPv4 without `--netmask_ip`.
pub(super) const LOCAL_PREFIX_V4: u8 = 16;

/// `--remote_ip` when nobody gives one, with its routed prefix.
pub(super) fn default_remote(v6: bool) -> (IpAddr, u8) {
    if v6 {
        (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(), 32)
    } else {
        (Ipv4Addr::new(192, 0, 2, 1).into(), 24)
    }
}

/// `--gateway_ip` when nobody gives one.
pub(super) fn default_gateway(v6: bool) -> IpAddr {
    if v6 {
        Ipv6Addr::new(0xfd3d, 0xfa7b, 0xd17d, 0x8888, 0, 0, 0, 0).into()
    } else {
        Ipv4Addr::new(192, 168, 0, 1).into()
    }
}

/// `--local_ip` when nobody gives one: a host of the target's network drawn from `seed`, never
/// the gateway, the network itself or (IPv4) its broadcast address.
pub(super) fn random_local(v6: bool, prefix: u8, seed: u64) -> IpAddr {
    let drawn = mix(seed);
    if v6 {
        let network = u128::from(Ipv6Addr::new(0xfd3d, 0xfa7b, 0xd17d, 0, 0, 0, 0, 0));
        let host = u128::from(drawn) | 1;
        return Ipv6Addr::from(network | host).into();
    }
    let network = u32::from(Ipv4Addr::new(192, 168, 0, 0));
    let bits = Ipv4Addr::BITS.saturating_sub(u32::from(prefix)).clamp(2, 16);
    let hosts = (1_u64 << bits) - 3;
    let host = u32::try_from(2 + drawn % hosts).unwrap_or(2);
    Ipv4Addr::from(network | host).into()
}

/// Length of a netmask whose one bits are contiguous.
pub(super) fn netmask_length(text: &str) -> Result<u8, String> {
    let expected = || "expected a netmask such as 255.255.0.0".to_owned();
    let mask = u32::from(text.parse::<Ipv4Addr>().map_err(|_| expected())?);
    if mask.leading_ones() + mask.trailing_zeros() < u32::BITS {
        return Err(expected());
    }
    u8::try_from(mask.leading_ones()).map_err(|_| expected())
}

/// The finaliser of SplitMix64: neighbouring seeds give unrelated values.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
