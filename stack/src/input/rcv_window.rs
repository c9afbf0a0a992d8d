//! How fast the receive window may grow, and how large the buffer should be.
//!
//! Linux: tcp_grow_window, tcp_rcv_space_adjust, tcp_init_buffer_space, tcp_measure_rcv_mss,
//! tcp_sndbuf_expand (net/ipv4/tcp_input.c)

use crate::congestion::INIT_CWND;
use crate::cx::Cx;
use crate::kernel::{MAX_TCP_HEADER, SHARED_INFO, SKB_LEN};
use crate::memory::{tcp_adjust_rcv_ssthresh, tcp_under_memory_pressure};
use crate::mutant::Mutant;
use crate::output::clock::tcp_mstamp_refresh;
use crate::output::window::{
    rmem_alloc, tcp_full_space, tcp_set_window_clamp, tcp_space_from_win, tcp_win_from_space,
};
use crate::sock::Sock;
use crate::sock::control_block::TCP_MSS_DEFAULT;
use crate::wire::Segment;

/// TCP_RMEM_TO_WIN_SCALE
const RMEM_TO_WIN_SHIFT: u32 = 8;
/// Segments that a growing buffer gets room for beside what was read.
const CUSHION_SEGMENTS: u32 = 16;
/// TCP_MIN_MSS: (60 + 60 + 8) − (20 + 20)
const TCP_MIN_MSS: u32 = 88;

/// Sizes the buffers when a connection is established.
///
/// Linux: tcp_init_buffer_space
pub(crate) fn tcp_init_buffer_space(sk: &mut Sock, cx: &Cx) {
    if !sk.opts.locks.sndbuf {
        tcp_sndbuf_expand(sk, cx);
    }
    tcp_mstamp_refresh(sk, cx);
    sk.rtt.rcvq_time = cx.now;
    sk.rtt.rcvq_seq = sk.recv_queue.copied_seq();
    let maxwin = tcp_full_space(sk);
    if sk.rcv.window_clamp >= maxwin {
        sk.rcv.window_clamp = maxwin;
        let app_win = u32::from(cx.sysctl.tcp_app_win);
        if app_win != 0 && maxwin > 4 * sk.advmss {
            let reserved = maxwin >> app_win.min(31);
            sk.rcv.window_clamp = (maxwin - reserved).max(4 * sk.advmss);
        }
    }
    let app_win = u32::from(cx.sysctl.tcp_app_win);
    if app_win != 0
        && sk.rcv.window_clamp > 2 * sk.advmss
        && sk.rcv.window_clamp + sk.advmss > maxwin
    {
        sk.rcv.window_clamp = (2 * sk.advmss).max(maxwin.saturating_sub(sk.advmss));
    }
    sk.rcv.rcv_ssthresh = sk.rcv.rcv_ssthresh.min(sk.rcv.window_clamp);
    sk.cong.cwnd_stamp = cx.now;
    let fit = sk.rcv.rcv_ssthresh.min(sk.rcv.wnd);
    sk.rtt.rcvq_space = fit.min(INIT_CWND * sk.advmss);
}

/// Makes room for the flight the window allows.
///
/// Linux: tcp_sndbuf_expand
pub(crate) fn tcp_sndbuf_expand(sk: &mut Sock, cx: &Cx) {
    let payload = sk.rx_opt.mss_clamp.max(sk.mss_cache);
    let per_mss = (payload + MAX_TCP_HEADER + SHARED_INFO).next_power_of_two() + SKB_LEN;
    let nr_segs = INIT_CWND.max(sk.cong.cw.snd_cwnd).max(sk.loss.reordering + 1);
    let sndmem = 2 * u64::from(nr_segs) * u64::from(per_mss);
    if u64::from(sk.opts.sndbuf) < sndmem {
        let limit = sndmem.min(cx.sysctl.tcp_wmem.max);
        sk.opts.sndbuf = u32::try_from(limit).unwrap_or(u32::MAX);
    }
}

