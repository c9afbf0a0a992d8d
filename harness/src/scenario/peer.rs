//! What the peer has seen of each connection, and so what the numbers of a segment mean now.
//!
//! In script coordinates: sequence numbers count from the initial one of each side, in a SYN they
//! are absolute.

use std::collections::BTreeMap;

use super::segment::{Ack, IcmpError, Number, Opt, Segment, Seq, Stamp};
use crate::packet::{Tcp, TcpOption, flag};

/// The peer's clock at time 0, in milliseconds.
const CLOCK: u32 = 1000;

/// The end that a scenario plays.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    connections: BTreeMap<Number, View>,
}

/// What is known of one connection.
#[derive(Clone, Copy, Debug, Default)]
struct View {
    /// The peer's initial sequence number as the script writes it.
    isn: u32,
    /// Behind everything that the peer has sent in order.
    next: u32,
    /// The last acknowledgment of the target.
    rcv_nxt: u32,
    /// Right edge of the last window.
    right_edge: u32,
    /// The target's initial sequence number as the log has it.
    their_isn: u32,
    /// The highest number that the peer has acknowledged.
    snd_una: u32,
    /// Behind everything that the target was seen to send.
    snd_nxt: u32,
    /// The last TSval of the target.
    stamp: u32,
    /// Window scale that the peer's SYN and the target's SYN had.
    scales: (Option<u8>, Option<u8>),
}

impl View {
    fn seq(&self, seq: Seq) -> u32 {
        match seq {
            Seq::At(number) => number,
            Seq::Isn(by) => by.cast_unsigned(),
            Seq::Next(by) => self.next.wrapping_add_signed(by),
            Seq::RcvNxt(by) => self.rcv_nxt.wrapping_add_signed(by),
            Seq::RightEdge(by) => self.right_edge.wrapping_add_signed(by),
        }
    }

    fn ack(&self, ack: Ack) -> u32 {
        match ack {
            Ack::At(number) => number,
            Ack::Isn(by) => by.cast_unsigned(),
            Ack::SndUna(by) => self.snd_una.wrapping_add_signed(by),
            Ack::SndNxt(by) => self.snd_nxt.wrapping_add_signed(by),
        }
    }

    /// The edge of a SACK block, if it is a plain number, by what it is near to.
    fn relate(&self, edge: &mut Ack) {
        if let Ack::At(number) = *edge {
            *edge = self.relative_ack(number, false);
        }
    }

    fn relative_ack(&self, number: u32, syn: bool) -> Ack {
        let number = if syn { number.wrapping_sub(self.their_isn) } else { number };
        let from = |at: u32| number.wrapping_sub(at).cast_signed();
        nearest(
            [
                (Ack::SndNxt as fn(i32) -> Ack, from(self.snd_nxt)),
                (Ack::SndUna, from(self.snd_una)),
                (Ack::Isn, from(0)),
            ],
            Ack::At(number),
        )
    }

    fn option(&self, option: &Opt, now_us: u64) -> Opt {
        match option {
            Opt::Sack(blocks) => {
                let block = |&(left, right): &(Ack, Ack)| {
                    (Ack::At(self.ack(left)), Ack::At(self.ack(right)))
                };
                Opt::Sack(blocks.iter().map(block).collect())
            }
            Opt::Ts { val, ecr } => {
                let clock = CLOCK.wrapping_add(u32::try_from(now_us / 1000).unwrap_or(u32::MAX));
                let of = |stamp: Stamp, recent: u32| match stamp {
                    Stamp::At(number) => Stamp::At(number),
                    Stamp::Recent(by) => Stamp::At(recent.wrapping_add_signed(by)),
                };
                Opt::Ts { val: of(*val, clock), ecr: of(*ecr, self.stamp) }
            }
            Opt::Eol
            | Opt::Nop
            | Opt::Mss(_)
            | Opt::Wscale(_)
            | Opt::SackOk
            | Opt::FastOpen(_)
            | Opt::Raw(_) => option.clone(),
        }
    }

    fn scale(&self) -> u8 {
        match self.scales {
            (Some(_), Some(theirs)) => theirs.min(14),
            (Some(_) | None, _) => 0,
        }
    }
}

impl Peer {
    fn view(&self, number: Number) -> View {
        self.connections.get(&number).copied().unwrap_or_default()
    }

    /// `segment` in numbers of the script, if it is sent at `now_us`.
    #[must_use]
    pub fn concrete(&self, segment: &Segment, now_us: u64) -> Segment {
        let view = self.view(segment.conn);
        let syn = segment.flags & flag::SYN != 0;
        let seq = match segment.seq {
            Seq::At(number) => number,
            Seq::Isn(_) | Seq::Next(_) | Seq::RcvNxt(_) | Seq::RightEdge(_) => {
                let isn = if syn { view.isn } else { 0 };
                view.seq(segment.seq).wrapping_add(isn)
            }
        };
        let ack = segment.ack.map(|ack| match ack {
            Ack::At(number) => Ack::At(number),
            Ack::Isn(_) | Ack::SndUna(_) | Ack::SndNxt(_) => {
                let isn = if syn { view.their_isn } else { 0 };
                Ack::At(view.ack(ack).wrapping_add(isn))
            }
        });
        let options = segment.options.iter().map(|o| view.option(o, now_us)).collect();
        Segment { seq: Seq::At(seq), ack, options, ..segment.clone() }
    }

