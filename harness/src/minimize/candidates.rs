//! Simpler things to try in place of one. Each is simpler by one measure, so that trying ends.

use crate::packet::flag;
use crate::scenario::{Ack, Action, Call, IcmpError, Opt, Segment, Seq};

/// Numbers that are simpler than others, the simplest first.
const LENGTHS: [u32; 7] = [0, 1, 10, 100, 1_000, 10_000, 100_000];
/// Flags that are taken away one by one.
const FLAGS: [u16; 8] =
    [flag::AE, flag::CWR, flag::ECE, flag::URG, flag::PSH, flag::SYN, flag::RST, flag::FIN];

/// What is simpler than `action`, the simplest first.
pub(super) fn simpler(action: &Action) -> Vec<Action> {
    match action {
        Action::Segment(segment) => segments(segment).into_iter().map(Action::Segment).collect(),
        Action::Call(call) => calls(call).into_iter().map(Action::Call).collect(),
        Action::Icmp(error) if error.payload > 0 => {
            vec![Action::Icmp(IcmpError { payload: 0, ..*error })]
        }
        Action::Icmp(_) | Action::Link(_) | Action::Wait | Action::Verbatim(_) => Vec::new(),
    }
}

fn segments(segment: &Segment) -> Vec<Segment> {
    let mut found = Vec::new();
    let mut propose = |change: &dyn Fn(&mut Segment)| {
        let mut other = segment.clone();
        change(&mut other);
        if other != *segment {
            found.push(other);
        }
    };
    propose(&|s| s.malform.clear());
    for at in 0..segment.malform.len() {
        propose(&|s| {
            s.malform.remove(at);
        });
    }
    propose(&|s| s.options.clear());
    for at in 0..segment.options.len() {
        propose(&|s| {
            s.options.remove(at);
            pad(&mut s.options);
        });
    }
    propose(&|s| s.tos = 0);
    for bit in FLAGS {
        propose(&|s| s.flags &= !bit);
    }
    propose(&|s| s.urgent = 0);
    for len in LENGTHS.into_iter().filter(|len| *len < u32::from(segment.payload)) {
        propose(&|s| s.payload = u16::try_from(len).unwrap_or(u16::MAX));
    }
    if segment.window != u16::MAX {
        propose(&|s| s.window = u16::MAX);
    }
    if segment.seq != Seq::Next(0) {
        propose(&|s| s.seq = Seq::Next(0));
        for seq in nearer_seq(segment.seq) {
            propose(&|s| s.seq = seq);
        }
    }
    if segment.flags & flag::ACK == 0 {
        propose(&|s| s.ack = None);
    } else if let Some(ack) = segment.ack
        && ack != Ack::SndNxt(0)
    {
        propose(&|s| s.ack = Some(Ack::SndNxt(0)));
        for ack in nearer_ack(ack) {
            propose(&|s| s.ack = Some(ack));
        }
    }
    found
}

/// NOPs that no longer fill anything go, and those that are needed come, at the front.
fn pad(options: &mut Vec<Opt>) {
    options.retain(|option| *option != Opt::Nop);
    while !options.iter().map(Opt::size).sum::<usize>().is_multiple_of(4) {
        options.insert(0, Opt::Nop);
    }
}

/// Offsets nearer to the anchor.
fn nearer(by: i32) -> Vec<i32> {
    let near = [0, 1, 10, 100, 1_000, 100_000].map(|n| n * by.signum());
    near.into_iter().filter(|n| n.unsigned_abs() < by.unsigned_abs()).collect()
}

fn nearer_seq(seq: Seq) -> Vec<Seq> {
    match seq {
        Seq::At(_) => Vec::new(),
        Seq::Isn(by) => nearer(by).into_iter().map(Seq::Isn).collect(),
        Seq::Next(by) => nearer(by).into_iter().map(Seq::Next).collect(),
        Seq::RcvNxt(by) => nearer(by).into_iter().map(Seq::RcvNxt).collect(),
        Seq::RightEdge(by) => nearer(by).into_iter().map(Seq::RightEdge).collect(),
    }
}

fn nearer_ack(ack: Ack) -> Vec<Ack> {
    match ack {
        Ack::At(_) => Vec::new(),
        Ack::Isn(by) => nearer(by).into_iter().map(Ack::Isn).collect(),
        Ack::SndUna(by) => nearer(by).into_iter().map(Ack::SndUna).collect(),
        Ack::SndNxt(by) => nearer(by).into_iter().map(Ack::SndNxt).collect(),
    }
}

fn calls(call: &Call) -> Vec<Call> {
    let shorter = |len: u32| LENGTHS.into_iter().filter(move |other| *other < len);
    match *call {
        Call::Read { slot, len } => shorter(len).map(|len| Call::Read { slot, len }).collect(),
        Call::Write { slot, len } => shorter(len).map(|len| Call::Write { slot, len }).collect(),
        Call::Recv { slot, len, flags } => {
            shorter(len).map(|len| Call::Recv { slot, len, flags }).collect()
        }
        Call::Send { slot, len, flags } => {
            let as_write = (flags == 0x40).then_some(Call::Write { slot, len });
            let shorter = shorter(len).map(|len| Call::Send { slot, len, flags });
            as_write.into_iter().chain(shorter).collect()
        }
        Call::SendTo { slot, len, flags } => {
            shorter(len).map(|len| Call::SendTo { slot, len, flags }).collect()
        }
        Call::Listen { slot, backlog } if backlog > 1 => vec![Call::Listen { slot, backlog: 1 }],
        Call::Socket { .. }
        | Call::NonBlocking { .. }
        | Call::Bind { .. }
        | Call::Listen { .. }
        | Call::Accept { .. }
        | Call::Connect { .. }
        | Call::Disconnect { .. }
        | Call::Shutdown { .. }
        | Call::Close { .. }
        | Call::SetOption { .. }
        | Call::GetOption { .. }
        | Call::Linger { .. } => Vec::new(),
    }
}
