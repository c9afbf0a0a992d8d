//! What the peer has seen of a connection, which gives the relative numbers of a scenario their
//! values. The peer sees what the link did not lose.

use synproof_harness::scenario::{Ack, Seq, Stamp};

use super::numbers::{before, later};
use super::seen::{ACK, RST, SYN, Seen};

/// TSval of the peer at time zero; its clock counts milliseconds.
const CLOCK_AT_ZERO: u32 = 1000;

/// One connection as its peer sees it.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// The peer's initial sequence number.
    isn: u32,
    /// The number behind everything the peer has sent in order.
    next: u32,
    /// A SYN while there was a connection: its number and its end.
    reopening: Option<(u32, u32)>,
    /// The stack's initial sequence number, once it was seen.
    theirs: Option<u32>,
    /// The number behind everything of the stack's that was seen.
    snd_nxt: u32,
    /// The highest number the peer has acknowledged.
    snd_una: u32,
    /// The last acknowledgment of the stack.
    rcv_nxt: u32,
    /// The first number beyond the last window of the stack.
    right_edge: u32,
    /// Window scale of the stack, if both ends scale.
    shift: u8,
    /// The peer's SYN had a window scale.
    scales: bool,
    /// The stack's SYN had one.
    they_scale: Option<u8>,
    /// The last TSval of the stack.
    ts_recent: u32,
}

impl Peer {
    /// The value of a number of the peer's stream; a SYN's is absolute.
    #[must_use]
    pub fn seq(&self, seq: Seq, syn: bool) -> u32 {
        let from = |base: u32, by: i32| base.wrapping_add_signed(by);
        match seq {
            Seq::At(number) if syn => number,
            Seq::At(number) => self.isn.wrapping_add(number),
            Seq::Isn(by) => from(self.isn, by),
            Seq::Next(by) => from(self.next, by),
            Seq::RcvNxt(by) => from(self.rcv_nxt, by),
            Seq::RightEdge(by) => from(self.right_edge, by),
        }
    }

    /// The value of a number of the stack's stream.
    #[must_use]
    pub fn ack(&self, ack: Ack) -> u32 {
        let isn = self.theirs.unwrap_or_default();
        match ack {
            Ack::At(number) => isn.wrapping_add(number),
            Ack::Isn(by) => isn.wrapping_add_signed(by),
            Ack::SndUna(by) => self.snd_una.wrapping_add_signed(by),
            Ack::SndNxt(by) => self.snd_nxt.wrapping_add_signed(by),
        }
    }

    /// TSval and TSecr.
    #[must_use]
    pub fn stamps(&self, val: Stamp, ecr: Stamp, now_ms: u64) -> (u32, u32) {
        let clock =
            CLOCK_AT_ZERO.wrapping_add(u32::try_from(now_ms & 0xffff_ffff).unwrap_or_default());
        let value = |stamp: Stamp, base: u32| match stamp {
            Stamp::At(number) => number,
            Stamp::Recent(by) => base.wrapping_add_signed(by),
        };
        (value(val, clock), value(ecr, self.ts_recent))
    }

    /// The peer sends a segment. A SYN begins a connection; when there is one, only if the stack
    /// answers that it does.
    pub fn sends(&mut self, flags: u16, seq: u32, end: u32, ack: Option<u32>, scales: bool) {
        if flags & RST != 0 {
            return;
        }
        if flags & SYN != 0 {
            if self.rcv_nxt.wrapping_sub(self.isn).wrapping_sub(1) < 1 << 30 && self.next != 0 {
                self.reopening = Some((seq, end));
            } else if self.isn != seq || self.next == 0 {
                (self.isn, self.next) = (seq, end);
            }
            self.scales = scales;
            self.rescale();
        } else if !before(self.next, seq) {
            self.next = later(self.next, end);
        }
        if let Some(ack) = ack.filter(|ack| !before(self.snd_nxt, *ack)) {
            self.snd_una = later(self.snd_una, ack);
        }
    }

    /// The peer sees a packet of the stack. A reset says nothing of the numbers in use.
    pub fn sees(&mut self, seen: &Seen) {
        self.ts_recent = seen.ts.unwrap_or(self.ts_recent);
        if seen.has(RST) {
            return;
        }
        if seen.has(SYN) {
            if self.theirs != Some(seen.seq) {
                (self.theirs, self.snd_nxt, self.snd_una) = (Some(seen.seq), seen.end(), seen.seq);
            }
            let reopened =
                |(isn, _): &(u32, u32)| seen.ack.wrapping_sub(*isn).wrapping_sub(1) < 1500;
            if let Some((isn, next)) = self.reopening.take_if(|syn| seen.has(ACK) && reopened(syn))
            {
                (self.isn, self.next) = (isn, next);
            }
            self.they_scale = seen.wscale;
            self.rescale();
        }
        if self.theirs.is_some() {
            self.snd_nxt = later(self.snd_nxt, seen.end());
        }
        if seen.has(ACK) {
            let shift = if seen.has(SYN) { 0 } else { self.shift };
            self.rcv_nxt = seen.ack;
            self.right_edge = seen.ack.wrapping_add(u32::from(seen.window) << shift);
        }
    }

    /// The peer has acknowledged everything it has seen.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.snd_una == self.snd_nxt
    }

    fn rescale(&mut self) {
        self.shift = self.they_scale.filter(|_| self.scales).unwrap_or_default().min(14);
    }
}
