//! What a target did after an event, in a few letters: a cell of the table.

use crate::engine::log::{RunLog, What};
use crate::packet::{Packet, Transport, flags_text};
use crate::script::ast::Direction;
use crate::target::TcpState;

/// What happened from `line` on: the packets that were sent (`.`, `S.`, `P.10`), what a call
/// returned (`= 0`) and the states (`>CLOSE`), in order; `-` for nothing at all. What repeats is
/// told once.
#[must_use]
pub fn summary(log: &RunLog, line: usize) -> String {
    let before = |entry: &crate::engine::log::Entry| entry.line.is_some_and(|at| at < line);
    let from = log.entries.iter().rposition(before).map_or(0, |at| at + 1);
    let mut words: Vec<(String, usize)> = Vec::new();
    for entry in log.entries.iter().skip(from) {
        let Some(word) = word(&entry.what) else { continue };
        match words.last_mut() {
            Some((last, count)) if *last == word => *count += 1,
            Some(_) | None => words.push((word, 1)),
        }
    }
    if words.is_empty() {
        return "-".to_owned();
    }
    let words = words.into_iter().map(|(word, count)| match count {
        1 => word,
        count => format!("{word}*{count}"),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn word(what: &What) -> Option<String> {
    match what {
        What::Packet { direction: Direction::Outbound, packet, .. } => Some(packet_word(packet)),
        What::Return { text, .. } => {
            let (_, result) = text.rsplit_once(" = ")?;
            let result = result.split(" (").next().unwrap_or(result);
            Some(format!("={}", result.trim_start_matches("-1 ")))
        }
        What::State { to, .. } => Some(format!(">{}", state_word(*to))),
        What::Malformed { .. } => Some("malformed".to_owned()),
        What::Packet { .. }
        | What::Call { .. }
        | What::Command { .. }
        | What::Ready { .. }
        | What::Info { .. }
        | What::Asked { .. }
        | What::Code { .. } => None,
    }
}

fn packet_word(packet: &Packet) -> String {
    match &packet.transport {
        Transport::Tcp(tcp) if tcp.payload.is_empty() => flags_text(tcp.flags),
        Transport::Tcp(tcp) => format!("{}{}", flags_text(tcp.flags), tcp.payload.len()),
        Transport::Udp(_) => "udp".to_owned(),
        Transport::Icmp(_) => "icmp".to_owned(),
    }
}

fn state_word(state: TcpState) -> &'static str {
    state.linux_name().trim_start_matches("TCP_")
}
