//! The same bytes in another number of packets.

use super::view::View;
use crate::packet::{Tcp, TcpOption, Transport, flag};

/// Flags that belong to the last piece, or to the first.
const FREE: u16 = flag::FIN | flag::PSH | flag::CWR;

/// How many packets of either side, from the front of both, carry the same bytes with the same
/// fields: none if they do not. One of the two numbers is more than one.
pub(super) fn same_bytes(
    left: &View<'_>,
    right: &View<'_>,
    l: &[usize],
    r: &[usize],
) -> Option<(usize, usize)> {
    let (mut joined_l, mut joined_r) = (first(left, l)?, first(right, r)?);
    if joined_l.seq != joined_r.seq || joined_l.payload.is_empty() || joined_r.payload.is_empty() {
        return None;
    }
    let (mut used_l, mut used_r) = (1, 1);
    while joined_l.payload.len() != joined_r.payload.len() {
        if joined_l.payload.len() < joined_r.payload.len() {
            join(&mut joined_l, &first(left, l.get(used_l..)?)?)?;
            used_l += 1;
        } else {
            join(&mut joined_r, &first(right, r.get(used_r..)?)?)?;
            used_r += 1;
        }
    }
    (alike(&joined_l, &joined_r) && used_l != used_r).then_some((used_l, used_r))
}

fn first(view: &View<'_>, entries: &[usize]) -> Option<Tcp> {
    match &view.packet(*entries.first()?)?.0.transport {
        Transport::Tcp(tcp) => Some(tcp.clone()),
        Transport::Udp(_) | Transport::Icmp(_) => None,
    }
}

/// Appends a segment that continues another.
fn join(whole: &mut Tcp, piece: &Tcp) -> Option<()> {
    let len = u32::try_from(whole.payload.len()).ok()?;
    let fits = piece.seq == whole.seq.wrapping_add(len)
        && !piece.payload.is_empty()
        && piece.ack == whole.ack
        && piece.window == whole.window
        && piece.urgent == whole.urgent
        && piece.flags & !FREE == whole.flags & !FREE;
    if !fits {
        return None;
    }
    whole.flags |= piece.flags & FREE;
    whole.payload.extend_from_slice(&piece.payload);
    Some(())
}

/// The same segment, but for the clock of its timestamp.
#[expect(clippy::wildcard_enum_match_arm, reason = "the clock of one option is left out")]
fn alike(left: &Tcp, right: &Tcp) -> bool {
    let without_clock = |tcp: &Tcp| {
        let options = tcp.options.iter().map(|option| match option {
            TcpOption::Ts { ecr, .. } => TcpOption::Ts { val: 0, ecr: *ecr },
            other => other.clone(),
        });
        Tcp { options: options.collect(), ..tcp.clone() }
    };
    without_clock(left) == without_clock(right)
}
