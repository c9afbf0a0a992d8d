//! A script as a scenario. What a scenario has no form for stays as it was written.

use super::call::{Call, How, Slot};
use super::model::{Action, Family, Scenario, Step};
use super::option::SockOption;
use super::segment::{Ack, IcmpError, Opt, Segment, Seq, Stamp};
use super::words;
use super::write::{self, FIRST_PORT, LOCAL_PORT};
use crate::script::ast::{
    Direction, Echoed, Event, EventKind, Expr, ExprKind, IcmpSpec, IpInfo, OptionsSpec, PacketBody,
    PacketSpec, Ports, Script, SyscallSpec, TcpOptionSpec, TcpSpec, Time, Tos,
};
use crate::script::print;
use crate::script::symbols;

/// The stimuli of `script`: calls and injected packets with their times; everything else verbatim.
#[must_use]
pub fn from_script(script: &Script) -> Scenario {
    let family = family(script);
    let mut times = Times::default();
    let steps = script.events.iter().map(|event| step(script, event, family, &mut times));
    let steps: Vec<Step> = steps.collect();
    let mut head: Vec<String> = Vec::new();
    let metadata = script.metadata.iter().map(|m| format!("//! {}: {}", m.key, m.value));
    head.extend(metadata);
    // The writer adds these two where they are needed.
    let stamps = steps.iter().any(write::has_timestamps);
    let is_added = |name: &str| name == "ip_version" || (stamps && name == "tcp_ts_ecr_scaled");
    let options = script.options.iter().filter(|o| !is_added(&o.name));
    head.extend(options.map(|o| script.source.slice(o.span).to_owned()));
    let init = script.init.as_ref().map(|command| command.text.as_str());
    let sysctls = init.and_then(sysctls);
    if sysctls.is_none() {
        head.extend(init.map(|text| format!("`{text}`")));
    }
    let sysctls = sysctls.unwrap_or_default();
    let cleanup = script.cleanup.as_ref().map(|command| command.text.clone());
    Scenario { family, sysctls, head, steps, cleanup }
}

/// The settings of `sysctl -q NAME=VALUE …`, values with or without single quotes.
fn sysctls(command: &str) -> Option<Vec<(String, String)>> {
    let mut rest = command.strip_prefix("sysctl -q ")?.trim();
    let mut settings = Vec::new();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=')?;
        let plain =
            |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let (value, after) = match value.strip_prefix('\'') {
            Some(quoted) => quoted.split_once('\'')?,
            None => value.split_once(' ').unwrap_or((value, "")),
        };
        if !plain(name) || !value.split(' ').all(plain) {
            return None;
        }
        settings.push((name.to_owned(), value.to_owned()));
        rest = after.trim();
    }
    Some(settings)
}

fn family(script: &Script) -> Family {
    let option = script.options.iter().rev().find(|o| o.name == "ip_version");
    match option.and_then(|o| o.value.as_deref()) {
        Some("ipv6") => Family::V6,
        Some("ipv4-mapped-ipv6") => Family::Mapped,
        Some(_) | None => Family::V4,
    }
}

/// The time of the event before, where the text alone says it.
#[derive(Debug)]
struct Times {
    known: Option<i64>,
}

impl Default for Times {
    fn default() -> Self {
        Self { known: Some(0) }
    }
}

impl Times {
    /// How long after the event before, if that can be said.
    fn after(&mut self, time: Time) -> Option<u64> {
        let by = match time {
            Time::Relative(by) => {
                self.known = self.known.map(|at| at + by);
                by
            }
            Time::Absolute(at) => {
                let before = self.known.replace(at)?;
                at - before
            }
            Time::Any | Time::AbsoluteRange(..) | Time::RelativeRange(..) => return None,
        };
        u64::try_from(by).ok()
    }
}

