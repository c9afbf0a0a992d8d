//! Single steps, and the numbers in them: near the edges where something changes.

use synproof_harness::packet::Malform;
use synproof_harness::scenario::{
    Ack, Action, Call, Fate, How, IcmpError, IcmpKind, LinkEvent, Opt, Segment, Seq, Slot,
    SockOption, Stamp, Step,
};

use super::Profile;
use super::opening::{recent, syn_options};
use crate::Seeded;
use crate::play::seen::{ACK, FIN, RST, SYN, URG};

/// A step of the kind that `profile` is about.
#[must_use]
pub fn step(profile: Profile, seeded: &mut Seeded) -> Step {
    let calls = if profile == Profile::Storm { 2 } else { 9 };
    let action = match seeded.below(14 + calls) {
        0..9 => Action::Segment(segment(seeded)),
        9 => Action::Icmp(icmp(seeded)),
        10 => Action::Link(link(seeded)),
        11 | 12 => Action::Wait,
        13 => Action::Segment(Segment { conn: 1 + small(seeded), ..segment(seeded) }),
        _ => Action::Call(call(seeded)),
    };
    let pause = action == Action::Wait || seeded.one_in(3);
    Step { after_us: if pause { time(seeded) } else { 0 }, action }
}

/// A time in microseconds around the lengths of timers.
#[must_use]
pub fn time(seeded: &mut Seeded) -> u64 {
    const TIMES: [u64; 12] = [
        1,
        1000,
        10_000,
        40_000,
        200_000,
        250_000,
        1_000_000,
        3_000_000,
        61_000_000,
        130_000_000,
        1_000_000_000,
        7_300_000_000,
    ];
    *seeded.pick(&TIMES).unwrap_or(&1)
}

fn small(seeded: &mut Seeded) -> u8 {
    *seeded.pick(&[0, 1, 2, 3]).unwrap_or(&0)
}

/// An offset from an anchor: mostly none or one.
#[must_use]
pub fn offset(seeded: &mut Seeded) -> i32 {
    const NEAR: [i32; 17] =
        [0, 0, 0, 0, 0, 1, -1, 2, -2, 100, -100, 1000, -1000, 1460, 65_536, i32::MAX, i32::MIN];
    if seeded.one_in(20) {
        return i32::from_ne_bytes(word(seeded));
    }
    *seeded.pick(&NEAR).unwrap_or(&0)
}

fn word(seeded: &mut Seeded) -> [u8; 4] {
    seeded.bits().to_le_bytes().first_chunk::<4>().copied().unwrap_or_default()
}

/// An int of a socket option.
#[must_use]
pub fn int(seeded: &mut Seeded) -> i32 {
    const INTS: [i32; 14] =
        [0, 1, -1, 2, 3, 7, 60, 500, 1000, 4096, 65_535, 100_000, i32::MAX, i32::MIN];
    *seeded.pick(&INTS).unwrap_or(&0)
}

/// A number of the peer's stream.
#[must_use]
pub fn seq(seeded: &mut Seeded) -> Seq {
    match seeded.below(10) {
        0..4 => Seq::Next(0),
        4 => Seq::Next(offset(seeded)),
        5 | 6 => Seq::RcvNxt(offset(seeded)),
        7 => Seq::RightEdge(offset(seeded)),
        8 => Seq::Isn(offset(seeded)),
        _ => Seq::At(u32::from_ne_bytes(word(seeded))),
    }
}

/// A number of the stack's stream.
#[must_use]
pub fn ack(seeded: &mut Seeded) -> Ack {
    match seeded.below(10) {
        0..4 => Ack::SndNxt(0),
        4 => Ack::SndNxt(offset(seeded)),
        5 | 6 => Ack::SndUna(0),
        7 => Ack::SndUna(offset(seeded)),
        8 => Ack::Isn(offset(seeded)),
        _ => Ack::At(u32::from_ne_bytes(word(seeded))),
    }
}

/// Flags: mostly ACK, alone or with one other.
#[must_use]
pub fn flags(seeded: &mut Seeded) -> u16 {
    const USUAL: [u16; 16] = [
        ACK,
        ACK,
        ACK,
        ACK,
        ACK | 8,
        FIN | ACK,
        FIN | ACK,
        RST,
        RST | ACK,
        SYN,
        SYN | ACK,
        ACK | URG,
        FIN,
        0,
        SYN | FIN,
        ACK | 0xc0,
    ];
    if seeded.one_in(24) {
        return u16::from_ne_bytes([word(seeded)[0], word(seeded)[1]]) & 0xfff;
    }
    *seeded.pick(&USUAL).unwrap_or(&ACK)
}

