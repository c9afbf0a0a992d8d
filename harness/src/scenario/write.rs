//! A scenario as the text of a script.
//!
//! Numbers that are not of the script are written as they are on a connection of which nothing has
//! been seen; [`super::play()`] replaces them while the script runs.

use std::fmt::Write as _;

use super::call::{Call, How, Slot};
use super::model::{Action, Family, Scenario, Step};
use super::peer::Peer;
use super::segment::{Ack, IcmpError, IcmpKind, Number, Opt, Segment, Seq, Stamp};
use super::words;
use crate::packet::{flag, flags_text};
use crate::script::print::seconds_text;

/// The port that bind() uses in scripts, and so that of every connection but number 0.
pub const LOCAL_PORT: u16 = 8080;
/// Connection number N comes from this port and N.
pub const FIRST_PORT: u16 = 40_000;

/// The whole script: one line for each step, in order.
#[must_use]
pub fn script_text(scenario: &Scenario) -> String {
    let mut text = head(scenario);
    for (index, step) in scenario.steps.iter().enumerate() {
        text.push_str(&step_line(step, index == 0, scenario.family));
        text.push('\n');
    }
    text.push_str(&foot(scenario));
    text
}

/// What stands before the first event.
#[must_use]
pub fn head(scenario: &Scenario) -> String {
    let mut text = String::new();
    match scenario.family {
        Family::V4 => {}
        Family::V6 => text.push_str("--ip_version=ipv6\n"),
        Family::Mapped => text.push_str("--ip_version=\"ipv4-mapped-ipv6\"\n"),
    }
    if scenario.steps.iter().any(has_timestamps) {
        text.push_str("--tcp_ts_ecr_scaled\n");
    }
    for line in &scenario.head {
        text.push_str(line);
        text.push('\n');
    }
    if !scenario.sysctls.is_empty() {
        text.push_str("`sysctl -q");
        for (name, value) in &scenario.sysctls {
            // Writing to a string cannot fail.
            let _ = write!(text, " {name}='{value}'");
        }
        text.push_str("`\n");
    }
    text
}

/// A timestamp that is echoed may be one that no packet has carried.
pub(super) fn has_timestamps(step: &Step) -> bool {
    match &step.action {
        Action::Segment(segment) => segment.options.iter().any(|o| matches!(o, Opt::Ts { .. })),
        Action::Call(_)
        | Action::Icmp(_)
        | Action::Link(_)
        | Action::Wait
        | Action::Verbatim(_) => false,
    }
}

/// What stands behind the last event.
#[must_use]
pub fn foot(scenario: &Scenario) -> String {
    scenario.cleanup.as_ref().map_or_else(String::new, |command| format!("`{command}`\n"))
}

/// One step. The first event of a script is at time 0.
#[must_use]
pub fn step_line(step: &Step, first: bool, family: Family) -> String {
    let what = match &step.action {
        Action::Verbatim(text) => return text.clone(),
        Action::Call(call) => call_line(call),
        Action::Segment(segment) => segment_text(segment),
        Action::Icmp(error) => icmp_text(error, family),
        Action::Link(event) => format!("`: {event:?}`"),
        Action::Wait => "`true`".to_owned(),
    };
    if first { format!("0 {what}") } else { format!("+{} {what}", seconds(step.after_us)) }
}

fn seconds(us: u64) -> String {
    seconds_text(i64::try_from(us).unwrap_or(i64::MAX))
}

/// `< 40001 > 8080 S 0:0(0) win 1000 <mss 1000>`
#[must_use]
pub fn segment_text(segment: &Segment) -> String {
    let segment = Peer::default().concrete(segment, 0);
    let mut text = "<".to_owned();
    match segment.tos {
        0 => {}
        1 => text.push_str(" [ect1]"),
        2 => text.push_str(" [ect0]"),
        3 => text.push_str(" [ce]"),
        tos => text.push_str(&format!(" [tos {tos:#04x}]")),
    }
    if segment.conn != 0 {
        text.push_str(&format!(" {} > {LOCAL_PORT}", port(segment.conn)));
    }
    let (seq, len) = (seq_of(segment.seq), segment.payload);
    let end = seq.wrapping_add(u32::from(len));
    text.push_str(&format!(" {} {seq}:{end}({len})", flags_text(segment.flags & 0x1ff)));
    if let Some(ack) = segment.ack {
        text.push_str(&format!(" ack {}", ack_of(ack)));
    }
    text.push_str(&format!(" win {}", segment.window));
    if segment.urgent != 0 || segment.flags & flag::URG != 0 {
        text.push_str(&format!(" urg {}", segment.urgent));
    }
    if !segment.options.is_empty() {
        let list: Vec<String> = segment.options.iter().map(option_text).collect();
        text.push_str(&format!(" <{}>", list.join(",")));
    }
    if !segment.malform.is_empty() {
        let list: Vec<String> = segment.malform.iter().map(ToString::to_string).collect();
        text.push_str(&format!(" /but({})", list.join(", ")));
    }
    text
}

/// The peer's port of a connection.
#[must_use]
pub fn port(number: Number) -> u16 {
    FIRST_PORT + u16::from(number)
}

