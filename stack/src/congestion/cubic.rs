//! CUBIC: the window follows a cubic function of the time since the last reduction (RFC 9438),
//! and HyStart ends slow start before it overshoots.
//!
//! Linux: net/ipv4/tcp_cubic.c. Times are in units of 2⁻¹⁰ s in the cubic function, in microseconds
//! in HyStart. The parameters beta and bic_scale shape tables when the module is loaded, so that
//! changing them later changes less than it seems; here as there.

use super::reno::{tcp_cong_avoid_ai, tcp_is_cwnd_limited, tcp_slow_start};
use super::{AckSample, CaEvent, CaState, CongestionOps, Cwnd, SlowStartExit};
use crate::output::mss::GSO_MAX_SIZE;
use crate::seq::Seq;
use crate::sysctl::Sysctls;
use crate::time::{Hz, Instant, Jiffies};

/// BICTCP_BETA_SCALE: the reduction factor is BETA / SCALE, about 0.7.
const BETA_SCALE: u32 = 1024;
const BETA: u32 = 717;
/// BICTCP_HZ: the cubic function counts time in 2⁻¹⁰ s.
const TIME_SHIFT: u32 = 10;
/// bic_scale * 10: the constant C of RFC 9438, 0.4, times 2¹⁰.
const CUBE_RTT_SCALE: u64 = 410;
/// 2⁴⁰ / 410: turns a window difference into the cube of a time.
const CUBE_FACTOR: u64 = (1 << (10 + 3 * TIME_SHIFT)) / CUBE_RTT_SCALE;
/// beta_scale: ACKs per segment of the Reno-friendly estimate, times 8.
const BETA_FRIENDLY: u64 =
    8 * (BETA_SCALE as u64 + BETA as u64) / 3 / (BETA_SCALE as u64 - BETA as u64);
/// Without a new window, the target is recomputed at most so many times per second.
const UPDATES_PER_SEC: u32 = 32;

/// HYSTART_ACK_TRAIN and HYSTART_DELAY: what hystart_detect turns on.
const DETECT_TRAIN: i32 = 1;
const DETECT_DELAY: i32 = 2;
/// HYSTART_MIN_SAMPLES
const HYSTART_MIN_SAMPLES: u8 = 8;
/// HYSTART_DELAY_MIN and HYSTART_DELAY_MAX: bounds of the tolerated increase in delay.
const HYSTART_DELAY_US: (u32, u32) = (4000, 16_000);
/// Most that hystart_ack_delay adds, in microseconds.
const HYSTART_ACK_DELAY_US: u64 = 1000;

/// Variables of one connection (Linux: struct bictcp).
#[derive(Clone, Debug)]
pub(crate) struct Cubic {
    params: CubicParams,
    curve: Curve,
    hystart: Hystart,
}

/// The module's parameters as they were when the connection began.
#[derive(Clone, Copy, Debug)]
struct CubicParams {
    hz: Hz,
    fast_convergence: bool,
    beta: u32,
    tcp_friendliness: bool,
    hystart: bool,
    hystart_detect: i32,
    hystart_low_window: u32,
    hystart_ack_delta_us: u64,
    initial_ssthresh: u32,
}

impl Cubic {
    /// A connection under the module's present parameters.
    pub(super) fn new(sysctl: &Sysctls, hz: Hz) -> Self {
        Self::with(CubicParams {
            hz,
            fast_convergence: sysctl.cubic_fast_convergence != 0,
            beta: sysctl.cubic_beta.unsigned_abs(),
            tcp_friendliness: sysctl.cubic_tcp_friendliness != 0,
            hystart: sysctl.cubic_hystart != 0,
            hystart_detect: sysctl.cubic_hystart_detect,
            hystart_low_window: sysctl.cubic_hystart_low_window.unsigned_abs(),
            hystart_ack_delta_us: u64::from(sysctl.cubic_hystart_ack_delta_us.unsigned_abs()),
            initial_ssthresh: sysctl.cubic_initial_ssthresh.unsigned_abs(),
        })
    }

