//! What calls returned, and what assertions, code blocks and commands saw.

use std::collections::BTreeSet;

use super::class::{class, line_before, seen};
use super::compare::{Pair, Tally};
use super::rules::{RuleName, Rules};
use super::timing::{Apart, allows, apart, beyond_end};
use super::verdict::{Divergence, FieldDiff};
use super::view::View;
use crate::engine::log::What;
use crate::script::symbols;
use crate::target::control::{Control, control};
use crate::target::syscall::ControlMessage;
use crate::target::{Output, Returned};

/// The first difference of the calls of each line, and the first of what else was said.
pub(super) fn compare(pair: &Pair<'_>, tally: &mut Tally) -> Vec<Divergence> {
    let lines: BTreeSet<_> = pair.left.returns.keys().chain(pair.right.returns.keys()).collect();
    let calls = lines.into_iter().filter_map(|line| calls_of_line(pair, *line, tally));
    let mut found: Vec<_> = calls.collect();
    found.extend(said(pair));
    found
}

fn calls_of_line(pair: &Pair<'_>, line: usize, tally: &mut Tally) -> Option<Divergence> {
    let of = |view: &View<'_>| view.returns.get(&line).cloned().unwrap_or_default();
    let (left, right) = (of(&pair.left), of(&pair.right));
    for at in 0..left.len().max(right.len()) {
        let found = match (left.get(at), right.get(at)) {
            (Some(&left), Some(&right)) => both(pair, left, right, tally),
            (Some(&left), None) => one(pair, left, true, tally),
            (None, Some(&right)) => one(pair, right, false, tally),
            (None, None) => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn both(pair: &Pair<'_>, left: usize, right: usize, tally: &mut Tally) -> Option<Divergence> {
    let (l, text) = pair.left.result(left)?;
    let (r, _) = pair.right.result(right)?;
    let name = text.split('(').next().unwrap_or(text).trim();
    let apart = apart(&pair.left, &pair.right, left, right);
    let mut fields = fields(l, r);
    if let (
        Output::Message { control: l_control, .. },
        Output::Message { control: r_control, .. },
    ) = (&l.output, &r.output)
    {
        let at = (pair.left.at(left).0, pair.right.at(right).0);
        controls(&mut fields, (l_control, r_control), at, (pair.rules, apart));
    }
    let Some(bad) = fields.iter().find(|field| field.is_bad()) else {
        fields.iter().filter_map(|field| field.allowed).for_each(|rule| tally.used(rule));
        note_time(pair, (left, right), name, tally);
        return None;
    };
    let message =
        format!("{name} {}: {} on the left, {} on the right", bad.name, bad.left, bad.right);
    let class = class(&pair.left, left, None, "result", format!("{name} {}", bad.name));
    Some(Divergence {
        class,
        at: pair.left.at(left).min(pair.right.at(right)),
        line: pair.left.entry(left)?.line,
        message,
        left: seen(&pair.left, left),
        right: seen(&pair.right, right),
        fields,
    })
}

fn note_time(pair: &Pair<'_>, (left, right): (usize, usize), name: &str, tally: &mut Tally) {
    let apart = apart(&pair.left, &pair.right, left, right);
    match allows(pair.rules, apart) {
        Ok(rule) => tally.moment(apart, rule),
        Err(()) => {
            tally.moment(apart, None);
            tally.beyond(|| pair.late(left, right, None, name, apart));
        }
    }
}

/// A call that returned on one side alone.
fn one(pair: &Pair<'_>, index: usize, is_left: bool, tally: &mut Tally) -> Option<Divergence> {
    let Pair { left, right, rules } = pair;
    let (has, lacks, who, other) =
        if is_left { (left, right, "left", "right") } else { (right, left, "right", "left") };
    if let Some(rule) = beyond_end(has, lacks, index, rules) {
        tally.used(rule);
        return None;
    }
    let (_, text) = has.result(index)?;
    let name = text.split('(').next().unwrap_or(text).trim();
    let it = seen(has, index);
    Some(Divergence {
        class: class(has, index, None, "result", format!("{name} blocks")),
        at: has.at(index),
        line: line_before(has, index),
        message: format!("{name} returned on the {who} and never on the {other}"),
        left: it.clone().filter(|_| is_left),
        right: it.filter(|_| !is_left),
        fields: Vec::new(),
    })
}

fn fields(left: &Returned, right: &Returned) -> Vec<FieldDiff> {
    let errno = |returned: &Returned| {
        returned.errno.map_or_else(
            || "none".to_owned(),
            |e| symbols::errno_name(e.0).map_or_else(|| e.0.to_string(), Into::into),
        )
    };
    let mut fields = vec![
        FieldDiff::new("value", left.value, right.value),
        FieldDiff::new("errno", errno(left), errno(right)),
    ];
    match (&left.output, &right.output) {
        (
            Output::Message { data, flags, control },
            Output::Message { data: right_data, flags: right_flags, control: right_control },
        ) => {
            fields.push(FieldDiff::new("msg_flags", flags, right_flags));
            fields.push(FieldDiff::new("data", bytes(data), bytes(right_data)));
            let (n, right_n) = (control.len(), right_control.len());
            fields.push(FieldDiff::new("control messages", n, right_n));
        }
        (Output::Peer(left), Output::Peer(right)) => {
            let ip = |addr: &std::net::SocketAddr| addr.ip().to_canonical();
            fields.push(FieldDiff::new("peer", ip(left), ip(right)));
        }
        (Output::Data(left), Output::Data(right)) => {
            fields.push(FieldDiff::new("data", bytes(left), bytes(right)));
        }
        (left, right) => fields.push(FieldDiff::new("output", output(left), output(right))),
    }
    fields
}

fn output(output: &Output) -> String {
    match output {
        Output::None => "none".into(),
        Output::OptVal(value) => match <[u8; 4]>::try_from(value.as_slice()) {
            Ok(word) => format!("[{}]", i32::from_ne_bytes(word)),
            Err(_) => bytes(value),
        },
        Output::Int(value) => format!("[{value}]"),
        Output::Poll(events) => format!("revents {events:x?}"),
        Output::Epoll(events) => events
            .iter()
            .map(|event| format!("{{events={:#x}, data={}}}", event.events, event.data))
            .collect::<Vec<_>>()
            .join(" "),
        Output::Pipe(read, write) => format!("[{}, {}]", read.0, write.0),
        Output::Peer(peer) => peer.to_string(),
        Output::Data(data) | Output::Message { data, .. } => bytes(data),
    }
}

/// Control messages one by one. Stamps are moments like any other, counted from when the call
/// returned, and so are the shares of time among the statistics.
fn controls(
    fields: &mut Vec<FieldDiff>,
    (left, right): (&[ControlMessage], &[ControlMessage]),
    (left_at, right_at): (i64, i64),
    (rules, apart): (&Rules, Apart),
) {
    for (left, right) in left.iter().zip(right) {
        let kind = |message: &ControlMessage| format!("{}/{}", message.level, message.ty);
        let name = format!("control {}", kind(left));
        match (control(left), control(right)) {
            (Control::Stamps(l), Control::Stamps(r)) if l.len() == r.len() => {
                fields.extend(l.into_iter().zip(r).map(|(l, r)| {
                    // 0 is none, or the moment at which the script started.
                    let both = (l == 0) == (r == 0) || l.abs_diff(r) <= rules.ticks_us();
                    let moved = r - right_at - (l - left_at);
                    let by_us = moved * i64::from(l != 0 || r != 0);
                    let allowed = allows(rules, Apart { by_us, ..apart }).ok().filter(|_| both);
                    moment(&name, l, r, by_us == 0 && both, allowed.flatten())
                }));
            }
            (Control::Stats(l), Control::Stats(r)) => {
                statistics(fields, &name, (&l, &r), (rules, apart));
            }
            _ => {
                let text = |message: &ControlMessage| {
                    format!("{}: {}", kind(message), bytes(&message.data))
                };
                fields.push(FieldDiff::new(&name, text(left), text(right)));
            }
        }
    }
}

fn moment(name: &str, left: i64, right: i64, same: bool, allowed: Option<RuleName>) -> FieldDiff {
    FieldDiff { same, allowed, ..FieldDiff::new(name, left, right) }
}

/// TCP_NLA_BUSY (1), RWND_LIMITED (2), SNDBUF_LIMITED (3), MIN_RTT (10), SRTT (22).
const NLA_TIMES: [u16; 5] = [1, 2, 3, 10, 22];
/// What is made of times: TCP_NLA_PACING_RATE (6), DELIVERY_RATE (7), and EDT (25), which counts from
/// the start of the machine.
const NLA_OF_TIMES: [u16; 3] = [6, 7, 25];

/// Attributes of SCM_TIMESTAMPING_OPT_STATS: kind and value.
type Stats<'a> = &'a [(u16, u64)];

fn statistics(
    fields: &mut Vec<FieldDiff>,
    name: &str,
    (left, right): (Stats<'_>, Stats<'_>),
    (rules, apart): (&Rules, Apart),
) {
    let kinds = |stats: &[(u16, u64)]| {
        stats.iter().map(|(kind, _)| kind.to_string()).collect::<Vec<_>>().join(" ")
    };
    fields.push(FieldDiff::new(&format!("{name} kinds"), kinds(left), kinds(right)));
    for ((kind, left), (other, right)) in left.iter().zip(right) {
        let mut field = FieldDiff::new(&format!("{name} {kind}"), left, right);
        let off = i64::try_from(left.abs_diff(*right)).unwrap_or(i64::MAX);
        let near = NLA_TIMES.contains(kind) && kind == other;
        let after_us = i64::try_from(*left).unwrap_or(i64::MAX).max(apart.after_us);
        let near = near && allows(rules, Apart { by_us: off, after_us }).is_ok();
        if !field.same && (near || NLA_OF_TIMES.contains(kind)) {
            field.allowed = Some(RuleName::MeasuredTime).filter(|rule| rules.has(*rule));
        }
        fields.push(field);
    }
}

/// Zeros by their number, others as hexadecimal.
fn bytes(bytes: &[u8]) -> String {
    if bytes.iter().all(|byte| *byte == 0) {
        return format!("{} zeros", bytes.len());
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Assertions, code blocks, commands and malformed packets, in order.
fn said(pair: &Pair<'_>) -> Option<Divergence> {
    let of = |view: &View<'_>| -> Vec<usize> {
        let entries = view.log.entries.iter().enumerate();
        entries.filter(|(_, entry)| statement(&entry.what).is_some()).map(|(at, _)| at).collect()
    };
    let (left, right) = (of(&pair.left), of(&pair.right));
    for at in 0..left.len().max(right.len()) {
        let (l, r) = (left.get(at).copied(), right.get(at).copied());
        let on = |view: &View<'_>, index: Option<usize>| {
            index.and_then(|i| view.entry(i)).and_then(|entry| statement(&entry.what))
        };
        let (l_says, r_says) = (on(&pair.left, l), on(&pair.right, r));
        if l_says == r_says {
            continue;
        }
        let kind = l_says.as_ref().or(r_says.as_ref()).map_or("assertion", |(kind, _)| kind);
        let text = |says: &Option<(&'static str, String)>| {
            says.as_ref().map_or_else(|| "nothing".to_owned(), |(_, text)| text.clone())
        };
        let (view, index) = match (l, r) {
            (Some(l), _) => (&pair.left, l),
            (None, r) => (&pair.right, r.unwrap_or_default()),
        };
        return Some(Divergence {
            class: class(view, index, None, kind, kind),
            at: view.at(index),
            line: view.entry(index).and_then(|entry| entry.line),
            message: format!("{} on the left, {} on the right", text(&l_says), text(&r_says)),
            left: l.and_then(|l| seen(&pair.left, l)),
            right: r.and_then(|r| seen(&pair.right, r)),
            fields: vec![FieldDiff::new(kind, text(&l_says), text(&r_says))],
        });
    }
    None
}

/// What an entry states, beside its kind.
fn statement(what: &What) -> Option<(&'static str, String)> {
    match what {
        What::Asked { .. } => Some(("assertion", what.to_string())),
        What::Code { failed } => {
            // Numbers in the message are TCP_INFO's, which are compared field by field.
            Some(("code", if failed.is_some() { "fails" } else { "holds" }.into()))
        }
        What::Command { status, .. } => Some(("command", format!("status {status}"))),
        What::Malformed { reason } => Some(("malformed", reason.clone())),
        What::Packet { .. }
        | What::Call { .. }
        | What::Return { .. }
        | What::State { .. }
        | What::Ready { .. }
        | What::Info { .. } => None,
    }
}
