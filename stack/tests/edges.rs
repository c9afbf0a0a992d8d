//! The transition table against the figure of RFC 9293, which was typed without looking at it.
//!
//! `specs/figures/rfc9293-figure5.toml` is the figure; every difference is an entry with its reason
//! in `specs/requirements/linux-edges.toml`, and an entry without a difference is an error too.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests panic like tests"
)]

use std::fmt::Debug;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use synproof_stack::state::{EDGES, Edge, Event, TcpState};

#[derive(Deserialize)]
struct Figure {
    edge: Vec<Row>,
}

/// A row of the figure.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    from: String,
    event: String,
    condition: Option<String>,
    #[serde(rename = "action")]
    _action: Option<String>,
    to: String,
    #[serde(rename = "origin")]
    _origin: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Differences {
    missing: Vec<Missing>,
    extra: Vec<Extra>,
}

/// A row of the figure that Linux does not follow.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Missing {
    from: Vec<String>,
    event: String,
    to: String,
    reason: String,
}

/// An edge of Linux that the figure does not have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra {
    from: Vec<String>,
    event: String,
    to: String,
    reason: String,
}

/// The figure's states. The half-open request of a listener is SYN-RECEIVED to the RFC.
const STATES: [(&str, &[TcpState]); 11] = [
    ("CLOSED", &[TcpState::Close]),
    ("LISTEN", &[TcpState::Listen]),
    ("SYN-SENT", &[TcpState::SynSent]),
    ("SYN-RECEIVED", &[TcpState::SynRecv, TcpState::NewSynRecv]),
    ("ESTABLISHED", &[TcpState::Established]),
    ("FIN-WAIT-1", &[TcpState::FinWait1]),
    ("FIN-WAIT-2", &[TcpState::FinWait2]),
    ("CLOSE-WAIT", &[TcpState::CloseWait]),
    ("CLOSING", &[TcpState::Closing]),
    ("LAST-ACK", &[TcpState::LastAck]),
    ("TIME-WAIT", &[TcpState::TimeWait]),
];

/// The figure's events as ours, one after the other; an event that has none of ours is not one
/// that could move a connection.
const EVENTS: [(&str, &[Event]); 23] = [
    ("active OPEN", &[Event::ActiveOpen]),
    ("passive OPEN", &[Event::PassiveOpen]),
    ("OPEN turned active", &[Event::ActiveOpen]),
    ("SEND", &[]),
    ("CLOSE", &[Event::CloseCall]),
    ("ABORT", &[Event::Abort]),
    ("local decision to reset", &[Event::Abort]),
    ("user timeout", &[Event::GiveUp]),
    ("Timeout=2MSL", &[Event::WaitTimeout]),
    ("rcv SYN", &[Event::RecvSyn]),
    ("rcv SYN in window", &[Event::RecvSyn]),
    ("rcv acceptable new SYN", &[Event::RecvSyn]),
    ("rcv SYN,ACK", &[Event::RecvSynAck]),
    ("rcv ACK of SYN", &[Event::RecvAckOfSyn]),
    ("rcv ACK of FIN", &[Event::RecvAckOfFin]),
    ("rcv FIN", &[Event::RecvFin]),
    ("rcv FIN with ACK of FIN", &[Event::RecvAckOfFin, Event::RecvFin]),
    ("rcv RST", &[Event::RecvRst]),
    ("rcv RST with acceptable ACK", &[Event::RecvRst]),
    ("rcv RST without ACK", &[]),
    ("rcv ACK", &[]),
    ("rcv unacceptable ACK", &[]),
    ("rcv unacceptable ACK without RST", &[]),
];

