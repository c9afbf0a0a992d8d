//! Which ports a search looks at, and in which order.

use crate::sysctl::Sysctls;

/// The ports a socket may have without being asked for one, as a half-open interval; the end may
/// be 65536.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LocalRange {
    pub(super) low: u32,
    pub(super) high: u32,
    /// IP_LOCAL_PORT_RANGE was set.
    pub(super) is_own: bool,
}

impl LocalRange {
    /// The host's range, narrowed by the socket's IP_LOCAL_PORT_RANGE: the lower end in its lower
    /// half, the upper in its upper half, each of which counts if the host's range has it.
    ///
    /// Linux: inet_sk_get_local_port_range (net/ipv4/inet_connection_sock.c)
    pub(crate) fn of_socket(option: i32, sysctl: &Sysctls) -> Self {
        let host = sysctl.ip_local_port_range;
        let [a, b, c, d] = option.to_le_bytes();
        let (sk_low, sk_high) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
        let mut range = (host.low, host.high);
        if (range.0..=range.1).contains(&sk_low) {
            range.0 = sk_low;
        }
        if (range.0..=range.1).contains(&sk_high) {
            range.1 = sk_high;
        }
        Self { low: u32::from(range.0), high: u32::from(range.1) + 1, is_own: option != 0 }
    }

    /// The parts bind(0) searches, in order: the lower half first with SO_REUSEADDR.
    pub(super) fn halves(self, reuse: bool) -> Vec<Self> {
        let Self { low, high, is_own } = self;
        let half = low + ((high - low) >> 2 << 1);
        let part = |low, high| Self { low, high, is_own };
        if reuse && high - low >= 4 { vec![part(low, half), part(half, high)] } else { vec![self] }
    }

    /// An even number of ports, so that stepping by two stays within one parity; 1 for a range of
    /// one.
    pub(super) const fn even_count(self) -> u32 {
        let count = self.high - self.low;
        if count > 1 { count & !1 } else { 1 }
    }

    /// All of them.
    pub(super) const fn count(self) -> u32 {
        self.high - self.low
    }
}

/// A walk through `remaining` ports by steps, around the end of the range.
pub(super) struct Scan {
    pub(super) range: LocalRange,
    pub(super) remaining: u32,
    pub(super) offset: u32,
    pub(super) step: u32,
}

impl Scan {
    /// The first port that `is_usable`, and how far from the start it was.
    pub(super) fn find(&self, is_usable: impl Fn(u16) -> bool) -> Option<(u16, u32)> {
        let first = self.range.low + self.offset;
        let tries = (0..self.remaining).step_by(usize::try_from(self.step).unwrap_or(1));
        tries.into_iter().find_map(|tried| {
            let mut port = first + tried;
            while port >= self.range.high {
                port -= self.remaining;
            }
            let port = u16::try_from(port).ok()?;
            is_usable(port).then_some((port, tried))
        })
    }
}