    fn with(params: CubicParams) -> Self {
        Self { params, curve: Curve::default(), hystart: Hystart::default() }
    }
}

/// The cubic function and the Reno estimate beside it.
#[derive(Clone, Copy, Debug, Default)]
struct Curve {
    /// Acknowledged segments per segment of growth.
    cnt: u32,
    /// W_max, after fast convergence.
    last_max_cwnd: u32,
    /// Window and tick of the last update.
    last_cwnd: u32,
    last_time: Jiffies,
    /// Window at the plateau, and time from the epoch's beginning to it.
    origin_point: u32,
    k: u64,
    /// Smallest delay seen, in microseconds; 0 before the first sample.
    delay_min_us: u32,
    /// Tick at which this epoch began.
    epoch_start: Option<Jiffies>,
    /// Segments acknowledged in this epoch that the Reno estimate has not used.
    ack_cnt: u64,
    /// What Reno's window would be (W_est).
    tcp_cwnd: u32,
}

/// State of the search for the end of slow start.
#[derive(Clone, Copy, Debug, Default)]
struct Hystart {
    /// Slow start was ended.
    found: bool,
    /// The round begins with the next ACK.
    round: Option<Round>,
}

/// One round trip of HyStart.
#[derive(Clone, Copy, Debug)]
struct Round {
    start: Instant,
    last_ack: Instant,
    end_seq: Seq,
    curr_rtt_us: u32,
    sample_cnt: u8,
}

impl CongestionOps for Cubic {
    fn name(&self) -> &'static str {
        "cubic"
    }

    /// Linux: cubictcp_recalc_ssthresh
    fn ssthresh(&mut self, cw: &mut Cwnd) -> u32 {
        self.curve.epoch_start = None;
        let cwnd = cw.snd_cwnd;
        // Fast convergence, RFC 9438 §4.7: a flow that shrinks leaves room for new ones.
        let shrinks = cwnd < self.curve.last_max_cwnd && self.params.fast_convergence;
        let beta = self.params.beta;
        self.curve.last_max_cwnd =
            if shrinks { scaled(cwnd, BETA_SCALE + beta, 2 * BETA_SCALE) } else { cwnd };
        scaled(cwnd, beta, BETA_SCALE).max(2)
    }

    /// Linux: cubictcp_cong_avoid
    fn cong_avoid(&mut self, cw: &mut Cwnd, ack: &AckSample) {
        if !tcp_is_cwnd_limited(cw) {
            return;
        }
        let mut acked = ack.acked;
        if cw.in_slow_start() {
            acked = tcp_slow_start(cw, acked);
            if acked == 0 {
                return;
            }
        }
        self.curve.bictcp_update(cw.snd_cwnd, acked, ack.now, &self.params);
        tcp_cong_avoid_ai(cw, self.curve.cnt, acked);
    }

    /// Linux: cubictcp_state
    fn set_state(&mut self, _: &mut Cwnd, new: CaState, _: Instant) {
        if new == CaState::Loss {
            *self = Self::with(self.params);
        }
    }

    /// Linux: cubictcp_cwnd_event — idle time does not count as time on the curve.
    fn cwnd_event(&mut self, _: &mut Cwnd, event: CaEvent, now: Instant) {
        let CaEvent::TxStart { idle } = event else { return };
        let now = self.params.hz.jiffies(now);
        if let Some(start) = &mut self.curve.epoch_start {
            *start = start.plus(idle.into()).min(now);
        }
    }

    /// Linux: cubictcp_acked
    fn pkts_acked(&mut self, cw: &mut Cwnd, ack: &AckSample) -> Option<SlowStartExit> {
        let rtt_us = ack.rtt_us?;
        // Right after a recovery the queue is still draining.
        let hz = self.params.hz;
        let now = hz.jiffies(ack.now);
        if self.curve.epoch_start.is_some_and(|start| now.since(start) < hz.per_sec()) {
            return None;
        }
        let delay_us = rtt_us.max(1);
        if self.curve.delay_min_us == 0 || self.curve.delay_min_us > delay_us {
            self.curve.delay_min_us = delay_us;
        }
        if !self.params.hystart || self.hystart.found || !cw.in_slow_start() {
            return None;
        }
        self.hystart.update(cw, ack, &self.params, (delay_us, self.curve.delay_min_us))
    }

    /// Linux: cubictcp_init
    fn init(&mut self, cw: &mut Cwnd) {
        if !self.params.hystart && self.params.initial_ssthresh != 0 {
            cw.snd_ssthresh = self.params.initial_ssthresh;
        }
    }
}

