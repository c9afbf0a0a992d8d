//! Options that are a number to remember: their keys, and the numbers that are not the default.

use std::collections::BTreeMap;

/// Names one option: level and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OptionKey {
    pub(crate) level: i32,
    pub(crate) name: i32,
}

impl OptionKey {
    /// An option of `level`.
    pub(crate) const fn new(level: i32, name: i32) -> Self {
        Self { level, name }
    }
}

/// IP_TRANSPARENT, which IPV6_TRANSPARENT sets as well.
pub(crate) const IP_TRANSPARENT: OptionKey = OptionKey::new(0, 19);
/// IP_FREEBIND, which IPV6_FREEBIND sets as well.
pub(crate) const IP_FREEBIND: OptionKey = OptionKey::new(0, 15);
/// IP_MINTTL
pub(crate) const IP_MINTTL: OptionKey = OptionKey::new(0, 21);
/// IP_BIND_ADDRESS_NO_PORT
pub(crate) const IP_BIND_ADDRESS_NO_PORT: OptionKey = OptionKey::new(0, 24);
/// IP_LOCAL_PORT_RANGE: the lower end in the lower half, the upper in the upper.
pub(crate) const IP_LOCAL_PORT_RANGE: OptionKey = OptionKey::new(0, 51);
/// IP_MULTICAST_ALL
pub(crate) const IP_MULTICAST_ALL: OptionKey = OptionKey::new(0, 49);
/// IP_MTU_DISCOVER
pub(crate) const IP_MTU_DISCOVER: OptionKey = OptionKey::new(0, 10);
/// IP_RECVERR
pub(crate) const IP_RECVERR: OptionKey = OptionKey::new(0, 11);
/// IPV6_MTU_DISCOVER
pub(crate) const IPV6_MTU_DISCOVER: OptionKey = OptionKey::new(41, 23);
/// IPV6_RECVERR
pub(crate) const IPV6_RECVERR: OptionKey = OptionKey::new(41, 25);
/// IPV6_MINHOPCOUNT
pub(crate) const IPV6_MINHOPCOUNT: OptionKey = OptionKey::new(41, 73);
/// SO_INCOMING_CPU
pub(crate) const SO_INCOMING_CPU: OptionKey = OptionKey::new(1, 49);

/// The numbers of one socket; an option that was never set has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    set: BTreeMap<OptionKey, i32>,
}

impl Kept {
    /// The number, or `default`.
    pub(crate) fn get_or(&self, key: OptionKey, default: i32) -> i32 {
        self.set.get(&key).copied().unwrap_or(default)
    }

    /// Whether a flag that is off by default is on.
    pub(crate) fn is_on(&self, key: OptionKey) -> bool {
        self.get_or(key, 0) != 0
    }

    /// Remembers `value`.
    pub(crate) fn set(&mut self, key: OptionKey, value: i32) {
        self.set.insert(key, value);
    }
}
