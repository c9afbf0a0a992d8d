//! The kernel itself: release, timer frequency.

use super::{Check, Status};
use crate::target::linux::tick_us;

pub(super) fn checks() -> Vec<Check> {
    vec![release(), timer_frequency()]
}

/// The oldest release with close_range(2), which gives scripts descriptors of their own.
const OLDEST: (u32, u32) = (5, 9);

fn release() -> Check {
    const NAME: &str = "kernel version";
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = release.trim();
    match parsed(release) {
        Some(version) if version < OLDEST => {
            let (major, minor) = OLDEST;
            let fix = format!("run Linux {major}.{minor} or later");
            Check::bad(NAME, Status::Missing, release, fix)
        }
        Some(_) => Check::ok(NAME, release),
        None => Check::bad(NAME, Status::Warn, "/proc/sys/kernel/osrelease", "mount /proc"),
    }
}

/// Major and minor of `6.18.44-fc`.
pub(super) fn parsed(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// packetdrill's default tolerance: a longer tick makes kernel timers later than scripts forgive.
const TOLERANCE_US: i64 = 4_000;

fn timer_frequency() -> Check {
    const NAME: &str = "timer frequency (HZ)";
    let tick = tick_us();
    let detail = format!("{} (a tick of {tick} us)", 1_000_000 / tick.max(1));
    if tick <= TOLERANCE_US {
        return Check::ok(NAME, detail);
    }
    let fix = "use a kernel with CONFIG_HZ of 250 or more, or run with --tolerance_usecs=20000";
    Check::bad(NAME, Status::Warn, detail, fix)
}
