//! What a SYN for a listener with Fast Open is answered with.
//!
//! RFC 7413 §4.2 · Linux: tcp_try_fastopen, tcp_fastopen_queue_check (net/ipv4/tcp_fastopen.c)

use super::cookie::{Cookie, cookie_gen, key_of};
use super::{TFO_SERVER_COOKIE_NOT_REQD, TFO_SERVER_ENABLE};
use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::sock::Sock;
use crate::wire::Segment;

/// The answer to a SYN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The ordinary handshake; the SYN-ACK carries this cookie.
    Handshake(Option<Cookie>),
    /// A socket at once; a cookie only if the client's is of the backup key.
    Child(Option<Cookie>),
}

/// Judges the Fast Open option and the data of a SYN.
///
/// Linux: tcp_try_fastopen (net/ipv4/tcp_fastopen.c) · Differs: the child is made by the caller.
pub(crate) fn tcp_try_fastopen(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Answer {
    let option = seg.options.fastopen.clone();
    let exp = option.as_ref().is_some_and(|option| option.exp);
    let foc = option.and_then(|option| option.cookie);
    if foc.as_ref().is_some_and(Vec::is_empty) {
        cx.mib.inc(Counter::TcpExtTCPFastOpenCookieReqd);
    }
    let syn_data = seg.end_seq() != seg.seq + 1;
    let enabled = cx.sysctl.tcp_fastopen & TFO_SERVER_ENABLE != 0;
    if !enabled || !(syn_data || foc.is_some()) || !tcp_fastopen_queue_check(sk, cx) {
        return Answer::Handshake(None);
    }
    if tcp_fastopen_no_cookie(sk, TFO_SERVER_COOKIE_NOT_REQD, cx) {
        cx.mib.inc(Counter::TcpExtTCPFastOpenPassive);
        return Answer::Child(None);
    }
    let Some(foc) = foc else { return Answer::Handshake(None) };
    let (src, dst) = (seg.ip.src, seg.ip.dst);
    let keys = sk.listener.fastopenq.keys.as_ref().unwrap_or(&cx.sysctl.tcp_fastopen_key);
    let fresh = keys
        .first()
        .map(|primary| Cookie { bytes: cookie_gen(primary, src, dst, cx).to_vec(), exp });
    if foc.is_empty() {
        return Answer::Handshake(fresh);
    }
    let Some(key) = key_of(&foc, keys, (src, dst), cx) else {
        cx.mib.inc(Counter::TcpExtTCPFastOpenPassiveFail);
        return Answer::Handshake(fresh);
    };
    if key == 1 {
        cx.mib.inc(Counter::TcpExtTCPFastOpenPassiveAltKey);
    }
    cx.mib.inc(Counter::TcpExtTCPFastOpenPassive);
    Answer::Child(fresh.filter(|_| key == 1 && !cx.mutant(Mutant::FastOpenNoFreshCookie)))
}

/// Whether another child may wait for the end of its handshake.
///
/// Linux: tcp_fastopen_queue_check (net/ipv4/tcp_fastopen.c)
fn tcp_fastopen_queue_check(sk: &mut Sock, cx: &mut Cx) -> bool {
    let queue = &mut sk.listener.fastopenq;
    if queue.max_qlen == 0 {
        return false;
    }
    if queue.qlen >= queue.max_qlen && !cx.mutant(Mutant::FastOpenUnlimited) {
        if queue.rst.front().is_none_or(|expires| *expires > cx.jiffies()) {
            cx.mib.inc(Counter::TcpExtTCPFastOpenListenOverflow);
            return false;
        }
        queue.rst.pop_front();
        queue.qlen = queue.qlen.saturating_sub(1);
    }
    true
}

/// Whether this end does without cookies; `flag` is its bit of net.ipv4.tcp_fastopen.
///
/// Linux: tcp_fastopen_no_cookie (net/ipv4/tcp_fastopen.c)
pub(super) fn tcp_fastopen_no_cookie(sk: &Sock, flag: i32, cx: &Cx) -> bool {
    cx.sysctl.tcp_fastopen & flag != 0
        || sk.opts.fastopen.no_cookie
        || cx.net.route.fastopen_no_cookie
}
