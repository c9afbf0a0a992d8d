//! Making the child of a SYN with a valid cookie, and the listener's books about it.
//!
//! RFC 7413 §4.2.2 · Linux: tcp_fastopen_create_child (net/ipv4/tcp_fastopen.c), the Fast Open part
//! of tcp_conn_request (net/ipv4/tcp_input.c), reqsk_fastopen_remove (net/core/request_sock.c)

use crate::cx::Cx;
use crate::effect::Wake;
use crate::input::{tcp_fastopen_add_skb, tcp_init_transfer, tcp_v4_syn_recv_sock};
use crate::output::synack::{SynackType, tcp_v4_send_synack};
use crate::sock::control_block::TCP_TIMEOUT_INIT_MS;
use crate::sock::{RequestSock, Sock, SockId};
use crate::stack::Stack;
use crate::state::TcpState;
use crate::time::Jiffies;
use crate::timer::{Timer, tcp_reset_xmit_timer};
use crate::wire::Segment;

impl Stack {
    /// A child that has the data of `syn`, can be accepted, and answers with the SYN-ACK.
    ///
    /// Linux: tcp_fastopen_create_child (net/ipv4/tcp_fastopen.c)
    pub(crate) fn tcp_fastopen_create_child(&mut self, mut req: Box<RequestSock>, syn: &Segment) {
        let (id, flow, listener_id) = (self.objects.reserve(), req.flow, req.listener);
        let Some(listener) = self.objects.sock(listener_id) else { return };
        let mut child = tcp_v4_syn_recv_sock(&mut req, syn, listener, id, &mut self.cx);
        // What the child needs of its request; the timer is the child's.
        req.id = id;
        req.timer = None;
        init_child(&mut child, req, syn, &mut self.cx);
        self.add_sock(child);
        self.ehash.insert(flow, id);
        self.ports.inherit(id, flow.local.port());
        if let Some(sk) = self.objects.sock_mut(listener_id) {
            sk.listener.fastopenq.qlen += 1;
            sk.listener.ready.push_back(id);
        }
        self.cx.wake(listener_id, Wake::Readable);
    }

    /// The handshake of a child is over.
    ///
    /// Linux: reqsk_fastopen_remove (net/core/request_sock.c), the listener's half
    pub(crate) fn fastopen_removed(&mut self, listener: SockId, counts_until: Option<Jiffies>) {
        let Some(sk) = self.objects.sock_mut(listener) else { return };
        let listens = sk.state() == TcpState::Listen;
        let queue = &mut sk.listener.fastopenq;
        queue.qlen = queue.qlen.saturating_sub(1);
        if let Some(expires) = counts_until.filter(|_| listens) {
            // Whoever spoofs SYNs is found out by resets; too many of them turn Fast Open off.
            queue.rst.push_back(expires);
            queue.qlen += 1;
        }
    }
}

/// The child goes by the SYN alone.
fn init_child(child: &mut Sock, mut req: Box<RequestSock>, syn: &Segment, cx: &mut Cx) {
    // [RFC7323:2.2#2] The window of a SYN is never scaled.
    child.snd.wnd = u32::from(syn.wnd);
    child.snd.max_window = child.snd.wnd;
    tcp_reset_xmit_timer(child, Timer::Retransmit, cx.hz.msecs_to_jiffies(TCP_TIMEOUT_INIT_MS), cx);
    tcp_init_transfer(child, cx);
    child.rcv.nxt = syn.seq + 1;
    tcp_fastopen_add_skb(child, syn, cx);
    req.rcv_nxt = child.rcv.nxt;
    child.rcv.wup = child.rcv.nxt;
    tcp_v4_send_synack(&req, SynackType::Normal, cx);
    child.fastopen.rsk = Some(req);
    child.fastopen.syn_fastopen_child = true;
}
