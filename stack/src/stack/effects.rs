//! What socket functions ask for elsewhere, done: the only code that changes two tables at once.

use super::Stack;
use crate::api::close::tcp_abort_child;
use crate::effect::Effect;
use crate::flow::Flow;
use crate::memory;
use crate::mutant::Mutant;
use crate::sock::{RequestSock, Sock, SockId, TimeWaitSock};
use crate::table::Object;
use crate::time::Instant;

impl Stack {
    /// A socket begins its life (Linux: tcp_init_sock, sk_sockets_allocated_inc).
    pub(crate) fn add_sock(&mut self, sk: Sock) {
        self.cx.memory.sockets += 1;
        self.objects.put(sk.id, Object::Sock(Box::new(sk)));
    }

    /// Empties the queue of effects; an effect may add more.
    pub(crate) fn apply_effects(&mut self) {
        while let Some(effect) = self.cx.effects.pop_front() {
            match effect {
                Effect::AddRequest(req) => self.add_request(req),
                Effect::FastopenChild(req, syn) => self.tcp_fastopen_create_child(req, &syn),
                Effect::FastopenRemove { listener, counts_until } => {
                    self.fastopen_removed(listener, counts_until);
                }
                Effect::Unhash(id, flow) => self.unhash(id, flow),
                Effect::TimeWait(tw) => self.add_time_wait(tw),
                Effect::Destroy(_) if self.cx.mutant(Mutant::OrphanLeak) => {}
                Effect::Destroy(id) => self.destroy(id),
                Effect::StopListening(id) => self.stop_listening(id),
                Effect::SynqOverflow(local, at) => self.synq_overflow(local, at),
                Effect::Wake(sock, wake) => self.wake(sock, wake),
            }
        }
    }

    /// Linux: synq_overflow_ts of struct sock_reuseport
    fn synq_overflow(&mut self, local: std::net::SocketAddr, at: Instant) {
        for id in self.lhash.group(local) {
            if let Some(sk) = self.objects.sock_mut(id) {
                sk.listener.synq_overflow = Some(at);
            }
        }
    }

    fn add_request(&mut self, mut req: Box<RequestSock>) {
        let id = self.objects.reserve();
        req.id = id;
        self.ehash.insert(req.flow, id);
        self.objects.put(id, Object::Request(req));
    }

    /// Linux: inet_unhash, and inet_put_port unless bind() took the port.
    fn unhash(&mut self, id: SockId, flow: Flow) {
        self.ehash.remove(flow, id);
        self.unhash_listener(id);
        if let Some(sk) = self.objects.sock_mut(id).filter(|sk| !sk.bound_port) {
            self.ports.release(id, std::mem::take(&mut sk.num));
        }
    }

    /// Linux: inet_twsk_hashdance_schedule (net/ipv4/inet_timewait_sock.c)
    fn add_time_wait(&mut self, mut tw: Box<TimeWaitSock>) {
        let id = self.objects.reserve();
        tw.id = id;
        self.ehash.remove(tw.flow, tw.was);
        self.ehash.insert(tw.flow, id);
        self.ports.share(tw.was, id, tw.flow.local.port());
        self.objects.put(id, Object::TimeWait(tw));
    }

    fn destroy(&mut self, id: SockId) {
        let ended = self.objects.sock(id).filter(|sk| sk.dead);
        let Some(sk) = ended else { return };
        let (flow, num) = (sk.flow, sk.num);
        memory::forget(sk, &mut self.cx);
        self.cx.memory.sockets = self.cx.memory.sockets.saturating_sub(1);
        self.ehash.remove(flow, id);
        self.lhash.remove(id);
        self.ports.release(id, num);
        self.cx.orphan_count = self.cx.orphan_count.saturating_sub(1);
        self.objects.remove(id);
    }

    /// What waits for accept() ends, or goes over to another listener. What is half open is left to its
    /// next segment or its timer, which find nobody listening.
    ///
    /// Linux: inet_csk_listen_stop
    fn stop_listening(&mut self, id: SockId) {
        let ready = self.objects.sock_mut(id).map(|sk| std::mem::take(&mut sk.listener.ready));
        for child in ready.into_iter().flatten() {
            if self.cx.mutant(Mutant::UnacceptedKept) || self.migrate_child(id, child) {
                continue;
            }
            if let Some(sk) = self.objects.sock_mut(child) {
                tcp_abort_child(sk, &mut self.cx);
            }
        }
        self.lhash.requests_gone(id, 0);
    }

    /// A half-open connection is over, one way or the other.
    pub(crate) fn forget_request(&mut self, req: &RequestSock) {
        self.ehash.remove(req.flow, req.id);
        self.objects.remove(req.id);
        self.reqsk_queue_removed(req);
    }

    /// A listener has a half-open connection less.
    ///
    /// Linux: reqsk_queue_removed (include/net/request_sock.h)
    pub(super) fn reqsk_queue_removed(&mut self, req: &RequestSock) {
        self.lhash.requests_gone(req.listener, 1);
        if let Some(sk) = self.objects.sock_mut(req.listener) {
            sk.listener.qlen = sk.listener.qlen.saturating_sub(1);
            if req.num_timeout == 0 {
                sk.listener.young = sk.listener.young.saturating_sub(1);
            }
        }
    }

    /// A remainder is over.
    ///
    /// Linux: inet_twsk_kill (net/ipv4/inet_timewait_sock.c)
    pub(crate) fn forget_time_wait(&mut self, tw: &TimeWaitSock) {
        self.cx.tw_count = self.cx.tw_count.saturating_sub(1);
        self.ehash.remove(tw.flow, tw.id);
        self.ports.release(tw.id, tw.flow.local.port());
        self.objects.remove(tw.id);
    }
}