/// A segment with data of some size arrived: the window may open further. `counted` says that its memory
/// is part of what the socket holds already; one that waits on its own is counted afterwards.
///
/// Linux: tcp_grow_window
pub(crate) fn tcp_grow_window(sk: &mut Sock, len: u32, truesize: u32, counted: bool, cx: &Cx) {
    let held = rmem_alloc(sk).saturating_sub(if counted { 0 } else { truesize });
    let space = tcp_win_from_space(sk, sk.opts.rcvbuf.saturating_sub(held));
    let room = sk.rcv.window_clamp.min(space).saturating_sub(sk.rcv.rcv_ssthresh);
    if room == 0 || cx.mutant(Mutant::WindowNeverGrows) {
        return;
    }
    if tcp_under_memory_pressure(cx) {
        return tcp_adjust_rcv_ssthresh(sk);
    }
    let truesize = if counted { truesize.min(4096 + SKB_LEN + SHARED_INFO) } else { truesize };
    let incr = if tcp_win_from_space(sk, truesize) <= len {
        2 * sk.advmss
    } else {
        grow_by(sk, len, truesize, cx)
    };
    if incr != 0 {
        sk.rcv.rcv_ssthresh += room.min(incr.max(2 * len));
        sk.ack.quick |= 1;
    }
}

/// Linux: __tcp_grow_window
fn grow_by(sk: &Sock, len: u32, truesize: u32, cx: &Cx) -> u32 {
    let rmem_max = u32::try_from(cx.sysctl.tcp_rmem.max).unwrap_or(u32::MAX);
    let mut truesize = tcp_win_from_space(sk, truesize) >> 1;
    let mut window = tcp_win_from_space(sk, rmem_max) >> 1;
    while sk.rcv.rcv_ssthresh <= window {
        if truesize <= len {
            return 2 * sk.ack.rcv_mss;
        }
        truesize >>= 1;
        window >>= 1;
    }
    0
}

/// Learns the size of the peer's segments, and what share of the memory they use is payload.
///
/// Linux: tcp_measure_rcv_mss
pub(crate) fn tcp_measure_rcv_mss(sk: &mut Sock, seg: &Segment, truesize: u32, cx: &Cx) {
    let lss = std::mem::take(&mut sk.ack.last_seg_size);
    let payload = u32::try_from(seg.payload.len()).unwrap_or(u32::MAX);
    // What the link put together has the size of its parts.
    let len = if seg.gso_size == 0 { payload } else { seg.gso_size.into() };
    if len >= sk.ack.rcv_mss {
        if len != sk.ack.rcv_mss && cx.kernel.scaling_ratio {
            learn_ratio(sk, payload, truesize, cx);
        }
        sk.ack.rcv_mss = len.min(sk.advmss);
        if seg.flags.psh() {
            sk.ack.pushed = true;
        }
        return;
    }
    let header = 20 + u32::try_from(seg.option_bytes.padded_len()).unwrap_or(0);
    let len = len + header;
    let plain = !seg.flags.psh() && !seg.flags.fin() && !seg.flags.syn() && !seg.flags.urg();
    if len >= TCP_MSS_DEFAULT + 20 || (len >= TCP_MIN_MSS + 20 && plain) {
        let len = len.saturating_sub(sk.tcp_header_len);
        sk.ack.last_seg_size = len;
        if len == lss {
            sk.ack.rcv_mss = len;
            return;
        }
    }
    if sk.ack.pushed {
        sk.ack.pushed2 = true;
    }
    sk.ack.pushed = true;
}

fn learn_ratio(sk: &mut Sock, payload: u32, truesize: u32, cx: &Cx) {
    let val = (u64::from(payload) << RMEM_TO_WIN_SHIFT) / u64::from(truesize.max(1));
    let ratio = u8::try_from(val.max(1)).unwrap_or(u8::MAX);
    if ratio != sk.rcv.scaling_ratio {
        sk.rcv.scaling_ratio = ratio;
        let clamp = tcp_win_from_space(sk, sk.opts.rcvbuf);
        move_clamp(sk, clamp, cx);
        sk.rtt.rcvq_space = sk.rtt.rcvq_space.min(sk.rcv.window_clamp);
    }
}