/// A segment.
#[must_use]
pub fn segment(seeded: &mut Seeded) -> Segment {
    let flags = flags(seeded);
    let acks = flags & ACK != 0 || seeded.one_in(10);
    let mut segment = Segment {
        seq: seq(seeded),
        ack: acks.then(|| ack(seeded)),
        window: window(seeded),
        payload: if seeded.one_in(2) { payload(seeded) } else { 0 },
        options: options(flags, seeded),
        ..Segment::new(flags)
    };
    if flags & URG != 0 || seeded.one_in(20) {
        segment.urgent = payload(seeded);
    }
    if seeded.one_in(10) {
        segment.tos = small(seeded);
    }
    if seeded.one_in(20) {
        segment.malform = vec![malform(seeded)];
    }
    segment
}

/// A window.
#[must_use]
pub fn window(seeded: &mut Seeded) -> u16 {
    *seeded.pick(&[65_535, 65_535, 1000, 0, 0, 1, 100, 32_792, 257]).unwrap_or(&0)
}

/// A length of data.
#[must_use]
pub fn payload(seeded: &mut Seeded) -> u16 {
    if seeded.one_in(40) {
        return u16::MAX;
    }
    *seeded.pick(&[1, 10, 100, 1000, 1448, 1460, 2000, 9000, 0]).unwrap_or(&1)
}

/// Options for a segment with these flags.
#[must_use]
pub fn options(flags: u16, seeded: &mut Seeded) -> Vec<Opt> {
    if flags & SYN != 0 {
        return syn_options(seeded);
    }
    match seeded.below(8) {
        0..3 => Vec::new(),
        3..5 => vec![Opt::Nop, Opt::Nop, recent()],
        5 => vec![Opt::Nop, Opt::Nop, Opt::Sack(blocks(seeded))],
        6 => {
            let mut all = vec![Opt::Nop, Opt::Nop, recent(), Opt::Nop, Opt::Nop];
            all.push(Opt::Sack(blocks(seeded)));
            all
        }
        _ => {
            let stamp = |by: i32| Stamp::Recent(by);
            let (val, ecr) = (stamp(offset(seeded)), stamp(offset(seeded)));
            vec![Opt::Nop, Opt::Nop, Opt::Ts { val, ecr }]
        }
    }
}

fn blocks(seeded: &mut Seeded) -> Vec<(Ack, Ack)> {
    let block = |seeded: &mut Seeded| {
        let start = *seeded.pick(&[1, 1001, 1461, 2001, 4381, -500]).unwrap_or(&1);
        let len = *seeded.pick(&[1000, 1460, 3000, 1, 0, -1]).unwrap_or(&1000);
        if seeded.one_in(4) {
            (ack(seeded), ack(seeded))
        } else {
            (Ack::SndUna(start), Ack::SndUna(start + len))
        }
    };
    (0..1 + seeded.below(3)).map(|_| block(seeded)).collect()
}

/// Something wrong with the bytes.
#[must_use]
pub fn malform(seeded: &mut Seeded) -> Malform {
    let bits = u16::from_ne_bytes([word(seeded)[0], word(seeded)[1]]);
    match seeded.below(8) {
        0 | 1 => Malform::Checksum(1),
        2 => Malform::DataOffset(word(seeded)[0] & 0xf),
        3 => Malform::IpChecksum(bits),
        4 => Malform::IpLength(bits.cast_signed() % 40),
        5 => Malform::IpHeaderLength(word(seeded)[0] & 0xf),
        6 => Malform::Cut(bits % 60),
        _ => Malform::Pad(bits % 60),
    }
}

/// An ICMP error.
#[must_use]
pub fn icmp(seeded: &mut Seeded) -> IcmpError {
    let mtu = *seeded.pick(&[1280, 576, 552, 68, 0, 1500, 9000]).unwrap_or(&1280);
    let kinds = [
        IcmpKind::NetUnreachable,
        IcmpKind::HostUnreachable,
        IcmpKind::PortUnreachable,
        IcmpKind::Prohibited,
        IcmpKind::TooBig(mtu),
        IcmpKind::TooBig(mtu),
        IcmpKind::TimeExceeded,
        IcmpKind::ParameterProblem,
    ];
    let kind = *seeded.pick(&kinds).unwrap_or(&IcmpKind::HostUnreachable);
    let seq = if seeded.one_in(3) { ack(seeded) } else { Ack::SndUna(0) };
    IcmpError { kind, seq, payload: payload(seeded) }
}

/// A socket option; often one of those that decide how much is held and how it is cut.
#[must_use]
pub fn option(seeded: &mut Seeded) -> SockOption {
    const HOLDING: [SockOption; 6] = [
        SockOption::RcvBuf,
        SockOption::SndBuf,
        SockOption::RcvLowat,
        SockOption::NotsentLowat,
        SockOption::WindowClamp,
        SockOption::MaxSeg,
    ];
    let among = if seeded.one_in(3) { &HOLDING[..] } else { SockOption::ALL };
    *seeded.pick(among).unwrap_or(&SockOption::NoDelay)
}