fn read<T: DeserializeOwned>(path: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs").join(path);
    let text = std::fs::read_to_string(&path).unwrap();
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The figure with `any` spelled out.
fn figure() -> Vec<Row> {
    let all: Figure = read("figures/rfc9293-figure5.toml");
    let each = |row: Row| -> Vec<Row> {
        if row.from != "any" {
            return vec![row];
        }
        STATES.iter().map(|(from, _)| Row { from: (*from).into(), ..row.clone() }).collect()
    };
    all.edge.into_iter().flat_map(each).collect()
}

fn states(name: &str) -> &'static [TcpState] {
    let found = STATES.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no state {name}")).1
}

fn events(name: &str) -> &'static [Event] {
    // The RFC sends a reset whatever arrives for a connection that does not exist.
    if name == "rcv any segment but RST" {
        return &[];
    }
    EVENTS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no event {name}")).1
}

fn next(from: TcpState, event: Event) -> Option<&'static Edge> {
    EDGES.iter().find(|edge| edge.from == from && edge.event == event)
}

/// The edges that make the move of `row`; none if there is no such move.
fn walk(row: &Row) -> Vec<&'static Edge> {
    let path = |from: &TcpState| {
        let mut at = *from;
        let step = |event: &Event| next(at, *event).inspect(|edge| at = edge.to);
        let path: Option<Vec<_>> = events(&row.event).iter().map(step).collect();
        path.filter(|path| path.last().is_some_and(|edge| states(&row.to).contains(&edge.to)))
    };
    states(&row.from).iter().filter_map(path).flatten().collect()
}

fn named(value: impl Debug, name: &str) -> bool {
    format!("{value:?}") == name
}

#[test]
fn every_move_of_the_figure_is_an_edge_or_has_a_reason_not_to_be() {
    let differences: Differences = read("requirements/linux-edges.toml");
    let mut used = vec![false; differences.missing.len()];
    let mut unexplained = Vec::new();
    for row in figure().iter().filter(|row| row.from != row.to) {
        let excuse = |entry: &Missing| {
            entry.from.contains(&row.from) && entry.event == row.event && entry.to == row.to
        };
        match (walk(row).is_empty(), differences.missing.iter().position(excuse)) {
            (true, Some(at)) => used[at] = true,
            (true, None) => unexplained.push(format!("{row:?} is no edge")),
            (false, Some(_)) => unexplained.push(format!("{row:?} is an edge after all")),
            (false, None) => {}
        }
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let stale = differences.missing.iter().zip(used).filter(|(_, used)| !used);
    assert_eq!(stale.map(|(entry, _)| format!("{entry:?}")).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn what_the_figure_says_does_not_move_a_connection_has_no_edge() {
    for row in figure().iter().filter(|row| row.from == row.to && row.condition.is_none()) {
        for (&state, &event) in states(&row.from).iter().zip(events(&row.event)) {
            assert_eq!(next(state, event), None, "{row:?}");
        }
    }
}

#[test]
fn every_edge_is_in_the_figure_or_has_a_reason_to_exist() {
    let differences: Differences = read("requirements/linux-edges.toml");
    let drawn: Vec<_> = figure().iter().flat_map(walk).collect();
    let mut used = vec![false; differences.extra.len()];
    let mut unexplained = Vec::new();
    for edge in EDGES.iter().filter(|edge| !drawn.contains(edge)) {
        let excuse = |entry: &Extra| {
            entry.from.iter().any(|from| named(edge.from, from))
                && named(edge.event, &entry.event)
                && named(edge.to, &entry.to)
        };
        match differences.extra.iter().position(excuse) {
            Some(at) => used[at] = true,
            None => unexplained.push(format!("{edge:?}")),
        }
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let stale = differences.extra.iter().zip(used).filter(|(_, used)| !used);
    assert_eq!(stale.map(|(entry, _)| format!("{entry:?}")).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn every_difference_has_a_reason() {
    let Differences { missing, extra } = read("requirements/linux-edges.toml");
    let reasons = missing.iter().map(|m| &m.reason).chain(extra.iter().map(|e| &e.reason));
    for reason in reasons {
        assert!(reason.ends_with('.') && reason.len() > 20, "{reason:?} is no sentence");
    }
}
