//! The packets of one flow on both sides, in order, up to the first that no rule explains.

use super::class::{class, line_before, packet_kind, seen, socket};
use super::compare::{Pair, Tally};
use super::cuts::same_bytes;
use super::drawn;
use super::packets::fields;
use super::rules::RuleName;
use super::timing::{allows, apart, beyond_end};
use super::verdict::{Divergence, FieldDiff};
use super::view::{FlowKey, View};
use crate::packet::{Tcp, Transport, flag};

/// How many packets further a packet is looked for that seems to be missing.
const AHEAD: usize = 4;

/// Compares the packets of `flow`.
pub(super) fn compare(pair: &Pair<'_>, flow: FlowKey, tally: &mut Tally) -> Option<Divergence> {
    let of = |view: &View<'_>| view.flows.get(&flow).cloned().unwrap_or_default();
    let (l, r) = (of(&pair.left), of(&pair.right));
    let mut walk = Walk { pair, flow, l: &l, r: &r };
    loop {
        match (walk.l.first(), walk.r.first()) {
            (None, None) => return None,
            (Some(&left), Some(&right)) => {
                if let Some(found) = walk.both(left, right, tally) {
                    return Some(found);
                }
            }
            (Some(&left), None) => {
                if let Some(found) = walk.one(left, true, tally) {
                    return Some(found);
                }
                walk.l = walk.l.get(1..).unwrap_or_default();
            }
            (None, Some(&right)) => {
                if let Some(found) = walk.one(right, false, tally) {
                    return Some(found);
                }
                walk.r = walk.r.get(1..).unwrap_or_default();
            }
        }
    }
}

/// What is left of both sides.
struct Walk<'a> {
    pair: &'a Pair<'a>,
    flow: FlowKey,
    l: &'a [usize],
    r: &'a [usize],
}

