//! What each side drew at random: it differs, and rules say that it may.

use super::class::{class, seen};
use super::compare::{Pair, Tally};
use super::rules::RuleName;
use super::verdict::{Divergence, FieldDiff};
use crate::engine::log::{DrawnKind, Party};

/// The rule for each kind.
fn rule(kind: DrawnKind) -> RuleName {
    match kind {
        DrawnKind::Isn => RuleName::Isn,
        DrawnKind::EphemeralPort => RuleName::EphemeralPort,
        DrawnKind::TimestampBase => RuleName::TimestampBase,
        DrawnKind::FlowLabel => RuleName::FlowLabel,
        DrawnKind::IpId => RuleName::IpId,
    }
}

/// The first value that differs although its rule is off.
pub(super) fn compare(pair: &Pair<'_>, tally: &mut Tally) -> Option<Divergence> {
    let (left, right) = (&pair.left.log.parties, &pair.right.log.parties);
    let mut found = None;
    for (left, right) in left.iter().zip(right) {
        let kinds = left.drawn.iter().filter_map(|(kind, values)| {
            let other = right.drawn.get(kind)?;
            (values != other).then_some((*kind, values, other))
        });
        for (kind, values, other) in kinds {
            if pair.rules.has(rule(kind)) {
                tally.used(rule(kind));
            } else if found.is_none() {
                found = Some(divergence(pair, left, kind, (values, other)));
            }
        }
    }
    found
}

/// Numbers of a segment on ports of no connection (or of none yet), which nobody could replace: the
/// answer repeats what a segment of the script says, and that counts from the number that the socket
/// under test drew.
pub(super) fn numbers_of_others(pair: &Pair<'_>, fields: &mut [FieldDiff]) {
    if !pair.rules.has(RuleName::Isn) {
        return;
    }
    let numbers = fields.iter_mut().filter(|field| matches!(field.name.as_str(), "seq" | "ack"));
    for field in numbers.filter(|field| !field.same) {
        let (Ok(left), Ok(right)) = (field.left.parse::<u32>(), field.right.parse::<u32>()) else {
            continue;
        };
        let from = |isn: (u32, u32)| left.wrapping_sub(isn.0) == right.wrapping_sub(isn.1);
        // The log itself counts from the first number of the flow, although what the script said may
        // count from that of another socket, or from none.
        let between = |first: (u32, u32)| {
            let mut counted_from = isns(pair).chain([(0, 0)]);
            counted_from.any(|(l, r)| from((l.wrapping_sub(first.0), r.wrapping_sub(first.1))))
        };
        if isns(pair).any(|isn| from(isn) || between(isn)) {
            field.allowed = Some(RuleName::Isn);
        }
    }
}

/// The initial sequence numbers of each socket, of both sides.
fn isns<'a>(pair: &'a Pair<'_>) -> impl Iterator<Item = (u32, u32)> + 'a {
    let (left, right) = (&pair.left.log.parties, &pair.right.log.parties);
    let of = |party: &'a Party| party.drawn.get(&DrawnKind::Isn).into_iter().flatten().copied();
    left.iter().zip(right).flat_map(move |(left, right)| of(left).zip(of(right)))
}

fn divergence(
    pair: &Pair<'_>,
    party: &Party,
    kind: DrawnKind,
    (left, right): (&[u32], &[u32]),
) -> Divergence {
    let name = rule(kind).to_string();
    let text =
        |values: &[u32]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let field = FieldDiff::new(&name, text(left), text(right));
    let message = format!("{name}: {} on the left, {} on the right", field.left, field.right);
    let sent = pair.left.flows.values().flatten().copied();
    let of = |index: &usize| {
        let flow = pair.left.packet(*index).map(|(packet, _)| super::view::flow_of(packet));
        let party_of_flow = flow.and_then(|flow| pair.left.party(flow));
        party_of_flow.is_some_and(|other| other.socket == party.socket)
    };
    let first = sent.filter(of).min().unwrap_or_default();
    Divergence {
        class: class(&pair.left, first, Some(&party.socket), name.clone(), name),
        at: pair.left.at(first),
        line: super::class::line_before(&pair.left, first),
        message,
        left: seen(&pair.left, first),
        right: None,
        fields: vec![field],
    }
}
