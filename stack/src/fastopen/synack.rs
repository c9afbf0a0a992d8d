//! What the SYN-ACK says about the data and the cookie of a client's SYN.
//!
//! RFC 7413 §4.2.1 · Linux: tcp_rcv_fastopen_synack (net/ipv4/tcp_input.c), tcp_fastopen_add_skb
//! (net/ipv4/tcp_fastopen.c)

use super::cookie::Cookie;
use super::vars::ClientFail;
use crate::congestion::tcp_mark_skb_lost;
use crate::cx::Cx;
use crate::input::{tcp_fastopen_add_skb, tcp_non_congestion_loss_retransmit};
use crate::metrics::{CacheSet, tcp_fastopen_cache_set};
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::sock::Sock;
use crate::wire::Segment;

/// Remembers MSS and cookie, sends again the data that was not acknowledged, takes the data that
/// came along. True when data was sent again, which is an ACK, too.
pub(crate) fn tcp_rcv_fastopen_synack(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> bool {
    if !sk.fastopen.syn_fastopen && !sk.fastopen.syn_data {
        return false;
    }
    let data = sk.fastopen.syn_data && !sk.write_queue.is_rtx_empty();
    let retransmitted = sk.loss.total_retrans != 0;
    remember(sk, seg, data, cx);
    if data {
        sk.fastopen.client_fail =
            if retransmitted { ClientFail::SynRetransmitted } else { ClientFail::DataNotAcked };
        for index in 0..sk.write_queue.rtx_len() {
            tcp_mark_skb_lost(sk, index, cx);
        }
        if !cx.mutant(Mutant::FastOpenDataLost) {
            tcp_non_congestion_loss_retransmit(sk, cx);
        }
        cx.mib.inc(Counter::TcpExtTCPFastOpenActiveFail);
        return true;
    }
    sk.fastopen.syn_data_acked = sk.fastopen.syn_data;
    if sk.fastopen.syn_data_acked {
        cx.mib.inc(Counter::TcpExtTCPFastOpenActive);
        // SYN and data were one packet and count as two.
        if sk.total.delivered > 1 {
            sk.total.delivered -= 1;
        }
    }
    tcp_fastopen_add_skb(sk, seg, cx);
    false
}

fn remember(sk: &mut Sock, seg: &Segment, data: bool, cx: &mut Cx) {
    let mut mss = u16::try_from(sk.rx_opt.mss_clamp).unwrap_or(u16::MAX);
    if u32::from(mss) == sk.rx_opt.user_mss {
        // What the peer said, not what the user made of it.
        mss = seg.options.mss.unwrap_or(0);
    }
    let option = seg.options.fastopen.as_ref();
    let mut cookie =
        option.and_then(|option| Some(Cookie { bytes: option.cookie.clone()?, exp: option.exp }));
    let (mut syn_lost, mut try_exp) = (false, 0);
    if !sk.fastopen.syn_fastopen || cx.mutant(Mutant::FastOpenCookieForgotten) {
        // Nobody asked for it.
        cookie = None;
    } else if sk.loss.total_retrans != 0 {
        // The peer seems to have seen nothing but the SYN sent again.
        syn_lost = cookie.is_none() && data;
    } else if cookie.is_none() && !sk.fastopen.syn_data {
        try_exp = if sk.fastopen.syn_fastopen_exp { 2 } else { 1 };
    }
    tcp_fastopen_cache_set(sk, CacheSet { mss, cookie, syn_lost, try_exp }, cx);
}