impl Walk<'_> {
    /// Both have a packet: the same, the same in other pieces, or a difference.
    fn both(&mut self, left: usize, right: usize, tally: &mut Tally) -> Option<Divergence> {
        let fields = self.fields(left, right);
        if !fields.iter().any(FieldDiff::is_bad) {
            fields.iter().filter_map(|field| field.allowed).for_each(|rule| tally.used(rule));
            self.note_time(left, right, tally);
            self.advance(1, 1);
            return None;
        }
        let Pair { left: l, right: r, rules } = self.pair;
        if rules.has(RuleName::TsoSegmentation)
            && let Some((used_l, used_r)) = same_bytes(l, r, self.l, self.r)
        {
            tally.used(RuleName::TsoSegmentation);
            self.note_time(left, right, tally);
            self.advance(used_l, used_r);
            return None;
        }
        if self.coalesced(tally) {
            return None;
        }
        Some(self.difference(left, right, fields))
    }

    fn advance(&mut self, l: usize, r: usize) {
        self.l = self.l.get(l..).unwrap_or_default();
        self.r = self.r.get(r..).unwrap_or_default();
    }

    fn fields(&self, left: usize, right: usize) -> Vec<FieldDiff> {
        let Pair { left: l, right: r, rules } = self.pair;
        let (Some((left_packet, _)), Some((right_packet, _))) = (l.packet(left), r.packet(right))
        else {
            return Vec::new();
        };
        let mut fields = fields(left_packet, right_packet, rules, apart(l, r, left, right));
        drawn::numbers_of_others(self.pair, &mut fields);
        fields
    }

    fn same(&self, left: Option<&usize>, right: Option<&usize>) -> bool {
        let (Some(&left), Some(&right)) = (left, right) else { return false };
        !self.fields(left, right).iter().any(FieldDiff::is_bad)
    }

    /// Only one side has a packet more. It may be that the other log ends just before it.
    fn one(&self, index: usize, is_left: bool, tally: &mut Tally) -> Option<Divergence> {
        let Pair { left, right, rules } = self.pair;
        let (has, lacks) = if is_left { (left, right) } else { (right, left) };
        match beyond_end(has, lacks, index, rules) {
            Some(rule) => {
                tally.used(rule);
                None
            }
            None => Some(self.only(index, is_left)),
        }
    }

    /// An acknowledgment that the next one of its side covers, and that the other side left out.
    fn coalesced(&mut self, tally: &mut Tally) -> bool {
        let Pair { left, right, rules } = self.pair;
        if !rules.has(RuleName::AckCoalescing) {
            return false;
        }
        if covered(left, self.l) && self.same(self.l.get(1), self.r.first()) {
            self.advance(1, 0);
        } else if covered(right, self.r) && self.same(self.l.first(), self.r.get(1)) {
            self.advance(0, 1);
        } else {
            return false;
        }
        tally.used(RuleName::AckCoalescing);
        true
    }

    fn note_time(&self, left: usize, right: usize, tally: &mut Tally) {
        let Pair { left: l, right: r, rules } = self.pair;
        let apart = apart(l, r, left, right);
        match allows(rules, apart) {
            Ok(rule) => tally.moment(apart, rule),
            Err(()) => {
                let kind = l.packet(left).map_or("packet", |(packet, _)| packet_kind(packet));
                tally.moment(apart, None);
                tally.beyond(|| self.pair.late(left, right, socket(l, self.flow), kind, apart));
            }
        }
    }

    /// The first packets of both sides differ: in a field, or because one side has one more.
    fn difference(&self, left: usize, right: usize, fields: Vec<FieldDiff>) -> Divergence {
        let ahead = |l: usize, r: usize| self.same(self.l.get(l), self.r.get(r));
        let on_left = (1..=AHEAD).find(|by| ahead(*by, 0));
        let on_right = (1..=AHEAD).find(|by| ahead(0, *by));
        let Pair { left: l, right: r, rules } = self.pair;
        let apart = apart(l, r, left, right);
        match (on_left, on_right) {
            (Some(a), Some(b)) if a <= b => return self.only(left, true),
            (Some(_), Some(_)) | (None, Some(_)) => return self.only(right, false),
            (Some(_), None) => return self.only(left, true),
            // One of them came when the other was not due.
            (None, None) if allows(rules, apart).is_err() => {
                return if apart.by_us > 0 {
                    self.only(left, true)
                } else {
                    self.only(right, false)
                };
            }
            (None, None) => {}
        }
        let bad = fields.iter().find(|field| field.is_bad());
        let name = bad.map_or("packet", |field| field.name.as_str()).to_owned();
        let message = bad.map_or_else(String::new, |field| {
            format!("{}: {} on the left, {} on the right", field.name, field.left, field.right)
        });
        Divergence {
            class: class(l, left, socket(l, self.flow), "packet", name),
            at: l.at(left).min(r.at(right)),
            line: line_before(l, left),
            message,
            left: seen(l, left),
            right: seen(r, right),
            fields,
        }
    }

    /// A packet that the other side did not send.
    fn only(&self, index: usize, is_left: bool) -> Divergence {
        let Pair { left, right, .. } = self.pair;
        let (has, rule, who, other) = if is_left {
            (left, "left-only", "left", "right")
        } else {
            (right, "right-only", "right", "left")
        };
        let kind = has.packet(index).map_or("packet", |(packet, _)| packet_kind(packet));
        let it = seen(has, index);
        Divergence {
            class: class(has, index, socket(has, self.flow), rule, kind),
            at: has.at(index),
            line: line_before(has, index),
            message: format!("the {who} side sent a packet ({kind}) that the {other} side did not"),
            left: it.clone().filter(|_| is_left),
            right: it.filter(|_| !is_left),
            fields: Vec::new(),
        }
    }
}

/// The first of these is an acknowledgment and nothing else, and the second covers it.
fn covered(view: &View<'_>, entries: &[usize]) -> bool {
    let tcp = |at: usize| -> Option<&Tcp> {
        match &view.packet(*entries.get(at)?)?.0.transport {
            Transport::Tcp(tcp) => Some(tcp),
            Transport::Udp(_) | Transport::Icmp(_) => None,
        }
    };
    let (Some(first), Some(next)) = (tcp(0), tcp(1)) else { return false };
    let pure = first.flags == flag::ACK && first.payload.is_empty();
    pure && next.has(flag::ACK) && next.ack.wrapping_sub(first.ack).cast_signed() > 0
}