fn step(script: &Script, event: &Event, family: Family, times: &mut Times) -> Step {
    let action = if event.end.is_some() { None } else { action(event, family) };
    match (action, &event.kind) {
        (Some(action), _) => match times.after(event.time.node) {
            Some(after_us) => Step { after_us, action },
            None => verbatim(script, event),
        },
        (None, kind) => {
            // When these are done is the target's business.
            times.known = match (kind, event.time.node) {
                (EventKind::State(_) | EventKind::Code(_), Time::Relative(by)) => {
                    times.known.map(|at| at + by)
                }
                (EventKind::State(_) | EventKind::Code(_), Time::Absolute(at)) => Some(at),
                (
                    EventKind::State(_)
                    | EventKind::Code(_)
                    | EventKind::Packet(_)
                    | EventKind::Syscall(_)
                    | EventKind::Command(_),
                    _,
                ) => None,
            };
            verbatim(script, event)
        }
    }
}

fn verbatim(script: &Script, event: &Event) -> Step {
    let mut time = print::time_text(event.time.node);
    if let Some(end) = &event.end {
        time.push_str(&format!("...{}", print::seconds_text(end.node)));
    }
    let what = match &event.kind {
        // Text between quotes or braces is kept byte for byte.
        EventKind::Command(command) => script.source.slice(command.span).to_owned(),
        EventKind::Code(code) => script.source.slice(code.span).to_owned(),
        EventKind::Packet(_) | EventKind::Syscall(_) | EventKind::State(_) => {
            print::event_text(&event.kind)
        }
    };
    Step::now(Action::Verbatim(format!("{time} {what}")))
}

fn action(event: &Event, family: Family) -> Option<Action> {
    match &event.kind {
        EventKind::Packet(packet) => match &packet.body {
            _ if packet.direction.node == Direction::Outbound => None,
            PacketBody::Tcp(tcp) => segment(packet, tcp).map(Action::Segment),
            PacketBody::Icmp(message) => icmp(packet, message, family).map(Action::Icmp),
            PacketBody::Udp(_) => None,
        },
        EventKind::Syscall(spec) => call(spec).map(Action::Call),
        EventKind::Command(command) if command.text == "true" => Some(Action::Wait),
        EventKind::Command(_) | EventKind::Code(_) | EventKind::State(_) => None,
    }
}

// ---- packets -------------------------------------------------------------------------------------

fn is_plain(packet: &PacketSpec) -> bool {
    packet.encap.is_empty()
        && packet.psp.is_none()
        && packet.outer_udp.is_none()
        && packet.names.is_empty()
}

fn tos(info: &IpInfo) -> Option<u8> {
    if info.flow_label.is_some() || info.ttl.is_some() {
        return None;
    }
    match info.tos.map(|tos| tos.node) {
        None => Some(0),
        Some(Tos::Ecn(bits)) => Some(bits),
        Some(Tos::Byte(byte)) => Some(byte),
        Some(Tos::Ect01) => None,
    }
}

fn segment(packet: &PacketSpec, tcp: &TcpSpec) -> Option<Segment> {
    if !is_plain(packet) || tcp.payload.is_some() {
        return None;
    }
    let options = match &tcp.options {
        OptionsSpec::None => Vec::new(),
        OptionsSpec::Any(_) => return None,
        OptionsSpec::List(list, _) => {
            list.iter().map(|o| option(&o.node)).collect::<Option<Vec<_>>>()?
        }
    };
    Some(Segment {
        conn: connection(tcp.ports.map(|p| p.node))?,
        flags: tcp.flags.node.value()?.bits,
        seq: Seq::At(tcp.seq.start.value()?),
        ack: match tcp.ack {
            None => None,
            Some(ack) => Some(Ack::At(ack.node.value()?)),
        },
        window: tcp.win?.node.value()?,
        urgent: tcp.urg.map_or(Some(0), |urg| urg.node.value())?,
        payload: tcp.seq.len.value()?,
        options,
        tos: tos(&packet.ip)?,
        malform: packet.malform.iter().map(|what| what.node).collect(),
    })
}

