//! The receive window: how much is offered at the start, how much now, and what is announced.
//!
//! RFC 9293 §3.8.6 · Linux: tcp_select_window, __tcp_select_window, tcp_select_initial_window
//! (net/ipv4/tcp_output.c), tcp_win_from_space (include/net/tcp.h)

use crate::cx::Cx;
use crate::memory::{tcp_adjust_rcv_ssthresh, tcp_under_memory_pressure};
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::sock::Sock;

/// TCP_RMEM_TO_WIN_SCALE
const RMEM_TO_WIN_SHIFT: u32 = 8;
/// MAX_TCP_WINDOW: largest window a signed 16-bit peer understands.
const MAX_TCP_WINDOW: u32 = 32_767;
/// TCP_MAX_WSCALE
pub(crate) const TCP_MAX_WSCALE: u8 = 14;
const U16_MAX: u32 = 65_535;
/// SOCK_MIN_RCVBUF
const SOCK_MIN_RCVBUF: u32 = 2304;

/// What a connection starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InitialWindow {
    pub(crate) rcv_wnd: u32,
    pub(crate) window_clamp: u32,
    pub(crate) rcv_wscale: u8,
}

/// Payload that `space` bytes of buffer hold.
///
/// Linux: tcp_win_from_space
pub(crate) fn tcp_win_from_space(sk: &Sock, space: u32) -> u32 {
    let payload = (u64::from(space) * u64::from(sk.rcv.scaling_ratio)) >> RMEM_TO_WIN_SHIFT;
    u32::try_from(payload).unwrap_or(u32::MAX)
}

/// Room left for payload.
///
/// Linux: tcp_space
pub(crate) fn tcp_space(sk: &Sock) -> u32 {
    tcp_win_from_space(sk, sk.opts.rcvbuf.saturating_sub(rmem_alloc(sk)))
}

/// Room for payload when the buffer is empty.
///
/// Linux: tcp_full_space
pub(crate) fn tcp_full_space(sk: &Sock) -> u32 {
    tcp_win_from_space(sk, sk.opts.rcvbuf)
}

/// Memory held by received segments and messages about errors (sk_rmem_alloc).
pub(crate) fn rmem_alloc(sk: &Sock) -> u32 {
    let queued = sk.recv_queue.truesize().saturating_add(sk.ofo_queue.truesize());
    queued.saturating_add(sk.error_queue.rmem())
}

/// What remains of the window last announced.
///
/// Linux: tcp_receive_window
pub(crate) fn tcp_receive_window(sk: &Sock) -> u32 {
    let win = (sk.rcv.wup + sk.rcv.wnd).distance(sk.rcv.nxt);
    u32::try_from(win).unwrap_or(0)
}

/// Window, clamp and scale for a new connection with `space` bytes of payload room.
///
/// RFC 7323 §2 · Linux: tcp_select_initial_window (net/ipv4/tcp_output.c)
pub(crate) fn tcp_select_initial_window(
    space: u32,
    mss: u32,
    window_clamp: u32,
    wscale_ok: bool,
    cx: &Cx,
) -> InitialWindow {
    let sysctl = &cx.sysctl;
    let clamp = if window_clamp == 0 { U16_MAX << TCP_MAX_WSCALE } else { window_clamp };
    let mut space = space.min(clamp);
    if space > mss && mss > 0 {
        space -= space % mss;
    }
    let signed = sysctl.tcp_workaround_signed_windows != 0;
    // May exceed what the field of a SYN can say; see `tcp_set_window_clamp` for what that does.
    let field = if cx.kernel.wide_initial_window { u32::MAX } else { U16_MAX };
    let mut rcv_wnd = space.min(if signed { MAX_TCP_WINDOW } else { field });
    if cx.net.route.initrwnd != 0 {
        rcv_wnd = rcv_wnd.min(cx.net.route.initrwnd.saturating_mul(mss));
    }
    let mut rcv_wscale = 0;
    if wscale_ok && !cx.mutant(Mutant::WindowScaleMissing) {
        let reach = u64::from(space)
            .max(sysctl.tcp_rmem.max)
            .max(u64::from(sysctl.rmem_max.unsigned_abs()))
            .min(u64::from(clamp));
        let log = reach.checked_ilog2().unwrap_or(0);
        rcv_wscale = u8::try_from(log.saturating_sub(15)).unwrap_or(0).min(TCP_MAX_WSCALE);
    }
    InitialWindow { rcv_wnd, window_clamp: clamp.min(U16_MAX << rcv_wscale), rcv_wscale }
}