impl Curve {
    /// How many acknowledged segments the next segment of growth costs.
    ///
    /// RFC 9438 §4.2 – 4.5 · Linux: bictcp_update (net/ipv4/tcp_cubic.c)
    fn bictcp_update(&mut self, cwnd: u32, acked: u32, now: Instant, params: &CubicParams) {
        self.ack_cnt += u64::from(acked);
        let hz = params.hz;
        let now = hz.jiffies(now);
        let age = now.since(self.last_time);
        if self.last_cwnd == cwnd && age <= hz.per_sec() / UPDATES_PER_SEC {
            return;
        }
        if self.epoch_start.is_none() || age != 0 {
            (self.last_cwnd, self.last_time) = (cwnd, now);
            let start = self.epoch_start.unwrap_or_else(|| self.begin_epoch(cwnd, acked, now));
            self.cnt = self.cost_on_curve(cwnd, now.since(start), hz);
        }
        if params.tcp_friendliness {
            self.cnt = self.cost_as_reno(cwnd).min(self.cnt);
        }
        self.cnt = self.cnt.max(2);
    }

    fn begin_epoch(&mut self, cwnd: u32, acked: u32, now: Jiffies) -> Jiffies {
        self.epoch_start = Some(now);
        self.ack_cnt = u64::from(acked);
        self.tcp_cwnd = cwnd;
        let below = self.last_max_cwnd.saturating_sub(cwnd);
        self.k = cubic_root(CUBE_FACTOR * u64::from(below));
        self.origin_point = self.last_max_cwnd.max(cwnd);
        now
    }

    /// Cost per segment to reach the cubic function's value one round trip from now.
    fn cost_on_curve(&self, cwnd: u32, age: u32, hz: Hz) -> u32 {
        let ticks = u64::from(age) + u64::from(hz.usecs_to_jiffies(self.delay_min_us.into()));
        let t = (ticks << TIME_SHIFT) / hz.secs(1);
        let offset = u128::from(t.abs_diff(self.k));
        let cube = (u128::from(CUBE_RTT_SCALE) * offset.pow(3)) >> (10 + 3 * TIME_SHIFT);
        let delta = u32::try_from(cube).unwrap_or(u32::MAX);
        let target = if t < self.k {
            self.origin_point.saturating_sub(delta)
        } else {
            self.origin_point.saturating_add(delta)
        };
        let cost = match target.checked_sub(cwnd) {
            Some(gap) if gap > 0 => cwnd / gap,
            Some(_) | None => cwnd.saturating_mul(100),
        };
        // Before the first loss the plateau is unknown: grow by at least 5 % per round trip.
        if self.last_max_cwnd == 0 { cost.min(20) } else { cost }
    }

    /// Cost per segment to keep up with what Reno would have (RFC 9438 §4.3); MAX if ahead of it.
    fn cost_as_reno(&mut self, cwnd: u32) -> u32 {
        let per_segment = ((u64::from(cwnd) * BETA_FRIENDLY) >> 3).max(1);
        // The kernel subtracts as long as more than `per_segment` is left, so one may remain.
        let steps = self.ack_cnt.saturating_sub(1) / per_segment;
        self.ack_cnt -= steps * per_segment;
        self.tcp_cwnd = self.tcp_cwnd.saturating_add(u32::try_from(steps).unwrap_or(u32::MAX));
        match self.tcp_cwnd.checked_sub(cwnd) {
            Some(behind) if behind > 0 => cwnd / behind,
            Some(_) | None => u32::MAX,
        }
    }
}