    /// `segment`, which has numbers of the script, relative to what the peer has seen: to the nearest
    /// of all it could be relative to.
    #[must_use]
    pub fn relative(&self, segment: &Segment) -> Segment {
        let view = self.view(segment.conn);
        let mut segment = segment.clone();
        let syn = segment.flags & flag::SYN != 0;
        // The first SYN is what everything else is relative to.
        if let Seq::At(number) = segment.seq
            && (!syn || view.next != 0)
        {
            let number = if syn { number.wrapping_sub(view.isn) } else { number };
            let from = |at: u32| number.wrapping_sub(at).cast_signed();
            segment.seq = nearest(
                [
                    (Seq::Next as fn(i32) -> Seq, from(view.next)),
                    (Seq::RcvNxt, from(view.rcv_nxt)),
                    (Seq::RightEdge, from(view.right_edge)),
                    (Seq::Isn, from(0)),
                ],
                segment.seq,
            );
        }
        if let Some(Ack::At(number)) = segment.ack {
            segment.ack = Some(view.relative_ack(number, syn));
        }
        for option in &mut segment.options {
            match option {
                Opt::Sack(blocks) => {
                    let edges = blocks.iter_mut().flat_map(|(left, right)| [left, right]);
                    edges.for_each(|edge| view.relate(edge));
                }
                Opt::Ts { ecr: Stamp::At(number), val } => {
                    let by = number.wrapping_sub(view.stamp).cast_signed();
                    *option = Opt::Ts { val: *val, ecr: Stamp::Recent(by) };
                }
                Opt::Eol
                | Opt::Nop
                | Opt::Mss(_)
                | Opt::Wscale(_)
                | Opt::SackOk
                | Opt::Ts { .. }
                | Opt::FastOpen(_)
                | Opt::Raw(_) => {}
            }
        }
        segment
    }

    /// `error` in numbers of the script.
    #[must_use]
    pub fn concrete_error(&self, error: &IcmpError, number: Number) -> IcmpError {
        IcmpError { seq: Ack::At(self.view(number).ack(error.seq)), ..*error }
    }

    /// `segment`, in numbers of the script, was sent.
    pub fn sent(&mut self, segment: &Segment) {
        if !segment.malform.is_empty() {
            return;
        }
        let view = self.connections.entry(segment.conn).or_default();
        let Seq::At(mut seq) = segment.seq else { return };
        let syn = segment.flags & flag::SYN != 0;
        if syn {
            if view.next == 0 {
                view.isn = seq;
                view.scales.0 = segment.options.iter().find_map(wscale);
            }
            seq = seq.wrapping_sub(view.isn);
        }
        let fin = segment.flags & flag::FIN != 0;
        let len = u32::from(segment.payload) + u32::from(syn) + u32::from(fin);
        if seq == view.next {
            view.next = view.next.wrapping_add(len);
        }
        if let Some(Ack::At(ack)) = segment.ack
            && segment.flags & flag::ACK != 0
        {
            let ack = if syn { ack.wrapping_sub(view.their_isn) } else { ack };
            if in_order(view.snd_una, ack) && in_order(ack, view.snd_nxt) {
                view.snd_una = ack;
            }
        }
    }

    /// The target sent `tcp`, in numbers of the script.
    pub fn saw(&mut self, number: Number, tcp: &Tcp) {
        let view = self.connections.entry(number).or_default();
        let syn = tcp.has(flag::SYN);
        let mut seq = tcp.seq;
        if syn {
            view.their_isn = tcp.seq;
            view.snd_una = 0;
            view.snd_nxt = 0;
            view.scales.1 = tcp
                .options
                .iter()
                .find_map(|o| if let TcpOption::Wscale(shift) = o { Some(*shift) } else { None });
            seq = 0;
        }
        if !tcp.has(flag::RST) {
            let end = seq.wrapping_add(tcp.seg_len());
            if in_order(view.snd_nxt, end) {
                view.snd_nxt = end;
            }
        }
        if tcp.has(flag::ACK) {
            let isn = if syn { view.isn } else { 0 };
            view.rcv_nxt = tcp.ack.wrapping_sub(isn);
            let scale = if syn { 0 } else { view.scale() };
            view.right_edge = view.rcv_nxt.wrapping_add(u32::from(tcp.window) << scale);
        }
        for option in &tcp.options {
            if let TcpOption::Ts { val, .. } = option {
                view.stamp = *val;
            }
        }
    }
}

/// A way to say where a number is, and how far it is from there.
type Candidate<T> = (fn(i32) -> T, i32);

/// What is further away than this is a number of its own.
const NEAR: u32 = 100_000;

/// The candidate with the smallest offset, the first of several; `otherwise` if none is near.
fn nearest<T, const N: usize>(candidates: [Candidate<T>; N], otherwise: T) -> T {
    let best = candidates.into_iter().min_by_key(|(_, by)| by.unsigned_abs());
    match best.filter(|(_, by)| by.unsigned_abs() <= NEAR) {
        Some((make, by)) => make(by),
        None => otherwise,
    }
}

fn wscale(option: &Opt) -> Option<u8> {
    if let Opt::Wscale(shift) = option { Some(*shift) } else { None }
}

/// `a` is not behind `b`, modulo 2^32.
fn in_order(a: u32, b: u32) -> bool {
    b.wrapping_sub(a).cast_signed() >= 0
}
