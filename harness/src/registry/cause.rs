//! Why a state changed, and which edges that can be.

use crate::packet::{Tcp, flag};
use crate::target::TcpState;
use crate::target::transition::Transition;

/// What a script did at the line at which a change was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A call.
    Call(String),
    /// A segment arrived, with these flags.
    Segment(u16),
    /// An ICMP message arrived.
    Icmp,
    /// Nothing: time has passed.
    Time,
    /// Time has passed, and the target sent a reset.
    TimeAndReset,
}

impl Cause {
    /// Of an arriving segment.
    #[must_use]
    pub fn segment(tcp: &Tcp) -> Self {
        Self::Segment(tcp.flags)
    }

    /// Whether the event of an edge can be this.
    fn fits(&self, event: &str) -> bool {
        match self {
            Self::Call(name) => match event {
                "PassiveOpen" => name == "listen",
                "ActiveOpen" => ["connect", "sendto", "sendmsg", "write"].contains(&name.as_str()),
                "CloseCall" => name == "close" || name == "shutdown",
                "Abort" => true,
                _ => false,
            },
            Self::Segment(flags) => {
                let has = |mask| flags & mask == mask;
                let (syn, ack) = (has(flag::SYN), has(flag::ACK));
                match event {
                    "RecvRst" => has(flag::RST),
                    "RecvSyn" | "FastOpen" => syn && !ack,
                    "RecvSynAck" => syn && ack,
                    "RecvAckOfSyn" | "RecvAckOfFin" => ack,
                    "RecvFin" => has(flag::FIN),
                    "Abort" => !has(flag::RST),
                    _ => false,
                }
            }
            Self::Icmp => event == "RecvIcmpError",
            Self::Time => event == "GiveUp" || event == "WaitTimeout",
            Self::TimeAndReset => event == "GiveUp",
        }
    }
}

/// `LISTEN RecvSyn NEW_SYN_RECV`.
#[must_use]
pub fn edge_name(edge: &Transition) -> String {
    let (from, to) = (super::grid::state_name(edge.from), super::grid::state_name(edge.to));
    format!("{from} {} {to}", edge.event)
}

/// The edges that led from one state to another: one, or two where a state between was never seen.
#[must_use]
pub fn edges_between<'a>(
    table: &'a [Transition],
    from: TcpState,
    to: TcpState,
    cause: &Cause,
) -> Vec<&'a Transition> {
    let fits = |edge: &&Transition| cause.fits(&edge.event);
    let direct: Vec<_> =
        table.iter().filter(|e| e.from == from && e.to == to).filter(fits).collect();
    if let Some(edge) = direct.first() {
        // Two events that lead to the same cannot be told apart by every cause; the first is the
        // narrower one.
        return vec![edge];
    }
    let first = table.iter().filter(|e| e.from == from).filter(fits);
    let both = first.filter_map(|first| {
        let second = table.iter().filter(fits).find(|e| e.from == first.to && e.to == to)?;
        Some(vec![first, second])
    });
    both.into_iter().next().unwrap_or_default()
}