impl Hystart {
    /// Ends slow start when ACKs of one round have been coming in for half the smallest delay, or
    /// when the delay has grown.
    ///
    /// RFC 9406 in spirit · Linux: hystart_update (net/ipv4/tcp_cubic.c)
    fn update(
        &mut self,
        cw: &mut Cwnd,
        ack: &AckSample,
        params: &CubicParams,
        (delay_us, delay_min_us): (u32, u32),
    ) -> Option<SlowStartExit> {
        let fresh = Round {
            start: ack.now,
            last_ack: ack.now,
            end_seq: ack.snd_nxt,
            curr_rtt_us: u32::MAX,
            sample_cnt: 0,
        };
        let mut round = self.round.filter(|round| !ack.ack.after(round.end_seq)).unwrap_or(fresh);
        let mut exit = None;
        if cw.snd_cwnd >= params.hystart_low_window {
            let detects = |what| params.hystart_detect & what != 0;
            let train = detects(DETECT_TRAIN) && round.is_train(ack, params, delay_min_us);
            let delay = detects(DETECT_DELAY) && round.is_delayed(delay_us, delay_min_us);
            if train || delay {
                self.found = true;
                cw.snd_ssthresh = cw.snd_cwnd;
                exit = Some(SlowStartExit { train, delay });
            }
        }
        self.round = Some(round);
        exit
    }
}

impl Round {
    fn is_train(&mut self, ack: &AckSample, params: &CubicParams, delay_min_us: u32) -> bool {
        if ack.now.micros_since(self.last_ack) > params.hystart_ack_delta_us {
            return false;
        }
        self.last_ack = ack.now;
        let mut threshold = u64::from(delay_min_us) + hystart_ack_delay_us(ack.pacing_rate);
        if !ack.is_paced {
            threshold >>= 1;
        }
        ack.now.micros_since(self.start) > threshold
    }

    fn is_delayed(&mut self, delay_us: u32, delay_min_us: u32) -> bool {
        self.curr_rtt_us = self.curr_rtt_us.min(delay_us);
        if self.sample_cnt < HYSTART_MIN_SAMPLES {
            self.sample_cnt += 1;
            return false;
        }
        let tolerance = (delay_min_us >> 3).clamp(HYSTART_DELAY_US.0, HYSTART_DELAY_US.1);
        self.curr_rtt_us > delay_min_us.saturating_add(tolerance)
    }
}

/// Time the ACKs of four large packets take at this rate.
///
/// Linux: hystart_ack_delay
fn hystart_ack_delay_us(pacing_rate: u64) -> u64 {
    let four_packets = 4 * 1_000_000 * u64::from(GSO_MAX_SIZE);
    four_packets.checked_div(pacing_rate).map_or(0, |us| us.min(HYSTART_ACK_DELAY_US))
}

/// `x * num / den` in 32 bits, as the kernel computes it for windows.
fn scaled(x: u32, num: u32, den: u32) -> u32 {
    u32::try_from(u64::from(x) * u64::from(num) / u64::from(den)).unwrap_or(u32::MAX)
}

/// The integer cube root.
///
/// Linux: cubic_root · Differs: exact; the kernel's table and one Newton step are within 0.2 %.
fn cubic_root(a: u64) -> u64 {
    let mut root = 0_u64;
    // The root of a 64-bit number has 22 bits; each is tried from the top.
    for bit in (0..22).rev() {
        let tried = root | 1 << bit;
        if u128::from(tried).pow(3) <= u128::from(a) {
            root = tried;
        }
    }
    root
}

#[cfg(test)]
mod tests;
