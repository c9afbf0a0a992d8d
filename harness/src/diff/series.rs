//! States, readiness and `TCP_INFO` of each socket, as they stood after each event of the script.

use std::collections::{BTreeMap, BTreeSet};

use super::class::{class, seen};
use super::compare::{Pair, Tally};
use super::rules::RuleName;
use super::timing::{allows, apart};
use super::verdict::{Divergence, FieldDiff};
use super::view::View;
use crate::engine::log::What;

/// What is followed: the kind of entry, the socket, the field.
type Key<'a> = (&'static str, &'a str, &'a str);

/// Values by the line of the event they were seen after, with the entry that says so.
type Series = BTreeMap<usize, (usize, u64)>;

/// Fields that are measured times, in microseconds.
const TIMES: [&str; 6] =
    ["tcpi_rto", "tcpi_ato", "tcpi_rtt", "tcpi_rttvar", "tcpi_rcv_rtt", "tcpi_min_rtt"];

/// Bits of tcpi_options, from the lowest.
const OPTIONS: [&str; 8] = [
    "TCPI_OPT_TIMESTAMPS",
    "TCPI_OPT_SACK",
    "TCPI_OPT_WSCALE",
    "TCPI_OPT_ECN",
    "TCPI_OPT_ECN_SEEN",
    "TCPI_OPT_SYN_DATA",
    "TCPI_OPT_USEC_TS",
    "TCPI_OPT_TFO_CHILD",
];

/// What a receiver's memory decides.
const WINDOWS: [&str; 3] = ["tcpi_rcv_ssthresh", "tcpi_rcv_space", "tcpi_rcv_wnd"];

/// The first difference of each series.
pub(super) fn compare(pair: &Pair<'_>, tally: &mut Tally) -> Vec<Divergence> {
    let (left, right) = (series(&pair.left), series(&pair.right));
    let mut found = Vec::new();
    for (key, l) in &left {
        // A kernel may lack a field, and a target the samples.
        let Some(r) = right.get(key) else { continue };
        let first = first_difference(pair, *key, l, r, tally);
        found.extend(first.map(|first| divergence(pair, &first)));
    }
    found
}

struct Found<'a> {
    key: Key<'a>,
    line: usize,
    left: (usize, u64),
    right: (usize, u64),
}

fn series<'a>(view: &View<'a>) -> BTreeMap<Key<'a>, Series> {
    let mut all: BTreeMap<Key<'a>, Series> = BTreeMap::new();
    for (index, entry) in view.log.entries.iter().enumerate() {
        let line = entry.line.unwrap_or(0);
        let mut add = |key, value| {
            all.entry(key).or_default().insert(line, (index, value));
        };
        match &entry.what {
            What::State { socket, to, .. } => add(("state", socket, "state"), *to as u64),
            What::Ready { socket, events } => {
                let events = u64::from(events.cast_unsigned());
                add(("readiness", socket, "events"), events);
            }
            What::Info { socket, fields } => fields.iter().for_each(|(name, value)| {
                if name == "tcpi_options" {
                    let bit = |at: &usize| u64::from(value >> at & 1 == 1);
                    let named = OPTIONS.iter().enumerate();
                    named.for_each(|(at, bit_name)| add(("tcp-info", socket, bit_name), bit(&at)));
                } else {
                    add(("tcp-info", socket, name), *value);
                }
            }),
            What::Packet { .. }
            | What::Malformed { .. }
            | What::Call { .. }
            | What::Return { .. }
            | What::Command { .. }
            | What::Asked { .. }
            | What::Code { .. } => {}
        }
    }
    all
}

fn first_difference<'a>(
    pair: &Pair<'_>,
    key: Key<'a>,
    left: &Series,
    right: &Series,
    tally: &mut Tally,
) -> Option<Found<'a>> {
    let lines: BTreeSet<usize> = left.keys().chain(right.keys()).copied().collect();
    for line in lines {
        let latest = |series: &Series| series.range(..=line).next_back().map(|(_, value)| *value);
        let (Some(l), Some(r)) = (latest(left), latest(right)) else { continue };
        if l.1 == r.1 {
            continue;
        }
        let late = || soon(pair, left, r, line, true).or_else(|| soon(pair, right, l, line, false));
        match allowed(pair, key.2, l.1, r.1).or_else(late) {
            Some(rule) => tally.used(rule),
            None => return Some(Found { key, line, left: l, right: r }),
        }
    }
    None
}

/// The rule by which a side that has not yet the value of the other gets it in time: one looks before
/// and the other after the same event of the script.
fn soon(
    pair: &Pair<'_>,
    behind: &Series,
    ahead: (usize, u64),
    line: usize,
    is_left: bool,
) -> Option<RuleName> {
    let (_, next) = behind.range(line + 1..).next().filter(|(_, next)| next.1 == ahead.1)?;
    let (l, r) = if is_left { (next.0, ahead.0) } else { (ahead.0, next.0) };
    // None is needed where both happened at one moment.
    let rule = allows(pair.rules, apart(&pair.left, &pair.right, l, r)).ok()?;
    Some(rule.unwrap_or(RuleName::CallTime)).filter(|rule| pair.rules.has(*rule))
}

fn allowed(pair: &Pair<'_>, field: &str, left: u64, right: u64) -> Option<RuleName> {
    let rules = pair.rules;
    let off = left.abs_diff(right);
    if TIMES.contains(&field) {
        if rules.is_real() && rules.has(RuleName::RealClock) {
            return Some(RuleName::RealClock);
        }
        let near = off <= rules.ticks_us().max(left.min(right) / 8);
        return (near && rules.has(RuleName::MeasuredTime)).then_some(RuleName::MeasuredTime);
    }
    if WINDOWS.contains(&field) && rules.has(RuleName::AutotunedWindow) {
        return Some(RuleName::AutotunedWindow);
    }
    None
}

fn divergence(pair: &Pair<'_>, found: &Found<'_>) -> Divergence {
    let Found { key: (kind, socket, name), left, right, line } = found;
    let (l_at, r_at) = (pair.left.at(left.0), pair.right.at(right.0));
    // What differs is where one side changed and the other did not.
    let (view, index) = if l_at >= r_at { (&pair.left, left.0) } else { (&pair.right, right.0) };
    let value = |value: u64| match *kind {
        "state" => state_name(value),
        "readiness" => {
            let events = u16::try_from(value).unwrap_or_default().cast_signed();
            What::Ready { socket: (*socket).to_owned(), events }.to_string()
        }
        _ => value.to_string(),
    };
    let field = FieldDiff::new(name, value(left.1), value(right.1));
    Divergence {
        class: class(view, index, Some(socket), *kind, *name),
        at: view.at(index),
        line: Some(*line),
        message: format!(
            "{socket} {name}: {} on the left, {} on the right",
            field.left, field.right
        ),
        left: seen(&pair.left, left.0),
        right: seen(&pair.right, right.0),
        fields: vec![field],
    }
}

fn state_name(number: u64) -> String {
    let state = u8::try_from(number).ok().and_then(crate::target::TcpState::from_number);
    state.map_or_else(|| number.to_string(), |state| state.linux_name().to_owned())
}
