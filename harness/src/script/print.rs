//! Tree to text: the canonical spelling of a script (`synproof fmt`) and of its parts (reports).
//!
//! One event a line, times in a column of their own, single spaces. Comments, metadata, preprocessor
//! lines, the grouping by blank lines, commands and code blocks stay. An event keeps its own
//! spelling where the tree does not hold all of it: with a comment inside, with a defined word, with
//! a hexadecimal number, with FreeBSD's spellings, or laid out over several lines because it is long.

mod call;
mod layout;
mod packet;

pub use call::{call_text, expr_text, syscall_text};
pub use layout::format;
pub use packet::{option_text, packet_text};

use super::ast::{EventKind, StateAssertion, StateSubject, Time};

const SECOND: i64 = 1_000_000;

/// `0`, `+0.1`, `*`, `+0.1~+0.2`.
#[must_use]
pub fn time_text(time: Time) -> String {
    match time {
        Time::Any => "*".to_owned(),
        Time::Absolute(at) => seconds_text(at),
        Time::Relative(at) => format!("+{}", seconds_text(at)),
        Time::AbsoluteRange(from, to) => format!("{}~{}", seconds_text(from), seconds_text(to)),
        Time::RelativeRange(from, to) => format!("+{}~+{}", seconds_text(from), seconds_text(to)),
    }
}

/// Microseconds as seconds, with as many digits as are needed: `0`, `0.1`, `12.000001`.
#[must_use]
pub fn seconds_text(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let (whole, fraction) = (
        micros.unsigned_abs() / SECOND.unsigned_abs(),
        micros.unsigned_abs() % SECOND.unsigned_abs(),
    );
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let mut text = format!("{sign}{whole}.{fraction:06}");
    text.truncate(text.trim_end_matches('0').len());
    text
}

/// What an event does, without its time.
#[must_use]
pub fn event_text(kind: &EventKind) -> String {
    match kind {
        EventKind::Packet(packet) => packet_text(packet),
        EventKind::Syscall(call) => syscall_text(call),
        EventKind::Command(command) => format!("`{}`", command.text),
        EventKind::Code(code) => format!("%{{ {} }}%", code.text),
        EventKind::State(assertion) => state_text(assertion),
    }
}

/// `tcp_state(4) = TCP_ESTABLISHED`
#[must_use]
pub fn state_text(assertion: &StateAssertion) -> String {
    let subject = match &assertion.subject {
        StateSubject::Fd(fd) => fd.node.to_string(),
        StateSubject::Ports(ports) => format!("{} > {}", ports.node.src, ports.node.dst),
    };
    format!("tcp_state({subject}) = {}", assertion.state.node)
}
