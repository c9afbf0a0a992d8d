//! What can happen in a situation: segments and the ways they can be off, calls, ICMP errors, time.

use super::states::{CHILD, FIRST, Start, stamps};
use crate::packet::{Malform, flag};
use crate::scenario::{
    Ack, Action, Call, How, IcmpError, IcmpKind, Opt, Segment, Seq, Slot, SockOption, Stamp, Step,
};

/// A kind of segment: name, flags, bytes of data.
pub type Kind = (&'static str, u16, u16);

const A: u16 = flag::ACK;
const S: u16 = flag::SYN;
const F: u16 = flag::FIN;
const R: u16 = flag::RST;
const P: u16 = flag::PSH;
const U: u16 = flag::URG;

/// Every kind of segment.
pub const KINDS: &[Kind] = &[
    ("ack", A, 0),
    ("data", A | P, 10),
    ("fin", A | F, 0),
    ("data-fin", A | P | F, 10),
    ("urgent", A | P | U, 10),
    ("syn", S, 0),
    ("syn-ack", S | A, 0),
    ("syn-data", S, 10),
    ("syn-fin", S | F, 0),
    ("syn-rst", S | R, 0),
    ("rst", R, 0),
    ("rst-ack", R | A, 0),
    ("fin-rst", F | R | A, 0),
    ("no-flags", 0, 0),
    ("data-without-ack", P, 10),
    ("fin-without-ack", F, 0),
    ("all-flags", S | F | R | P | U | A, 0),
];

/// The field of a segment that a mutation changes: two of one case are of different fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "fields of a segment")]
pub enum Part {
    Seq,
    Ack,
    Window,
    Options,
    Flags,
    Payload,
    Bytes,
    Tos,
    Time,
}

/// One way a segment can be off.
#[derive(Clone, Copy)]
pub struct Mutation {
    /// Field and what becomes of it.
    pub name: &'static str,
    /// The field.
    pub part: Part,
    change: fn(&mut Arrival),
}

impl std::fmt::Debug for Mutation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A segment and how long after the situation it comes.
struct Arrival {
    after_us: u64,
    segment: Segment,
}

macro_rules! mutations {
    ($($part:ident { $($name:literal => |$s:ident| $change:expr;)* })*) => {
        /// Every way a segment can be off.
        pub const MUTATIONS: &[Mutation] = &[$($(
            Mutation { name: $name, part: Part::$part, change: |$s| $change },
        )*)*];
    };
}

mutations! {
    Seq {
        "seq-left" => |s| s.segment.seq = Seq::RcvNxt(-1);
        "seq-far-left" => |s| s.segment.seq = Seq::RcvNxt(-100_000);
        "seq-at-isn" => |s| s.segment.seq = Seq::Isn(0);
        "seq-inside" => |s| s.segment.seq = Seq::RcvNxt(1);
        "seq-last-inside" => |s| s.segment.seq = Seq::RightEdge(-1);
        "seq-right-edge" => |s| s.segment.seq = Seq::RightEdge(0);
        "seq-beyond" => |s| s.segment.seq = Seq::RightEdge(1);
        "seq-far" => |s| s.segment.seq = Seq::RcvNxt(i32::MAX);
    }
    Ack {
        "ack-old" => |s| s.segment.ack = Some(Ack::SndUna(-1));
        "ack-too-old" => |s| s.segment.ack = Some(Ack::SndUna(-1_000_000));
        "ack-partial" => |s| s.segment.ack = Some(Ack::SndUna(1));
        "ack-una" => |s| s.segment.ack = Some(Ack::SndUna(0));
        "ack-ahead" => |s| s.segment.ack = Some(Ack::SndNxt(1));
        "ack-far-ahead" => |s| s.segment.ack = Some(Ack::SndNxt(1_000_000_000));
    }
    Window {
        "window-0" => |s| s.segment.window = 0;
        "window-1" => |s| s.segment.window = 1;
        "window-500" => |s| s.segment.window = 500;
    }
    Options {
        "no-options" => |s| s.segment.options.clear();
        "stamps" => |s| s.segment.options = stamps();
        "stamps-one-older" => |s| s.segment.options = stamp(Stamp::Recent(-11), Stamp::Recent(0));
        "stamps-two-older" => |s| s.segment.options = stamp(Stamp::Recent(-12), Stamp::Recent(0));
        "stamps-much-older" => |s| s.segment.options = stamp(Stamp::Recent(-900), Stamp::Recent(0));
        "stamps-far-ahead" => |s| s.segment.options = stamp(Stamp::Recent(1_000_000), Stamp::Recent(0));
        "stamps-zero" => |s| s.segment.options = stamp(Stamp::At(0), Stamp::Recent(0));
        "echo-ahead" => |s| s.segment.options = stamp(Stamp::Recent(0), Stamp::Recent(100_000));
        "sack-inside" => |s| s.segment.options.extend(sack(Ack::SndUna(1), Ack::SndUna(5)));
        "sack-of-old" => |s| s.segment.options.extend(sack(Ack::SndUna(-5), Ack::SndUna(0)));
        "sack-ahead" => |s| s.segment.options.extend(sack(Ack::SndNxt(1), Ack::SndNxt(9)));
        "sack-inverted" => |s| s.segment.options.extend(sack(Ack::SndUna(5), Ack::SndUna(1)));
        "mss" => |s| s.segment.options.push(Opt::Mss(100));
        "mss-0" => |s| s.segment.options.push(Opt::Mss(0));
        "wscale-15" => |s| s.segment.options.extend([Opt::Nop, Opt::Wscale(15)]);
        "sack-permitted" => |s| s.segment.options.extend([Opt::Nop, Opt::Nop, Opt::SackOk]);
        "option-unknown" => |s| s.segment.options.push(Opt::Raw(vec![253, 4, 1, 2]));
        "option-length-0" => |s| s.segment.options.push(Opt::Raw(vec![2, 0, 1, 1]));
        "option-length-1" => |s| s.segment.options.push(Opt::Raw(vec![2, 1, 1, 1]));
        "option-too-long" => |s| s.segment.options.push(Opt::Raw(vec![1, 1, 2, 40]));
        "option-behind-end" => |s| s.segment.options.push(Opt::Raw(vec![0, 2, 4, 9]));
    }
    Flags {
        "push" => |s| s.segment.flags ^= flag::PSH;
        "urgent-ahead" => |s| { s.segment.flags |= flag::URG; s.segment.urgent = 5; };
        "ece" => |s| s.segment.flags |= flag::ECE;
        "cwr" => |s| s.segment.flags |= flag::CWR;
        "ece-cwr" => |s| s.segment.flags |= flag::ECE | flag::CWR;
        "ae" => |s| s.segment.flags |= flag::AE;
    }
    Payload {
        "payload-none" => |s| s.segment.payload = 0;
        "payload-1" => |s| s.segment.payload = 1;
        "payload-1000" => |s| s.segment.payload = 1000;
        "payload-large" => |s| s.segment.payload = 60_000;
    }
    Bytes {
        "bad-checksum" => |s| s.segment.malform.push(Malform::Checksum(1));
        "data-offset-4" => |s| s.segment.malform.push(Malform::DataOffset(4));
        "data-offset-15" => |s| s.segment.malform.push(Malform::DataOffset(15));
        "reserved-bit" => |s| s.segment.malform.push(Malform::Reserved(1));
        "bad-ip-checksum" => |s| s.segment.malform.push(Malform::IpChecksum(1));
        "ip-length-short" => |s| s.segment.malform.push(Malform::IpLength(-21));
        "ip-length-long" => |s| s.segment.malform.push(Malform::IpLength(1));
        "ip-header-length-4" => |s| s.segment.malform.push(Malform::IpHeaderLength(4));
        "cut" => |s| s.segment.malform.push(Malform::Cut(1));
        "pad" => |s| s.segment.malform.push(Malform::Pad(6));
    }
    Tos {
        "ect0" => |s| s.segment.tos = 2;
        "ce" => |s| s.segment.tos = 3;
    }
    Time {
        "at-once" => |s| s.after_us = 0;
        "after-0.3-s" => |s| s.after_us = 300_000;
        "after-3.5-s" => |s| s.after_us = 3_500_000;
    }
}

fn stamp(val: Stamp, ecr: Stamp) -> Vec<Opt> {
    vec![Opt::Nop, Opt::Nop, Opt::Ts { val, ecr }]
}

fn sack(left: Ack, right: Ack) -> [Opt; 3] {
    [Opt::Nop, Opt::Nop, Opt::Sack(vec![(left, right)])]
}

/// The segment of `kind` with `mutations`, in the situation `start`.
#[must_use]
pub fn segment(start: &Start, kind: Kind, mutations: &[Mutation]) -> Step {
    let (_, flags, payload) = kind;
    let mut segment = Segment { conn: start.conn, payload, ..Segment::new(flags) };
    if flags & flag::URG != 0 {
        segment.urgent = payload;
    }
    if flags & flag::SYN != 0 {
        segment.options = vec![Opt::Mss(1000)];
    } else if start.stamps {
        segment.options = stamps();
    }
    let mut step = Arrival { after_us: 10_000, segment };
    for mutation in mutations {
        (mutation.change)(&mut step);
    }
    Step::after(step.after_us, step.segment)
}

/// Every call, on the socket of the situation.
#[must_use]
pub fn calls(slot: Slot) -> Vec<(&'static str, Call)> {
    const DONTWAIT: i32 = 0x40;
    let set = |option, value| Call::SetOption { slot, option, value };
    vec![
        ("bind", Call::Bind { slot }),
        ("listen", Call::Listen { slot, backlog: 1 }),
        ("accept", Call::Accept { slot: FIRST, child: Slot(CHILD.0 + 1) }),
        ("connect", Call::Connect { slot }),
        ("disconnect", Call::Disconnect { slot }),
        ("read", Call::Recv { slot, len: 1_000, flags: DONTWAIT }),
        ("read-nothing", Call::Recv { slot, len: 0, flags: DONTWAIT }),
        ("peek", Call::Recv { slot, len: 1_000, flags: DONTWAIT | 2 }),
        ("read-urgent", Call::Recv { slot, len: 10, flags: DONTWAIT | 1 }),
        ("truncate", Call::Recv { slot, len: 1_000, flags: DONTWAIT | 0x20 }),
        ("write", Call::Send { slot, len: 100, flags: DONTWAIT }),
        ("write-nothing", Call::Send { slot, len: 0, flags: DONTWAIT }),
        ("write-large", Call::Send { slot, len: 50_000, flags: DONTWAIT }),
        ("write-more", Call::Send { slot, len: 100, flags: DONTWAIT | 0x8000 }),
        ("write-urgent", Call::Send { slot, len: 10, flags: DONTWAIT | 1 }),
        ("shutdown-read", Call::Shutdown { slot, how: How::Read }),
        ("shutdown-write", Call::Shutdown { slot, how: How::Write }),
        ("shutdown-both", Call::Shutdown { slot, how: How::Both }),
        ("close", Call::Close { slot }),
        ("close-listener", Call::Close { slot: FIRST }),
        ("linger-0", Call::Linger { slot, on: true, seconds: 0 }),
        ("error", Call::GetOption { slot, option: SockOption::Error }),
        ("nodelay", set(SockOption::NoDelay, 1)),
        ("cork", set(SockOption::Cork, 1)),
        ("maxseg", set(SockOption::MaxSeg, 200)),
        ("keepalive", set(SockOption::KeepAlive, 1)),
        ("keepidle", set(SockOption::KeepIdle, 1)),
        ("keepintvl", set(SockOption::KeepIntvl, 1)),
        ("keepcnt", set(SockOption::KeepCnt, 1)),
        ("syncnt", set(SockOption::SynCnt, 1)),
        ("linger2-never", set(SockOption::Linger2, -1)),
        ("linger2-1", set(SockOption::Linger2, 1)),
        ("defer-accept", set(SockOption::DeferAccept, 1)),
        ("window-clamp", set(SockOption::WindowClamp, 1_000)),
        ("quickack-off", set(SockOption::QuickAck, 0)),
        ("quickack-on", set(SockOption::QuickAck, 1)),
        ("user-timeout", set(SockOption::UserTimeout, 500)),
        ("rcvbuf", set(SockOption::RcvBuf, 3_000)),
        ("sndbuf", set(SockOption::SndBuf, 5_000)),
        ("oobinline", set(SockOption::OobInline, 1)),
        ("rcvlowat", set(SockOption::RcvLowat, 500)),
        ("reuseaddr", set(SockOption::ReuseAddr, 1)),
    ]
}

/// Waiting times in microseconds, with their names.
pub const TIMES: &[(&str, u64)] = &[
    ("0.05 s", 50_000),
    ("0.25 s", 250_000),
    ("0.7 s", 700_000),
    ("1.5 s", 1_500_000),
    ("4 s", 4_000_000),
    ("10 s", 10_000_000),
    ("35 s", 35_000_000),
    ("59 s", 59_000_000),
    ("61.5 s", 61_500_000),
    ("140 s", 140_000_000),
];

/// ICMP errors, with their names.
pub const ERRORS: &[(&str, IcmpKind)] = &[
    ("net-unreachable", IcmpKind::NetUnreachable),
    ("host-unreachable", IcmpKind::HostUnreachable),
    ("port-unreachable", IcmpKind::PortUnreachable),
    ("prohibited", IcmpKind::Prohibited),
    ("too-big-1200", IcmpKind::TooBig(1200)),
    ("too-big-100", IcmpKind::TooBig(100)),
    ("time-exceeded", IcmpKind::TimeExceeded),
    ("parameter-problem", IcmpKind::ParameterProblem),
];

/// What an ICMP error quotes: the oldest byte that is not acknowledged, and bytes that are none.
pub const QUOTES: &[(&str, Ack)] =
    &[("una", Ack::SndUna(0)), ("old", Ack::SndUna(-1)), ("ahead", Ack::SndNxt(10))];

/// The ICMP error as a step.
#[must_use]
pub fn error(kind: IcmpKind, seq: Ack) -> Step {
    Step::after(10_000, Action::Icmp(IcmpError { kind, seq, payload: 0 }))
}
