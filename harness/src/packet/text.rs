//! Packets in the notation of scripts. What the language can say is written so that it reads back;
//! what it cannot (non-zero payloads, unknown options, reserved flags) is shown all the same.

mod encap;
mod icmp;
mod option;

use std::fmt::Write as _;

pub use option::option_text;

use super::model::{Ip, Outer, Packet, Tcp, Transport, Udp, flag};
use super::payload;

/// When a field is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// Not at all.
    #[default]
    Never,
    /// Unless it has the value that a script means by leaving it out.
    NotDefault,
    /// Always.
    Always,
}

/// What to write besides the fields that every packet line has. The default is the line a script
/// would have: no ports, ECN flags as letters, no IP fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// `SRC > DST`.
    pub ports: bool,
    /// AE, CWR and ECE as one digit instead of letters.
    pub ace: bool,
    /// `[ect0]`, `[tos 0x28]`; default not-ECT with DSCP 0.
    pub tos: Show,
    /// `[flowlabel 0x1]`; default 0.
    pub flow_label: Show,
    /// `[ttl 64]`, default 255.
    pub ttl: Show,
}

/// A packet line without time and direction: `S. 0:0(0) ack 1 win 65535 <mss 1460>`.
///
/// `ack` is written with the ACK flag and when the field is not zero, `win` always, `urg` when it
/// is not zero. The sum of sequence number and length wraps at 2^32, which a script cannot say.
#[must_use]
pub fn packet_text(packet: &Packet, options: &TextOptions) -> String {
    let mut text = String::new();
    let mut udp = None;
    for header in &packet.outer {
        match header {
            Outer::Udp { src_port, dst_port } => udp = Some((src_port, dst_port)),
            Outer::Ip(_) | Outer::Gre { .. } | Outer::Mpls(_) => {
                text.push_str(&encap::header_text(header));
            }
        }
    }
    text.push_str(&ip_info(&packet.ip, options));
    match &packet.transport {
        Transport::Tcp(tcp) => text.push_str(&tcp_text(tcp, options)),
        Transport::Udp(udp) => text.push_str(&udp_text(udp, options)),
        Transport::Icmp(icmp) => text.push_str(&icmp::icmp_text(icmp, &packet.ip)),
    }
    if let Some((src, dst)) = udp {
        write_to(&mut text, format_args!(" /udp({src} > {dst})"));
    }
    text
}

/// Appends; writing to a string cannot fail.
fn write_to(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
}

/// `[ect0] `, with the blank; empty when nothing is to be said.
fn ip_info(ip: &Ip, options: &TextOptions) -> String {
    let wanted = |show: Show, differs: bool| match show {
        Show::Never => false,
        Show::NotDefault => differs,
        Show::Always => true,
    };
    let mut parts = Vec::new();
    if wanted(options.tos, ip.tos != 0) {
        parts.push(tos_text(ip.tos));
    }
    if ip.src.is_ipv6() && wanted(options.flow_label, ip.flow_label != 0) {
        parts.push(format!("flowlabel {:#x}", ip.flow_label));
    }
    if wanted(options.ttl, ip.ttl != 255) {
        parts.push(format!("ttl {}", ip.ttl));
    }
    if parts.is_empty() { String::new() } else { format!("[{}] ", parts.join(",")) }
}

/// The ECN name, or the whole byte when there is more in it.
fn tos_text(tos: u8) -> String {
    match tos {
        0 => "noecn".to_owned(),
        1 => "ect1".to_owned(),
        2 => "ect0".to_owned(),
        3 => "ce".to_owned(),
        other => format!("tos {other:#04x}"),
    }
}

/// `SRC > DST `, with the blank, when asked for.
fn ports_text(src: u16, dst: u16, options: &TextOptions) -> String {
    if options.ports { format!("{src} > {dst} ") } else { String::new() }
}

fn tcp_text(tcp: &Tcp, options: &TextOptions) -> String {
    let flags = if options.ace { flags_text_ace(tcp.flags) } else { flags_text(tcp.flags) };
    let len = tcp.payload.len();
    let end = tcp.seq.wrapping_add(u32::try_from(len).unwrap_or(u32::MAX));
    let ports = ports_text(tcp.src_port, tcp.dst_port, options);
    let mut text = format!("{ports}{flags} {}:{end}({len})", tcp.seq);
    if tcp.has(flag::ACK) || tcp.ack != 0 {
        write_to(&mut text, format_args!(" ack {}", tcp.ack));
    }
    write_to(&mut text, format_args!(" win {}", tcp.window));
    if tcp.urgent != 0 {
        write_to(&mut text, format_args!(" urg {}", tcp.urgent));
    }
    if !tcp.options.is_empty() {
        let list = tcp.options.iter().map(option_text).collect::<Vec<_>>().join(",");
        write_to(&mut text, format_args!(" <{list}>"));
    }
    if tcp.payload.iter().any(|&byte| byte != 0) {
        write_to(&mut text, format_args!(" {}", payload::text(&tcp.payload)));
    }
    text
}

fn udp_text(udp: &Udp, options: &TextOptions) -> String {
    let ports = ports_text(udp.src_port, udp.dst_port, options);
    format!("udp {ports}({})", udp.payload.len())
}

/// Letters of the flags of [`Tcp::flags`], `.` for ACK last; `-` for none.
const LETTERS: [(u16, char); 8] = [
    (flag::FIN, 'F'),
    (flag::SYN, 'S'),
    (flag::RST, 'R'),
    (flag::PSH, 'P'),
    (flag::URG, 'U'),
    (flag::ECE, 'E'),
    (flag::CWR, 'W'),
    (flag::AE, 'A'),
];

/// `S.`, `P.`, `SEW`, `-`. Reserved bits, for which scripts have no letter, follow as `|0xN00`.
#[must_use]
pub fn flags_text(flags: u16) -> String {
    let mut text = letters(flags);
    if flags & flag::ACK != 0 {
        text.push('.');
    }
    finish_flags(text, flags)
}

/// [`flags_text`] with AE, CWR and ECE as a digit 0 to 7 at the end: `.5`, `P.0`. Without any other
/// flag there is nothing the digit could follow, and the letters are used.
#[must_use]
pub fn flags_text_ace(flags: u16) -> String {
    let ecn = flag::AE | flag::CWR | flag::ECE;
    let mut text = letters(flags & !ecn);
    if flags & flag::ACK != 0 {
        text.push('.');
    }
    if text.is_empty() {
        return flags_text(flags);
    }
    let ace = (flags & ecn) >> flag::ECE.trailing_zeros();
    write_to(&mut text, format_args!("{ace}"));
    finish_flags(text, flags)
}

fn letters(flags: u16) -> String {
    LETTERS.iter().filter(|(bit, _)| flags & bit != 0).map(|&(_, letter)| letter).collect()
}

fn finish_flags(mut text: String, flags: u16) -> String {
    if text.is_empty() {
        text.push('-');
    }
    if flags & flag::RESERVED != 0 {
        write_to(&mut text, format_args!("|{:#x}", flags & flag::RESERVED));
    }
    text
}

#[cfg(test)]
mod tests;