fn seq_of(seq: Seq) -> u32 {
    if let Seq::At(number) = seq { number } else { 0 }
}

fn ack_of(ack: Ack) -> u32 {
    if let Ack::At(number) = ack { number } else { 0 }
}

fn stamp_of(stamp: Stamp) -> u32 {
    if let Stamp::At(number) = stamp { number } else { 0 }
}

fn option_text(option: &Opt) -> String {
    match option {
        Opt::Eol => "eol".to_owned(),
        Opt::Nop => "nop".to_owned(),
        Opt::Mss(mss) => format!("mss {mss}"),
        Opt::Wscale(shift) => format!("wscale {shift}"),
        Opt::SackOk => "sackOK".to_owned(),
        Opt::Sack(blocks) => {
            let block =
                |(left, right): &(Ack, Ack)| format!(" {}:{}", ack_of(*left), ack_of(*right));
            format!("sack{}", blocks.iter().map(block).collect::<String>())
        }
        Opt::Ts { val, ecr } => format!("TS val {} ecr {}", stamp_of(*val), stamp_of(*ecr)),
        Opt::FastOpen(cookie) if cookie.is_empty() => "FO".to_owned(),
        Opt::FastOpen(cookie) => format!("FO {}", hex(cookie)),
        Opt::Raw(bytes) => format!("raw {}", hex(bytes)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `< icmp unreachable port_unreachable [1:1001(1000)]`
#[must_use]
pub fn icmp_text(error: &IcmpError, family: Family) -> String {
    let (ty, code) = words::icmp(error.kind, family);
    let code = if code.is_empty() { String::new() } else { format!(" {code}") };
    let mtu =
        if let IcmpKind::TooBig(mtu) = error.kind { format!(" mtu {mtu}") } else { String::new() };
    let (seq, len) = (ack_of(error.seq), error.payload);
    let end = seq.wrapping_add(u32::from(len));
    format!("< icmp {ty}{code}{mtu} [{seq}:{end}({len})]")
}

/// The call with the result that says nothing, or the label of the descriptor it makes.
fn call_line(call: &Call) -> String {
    let result = match call {
        Call::Socket { slot } => slot.label().to_string(),
        Call::Accept { child, .. } => child.label().to_string(),
        Call::NonBlocking { .. }
        | Call::Bind { .. }
        | Call::Listen { .. }
        | Call::Connect { .. }
        | Call::Disconnect { .. }
        | Call::Read { .. }
        | Call::Write { .. }
        | Call::Recv { .. }
        | Call::Send { .. }
        | Call::SendTo { .. }
        | Call::Shutdown { .. }
        | Call::Close { .. }
        | Call::SetOption { .. }
        | Call::GetOption { .. }
        | Call::Linger { .. } => "*".to_owned(),
    };
    format!("{} = {result}", call_text(call))
}

/// `send(4, ..., 100, MSG_DONTWAIT)`: the call without its result.
#[must_use]
pub fn call_text(call: &Call) -> String {
    let fd = Slot::label(call.slot());
    match *call {
        Call::Socket { .. } => "socket(..., SOCK_STREAM, IPPROTO_TCP)".to_owned(),
        Call::NonBlocking { .. } => format!("fcntl({fd}, F_SETFL, O_RDWR|O_NONBLOCK)"),
        Call::Bind { .. } => format!("bind({fd}, ..., ...)"),
        Call::Listen { backlog, .. } => format!("listen({fd}, {backlog})"),
        Call::Accept { .. } => format!("accept({fd}, ..., ...)"),
        Call::Connect { .. } => format!("connect({fd}, ..., ...)"),
        Call::Disconnect { .. } => format!("connect({fd}, AF_UNSPEC, ...)"),
        Call::Read { len, .. } => format!("read({fd}, ..., {len})"),
        Call::Write { len, .. } => format!("write({fd}, ..., {len})"),
        Call::Recv { len, flags, .. } => {
            format!("recv({fd}, ..., {len}, {})", words::msg_flags(flags))
        }
        Call::Send { len, flags, .. } => {
            format!("send({fd}, ..., {len}, {})", words::msg_flags(flags))
        }
        Call::SendTo { len, flags, .. } => {
            format!("sendto({fd}, ..., {len}, {}, ..., ...)", words::msg_flags(flags))
        }
        Call::Shutdown { how, .. } => {
            let how = match how {
                How::Read => "SHUT_RD",
                How::Write => "SHUT_WR",
                How::Both => "SHUT_RDWR",
            };
            format!("shutdown({fd}, {how})")
        }
        Call::Close { .. } => format!("close({fd})"),
        Call::SetOption { option, value, .. } => {
            let (level, name) = option.names();
            format!("setsockopt({fd}, {level}, {name}, [{value}], 4)")
        }
        Call::GetOption { option, .. } => {
            let (level, name) = option.names();
            format!("getsockopt({fd}, {level}, {name}, [0], [4])")
        }
        Call::Linger { on, seconds, .. } => {
            let on = u8::from(on);
            format!("setsockopt({fd}, SOL_SOCKET, SO_LINGER, {{onoff={on}, linger={seconds}}}, 8)")
        }
    }
}
