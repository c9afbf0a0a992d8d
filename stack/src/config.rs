//! How a stack is set up.

use std::net::IpAddr;

use crate::kernel::KernelVersion;
use crate::time::Hz;

/// How a stack is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Addresses of this host.
    pub local_addrs: Vec<IpAddr>,
    /// MTU of its link, in bytes.
    pub mtu: u32,
    /// Seed of everything random.
    pub seed: u64,
    /// Ticks per second, to which timers are rounded.
    pub hz: Hz,
    /// Which Linux to behave as.
    pub kernel: KernelVersion,
}

impl Default for Config {
    /// A host without an address, which answers for every one, on an Ethernet.
    fn default() -> Self {
        Self {
            local_addrs: Vec::new(),
            mtu: 1500,
            seed: 0,
            hz: Hz::DEFAULT,
            kernel: KernelVersion::CURRENT,
        }
    }
}