/// An event of the link.
#[must_use]
pub fn link(seeded: &mut Seeded) -> LinkEvent {
    let fate = *seeded.pick(&[Fate::Lose, Fate::Duplicate, Fate::Overtaken]).unwrap_or(&Fate::Lose);
    LinkEvent { outbound: seeded.one_in(2), fate }
}

/// A call, on one of the first sockets.
#[must_use]
pub fn call(seeded: &mut Seeded) -> Call {
    let slot = Slot(*seeded.pick(&[1, 1, 1, 0, 2]).unwrap_or(&1));
    let len = *seeded.pick(&[0, 1, 10, 1000, 1460, 5000, 20_000, 100_000]).unwrap_or(&1);
    match seeded.below(26) {
        0..5 => Call::Write { slot, len },
        5..9 => Call::Read { slot, len },
        9 => Call::Send { slot, len, flags: message_flags(seeded) },
        10 => Call::Recv { slot, len, flags: message_flags(seeded) },
        11 | 12 => Call::Shutdown {
            slot,
            how: *seeded.pick(&[How::Read, How::Write, How::Both]).unwrap_or(&How::Write),
        },
        13 | 14 => Call::Close { slot },
        15..19 => Call::SetOption { slot, option: option(seeded), value: int(seeded) },
        19 => Call::GetOption {
            slot,
            option: *seeded.pick(SockOption::ALL).unwrap_or(&SockOption::Error),
        },
        20 => Call::Linger { slot, on: !seeded.one_in(4), seconds: u16::from(small(seeded)) },
        21 => Call::Accept { slot: Slot(0), child: Slot(1 + small(seeded)) },
        22 => Call::Connect { slot },
        23 => Call::Disconnect { slot },
        24 => Call::Listen { slot, backlog: i32::from(small(seeded)) },
        _ => match seeded.below(3) {
            0 => Call::Socket { slot },
            1 => Call::Bind { slot },
            _ => Call::SendTo { slot, len, flags: 0 },
        },
    }
}

/// MSG_*: OOB, PEEK, DONTROUTE, TRUNC, EOR, WAITALL, ERRQUEUE, MORE, ZEROCOPY.
fn message_flags(seeded: &mut Seeded) -> i32 {
    const ALL: [i32; 10] = [0, 1, 2, 4, 0x20, 0x80, 0x100, 0x2000, 0x8000, 0x0400_0000];
    *seeded.pick(&ALL).unwrap_or(&0)
}

/// Sysctls that decide what is negotiated, how long things last, and how much is kept.
const SYSCTLS: [(&str, &[&str]); 24] = [
    ("net.ipv4.tcp_sack", &["0"]),
    ("net.ipv4.tcp_dsack", &["0"]),
    ("net.ipv4.tcp_timestamps", &["0", "2"]),
    ("net.ipv4.tcp_window_scaling", &["0"]),
    ("net.ipv4.tcp_ecn", &["0", "1", "3"]),
    ("net.ipv4.tcp_fastopen", &["0x3", "0x607", "0x403"]),
    ("net.ipv4.tcp_syncookies", &["0", "2"]),
    ("net.ipv4.tcp_abort_on_overflow", &["1"]),
    ("net.ipv4.tcp_rmem", &["4096 8192 8192", "4096 20000 60000"]),
    ("net.ipv4.tcp_wmem", &["4608 8192 8192"]),
    ("net.ipv4.tcp_congestion_control", &["reno"]),
    ("net.ipv4.tcp_recovery", &["0", "5"]),
    ("net.ipv4.tcp_early_retrans", &["0"]),
    ("net.ipv4.tcp_frto", &["0"]),
    ("net.ipv4.tcp_syn_retries", &["1"]),
    ("net.ipv4.tcp_synack_retries", &["1"]),
    ("net.ipv4.tcp_retries2", &["3"]),
    ("net.ipv4.tcp_fin_timeout", &["5", "100"]),
    ("net.ipv4.tcp_rfc1337", &["1"]),
    ("net.ipv4.tcp_tw_reuse", &["1"]),
    ("net.ipv4.tcp_shrink_window", &["1"]),
    ("net.ipv4.tcp_challenge_ack_limit", &["1"]),
    ("net.ipv4.tcp_mtu_probing", &["1", "2"]),
    ("net.ipv4.tcp_max_tw_buckets", &["0"]),
];

/// Mostly none.
#[must_use]
pub fn sysctls(seeded: &mut Seeded) -> Vec<(String, String)> {
    let count = *seeded.pick(&[0, 0, 0, 1, 1, 2]).unwrap_or(&0);
    (0..count).filter_map(|_| sysctl(seeded)).collect()
}

/// One sysctl.
#[must_use]
pub fn sysctl(seeded: &mut Seeded) -> Option<(String, String)> {
    let (name, values) = seeded.pick(&SYSCTLS)?;
    let value = seeded.pick(values)?;
    Some(((*name).to_owned(), (*value).to_owned()))
}
