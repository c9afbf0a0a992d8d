//! The situations that exploration starts from. Each is reached by calls and segments alone.

use crate::packet::flag;
use crate::scenario::{
    Ack, Action, Call, How, Number, Opt, Segment, Seq, Slot, SockOption, Stamp, Step,
};

/// Time between two steps on the way: the round trip of the peer.
const RTT_US: u64 = 10_000;

/// The listener, and the socket of a connect().
pub const FIRST: Slot = Slot(0);
/// The socket that accept() gave.
pub const CHILD: Slot = Slot(1);

/// A situation, and how it is reached.
#[derive(Clone, Debug)]
pub struct Start {
    /// Its state, in lower case, and what is special about it.
    pub name: &'static str,
    /// The connection that segments are for.
    pub conn: Number,
    /// The socket that calls are made on.
    pub slot: Slot,
    /// Segments carry timestamps.
    pub stamps: bool,
    /// How it is reached.
    pub steps: Vec<Step>,
}

/// Collects the steps to a situation.
#[derive(Debug, Default)]
struct Way {
    conn: Number,
    slot: Slot,
    stamps: bool,
    steps: Vec<Step>,
}

impl Way {
    fn call(mut self, call: impl FnOnce(Slot) -> Call) -> Self {
        self.steps.push(Step::now(call(self.slot)));
        self
    }

    fn arrives(mut self, segment: Segment) -> Self {
        let mut segment = Segment { conn: self.conn, ..segment };
        if self.stamps && segment.options.is_empty() {
            segment.options = stamps();
        }
        self.steps.push(Step::after(RTT_US, segment));
        self
    }

    fn waits(mut self, us: u64) -> Self {
        self.steps.push(Step::after(us, Action::Wait));
        self
    }

    fn named(self, name: &'static str) -> Start {
        let Self { conn, slot, stamps, steps } = self;
        Start { name, conn, slot, stamps, steps }
    }

    // ---- up to a connection ----------------------------------------------------------------------

    fn socket() -> Self {
        Self { slot: FIRST, conn: 1, ..Self::default() }
            .call(|slot| Call::Socket { slot })
            .call(|slot| Call::NonBlocking { slot })
    }

    fn listen() -> Self {
        Self::socket()
            .call(|slot| Call::Bind { slot })
            .call(|slot| Call::Listen { slot, backlog: 5 })
    }

    fn half_open(options: Vec<Opt>) -> Self {
        let mut way = Self::listen();
        way.stamps = options.iter().any(|option| matches!(option, Opt::Ts { .. }));
        way.arrives(Segment { options, ..Segment::new(flag::SYN) })
    }

    fn passive(options: Vec<Opt>) -> Self {
        Self::half_open(options).arrives(Segment::new(flag::ACK)).accepted()
    }

    /// accept() and, as a program that reads and writes when it likes does, non-blocking.
    fn accepted(mut self) -> Self {
        self.steps.push(Step::now(Call::Accept { slot: FIRST, child: CHILD }));
        self.slot = CHILD;
        self.call(|slot| Call::NonBlocking { slot })
    }

    fn connect() -> Self {
        let mut way = Self::socket();
        way.conn = 0;
        way.call(|slot| Call::Connect { slot })
    }

    fn plain() -> Self {
        Self::passive(vec![Opt::Mss(1000)])
    }

    fn rich() -> Self {
        Self::passive(rich_options())
    }

    // ---- what then happens -----------------------------------------------------------------------

    fn reads(self) -> Self {
        self.call(|slot| Call::Read { slot, len: 100_000 })
    }

    fn writes(self, len: u32) -> Self {
        self.call(|slot| Call::Write { slot, len })
    }

    fn closes(self) -> Self {
        self.call(|slot| Call::Close { slot })
    }

    fn shuts(self, how: How) -> Self {
        self.call(|slot| Call::Shutdown { slot, how })
    }

    fn data(self, payload: u16) -> Self {
        self.arrives(Segment { payload, ..Segment::new(flag::ACK | flag::PSH) })
    }

    fn acks(self) -> Self {
        self.arrives(Segment::new(flag::ACK))
    }

