//! What the rig drives: a TCP that is told of packets and time.

use synproof_stack::Stack;
use synproof_stack::time::Instant;

/// A host without IO and clock. Time never runs backwards.
pub trait Host {
    /// A packet arrived.
    fn on_packet(&mut self, now: Instant, packet: &[u8]);

    /// Time has passed.
    fn on_timer(&mut self, now: Instant);

    /// The next packet to send.
    fn poll_transmit(&mut self, now: Instant) -> Option<Vec<u8>>;

    /// When [`on_timer`](Self::on_timer) should be called next, at the latest.
    fn poll_timer(&mut self, now: Instant) -> Option<Instant>;
}

impl Host for Stack {
    fn on_packet(&mut self, now: Instant, packet: &[u8]) {
        Self::on_packet(self, now, packet);
    }

    fn on_timer(&mut self, now: Instant) {
        Self::on_timer(self, now);
        // A driver tries every call again after every turn; it needs no hints.
        while self.poll_event().is_some() {}
    }

    fn poll_transmit(&mut self, _now: Instant) -> Option<Vec<u8>> {
        Self::poll_transmit(self)
    }

    fn poll_timer(&mut self, _now: Instant) -> Option<Instant> {
        Self::poll_timer(self)
    }
}