/// A new upper bound of the window; the growth so far follows it down, and up to what was offered.
///
/// Linux: tcp_set_window_clamp (net/ipv4/tcp.c)
pub(crate) fn tcp_set_window_clamp(sk: &mut Sock, clamp: u32) {
    let clamp = clamp.max(SOCK_MIN_RCVBUF / 2);
    let grows = clamp >= sk.rcv.window_clamp;
    if clamp == sk.rcv.window_clamp {
        return;
    }
    sk.rcv.window_clamp = clamp;
    sk.rcv.rcv_ssthresh = if grows {
        sk.rcv.rcv_ssthresh.max(sk.rcv.wnd.min(clamp))
    } else {
        sk.rcv.rcv_ssthresh.min(clamp)
    };
}

/// Buffer that `win` bytes of window take.
///
/// Linux: tcp_space_from_win (include/net/tcp.h)
pub(crate) fn tcp_space_from_win(sk: &Sock, win: u32) -> u32 {
    let ratio = u64::from(sk.rcv.scaling_ratio.max(1));
    let space = (u64::from(win) << RMEM_TO_WIN_SHIFT) / ratio;
    u32::try_from(space).unwrap_or(i32::MAX.unsigned_abs())
}

/// Gives the receive buffer room for a window of `win` bytes.
///
/// Linux: the end of tcp_set_rcvlowat (net/ipv4/tcp.c)
pub(crate) fn tcp_set_rcvbuf_for(sk: &mut Sock, space: u32, win: u32) {
    sk.opts.rcvbuf = space;
    if sk.rcv.window_clamp != 0 && sk.rcv.window_clamp < win {
        sk.rcv.window_clamp = win;
    }
}

/// The window field of the segment being sent, already scaled down; remembers what was offered.
///
/// RFC 9293 §3.8.6.2 · Linux: tcp_select_window (net/ipv4/tcp_output.c)
pub(crate) fn tcp_select_window(sk: &mut Sock, cx: &mut Cx) -> u16 {
    let old_win = sk.rcv.wnd;
    let cur_win = tcp_receive_window(sk);
    if sk.ack.nomem {
        // Something was dropped for want of memory: nothing at all may come.
        (sk.rcv.wnd, sk.rcv.wup) = (0, sk.rcv.nxt);
        sk.rcv.pred_flags = 0;
        count_edge(old_win, 0, cx);
        return 0;
    }
    let mut new_win = __tcp_select_window(sk, cx);
    let may_shrink = tcp_may_shrink_window(sk, cx) || cx.mutant(Mutant::WindowShrinks);
    if new_win < cur_win && !may_shrink {
        // [RFC9293:SHLD-14] The right edge never moves left.
        if new_win == 0 {
            cx.mib.inc(Counter::TcpExtTCPWantZeroWindowAdv);
        }
        new_win = align_up(cur_win, sk.rx_opt.rcv_wscale);
    }
    sk.rcv.wnd = new_win;
    sk.rcv.wup = sk.rcv.nxt;

    let field = if sk.rx_opt.rcv_wscale == 0 && cx.sysctl.tcp_workaround_signed_windows != 0 {
        new_win.min(MAX_TCP_WINDOW)
    } else {
        new_win.min(U16_MAX << sk.rx_opt.rcv_wscale)
    };
    let field = field >> sk.rx_opt.rcv_wscale;
    if field == 0 {
        sk.rcv.pred_flags = 0;
    }
    count_edge(old_win, field, cx);
    u16::try_from(field).unwrap_or(u16::MAX)
}