    fn fin(self) -> Self {
        self.arrives(Segment::new(flag::ACK | flag::FIN))
    }

    /// A FIN that crossed ours.
    fn crossing_fin(self) -> Self {
        let fin = Segment::new(flag::ACK | flag::FIN);
        self.arrives(Segment { ack: Some(Ack::SndUna(0)), ..fin })
    }
}

fn rich_options() -> Vec<Opt> {
    let stamp = Opt::Ts { val: Stamp::Recent(0), ecr: Stamp::At(0) };
    vec![Opt::Mss(1000), Opt::SackOk, stamp, Opt::Nop, Opt::Wscale(7)]
}

/// The timestamps of a segment of a peer that uses them.
#[must_use]
pub fn stamps() -> Vec<Opt> {
    vec![Opt::Nop, Opt::Nop, Opt::Ts { val: Stamp::Recent(0), ecr: Stamp::Recent(0) }]
}

/// All situations.
#[must_use]
pub fn starts() -> Vec<Start> {
    let syn_ack = Segment { options: vec![Opt::Mss(1000)], ..Segment::new(flag::SYN | flag::ACK) };
    let syn = Segment { options: vec![Opt::Mss(1000)], ..Segment::new(flag::SYN) };
    let no_window = Segment { window: 0, ..Segment::new(flag::ACK) };
    let hole = Segment { seq: Seq::RcvNxt(100), payload: 10, ..Segment::new(flag::ACK) };
    let reset = Segment { ack: None, ..Segment::new(flag::RST) };
    let small_buffer = |slot| Call::SetOption { slot, option: SockOption::RcvBuf, value: 4_000 };
    let active = || Way::connect().arrives(syn_ack.clone());
    vec![
        Way { conn: 1, ..Way::default() }.named("closed"),
        Way::socket().named("closed-unbound"),
        Way::socket().call(|slot| Call::Bind { slot }).named("closed-bound"),
        Way::plain().arrives(reset).named("closed-reset"),
        Way::listen().named("listen"),
        Way::half_open(vec![Opt::Mss(1000)]).named("new_syn_recv"),
        Way::half_open(rich_options()).named("new_syn_recv-stamps"),
        Way::connect().named("syn_sent"),
        Way::connect().arrives(syn).named("syn_recv"),
        Way::half_open(vec![Opt::Mss(1000)]).acks().named("established-unaccepted"),
        Way::plain().named("established"),
        active().named("established-active"),
        Way::rich().named("established-stamps"),
        Way::plain().data(10).named("established-unread"),
        Way::rich().data(10).reads().named("established-read"),
        Way::plain().writes(2_500).named("established-in-flight"),
        Way::rich().writes(2_500).named("established-in-flight-stamps"),
        Way::plain().writes(100).acks().named("established-acked"),
        Way::plain().arrives(hole.clone()).named("established-hole"),
        Way::rich().arrives(hole).named("established-hole-stamps"),
        Way::plain().arrives(no_window).writes(100).waits(1_000).named("established-zero-window"),
        Way::plain().call(small_buffer).data(1_000).data(1_000).named("established-full"),
        Way::plain().shuts(How::Read).named("established-shut-read"),
        Way::plain().shuts(How::Write).named("fin_wait1"),
        Way::plain().closes().named("fin_wait1-orphan"),
        Way::plain().writes(2_500).closes().named("fin_wait1-in-flight"),
        Way::plain().shuts(How::Write).acks().named("fin_wait2"),
        Way::plain().closes().acks().named("fin_wait2-orphan"),
        Way::plain().fin().named("close_wait"),
        Way::plain().data(10).fin().named("close_wait-unread"),
        Way::plain().shuts(How::Write).crossing_fin().named("closing"),
        Way::plain().closes().crossing_fin().named("closing-orphan"),
        Way::plain().fin().closes().named("last_ack"),
        Way::plain().fin().shuts(How::Write).named("last_ack-open"),
        active().closes().fin().named("time_wait"),
        Way::plain().closes().acks().fin().named("time_wait-passive"),
        Way::rich().closes().acks().fin().named("time_wait-stamps"),
        Way::plain().shuts(How::Write).acks().fin().named("time_wait-open"),
    ]
}
