//! `docs/states.md` is what the transition table says: a picture, a matrix, and every edge.
//!
//! `cargo xtask states` rewrites the page (it sets UPDATE=1); without that, this test compares.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests panic like tests"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use synproof_stack::state::{EDGES, Event, TcpState};

/// The states in the order of a connection's life rather than of Linux's numbers.
const ORDER: [TcpState; 12] = [
    TcpState::Close,
    TcpState::Listen,
    TcpState::NewSynRecv,
    TcpState::SynSent,
    TcpState::SynRecv,
    TcpState::Established,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::CloseWait,
    TcpState::Closing,
    TcpState::LastAck,
    TcpState::TimeWait,
];

const HEAD: &str = "# The states of a connection

Generated from `stack/src/state/edges.rs` by `cargo xtask states`; a test compares. How the table
differs from figure 5 of RFC 9293 is explained in `specs/requirements/linux-edges.toml`.

";

/// Ends that nearly every state has: left out of the picture, present in the matrix.
const COMMON: [Event; 4] = [Event::RecvRst, Event::Abort, Event::GiveUp, Event::RecvIcmpError];

fn name(state: TcpState) -> &'static str {
    state.linux_name().trim_start_matches("TCP_")
}

fn picture() -> String {
    let mut arrows: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for edge in EDGES.iter().filter(|edge| !COMMON.contains(&edge.event)) {
        let label = format!("{:?}", edge.event);
        arrows.entry((name(edge.from), name(edge.to))).or_default().push(label);
    }
    let mut text = "## Picture\n\nWithout the ends that nearly every state has: ".to_owned();
    let common: Vec<_> = COMMON.iter().map(|event| format!("{event:?}")).collect();
    writeln!(text, "{}.\n\n```mermaid\nstateDiagram-v2", common.join(", ")).unwrap();
    for ((from, to), labels) in arrows {
        writeln!(text, "    {from} --> {to}: {}", labels.join(", ")).unwrap();
    }
    text + "```\n\n"
}

fn matrix() -> String {
    let mut text = "## Matrix\n\nState before, event, state after; an event without an entry \
                    cannot happen.\n\n| |"
        .to_owned();
    for event in Event::ALL {
        write!(text, " {event:?} |").unwrap();
    }
    text += "\n|---|";
    text += &"---|".repeat(Event::ALL.len());
    text += "\n";
    for state in ORDER {
        write!(text, "| **{}** |", name(state)).unwrap();
        for event in Event::ALL {
            let edge = EDGES.iter().find(|edge| edge.from == state && edge.event == event);
            write!(text, " {} |", edge.map_or("", |edge| name(edge.to))).unwrap();
        }
        text += "\n";
    }
    text + "\n"
}

fn list() -> String {
    let mut text =
        "## Edges\n\n| from | event | to | RFC 9293 | Linux |\n|---|---|---|---|---|\n".to_owned();
    for edge in EDGES {
        let (from, to) = (name(edge.from), name(edge.to));
        writeln!(text, "| {from} | {:?} | {to} | {} | {} |", edge.event, edge.rfc, edge.linux)
            .unwrap();
    }
    text
}

#[test]
fn the_page_is_what_the_table_says() {
    let page = format!("{HEAD}{}{}{}", picture(), matrix(), list());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/states.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/states.md is out of date: run cargo xtask states");
}

#[test]
fn every_state_and_every_event_is_used() {
    for state in TcpState::ALL {
        assert!(ORDER.contains(&state), "{state:?} is not in the page");
        assert!(EDGES.iter().any(|edge| edge.to == state), "{state:?} cannot be reached");
        assert!(EDGES.iter().any(|edge| edge.from == state), "{state:?} cannot be left");
    }
    for event in Event::ALL {
        assert!(EDGES.iter().any(|edge| edge.event == event), "{event:?} moves nothing");
    }
}