/// Counts windows that close, and those that open again.
fn count_edge(old_win: u32, field: u32, cx: &mut Cx) {
    if field == 0 && old_win != 0 {
        cx.mib.inc(Counter::TcpExtTCPToZeroWindowAdv);
    } else if field != 0 && old_win == 0 {
        cx.mib.inc(Counter::TcpExtTCPFromZeroWindowAdv);
    }
}

/// The window we would like to offer, in bytes.
///
/// RFC 9293 §3.8.6.2.2, RFC 1122 §4.2.3.3 · Linux: __tcp_select_window (net/ipv4/tcp_output.c)
pub(crate) fn __tcp_select_window(sk: &mut Sock, cx: &Cx) -> u32 {
    let may_shrink = tcp_may_shrink_window(sk, cx);
    let room = Room::of(sk, may_shrink);
    if room.is_scarce() {
        // No time for quick ACKs: they would only tell of a small window.
        sk.ack.quick = 0;
        if tcp_under_memory_pressure(cx) {
            tcp_adjust_rcv_ssthresh(sk);
        }
    }
    if room.is_too_little() {
        return 0;
    }
    let offer = room.usable().min(sk.rcv.rcv_ssthresh);
    if room.unit > 1 {
        offer.next_multiple_of(room.unit)
    } else {
        room.whole_segments(offer, sk.rcv.wnd)
    }
}

/// Whether the right edge may move left (net.ipv4.tcp_shrink_window).
///
/// RFC 7323 §2.4 · Linux: the conditions in tcp_select_window and __tcp_select_window
fn tcp_may_shrink_window(sk: &Sock, cx: &Cx) -> bool {
    cx.sysctl.tcp_shrink_window != 0 && sk.rx_opt.rcv_wscale != 0
}

/// Space for payload, in bytes.
#[derive(Clone, Copy, Debug)]
struct Room {
    /// Left in the buffer.
    free: u32,
    /// In an empty buffer, and how much of that a window may ever be.
    whole: u32,
    most: u32,
    /// The peer's segments, as far as one fits.
    mss: u32,
    /// What windows are multiples of.
    unit: u32,
}

impl Room {
    fn of(sk: &Sock, exact: bool) -> Self {
        let whole = tcp_full_space(sk);
        let most = sk.rcv.window_clamp.min(whole);
        let unit = 1 << sk.rx_opt.rcv_wscale;
        let free = tcp_space(sk);
        // A window that may shrink never promises more than there is.
        let free = if exact { free - free % unit } else { free };
        Self { free, whole, most, mss: sk.ack.rcv_mss.min(most), unit }
    }

    /// Half of the buffer is full.
    const fn is_scarce(&self) -> bool {
        self.mss != 0 && self.free < self.most >> 1
    }

    /// What can be promised: when there is little, not a byte more than there is.
    const fn usable(&self) -> u32 {
        if self.is_scarce() { self.free - self.free % self.unit } else { self.free }
    }

    /// Offering what is left would invite silly windows.
    const fn is_too_little(&self) -> bool {
        let usable = self.usable();
        self.mss == 0 || (self.is_scarce() && (usable < self.whole >> 4 || usable < self.mss))
    }

    /// `offer` in whole segments; the `present` window if that would hardly change it.
    const fn whole_segments(&self, offer: u32, present: u32) -> u32 {
        let shrinks = offer < present;
        let grows_by_a_segment = offer >= present.saturating_add(self.mss);
        if shrinks || grows_by_a_segment {
            return offer - offer % self.mss;
        }
        // A buffer of one segment: half of it is worth telling.
        let grows_by_half = offer > present.saturating_add(self.most >> 1);
        if self.mss == self.most && grows_by_half { offer } else { present }
    }
}

/// `bytes` rounded up to what a window of this scale can say.
const fn align_up(bytes: u32, wscale: u8) -> u32 {
    bytes.next_multiple_of(1 << wscale)
}
