//! Entries of a log in the notation of scripts.

use std::fmt;

use super::log::What;
use crate::script::ast::Direction;
use crate::target::TcpState;

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self))
    }
}

fn text(what: &What) -> String {
    match what {
        What::Packet { direction, text, .. } => {
            let arrow = match direction {
                Direction::Inbound => "<",
                Direction::Outbound => ">",
            };
            if text.starts_with(arrow) { text.clone() } else { format!("{arrow} {text}") }
        }
        What::Malformed { reason } => format!("> malformed packet: {reason}"),
        What::Call { text } | What::Return { text, .. } => text.clone(),
        What::Command { text, status: 0 } => format!("`{text}`"),
        What::Command { text, status } => format!("`{text}` exited with status {status}"),
        What::State { socket, from: Some(from), to } => {
            format!("{socket}: {} -> {}", from.linux_name(), to.linux_name())
        }
        What::State { socket, from: None, to } => format!("{socket}: {}", to.linux_name()),
        What::Ready { socket, events } => format!("{socket}: ready for {}", poll_text(*events)),
        What::Info { socket, fields } => {
            let fields: Vec<_> = fields.iter().map(|(n, v)| format!("{n} {v}")).collect();
            format!("{socket}: {}", fields.join(", "))
        }
        What::Asked { text, state } => {
            format!("{text} = {}", state.map_or("no state", TcpState::linux_name))
        }
        What::Code { failed: None } => "code block".to_owned(),
        What::Code { failed: Some(why) } => format!("code block: {why}"),
    }
}

/// Events of poll(2) by their names.
const POLL: [(i16, &str); 11] = [
    (0x001, "POLLIN"),
    (0x002, "POLLPRI"),
    (0x004, "POLLOUT"),
    (0x008, "POLLERR"),
    (0x010, "POLLHUP"),
    (0x020, "POLLNVAL"),
    (0x040, "POLLRDNORM"),
    (0x080, "POLLRDBAND"),
    (0x100, "POLLWRNORM"),
    (0x200, "POLLWRBAND"),
    (0x2000, "POLLRDHUP"),
];

/// `POLLIN|POLLRDNORM`; `nothing` for none.
fn poll_text(events: i16) -> String {
    let set = POLL.iter().filter(|(bit, _)| events & bit != 0).map(|(_, name)| *name);
    let set = set.collect::<Vec<_>>().join("|");
    if set.is_empty() { "nothing".to_owned() } else { set }
}
