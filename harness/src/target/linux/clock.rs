//! Script time on a real machine: CLOCK_REALTIME, because that is what the kernel stamps packets
//! with, relative to an origin that [`ScriptClock::start`] places just after a timer tick.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::OnceLock;
use std::time::Duration;

use nix::sys::socket::{self, AddressFamily, MsgFlags, SockFlag, SockType, sockopt};
use nix::sys::time::{TimeSpec, TimeVal, TimeValLike};
use nix::time::{ClockId, ClockNanosleepFlags};

use crate::target::ScriptTime;

/// How long after a timer tick a script starts, as packetdrill: late enough that the tick's own
/// work is over, early enough that no timer armed at time 0 loses a tick.
const AFTER_TICK_NS: i64 = 250_000;

/// Periods of state that the kernel counts in seconds: challenge ACKs, PAWS, the age of TIME_WAIT.
const SECOND_NS: i64 = 1_000_000_000;

/// What the set-up of a network leaves to be done (duplicate address detection, multicast reports)
/// is over after this long.
const QUIET_NS: i64 = 30_000_000_000;

/// Wake-ups from which the phase of the tick is estimated.
const PHASE_SAMPLES: usize = 4;

/// Converts between CLOCK_REALTIME and script time.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScriptClock {
    origin_ns: i64,
}

impl ScriptClock {
    /// A clock whose time 0 is now.
    pub(super) fn new() -> Self {
        Self { origin_ns: realtime_ns() }
    }

    /// Waits for the moment shortly after the next tick and makes it time 0.
    pub(super) fn start(&mut self) {
        let tick_ns = tick_us() * 1000;
        let now = now_ns(ClockId::CLOCK_MONOTONIC);
        let since_tick = (now - tick_phase_ns()).rem_euclid(tick_ns);
        let ahead = if since_tick < AFTER_TICK_NS { 0 } else { tick_ns };
        sleep_until_monotonic(now - since_tick + ahead + AFTER_TICK_NS);
        *self = Self::new();
    }

    /// Waits, which costs nothing, for a moment that every script of this kernel could have started
    /// at, and makes it time 0: whatever ran here before, timers land alike.
    ///
    /// The timer wheel rounds an expiry up to a multiple of its level's granularity, 8^n ticks
    /// (kernel/time/timer.c). Multiples are counted in jiffies, whose distance from CLOCK_MONOTONIC
    /// is the same in every boot. So a script starts at a multiple of both `wheel_ticks` (a
    /// power of 8, the largest granularity that matters) and a second of that clock, at the same
    /// distance after a tick as on a real one.
    pub(super) fn start_in_time_travel(&mut self, wheel_ticks: i64) {
        let tick_ns = tick_us() * 1000;
        let round = least_common_multiple(tick_ns * wheel_ticks, SECOND_NS);
        let phase = tick_phase_ns();
        let quiet = now_ns(ClockId::CLOCK_MONOTONIC) + QUIET_NS - phase;
        let start = (quiet.div_euclid(round) + 1) * round + phase;
        sleep_until_monotonic(start + AFTER_TICK_NS);
        *self = Self::new();
    }

    /// CLOCK_REALTIME at script time 0.
    pub(super) fn origin_ns(&self) -> i64 {
        self.origin_ns
    }

    /// Script time of a CLOCK_REALTIME stamp, rounded down.
    pub(super) fn at(&self, realtime_ns: i64) -> ScriptTime {
        ScriptTime((realtime_ns - self.origin_ns).div_euclid(1000))
    }

    /// Time from `now_ns` of CLOCK_REALTIME to `deadline`; none when it is reached. Capped, so that a
    /// caller looks again now and then: CLOCK_REALTIME may be set while the wait runs on
    /// CLOCK_MONOTONIC.
    pub(super) fn remaining(&self, deadline: ScriptTime, now_ns: i64) -> Option<Duration> {
        const CAP_NS: i64 = 10_000_000_000;
        let deadline_ns = deadline.0.saturating_mul(1000).saturating_add(self.origin_ns);
        let left = deadline_ns.saturating_sub(now_ns).min(CAP_NS);
        u64::try_from(left).ok().filter(|&left| left > 0).map(Duration::from_nanos)
    }
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    divisor
}

fn least_common_multiple(a: i64, b: i64) -> i64 {
    a / greatest_common_divisor(a, b) * b
}

/// CLOCK_REALTIME in nanoseconds.
pub(super) fn realtime_ns() -> i64 {
    now_ns(ClockId::CLOCK_REALTIME)
}

fn now_ns(clock: ClockId) -> i64 {
    // Both clocks always exist; a zero time would show as absurd script times.
    nix::time::clock_gettime(clock).map_or(0, |time| time.num_nanoseconds())
}

