//! The windows of one connection, from the outside: what its log says was sent and acknowledged.

use super::grid::{Kind, Position};
use crate::packet::{Tcp, TcpOption, flag};
use crate::target::TcpState;

/// Sequence variables of the target, as the wire tells them. Numbers are the script's, relative to
/// the SYNs.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// Of the peer's first SYN, which the log has as the script has it.
    peer_isn: Option<u32>,
    /// Of the target's first SYN.
    own_isn: Option<u32>,
    rcv_nxt: Option<u32>,
    /// The furthest right edge that was offered.
    right: Option<u32>,
    snd_una: u32,
    snd_nxt: u32,
    max_wnd: u32,
    peer_scale: Option<u8>,
    own_scale: Option<u8>,
}

impl Track {
    /// A segment of the target.
    pub(super) fn sent(&mut self, tcp: &Tcp) {
        let syn = tcp.has(flag::SYN);
        let mut scale = 0;
        if syn {
            self.own_isn.get_or_insert(tcp.seq);
            self.own_scale = scale_of(tcp);
        } else if self.peer_scale.is_some() {
            scale = self.own_scale.unwrap_or(0);
        }
        let seq = if syn { tcp.seq.wrapping_sub(self.own_isn.unwrap_or(0)) } else { tcp.seq };
        let end = seq.wrapping_add(tcp.seg_len());
        if !tcp.has(flag::RST) && after(end, self.snd_nxt) {
            self.snd_nxt = end;
        }
        if tcp.has(flag::ACK) && !tcp.has(flag::RST) {
            let base = if syn { self.peer_isn.unwrap_or(0) } else { 0 };
            let ack = tcp.ack.wrapping_sub(base);
            self.rcv_nxt = Some(ack);
            let right = ack.wrapping_add(u32::from(tcp.window) << scale.min(14));
            if self.right.is_none_or(|old| after(right, old)) {
                self.right = Some(right);
            }
        }
    }

    /// The target has sent a SYN.
    pub(super) fn has_sent_syn(&self) -> bool {
        self.own_isn.is_some()
    }

    /// Where an arriving segment lies; called before [`Track::received`].
    pub(super) fn position(&self, state: TcpState, tcp: &Tcp) -> Position {
        let kind = Kind::of(tcp);
        let ack = (!matches!(state, TcpState::Close | TcpState::Listen) && kind.has_ack())
            .then(|| self.ack_position(tcp.ack))
            .flatten();
        if matches!(state, TcpState::Close | TcpState::Listen | TcpState::SynSent) {
            let current = if kind.has_ack() && state == TcpState::SynSent {
                Position::Current
            } else {
                Position::Only
            };
            let ack = ack.map(|ack| if ack == Position::TooOld { Position::Old } else { ack });
            return ack.unwrap_or(current);
        }
        // Of a segment with SYN the SYN is what is judged, wherever its FIN may lie.
        let len = if tcp.has(flag::SYN) { 1 } else { tcp.seg_len() };
        let seq = self.seq_position(self.relative(tcp), len);
        match ack.filter(|_| seq == Position::Left) {
            // Of a handshake nothing is too old.
            Some(Position::TooOld) if Position::of(state, kind).len() < 8 => Position::Old,
            Some(ack) => ack,
            None => seq,
        }
    }

    /// A segment for the target has arrived.
    pub(super) fn received(&mut self, tcp: &Tcp) {
        if tcp.has(flag::RST) {
            return;
        }
        let mut scale = self.peer_scale.filter(|_| self.own_scale.is_some()).unwrap_or(0);
        if tcp.has(flag::SYN) && self.peer_isn.is_none() {
            self.peer_isn = Some(tcp.seq);
            self.peer_scale = scale_of(tcp);
            self.rcv_nxt.get_or_insert(1);
            scale = 0;
        }
        self.max_wnd = self.max_wnd.max(u32::from(tcp.window) << scale.min(14));
        if tcp.has(flag::ACK) && after(tcp.ack, self.snd_una) && !after(tcp.ack, self.snd_nxt) {
            self.snd_una = tcp.ack;
        }
    }

    /// The sequence number counted from the peer's first SYN.
    fn relative(&self, tcp: &Tcp) -> u32 {
        let base = if tcp.has(flag::SYN) { self.peer_isn.unwrap_or(0) } else { 0 };
        tcp.seq.wrapping_sub(base)
    }

    fn seq_position(&self, seq: u32, len: u32) -> Position {
        let nxt = self.rcv_nxt.unwrap_or(1);
        let right = self.right.unwrap_or(nxt);
        // A segment that reaches over RCV.NXT brings what is due there.
        let due = after(nxt, seq) && after(seq.wrapping_add(len), nxt);
        match () {
            () if seq == nxt || due => Position::Left,
            () if after(nxt, seq) => Position::Before,
            () if seq == right => Position::Right,
            () if after(seq, right) => Position::Beyond,
            () => Position::Inside,
        }
    }

    /// None for an acknowledgment that is as it should be.
    fn ack_position(&self, ack: u32) -> Option<Position> {
        let bound = self.snd_una.wrapping_sub(self.max_wnd);
        match () {
            () if after(ack, self.snd_nxt) => Some(Position::Ahead),
            () if after(bound, ack) => Some(Position::TooOld),
            () if after(self.snd_una, ack) || (self.snd_una == 0 && ack == 0) => {
                Some(Position::Old)
            }
            () => None,
        }
    }
}

fn scale_of(tcp: &Tcp) -> Option<u8> {
    tcp.options
        .iter()
        .find_map(|option| if let TcpOption::Wscale(shift) = option { Some(*shift) } else { None })
}

/// `a` comes after `b`, modulo 2^32.
fn after(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() > 0
}
