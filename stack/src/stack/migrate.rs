//! What a listener leaves behind goes over to another of its SO_REUSEPORT group
//! (net.ipv4.tcp_migrate_req).
//!
//! Linux: reuseport_migrate_sock (net/core/sock_reuseport.c), inet_csk_listen_stop,
//! inet_reqsk_clone (net/ipv4/inet_connection_sock.c)

use super::Stack;
use crate::effect::Wake;
use crate::flow::Flow;
use crate::mib::Counter;
use crate::sock::{RequestSock, SockId};
use crate::state::TcpState;

impl Stack {
    /// A listener leaves its table, but not its group if others may have what it leaves behind.
    pub(super) fn unhash_listener(&mut self, id: SockId) {
        if self.cx.sysctl.tcp_migrate_req == 0 {
            return self.lhash.remove(id);
        }
        let requests = self.objects.sock(id).map_or(0, |sk| sk.listener.qlen);
        self.lhash.stop_listening(id, requests);
    }

    /// Who the segments of a request are for: its listener, or another if that has ended.
    pub(crate) fn listener_of(&mut self, req: &RequestSock) -> Option<SockId> {
        if self.listens(req.listener) {
            return Some(req.listener);
        }
        self.reuseport_migrate_sock(req.listener, req.flow)
    }

    /// A request whose listener has ended belongs to another from now on; true if there is one.
    ///
    /// Linux: the beginning of reqsk_timer_handler
    pub(super) fn migrate_request(&mut self, req: &mut RequestSock) -> bool {
        if self.listens(req.listener) {
            return false;
        }
        let Some(heir) = self.reuseport_migrate_sock(req.listener, req.flow) else { return false };
        self.reqsk_queue_removed(req);
        req.listener = heir;
        if let Some(sk) = self.objects.sock_mut(heir) {
            sk.listener.qlen += 1;
            sk.listener.young += u32::from(req.num_timeout == 0);
        }
        true
    }

    /// What waited for accept() waits at another listener; false if there is none.
    ///
    /// Linux: the loop of inet_csk_listen_stop
    pub(super) fn migrate_child(&mut self, from: SockId, child: SockId) -> bool {
        let Some(flow) = self.objects.sock(child).map(|sk| sk.flow) else { return false };
        let Some(heir) = self.reuseport_migrate_sock(from, flow) else { return false };
        if let Some(sk) = self.objects.sock_mut(child) {
            sk.parent = Some(heir);
            if let Some(req) = &mut sk.fastopen.rsk {
                req.listener = heir;
            }
        }
        if let Some(sk) = self.objects.sock_mut(heir) {
            sk.listener.ready.push_back(child);
        }
        self.count_migration(true);
        self.cx.wake(heir, Wake::Readable);
        true
    }

    /// A migration succeeded, or what migrated ended all the same.
    pub(crate) fn count_migration(&mut self, success: bool) {
        self.cx.mib.inc(if success {
            Counter::TcpExtTCPMigrateReqSuccess
        } else {
            Counter::TcpExtTCPMigrateReqFailure
        });
    }

    fn listens(&self, id: SockId) -> bool {
        self.objects.sock(id).is_some_and(|sk| sk.state() == TcpState::Listen)
    }

    /// Another listener of the group that `from` was in, for the connection `flow`.
    ///
    /// Linux: reuseport_migrate_sock without a program
    fn reuseport_migrate_sock(&mut self, from: SockId, flow: Flow) -> Option<SockId> {
        let hash = self.cx.rng.inet_ehashfn(flow.local, flow.remote);
        let heir = self.lhash.heir(from, hash)?.filter(|_| self.cx.sysctl.tcp_migrate_req != 0);
        if heir.is_none() {
            self.count_migration(false);
        }
        heir
    }
}