fn connection(ports: Option<Ports>) -> Option<u8> {
    let Some(ports) = ports else { return Some(0) };
    let number = ports.src.checked_sub(FIRST_PORT).filter(|n| *n > 0)?;
    if ports.dst != LOCAL_PORT {
        return None;
    }
    u8::try_from(number).ok()
}

fn option(spec: &TcpOptionSpec) -> Option<Opt> {
    Some(match spec {
        TcpOptionSpec::Eol => Opt::Eol,
        TcpOptionSpec::Nop => Opt::Nop,
        TcpOptionSpec::Mss(mss) => Opt::Mss(mss.value()?),
        TcpOptionSpec::Wscale(shift) => Opt::Wscale(shift.value()?),
        TcpOptionSpec::SackOk => Opt::SackOk,
        TcpOptionSpec::Sack(blocks) => {
            let block = |&(left, right): &(u32, u32)| (Ack::At(left), Ack::At(right));
            Opt::Sack(blocks.iter().map(block).collect())
        }
        TcpOptionSpec::Ts { val, ecr } => {
            Opt::Ts { val: Stamp::At(val.value()?), ecr: Stamp::At(ecr.value()?) }
        }
        TcpOptionSpec::Fastopen { exp: false, cookie } => Opt::FastOpen(cookie.clone()?),
        TcpOptionSpec::Raw(bytes) => Opt::Raw(bytes.clone()),
        TcpOptionSpec::SackAny
        | TcpOptionSpec::Md5(_)
        | TcpOptionSpec::Md5Valid
        | TcpOptionSpec::Fastopen { exp: true, .. }
        | TcpOptionSpec::AccEcn { .. } => return None,
    })
}

fn icmp(packet: &PacketSpec, message: &IcmpSpec, family: Family) -> Option<IcmpError> {
    let plain = is_plain(packet) && tos(&packet.ip) == Some(0) && packet.malform.is_empty();
    if !plain || message.id.is_some() || message.echoed_udp.is_some() {
        return None;
    }
    let Echoed::Tcp { seq, len } = message.echoed?.node else { return None };
    let code = message.code.as_ref().map_or("", |code| code.node.as_str());
    let mtu = message.mtu.map(|mtu| mtu.node);
    let kind = words::icmp_kind(&message.ty.node, code, mtu, family)?;
    Some(IcmpError { kind, seq: Ack::At(seq), payload: len })
}

// ---- calls ---------------------------------------------------------------------------------------

#[expect(clippy::cognitive_complexity, reason = "a table of calls, one arm for each")]
fn call(spec: &SyscallSpec) -> Option<Call> {
    let args: Vec<&ExprKind> = spec.args.iter().map(|arg| &arg.kind).collect();
    let slot = || slot_at(args.first()?);
    const ANY: ExprKind = ExprKind::Ellipsis;
    let call = match (spec.name.node.as_str(), args.as_slice()) {
        ("socket", [a, ..]) if **a == ANY && ints(&args, 1)? == [1, 6] => {
            Call::Socket { slot: slot_at(&spec.result.kind)? }
        }
        ("fcntl", [_, ..]) if ints(&args, 1)? == [4, 0o4002] => Call::NonBlocking { slot: slot()? },
        ("bind", [_, a, b]) if **a == ANY && **b == ANY => Call::Bind { slot: slot()? },
        ("listen", [_, backlog]) => {
            Call::Listen { slot: slot()?, backlog: i32::try_from(int(backlog)?).ok()? }
        }
        ("accept", [_, a, b]) if **a == ANY && **b == ANY => {
            Call::Accept { slot: slot()?, child: slot_at(&spec.result.kind)? }
        }
        ("connect", [_, a, b]) if **a == ANY && **b == ANY => Call::Connect { slot: slot()? },
        ("connect", [_, a, b]) if int(a)? == 0 && **b == ANY => Call::Disconnect { slot: slot()? },
        ("read", [_, a, len]) if **a == ANY => Call::Read { slot: slot()?, len: len_of(len)? },
        ("write", [_, a, len]) if **a == ANY => Call::Write { slot: slot()?, len: len_of(len)? },
        ("recv", [_, a, len, flags]) if **a == ANY => {
            Call::Recv { slot: slot()?, len: len_of(len)?, flags: i32::try_from(int(flags)?).ok()? }
        }
        ("send", [_, a, len, flags]) if **a == ANY => {
            Call::Send { slot: slot()?, len: len_of(len)?, flags: i32::try_from(int(flags)?).ok()? }
        }
        ("sendto", [_, a, len, flags, b, c]) if **a == ANY && **b == ANY && **c == ANY => {
            let flags = i32::try_from(int(flags)?).ok()?;
            Call::SendTo { slot: slot()?, len: len_of(len)?, flags }
        }
        ("shutdown", [_, how]) => Call::Shutdown { slot: slot()?, how: how_of(int(how)?)? },
        ("close", [_]) => Call::Close { slot: slot()? },
        ("setsockopt", [_, level, name, value, len]) => {
            set_option(slot()?, (int(level)?, int(name)?), value, int(len)?)?
        }
        ("getsockopt", [_, level, name, value, len]) => {
            (list_of(value)?.len() == 1 && one_of(len)? == 4).then_some(())?;
            Call::GetOption { slot: slot()?, option: option_of(int(level)?, int(name)?)? }
        }
        _ => return None,
    };
    // A word of the text that has another name is no longer what was written, but the same.
    Some(call)
}

