//! What happens when time passes.
//!
//! RFC 9293 §3.10.8 · Linux: net/ipv4/tcp_timer.c. `on_timer` maps a timer that is due to its
//! handler; arming is in `rearm`.

mod bounds;
mod delack;
mod keepalive;
mod probe;
mod rearm;
mod retransmit;
mod synack;
mod table;
mod time_wait;
mod write_timeout;

pub(crate) use bounds::{tcp_ato_max, tcp_delack_max, tcp_rto_max, tcp_rto_min, tcp_rto_min_us};
pub(crate) use keepalive::{keepalive_time_elapsed, keepalive_time_when, reset_keepalive_timer};
pub(crate) use rearm::{
    TCP_TIMEOUT_MIN, tcp_clamp_probe0_to_user_timeout, tcp_rearm_rto, tcp_reset_paced_timer,
    tcp_reset_xmit_timer, tcp_rto_delta_us,
};
pub(crate) use synack::{ListenerView, reqsk_timeout, reqsk_timer_handler, tcp_syn_ack_timeout};
pub use table::Timer;
pub(crate) use table::TimerTable;
pub(crate) use time_wait::{TCP_TIMEWAIT_LEN_MS, tcp_fin_time, tcp_time_wait};
pub(crate) use write_timeout::tcp_write_err;

use crate::cx::Cx;
use crate::output::clock::tcp_mstamp_refresh;
use crate::sock::Sock;
use crate::time::Instant;
use crate::trace::TraceEvent;

/// Runs the timer of `sk` that is due first, if one is due at `at`.
pub(crate) fn run_due(sk: &mut Sock, at: Instant, cx: &mut Cx) {
    if let Some((_, timer)) = sk.timers.next().filter(|(due, _)| *due <= at) {
        sk.timers.stop(timer);
        if timer.is_on_wheel() {
            cx.wheel.runs(at);
        }
        on_timer(sk, timer, cx);
    }
}

/// Runs the handler of `timer`, which is due and no longer armed.
pub(crate) fn on_timer(sk: &mut Sock, timer: Timer, cx: &mut Cx) {
    cx.trace.push(TraceEvent::TimerFired { at: cx.now, flow: sk.flow, timer });
    if timer.is_on_wheel() {
        tcp_mstamp_refresh(sk, cx);
    }
    match timer {
        Timer::Retransmit => retransmit::tcp_retransmit_timer(sk, cx),
        Timer::Probe0 => probe::tcp_probe_timer(sk, cx),
        Timer::LossProbe => crate::output::probe::tcp_send_loss_probe(sk, cx),
        Timer::ReoTimeout => crate::congestion::tcp_rack_reo_timeout(sk, cx),
        Timer::EarlyRetrans => crate::congestion::tcp_resume_early_retransmit(sk, cx),
        Timer::Delack => delack::tcp_delack_timer_handler(sk, cx),
        Timer::Keepalive => keepalive::tcp_keepalive_timer(sk, cx),
        Timer::CompressedAck => delack::tcp_compressed_ack_kick(sk, cx),
        Timer::Pacing => crate::output::small_queue::tcp_tsq_write(sk, cx),
        // Timers of half-open connections and remainders are their own; see `Stack`.
        Timer::SynAck | Timer::TimeWait => {}
    }
}
