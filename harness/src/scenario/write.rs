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
        push_step(&mut text, step, index == 0, scenario.family);
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
    let mut line = String::new();
    push_step(&mut line, step, first, family);
    line
}

/// Writes a step. Exploration writes scripts by the million, so nothing is written twice.
fn push_step(line: &mut String, step: &Step, first: bool, family: Family) {
    if let Action::Verbatim(text) = &step.action {
        return line.push_str(text);
    }
    line.push_str(if first { "0 " } else { "+" });
    if !first {
        line.push_str(&seconds_text(i64::try_from(step.after_us).unwrap_or(i64::MAX)));
        line.push(' ');
    }
    match &step.action {
        Action::Call(call) => push_call(line, call),
        Action::Segment(segment) => push_segment(line, segment),
        Action::Icmp(error) => line.push_str(&icmp_text(error, family)),
        Action::Link(event) => {
            let _ = write!(line, "`: {event:?}`");
        }
        Action::Verbatim(_) | Action::Wait => line.push_str("`true`"),
    }
}

/// `< 40001 > 8080 S 0:0(0) win 1000 <mss 1000>`
#[must_use]
pub fn segment_text(segment: &Segment) -> String {
    let mut text = String::new();
    push_segment(&mut text, segment);
    text
}

fn push_segment(text: &mut String, segment: &Segment) {
    let segment = Peer::default().concrete(segment, 0);
    text.push('<');
    // Writing to a string cannot fail.
    let _ = match segment.tos {
        0 => Ok(()),
        1 => text.write_str(" [ect1]"),
        2 => text.write_str(" [ect0]"),
        3 => text.write_str(" [ce]"),
        tos => write!(text, " [tos {tos:#04x}]"),
    };
    if segment.conn != 0 {
        let _ = write!(text, " {} > {LOCAL_PORT}", port(segment.conn));
    }
    let (seq, len) = (seq_of(segment.seq), segment.payload);
    let end = seq.wrapping_add(u32::from(len));
    let _ = write!(text, " {} {seq}:{end}({len})", flags_text(segment.flags & 0x1ff));
    if let Some(ack) = segment.ack {
        let _ = write!(text, " ack {}", ack_of(ack));
    }
    let _ = write!(text, " win {}", segment.window);
    if segment.urgent != 0 || segment.flags & flag::URG != 0 {
        let _ = write!(text, " urg {}", segment.urgent);
    }
    for (index, option) in segment.options.iter().enumerate() {
        text.push_str(if index == 0 { " <" } else { "," });
        push_option(text, option);
    }
    if !segment.options.is_empty() {
        text.push('>');
    }
    if !segment.malform.is_empty() {
        let list: Vec<String> = segment.malform.iter().map(ToString::to_string).collect();
        let _ = write!(text, " /but({})", list.join(", "));
    }
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

fn push_option(text: &mut String, option: &Opt) {
    let _ = match option {
        Opt::Eol => text.write_str("eol"),
        Opt::Nop => text.write_str("nop"),
        Opt::Mss(mss) => write!(text, "mss {mss}"),
        Opt::Wscale(shift) => write!(text, "wscale {shift}"),
        Opt::SackOk => text.write_str("sackOK"),
        Opt::Sack(blocks) => {
            text.push_str("sack");
            blocks
                .iter()
                .try_for_each(|(left, right)| write!(text, " {}:{}", ack_of(*left), ack_of(*right)))
        }
        Opt::Ts { val, ecr } => write!(text, "TS val {} ecr {}", stamp_of(*val), stamp_of(*ecr)),
        Opt::FastOpen(cookie) if cookie.is_empty() => text.write_str("FO"),
        Opt::FastOpen(cookie) => write!(text, "FO {}", hex(cookie)),
        Opt::Raw(bytes) => write!(text, "raw {}", hex(bytes)),
    };
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
fn push_call(line: &mut String, call: &Call) {
    line.push_str(&call_text(call));
    let _ = match call {
        Call::Socket { slot } => write!(line, " = {}", slot.label()),
        Call::Accept { child, .. } => write!(line, " = {}", child.label()),
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
        | Call::Linger { .. } => line.write_str(" = *"),
    };
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