/// Length of one timer tick, 1/HZ, in microseconds.
pub(super) fn tick_us() -> i64 {
    static TICK: OnceLock<i64> = OnceLock::new();
    *TICK.get_or_init(|| {
        let tick = nix::time::clock_getres(ClockId::CLOCK_MONOTONIC_COARSE);
        tick.map_or(4000, |tick| tick.num_microseconds()).max(100)
    })
}

/// Nanoseconds in which the clock is read: what a few readings have in common. In time travel a clock
/// moves by one such step from each reading to the next.
#[must_use]
pub fn step_ns() -> i64 {
    const READINGS: usize = 8;
    let readings: Vec<i64> = (0..READINGS).map(|_| realtime_ns()).collect();
    let distances = readings.iter().zip(readings.iter().skip(1)).map(|(a, b)| b - a);
    distances.fold(0, greatest_common_divisor).max(1)
}

fn sleep_until_monotonic(at_ns: i64) {
    let at = TimeSpec::nanoseconds(at_ns);
    let flags = ClockNanosleepFlags::TIMER_ABSTIME;
    while nix::time::clock_nanosleep(ClockId::CLOCK_MONOTONIC, flags, &at)
        == Err(nix::errno::Errno::EINTR)
    {}
}

/// Where within a tick period of CLOCK_MONOTONIC the timer interrupt comes, measured once.
///
/// CLOCK_MONOTONIC_COARSE does not tell: it advances by whole ticks, but its value carries the
/// phase of the clocksource, not that of the interrupt. A receive timeout does: it runs on the
/// timer wheel, which the tick drives, so it ends shortly after one. The least of a few is taken.
fn tick_phase_ns() -> i64 {
    static PHASE: OnceLock<i64> = OnceLock::new();
    *PHASE.get_or_init(|| measure_tick_phase_ns().unwrap_or(0))
}

fn measure_tick_phase_ns() -> Result<i64, io::Error> {
    let tick_ns = tick_us() * 1000;
    // An unbound UDP socket: nothing ever arrives on it.
    let silent =
        socket::socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    let timeout = TimeVal::microseconds(1);
    socket::setsockopt(&silent, sockopt::ReceiveTimeout, &timeout)?;
    let mut wakeups = Vec::new();
    while wakeups.len() < PHASE_SAMPLES {
        let mut byte = [0_u8; 1];
        match socket::recv(silent.as_raw_fd(), &mut byte, MsgFlags::empty()) {
            Err(nix::errno::Errno::EAGAIN) => {
                wakeups.push(now_ns(ClockId::CLOCK_MONOTONIC).rem_euclid(tick_ns));
            }
            Err(nix::errno::Errno::EINTR) => {}
            Ok(_) => return Err(io::ErrorKind::InvalidData.into()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(earliest_phase(&wakeups, tick_ns))
}

/// The wake-up that all others follow by less than half a period: phases lie on a circle.
fn earliest_phase(wakeups: &[i64], period: i64) -> i64 {
    let Some(&first) = wakeups.first() else { return 0 };
    let offset = |phase: &i64| (phase - first + period / 2).rem_euclid(period) - period / 2;
    (first + wakeups.iter().map(offset).min().unwrap_or(0)).rem_euclid(period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(&[60, 40, 90], 40)]
    #[case(&[10, 3990, 50], 3990)]
    #[case(&[3990, 10], 3990)]
    #[case(&[], 0)]
    fn earliest_phase_is_found_across_the_wrap(#[case] phases: &[i64], #[case] expected: i64) {
        assert_eq!(earliest_phase(phases, 4000), expected);
    }

    #[rstest::rstest]
    #[case(1_000_000 << 12, 512 * SECOND_NS)]
    #[case(1_000_000 << 18, 32_768 * SECOND_NS)]
    #[case(4_000_000 << 12, 2_048 * SECOND_NS)]
    fn rounds_are_whole_seconds(#[case] wheel_ns: i64, #[case] round_ns: i64) {
        assert_eq!(least_common_multiple(wheel_ns, SECOND_NS), round_ns);
    }

    #[test]
    fn stamps_round_down_and_deadlines_are_never_early() {
        let clock = ScriptClock { origin_ns: 1_000_000 };
        assert_eq!(clock.at(1_001_999), ScriptTime(1));
        assert_eq!(clock.at(999_999), ScriptTime(-1));
        assert_eq!(clock.remaining(ScriptTime(0), 1_000_000), None);
        assert_eq!(clock.remaining(ScriptTime(1), 1_000_999), Some(Duration::from_nanos(1)));
        assert!(clock.remaining(ScriptTime::FOREVER, 1_000_000).is_some());
    }
}
