//! Middleboxes that swallow what a Fast Open SYN starts: when to stop trying, and for how long.
//!
//! RFC 7413 §7.1 · Linux: tcp_fastopen_active_disable and the functions around it
//! (net/ipv4/tcp_fastopen.c)

use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::sock::Sock;
use crate::time::Instant;

/// Doublings of the time Fast Open stays off, at most.
const MAX_DOUBLINGS: u32 = 6;

/// Since when no client of this host uses Fast Open, and how often that has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blackhole {
    /// tfo_active_disable_stamp
    since: Instant,
    /// tfo_active_disable_times
    times: u32,
}

/// Writing the sysctl starts the count over.
///
/// Linux: proc_tfo_blackhole_detect_timeout (net/ipv4/sysctl_net_ipv4.c)
fn times(cx: &mut Cx) -> u32 {
    if std::mem::take(&mut cx.sysctl.tcp_fastopen_blackhole_timeout_sec.is_new) {
        cx.blackhole.times = 0;
    }
    cx.blackhole.times
}

/// No client uses Fast Open for a while.
///
/// Linux: tcp_fastopen_active_disable (net/ipv4/tcp_fastopen.c)
pub(crate) fn tcp_fastopen_active_disable(cx: &mut Cx) {
    if cx.sysctl.tcp_fastopen_blackhole_timeout_sec.value == 0 {
        return;
    }
    cx.blackhole = Blackhole { since: cx.now, times: times(cx).saturating_add(1) };
    cx.mib.inc(Counter::TcpExtTCPFastOpenBlackhole);
}

/// Whether Fast Open is off. The first connection after that time checks whether it works again.
///
/// Linux: tcp_fastopen_active_should_disable (net/ipv4/tcp_fastopen.c)
pub(super) fn tcp_fastopen_active_should_disable(sk: &mut Sock, cx: &mut Cx) -> bool {
    let timeout = u64::from(cx.sysctl.tcp_fastopen_blackhole_timeout_sec.value.unsigned_abs());
    let times = times(cx);
    if timeout == 0 || times == 0 || cx.mutant(Mutant::FastOpenBlackholeIgnored) {
        return false;
    }
    let off = cx.hz.secs(timeout << (times - 1).min(MAX_DOUBLINGS));
    if u64::from(cx.ticks_since(cx.blackhole.since)) < off {
        return true;
    }
    sk.fastopen.syn_fastopen_ch = true;
    false
}

/// A connection ends: if nothing but a FIN behind a gap ever came, data is being swallowed; if data
/// came, all is well again.
///
/// Linux: tcp_fastopen_active_disable_ofo_check (net/ipv4/tcp_fastopen.c)
pub(crate) fn tcp_fastopen_active_disable_ofo_check(sk: &Sock, cx: &mut Cx) {
    if !sk.fastopen.syn_fastopen {
        return;
    }
    if sk.total.data_segs_in == 0 {
        if sk.ofo_queue.is_lone_fin() {
            tcp_fastopen_active_disable(cx);
        }
    } else if sk.fastopen.syn_fastopen_ch && !sk.flow.remote.ip().is_loopback() {
        cx.blackhole.times = 0;
    }
}

/// The third timeout in a row, or the end of trying.
///
/// Linux: tcp_fastopen_active_detect_blackhole (net/ipv4/tcp_fastopen.c)
pub(crate) fn tcp_fastopen_active_detect_blackhole(sk: &Sock, expired: bool, cx: &mut Cx) {
    let vars = &sk.fastopen;
    let timeouts = sk.loss.retransmits;
    let uses_it = vars.syn_fastopen || vars.syn_data || vars.syn_data_acked;
    if uses_it && (timeouts == 2 || (timeouts < 2 && expired)) {
        tcp_fastopen_active_disable(cx);
        cx.mib.inc(Counter::TcpExtTCPFastOpenActiveFail);
    }
}