fn set_option(slot: Slot, (level, name): (i64, i64), value: &ExprKind, len: i64) -> Option<Call> {
    const SO_LINGER: i64 = 13;
    if let (1, SO_LINGER, 8, ExprKind::Struct(members)) = (level, name, len, value) {
        let [on, linger] = members.as_slice() else { return None };
        let on = match int(&on.value.kind)? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let seconds = u16::try_from(int(&linger.value.kind)?).ok()?;
        return Some(Call::Linger { slot, on, seconds });
    }
    let value = i32::try_from(one_of(value)?).ok()?;
    (len == 4).then_some(Call::SetOption { slot, option: option_of(level, name)?, value })
}

fn option_of(level: i64, name: i64) -> Option<SockOption> {
    let numbers = |option: &SockOption| {
        let (l, n) = option.numbers();
        (i64::from(l), i64::from(n))
    };
    SockOption::ALL.iter().copied().find(|option| numbers(option) == (level, name))
}

fn how_of(how: i64) -> Option<How> {
    match how {
        0 => Some(How::Read),
        1 => Some(How::Write),
        2 => Some(How::Both),
        _ => None,
    }
}

fn slot_at(expr: &ExprKind) -> Option<Slot> {
    Slot::of_label(int(expr)?)
}

fn len_of(expr: &ExprKind) -> Option<u32> {
    u32::try_from(int(expr)?).ok()
}

fn int(expr: &ExprKind) -> Option<i64> {
    match expr {
        ExprKind::Int(number) => Some(*number),
        ExprKind::Symbol(name) => symbols::lookup(name),
        ExprKind::Or(left, right) => Some(int(&left.kind)? | int(&right.kind)?),
        ExprKind::Ellipsis
        | ExprKind::Any
        | ExprKind::Str(_)
        | ExprKind::Repeated(_)
        | ExprKind::Given(_)
        | ExprKind::Used(_)
        | ExprKind::List(_)
        | ExprKind::Struct(_)
        | ExprKind::Call(..)
        | ExprKind::Addr(_)
        | ExprKind::Mpls(_)
        | ExprKind::Gre(_) => None,
    }
}

fn list_of(expr: &ExprKind) -> Option<&[Expr]> {
    if let ExprKind::List(items) = expr { Some(items) } else { None }
}

fn one_of(expr: &ExprKind) -> Option<i64> {
    let [one] = list_of(expr)? else { return None };
    int(&one.kind)
}

fn ints(args: &[&ExprKind], from: usize) -> Option<Vec<i64>> {
    args.get(from..)?.iter().map(|arg| int(arg)).collect()
}
