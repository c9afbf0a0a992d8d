//! Time passes: which timer is next, and whose it is.

use super::Stack;
use crate::flow::Flow;
use crate::mutant::Mutant;
use crate::sock::SockId;
use crate::state::{Event, TcpState, advance};
use crate::table::Object;
use crate::time::Instant;
use crate::timer::{self, Timer};
use crate::trace::TraceEvent;

impl Stack {
    /// Time has passed: runs every timer that is due, in the order they are due.
    pub fn on_timer(&mut self, now: Instant) {
        self.set_now(now);
        self.process_backlog();
        loop {
            let timer = self.objects.next_timer().filter(|(at, _)| *at <= now);
            let packet = self.cx.queue.next_due().filter(|at| *at <= now);
            match timer {
                Some((at, id)) if packet.is_none_or(|due| at < due) => self.fire(id, at),
                Some(_) | None if packet.is_some() => self.dequeue(),
                Some(_) | None => break,
            }
            self.apply_effects();
            self.process_backlog();
        }
    }

    /// When [`on_timer`](Self::on_timer) should be called next.
    #[must_use]
    pub fn poll_timer(&self) -> Option<Instant> {
        if !self.cx.loopback.is_empty() {
            return Some(self.cx.now);
        }
        let timer = self.objects.next_timer().map(|(at, _)| at);
        timer.into_iter().chain(self.cx.queue.next_due()).min()
    }

    /// Runs the timer of `id` that is due at `at`.
    fn fire(&mut self, id: SockId, at: Instant) {
        match self.objects.get(id) {
            Some(Object::Sock(_)) => {
                self.enter(id, |sk, cx| timer::run_due(sk, at, cx));
            }
            Some(Object::Request(_)) => {
                self.cx.wheel.runs(at);
                self.fire_request(id);
            }
            Some(Object::TimeWait(_)) => {
                self.cx.wheel.runs(at);
                self.fire_time_wait(id);
            }
            None => {}
        }
    }

    fn fire_request(&mut self, id: SockId) {
        let Some(mut req) = self.objects.take_request(id) else { return };
        self.trace_timer(req.flow, Timer::SynAck);
        let migrated = self.migrate_request(&mut req);
        let alive = match self.objects.sock_mut(req.listener) {
            Some(sk) if sk.state() == TcpState::Listen => {
                let view = timer::ListenerView {
                    user_mss: sk.rx_opt.user_mss,
                    dontroute: sk.opts.dontroute,
                    syncnt: sk.opts.syncnt,
                    rto_max: sk.opts.rto_max,
                    defer_accept: sk.opts.defer_accept,
                    queue: &mut sk.listener,
                };
                timer::reqsk_timer_handler(&mut req, view, &mut self.cx)
            }
            Some(_) | None => false,
        };
        if migrated {
            self.count_migration(alive);
        }
        if alive {
            self.objects.put(id, Object::Request(req));
        } else {
            advance(&mut req.state, req.flow, Event::GiveUp, &mut self.cx);
            if !self.cx.mutant(Mutant::RequestLeak) {
                self.forget_request(&req);
            }
        }
    }

    fn fire_time_wait(&mut self, id: SockId) {
        let Some(mut tw) = self.objects.take_time_wait(id) else { return };
        self.trace_timer(tw.flow, Timer::TimeWait);
        advance(&mut tw.state, tw.flow, Event::WaitTimeout, &mut self.cx);
        if !self.cx.mutant(Mutant::TimeWaitLeak) {
            self.forget_time_wait(&tw);
        }
    }

    fn trace_timer(&mut self, flow: Flow, timer: Timer) {
        let at = self.cx.now;
        self.cx.trace.push(TraceEvent::TimerFired { at, flow, timer });
    }
}