/// The application read data: if it keeps up with the sender, the buffer grows.
///
/// Linux: tcp_rcv_space_adjust
pub(crate) fn tcp_rcv_space_adjust(sk: &mut Sock, cx: &Cx) {
    tcp_mstamp_refresh(sk, cx);
    let elapsed = cx.now.micros_since(sk.rtt.rcvq_time);
    if sk.rtt.rcv_rtt_us == 0 || elapsed < u64::from(sk.rtt.rcv_rtt_us >> 3) {
        return;
    }
    let copied_seq = sk.recv_queue.copied_seq();
    // What arrived in the meantime is not what was copied.
    let unread = if cx.kernel.unread_is_not_copied { sk.rcv.nxt - copied_seq } else { 0 };
    let per_rtt = (copied_seq - sk.rtt.rcvq_seq).saturating_sub(unread);
    if per_rtt > sk.rtt.rcvq_space {
        tcp_rcvbuf_grow(sk, per_rtt, cx);
    }
    sk.rtt.rcvq_seq = copied_seq;
    sk.rtt.rcvq_time = cx.now;
}

/// `per_rtt` bytes go through the buffer in a round trip: it gets the size a sender needs that goes
/// on growing as it did since the last measurement.
///
/// Linux: tcp_rcvbuf_grow
pub(crate) fn tcp_rcvbuf_grow(sk: &mut Sock, per_rtt: u32, cx: &Cx) {
    let before = std::mem::replace(&mut sk.rtt.rcvq_space, per_rtt);
    let is_fixed = cx.sysctl.tcp_moderate_rcvbuf == 0 || sk.opts.locks.rcvbuf;
    if is_fixed {
        return;
    }
    let cushion = if cx.kernel.rcvbuf_cushion { CUSHION_SEGMENTS * sk.advmss } else { 0 };
    let window = wanted_window(per_rtt, before, cushion);
    let space = if cx.kernel.scaling_ratio {
        let window = window.saturating_add(u64::from(held_up(sk, cx)));
        (window << RMEM_TO_WIN_SHIFT) / u64::from(sk.rcv.scaling_ratio.max(1))
    } else {
        window / u64::from(sk.advmss.max(1)) * u64::from(memory_of_segment(sk))
    };
    let space = u32::try_from(space.min(cx.sysctl.tcp_rmem.max)).unwrap_or(u32::MAX);
    if space > sk.opts.rcvbuf {
        sk.opts.rcvbuf = space;
        let clamp = tcp_win_from_space(sk, space);
        move_clamp(sk, clamp, cx);
    }
}

/// Bytes up to the end of what waits for a hole.
fn held_up(sk: &Sock, cx: &Cx) -> u32 {
    let last = sk.ofo_queue.chunks().next_back().filter(|_| cx.kernel.ofo_grows_rcvbuf);
    last.map_or(0, |chunk| chunk.end_seq() - sk.rcv.nxt)
}

/// What a full segment was taken to cost before that was measured.
///
/// Linux: rcvmem of tcp_rcv_space_adjust
fn memory_of_segment(sk: &Sock) -> u32 {
    let least = sk.advmss + MAX_TCP_HEADER + SKB_LEN + SHARED_INFO;
    let needed = tcp_space_from_win(sk, sk.advmss);
    least + needed.saturating_sub(least).next_multiple_of(128)
}

/// The window may be as large as `clamp`.
fn move_clamp(sk: &mut Sock, clamp: u32, cx: &Cx) {
    if cx.kernel.ratio_moves_ssthresh {
        tcp_set_window_clamp(sk, clamp);
    } else {
        sk.rcv.window_clamp = clamp;
    }
}

/// Two round trips' worth, because the measurement is one late; and in slow start, when the last
/// round trip brought more than the one before, twice that growth in proportion.
fn wanted_window(per_rtt: u32, before: u32, cushion: u32) -> u64 {
    let base = u64::from(per_rtt) * 2 + u64::from(cushion);
    let growth = u64::from(per_rtt.saturating_sub(before));
    base + base * growth / u64::from(before.max(1)) * 2
}

#[cfg(test)]
mod tests {
    use super::wanted_window;
    use rstest::rstest;

    #[rstest]
    #[case::steady(10_000, 10_000, 0, 20_000)]
    #[case::doubling(20_000, 10_000, 0, 120_000)]
    #[case::cushion(20_000, 10_000, 1_000, 123_000)]
    #[case::slower_than_before(5_000, 10_000, 0, 10_000)]
    #[case::never_measured(1_000, 0, 0, 2_000 + 2 * 2_000 * 1_000)]
    fn the_window_follows_the_growth(
        #[case] now: u32,
        #[case] before: u32,
        #[case] cushion: u32,
        #[case] window: u64,
    ) {
        assert_eq!(wanted_window(now, before, cushion), window);
    }
}
