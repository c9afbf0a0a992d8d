//! The client's SYN with data.
//!
//! RFC 7413 §4.2.1 · Linux: tcp_send_syn_data (net/ipv4/tcp_output.c), tcp_fastopen_cookie_check,
//! tcp_fastopen_defer_connect (net/ipv4/tcp_fastopen.c)

use super::TFO_CLIENT_NO_COOKIE;
use super::blackhole::tcp_fastopen_active_should_disable;
use super::cookie::Cookie;
use super::server::tcp_fastopen_no_cookie;
use super::vars::{ClientFail, FastopenRequest};
use crate::cx::Cx;
use crate::metrics::tcp_fastopen_cache_get;
use crate::mib::Counter;
use crate::output::mss::{__tcp_mtu_to_mss, tcp_mss_clamp, tcp_sync_mss};
use crate::output::transmit::{Outgoing, tcp_transmit_skb};
use crate::seq::Seq;
use crate::sock::chunk::Chunk;
use crate::sock::{Chrono, Sock};
use crate::wire::Flags;

/// MAX_TCP_OPTION_SPACE: left free, for middleboxes that add options.
const MAX_TCP_OPTION_SPACE: u32 = 40;

/// What the SYN may do.
struct CookieCheck {
    /// Data may go with it.
    ok: bool,
    /// MSS of the peer's last SYN-ACK.
    mss: Option<u16>,
    /// The option it carries.
    cookie: Option<Cookie>,
}

/// Linux: tcp_fastopen_cookie_check (net/ipv4/tcp_fastopen.c)
fn tcp_fastopen_cookie_check(sk: &mut Sock, cx: &mut Cx) -> CookieCheck {
    let (mss, cookie) = tcp_fastopen_cache_get(sk, cx);
    if tcp_fastopen_active_should_disable(sk, cx) {
        return CookieCheck { ok: false, mss, cookie: None };
    }
    if tcp_fastopen_no_cookie(sk, TFO_CLIENT_NO_COOKIE, cx) {
        return CookieCheck { ok: true, mss, cookie: None };
    }
    let ok = !cookie.is_request();
    if !ok {
        sk.fastopen.client_fail = ClientFail::CookieUnavailable;
    }
    CookieCheck { ok, mss, cookie: Some(cookie) }
}

/// Whether connect() leaves the SYN to the first write. If not, the SYN asks for a cookie.
///
/// Linux: tcp_fastopen_defer_connect (net/ipv4/tcp_fastopen.c)
pub(crate) fn tcp_fastopen_defer_connect(sk: &mut Sock, cx: &mut Cx) -> bool {
    if !sk.opts.fastopen.connect || sk.fastopen.req.is_some() {
        return false;
    }
    let check = tcp_fastopen_cookie_check(sk, cx);
    if check.ok {
        sk.fastopen.defer_connect = true;
        return true;
    }
    sk.fastopen.req = Some(FastopenRequest { cookie: check.cookie, ..FastopenRequest::default() });
    false
}

/// Sends the SYN, with data and cookie if there is a cookie, else with a request for one. The data
/// is queued behind the SYN: when either is sent again, it goes alone.
///
/// RFC 7413 §4.2.1 · Linux: tcp_send_syn_data (net/ipv4/tcp_output.c)
pub(crate) fn tcp_send_syn_data(sk: &mut Sock, seq: Seq, flags: Flags, cx: &mut Cx) {
    sk.rx_opt.mss_clamp = sk.advmss;
    let check = tcp_fastopen_cookie_check(sk, cx);
    if let Some(mss) = check.mss {
        sk.rx_opt.mss_clamp = u32::from(mss);
    }
    let data = if check.ok { data_for_syn(sk, cx) } else { None };
    let Some(req) = sk.fastopen.req.as_mut() else { return };
    req.cookie = check.cookie;
    let Some(data) = data else {
        // The option without a cookie asks for a new one.
        if let Some(cookie) = &mut req.cookie {
            cookie.bytes.clear();
        }
        tcp_transmit_skb(sk, Outgoing::empty(seq, flags), cx);
        return sent(sk);
    };
    req.copied = data.len();
    req.more = data.len() != req.size;
    let zcopy = req.zcopy.filter(|_| !data.is_empty());
    sk.snd.write_seq = sk.snd.write_seq.plus_len(data.len());
    sk.loss.packets_out += 1;
    if !data.is_empty() {
        sk.chrono.start(Chrono::Busy, cx.jiffies());
    }
    sk.fastopen.syn_data = !data.is_empty();
    let mut chunk = Chunk::new(seq + 1, Flags::ACK | Flags::PSH, data.clone());
    chunk.sent_at = cx.now;
    chunk.zcopy = zcopy;
    sk.write_queue.push_rtx(chunk);
    tcp_transmit_skb(sk, Outgoing { seq, flags, payload: data, gso_size: 0 }, cx);
    cx.mib.inc(Counter::TcpExtTCPOrigDataSent);
    sent(sk);
}

/// SYNs sent again have no Fast Open option.
fn sent(sk: &mut Sock) {
    if let Some(req) = &mut sk.fastopen.req {
        req.cookie = None;
    }
}

/// As much of the call's data as fits beside any options; none if it could not be read.
fn data_for_syn(sk: &mut Sock, cx: &Cx) -> Option<Vec<u8>> {
    sk.rx_opt.mss_clamp = tcp_mss_clamp(sk.rx_opt.user_mss, sk.rx_opt.mss_clamp);
    tcp_sync_mss(sk, sk.pmtu_cookie, cx);
    let space = __tcp_mtu_to_mss(sk, sk.pmtu_cookie, cx).saturating_sub(MAX_TCP_OPTION_SPACE);
    let req = sk.fastopen.req.as_ref()?;
    let space = usize::try_from(space).unwrap_or(usize::MAX).min(req.size);
    let data = req.data.get(..space.min(req.data.len())).unwrap_or_default();
    if space > 0 && data.is_empty() { None } else { Some(data.to_vec()) }
}
